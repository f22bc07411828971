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

static enum err amend_one(struct pipeline *p, struct recompute *r, int32_t id,
                          int64_t time_us)
{
    struct both both;
    bool changed = false;
    enum err e = read_both(p, r, id, time_us, &both);
    if (e != ERR_OK || both.fixed) {
        return e;
    }
    e = amend_place(&r->amend, both.series, time_us, &both.here, &both.there, &changed);
    return e != ERR_OK ? e : renew_here(p, r, id, both.series, time_us);
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

static enum err count_difference(struct recompute *r, const struct store_difference *d)
{
    enum err e = reserve_counts(r, d->series);
    if (e != ERR_OK) {
        return e;
    }
    struct recompute_result *out = r->result;
    r->changes[d->series - 1][d->change]++;
    out->changes[d->change]++;
    if (out->example_count < RECOMPUTE_EXAMPLES) {
        out->examples[out->example_count++] =
            (struct recompute_example){.series = (size_t)d->series, .difference = *d};
    }
    return ERR_OK;
}

static enum err commit(struct pipeline *p, struct recompute *r, enum err e)
{
    e = e != ERR_OK ? e : amend_finish(&r->amend);
    e = e != ERR_OK ? e : store_commit(p->store);
    return e != ERR_OK ? batch_roll_back(&p->batch, e) : ERR_OK;
}

enum err recompute_walk(struct pipeline *p, struct recompute *r)
{
    size_t count = 0;
    enum err e = store_walk_on(p->store, r->shadow, &r->walk, r->differences,
                               RECOMPUTE_DIFFERENCES, &count);
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        e = count_difference(r, &r->differences[i]);
    }
    if (e == ERR_OK && r->order->apply && count > 0) {
        e = store_begin(p->store);
        if (e != ERR_OK) {
            return e;
        }
        for (size_t i = 0; i < count && e == ERR_OK; i++) {
            e = amend_one(p, r, r->differences[i].series, r->differences[i].time_us);
        }
        e = commit(p, r, e);
    }
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
