/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"

#include <stdlib.h>
#include <string.h>

/* What all windows say; false: something of it is at fault. */
static bool parse_window(struct parse *p, const json_t *root, struct window_draft *out)
{
    const struct city *city = city_of_folder(p);
    *out = (struct window_draft){.file = p->file};
    struct window *w = &out->window;
    bool sound = read_period(p, root, &w->period);
    w->position = read_text(p, root, "position");
    w->reason = read_text(p, root, "reason");
    w->by = read_text(p, root, "by");
    if (city != NULL) {
        out->station = station_named(p, root, city);
    }
    bool named = json_object_get(root, "parameter") != NULL;
    if (named) {
        w->parameter = parameter_named(p, root);
    }
    return sound && out->station != NULL && (!named || w->parameter != NULL);
}

void parse_maintenance(struct parse *p, json_t *root)
{
    struct window_draft draft;
    if (parse_window(p, root, &draft)) {
        p->maintenance.rows[p->maintenance.count++] = draft;
    }
}

void parse_flag(struct parse *p, json_t *root)
{
    struct window_draft draft;
    const char *state = peek_text(root, "state");
    double flag = read_number(root, "flag", 0);
    if (state == NULL && flag == 0) {
        fault(p, NULL, "a decision has \"flag\", \"state\" or both");
    }
    if (!parse_window(p, root, &draft)) {
        return;
    }
    if (flag >= 1 && flag <= 4) {
        draft.window.flag = (enum quality)(int)flag;
        p->flags.rows[p->flags.count++] = draft;
        draft.window.flag = QUALITY_NONE;
    }
    if (state != NULL) {
        draft.window.state = strcmp(state, "released") == 0  ? STATE_RELEASED
                             : strcmp(state, "checked") == 0 ? STATE_CHECKED
                                                             : STATE_PROVISIONAL;
        p->states.rows[p->states.count++] = draft;
    }
}

static int compare_draft(const void *a, const void *b)
{
    const struct window_draft *left = a, *right = b;
    int order = strcmp(left->station->station, right->station->station);
    if (order == 0) {
        order = (left->window.period.from_us > right->window.period.from_us) -
                (left->window.period.from_us < right->window.period.from_us);
    }
    return order != 0 ? order : strcmp(left->file->name, right->file->name);
}

/* Whether some value is meant by both. */
static bool may_meet(const struct window *a, const struct window *b)
{
    return (a->parameter == NULL || b->parameter == NULL ||
            a->parameter == b->parameter) &&
           (a->position == NULL || b->position == NULL ||
            strcmp(a->position, b->position) == 0);
}

static void refuse_overlaps(struct parse *p, const struct window_drafts *d,
                            const char *what)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct window_draft *held = &d->rows[i];
        for (size_t k = i + 1; k < d->count; k++) {
            const struct window_draft *row = &d->rows[k];
            if (row->station != held->station ||
                row->window.period.from_us >= held->window.period.to_us) {
                break;
            }
            if (may_meet(&row->window, &held->window)) {
                place_file(p, row->file);
                period_overlap(p, &row->window.period, held->window.period.to_us, what,
                               held->file->name);
            }
        }
    }
}

/* Sorts the drafts of one sort and gives each station its part; of: the offset of its
 * windows in struct station. Holes are as they should be. */
static void settle(struct parse *p, struct window_drafts *d, const char *what, size_t of)
{
    struct window *rows = take(p, d->count, sizeof *rows);
    if (d->count > 1) {
        qsort(d->rows, d->count, sizeof *d->rows, compare_draft);
    }
    refuse_overlaps(p, d, what);
    for (size_t i = 0; rows != NULL && i < d->count; i++) {
        char *station = rows_of(d->rows[i].station);
        struct windows *windows = (struct windows *)(void *)(station + of);
        rows[i] = d->rows[i].window;
        windows->rows = windows->count == 0 ? &rows[i] : windows->rows;
        windows->count++;
    }
}

void settle_windows(struct parse *p)
{
    settle(p, &p->maintenance, "maintenance", offsetof(struct station, maintenance));
    settle(p, &p->flags, "flag", offsetof(struct station, flags));
    settle(p, &p->states, "state", offsetof(struct station, states));
}
