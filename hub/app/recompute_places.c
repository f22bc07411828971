/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/recompute_internal.h"

#include <stdlib.h>
#include <string.h>

/* What is at a series and time in the store and in the shadow, compared and put in place.
 */

enum { SPOTS = 1000 };

static enum err series_here(struct pipeline *p, const struct recompute *r, int32_t id,
                            int32_t *out)
{
    *out = id;
    return id <= r->known ? ERR_OK : store_series_of(p->store, r->shadow, id, out);
}

static bool lies_below(const struct store_place *place, int64_t floor)
{
    bool below = place->held && place->observation.message < floor;
    for (size_t i = 0; i < place->kept_count; i++) {
        below = below || place->kept[i].message < floor;
    }
    return below;
}

/* What is at a place here and there. */
struct both {
    int32_t series; /* of the store */
    struct store_place here, there;
    bool fixed; /* something of it comes from below the floor */
};

static enum err read_both(struct pipeline *p, struct recompute *r, int32_t id,
                          int64_t time_us, struct both *out)
{
    arena_reset(r->place);
    enum err e = series_here(p, r, id, &out->series);
    e = e != ERR_OK
            ? e
            : store_get_place(p->store, out->series, time_us, r->place, &out->here);
    e = e != ERR_OK ? e : store_get_place(r->shadow, id, time_us, r->place, &out->there);
    out->fixed =
        e == ERR_OK && lies_below(&out->here, store_number(p->store, STORE_FLOOR));
    return e;
}

/* A choice holds its new value with the place. */
static enum err renew_here(struct pipeline *p, struct recompute *r, int32_t id,
                           int32_t series, int64_t time_us)
{
    struct store_choice c;
    enum err e = store_get_choice(r->shadow, id, time_us, &c);
    if (e == ERR_OK) {
        c.series = series;
        e = store_put_choice(p->store, &c);
    }
    return e == ERR_ABSENT ? ERR_OK : e;
}

static enum err amend_both(struct pipeline *p, struct recompute *r, int32_t id,
                           int64_t time_us, const struct both *both)
{
    bool changed = false;
    enum err e = amend_place(&r->amend, both->series, time_us, &both->here, &both->there,
                             &changed);
    return e != ERR_OK ? e : renew_here(p, r, id, both->series, time_us);
}

static enum err amend_one(struct pipeline *p, struct recompute *r, int32_t id,
                          int64_t time_us)
{
    struct both both;
    enum err e = read_both(p, r, id, time_us, &both);
    return e != ERR_OK || both.fixed ? e : amend_both(p, r, id, time_us, &both);
}

/* Differences come in order of time in a series: one look is for all up to the next kept
 * value. */
static enum err is_kept(struct store *s, struct kept_free *f, int32_t series,
                        int64_t time_us, bool *kept)
{
    enum err e = ERR_OK;
    if (f->series != series || time_us < f->from_us || time_us >= f->next_us) {
        f->series = series;
        f->from_us = time_us;
        e = store_next_kept(s, series, time_us, &f->next_us);
    }
    *kept = time_us == f->next_us;
    return e;
}

/* The walk has seen all that is held; where nothing is kept that is all there is. */
static enum err amend_difference(struct pipeline *p, struct recompute *r,
                                 const struct store_difference *d)
{
    bool kept = d->series > r->known; /* it may be another series here */
    bool there = false;
    enum err e =
        kept ? ERR_OK : is_kept(p->store, &r->free_here, d->series, d->time_us, &kept);
    e = e != ERR_OK || kept
            ? e
            : is_kept(r->shadow, &r->free_there, d->series, d->time_us, &there);
    if (e != ERR_OK) {
        return e;
    }
    if (kept || there) {
        return amend_one(p, r, d->series, d->time_us);
    }
    const struct both both = {
        .series = d->series,
        .here = {.held = d->change != DIFFERENCE_NEW, .observation = d->before},
        .there = {.held = d->change != DIFFERENCE_WITHDRAWN, .observation = d->after}};
    return amend_both(p, r, d->series, d->time_us, &both);
}

/* --- what is held --- */

/* Room for the counts of series id. */
static enum err reserve_counts(struct recompute *r, int32_t id)
{
    size_t need = (size_t)id;
    if (need <= r->changes_size) {
        return ERR_OK;
    }
    size_t size = need + need / 2 + 64;
    int64_t(*grown)[DIFFERENCE_COUNT] = realloc(r->changes, size * sizeof *grown);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    memset(grown + r->changes_size, 0, (size - r->changes_size) * sizeof *grown);
    r->changes = grown;
    r->changes_size = size;
    return ERR_OK;
}

static enum err keep_unit(struct recompute_result *out, struct observation *o)
{
    o->raw_unit = arena_text(out->texts, o->raw_unit != NULL ? o->raw_unit : "");
    return o->raw_unit != NULL ? ERR_OK : ERR_MEMORY;
}

static enum err add_example(struct recompute_result *out,
                            const struct store_difference *d)
{
    if (out->example_count == RECOMPUTE_EXAMPLES) {
        return ERR_OK;
    }
    struct recompute_example *x = &out->examples[out->example_count++];
    *x = (struct recompute_example){.difference = *d};
    enum err e = keep_unit(out, &x->difference.before);
    return e != ERR_OK ? e : keep_unit(out, &x->difference.after);
}

static enum err count_difference(struct recompute *r, const struct store_difference *d)
{
    enum err e = reserve_counts(r, d->series);
    if (e != ERR_OK) {
        return e;
    }
    int64_t before = r->changes[d->series - 1][d->change]++;
    r->result->changes[d->change]++;
    return before < RECOMPUTE_ALIKE ? add_example(r->result, d) : ERR_OK;
}

static enum err commit(struct pipeline *p, struct recompute *r, enum err e)
{
    e = e != ERR_OK ? e : amend_finish(&r->amend);
    e = e != ERR_OK ? e : store_commit(p->store);
    return e != ERR_OK ? batch_roll_back(&p->batch, e) : ERR_OK;
}

/* Some rows. *count: of differences. */
static enum err walk_on(struct pipeline *p, struct recompute *r, size_t *count)
{
    enum err e = store_walk_on(p->store, r->shadow, &r->walk, r->differences,
                               RECOMPUTE_DIFFERENCES, count);
    for (size_t i = 0; i < *count && e == ERR_OK; i++) {
        e = count_difference(r, &r->differences[i]);
        e = e == ERR_OK && r->order->apply ? amend_difference(p, r, &r->differences[i])
                                           : e;
    }
    return e;
}

/* Many rows share a transaction, and so a sync; the hub's own batches wait meanwhile. */
static enum err walk_and_amend(struct pipeline *p, struct recompute *r)
{
    size_t amended = 0;
    size_t count = 0;
    enum err e = store_begin(p->store);
    if (e != ERR_OK) {
        return e;
    }
    r->free_here.series = r->free_there.series = 0;
    do {
        e = walk_on(p, r, &count);
        amended += count;
    } while (e == ERR_OK && !r->walk.finished && count > 0 &&
             amended < RECOMPUTE_AMENDED);
    return commit(p, r, e);
}

enum err recompute_walk(struct pipeline *p, struct recompute *r)
{
    size_t count = 0;
    enum err e = r->order->apply ? walk_and_amend(p, r) : walk_on(p, r, &count);
    if (e == ERR_OK && r->walk.finished) {
        r->phase++;
    }
    return e;
}

/* --- what is kept beside what is held --- */

static bool spot_in_scope(const struct recompute *r, const struct store_spot *at)
{
    const struct batch_scope *scope = &r->order->scope;
    bool only_now = r->phase == PHASE_KEPT_ONLY_NOW; /* the shadow has nothing else */
    return only_now || (at->time_us >= scope->from_us && at->time_us < scope->to_us &&
                        at->series <= r->known && r->wanted[at->series - 1]);
}

/* Counts a place where only what is kept differs; what is kept in both is counted once.
 */
static enum err count_kept(struct pipeline *p, struct recompute *r,
                           const struct store_spot *at)
{
    struct both both;
    if (r->phase == PHASE_KEPT_ONLY_NOW && at->series > r->known) {
        return ERR_OK; /* all of it is new */
    }
    enum err e = read_both(p, r, at->series, at->time_us, &both);
    if (e != ERR_OK || both.fixed ||
        (r->phase == PHASE_KEPT_ONLY_NOW && both.here.kept_count > 0)) {
        return e;
    }
    r->result->conflicts += both.here.held && both.there.held &&
                            amend_same(&both.here.observation, &both.there.observation) &&
                            !amend_same_kept(&both.here, &both.there);
    return ERR_OK;
}

enum err recompute_kept(struct pipeline *p, struct recompute *r)
{
    struct store_spot spots[SPOTS];
    size_t count = 0;
    struct store *of = r->phase == PHASE_KEPT ? p->store : r->shadow;
    enum err e = store_list_disputed(of, &r->spot, spots, SPOTS, &count);
    bool apply = r->order->apply && count > 0;
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        e = spot_in_scope(r, &spots[i]) ? count_kept(p, r, &spots[i]) : ERR_OK;
    }
    e = e == ERR_OK && apply ? store_begin(p->store) : e;
    if (e != ERR_OK) {
        return e;
    }
    for (size_t i = 0; i < count && apply && e == ERR_OK; i++) {
        if (spot_in_scope(r, &spots[i])) {
            e = amend_one(p, r, spots[i].series, spots[i].time_us);
        }
    }
    e = apply ? commit(p, r, e) : e;
    if (count > 0) {
        r->spot = spots[count - 1];
    }
    if (e == ERR_OK && count < SPOTS) {
        r->phase++;
        r->spot = (struct store_spot){0};
        r->fate = FATE_PENDING;
    }
    return e;
}
