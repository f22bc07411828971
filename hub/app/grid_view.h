/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_GRID_VIEW_H
#define APP_GRID_VIEW_H

/* What the sub-verbs of kogge grids share: station, parameter and window as typed, the
 * series that are meant, and their samples from the store. Threads: main. */

#include "app/grid_series.h"
#include "app/report.h"
#include "grid/grid.h"
#include "grid/stretch.h"

struct grid_view {
    struct report report;
    struct configuration *configuration;
    const struct parameter *parameter;
    const struct station *station;
    struct period window; /* --from and --to; CLOCK_NONE: open */
    int64_t now_us;
    json_t *series; /* what each series says, for report_json */

    /* of the series at work */
    int32_t id;
    struct series_key key;
    struct grid_rule rule; /* newest_us is set */
    struct grid_sample *samples;
    size_t count, size;
};

/* Opens it, calls each for every series of the station and parameter that the options
 * leave, prints the JSON if that is asked for (as a list named name) and closes it. each
 * answers for its series; row is its object there: the names stand in it. */
int grid_view_run(const struct invocation *i, const char *name,
                  int (*each)(struct grid_view *v, json_t *row));

/* Takes the samples of [from, to) of the series at work into v->samples. ERR_FULL: more
 * than 2^27. */
MUST_USE enum err grid_view_load(struct grid_view *v, struct period p);

/* Those samples as a stretch, with their median interval. */
MUST_USE enum err grid_view_stretch(const struct grid_view *v, struct grid_stretch *out);

/* Puts the samples of [from, to) on grids and calls cell for each cell; no months and
 * years. */
MUST_USE enum err grid_view_cells(struct grid_view *v, struct period p, void *arg,
                                  void (*cell)(void *arg, const struct grid_cell *c));

/* "3.25"; "-" for NAN. Borrowed until the eighth call after. */
const char *grid_view_number(double value);

/* Says the failure of a read. */
int grid_view_fail(const struct grid_view *v, enum err e);

#endif
