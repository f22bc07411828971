/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_NEARBY_H
#define STORE_NEARBY_H

/* What stands in one series around a time: tests that look at more than one value read
 * it, and set flags by it. Threads: as writer.h; inside a transaction or outside. */

#include "base/err.h"
#include "model/quality.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store; /* opaque, writer.h */

struct store_point {
    int64_t time_us;
    double value; /* canonical unit; NAN: missing */
    quality_tests tests;
};

/* Room of the caller for most of them; count is set by who reads. */
struct store_points {
    struct store_point *points;
    size_t most, count;
};

/* Points in [from_us, to_us], oldest first. ERR_FULL: there are more than most. */
MUST_USE enum err store_read_points(struct store *s, int32_t series, int64_t from_us,
                                    int64_t to_us, struct store_points *out);

/* The last points before time_us that are not before from_us, at most most of them,
 * oldest first. */
MUST_USE enum err store_read_before(struct store *s, int32_t series, int64_t time_us,
                                    int64_t from_us, struct store_points *out);

/* Time of the first point behind time_us that is not behind to_us; INT64_MAX: none. */
MUST_USE enum err store_next_time(struct store *s, int32_t series, int64_t time_us,
                                  int64_t to_us, int64_t *next_us);

/* No observation of any series lies behind *last_us (which one may, by hours). */
MUST_USE enum err store_last_time(struct store *s, int64_t *last_us);

/* Sets the flags of the observation at (series, time_us); revision: as store_replace. */
MUST_USE enum err store_set_tests(struct store *s, int32_t series, int64_t time_us,
                                  quality_tests tests, bool revision);

#endif
