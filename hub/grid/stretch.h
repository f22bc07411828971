/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef GRID_STRETCH_H
#define GRID_STRETCH_H

/* A stretch of one series: where nothing came, and events. Threads: any. */

#include "grid/cell.h"

/* Samples of any flag, in order of time. Borrowed. */
struct grid_stretch {
    const struct grid_rule *rule;
    const struct grid_sample *samples;
    size_t count;
    double median_s; /* interval where none is configured; NAN: not known */
};

/* Neighbours further apart than 1.5 times the interval have a gap between them. NAN: the
 * interval isn't known. */
double grid_stretch_limit_s(const struct grid_stretch *s, int64_t time_us);

/* Nothing came between from and to. */
struct grid_gap {
    int64_t from_us, to_us;
    bool before, after; /* from, to is the time of an observation, not of the window */
    int64_t missing;    /* observations that should be there */
    double interval_s;
};

/* Calls gap for each gap in window, in order; at its ends, too, where they aren't
 * CLOCK_NONE. */
void grid_gaps(const struct grid_stretch *s, struct period window, void *arg,
               void (*gap)(void *arg, const struct grid_gap *g));

struct grid_event {
    const struct event_rule *rule;
    int64_t from_us, to_us;         /* first and last sample in it; of days: [from, to) */
    struct grid_extreme peak;       /* the first, if several are the same */
    int64_t over_us[EVENT_CLASSES]; /* beyond each class */
    double rate_per_h;  /* fastest change over an hour on the way to the peak; NAN */
    double coverage;    /* share of from to to that is no gap */
    int64_t n, suspect; /* samples beyond the first class; how many of them are suspect */
};

/* Calls event for each one in the stretch, in order. Samples flagged 1, 2 and 3 count,
 * since what is rare is flagged suspect; 4 and 9 don't. Between neighbours without a gap
 * time beyond a class is interpolated linearly; a gap adds nothing.
 *   hold_us  0, or what each sample stands for (values of days): [time, time + hold)
 * Values count from where classes do: of a relative rule, the reference level is taken
 * off already. ERR_MEMORY */
MUST_USE enum err grid_events(const struct event_rule *rule, const struct grid_stretch *s,
                              int64_t hold_us, void *arg,
                              void (*event)(void *arg, const struct grid_event *e));

#endif
