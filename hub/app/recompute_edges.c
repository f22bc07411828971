/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/judge.h"
#include "app/recompute_internal.h"
#include "base/clock.h"
#include "store/nearby.h"

#include <stdlib.h>

/* A value's flags hang on its neighbours, also where those lie outside of what is worked
 * out anew: the shadow gets them before, and in the store what lies outside is judged
 * again after. */

enum {
    SERIES_MOST = 200,  /* of one step */
    POINTS_MOST = 8192, /* of one look, which is at six hours of a series */
};

#define LOOK_US (INT64_C(6) * 3600 * CLOCK_US_PER_S)
#define PAUSE_US (INT64_C(1) * JUDGE_PAUSE_S * CLOCK_US_PER_S)
#define FAR_US (INT64_C(8000000000) * CLOCK_US_PER_S) /* 2223; no value lies there */

static enum err copy_point(struct recompute *r, int32_t series,
                           const struct store_point *p)
{
    bool inserted = false;
    struct held held;
    const struct observation o = {.series = series,
                                  .time_us = p->time_us,
                                  .value = p->value,
                                  .raw = p->value,
                                  .raw_unit = store_series_unit(r->shadow, series),
                                  .tests = p->tests};
    return store_insert(r->shadow, &o, &inserted, &held);
}

/* Points of the store in [from_us, to_us] that most are read of, into the shadow. What is
 * too dense to be read is judged without them. */
static enum err copy_points(struct pipeline *p, struct recompute *r, int32_t series,
                            int64_t from_us, int64_t to_us)
{
    enum err e = ERR_OK;
    for (int64_t at_us = from_us; at_us <= to_us && e == ERR_OK; at_us += LOOK_US) {
        struct store_points found = {.points = r->points, .most = POINTS_MOST};
        int64_t end_us = at_us + LOOK_US - 1 < to_us ? at_us + LOOK_US - 1 : to_us;
        e = store_read_points(p->store, series, at_us, end_us, &found);
        e = e == ERR_FULL ? ERR_OK : e;
        for (size_t i = 0; i < found.count && e == ERR_OK; i++) {
            e = copy_point(r, series, &r->points[i]);
        }
    }
    return e;
}

static enum err copy_before(struct pipeline *p, struct recompute *r, int32_t series)
{
    int64_t from_us = r->order->scope.from_us;
    int64_t reach_us = judge_reach_us(p->batch.judge, series);
    struct store_points found = {.points = r->points, .most = 1};
    enum err e = store_read_before(p->store, series, from_us - reach_us,
                                   from_us - reach_us - PAUSE_US, &found);
    if (e == ERR_OK && found.count > 0) {
        e = copy_point(r, series, r->points);
    }
    return e != ERR_OK ? e : copy_points(p, r, series, from_us - reach_us, from_us - 1);
}

static enum err copy_behind(struct pipeline *p, struct recompute *r, int32_t series)
{
    int64_t to_us = r->order->scope.to_us;
    int64_t next_us = INT64_MAX;
    enum err e = store_next_time(p->store, series, to_us - 1, to_us + PAUSE_US, &next_us);
    return e != ERR_OK || next_us == INT64_MAX
               ? e
               : copy_points(p, r, series, next_us, next_us);
}

/* Times at whose other side there can be something. */
static bool has_edge(int64_t time_us)
{
    return time_us > -FAR_US && time_us < FAR_US;
}

static enum err copy_some(struct pipeline *p, struct recompute *r)
{
    enum err e = ERR_OK;
    for (int n = 0; n < SERIES_MOST && r->edge < r->known && e == ERR_OK; n++) {
        int32_t series = ++r->edge;
        if (!r->wanted[series - 1] || judge_reach_us(p->batch.judge, series) < 0) {
            continue;
        }
        if (has_edge(r->order->scope.from_us)) {
            e = copy_before(p, r, series);
        }
        if (e == ERR_OK && has_edge(r->order->scope.to_us)) {
            e = copy_behind(p, r, series);
        }
    }
    return e;
}

enum err recompute_copy_edges(struct pipeline *p, struct recompute *r)
{
    if (r->points == NULL) {
        r->points = malloc(POINTS_MOST * sizeof *r->points);
    }
    enum err e = r->points == NULL ? ERR_MEMORY : store_begin(r->shadow);
    if (e != ERR_OK) {
        return e;
    }
    e = copy_some(p, r);
    e = e != ERR_OK ? e : store_commit(r->shadow);
    if (e == ERR_OK && r->edge == r->known) {
        r->edge = 0;
        r->phase++;
    }
    return e;
}

static enum err judge_edge(struct pipeline *p, int32_t series, int64_t time_us)
{
    int64_t first_us = time_us;
    int64_t last_us = time_us;
    if (!has_edge(time_us)) {
        return ERR_OK;
    }
    enum err e = judge_again(p->batch.judge, series, &first_us, &last_us);
    return e != ERR_OK ? e : store_changed(p->store, series, first_us, last_us);
}

static bool is_changed(const struct recompute *r, int32_t series)
{
    bool changed = false;
    for (int k = 0; k < DIFFERENCE_COUNT && (size_t)series <= r->changes_size; k++) {
        changed = changed || r->changes[series - 1][k] > 0;
    }
    return changed;
}

enum err recompute_judge_edges(struct pipeline *p, struct recompute *r)
{
    enum err e = r->order->apply ? store_begin(p->store) : ERR_OK;
    bool began = r->order->apply && e == ERR_OK;
    for (int n = 0; n < SERIES_MOST && began && r->edge < r->known && e == ERR_OK; n++) {
        int32_t series = ++r->edge;
        if (is_changed(r, series)) {
            e = judge_edge(p, series, r->order->scope.from_us);
            e = e != ERR_OK ? e : judge_edge(p, series, r->order->scope.to_us);
        }
    }
    e = e == ERR_OK && began ? store_commit(p->store) : e;
    if (e != ERR_OK && began) {
        return batch_roll_back(&p->batch, e);
    }
    if (e == ERR_OK && (!began || r->edge == r->known)) {
        r->phase++;
    }
    return e;
}
