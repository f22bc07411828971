/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_CHECKS_CLIMATOLOGY_H
#define QUALITY_CHECKS_CLIMATOLOGY_H

/* Climatology: is the value one for this season and depth?
 * Source: IOOS QARTOD, "Manual for Real-Time Quality Control of Water Level Data",
 * version 2.1, test 5; semantics of ioos_qc 3.0.0, climatology_test. Pure. Threads: any.
 */

#include "model/quality.h"
#include "quality/quality.h"

/* What tspan counts in; UTC. */
enum climatology_period {
    CLIMATOLOGY_DATES = -1,
    CLIMATOLOGY_MONTH,        /* 1 to 12 */
    CLIMATOLOGY_DAY_OF_YEAR,  /* 1 to 366 */
    CLIMATOLOGY_WEEK,         /* of ISO 8601, 1 to 53 */
    CLIMATOLOGY_WEEK_OF_YEAR, /* the same */
    CLIMATOLOGY_QUARTER,      /* 1 to 4 */
    CLIMATOLOGY_DAY_OF_WEEK,  /* Monday 0 to Sunday 6 */
    CLIMATOLOGY_YEAR,
};

struct climatology_member {
    struct time_span tspan;          /* both ends are in it */
    struct span vspan, fspan, zspan; /* unit of the series, m; the last two may be none */
    int period;
};

struct climatology_settings {
    struct argument_list members; /* struct climatology_member, in order */
};

/* Of each member whose tspan holds the time and, if it has one, whose zspan holds z:
 * outside fspan 4, else outside vspan 3, else 1. The last such member has the last word.
 * 2: there is none. 9: missing (the reference gives 1 to a missing value with a depth in
 * a member's zspan, and gets stuck with most periods: a fault not followed). Bounds pass;
 * a missing z is in no zspan. A span is sorted, so a winter from 11 to 2 is two members.
 * Both modes are the same. */
enum quality climatology_judge(const struct climatology_settings *c,
                               enum quality_mode mode, const struct stretch *s, size_t i);

extern const struct check check_climatology;

#endif
