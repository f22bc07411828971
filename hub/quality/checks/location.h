/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_CHECKS_LOCATION_H
#define QUALITY_CHECKS_LOCATION_H

/* Location: is the position one on Earth, and one that could be reached?
 * Source: IOOS QARTOD, "Manual for Real-Time Quality Control of Water Level Data",
 * version 2.1, test 3; semantics of ioos_qc 3.0.0, location_test. Pure. Threads: any. */

#include "model/quality.h"
#include "quality/quality.h"

enum { LOCATION_EARTH_RADIUS_M = 6371000 };

struct location_settings {
    double range_max; /* m from point to point; NAN: any */
    int range_method; /* one only: haversine */
};

/* 4: |lat| > 90, |lon| > 180, or one of the two is missing. 9: both are missing.
 * 3: farther than range_max from the point before (only where both have a position), by
 * the haversine law on a sphere of LOCATION_EARTH_RADIUS_M. Else 1. 2: there are no
 * positions. Hub: an infinite number is missing; the reference gives 4 to it. */
enum quality location_judge(const struct location_settings *l, enum quality_mode mode,
                            const struct stretch *s, size_t i);

extern const struct check check_location;

#endif
