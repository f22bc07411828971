/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_CHECKS_RUNNING_MEDIAN_H
#define QUALITY_CHECKS_RUNNING_MEDIAN_H

/* Running median: does a value, or do hours of them, lie where this water hardly is?
 * A spike is held against the median of the hours before it, so its neighbours stay good;
 * and the median itself tells a fouled or displaced sensor from one wild value.
 * Source: a test of this hub, after Hampel's identifier in the form of Davies and Gather,
 * "The Identification of Multiple Outliers", JASA 88 (1993), with fixed thresholds in
 * place of multiples of the median absolute deviation, which is 0 where values are
 * rounded. ioos_qc has none: hub mode only. Pure. Threads: any. */

#include "model/quality.h"
#include "quality/quality.h"

struct running_median_settings {
    double test_period;       /* s, the window */
    double min_obs;           /* valid values that it must hold */
    struct span suspect_span; /* unit of the series, of the median; SPAN_NONE: any */
    double suspect_threshold; /* the same, of the distance; NAN: this level is off */
    double fail_threshold;
};

/* m is the median of the valid values at times (t[i] - test_period, t[i]] up to position
 * i, of an even number the mean of the two in the middle; x[i] is among them. |x[i] - m|
 * > fail_threshold: 4, > suspect_threshold: 3, m outside suspect_span: 3, else 1. 9:
 * missing. 2: fewer valid values than min_obs. m outside is never 4: what lasts for hours
 * may be the water, and a person must look. Times must not go back. */
enum quality running_median_judge(const struct running_median_settings *r,
                                  const struct stretch *s, size_t i);

/* m of point i; NAN: fewer valid values than min_obs. */
double running_median(const struct running_median_settings *r, const struct stretch *s,
                      size_t i);

extern const struct check check_running_median;

#endif
