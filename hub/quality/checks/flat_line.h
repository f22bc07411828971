/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_CHECKS_FLAT_LINE_H
#define QUALITY_CHECKS_FLAT_LINE_H

/* Flat line: has the value stood still for longer than water does?
 * Source: IOOS QARTOD, "Manual for Real-Time Quality Control of Water Level Data",
 * version 2.1, test 8; semantics of ioos_qc 3.0.0, flat_line_test. Pure. Threads: any. */

#include "model/quality.h"
#include "quality/quality.h"

struct flat_line_settings {
    double suspect_threshold; /* s, whole seconds of it count */
    double fail_threshold;
    double tolerance;                 /* unit of the series */
    double count_suspect, count_fail; /* NAN: threshold / interval */
};

enum { FLAT_LINE_HOLE = 3 }; /* intervals; a longer step between points is a hole */

/* 4 where the window of fail_threshold is flat, 3 where that of suspect_threshold is,
 * else 1; 9: missing. Flat: the largest less the smallest value there is < tolerance.
 * Missing values are left out. Reference: the window is point i and the `count` before
 * it, count = threshold / interval_s, cut; the first count points are 1; of a series of
 * less than 3 points all are, also the missing ones. So tolerance 0 flags nothing, a
 * threshold below the interval everything, and one value after many missing ones is flat.
 * interval_s 0: 2. Hub: the window is the shortest run back from i over at least the
 * threshold; it is not flat if a hole (a step of more than FLAT_LINE_HOLE intervals, or
 * than the threshold where interval_s is 0) or a step back in time lies in it, or fewer
 * than 3 values. Of tolerance 0 equal values are flat. */
enum quality flat_line_judge(const struct flat_line_settings *f, enum quality_mode mode,
                             const struct stretch *s, size_t i);

extern const struct check check_flat_line;

#endif
