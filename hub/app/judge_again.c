/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/judge_internal.h"

/* Flags are the same, or a test that waited for the next point has it now, or did not run
 * yet: the observation has just taken its place. */
static bool only_completed(const struct judge *j, const struct tail *t,
                           quality_tests before, quality_tests now)
{
    for (size_t k = 0; k < j->check_count; k++) {
        enum quality was = quality_tests_get(before, j->slots[k]);
        bool waited =
            was == QUALITY_NOT_EVALUATED && t->settings[k] != NULL &&
            (j->checks[k]->needs(t->settings[k], QUALITY_HUB) & CHECK_NEXT) != 0;
        if (was != QUALITY_NONE && was != quality_tests_get(now, j->slots[k]) &&
            !waited) {
            return false;
        }
    }
    return true;
}

/* What is judged: points in [from_us, to_us], the one before and the one behind. */
struct span_of_change {
    int64_t from_us, to_us;
    int64_t looks_to_us; /* windows of points up to here reach into it */
};

/* The point beside what changed hangs on it: widens it by that point. */
static enum err widen(struct judge *j, const struct tail *t, struct span_of_change *w)
{
    struct store_point before = {0};
    struct store_points found = {.points = &before, .most = 1};
    int64_t next_us = INT64_MAX;
    enum err e = store_read_before(j->store, t->series, w->from_us,
                                   w->from_us - JUDGE_PAUSE_US, &found);
    w->looks_to_us = w->to_us + t->reach_us;
    e = e != ERR_OK ? e
                    : store_next_time(j->store, t->series, w->to_us,
                                      w->to_us + JUDGE_PAUSE_US, &next_us);
    w->from_us = found.count > 0 ? before.time_us : w->from_us;
    if (next_us != INT64_MAX) {
        w->to_us = next_us;
        w->looks_to_us = w->looks_to_us > next_us ? w->looks_to_us : next_us;
    }
    return e;
}

static enum err set_flags(struct judge *j, const struct tail *t,
                          const struct store_point *p, quality_tests now,
                          int64_t *first_us, int64_t *last_us)
{
    if (now == p->tests) {
        return ERR_OK;
    }
    *first_us = p->time_us < *first_us ? p->time_us : *first_us;
    *last_us = p->time_us > *last_us ? p->time_us : *last_us;
    return store_set_tests(j->store, t->series, p->time_us, now,
                           !only_completed(j, t, p->tests, now));
}

/* Too many points to look at: each test says so. */
static enum err give_up(struct judge *j, struct tail *t, struct span_of_change *w,
                        int64_t *first_us, int64_t *last_us)
{
    size_t count = 0;
    enum err e = judge_read(j, t->series, w->from_us, w->to_us, &count);
    if (e == ERR_FULL) {
        return ERR_OK; /* flags of the tests that look at one value stay */
    }
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        const struct store_point *p = &j->read[i];
        quality_tests now = judge_is_maintained(j, p->tests) ? judge_alone(j, p->tests)
                                                             : judge_refuse(j, t, p);
        e = set_flags(j, t, &j->read[i], now, first_us, last_us);
    }
    return e;
}

void judge_changed(struct judge *j, int32_t series, int64_t last_us)
{
    judge_tail(j, series)->known = false;
    judge_saw(j, last_us);
}

int64_t judge_reach_us(struct judge *j, int32_t series)
{
    const struct tail *t = judge_tail(j, series);
    return t->any ? t->reach_us : -1;
}

enum err judge_again(struct judge *j, int32_t series, int64_t *first_us, int64_t *last_us)
{
    struct tail *t = judge_tail(j, series);
    struct span_of_change w = {*first_us, *last_us, *last_us};
    size_t count = 0;
    judge_changed(j, series, *last_us);
    if (!t->any) {
        return ERR_OK;
    }
    enum err e = widen(j, t, &w);
    e = e != ERR_OK ? e
                    : judge_read_around(j, series, w.from_us - t->reach_us, w.looks_to_us,
                                        &count);
    if (e == ERR_FULL) {
        return give_up(j, t, &w, first_us, last_us);
    }
    judge_clear_row(j);
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        const struct store_point *p = &j->read[i];
        e = judge_add(j, p->time_us, judge_value(j, p->value, p->tests));
    }
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        const struct store_point *p = &j->read[i];
        bool undecided = false;
        if (p->time_us >= w.from_us && p->time_us <= w.looks_to_us) {
            e = set_flags(j, t, p, judge_flags(j, t, i, 0, p->tests, &undecided),
                          first_us, last_us);
        }
    }
    return e;
}
