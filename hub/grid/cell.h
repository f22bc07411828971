/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef GRID_CELL_H
#define GRID_CELL_H

/* One value of a grid, made of samples or, for month and hydrological year, of days.
 *
 * Good is a sample that is finite and flagged 1, and the newest of its series also with
 * 2: its tests wait for the next one. All others are counted and nothing else. A cell is
 * made of all good samples of its period, and its minimum and maximum too; it has a value
 * only if there were enough of them (valid). Nothing is filled in.
 *
 * Enough, by science (docs/grids.md has the sources): 10 minutes and an hour, 75 % of the
 * expected samples; a day, 18 valid hours; a month, not more than 5 days void and not
 * more than 3 of them in a row; a hydrological year, twelve such months (of MEZ). A
 * series that is sampled more seldom than its cell's parts: 75 % of the samples.
 *
 * Threads: any. */

#include "base/err.h"
#include "grid/period.h"
#include "model/parameter.h"
#include "model/quality.h"

#include <stddef.h>

struct grid_sample {
    int64_t time_us;
    double value; /* NAN: missing */
    enum quality flag;
};

/* From then on readings are expected every interval_s. */
struct grid_step {
    int64_t from_us;
    double interval_s; /* NAN: not known */
};

/* How a series is put on grids. */
struct grid_rule {
    enum aggregate aggregate;
    double detection_limit;        /* as in struct parameter */
    const struct grid_step *steps; /* sorted by time; the first holds before it, too */
    size_t step_count;             /* none: not known */
    int64_t newest_us;             /* time of the newest sample; CLOCK_NONE: none */
};

struct grid_extreme {
    double value; /* NAN: none */
    int64_t time_us;
};

struct grid_cell {
    struct period period;
    double value;    /* the parameter's mean; NAN: not valid, or no direction prevails */
    double median;   /* of a month or year: of the medians of its valid days */
    double p90, p95; /* AGGREGATE_LOG10 with n > 1; else NAN */
    struct grid_extreme min, max; /* not of directions */
    int64_t n;                    /* good samples */
    int64_t suspect, fail, missing, not_evaluated;
    double expected; /* samples, not rounded; 0: not known */
    /* What a larger cell needs of a day: sum; sums of cosines and sines; mean of the
     * logarithms and sum of their squared deviations. */
    double a, b;
    enum grid grid;
    int parts, parts_expected; /* valid hours or days; 0: a cell without parts */
    bool from_median; /* expected, at least in part, by the median interval of a day */
    bool valid;
};

/* Samples expected, whole, at least 1; 0: not known. */
int64_t grid_expected(const struct grid_cell *c);

/* n / expected, at most 1; NAN: not known. */
double grid_coverage(const struct grid_cell *c);

/* Counts samples (count of them, in order of time) into out, whose grid, period, expected
 * and parts the caller has set; room holds count doubles. Not settled yet. */
void grid_cell_count(const struct grid_rule *r, const struct grid_sample *samples,
                     size_t count, double *room, struct grid_cell *out);

/* Sets valid and, if it is, value and percentiles; takes the median back if it isn't. */
void grid_cell_settle(const struct grid_rule *r, struct grid_cell *c, bool valid);

/* At least 75 % of what is expected. */
bool grid_cell_is_covered(const struct grid_cell *c);

/* The month or hydrological year p of days (UTC days, hydrological days; in order, each
 * at most once), count of them, all in p; room holds count doubles. */
void grid_cell_merge(const struct grid_rule *r, enum grid g, const struct grid_cell *days,
                     size_t count, double *room, struct grid_cell *out);

#endif
