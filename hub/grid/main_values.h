/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef GRID_MAIN_VALUES_H
#define GRID_MAIN_VALUES_H

/* Hydrological main values, as the German yearbook (Deutsches Gewaesserkundliches
 * Jahrbuch, DGJ) makes them: a day is its mean over 00-24 MEZ, low values are the lowest
 * DAILY MEANS, high values are PEAKS of single samples. Peaks may be flagged suspect, as
 * storm surges are; then the value says so. Threads: one owner. */

#include "grid/cell.h"

struct main_values; /* opaque */

struct main_year {
    struct period period;    /* a hydrological year */
    int days, days_expected; /* valid days */
    bool whole;              /* by the rule of GRID_HYDROYEAR */
    double mw;               /* mean of the daily means; NAN: none */
    struct grid_extreme nw;  /* lowest daily mean; time: the day's start */
    struct grid_extreme hw;  /* highest sample */
    enum quality hw_flag;
};

/* Part of the days on which the daily mean was at least so high. */
struct main_exceedance {
    double share; /* (0, 1) */
    double value;
};

enum { MAIN_EXCEEDANCES = 11 };

struct main_summary {
    const struct main_year *years; /* with any sample, in order; borrowed */
    size_t year_count;
    int whole_years;
    double mw, mnw, mhw; /* of whole years: all days; yearly lows, highs. NAN: none */
    struct grid_extreme nw, hw; /* of all days and samples */
    enum quality hw_flag;
    int days, days_expected; /* of the years */
    struct main_exceedance
        exceedance[MAIN_EXCEEDANCES]; /* of all days; value NAN: none */
};

/* NULL: no memory. */
struct main_values *main_values_open(void);
void main_values_close(struct main_values *m); /* m may be NULL */

/* Samples of any flag and cells of hydrological days, each in order of time. ERR_MEMORY
 */
MUST_USE enum err main_values_put_sample(struct main_values *m,
                                         const struct grid_sample *s);
MUST_USE enum err main_values_put_day(struct main_values *m, const struct grid_cell *day);

/* out is borrowed until the next put or close. ERR_MEMORY */
MUST_USE enum err main_values_finish(struct main_values *m, struct main_summary *out);

#endif
