/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_THRESHOLDS_H
#define QUALITY_THRESHOLDS_H

/* Thresholds of the running median test out of what a series did at other times, and out
 * of nothing else. Pure. Threads: any. */

#include "base/err.h"
#include "quality/checks/running_median.h"

#include <stddef.h>

enum {
    THRESHOLDS_PERIOD_S = 86400, /* a day: it holds two tides and the sun's course */
    THRESHOLDS_LEAST = 1000,     /* distances: fail_threshold is passed by one of them */
};

/* The value that part [0, 1] of sorted lies below, linear between its neighbours: number
 * 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American
 * Statistician 50 (1996). count > 0. */
double thresholds_quantile(const double *sorted, size_t count, double part);

/* Fills all of out but min_obs. Both arrays are finite and come back sorted.
 *   values     of the series: suspect_span is [Q1 - 1.5 (Q3 - Q1), Q3 + 1.5 (Q3 - Q1)]
 *              of their quartiles, the inner fences of Tukey, "Exploratory Data
 *              Analysis" (1977)
 *   distances  |x - m| of the running medians over THRESHOLDS_PERIOD_S: 1 in 100 is more
 *              than suspect_threshold, 1 in 1000 more than fail_threshold
 * A span or threshold of 0 is not set: the series hardly moves. ERR_RANGE: fewer than
 * THRESHOLDS_LEAST distances, or nothing is set. */
MUST_USE enum err thresholds_find(double *values, size_t value_count, double *distances,
                                  size_t distance_count,
                                  struct running_median_settings *out);

#endif
