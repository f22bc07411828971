/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_CHECKS_RATE_OF_CHANGE_H
#define QUALITY_CHECKS_RATE_OF_CHANGE_H

/* Rate of change: did the value change faster than water can?
 * Source: IOOS QARTOD, "Manual for Real-Time Quality Control of Water Level Data",
 * version 2.1, test 7, with a fixed rate in place of its standard deviations; semantics
 * of ioos_qc 3.0.0, rate_of_change_test. Pure. Threads: any. */

#include "model/quality.h"
#include "quality/quality.h"

struct rate_of_change_settings {
    double threshold;      /* unit of the series a second */
    double fail_threshold; /* NAN: none */
};

/* r = |(x[i] - x[i-1]) / dt|, dt the time between them in whole seconds, rounded down.
 * r > fail_threshold: 4, r > threshold: 3, else 1. 9: missing. The first point is 1.
 * Reference: the point after a missing one is 1, after an infinite one its rate is; dt =
 * 0 counts as 1 s; of a dt below 0 the rate's absolute value counts. Hub: after a missing
 * one, and where dt = 0, it is 2. */
enum quality rate_of_change_judge(const struct rate_of_change_settings *r,
                                  enum quality_mode mode, const struct stretch *s,
                                  size_t i);

extern const struct check check_rate_of_change;

#endif
