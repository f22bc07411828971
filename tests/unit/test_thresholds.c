/* SPDX-License-Identifier: EUPL-1.2 */
/* Thresholds out of a series, by numbers that can be worked out by hand. */
#include "quality/thresholds.h"
#include "support/assert_close.h"

#include <math.h>
#include <stdlib.h>

enum { COUNT = 1001 };

static void test_quantiles_lie_between_neighbours(void **state)
{
    (void)state;
    static const double sorted[] = {1, 2, 4, 8};
    assert_close(thresholds_quantile(sorted, 4, 0), 1, 0);
    assert_close(thresholds_quantile(sorted, 4, 0.25), 1.75, 1e-15); /* place 0.75 */
    assert_close(thresholds_quantile(sorted, 4, 0.5), 3, 1e-15);
    assert_close(thresholds_quantile(sorted, 4, 0.99), 7.88, 1e-14); /* place 2.97 */
    assert_close(thresholds_quantile(sorted, 4, 1), 8, 0);
    assert_close(thresholds_quantile(sorted, 1, 0.99), 1, 0);
}

/* 0 to 1000 in another order: the quartiles are 250 and 750. */
static void fill(double values[COUNT], double distances[COUNT])
{
    for (size_t k = 0; k < COUNT; k++) {
        values[k] = (double)(k * 8 % COUNT);
        distances[k] = (double)(k * 10 % COUNT);
    }
}

static void test_thresholds_are_fences_and_one_in_a_hundred(void **state)
{
    (void)state;
    double values[COUNT], distances[COUNT];
    struct running_median_settings found = {.min_obs = 48};
    fill(values, distances);
    assert_int_equal(thresholds_find(values, COUNT, distances, COUNT, &found), ERR_OK);
    assert_close(found.suspect_span.low, -500, 1e-12);
    assert_close(found.suspect_span.high, 1500, 1e-12);
    assert_close(found.suspect_threshold, 990, 1e-12);
    assert_close(found.fail_threshold, 999, 1e-12);
    assert_close(found.test_period, 86400, 0);
    assert_close(found.min_obs, 48, 0);
}

static void test_what_would_be_0_is_not_set(void **state)
{
    (void)state;
    double values[COUNT], distances[COUNT] = {0};
    struct running_median_settings found;
    for (size_t k = 0; k < COUNT; k++) {
        values[k] = 5;
    }
    distances[3] = distances[500] = 2;
    assert_int_equal(thresholds_find(values, COUNT, distances, COUNT, &found), ERR_OK);
    assert_false(span_is_set(&found.suspect_span));
    assert_true(isnan(found.suspect_threshold));
    assert_close(found.fail_threshold, 2, 0);
}

static void test_thresholds_are_not_made_of_too_little(void **state)
{
    (void)state;
    double values[COUNT], distances[COUNT];
    struct running_median_settings found = {.min_obs = 7, .test_period = 7};
    fill(values, distances);
    assert_int_equal(thresholds_find(values, COUNT, distances, 999, &found), ERR_RANGE);
    for (size_t k = 0; k < COUNT; k++) {
        values[k] = distances[k] = 0;
    }
    assert_int_equal(thresholds_find(values, COUNT, distances, COUNT, &found), ERR_RANGE);
    for (size_t k = 0; k < COUNT; k++) { /* fences beyond what a double holds */
        values[k] = k % 2 == 0 ? 1.7e308 : -1.7e308;
        distances[k] = 1;
    }
    assert_int_equal(thresholds_find(values, COUNT, distances, COUNT, &found), ERR_RANGE);
    assert_close(found.test_period, 7, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles_lie_between_neighbours),
        cmocka_unit_test(test_thresholds_are_fences_and_one_in_a_hundred),
        cmocka_unit_test(test_what_would_be_0_is_not_set),
        cmocka_unit_test(test_thresholds_are_not_made_of_too_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
