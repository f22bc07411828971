/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/judge_internal.h"

#include <string.h>

static int64_t sum(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

void judge_saw(struct judge *j, int64_t time_us)
{
    if (j->last_us != INT64_MIN && time_us > j->last_us) {
        j->last_us = time_us;
    }
}

/* --- the last points of a series --- */

/* When points of the series stand next behind time_us; looks as far as anything hangs on
 * what is stored until last_us. */
static enum err look_behind(struct judge *j, struct tail *t, int64_t time_us,
                            int64_t last_us)
{
    if (j->last_us == INT64_MIN) {
        enum err e = store_last_time(j->store, &j->last_us);
        if (e != ERR_OK) {
            return e;
        }
    }
    int64_t to_us = sum(last_us, 2 * JUDGE_REACH_US);
    bool all = to_us >= j->last_us;
    enum err e = store_next_time(j->store, t->series, time_us, all ? j->last_us : to_us,
                                 &t->next_us);
    t->clear_us = all ? INT64_MAX : to_us;
    return e;
}

/* The points before points[0] become the known ones. */
static enum err load_tail(struct judge *j, struct tail *t,
                          const struct judge_point *points, size_t count)
{
    struct store_point last[JUDGE_REMEMBERED] = {0};
    struct store_points before = {.points = last, .most = JUDGE_REMEMBERED};
    int64_t time_us = points[0].time_us;
    int64_t from_us = time_us - JUDGE_REACH_US;
    enum err e = store_read_before(j->store, t->series, time_us, from_us, &before);
    e = e != ERR_OK ? e : look_behind(j, t, time_us - 1, points[count - 1].time_us);
    if (e != ERR_OK) {
        return e;
    }
    size_t found = before.count;
    t->known = true;
    t->count = (unsigned)found;
    t->open = found == JUDGE_REMEMBERED ||
              (found > 0 && last[0].time_us - from_us <= JUDGE_PAUSE_US);
    for (size_t i = 0; i < found; i++) {
        t->last[i].time_us = last[i].time_us;
        t->last[i].value = judge_value(j, last[i].value, last[i].tests);
    }
    t->tests = found > 0 ? last[found - 1].tests : 0;
    return ERR_OK;
}

/* All of points lie behind the newest, and nothing that is stored hangs on them. */
static bool fit_behind(const struct tail *t, const struct judge_point *points,
                       size_t count)
{
    int64_t horizon_us = sum(points[count - 1].time_us, JUDGE_REACH_US);
    return t->known && t->next_us > horizon_us && t->clear_us >= horizon_us &&
           (t->count == 0 || points[0].time_us > t->last[t->count - 1].time_us);
}

static bool rise(const struct judge_point *points, size_t count)
{
    bool rising = true;
    for (size_t i = 1; i < count && rising; i++) {
        rising = points[i].time_us > points[i - 1].time_us;
    }
    return rising;
}

/* --- ahead --- */

/* The known points and the new ones beside each other; past: all that a test may look at,
 * not only the known ones. */
static enum err make_row(struct judge *j, const struct tail *t,
                         const struct judge_point *points, size_t count, bool past)
{
    size_t before = 0;
    enum err e = ERR_OK;
    judge_clear_row(j);
    if (past) {
        e = judge_read_around(j, t->series, points[0].time_us - t->reach_us,
                              t->last[t->count - 1].time_us, &before);
    }
    for (size_t i = 0; i < before && e == ERR_OK; i++) {
        const struct store_point *p = &j->read[i];
        e = judge_add(j, p->time_us, judge_value(j, p->value, p->tests));
    }
    for (size_t i = 0; i < t->count && !past && e == ERR_OK; i++) {
        e = judge_add(j, t->last[i].time_us, t->last[i].value);
    }
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        const struct judge_point *p = &points[i];
        e = judge_add(j, p->time_us, judge_value(j, p->value, p->tests));
    }
    j->row.open = t->open && !past;
    return e;
}

static void judge_points(struct judge *j, struct tail *t, struct judge_point *points,
                         size_t count, bool *undecided)
{
    size_t before = j->row.count - count;
    for (size_t i = 0; i < count && !*undecided; i++) {
        points[i].together = judge_flags(j, t, before + i, 0, points[i].tests, undecided);
    }
}

enum err judge_ahead(struct judge *j, int32_t series, struct judge_point *points,
                     size_t count, bool *ahead)
{
    struct tail *t = judge_tail(j, series);
    bool undecided = false;
    for (size_t i = 0; i < count; i++) {
        points[i].together = points[i].tests;
    }
    *ahead = !t->any;
    if (!t->any || !rise(points, count)) {
        return ERR_OK;
    }
    enum err e = fit_behind(t, points, count) ? ERR_OK : load_tail(j, t, points, count);
    if (e != ERR_OK || !fit_behind(t, points, count)) {
        return e;
    }
    e = make_row(j, t, points, count, false);
    if (e == ERR_OK) {
        judge_points(j, t, points, count, &undecided);
    }
    if (e == ERR_OK && undecided) {
        undecided = false;
        e = make_row(j, t, points, count, true);
        if (e == ERR_OK) {
            judge_points(j, t, points, count, &undecided);
        }
    }
    *ahead = e == ERR_OK;
    for (size_t i = 0; e == ERR_FULL && i < count; i++) {
        points[i].together = points[i].tests; /* judge_again says what it can't judge */
    }
    return e == ERR_FULL ? ERR_OK : e;
}

static void remember(const struct judge *j, struct tail *t, const struct judge_point *p)
{
    if (t->count == JUDGE_REMEMBERED) {
        memmove(t->last, t->last + 1, (JUDGE_REMEMBERED - 1) * sizeof *t->last);
        t->count--;
        t->open = true;
    }
    t->last[t->count].time_us = p->time_us;
    t->last[t->count++].value = judge_value(j, p->value, p->tests);
    t->tests = p->together;
}

enum err judge_stored(struct judge *j, int32_t series, const struct judge_point *points,
                      size_t count, int64_t *first_us)
{
    struct tail *t = judge_tail(j, series);
    enum err e = ERR_OK;
    bool undecided = false;
    if (!t->any) {
        return ERR_OK;
    }
    if (t->count > 0 &&
        points[0].time_us - t->last[t->count - 1].time_us <= JUDGE_PAUSE_US) {
        quality_tests now =
            judge_flags(j, t, j->row.count - count - 1, CHECK_NEXT, t->tests, &undecided);
        if (now != t->tests) { /* it only waited: no revision */
            *first_us = t->last[t->count - 1].time_us;
            e = store_set_tests(j->store, series, *first_us, now, false);
        }
    }
    for (size_t i = count > JUDGE_REMEMBERED ? count - JUDGE_REMEMBERED : 0; i < count;
         i++) {
        remember(j, t, &points[i]);
    }
    t->open = t->open || count > JUDGE_REMEMBERED;
    judge_saw(j, points[count - 1].time_us);
    return e;
}
