/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/clock.h"
#include "quality/checks/gross_range.h"
#include "quality/quality.h"
#include "support/assert_close.h"
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct period always = {INT64_MIN, INT64_MAX};

static struct check_input input(const struct parameter *p, const struct station *s,
                                double value)
{
    return (struct check_input){
        .parameter = p, .station = s, .time_us = 1000, .value = value};
}

/* The flag of one value alone. */
static enum quality judge(const struct gross_range_settings *g, double value)
{
    const int64_t time_us = 0;
    const struct stretch s = {.time_us = &time_us, .value = &value, .count = 1};
    return gross_range_judge(g, QUALITY_HUB, &s, 0);
}

/* Index of the gross range test in the list of names. */
static size_t gross_range_index(void)
{
    size_t count = 0;
    const char *const *names = quality_test_names(&count);
    for (size_t i = QUALITY_TEST_FIRST_CHECK; i < count; i++) {
        if (strcmp(names[i], "gross_range_test") == 0) {
            return i;
        }
    }
    fail_msg("no gross_range_test in the list");
    return 0;
}

static enum quality gross_range(const struct parameter *p, const struct station *s,
                                double value)
{
    struct check_input in = input(p, s, value);
    return quality_judge_range(&in);
}

static void test_names_begin_with_device_and_time(void **state)
{
    (void)state;
    size_t count = 0;
    const char *const *names = quality_test_names(&count);
    assert_in_range(count, 3, QUALITY_TESTS);
    assert_string_equal(names[QUALITY_TEST_DEVICE], "device");
    assert_string_equal(names[QUALITY_TEST_TIME], "time");
    for (size_t i = QUALITY_TEST_FIRST_CHECK; i < count; i++) {
        assert_string_equal(names[i], check_table[i - QUALITY_TEST_FIRST_CHECK]->name);
    }
    size_t again = 0;
    assert_ptr_equal(quality_test_names(&again), names);
    assert_int_equal(again, count);
}

static void test_gross_range_gives_the_vectors(void **state)
{
    (void)state;
    FILE *file = fopen(TEST_VECTORS "/quality/gross_range.tsv", "re");
    assert_non_null(file);
    char line[256], field[6][32];
    int rows = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#') {
            continue;
        }
        assert_int_equal(sscanf(line, "%31s %31s %31s %31s %31s %31s", field[0], field[1],
                                field[2], field[3], field[4], field[5]),
                         6);
        struct gross_range_settings r = {.suspect_span = SPAN_NONE};
        r.fail_span = (struct span){strtod(field[0], NULL), strtod(field[1], NULL)};
        if (strcmp(field[2], "-") != 0) {
            r.suspect_span =
                (struct span){strtod(field[2], NULL), strtod(field[3], NULL)};
        }
        assert_int_equal(judge(&r, strtod(field[4], NULL)), strtol(field[5], NULL, 10));
        rows++;
    }
    fclose(file);
    assert_in_range(rows, 10, 1000);
}

static void test_flags_never_improve_with_worse_data(void **state)
{
    (void)state;
    static const int badness[10] = {
        [QUALITY_GOOD] = 1, [QUALITY_SUSPECT] = 2, [QUALITY_FAIL] = 3};
    uint64_t random = 88172645463325252ULL;
    for (int i = 0; i < 2000; i++) {
        double edge[4];
        for (size_t k = 0; k < 4; k++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            edge[k] = (double)(random % 200) / 4;
        }
        struct gross_range_settings r;
        r.suspect_span = (struct span){-edge[0], edge[1]};
        r.fail_span = (struct span){-edge[0] - edge[2], edge[1] + edge[3]};
        for (int direction = -1; direction <= 1; direction += 2) {
            int worst = 0;
            for (int quarter = 0; quarter < 600; quarter++) {
                double value = direction * quarter / 4.0;
                int now = badness[judge(&r, value)];
                assert_true(now >= worst && now > 0);
                worst = now;
            }
            assert_int_equal(worst, 3);
        }
    }
}

static struct test_settings range_row(const struct gross_range_settings *range)
{
    return (struct test_settings){
        .test = "gross_range_test", .settings = range, .months = TEST_MONTHS};
}

static void test_a_parameter_without_range_is_not_judged(void **state)
{
    (void)state;
    const struct parameter p = {.id = "secchi", .unit = "m"};
    assert_int_equal(gross_range(&p, NULL, 3), QUALITY_NONE);
    assert_int_equal(gross_range(&p, NULL, (double)NAN), QUALITY_MISSING);
}

static void test_a_station_overrides_the_range(void **state)
{
    (void)state;
    const struct gross_range_settings wide = {{-5, 40}, {0, 30}};
    const struct gross_range_settings narrow = {{-1, 35}, {1, 20}};
    const struct test_settings of_wide = range_row(&wide), of_narrow = range_row(&narrow);
    const struct parameter p = {.id = "water_temperature", .tests = {&of_wide, 1}};
    const struct parameter q = {.id = "air_temperature", .tests = {&of_wide, 1}};
    const struct station_tests o = {&p, {&of_narrow, 1}};
    const struct station s = {.tests = &o, .tests_count = 1};
    assert_int_equal(gross_range(&p, NULL, 25), QUALITY_GOOD);
    assert_int_equal(gross_range(&p, &s, 25), QUALITY_SUSPECT);
    assert_int_equal(gross_range(&p, &s, 36), QUALITY_FAIL);
    assert_int_equal(gross_range(&q, &s, 25), QUALITY_GOOD);
}

static void test_settings_hold_for_a_water_and_its_months(void **state)
{
    (void)state;
    const struct gross_range_settings all = {{0, 30}, SPAN_NONE};
    const struct gross_range_settings river = {{0, 20}, SPAN_NONE};
    const struct gross_range_settings winter = {{0, 10}, SPAN_NONE};
    struct test_settings rows[] = {range_row(&all), range_row(&river),
                                   range_row(&winter)};
    rows[1].water_type = "river";
    rows[2].water_type = "river";
    rows[2].months = 1U << 11 | 1U; /* December and January */
    const struct parameter p = {.id = "water_temperature", .tests = {rows, 3}};
    const struct station lake = {.water_type = "lake"}, trave = {.water_type = "river"};
    struct check_input in = input(&p, &trave, 15);
    in.time_us = clock_of_date((struct clock_date){2026, 1, 31});
    assert_int_equal(quality_judge_range(&in), QUALITY_FAIL);
    in.time_us = clock_of_date((struct clock_date){2026, 2, 1});
    assert_int_equal(quality_judge_range(&in), QUALITY_GOOD);
    in.value = 25;
    assert_int_equal(quality_judge_range(&in), QUALITY_FAIL);
    in.station = &lake;
    assert_int_equal(quality_judge_range(&in), QUALITY_GOOD);
    rows[1].settings = NULL; /* null in the file: it does not run there */
    in.station = &trave;
    assert_int_equal(quality_judge_range(&in), QUALITY_NONE);
}

static const struct gross_range_settings of_level = {{-3, 3}, {-1.5, 1.25}};
static const struct test_settings level_row = {
    .test = "gross_range_test", .settings = &of_level, .months = TEST_MONTHS};
static const struct parameter water_level = {
    .id = "water_level", .relative = true, .tests = {&level_row, 1}};
static const struct parameter gauge_level = {
    .id = "gauge_level", .relative = true, .tests = {&level_row, 1}};

static void test_ranges_of_levels_are_relative_to_mean_water(void **state)
{
    (void)state;
    const struct reference_level lake = {
        .period = always, .value_m = 37.75, .datum = REFERENCE_NHN};
    struct station s = {.reference_level = &lake, .reference_level_count = 1};
    assert_int_equal(gross_range(&water_level, &s, 38), QUALITY_GOOD);
    assert_int_equal(gross_range(&water_level, &s, 39), QUALITY_GOOD);
    assert_int_equal(gross_range(&water_level, &s, 39.5), QUALITY_SUSPECT);
    assert_int_equal(gross_range(&water_level, &s, 0), QUALITY_FAIL);
    assert_int_equal(gross_range(&gauge_level, &s, 1), QUALITY_NOT_EVALUATED);
    const struct gauge_zero zero = {.period = always, .m_nhn = 37};
    s.gauge_zero = &zero;
    s.gauge_zero_count = 1;
    assert_int_equal(gross_range(&gauge_level, &s, 1), QUALITY_GOOD);
    assert_int_equal(gross_range(&gauge_level, &s, 2.25), QUALITY_SUSPECT);
    assert_int_equal(gross_range(&gauge_level, &s, 38), QUALITY_FAIL);
}

static void test_a_reference_serves_the_other_datum_by_the_zero_of_its_time(void **state)
{
    (void)state;
    const struct reference_level coast = {
        .period = always, .value_m = 5, .datum = REFERENCE_GAUGE_ZERO};
    const struct gauge_zero zero = {.period = {2000, INT64_MAX}, .m_nhn = -5};
    const struct station s = {.reference_level = &coast,
                              .reference_level_count = 1,
                              .gauge_zero = &zero,
                              .gauge_zero_count = 1};
    struct check_input in = input(&water_level, &s, 0.5);
    assert_int_equal(quality_judge_range(&in), QUALITY_NOT_EVALUATED);
    in.time_us = 2000;
    assert_int_equal(quality_judge_range(&in), QUALITY_GOOD);
    in.value = 5; /* above the zero, sent as NHN */
    assert_int_equal(quality_judge_range(&in), QUALITY_FAIL);
    in = input(&gauge_level, &s, 5.5);
    assert_int_equal(quality_judge_range(&in), QUALITY_GOOD);
}

static void test_levels_without_reference_are_not_evaluated(void **state)
{
    (void)state;
    const struct station s = {.station = "somewhere"};
    assert_int_equal(gross_range(&water_level, &s, 1e6), QUALITY_NOT_EVALUATED);
    assert_int_equal(gross_range(&water_level, NULL, 1), QUALITY_NOT_EVALUATED);
    assert_int_equal(gross_range(&water_level, &s, (double)NAN), QUALITY_MISSING);
}

static void test_judge_keeps_other_tests_and_uses_the_slots(void **state)
{
    (void)state;
    const struct gross_range_settings range = {{0, 14}, SPAN_NONE};
    const struct test_settings row = range_row(&range);
    const struct parameter p = {.id = "ph", .tests = {&row, 1}};
    struct quality_plan plan = {.count = gross_range_index() + 1};
    for (size_t i = 0; i < plan.count; i++) {
        plan.slots[i] = QUALITY_SLOT_MANUAL - 1 - (int)i; /* the first in the last slot */
    }
    int device = plan.slots[QUALITY_TEST_DEVICE];
    quality_tests t = quality_tests_new(TIME_SOURCE_ARRIVAL);
    t = quality_tests_set(t, device, QUALITY_SUSPECT);
    struct check_input in = input(&p, NULL, 15);
    t = quality_judge(&plan, &in, t);
    assert_int_equal(quality_tests_get(t, device), QUALITY_SUSPECT);
    assert_int_equal(quality_tests_get(t, plan.slots[QUALITY_TEST_TIME]), QUALITY_NONE);
    assert_int_equal(quality_tests_get(t, plan.slots[plan.count - 1]), QUALITY_FAIL);
    assert_int_equal(quality_tests_get(t, 0), QUALITY_NONE);
    assert_int_equal(quality_tests_time_source(t), TIME_SOURCE_ARRIVAL);
    assert_int_equal(quality_aggregate(t), QUALITY_FAIL);
}

static void test_a_missing_value_is_missing_whatever_other_tests_say(void **state)
{
    (void)state;
    const struct parameter p = {.id = "secchi"};
    struct quality_plan plan = {.count = gross_range_index() + 1};
    for (size_t i = 0; i < plan.count; i++) {
        plan.slots[i] = 4 + (int)i;
    }
    for (enum quality q = QUALITY_NONE; q <= QUALITY_FAIL; q++) {
        quality_tests t = quality_tests_set(0, 4, q);
        t = quality_tests_set(t, 5, QUALITY_SUSPECT);
        struct check_input in = input(&p, NULL, (double)NAN);
        t = quality_judge(&plan, &in, t);
        assert_int_equal(quality_aggregate(t), QUALITY_MISSING);
        assert_int_equal(quality_tests_get(t, 4) == QUALITY_NONE, q == QUALITY_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_begin_with_device_and_time),
        cmocka_unit_test(test_gross_range_gives_the_vectors),
        cmocka_unit_test(test_flags_never_improve_with_worse_data),
        cmocka_unit_test(test_a_parameter_without_range_is_not_judged),
        cmocka_unit_test(test_a_station_overrides_the_range),
        cmocka_unit_test(test_settings_hold_for_a_water_and_its_months),
        cmocka_unit_test(test_ranges_of_levels_are_relative_to_mean_water),
        cmocka_unit_test(test_a_reference_serves_the_other_datum_by_the_zero_of_its_time),
        cmocka_unit_test(test_levels_without_reference_are_not_evaluated),
        cmocka_unit_test(test_judge_keeps_other_tests_and_uses_the_slots),
        cmocka_unit_test(test_a_missing_value_is_missing_whatever_other_tests_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
