/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/grid_trial.h"

#include "base/clock.h"
#include "base/number.h"
#include "support/assert_close.h"

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OK(call) assert_int_equal((call), ERR_OK)

/* --- vectors --- */

static void compare(const struct grid_cell *c, char *pair, const char *line)
{
    char *wanted = strchr(pair, '=');
    double number = (double)NAN;
    assert_non_null(wanted);
    *wanted++ = '\0';
    double got = grid_trial_number(c, pair);
    if (strstr(pair, "_time") != NULL) {
        number = (double)grid_trial_time(wanted);
    } else if (strcmp(wanted, "null") != 0) {
        assert_true(number_parse(wanted, &number));
    }
    if (strcmp(pair, "direction") == 0 && got > 359) {
        got -= 360; /* 359.9999... is next to 0 */
    }
    double tolerance = 1e-10 * fmax(1, fabs(number));
    if (isnan(got) != isnan(number) || fabs(got - number) > tolerance) {
        fail_msg("%s: %s is %.12g", line, pair, got);
    }
}

static void judge(const struct grid_trial *t, char *line)
{
    char whole[512];
    char *rest = NULL;
    enum grid g = GRID_DAY;
    snprintf(whole, sizeof whole, "%s", line);
    strtok_r(line, " ", &rest);
    assert_true(grid_find(strtok_r(NULL, " ", &rest), &g));
    const struct grid_cell *c =
        grid_trial_find(t, g, grid_trial_time(strtok_r(NULL, " ", &rest)));
    if (whole[0] == '!') {
        assert_null(c);
        return;
    }
    if (c == NULL) {
        fail_msg("%s: no such cell", whole);
        return;
    }
    for (char *p; (p = strtok_r(NULL, " ", &rest)) != NULL;) {
        compare(c, p, whole);
    }
}

static double number_in(const char *text)
{
    double number = 0;
    assert_true(text == NULL || number_parse(text, &number));
    return number;
}

/* "s TIME VALUE FLAG", "r TIME STEP_S COUNT VALUE FLAG" */
static void read_samples(struct grid_trial *t, char *rest, bool repeated)
{
    int64_t time_us = grid_trial_time(strtok_r(NULL, " ", &rest));
    double step_s = repeated ? number_in(strtok_r(NULL, " ", &rest)) : 0;
    int count = repeated ? (int)number_in(strtok_r(NULL, " ", &rest)) : 1;
    const char *value = strtok_r(NULL, " ", &rest);
    int flag = (int)number_in(strtok_r(NULL, " ", &rest));
    for (int k = 0; k < count; k++) {
        grid_trial_put(t, time_us + (int64_t)(k * step_s) * CLOCK_US_PER_S, value, flag);
    }
}

/* "rule NAME INTERVAL_S [LIMIT]" */
static void read_rule(struct grid_trial *t, char *rest)
{
    const char *name = strtok_r(NULL, " ", &rest);
    double interval_s = number_in(strtok_r(NULL, " ", &rest));
    grid_trial_begin(t, name, interval_s, number_in(strtok_r(NULL, " ", &rest)));
}

static void read_line(struct grid_trial *t, char *line)
{
    char *rest = NULL;
    if (line[0] == '=' || line[0] == '!') {
        if (t->cell_count == 0) {
            grid_trial_run(t);
        }
        judge(t, line);
        return;
    }
    const char *word = strtok_r(line, " ", &rest);
    if (word == NULL || word[0] == '#') {
        return;
    }
    if (strcmp(word, "rule") == 0) {
        read_rule(t, rest);
        return;
    }
    assert_true(strcmp(word, "s") == 0 || strcmp(word, "r") == 0);
    read_samples(t, rest, word[0] == 'r');
}

static void test_grid_gives_what_was_computed_by_hand(void **state)
{
    glob_t files;
    assert_int_equal(glob(TEST_VECTORS "/grid/*.grid", 0, NULL, &files), 0);
    assert_true(files.gl_pathc >= 7);
    for (size_t k = 0; k < files.gl_pathc; k++) {
        char line[512];
        FILE *f = fopen(files.gl_pathv[k], "re");
        assert_non_null(f);
        while (fgets(line, sizeof line, f) != NULL) {
            line[strcspn(line, "\n")] = '\0';
            read_line(*state, line);
        }
        fclose(f);
    }
    globfree(&files);
}

/* --- bounds --- */

static void test_grid_period_holds_its_start_and_not_its_end(void **state)
{
    (void)state;
    static const struct {
        enum grid grid;
        const char *time, *from, *to;
    } cases[] = {
        {GRID_10MIN, "2026-05-01T00:10:00Z", "2026-05-01T00:10:00Z",
         "2026-05-01T00:20:00Z"},
        {GRID_10MIN, "1969-12-31T23:59:59.999999Z", "1969-12-31T23:50:00Z",
         "1970-01-01T00:00:00Z"},
        {GRID_HOUR, "2026-05-01T00:59:59.999999Z", "2026-05-01T00:00:00Z",
         "2026-05-01T01:00:00Z"},
        {GRID_DAY, "2026-05-01T23:00:00Z", "2026-05-01T00:00:00Z",
         "2026-05-02T00:00:00Z"},
        {GRID_HYDRODAY, "2026-05-01T23:00:00Z", "2026-05-01T23:00:00Z",
         "2026-05-02T23:00:00Z"},
        {GRID_HYDRODAY, "2026-12-31T22:59:59.999999Z", "2026-12-30T23:00:00Z",
         "2026-12-31T23:00:00Z"},
        {GRID_MONTH, "2024-02-29T12:00:00Z", "2024-02-01T00:00:00Z",
         "2024-03-01T00:00:00Z"},
        {GRID_MONTH, "2024-12-31T23:30:00Z", "2024-12-01T00:00:00Z",
         "2025-01-01T00:00:00Z"},
        {GRID_HYDROYEAR, "2025-10-31T22:59:59.999999Z", "2024-10-31T23:00:00Z",
         "2025-10-31T23:00:00Z"},
        {GRID_HYDROYEAR, "2025-10-31T23:00:00Z", "2025-10-31T23:00:00Z",
         "2026-10-31T23:00:00Z"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct period p = grid_period(cases[k].grid, grid_trial_time(cases[k].time));
        assert_int_equal(p.from_us, grid_trial_time(cases[k].from));
        assert_int_equal(p.to_us, grid_trial_time(cases[k].to));
    }
}

/* --- against a plain program --- */

static bool is_good(const struct grid_trial *t, size_t k)
{
    const struct grid_sample *s = &t->samples[k];
    return s->flag == QUALITY_GOOD ||
           (s->flag == QUALITY_NOT_EVALUATED && k + 1 == t->count);
}

/* n, extremes and the sum of c, by a look at every sample. */
static void judge_counts(const struct grid_trial *t, const struct grid_cell *c)
{
    int64_t n = 0;
    int64_t all = 0;
    double low = HUGE_VAL;
    double high = -HUGE_VAL;
    double sum = 0;
    for (size_t k = 0; k < t->count; k++) {
        const struct grid_sample *s = &t->samples[k];
        if (s->time_us < c->period.from_us || s->time_us >= c->period.to_us) {
            continue;
        }
        all++;
        if (is_good(t, k)) {
            n++;
            sum += s->value;
            low = fmin(low, s->value);
            high = fmax(high, s->value);
        }
    }
    assert_true(all > 0);
    assert_int_equal(c->n, n);
    assert_int_equal(c->n + c->suspect + c->fail + c->missing + c->not_evaluated, all);
    if (t->rule.aggregate != AGGREGATE_DIRECTION && n > 0) {
        assert_close(c->min.value, low, 0);
        assert_close(c->max.value, high, 0);
    }
    if (t->rule.aggregate == AGGREGATE_MEAN && c->valid) {
        assert_close(c->value, sum / (double)n, 1e-9);
    }
    if (t->rule.aggregate == AGGREGATE_SUM && c->valid) {
        assert_close(c->value, sum, 1e-6);
    }
}

static void judge_shape(const struct grid_trial *t, const struct grid_cell *c)
{
    struct period p = grid_period(c->grid, c->period.from_us);
    double coverage = grid_coverage(c);
    assert_int_equal(p.from_us, c->period.from_us);
    assert_int_equal(p.to_us, c->period.to_us);
    assert_true(isnan(coverage) || (coverage >= 0 && coverage <= 1));
    if (c->grid == GRID_HOUR || c->grid == GRID_10MIN) {
        assert_int_equal(c->valid, coverage >= 0.75);
    } else if (c->parts_expected == 24 && c->expected >= 24) {
        assert_int_equal(c->valid, c->parts >= 18);
    }
    if (t->rule.aggregate != AGGREGATE_DIRECTION) {
        assert_int_equal(!isnan(c->value), c->valid);
    }
}

/* Every sample has its cell on every grid, and no cell is without one. */
static void judge_cells(const struct grid_trial *t)
{
    for (size_t k = 0; k < t->cell_count; k++) {
        judge_shape(t, &t->cells[k]);
        if (t->cells[k].grid >= GRID_DAY || grid_trial_random(8) == 0) {
            judge_counts(t, &t->cells[k]);
        }
    }
    int64_t sums[GRIDS] = {0};
    for (size_t k = 0; k < t->cell_count; k++) {
        const struct grid_cell *c = &t->cells[k];
        sums[c->grid] += c->n + c->suspect + c->fail + c->missing + c->not_evaluated;
    }
    for (int g = 0; g < GRIDS; g++) {
        assert_int_equal(sums[g], (int64_t)t->count);
    }
}

static void test_grid_counts_as_a_plain_program(void **state)
{
    struct grid_trial *t = *state;
    for (int round = 0; round < 40; round++) {
        grid_trial_series(t);
        judge_cells(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_grid_gives_what_was_computed_by_hand,
                                        grid_trial_set_up, grid_trial_tear_down),
        cmocka_unit_test(test_grid_period_holds_its_start_and_not_its_end),
        cmocka_unit_test_setup_teardown(test_grid_counts_as_a_plain_program,
                                        grid_trial_set_up, grid_trial_tear_down),
    };
    return cmocka_run_group_tests(tests, grid_trial_seed, NULL);
}
