/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_GRID_TRIAL_H
#define SUPPORT_GRID_TRIAL_H

/* A series and its cells on all grids, for tests of grid. A failure ends the test. */

#include "grid/grid.h"

enum { GRID_TRIAL_SAMPLES = 20000, GRID_TRIAL_CELLS = 60000 };

struct grid_trial {
    struct grid_rule rule;
    struct grid_step step;
    struct grid_sample samples[GRID_TRIAL_SAMPLES];
    size_t count;
    struct grid_cell *cells;
    size_t cell_count;
};

int grid_trial_set_up(void **state); /* for cmocka; *state is a struct grid_trial */
int grid_trial_tear_down(void **state);

/* A number below below; seeded by KOGGE_SEED, which grid_trial_seed prints. */
int grid_trial_seed(void **state);
uint64_t grid_trial_random(uint64_t below);

int64_t grid_trial_time(const char *text);

/* Empty, by the rule of that name; interval_s 0: not configured. */
void grid_trial_begin(struct grid_trial *t, const char *name, double interval_s,
                      double limit);
void grid_trial_put(struct grid_trial *t, int64_t time_us, const char *value, int flag);

/* Some weeks with gaps, wild intervals and all flags, by any rule; it ran already. */
void grid_trial_series(struct grid_trial *t);

/* Makes all cells. */
void grid_trial_run(struct grid_trial *t);

/* The cell that begins then; NULL: none. */
const struct grid_cell *grid_trial_find(const struct grid_trial *t, enum grid g,
                                        int64_t from_us);

/* What a cell says under that name. */
double grid_trial_number(const struct grid_cell *c, const char *name);

#endif
