/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/recompute_internal.h"

#include "app/settle.h"
#include "base/text.h"

#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PLACE_BYTES = 1 << 30, /* ceiling: all that was ever said of one place */
    TEXT_BYTES = 1 << 28,
};

/* --- begin --- */

static bool is_station(const struct pipeline *p, const char *name)
{
    const struct configuration *c = p->configuration;
    struct series_key key;
    bool found = false;
    for (size_t i = 0; i < c->city_count && !found; i++) {
        for (size_t k = 0; k < c->cities[i].station_count && !found; k++) {
            found = strcmp(c->cities[i].stations[k].station, name) == 0;
        }
    }
    for (size_t i = 0; i < c->device_count && !found; i++) {
        found = strcmp(c->devices[i].device, name) == 0;
    }
    for (int32_t id = 1; !found && store_series_key(p->store, id, &key); id++) {
        found = strcmp(key.station, name) == 0;
    }
    return found;
}

static const char *nearest_station(const struct pipeline *p, const char *name)
{
    const struct configuration *c = p->configuration;
    const char *near = NULL;
    for (size_t i = 0; i < c->city_count && near == NULL; i++) {
        for (size_t k = 0; k < c->cities[i].station_count && near == NULL; k++) {
            near = text_nearest(name, &c->cities[i].stations[k].station, 1);
        }
    }
    return near;
}

static enum err check_stations(const struct pipeline *p, const struct batch_scope *scope,
                               struct diag *d)
{
    for (size_t i = 0; i < scope->station_count; i++) {
        const char *name = scope->stations[i];
        if (!is_station(p, name)) {
            const char *near = nearest_station(p, name);
            diag_set(d, "no station or device is named %s%s%s%s", name,
                     near != NULL ? "; did you mean " : "", near != NULL ? near : "",
                     near != NULL ? "?" : "");
            return ERR_UNKNOWN;
        }
    }
    return ERR_OK;
}

/* A choice stands for what its message gives; by today's configuration that may be
 * another value. */
static enum err renew_choice(struct recompute *r, struct store_choice *c)
{
    struct batch_other *other = NULL;
    enum err e = c->message < store_number(r->shadow, STORE_FLOOR)
                     ? ERR_ABSENT
                     : batch_ask(&r->batch, c->message, &other);
    for (size_t i = 0; e == ERR_OK && i < other->work.decoded.count; i++) {
        const struct work_item *item = &other->work.items[i];
        int32_t series = 0;
        if (item->outcome != OUTCOME_STORED || item->reading->time_us != c->time_us) {
            continue;
        }
        e = batch_series(&r->batch, item, &series);
        if (e == ERR_OK && series == c->series) {
            c->value = item->value.value + 0.0;
            return store_put_choice(r->shadow, c);
        }
    }
    return e == ERR_ABSENT ? ERR_OK : e;
}

static enum err renew_choices(struct recompute *r)
{
    struct store_choice c = {.series = 0};
    enum err e = ERR_OK;
    while (e == ERR_OK) {
        const struct store_spot at = {c.series, c.time_us};
        e = store_next_choice(r->shadow, &at, &c);
        e = e != ERR_OK ? e : renew_choice(r, &c);
    }
    return e == ERR_ABSENT ? ERR_OK : e;
}

static enum err make_counts(struct recompute *r, struct store *store)
{
    size_t count = (size_t)r->known + 1;
    r->wanted = calloc(count, sizeof *r->wanted);
    r->same = calloc(count, sizeof *r->same);
    r->differences = malloc(RECOMPUTE_DIFFERENCES * sizeof *r->differences);
    r->place = arena_open_growing(PLACE_BYTES);
    r->result->texts = arena_open_growing(TEXT_BYTES);
    r->walk.texts = arena_open_growing(TEXT_BYTES);
    if (r->wanted == NULL || r->same == NULL || r->differences == NULL ||
        r->place == NULL || r->walk.texts == NULL || r->result->texts == NULL) {
        return ERR_MEMORY;
    }
    for (int32_t id = 1; id <= r->known; id++) {
        struct series_key key;
        r->wanted[id - 1] =
            store_series_key(store, id, &key) &&
            batch_in_scope(&r->order->scope, key.station, r->order->scope.from_us);
    }
    return ERR_OK;
}

static enum err begin(struct pipeline *p, struct recompute *r)
{
    size_t count = 0;
    const char *const *tests = quality_test_names(&count);
    const struct batch_scope *scope = &r->order->scope;
    enum err e = check_stations(p, scope, r->diag);
    e = e != ERR_OK ? e : store_shadow_open(p->folder, tests, count, &r->shadow, r->diag);
    e = e != ERR_OK ? e
                    : batch_init(&r->batch, r->shadow, p->reader, p->configuration,
                                 p->slots, r->diag);
    if (e != ERR_OK) {
        return e;
    }
    r->batch.scope = scope;
    r->known = store_series_count(r->shadow);
    r->first = store_number(r->shadow, STORE_CURSOR);
    e = make_counts(r, p->store);
    r->walk.from_us = scope->from_us;
    r->walk.to_us = scope->to_us;
    r->walk.wanted = r->wanted;
    r->walk.wanted_count = r->known;
    r->walk.same = r->same;
    amend_init(&r->amend, &p->batch);
    r->amend.judged = true;
    e = e != ERR_OK ? e : renew_choices(r);
    e = e != ERR_OK ? e : store_next_aside(p->store, r->first, &r->next_aside);
    r->begun = true;
    return e;
}

static void end(const char *folder, struct recompute *r)
{
    batch_fini(&r->batch);
    if (r->shadow != NULL) {
        store_shadow_close(folder, r->shadow);
    }
    amend_fini(&r->amend);
    arena_close(r->place);
    arena_close(r->walk.texts);
    free(r->differences);
    free(r->points);
    free(r->wanted);
    free(r->same);
    free(r->changes);
    malloc_trim(0);
}

/* --- messages into the shadow --- */

/* What the shadow may take of a part: up to where the store is, and to the next message
 * that must not be worked on. */
static size_t take_part(const struct recompute *r, const struct inbox_part *part,
                        int64_t cursor)
{
    int64_t upto =
        r->next_aside != 0 && r->next_aside <= cursor ? r->next_aside - 1 : cursor;
    size_t count = part->count;
    while (count > 0 && part->messages[count - 1].id > upto) {
        count--;
    }
    return count;
}

/* Some messages. *level: the shadow has all that the store has. */
static enum err work_some(struct pipeline *p, struct recompute *r, bool *level)
{
    struct inbox_part part = {0};
    size_t done = 0;
    int64_t cursor = store_number(p->store, STORE_CURSOR);
    int64_t at = store_number(r->shadow, STORE_CURSOR);
    *level = at >= cursor;
    if (*level) {
        return ERR_OK;
    }
    if (at + 1 == r->next_aside) {
        enum err e = store_set_number(r->shadow, STORE_CURSOR, at + 1);
        return e != ERR_OK ? e : store_next_aside(p->store, at + 1, &r->next_aside);
    }
    enum err e;
    do {
        arena_reset(p->messages);
        e = inbox_read(p->reader, at, BATCH_MESSAGES, BATCH_BYTES, p->messages, &part);
    } while (e == ERR_FULL && pipeline_grow_messages(p));
    size_t count = e == ERR_OK ? take_part(r, &part, cursor) : 0;
    if (e == ERR_OK && count == 0) {
        /* ids that the inbox does not have: `audit` says so */
        return store_set_number(
            r->shadow, STORE_CURSOR,
            r->next_aside > 0 && r->next_aside <= cursor ? r->next_aside - 1 : cursor);
    }
    e = e != ERR_OK ? e : batch_run(&r->batch, part.messages, count, false, &done);
    r->result->messages += (int64_t)done;
    return e;
}

static enum err level_shadow(struct pipeline *p, struct recompute *r)
{
    bool level = false;
    enum err e = ERR_OK;
    while (e == ERR_OK && !level) {
        e = work_some(p, r, &level);
    }
    return e;
}

/* --- the result --- */

static enum err name_series(struct recompute *r, int32_t id, struct recompute_series *out)
{
    struct series_key key = {.city = ""};
    struct arena *a = r->result->texts;
    (void)store_series_key(r->shadow, id, &key);
    *out = (struct recompute_series){.city = arena_text(a, key.city),
                                     .station = arena_text(a, key.station),
                                     .parameter = arena_text(a, key.parameter),
                                     .position = arena_text(a, key.position),
                                     .origin = arena_text(a, key.origin)};
    return out->origin != NULL && out->position != NULL ? ERR_OK : ERR_MEMORY;
}

static enum err add_series(struct recompute *r, int32_t id)
{
    struct recompute_result *out = r->result;
    int64_t same = id <= r->known ? r->same[id - 1] : 0;
    bool any = same > 0;
    for (int k = 0; k < DIFFERENCE_COUNT; k++) {
        any = any || ((size_t)id <= r->changes_size && r->changes[id - 1][k] > 0);
    }
    if (!any) {
        return ERR_OK;
    }
    struct recompute_series *s = &out->series[out->series_count];
    enum err e = name_series(r, id, s);
    s->same = same;
    if ((size_t)id <= r->changes_size) {
        memcpy(s->changes, r->changes[id - 1], sizeof s->changes);
    }
    for (size_t i = 0; i < out->example_count; i++) {
        struct recompute_example *x = &out->examples[i];
        if (x->difference.series == id) {
            x->series = out->series_count;
            x->unit = arena_text(out->texts, store_series_unit(r->shadow, id));
        }
    }
    out->same += same;
    out->series_count++;
    return e;
}

static enum err tell_result(struct recompute *r)
{
    int32_t count = store_series_count(r->shadow);
    struct recompute_series *series = calloc((size_t)count + 1, sizeof *series);
    enum err e = series == NULL ? ERR_MEMORY : ERR_OK;
    r->result->series = series;
    for (int32_t id = 1; id <= count && e == ERR_OK; id++) {
        e = add_series(r, id);
    }
    r->result->left_alone = r->walk.left_alone;
    return e;
}

void recompute_result_fini(struct recompute_result *r)
{
    free(r->series);
    arena_close(r->texts);
    *r = (struct recompute_result){0};
}

/* --- the task --- */

static enum err do_phase(struct pipeline *p, struct recompute *r)
{
    bool level = false;
    enum err e = ERR_OK;
    switch (r->phase) {
    case PHASE_EDGES:
        return recompute_copy_edges(p, r);
    case PHASE_EDGES_AFTER:
        return recompute_judge_edges(p, r);
    case PHASE_WORK:
        e = work_some(p, r, &level);
        r->phase = level ? PHASE_WALK : PHASE_WORK;
        return e;
    case PHASE_WALK:
        e = level_shadow(p, r);
        return e != ERR_OK ? e : recompute_walk(p, r);
    case PHASE_KEPT:
    case PHASE_KEPT_ONLY_NOW:
        e = level_shadow(p, r);
        return e != ERR_OK ? e : recompute_kept(p, r);
    case PHASE_FATES:
    case PHASE_FATES_NOW:
        e = level_shadow(p, r);
        return e != ERR_OK ? e : recompute_fates(p, r);
    default:
        return ERR_OK;
    }
}

static void tell_progress(const struct pipeline *p, const struct recompute *r,
                          struct pipeline_progress *out)
{
    if (r->phase <= PHASE_WORK) {
        out->what = "messages";
        out->done = store_number(r->shadow, STORE_CURSOR) - r->first;
        out->of = store_number(p->store, STORE_CURSOR) - r->first;
    } else {
        out->what =
            r->order->apply ? "observations put in place" : "observations compared";
        out->done = r->walk.looked;
        out->of = r->walk.looked;
    }
    out->finished = r->phase == PHASE_END;
}

static enum err one_step(struct pipeline *p, void *arg, struct pipeline_progress *out)
{
    struct recompute *r = arg;
    enum err e = r->begun ? ERR_OK : begin(p, r);
    e = e != ERR_OK ? e : do_phase(p, r);
    if (e == ERR_OK && r->phase == PHASE_END) {
        e = tell_result(r);
    }
    if (e == ERR_OK) {
        tell_progress(p, r, out);
    }
    return e;
}

enum err
pipeline_recompute(struct pipeline *p, const struct recompute_order *order, void *asker,
                   void (*progress)(void *asker, const struct pipeline_progress *so_far),
                   struct recompute_result *out, struct diag *d)
{
    struct recompute_result result = {0};
    struct recompute r = {.order = order, .result = &result, .diag = d};
    const struct pipeline_task task = {
        .arg = &r, .step = one_step, .asker = asker, .progress = progress};
    enum err e = pipeline_do(p, &task);
    end(p->folder, &r);
    if (e != ERR_OK) {
        recompute_result_fini(&result);
        if (d->text[0] == '\0') {
            diag_set(d, "%s; %s", e != ERR_INTERNAL ? err_text(e) : "the hub has stopped",
                     order->apply ? "what is in place stays, the same again completes it"
                                  : "nothing was changed");
        }
        return e;
    }
    *out = result;
    return ERR_OK;
}
