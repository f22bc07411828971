/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_CHECKS_GROSS_RANGE_H
#define QUALITY_CHECKS_GROSS_RANGE_H

/* Gross range: is the value one that the sensor, and the water, can have?
 * Source: IOOS QARTOD, "Manual for Real-Time Quality Control of Water Level Data",
 * version 2.1, test 4; semantics of ioos_qc 3.0.0, gross_range_test. Pure. Threads: any.
 */

#include "model/parameter.h"
#include "model/quality.h"

/* Bounds pass. 9: value is NAN or infinite (the reference gives 4 to infinite ones; here
 * such a value is missing). 4: outside fail. 3: outside suspect, where it is set. Else 1.
 * QUALITY_NONE: r is not set, and the value is there. */
enum quality gross_range_judge(double value, const struct range_test *r);

#endif
