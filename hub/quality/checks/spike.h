/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_CHECKS_SPIKE_H
#define QUALITY_CHECKS_SPIKE_H

/* Spike: does one value stand out from the two beside it?
 * Source: IOOS QARTOD, "Manual for Real-Time Quality Control of Water Level Data",
 * version 2.1, test 6; semantics of ioos_qc 3.0.0, spike_test. Pure. Threads: any. */

#include "model/quality.h"
#include "quality/quality.h"

enum spike_method { SPIKE_AVERAGE, SPIKE_DIFFERENTIAL };

struct spike_settings {
    double suspect_threshold; /* unit of the series; NAN or 0: this level is off */
    double fail_threshold;
    int method;
};

/* average: d = |x[i] - (x[i-1] + x[i+1]) / 2|, so that both neighbours of a spike of
 * height h have d = h/2. differential: with a = x[i] - x[i-1] and b = x[i+1] - x[i],
 * d = min(|a|, |b|) where a and b have opposite signs, else 0. d > fail_threshold: 4,
 * d > suspect_threshold: 3, else 1. 9: missing. 2: the first and the last point, and
 * beside a missing one. Time is not looked at. Both modes are the same. */
enum quality spike_judge(const struct spike_settings *p, enum quality_mode mode,
                         const struct stretch *s, size_t i);

extern const struct check check_spike;

#endif
