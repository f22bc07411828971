/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_RANGES_H
#define QUALITY_RANGES_H

/* Which range the hub holds an observation against: the station's own, else that of the
 * parameter; for levels moved to the height of the station's mean water. Pure. */

#include "quality/checks/gross_range.h"
#include "quality/quality.h"

enum ranges {
    RANGES_NONE,         /* neither has one */
    RANGES_NO_REFERENCE, /* they count from mean water, whose height is not known */
    RANGES_FOUND,
};

/* *out is set for RANGES_FOUND only. */
enum ranges ranges_find(const struct check_input *in, struct gross_range_settings *out);

#endif
