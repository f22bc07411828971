/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_STRETCH_H
#define QUALITY_STRETCH_H

/* What a test looks at: a piece of one series, its points in their order. A test computes
 * the flag of a point anew from the stretch, so a stream that is given enough points
 * before and one behind gets the bits of a batch. Pure. Threads: any. */

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* REFERENCE: the flags of ioos_qc 3.0.0. HUB: the same with the deviations that each
 * test's header names. */
enum quality_mode { QUALITY_REFERENCE, QUALITY_HUB };

/* Arrays of count, borrowed. */
struct stretch {
    const int64_t *time_us;
    const double *value;      /* NAN: missing; infinite counts as missing too */
    const double *z_m;        /* depth; NULL: none */
    const double *lat, *lon;  /* degrees; NULL: none */
    const int64_t *rising_us; /* all times, sorted; NULL: time_us is so itself */
    size_t count;
    int64_t interval_s; /* of the series, whole seconds; 0: not known */
    bool open; /* more points stand before the first; who would look there gives NONE */
};

enum { STRETCH_US_PER_S = 1000000 };

/* A window in us; one too long for that is as long as any series. */
static inline int64_t stretch_us(double seconds)
{
    return seconds < 1e12 ? llround(seconds * STRETCH_US_PER_S) : INT64_C(1) << 60;
}

static inline bool stretch_is_missing(const struct stretch *s, size_t i)
{
    return !isfinite(s->value[i]);
}

/* The first point of the window (t[i] - period_s, t[i]], open at its old end, up to
 * position i. Times must not go back. */
size_t stretch_first(const struct stretch *s, size_t i, double period_s);

/* The median of the times between neighbours in whole seconds, rounded down, as ioos_qc
 * takes it; 0: fewer than two points. room: for count numbers, overwritten. */
int64_t stretch_interval_s(const int64_t *time_us, size_t count, int64_t *room);

#endif
