/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef GRID_GRID_H
#define GRID_GRID_H

/* Puts one series on the grids of 10 minutes, hours, days and hydrological days: samples
 * in, cells out. A cell is given where there is a sample of any flag; a period without
 * one has no cell. Cells of one grid come in order of time. Months and hydrological years
 * are made of days afterwards.
 *
 * Expected samples: each hour has an interval, the configured one at its start (steps of
 * the rule), else the median of the intervals between the samples of its UTC day (3
 * samples at least, of any flag), else none. A day's expectation is the sum over its
 * hours; hours whose interval isn't known count as the others of the day.
 *
 * Needs the samples of a day and an hour at once: 24 bytes each. Threads: one owner. */

#include "grid/cell.h"

struct grid_builder; /* opaque */

/* rule and what it points to outlive it. cell is called during put and finish; c is
 * borrowed for the call. NULL: no memory. */
struct grid_builder *grid_open(const struct grid_rule *rule, void *arg,
                               void (*cell)(void *arg, const struct grid_cell *c));
void grid_close(struct grid_builder *g); /* g may be NULL */

/* Times rise strictly. ERR_MEMORY; ERR_FULL: over 2^24 samples a day. */
MUST_USE enum err grid_put(struct grid_builder *g, const struct grid_sample *s);

/* Gives the cells of what was put last; then another series may follow. */
MUST_USE enum err grid_finish(struct grid_builder *g);

/* Makes months of UTC days, or hydrological years of hydrological days: days in order,
 * count of them; calls cell for each. ERR_MEMORY */
MUST_USE enum err grid_merge(const struct grid_rule *rule, const struct grid_cell *days,
                             size_t count, void *arg,
                             void (*cell)(void *arg, const struct grid_cell *c));

/* The configured interval at time_us; NAN: not known. */
double grid_interval_s(const struct grid_rule *rule, int64_t time_us);

/* The median interval of samples, of any flag, in order; NAN: fewer than 3 of them.
 * ERR_MEMORY */
MUST_USE enum err grid_median_interval_s(const struct grid_sample *samples, size_t count,
                                         double *interval_s);

#endif
