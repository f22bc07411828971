/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_GRID_UPDATE_H
#define APP_GRID_UPDATE_H

/* Makes the kept cells of one series anew from the store: all of them, or those that a
 * stretch of days touches. Both give the same bytes. Threads: one owner. */

#include "grid/cell.h"
#include "store/grids.h"
#include "store/store.h"

struct grid_update {
    struct store_reader *reader; /* no rows are open */
    struct grids *grids;         /* between begin and commit */
    int32_t series;
    struct grid_rule *rule;
};

/* All cells. *newest_us: time of the last observation; CLOCK_NONE: none. */
MUST_USE enum err grid_update_all(const struct grid_update *u, int64_t *newest_us);

/* The cells of the UTC days that p is made of, of the hydrological days, months and years
 * that they lie in. rule->newest_us is set. */
MUST_USE enum err grid_update_days(const struct grid_update *u, struct period p);

#endif
