/* SPDX-License-Identifier: EUPL-1.2 */
/* Quality tests by vectors worked out by hand, in both modes; a stream against the whole;
 * what is said of tests files that are wrong. */
#include "quality/checks/attenuated_signal.h"
#include "quality/checks/running_median.h"
#include "support/assert_close.h"
#include "support/qc_series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const mode_names[] = {"reference", "hub"};

/* --- vectors --- */

static void replay(const json_t *one, const char *test, enum quality_mode mode)
{
    const json_t *flags = json_object_get(one, mode_names[mode]);
    const char *note = json_string_value(json_object_get(one, "note"));
    struct tests_file t;
    struct qc_series s;
    char why[161];
    enum err e = qc_tests_read(one, test, mode, &t, why);
    if (flags == NULL) { /* there is no such mode of it */
        assert_int_equal(e, ERR_CONFIG);
        return;
    }
    if (e != ERR_OK) {
        fail_msg("%s: %s: %s", test, note, why);
    }
    qc_series_open(&s, one);
    s.stretch.interval_s = t.interval_s > 0 ? t.interval_s : s.stretch.interval_s;
    assert_int_equal(json_array_size(flags), s.stretch.count);
    for (size_t i = 0; i < s.stretch.count; i++) {
        const struct tests_file_row *row = &t.rows[0];
        enum quality flag = row->check->judge(row->settings, mode, &s.stretch, i);
        if (flag != json_integer_value(json_array_get(flags, i))) {
            fail_msg("%s: %s: %s: point %zu is %u", test, note, mode_names[mode], i,
                     flag);
        }
    }
    qc_series_close(&s);
    tests_file_fini(&t);
}

static void test_checks_give_the_vectors_in_both_modes(void **state)
{
    (void)state;
    size_t cases = 0;
    for (size_t k = 0; check_table[k] != NULL; k++) {
        char path[512];
        snprintf(path, sizeof path, "%s/qc/%s.json", TEST_VECTORS, check_table[k]->name);
        json_t *json = json_load_file(path, 0, NULL);
        assert_true(json_array_size(json) > 0); /* each test has some */
        for (size_t i = 0; i < json_array_size(json); i++, cases++) {
            const json_t *one = json_array_get(json, i);
            assert_true(json_object_get(one, "reference") == NULL ||
                        !check_table[k]->ours);
            replay(one, check_table[k]->name, QUALITY_REFERENCE);
            replay(one, check_table[k]->name, QUALITY_HUB);
        }
        json_decref(json);
    }
    assert_in_range(cases, 25, 1000);
}

static void test_flags_do_not_improve_where_the_spread_shrinks(void **state)
{
    (void)state;
    static const int badness[10] = {
        [QUALITY_GOOD] = 1, [QUALITY_SUSPECT] = 2, [QUALITY_FAIL] = 3};
    const struct attenuated_signal_settings a = {.suspect_threshold = 0.5,
                                                 .fail_threshold = 0.2,
                                                 .test_period = 100,
                                                 .min_obs = 2,
                                                 .min_period = (double)NAN,
                                                 .min_periods = (double)NAN};
    const int64_t times[] = {0, 10 * INT64_C(1000000), 20 * INT64_C(1000000)};
    int worst = 0;
    for (int step = 0; step <= 100; step++) {
        const double values[] = {0, 1 - step / 100.0, 0};
        const struct stretch s = {.time_us = times, .value = values, .count = 3};
        int now = badness[attenuated_signal_judge(&a, QUALITY_HUB, &s, 2)];
        assert_true(now > 0 && now >= worst);
        worst = now;
    }
    assert_int_equal(worst, 3);
}

/* --- a stream --- */

enum { POINTS = 400, ROUNDS = 40 };

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

struct walk {
    int64_t time_us[POINTS];
    double value[POINTS], z_m[POINTS], lat[POINTS], lon[POINTS];
};

/* Values in steps of a tenth that often stand still; some missing; some gaps. */
static void make_walk(struct walk *w, uint64_t *random)
{
    int64_t t = INT64_C(1767225600) * STRETCH_US_PER_S;
    double x = 5;
    for (size_t i = 0; i < POINTS; i++) {
        uint64_t r = next_random(random);
        int64_t step_s = r % 50 == 0 ? 3000 : 590 + (int64_t)(r >> 8) % 21;
        t += r % 97 == 0 ? 0 : step_s * STRETCH_US_PER_S;
        x += r % 3 == 0 ? ((double)(r >> 16 & 15) - 7.5) / 10 : 0;
        w->time_us[i] = t;
        w->value[i] = r % 23 == 0 ? (double)NAN : r % 41 == 0 ? x + 4 : x;
        w->z_m[i] = (double)(r >> 24 & 7);
        w->lat[i] = 54 + (double)(r >> 32 & 1);
        w->lon[i] = r % 37 == 0 ? (double)NAN : 10;
    }
}

static struct stretch piece(const struct walk *w, size_t from, size_t to)
{
    return (struct stretch){.time_us = w->time_us + from,
                            .value = w->value + from,
                            .z_m = w->z_m + from,
                            .lat = w->lat + from,
                            .lon = w->lon + from,
                            .count = to - from,
                            .interval_s = 600};
}

/* The first point that a stream must have read to judge i. */
static size_t read_from(const struct walk *w, size_t i, int64_t reach_us)
{
    size_t from = i > 0 ? i - 1 : 0;
    while (from > 0 && w->time_us[i] - w->time_us[from - 1] <= reach_us) {
        from--;
    }
    return from;
}

static void compare_stream(const struct tests_file_row *row, enum quality_mode mode,
                           const struct walk *w)
{
    const struct check *check = row->check;
    int64_t reach_us = check->reach != NULL ? check->reach(row->settings, mode, 600) : 0;
    struct stretch whole = piece(w, 0, POINTS);
    for (size_t i = 0; i < POINTS; i++) {
        size_t from = read_from(w, i, reach_us);
        struct stretch part = piece(w, from, i + 2 < POINTS ? i + 2 : POINTS);
        enum quality batch = check->judge(row->settings, mode, &whole, i);
        enum quality stream = check->judge(row->settings, mode, &part, i - from);
        if (batch != stream) {
            fail_msg("%s: point %zu is %u in the whole, %u in a piece", check->name, i,
                     batch, stream);
        }
    }
}

static void test_a_piece_as_far_back_as_reach_gives_the_flags_of_the_whole(void **state)
{
    (void)state;
    static const char text[] =
        "{\"gross_range_test\": {\"fail_span\": [0, 10], \"suspect_span\": [3, 7]},"
        "\"climatology_test\": {\"members\": [{\"tspan\": [1, 3], \"period\": \"month\","
        " \"vspan\": [3, 7], \"zspan\": [0, 4]}]},"
        "\"spike_test\": {\"suspect_threshold\": 1, \"fail_threshold\": 3},"
        "\"rate_of_change_test\": {\"threshold\": 0.0005, \"fail_threshold\": 0.001},"
        "\"flat_line_test\": {\"suspect_threshold\": 1800, \"fail_threshold\": 3600},"
        "\"attenuated_signal_test\": {\"suspect_threshold\": 0.3, \"fail_threshold\": "
        "0.1, \"test_period\": 7200, \"min_period\": 2400},"
        "\"density_inversion_test\": {\"suspect_threshold\": -0.03},"
        "\"location_test\": {\"range_max\": 100}, \"time_gap_test\": {\"fail_span\": "
        "0.5},"
        "\"duplicate_timestamp_test\": {}, \"running_median_test\": {\"test_period\": "
        "7200, "
        "\"min_obs\": 4, \"suspect_span\": [3, 7], \"fail_threshold\": 3}}";
    const struct config_file file = {.name = "t", .text = text, .size = sizeof text - 1};
    struct config_faults faults = {0};
    struct tests_file t;
    struct walk w;
    uint64_t random = 88172645463325252ULL;
    assert_int_equal(tests_file_parse(&file, QUALITY_HUB, &t, &faults), ERR_OK);
    const char *names[CHECK_NAMES];
    assert_int_equal(t.count, check_names(names));
    for (int round = 0; round < ROUNDS; round++) {
        make_walk(&w, &random);
        for (size_t k = 0; k < t.count; k++) {
            compare_stream(&t.rows[k], QUALITY_HUB, &w);
        }
    }
    tests_file_fini(&t);
    config_faults_fini(&faults);
}

/* --- tests files that are wrong --- */

static const struct {
    const char *text;
    bool finding_of_reference; /* the reference takes it */
    int line;
    const char *field, *sentence;
} wrong[] = {
    {"{\"spike_tset\": {}}", false, 1, "/spike_tset",
     "no test is named \"spike_tset\"; did you mean \"spike_test\"?"},
    {"{\n\"spike_test\": {\n\"suspect_treshold\": 1}}", false, 3,
     "/spike_test/suspect_treshold",
     "unknown argument \"suspect_treshold\" of spike_test; did you mean "
     "\"suspect_threshold\"?"},
    {"{\"spike_test\": {\"method\": \"avarage\"}}", false, 1, "/spike_test/method",
     "\"avarage\" is none of its names; did you mean average?"},
    {"{\"spike_test\": {\"fail_threshold\": -1}}", false, 1, "/spike_test/fail_threshold",
     "-1, expected 0 or more"},
    {"{\"spike_test\": 3}", false, 1, "/spike_test",
     "3, expected an object with the arguments of spike_test"},
    {"{\"spike_test\": {\n\"suspect_threshold\": 3,\n\"fail_threshold\": 1}}", true, 3,
     "/spike_test/fail_threshold",
     "it is passed before the one for suspect: are the two reversed?"},
    {"{\"gross_range_test\": {\"fail_span\": [0, 5], \"suspect_span\": [1, 9]}}", false,
     1, "/gross_range_test/suspect_span", "[1, 9] is not within fail_span [0, 5]"},
    {"{\"gross_range_test\": {\"suspect_span\": [1, 9]}}", false, 1, "/gross_range_test",
     "gross_range_test needs fail_span: what the sensor can give"},
    {"{\"gross_range_test\": {\"fail_span\": 5}}", false, 1,
     "/gross_range_test/fail_span", "5, expected a list of two numbers"},
    {"{\"flat_line_test\": {\"suspect_threshold\": 0, \"fail_threshold\": 9}}", false, 1,
     "/flat_line_test/suspect_threshold", "0, expected more than 0"},
    {"{\"flat_line_test\": {\"suspect_threshold\": 90, \"fail_threshold\": 60, "
     "\"tolerance\": 1}}",
     true, 1, "/flat_line_test/fail_threshold",
     "it is passed before the one for suspect: are the two reversed?"},
    {"{\"attenuated_signal_test\": {\"suspect_threshold\": 2, \"fail_threshold\": 1, "
     "\"test_period\": 0}}",
     false, 1, "/attenuated_signal_test/test_period", "0, expected more than 0"},
    {"{\"attenuated_signal_test\": {\"suspect_threshold\": 2, \"fail_threshold\": 1, "
     "\"test_period\": 60, \"min_obs\": 2, \"min_period\": 60}}",
     true, 1, "/attenuated_signal_test/min_period",
     "min_obs is there too, and goes before it"},
    {"{\"attenuated_signal_test\": {\"suspect_threshold\": 2, \"fail_threshold\": 1, "
     "\"test_period\": 60, \"min_obs\": 2.5}}",
     false, 1, "/attenuated_signal_test/min_obs", "2.5, expected a whole number from 1"},
    {"{\"location_test\": {\"range_method\": \"wgs84\"}}", false, 1,
     "/location_test/range_method", "\"wgs84\" is none of its names; one is haversine"},
    {"{\"time_gap_test\": {\"fail_span\": 0.0001}}", true, 1, "/time_gap_test/fail_span",
     "it is in hours, and this is less than a second"},
    {"{\"climatology_test\": {\"members\": [{\"tspan\": [1, 2], \"vspan\": [0, 1]}]}}",
     false, 1, "/climatology_test/members",
     "tspan of member 0 is numbers: of which period?"},
    {"{\"climatology_test\": {\"members\": [\n{\"tspan\": [\"2026-02-30\", "
     "\"2026-03-01\"], \"vspan\": [0, 1]}]}}",
     false, 2, "/climatology_test/members/0/tspan",
     "a list, expected a list of two numbers or two dates like \"2026-06-01\""},
    {"{\"time_gap_test\": {}, \"derived\": {\"median_interval\": 60}}", false, 1,
     "/derived/median_interval",
     "nothing of that name is derived: \"median_interval\"; did you mean "
     "\"median_interval_s\"?"},
    {"{\"flat_line_test\": {\"count_fail\": 3}}", false, 1, "/flat_line_test/count_fail",
     "is no argument; it belongs into \"derived\" beside the tests"},
    {"{\"time_gap_test\": {}, \"derived\": {\"median_interval_s\": 0.5}}", false, 1,
     "/derived/median_interval_s", "expected a number from 1 to 1e9"},
    {"{}", false, 1, "", "no test is named; one of them is attenuated_signal_test"},
    {"[]", false, 1, "", "the file must hold one JSON object"},
};

static void check_wrong(size_t k, enum quality_mode mode)
{
    const struct config_file file = {
        .name = "tests.json", .text = wrong[k].text, .size = strlen(wrong[k].text)};
    struct config_faults faults = {0};
    struct tests_file t;
    bool taken = mode == QUALITY_REFERENCE && wrong[k].finding_of_reference;
    enum err e = tests_file_parse(&file, mode, &t, &faults);
    assert_int_equal(e, taken ? ERR_OK : ERR_CONFIG);
    assert_true(faults.count > 0);
    const struct diag *d = &faults.faults[0].diag;
    assert_string_equal(d->text, wrong[k].sentence);
    assert_string_equal(d->field, wrong[k].field);
    assert_string_equal(d->source, "tests.json");
    assert_int_equal(d->line, wrong[k].line);
    assert_int_equal(faults.faults[0].finding, taken);
    if (e == ERR_OK) {
        tests_file_fini(&t);
    }
    config_faults_fini(&faults);
}

static void test_tests_files_that_are_wrong_get_a_sentence_each(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        check_wrong(k, QUALITY_REFERENCE);
        check_wrong(k, QUALITY_HUB);
    }
}

static enum err parse_text(const char *text, enum quality_mode mode, struct diag *d)
{
    const struct config_file file = {.name = "t", .text = text, .size = strlen(text)};
    struct config_faults faults = {0};
    struct tests_file t;
    enum err e = tests_file_parse(&file, mode, &t, &faults);
    if (e == ERR_OK) {
        tests_file_fini(&t);
    } else {
        *d = faults.faults[0].diag;
    }
    config_faults_fini(&faults);
    return e;
}

static void test_a_test_of_ours_is_not_there_in_reference_mode(void **state)
{
    (void)state;
    static const char sound[] = "{\"running_median_test\": {\"test_period\": 60, "
                                "\"min_obs\": 3, \"suspect_threshold\": 1}}";
    static const char idle[] =
        "{\"running_median_test\": {\"test_period\": 60, \"min_obs\": 3}}";
    struct diag d = {0};
    assert_int_equal(parse_text(sound, QUALITY_HUB, &d), ERR_OK);
    assert_int_equal(parse_text(sound, QUALITY_REFERENCE, &d), ERR_CONFIG);
    assert_string_equal(d.text, "ioos_qc has no such test: it runs in hub mode only");
    assert_string_equal(d.field, "/running_median_test");
    assert_int_equal(parse_text(idle, QUALITY_HUB, &d), ERR_CONFIG);
    assert_string_equal(d.text, "it flags nothing: give suspect_span or a threshold");
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Against sorting, with values from the ends of what a double holds among them. */
static void test_running_median_is_the_middle_of_the_sorted(void **state)
{
    (void)state;
    static const double odd[] = {1.7e308, -1.7e308, 5e-324, 0, -0.0, 1e-300};
    const struct running_median_settings r = {.test_period = 1e9, .min_obs = 1};
    uint64_t random = 88172645463325252ULL;
    for (int round = 0; round < 2000; round++) {
        int64_t times[40];
        double values[40], sorted[40] = {0};
        size_t count = 1 + next_random(&random) % 40, valid = 0;
        for (size_t k = 0; k < count; k++) {
            uint64_t q = next_random(&random);
            times[k] = (int64_t)k * STRETCH_US_PER_S;
            values[k] = q % 31 == 0  ? odd[q / 31 % 6]
                        : q % 7 == 0 ? (double)NAN
                                     : (double)(q % 50) / 10 - 2;
            if (isfinite(values[k])) {
                sorted[valid++] = values[k];
            }
        }
        qsort(sorted, valid, sizeof *sorted, compare_doubles);
        const struct stretch s = {.time_us = times, .value = values, .count = count};
        double m = running_median(&r, &s, count - 1);
        if (valid == 0) {
            assert_true(isnan(m));
        } else {
            assert_true(m == sorted[(valid - 1) / 2] / 2 + sorted[valid / 2] / 2);
        }
    }
}

static void test_the_interval_is_the_median_in_whole_seconds(void **state)
{
    (void)state;
    const int64_t s = STRETCH_US_PER_S;
    const int64_t even[] = {0, 60 * s, 120 * s, 240 * s, 361 * s};
    const int64_t back[] = {10 * s, 8 * s + 100000};
    int64_t room[5];
    assert_int_equal(stretch_interval_s(even, 5, room), 90); /* 60, 60, 120, 121 */
    assert_int_equal(stretch_interval_s(even, 4, room), 60);
    assert_int_equal(stretch_interval_s(back, 2, room), -2);
    assert_int_equal(stretch_interval_s(even, 1, room), 0);
    assert_int_equal(stretch_interval_s(even, 0, room), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checks_give_the_vectors_in_both_modes),
        cmocka_unit_test(test_flags_do_not_improve_where_the_spread_shrinks),
        cmocka_unit_test(test_a_piece_as_far_back_as_reach_gives_the_flags_of_the_whole),
        cmocka_unit_test(test_tests_files_that_are_wrong_get_a_sentence_each),
        cmocka_unit_test(test_a_test_of_ours_is_not_there_in_reference_mode),
        cmocka_unit_test(test_running_median_is_the_middle_of_the_sorted),
        cmocka_unit_test(test_the_interval_is_the_median_in_whole_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
