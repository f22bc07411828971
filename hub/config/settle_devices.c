/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"

#include "base/clock.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What concerns several devices at once. */

static const char *city_of(const struct device_draft *d)
{
    return d->device.city != NULL ? d->device.city->city : "";
}

static int compare_id(const void *a, const void *b)
{
    const struct device_draft *left = a, *right = b;
    int order = strcmp(left->device.device, right->device.device);
    return order != 0 ? order : (left->file > right->file) - (left->file < right->file);
}

static int compare_city(const void *a, const void *b)
{
    int order = strcmp(city_of(a), city_of(b));
    return order != 0 ? order : compare_id(a, b);
}

static void refuse_doubles(struct parse *p, bool over_all)
{
    for (size_t i = 1; i < p->c->device_count; i++) {
        const struct device_draft *d = &p->drafts[i];
        bool same_city = strcmp(city_of(d), city_of(d - 1)) == 0;
        if (strcmp(d->device.device, d[-1].device.device) != 0 || same_city == over_all) {
            continue;
        }
        char text[SHOWN_SIZE];
        place_file(p, d->file);
        fault(p, "device", "%s is the device of %.70s already%s",
              shown_text(d->device.device, text), d[-1].file->name,
              over_all ? "; a source without city needs ids that are unique over all"
                       : "");
    }
}

void settle_devices(struct parse *p)
{
    struct configuration *c = p->c;
    bool over_all = false;
    for (size_t i = 0; i < c->source_count; i++) {
        over_all = over_all || c->sources[i].city == NULL;
    }
    if (over_all) {
        qsort(p->drafts, c->device_count, sizeof *p->drafts, compare_id);
        refuse_doubles(p, true);
    }
    qsort(p->drafts, c->device_count, sizeof *p->drafts, compare_city);
    refuse_doubles(p, false);
    struct device *rows = take(p, c->device_count, sizeof *rows);
    for (size_t i = 0; rows != NULL && i < c->device_count; i++) {
        rows[i] = p->drafts[i].device;
        struct placement *at = rows_of(rows[i].placements);
        for (size_t j = 0; j < rows[i].placement_count; j++) {
            at[j].device = &rows[i];
            at[j].index = c->placement_count++;
        }
    }
    c->devices = rows;
}

/* --- two sources of one series --- */

struct row {
    const struct station *station;
    const struct parameter *parameter; /* NULL: a level */
    const char *position, *origin;
    struct period period;
    size_t draft;
};

static int compare_pointers(const void *a, const void *b)
{
    return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

static int compare_series(const struct row *a, const struct row *b)
{
    int order = compare_pointers(a->station, b->station);
    if (order == 0) {
        order = compare_pointers(a->parameter, b->parameter);
    }
    if (order == 0) {
        order = strcmp(a->position, b->position);
    }
    return order != 0 ? order : strcmp(a->origin, b->origin);
}

static int compare_row(const void *a, const void *b)
{
    const struct row *left = a, *right = b;
    int order = compare_series(left, right);
    if (order == 0) {
        order = (left->period.from_us > right->period.from_us) -
                (left->period.from_us < right->period.from_us);
    }
    return order != 0 ? order
                      : (left->draft > right->draft) - (left->draft < right->draft);
}

static const char *placed_name(const struct placement *at, const char *position)
{
    for (size_t i = 0; i < at->position_count; i++) {
        if (strcmp(at->positions[i].position, position) == 0) {
            return at->positions[i].as;
        }
    }
    return position;
}

static bool is_of_water(const struct sensor_field *f)
{
    return f->quantity != QUANTITY_NONE ||
           (f->parameter != NULL && f->parameter->kind != PARAMETER_HOUSEKEEPING);
}

/* Appends the series of one placement; with rows NULL only counts them. */
static size_t add_rows(const struct placement *at, size_t draft, struct row *rows)
{
    const struct sensor_model *m = at->device->model;
    size_t count = 0;
    for (size_t i = 0; m != NULL && at->station != NULL && i < m->field_count; i++) {
        const struct sensor_field *f = &m->fields[i];
        if (!is_of_water(f)) {
            continue;
        }
        if (rows != NULL) {
            rows[count] = (struct row){.station = at->station,
                                       .parameter = f->parameter,
                                       .position = placed_name(at, f->position),
                                       .origin = f->origin,
                                       .period = at->period,
                                       .draft = draft};
        }
        count++;
    }
    return count;
}

/* Once for two devices, not for each of their series: reported holds for each device the
 * other one, plus 1. */
static void report(struct parse *p, const struct row *row, const struct row *held,
                   size_t *reported)
{
    const struct device_draft *d = &p->drafts[row->draft];
    if (reported[row->draft] == held->draft + 1) {
        return;
    }
    reported[row->draft] = held->draft + 1;
    char from[CLOCK_TEXT];
    clock_format(row->period.from_us, from);
    place_file(p, d->file);
    finding(p, "at", "from %s on %.50s sends %.30s at %.30s, too", from,
            p->drafts[held->draft].device.device,
            row->parameter != NULL ? row->parameter->id : "the level",
            row->station->station);
}

static bool needs_height(const struct sensor_model *m)
{
    for (size_t i = 0; i < m->field_count; i++) {
        enum quantity q = m->fields[i].quantity;
        if (q == QUANTITY_DISTANCE || q == QUANTITY_DEPTH || q == QUANTITY_PRESSURE) {
            return true;
        }
    }
    return false;
}

/* A level without a height waits for ever: said before it happens. */
void check_heights(struct parse *p)
{
    const struct configuration *c = p->c;
    for (size_t i = 0; i < c->device_count; i++) {
        const struct device *d = &c->devices[i];
        for (size_t j = 0; j < d->placement_count; j++) {
            const struct placement *at = &d->placements[j];
            bool known = d->model != NULL && at->station != NULL; /* else a fault */
            if (known && needs_height(d->model) && isnan(at->height_m_nhn) &&
                isnan(at->height_m_gauge)) {
                place_file(p, p->drafts[i].file);
                finding(p, "at",
                        "no mounting height at %.50s: the level that %.50s measures will "
                        "wait for mounting.height_m_nhn or height_m_gauge",
                        at->station->station, d->model->model);
            }
        }
    }
}

void check_same_series(struct parse *p)
{
    const struct configuration *c = p->c;
    size_t count = 0, room = 0;
    for (size_t i = 0; i < c->device_count; i++) {
        for (size_t j = 0; j < c->devices[i].placement_count; j++) {
            room += add_rows(&c->devices[i].placements[j], i, NULL);
        }
    }
    struct row *rows = take_scratch(p, room, sizeof *rows);
    size_t *reported = take_scratch(p, c->device_count, sizeof *reported);
    if (rows == NULL || reported == NULL) {
        return;
    }
    for (size_t i = 0; i < c->device_count; i++) {
        for (size_t j = 0; j < c->devices[i].placement_count; j++) {
            count += add_rows(&c->devices[i].placements[j], i, rows + count);
        }
    }
    qsort(rows, count, sizeof *rows, compare_row);
    const struct row *held = rows;
    for (size_t i = 1; i < count; i++) {
        bool same = compare_series(held, &rows[i]) == 0;
        if (same && rows[i].draft != held->draft &&
            rows[i].period.from_us < held->period.to_us) {
            report(p, &rows[i], held, reported);
        }
        if (!same || rows[i].period.to_us > held->period.to_us) {
            held = &rows[i];
        }
    }
}
