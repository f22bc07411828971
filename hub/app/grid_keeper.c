/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/grid_keeper.h"

#include "app/grid_series.h"
#include "app/grid_update.h"
#include "base/arena.h"
#include "base/clock.h"
#include "grid/period.h"
#include "store/grids.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_CEILING = 256 << 20, COMMIT_EVERY = 128, WINDOWS_LEAST = 1 << 14 };

struct grid_keeper {
    char *folder;
    struct store_reader *reader;
    struct grids *grids;
    bool ran; /* a round ended well */
};

/* Days of a series that changed, [from, to). */
struct changed_days {
    int32_t series;
    struct period days;
};

struct known {
    int32_t id;
    struct series_key key; /* in names */
};

struct round {
    struct grid_keeper *keeper;
    const struct grid_work *work;
    struct grid_done *done;
    struct arena *names;
    struct known *series;
    size_t series_count, series_size;
    struct changed_days *windows; /* sorted once the log was read */
    size_t window_count, window_size;
    bool judge_all; /* rules may have changed */
    enum err err;   /* of a callback */
};

enum err grid_keeper_open(const char *folder, struct grid_keeper **out, struct diag *d)
{
    struct grid_keeper *k = calloc(1, sizeof *k);
    if (k == NULL) {
        return ERR_MEMORY;
    }
    k->folder = strdup(folder);
    enum err e =
        k->folder == NULL ? ERR_MEMORY : store_reader_open(folder, &k->reader, d);
    e = e != ERR_OK ? e : grids_open(folder, false, &k->grids, d);
    if (e != ERR_OK) {
        grid_keeper_close(k);
        return e;
    }
    *out = k;
    return ERR_OK;
}

void grid_keeper_close(struct grid_keeper *k)
{
    if (k != NULL) {
        grids_close(k->grids);
        store_reader_close(k->reader);
        free(k->folder);
        free(k);
    }
}

/* --- what changed --- */

static int compare_windows(const void *a, const void *b)
{
    const struct changed_days *left = a;
    const struct changed_days *right = b;
    if (left->series != right->series) {
        return left->series < right->series ? -1 : 1;
    }
    return (left->days.from_us > right->days.from_us) -
           (left->days.from_us < right->days.from_us);
}

/* Sorts and joins windows that touch; apart_us: also such as lie so near. */
static size_t join_windows(struct changed_days *w, size_t count, int64_t apart_us)
{
    size_t n = 0;
    if (count > 1) {
        qsort(w, count, sizeof *w, compare_windows);
    }
    for (size_t k = 0; k < count; k++) {
        struct changed_days *last = n > 0 ? &w[n - 1] : NULL;
        if (last == NULL || last->series != w[k].series ||
            w[k].days.from_us - last->days.to_us > apart_us) {
            w[n++] = w[k];
        } else if (w[k].days.to_us > last->days.to_us) {
            last->days.to_us = w[k].days.to_us;
        }
    }
    return n;
}

/* Makes room by joining what can be, at last whole series to one window each. */
static enum err make_room(struct round *r)
{
    r->window_count = join_windows(r->windows, r->window_count, 0);
    if (2 * r->window_count < r->window_size) {
        return ERR_OK;
    }
    if (r->window_size >= WINDOWS_LEAST) {
        r->window_count = join_windows(r->windows, r->window_count, INT64_MAX / 4);
        if (2 * r->window_count < r->window_size) {
            return ERR_OK;
        }
    }
    size_t size = r->window_size == 0 ? 256 : 2 * r->window_size;
    struct changed_days *grown = realloc(r->windows, size * sizeof *grown);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    r->windows = grown;
    r->window_size = size;
    return ERR_OK;
}

static void take_change(void *arg, const struct store_change *c)
{
    struct round *r = arg;
    if (r->err == ERR_OK && r->window_count == r->window_size) {
        r->err = make_room(r);
    }
    if (r->err == ERR_OK) {
        r->windows[r->window_count++] =
            (struct changed_days){c->series,
                                  {grid_period(GRID_DAY, c->from_us).from_us,
                                   grid_period(GRID_DAY, c->to_us).to_us}};
    }
}

/* Forgets all that is kept: what is read from now on begins with change. */
static enum err start_over(struct round *r, const struct grids_progress *p)
{
    struct grids *g = r->keeper->grids;
    r->window_count = 0;
    enum err e = grids_begin(g);
    e = e != ERR_OK ? e : grids_forget(g, 0);
    e = e != ERR_OK ? e : grids_put_progress(g, p);
    if (e != ERR_OK) {
        grids_rollback(g);
        return e;
    }
    return grids_commit(g);
}

/* Reads the log; *now: how far the store is before anything is read of it. */
static enum err read_changes(struct round *r, struct grids_progress *now)
{
    struct store_reader *reader = r->keeper->reader;
    struct grids_progress before;
    enum err e = grids_get_progress(r->keeper->grids, &before);
    e = e != ERR_OK ? e : store_view_begin(reader);
    e = e != ERR_OK ? e : store_epoch(reader, &now->epoch);
    e = e != ERR_OK ? e : store_last_change(reader, &now->change);
    bool same = e == ERR_OK && before.epoch == now->epoch;
    int64_t last = 0;
    enum err log =
        same ? store_changes(reader, before.change, r, take_change, &last) : ERR_ABSENT;
    store_view_end(reader);
    if (e != ERR_OK || (log != ERR_OK && log != ERR_ABSENT)) {
        return e != ERR_OK ? e : log;
    }
    if (log == ERR_ABSENT) {
        r->err = ERR_OK;
        r->judge_all = true;
        return start_over(r, now);
    }
    r->window_count = join_windows(r->windows, r->window_count, 0);
    return r->err;
}

/* --- the series of the store --- */

static void take_series(void *arg, int32_t id, const struct series_key *key)
{
    struct round *r = arg;
    if (r->series_count == r->series_size) {
        size_t size = r->series_size == 0 ? 256 : 2 * r->series_size;
        struct known *grown = realloc(r->series, size * sizeof *grown);
        if (grown == NULL) {
            r->err = ERR_MEMORY;
            return;
        }
        r->series = grown;
        r->series_size = size;
    }
    const struct series_key copy = {.city = arena_text(r->names, key->city),
                                    .station = arena_text(r->names, key->station),
                                    .parameter = arena_text(r->names, key->parameter),
                                    .position = arena_text(r->names, key->position),
                                    .origin = arena_text(r->names, key->origin)};
    if (copy.city == NULL || copy.station == NULL || copy.parameter == NULL ||
        copy.position == NULL || copy.origin == NULL) {
        r->err = ERR_MEMORY;
        return;
    }
    r->series[r->series_count++] = (struct known){id, copy};
}

static void take_latest(void *arg, const struct observation_row *o)
{
    int64_t *time_us = arg;
    *time_us = o->time_us;
}

/* The newest observation now. Where what was the newest, or later, is untouched, it still
 * is. */
static enum err find_newest(struct round *r, int32_t series, const struct changed_days *w,
                            size_t count, int64_t *newest_us)
{
    int64_t before_us = *newest_us;
    int64_t found_us = CLOCK_NONE;
    if (count == 0 || w[count - 1].days.to_us <= before_us) {
        return ERR_OK;
    }
    struct store_query q = {
        .series = series, .from_us = before_us, .to_us = INT64_MAX / 2};
    enum err e = ERR_OK;
    if (before_us != CLOCK_NONE) {
        e = store_latest(r->keeper->reader, &q, &found_us, take_latest);
    }
    if (e == ERR_OK && found_us == CLOCK_NONE) { /* it was withdrawn */
        q.from_us = INT64_MIN / 2;
        e = store_latest(r->keeper->reader, &q, &found_us, take_latest);
    }
    *newest_us = found_us;
    return e;
}

static struct changed_days day_of(int32_t series, int64_t time_us)
{
    return (struct changed_days){series, grid_period(GRID_DAY, time_us)};
}

/* Makes the days of windows again, and those of the newest sample before and now: what is
 * good there depends on it. */
static enum err update_windows(struct round *r, const struct grid_update *u,
                               const struct changed_days *w, size_t count,
                               int64_t *newest_us)
{
    int64_t before_us = *newest_us;
    struct changed_days *all = malloc((count + 2) * sizeof *all);
    enum err e =
        all == NULL ? ERR_MEMORY : find_newest(r, u->series, w, count, newest_us);
    size_t n = 0;
    for (; e == ERR_OK && n < count; n++) {
        all[n] = w[n];
    }
    if (e == ERR_OK && *newest_us != before_us) {
        if (before_us != CLOCK_NONE) {
            all[n++] = day_of(u->series, before_us);
        }
        if (*newest_us != CLOCK_NONE) {
            all[n++] = day_of(u->series, *newest_us);
        }
    }
    n = e == ERR_OK ? join_windows(all, n, 0) : 0;
    u->rule->newest_us = *newest_us;
    for (size_t k = 0; k < n && e == ERR_OK; k++) {
        e = grid_update_days(u, all[k].days);
    }
    free(all);
    return e;
}

/* The windows of a series. */
static const struct changed_days *windows_of(const struct round *r, int32_t series,
                                             size_t *count)
{
    size_t low = 0;
    size_t high = r->window_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (r->windows[middle].series < series) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *count = 0;
    while (low + *count < r->window_count && r->windows[low + *count].series == series) {
        ++*count;
    }
    return *count > 0 ? r->windows + low : NULL;
}

static bool same_hash(const struct hash *a, const struct hash *b)
{
    for (size_t k = 0; k < HASH_SIZE; k++) {
        if (a->bytes[k] != b->bytes[k]) {
            return false;
        }
    }
    return true;
}

/* A series by its rule: made anew, or in part, or nothing is to do. */
static enum err update_ruled(struct round *r, const struct known *s,
                             struct grid_rule *rule)
{
    const struct grid_update u = {r->keeper->reader, r->keeper->grids, s->id, rule};
    struct grids_series kept = {.newest_us = CLOCK_NONE};
    size_t count = 0;
    const struct changed_days *w = windows_of(r, s->id, &count);
    struct hash hash;
    enum err e = grid_series_hash(rule, &hash);
    enum err there = e != ERR_OK ? e : grids_get_series(r->keeper->grids, s->id, &kept);
    if (there != ERR_OK && there != ERR_ABSENT) {
        return there;
    }
    if (there == ERR_ABSENT || !same_hash(&kept.rule, &hash)) {
        r->done->whole++;
        e = grid_update_all(&u, &kept.newest_us);
    } else if (count > 0) {
        r->done->touched++;
        e = update_windows(r, &u, w, count, &kept.newest_us);
    } else {
        return ERR_OK;
    }
    kept.rule = hash;
    return e != ERR_OK ? e : grids_put_series(r->keeper->grids, s->id, &kept);
}

static enum err update_series(struct round *r, const struct known *s)
{
    size_t count = 0;
    struct grid_rule rule = {0};
    windows_of(r, s->id, &count);
    if (count == 0 && !r->judge_all) {
        return ERR_OK;
    }
    enum err e = grid_series_rule(r->work->configuration, &s->key, &rule);
    if (e == ERR_ABSENT) {
        return grids_forget(r->keeper->grids, s->id);
    }
    e = e != ERR_OK ? e : store_view_begin(r->keeper->reader);
    e = e != ERR_OK ? e : update_ruled(r, s, &rule);
    store_view_end(r->keeper->reader);
    grid_series_fini(&rule);
    return e;
}

static bool must_stop(const struct round *r)
{
    return r->work->stop != NULL && atomic_load(r->work->stop);
}

/* All series, some in a transaction; the last one says how far the log was read. */
static enum err update_all(struct round *r, const struct grids_progress *now)
{
    struct grids *g = r->keeper->grids;
    enum err e = grids_begin(g);
    for (size_t k = 0; k < r->series_count && e == ERR_OK; k++) {
        if (must_stop(r)) {
            e = grids_commit(g);
            return e != ERR_OK ? e : ERR_BUSY;
        }
        e = update_series(r, &r->series[k]);
        if (e == ERR_OK && k % COMMIT_EVERY == COMMIT_EVERY - 1) {
            e = grids_commit(g);
            e = e != ERR_OK ? e : grids_begin(g);
        }
    }
    e = e != ERR_OK ? e : grids_put_progress(g, now);
    if (e != ERR_OK) {
        grids_rollback(g);
        return e;
    }
    return grids_commit(g);
}

/* Nothing is kept any more: the next round makes all of it anew. */
static enum err remake(struct grid_keeper *k)
{
    grids_close(k->grids);
    k->grids = NULL;
    grids_remove(k->folder);
    return grids_open(k->folder, false, &k->grids, NULL);
}

static enum err run_round(struct grid_keeper *k, const struct grid_work *w,
                          struct grid_done *out)
{
    struct round r = {.keeper = k,
                      .work = w,
                      .done = out,
                      .judge_all = w->changed || !k->ran,
                      .names = arena_open_growing(NAMES_CEILING)};
    struct grids_progress now = {0, 0};
    *out = (struct grid_done){0, 0};
    enum err e = r.names == NULL ? ERR_MEMORY : read_changes(&r, &now);
    if (e == ERR_OK && (r.judge_all || r.window_count > 0)) {
        e = store_each_series(k->reader, &r, take_series);
        e = e != ERR_OK ? e : r.err;
        e = e != ERR_OK ? e : update_all(&r, &now);
        k->ran = e == ERR_OK;
    }
    arena_close(r.names);
    free(r.series);
    free(r.windows);
    return e;
}

enum err grid_keeper_round(struct grid_keeper *k, const struct grid_work *w,
                           struct grid_done *out)
{
    enum err e = k->grids == NULL ? remake(k) : ERR_OK;
    e = e != ERR_OK ? e : run_round(k, w, out);
    if (e == ERR_DAMAGED) {
        enum err again = remake(k);
        e = again != ERR_OK ? again : run_round(k, w, out);
    }
    return e;
}

enum err grid_keeper_consumed(struct grid_keeper *k, int64_t *number)
{
    struct grids_progress p;
    int64_t epoch = 0;
    enum err e = grids_get_progress(k->grids, &p);
    e = e != ERR_OK ? e : store_epoch(k->reader, &epoch);
    if (e == ERR_OK) {
        *number = p.epoch == epoch ? p.change : 0;
    }
    return e;
}
