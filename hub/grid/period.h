/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef GRID_PERIOD_H
#define GRID_PERIOD_H

/* The time grids. A period is [start, end), named by its start; a sample at the very
 * boundary belongs to the later one. Threads: any. */

#include "model/station.h"

#include <stdbool.h>
#include <stdint.h>

enum grid {
    GRID_10MIN,
    GRID_HOUR,
    GRID_DAY,       /* of UTC */
    GRID_HYDRODAY,  /* 00-24 MEZ, UTC+1 all year: as German hydrology counts days */
    GRID_MONTH,     /* of UTC */
    GRID_HYDROYEAR, /* from 1 November 00:00 MEZ */
    GRIDS
};

/* "10min", "hour", "day", "hydroday", "month", "hydroyear"; ends with NULL. */
extern const char *const grid_names[GRIDS + 1];

/* False: no grid has that name. */
bool grid_find(const char *name, enum grid *g);

/* The period of g that time_us lies in. Years 1 to 9999. */
struct period grid_period(enum grid g, int64_t time_us);

/* The month of MEZ that time_us lies in: twelve of them are a hydrological year. */
struct period grid_hydromonth(int64_t time_us);

#endif
