/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/choose.h"

#include "app/amend.h"
#include "app/command.h"
#include "app/pipeline_internal.h"
#include "app/settle.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACE_BYTES = 1 << 28 };

char *choose_request(const struct choose_order *order)
{
    json_t *request =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:i, s:o, s:I}", "verb", "choose",
                  "station", order->station, "parameter", order->parameter, "position",
                  order->position, "origin", order->origin, "time_us",
                  (json_int_t)order->time_us, "by", (int)order->by, "value",
                  isfinite(order->value) ? json_real(order->value) : json_null(),
                  "message", (json_int_t)order->message);
    /* 17 digits: the very value comes back */
    char *line = request != NULL
                     ? json_dumps(request, JSON_COMPACT | JSON_REAL_PRECISION(17))
                     : NULL;
    json_decref(request);
    return line;
}

static const char *text_of(const json_t *request, const char *name)
{
    const char *text = json_string_value(json_object_get(request, name));
    return text != NULL ? text : "";
}

struct choose_order choose_order_of(const json_t *request)
{
    const json_t *value = json_object_get(request, "value");
    return (struct choose_order){
        .station = text_of(request, "station"),
        .parameter = text_of(request, "parameter"),
        .position = text_of(request, "position"),
        .origin = text_of(request, "origin"),
        .time_us = json_integer_value(json_object_get(request, "time_us")),
        .by = (enum choose_by)json_integer_value(json_object_get(request, "by")),
        .value = json_is_number(value) ? json_number_value(value) : (double)NAN,
        .message = json_integer_value(json_object_get(request, "message"))};
}

struct choosing {
    const struct choose_order *order;
    struct diag *diag;
    struct arena *arena;
    int32_t series;
    struct series_key key;
    const char *unit;
    struct store_place place;
    struct observation *all; /* the held one first, then those that are kept */
    size_t count;
    struct store_place after;
    bool changed;
};

static bool names_it(const struct choose_order *o, const struct series_key *key)
{
    return strcmp(o->station, key->station) == 0 &&
           strcmp(o->parameter, key->parameter) == 0 &&
           (o->position[0] == '\0' || strcmp(o->position, key->position) == 0) &&
           (o->origin[0] == '\0' || strcmp(o->origin, key->origin) == 0);
}

/* The one series of that name with a conflict at that time. */
static enum err find_place(struct pipeline *p, struct choosing *c)
{
    const struct choose_order *o = c->order;
    struct series_key key;
    char time[CLOCK_TEXT];
    clock_format(o->time_us, time);
    for (int32_t id = 1; store_series_key(p->store, id, &key); id++) {
        int64_t kept = 0;
        enum err e = names_it(o, &key) ? store_kept_count(p->store, id, o->time_us, &kept)
                                       : ERR_OK;
        if (e != ERR_OK) {
            return e;
        }
        if (kept > 0 && c->series != 0) {
            diag_set(c->diag,
                     "%s %s has conflicts at %s and %s (%s): --position or --origin says "
                     "which",
                     o->station, o->parameter, c->key.position, key.position, key.origin);
            return ERR_UNKNOWN;
        }
        if (kept > 0) {
            c->series = id;
            c->key = key;
        }
    }
    if (c->series == 0) {
        diag_set(c->diag, "there is no conflict of %s %s at %s; see conflicts list",
                 o->station, o->parameter, time);
        return ERR_UNKNOWN;
    }
    c->unit = arena_text(c->arena, store_series_unit(p->store, c->series));
    return c->unit == NULL
               ? ERR_MEMORY
               : store_get_place(p->store, c->series, o->time_us, c->arena, &c->place);
}

static bool same_value(double x, double y)
{
    return x == y || (isnan(x) && isnan(y));
}

/* The store does not keep the index of what is held: its message tells. */
static enum err find_index(struct batch *b, struct observation *o)
{
    struct batch_other *other = NULL;
    enum err e = batch_ask(b, o->message, &other);
    for (size_t i = 0; e == ERR_OK && i < other->work.decoded.count; i++) {
        const struct work_item *item = &other->work.items[i];
        int32_t series = 0;
        if (item->outcome != OUTCOME_STORED || item->reading->time_us != o->time_us ||
            !same_value(item->value.value + 0.0, o->value)) {
            continue;
        }
        e = batch_series(b, item, &series);
        if (e == ERR_OK && series == o->series) {
            o->index = item->reading->index;
            return ERR_OK;
        }
    }
    return e == ERR_ABSENT ? ERR_OK : e;
}

static enum err list_all(struct pipeline *p, struct choosing *c)
{
    c->count = c->place.kept_count + 1;
    c->all = arena_take_zero(c->arena, c->count, sizeof *c->all);
    if (c->all == NULL || !c->place.held) {
        return c->all == NULL ? ERR_MEMORY : ERR_DAMAGED;
    }
    c->all[0] = c->place.observation;
    memcpy(c->all + 1, c->place.kept, c->place.kept_count * sizeof *c->all);
    for (size_t i = 0; i < c->count; i++) {
        if (c->all[i].message < store_number(p->store, STORE_FLOOR)) {
            diag_set(c->diag, "message %lld was given up for its age: what is held stays",
                     (long long)c->all[i].message);
            return ERR_REFUSED;
        }
    }
    return find_index(&p->batch, &c->all[0]);
}

/* --- which --- */

/* What decides between two values by the rule. */
struct standing {
    bool missing;
    struct rank rank;
    struct hash hash;
    int index;
};

static enum err find_standing(struct batch *b, const struct observation *o,
                              struct standing *out)
{
    struct batch_other *other = NULL;
    const struct hash *hash = NULL;
    enum err e = batch_ask(b, o->message, &other);
    e = e != ERR_OK ? e : batch_hash(&other->message, &other->hash, &hash);
    if (e == ERR_OK) {
        *out = (struct standing){.missing = isnan(o->value),
                                 .rank = batch_rank(&other->work.decoded),
                                 .hash = *hash,
                                 .index = o->index};
    }
    return e;
}

static bool goes_before(const struct standing *x, const struct standing *y)
{
    if (x->missing != y->missing) {
        return !x->missing;
    }
    if (x->rank.sequence != y->rank.sequence) {
        return x->rank.sequence < y->rank.sequence;
    }
    if (x->rank.message_us != y->rank.message_us) {
        return x->rank.message_us < y->rank.message_us;
    }
    int by_hash = memcmp(x->hash.bytes, y->hash.bytes, sizeof x->hash.bytes);
    return by_hash != 0 ? by_hash < 0 : x->index < y->index;
}

static enum err find_by_rule(struct pipeline *p, struct choosing *c, size_t *which)
{
    struct standing best;
    enum err e = find_standing(&p->batch, &c->all[0], &best);
    *which = 0;
    for (size_t i = 1; i < c->count && e == ERR_OK; i++) {
        struct standing standing;
        e = find_standing(&p->batch, &c->all[i], &standing);
        if (e == ERR_OK && goes_before(&standing, &best)) {
            best = standing;
            *which = i;
        }
    }
    return e;
}

static enum err find_named(struct choosing *c, size_t *which)
{
    const struct choose_order *o = c->order;
    char number[NUMBER_TEXT];
    bool by_value = o->by == CHOOSE_VALUE;
    for (size_t i = 0; i < c->count; i++) {
        if (by_value ? same_value(c->all[i].value, o->value)
                     : c->all[i].message == o->message) {
            *which = i;
            return ERR_OK;
        }
    }
    number_format(o->value, number);
    if (by_value) {
        diag_set(c->diag, "no message gave %s there; see conflicts list",
                 isnan(o->value) ? "a missing value" : number);
    } else {
        diag_set(c->diag,
                 "message %lld holds and keeps nothing there; see conflicts list",
                 (long long)o->message);
    }
    return ERR_UNKNOWN;
}

/* --- doing it --- */

static int compare_kept(const void *x, const void *y)
{
    const struct observation *a = x;
    const struct observation *b = y;
    if (a->message != b->message) {
        return a->message < b->message ? -1 : 1;
    }
    return a->index - b->index;
}

static enum err hold(struct pipeline *p, struct choosing *c, size_t which)
{
    struct amend amend;
    const struct observation *o = &c->all[which];
    const struct store_choice choice = {.series = c->series,
                                        .time_us = c->order->time_us,
                                        .message = o->message,
                                        .value = o->value};
    struct observation held = *o;
    c->all[which] = c->all[0];
    held.index = 0; /* as store_get_place gives it */
    c->after = (struct store_place){.held = true,
                                    .observation = held,
                                    .kept = c->all + 1,
                                    .kept_count = c->count - 1};
    qsort(c->after.kept, c->after.kept_count, sizeof *c->after.kept, compare_kept);
    amend_init(&amend, &p->batch);
    enum err e = store_begin(p->store);
    if (e != ERR_OK) {
        return e;
    }
    e = amend_place(&amend, c->series, c->order->time_us, &c->place, &c->after,
                    &c->changed);
    e = e != ERR_OK ? e : amend_finish(&amend);
    if (e == ERR_OK) {
        e = c->order->by == CHOOSE_RULE
                ? store_drop_choice(p->store, c->series, c->order->time_us)
                : store_put_choice(p->store, &choice);
    }
    amend_fini(&amend);
    e = e != ERR_OK ? e : store_commit(p->store);
    return e != ERR_OK ? batch_roll_back(&p->batch, e) : ERR_OK;
}

static enum err one_step(struct pipeline *p, void *arg, struct pipeline_progress *out)
{
    struct choosing *c = arg;
    size_t which = 0;
    c->arena = arena_open_growing(PLACE_BYTES);
    enum err e = c->arena == NULL ? ERR_MEMORY : find_place(p, c);
    e = e != ERR_OK ? e : list_all(p, c);
    if (e == ERR_OK) {
        e = c->order->by == CHOOSE_RULE ? find_by_rule(p, c, &which)
                                        : find_named(c, &which);
    }
    *out = (struct pipeline_progress){.finished = true};
    return e != ERR_OK ? e : hold(p, c, which);
}

static void no_progress(void *asker, const struct pipeline_progress *so_far)
{
    (void)asker;
    (void)so_far;
}

static void tell(const struct choosing *c, void *arg,
                 void (*line)(void *arg, const char *line))
{
    char text[600];
    char time[CLOCK_TEXT];
    char number[NUMBER_TEXT];
    const struct observation *held = &c->after.observation;
    number_format(held->value, number);
    clock_format(c->order->time_us, time);
    bool missing = isnan(held->value);
    snprintf(text, sizeof text, "%s %s %s %s: %s%s%s (message %lld) is held%s, %s",
             c->key.station, c->key.parameter, c->key.position, time,
             missing ? "the missing value" : number, missing ? "" : " ",
             missing ? "" : c->unit, (long long)held->message,
             c->changed ? " now" : " as before",
             c->order->by == CHOOSE_RULE ? "by the rule" : "by hand");
    json_t *said = json_pack("{s:s}", "text", text);
    char *dumped = said != NULL ? json_dumps(said, JSON_COMPACT) : NULL;
    if (dumped != NULL) {
        line(arg, dumped);
    }
    free(dumped);
    json_decref(said);
}

enum err choose_run(struct pipeline *p, const void *order, void *arg,
                    void (*line)(void *arg, const char *line), int *exit_code,
                    struct diag *d)
{
    struct choosing c = {.order = order, .diag = d};
    const struct pipeline_task task = {
        .arg = &c, .step = one_step, .progress = no_progress};
    enum err e = pipeline_do(p, &task);
    if (e == ERR_OK) {
        tell(&c, arg, line);
        *exit_code = EXIT_DONE;
    } else if (d->text[0] == '\0') {
        diag_set(d, "%s", e != ERR_INTERNAL ? err_text(e) : "the pipeline has stopped");
    }
    arena_close(c.arena);
    return e;
}
