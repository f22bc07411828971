/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/grid_trial.h"

#include "base/clock.h"
#include "base/number.h"
#include "support/assert_close.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OK(call) assert_int_equal((call), ERR_OK)

int64_t grid_trial_time(const char *text)
{
    int64_t us = 0;
    OK(clock_parse_rfc3339(text, &us));
    return us;
}

static void take_cell(void *arg, const struct grid_cell *c)
{
    struct grid_trial *t = arg;
    assert_in_range(t->cell_count, 0, GRID_TRIAL_CELLS - 1);
    t->cells[t->cell_count++] = *c;
}

static void merge_days(struct grid_trial *t, enum grid g)
{
    struct grid_cell *days = calloc(t->cell_count + 1, sizeof *days);
    size_t n = 0;
    assert_non_null(days);
    for (size_t k = 0; k < t->cell_count; k++) {
        if (t->cells[k].grid == g) {
            days[n++] = t->cells[k];
        }
    }
    OK(grid_merge(&t->rule, days, n, t, take_cell));
    free(days);
}

void grid_trial_run(struct grid_trial *t)
{
    t->rule.newest_us = t->count > 0 ? t->samples[t->count - 1].time_us : CLOCK_NONE;
    t->cell_count = 0;
    struct grid_builder *g = grid_open(&t->rule, t, take_cell);
    assert_non_null(g);
    for (size_t k = 0; k < t->count; k++) {
        OK(grid_put(g, &t->samples[k]));
    }
    OK(grid_finish(g));
    grid_close(g);
    merge_days(t, GRID_DAY);
    merge_days(t, GRID_HYDRODAY);
}

const struct grid_cell *grid_trial_find(const struct grid_trial *t, enum grid g,
                                        int64_t from_us)
{
    for (size_t k = 0; k < t->cell_count; k++) {
        if (t->cells[k].grid == g && t->cells[k].period.from_us == from_us) {
            return &t->cells[k];
        }
    }
    return NULL;
}

int grid_trial_set_up(void **state)
{
    struct grid_trial *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->cells = calloc(GRID_TRIAL_CELLS, sizeof *t->cells);
    assert_non_null(t->cells);
    *state = t;
    return 0;
}

int grid_trial_tear_down(void **state)
{
    struct grid_trial *t = *state;
    free(t->cells);
    free(t);
    return 0;
}

double grid_trial_number(const struct grid_cell *c, const char *name)
{
    const struct {
        const char *name;
        double value;
    } all[] = {{"value", c->value},
               {"direction", c->value},
               {"median", c->median},
               {"p90", c->p90},
               {"p95", c->p95},
               {"min", c->min.value},
               {"max", c->max.value},
               {"min_time", (double)c->min.time_us},
               {"max_time", (double)c->max.time_us},
               {"n", (double)c->n},
               {"expected", (double)grid_expected(c)},
               {"coverage", grid_coverage(c)},
               {"suspect", (double)c->suspect},
               {"fail", (double)c->fail},
               {"missing", (double)c->missing},
               {"not_evaluated", (double)c->not_evaluated},
               {"parts", c->parts},
               {"from_median", c->from_median}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        if (strcmp(all[k].name, name) == 0) {
            return all[k].value;
        }
    }
    fail_msg("a vector names %s", name);
    return 0;
}

void grid_trial_put(struct grid_trial *t, int64_t time_us, const char *value, int flag)
{
    double number = (double)NAN;
    if (strcmp(value, "missing") != 0) {
        assert_true(number_parse(value, &number));
    }
    t->samples[t->count++] = (struct grid_sample){time_us, number, (enum quality)flag};
}

void grid_trial_begin(struct grid_trial *t, const char *name, double interval_s,
                      double limit)
{
    *t = (struct grid_trial){.cells = t->cells};
    while (strcmp(aggregate_text(t->rule.aggregate), name) != 0) {
        t->rule.aggregate++;
    }
    t->step = (struct grid_step){CLOCK_NONE, interval_s};
    t->rule.steps = &t->step;
    t->rule.step_count = interval_s > 0;
    t->rule.detection_limit = limit;
}

static uint64_t random_state;

uint64_t grid_trial_random(uint64_t below)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (random_state >> 33) % below;
}

int grid_trial_seed(void **state)
{
    (void)state;
    const char *given = getenv("KOGGE_SEED");
    random_state = given != NULL ? strtoull(given, NULL, 10) : 20261130;
    printf("KOGGE_SEED=%llu\n", (unsigned long long)random_state);
    return 0;
}

/* Some weeks with gaps, wild intervals, all flags. */
void grid_trial_series(struct grid_trial *t)
{
    static const enum quality flags[] = {
        QUALITY_GOOD,          QUALITY_GOOD,    QUALITY_GOOD, QUALITY_GOOD,
        QUALITY_GOOD,          QUALITY_GOOD,    QUALITY_GOOD, QUALITY_GOOD,
        QUALITY_NOT_EVALUATED, QUALITY_SUSPECT, QUALITY_FAIL, QUALITY_MISSING};
    static const int64_t steps_s[] = {300, 600, 1800, 7200};
    int64_t step_us = steps_s[grid_trial_random(4)] * CLOCK_US_PER_S;
    bool clean = grid_trial_random(2) == 0;
    bool configured = grid_trial_random(2) == 0;
    grid_trial_begin(t, aggregate_text((enum aggregate)grid_trial_random(5)),
                     configured ? (double)step_us / 1e6 : 0, 1);
    int64_t us = grid_trial_time("2026-01-15T00:00:00Z") +
                 (int64_t)grid_trial_random(86400) * CLOCK_US_PER_S;
    size_t count = 1 + grid_trial_random(4000);
    for (size_t k = 0; k < count; k++) {
        enum quality q = clean && grid_trial_random(50) > 0
                             ? QUALITY_GOOD
                             : flags[grid_trial_random(12)];
        double value =
            q == QUALITY_MISSING ? (double)NAN : (double)grid_trial_random(3600) / 10;
        t->samples[t->count++] = (struct grid_sample){us, value, q};
        us += step_us;
        us += grid_trial_random(20) == 0 ? (int64_t)grid_trial_random(900000000) + 1 : 0;
        us += grid_trial_random(700) == 0
                  ? (int64_t)grid_trial_random(9) * CLOCK_US_PER_DAY
                  : 0;
    }
    grid_trial_run(t);
}
