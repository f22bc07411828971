/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_CHECKS_ATTENUATED_SIGNAL_H
#define QUALITY_CHECKS_ATTENUATED_SIGNAL_H

/* Attenuated signal: does the series move less than this water ever does?
 * Source: IOOS QARTOD, "Manual for Real-Time Quality Control of Water Level Data",
 * version 2.1, test 10; semantics of ioos_qc 3.0.0, attenuated_signal_test. Pure.
 * Threads: any. */

#include "model/quality.h"
#include "quality/quality.h"

enum attenuated_signal_type { ATTENUATED_SIGNAL_STD, ATTENUATED_SIGNAL_RANGE };

struct attenuated_signal_settings {
    double suspect_threshold; /* unit of the series */
    double fail_threshold;
    double test_period; /* s; NAN: the whole series */
    double min_obs;     /* valid values that there must be; NAN: by min_period */
    double min_period;  /* s, min_obs = min_period / interval, cut; NAN: 1 */
    int check_type;
    double min_periods;  /* NAN: min_period / interval */
    bool whole_known;    /* whole_spread is set: that of the whole series, for */
    double whole_spread; /* when there is no test_period */
};

/* v is the spread of the values at times (t[i] - test_period, t[i]] up to position i:
 * std: their standard deviation about the mean, over their number n, by two passes;
 * range: the largest less the smallest. v < fail_threshold: 4, v < suspect_threshold: 3,
 * else 1. 9: missing. 2: fewer valid values than min_obs; range: one of the window is
 * missing. Without test_period v is that of all valid values. Times must not go back.
 * Hub: min_obs is at least 2 (the reference gives 4 to a first value, whose spread is 0),
 * and there must be a test_period. */
enum quality attenuated_signal_judge(const struct attenuated_signal_settings *a,
                                     enum quality_mode mode, const struct stretch *s,
                                     size_t i);

extern const struct check check_attenuated_signal;

#endif
