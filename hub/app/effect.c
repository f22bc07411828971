/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/effect.h"

#include "app/settle.h"
#include "app/work.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

enum { MESSAGE_BYTES = 64 << 20 };

/* A message as one configuration sees it. */
struct view {
    struct worker worker;
    bool opened;
    struct arena *arena;
    struct work work;
    bool worked;
};

struct finding {
    const struct report *report;
    const struct effect_query *query;
    struct effect *out;
    struct view now, next;
    struct arena *messages;
    struct message message;
    int64_t id; /* of message; 0: none */
    bool there; /* the inbox has it */
};

static enum err open_view(struct view *v, const struct configuration *c, struct diag *d)
{
    int slots[QUALITY_TESTS];
    for (int k = 0; k < QUALITY_TESTS; k++) {
        slots[k] = k; /* only compared with one another */
    }
    v->arena = arena_open(MESSAGE_BYTES);
    enum err e = v->arena == NULL ? ERR_MEMORY : worker_init(&v->worker, c, slots, d);
    v->opened = e == ERR_OK;
    return e;
}

static void close_view(struct view *v)
{
    if (v->opened) {
        worker_fini(&v->worker);
    }
    arena_close(v->arena);
}

static void work(const struct finding *f, struct view *v)
{
    const struct work_rules rules = {
        .source = configuration_source(v->worker.configuration, f->message.source)};
    arena_reset(v->arena);
    v->worked = rules.source != NULL && work_message(&v->worker, &f->message, &rules,
                                                     v->arena, &v->work) == ERR_OK;
}

static void take_message(struct finding *f, int64_t id)
{
    if (f->id == id) {
        return;
    }
    arena_reset(f->messages);
    f->id = id;
    f->there = inbox_get(f->report->inbox, id, f->messages, &f->message) == ERR_OK;
    if (f->there) {
        work(f, &f->now);
        work(f, &f->next);
    }
}

static const struct work_item *find_item(const struct view *v,
                                         const struct observation_row *row)
{
    for (size_t k = 0; v->worked && k < v->work.decoded.count; k++) {
        const struct work_item *item = &v->work.items[k];
        if (item->outcome == OUTCOME_STORED && item->reading->time_us == row->time_us &&
            strcmp(item->value.parameter->id, row->key.parameter) == 0 &&
            strcmp(item->place.position, row->key.position) == 0 &&
            strcmp(item->place.origin, row->key.origin) == 0) {
            return item;
        }
    }
    return NULL;
}

static size_t find_series(struct effect *out, const struct series_key *key)
{
    for (size_t k = out->series_count; k > 0; k--) {
        const struct effect_series *s = &out->series[k - 1];
        if (strcmp(s->parameter, key->parameter) == 0 &&
            strcmp(s->position, key->position) == 0 &&
            strcmp(s->origin, key->origin) == 0) {
            return k - 1;
        }
    }
    if (out->series_count == EFFECT_SERIES) {
        return EFFECT_SERIES;
    }
    struct effect_series *s = &out->series[out->series_count];
    text_copy(s->parameter, sizeof s->parameter, key->parameter);
    text_copy(s->position, sizeof s->position, key->position);
    text_copy(s->origin, sizeof s->origin, key->origin);
    return out->series_count++;
}

static void add_example(struct effect *out, size_t series,
                        const struct observation_row *row, const struct work_item *now,
                        const struct work_item *next)
{
    if (out->example_count == EFFECT_EXAMPLES || series == EFFECT_SERIES) {
        return;
    }
    struct effect_example *x = &out->examples[out->example_count++];
    *x = (struct effect_example){.series = series,
                                 .time_us = row->time_us,
                                 .before = now->value.value,
                                 .after = next->value.value,
                                 .flag_before = quality_aggregate(now->tests),
                                 .flag_after = quality_aggregate(next->tests)};
    text_copy(x->unit, sizeof x->unit, row->unit);
}

static void look_at(struct finding *f, const struct observation_row *row)
{
    struct effect *out = f->out;
    take_message(f, row->message);
    const struct work_item *now = f->there ? find_item(&f->now, row) : NULL;
    const struct work_item *next = f->there ? find_item(&f->next, row) : NULL;
    if (now == NULL || next == NULL) {
        out->given_up += !f->there;
        return; /* what the configuration that is makes otherwise is no effect of this */
    }
    double before = now->value.value, after = next->value.value;
    bool value = before != after && !(isnan(before) && isnan(after));
    bool flags = !value && !batch_same_flags(now->tests, next->tests);
    size_t series = find_series(out, &row->key);
    if (series < EFFECT_SERIES) {
        out->series[series].values += value;
        out->series[series].flags += flags;
        out->series[series].same += !value && !flags;
    }
    out->values += value;
    out->flags += flags;
    out->same += !value && !flags;
    if (value || flags) {
        add_example(out, series, row, now, next);
    }
}

static enum err look_at_all(struct finding *f, struct diag *d)
{
    const struct effect_query *q = f->query;
    const struct store_query rows_of = {.parameters = &q->parameter,
                                        .parameter_count = q->parameter != NULL,
                                        .station = q->station,
                                        .position = q->position,
                                        .from_us = q->from_us,
                                        .to_us = q->to_us};
    struct row_source rows;
    struct observation_row row;
    int more = 0;
    enum err e = store_rows_open(f->report->store, &rows_of, &rows, d);
    while (e == ERR_OK && (more = rows.next(rows.self, &row)) > 0) {
        look_at(f, &row);
    }
    store_rows_close(f->report->store);
    return e == ERR_OK && more < 0 ? ERR_IO : e;
}

enum err effect_find(const struct report *r, const struct effect_query *q,
                     struct effect *out, struct diag *d)
{
    struct finding f = {.report = r, .query = q, .out = out};
    *out = (struct effect){.series_count = 0};
    f.messages = arena_open(MESSAGE_BYTES);
    enum err e = f.messages == NULL ? ERR_MEMORY : open_view(&f.now, q->now, d);
    e = e != ERR_OK ? e : open_view(&f.next, q->next, d);
    e = e != ERR_OK ? e : look_at_all(&f, d);
    close_view(&f.now);
    close_view(&f.next);
    arena_close(f.messages);
    return e;
}
