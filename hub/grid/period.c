/* SPDX-License-Identifier: EUPL-1.2 */
#include "grid/period.h"

#include "base/clock.h"

#include <string.h>

#define HOUR_US (INT64_C(3600) * CLOCK_US_PER_S)
#define MEZ_US HOUR_US /* ahead of UTC, in summer too */

const char *const grid_names[GRIDS + 1] = {"10min",    "hour",  "day",
                                           "hydroday", "month", "hydroyear"};

bool grid_find(const char *name, enum grid *g)
{
    for (int k = 0; k < GRIDS; k++) {
        if (strcmp(grid_names[k], name) == 0) {
            *g = (enum grid)k;
            return true;
        }
    }
    return false;
}

static struct period of_length(int64_t time_us, int64_t length_us)
{
    int64_t rest = time_us % length_us;
    int64_t from_us = time_us - rest - (rest < 0 ? length_us : 0);
    return (struct period){from_us, from_us + length_us};
}

static struct period shifted(struct period p, int64_t by_us)
{
    return (struct period){p.from_us + by_us, p.to_us + by_us};
}

static struct period month_of(int64_t time_us)
{
    struct clock_date d = clock_date_of(time_us);
    bool last = d.month == 12;
    return (struct period){
        clock_of_date((struct clock_date){d.year, d.month, 1}),
        clock_of_date((struct clock_date){d.year + last, last ? 1 : d.month + 1, 1})};
}

static struct period hydroyear_of(int64_t time_us)
{
    struct clock_date d = clock_date_of(time_us);
    int year = d.month >= 11 ? d.year : d.year - 1;
    return (struct period){clock_of_date((struct clock_date){year, 11, 1}),
                           clock_of_date((struct clock_date){year + 1, 11, 1})};
}

struct period grid_hydromonth(int64_t time_us)
{
    return shifted(month_of(time_us + MEZ_US), -MEZ_US);
}

struct period grid_period(enum grid g, int64_t time_us)
{
    switch (g) {
    case GRID_10MIN:
        return of_length(time_us, HOUR_US / 6);
    case GRID_HOUR:
        return of_length(time_us, HOUR_US);
    case GRID_HYDRODAY:
        return shifted(of_length(time_us + MEZ_US, CLOCK_US_PER_DAY), -MEZ_US);
    case GRID_MONTH:
        return month_of(time_us);
    case GRID_HYDROYEAR:
        return shifted(hydroyear_of(time_us + MEZ_US), -MEZ_US);
    default:
        return of_length(time_us, CLOCK_US_PER_DAY);
    }
}
