/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_CHECKS_GROSS_RANGE_H
#define QUALITY_CHECKS_GROSS_RANGE_H

/* Gross range: is the value one that the sensor, and the water, can have?
 * Source: IOOS QARTOD, "Manual for Real-Time Quality Control of Water Level Data",
 * version 2.1, test 4; semantics of ioos_qc 3.0.0, gross_range_test. Pure. Threads: any.
 */

#include "model/quality.h"
#include "quality/quality.h"

struct gross_range_settings {
    struct span fail_span;    /* unit of the series */
    struct span suspect_span; /* SPAN_NONE: none; else inside of fail_span */
};

/* Bounds pass. 9: missing. 4: outside fail_span. 3: outside suspect_span. Else 1.
 * Hub: an infinite value is missing; the reference gives 4 to it. */
enum quality gross_range_judge(const struct gross_range_settings *g,
                               enum quality_mode mode, const struct stretch *s, size_t i);

extern const struct check check_gross_range;

#endif
