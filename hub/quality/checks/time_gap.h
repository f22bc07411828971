/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_CHECKS_TIME_GAP_H
#define QUALITY_CHECKS_TIME_GAP_H

/* Time gap: did the series fall silent before this point?
 * Source: IOOS QARTOD, "Manual for Real-Time Quality Control of Water Level Data",
 * version 2.1, test 1; semantics of ioos_qc 3.0.0, time_gap_test. Pure. Threads: any. */

#include "model/quality.h"
#include "quality/quality.h"

struct time_gap_settings {
    double fail_span; /* h, whole seconds of it count */
};

/* 4: more than fail_span after the point before. Else 1. The first point has the flag of
 * the second; 2: the only point. Values are not looked at. Both modes are the same. */
enum quality time_gap_judge(const struct time_gap_settings *g, enum quality_mode mode,
                            const struct stretch *s, size_t i);

extern const struct check check_time_gap;

#endif
