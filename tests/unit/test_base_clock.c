/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/clock.h"
#include "support/assert_close.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void assert_time(const char *text, const char *expected)
{
    int64_t time_us = 0;
    char shown[CLOCK_TEXT];
    assert_int_equal(clock_parse_rfc3339(text, &time_us), ERR_OK);
    size_t length = clock_format(time_us, shown);
    assert_string_equal(shown, expected);
    assert_int_equal(length, strlen(expected));
}

static void test_rfc3339_is_read_and_written(void **state)
{
    (void)state;
    assert_time("2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z");
    assert_time("2026-11-22t12:00:00z", "2026-11-22T12:00:00Z");
    assert_time("2026-11-22 13:00:00+01:00", "2026-11-22T12:00:00Z");
    assert_time("2026-11-22T00:30:00+0130", "2026-11-21T23:00:00Z");
    assert_time("2026-11-22T12:00:00.5-00:30", "2026-11-22T12:30:00.5Z");
    assert_time("2026-11-22T12:00:00.123456789Z", "2026-11-22T12:00:00.123456Z");
    assert_time("2026-11-22T12:00:00.000000999Z", "2026-11-22T12:00:00Z");
    assert_time("2026-11-22T12:00:10.100000Z", "2026-11-22T12:00:10.1Z");
    assert_time("2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z");
    assert_time("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z");
    assert_time("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z");
    assert_time("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z");
}

static void test_rfc3339_refuses_what_is_no_time(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "now",
        "2026-11-22",
        "2026-11-22T12:00:00",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00:00+1:00",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+00:60",
        "12026-01-01T00:00:00Z",
        "2026-1-01T00:00:00Z",
        " 2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z ",
        "-026-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t time_us = 42;
        assert_int_equal(clock_parse_rfc3339(bad[i], &time_us), ERR_SYNTAX);
        assert_true(time_us == 42);
    }
}

static void test_format_us_has_six_decimals(void **state)
{
    (void)state;
    char text[CLOCK_TEXT];
    assert_int_equal(clock_format_us(0, text), 27);
    assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
    clock_format_us(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999999Z");
}

static void test_every_day_of_400_years_comes_back(void **state)
{
    (void)state;
    struct clock_date before =
        clock_date_of(clock_of_date((struct clock_date){1799, 12, 31}));
    for (int64_t day = -62091; day < 84006; day++) {
        struct clock_date d = clock_date_of(day * CLOCK_US_PER_DAY);
        assert_true(clock_of_date(d) == day * CLOCK_US_PER_DAY);
        bool next = (d.day == before.day + 1 && d.month == before.month) ||
                    (d.day == 1 && d.month == before.month + 1) ||
                    (d.day == 1 && d.month == 1 && d.year == before.year + 1);
        assert_true(next);
        before = d;
        d = clock_date_of(day * CLOCK_US_PER_DAY + CLOCK_US_PER_DAY - 1);
        assert_int_equal(d.day, before.day);
    }
}

static void assert_local(const char *text, const char *zone, const char *expected)
{
    int64_t time_us = 0;
    char shown[CLOCK_TEXT];
    assert_int_equal(clock_parse_local(text, zone, &time_us), ERR_OK);
    clock_format(time_us, shown);
    assert_string_equal(shown, expected);
}

static void test_local_times_are_read_in_their_zone(void **state)
{
    (void)state;
    assert_local("2026-01-10T12:00:00", "Europe/Berlin", "2026-01-10T11:00:00Z");
    assert_local("2026-07-10 12:00:00.25", "Europe/Berlin", "2026-07-10T10:00:00.25Z");
    assert_local("2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T00:30:00Z");
    assert_local("2026-07-10T12:00:00", "+01:00", "2026-07-10T11:00:00Z");
    assert_local("2026-07-10T12:00:00", "UTC", "2026-07-10T12:00:00Z");
    assert_local("1969-12-31T12:00:00", "Europe/Berlin", "1969-12-31T11:00:00Z");
    int64_t time_us = 42;
    assert_int_equal(clock_parse_local("2026-03-29T02:30:00", "Europe/Berlin", &time_us),
                     ERR_SYNTAX);
    assert_int_equal(clock_parse_local("2026-07-10T12:00:00Z", "UTC", &time_us),
                     ERR_SYNTAX);
    static const char *const nowhere[] = {"", "Europe/Atlantis", "../etc/passwd", "/etc"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(clock_parse_local("2026-07-10T12:00:00", nowhere[i], &time_us),
                         ERR_UNKNOWN);
    }
    assert_true(time_us == 42);
}

static void test_local_times_leave_the_environment_alone(void **state)
{
    (void)state;
    setenv("TZ", "America/New_York", 1);
    assert_local("2026-01-10T12:00:00", "Europe/Berlin", "2026-01-10T11:00:00Z");
    assert_string_equal(getenv("TZ"), "America/New_York");
    unsetenv("TZ");
    assert_local("2026-01-10T12:00:00", "Europe/Berlin", "2026-01-10T11:00:00Z");
    assert_null(getenv("TZ"));
}

static void test_clocks_go_forward(void **state)
{
    (void)state;
    int64_t first = clock_monotonic_us();
    assert_true(clock_monotonic_us() >= first);
    assert_true(clock_now_us() > clock_of_date((struct clock_date){2024, 1, 1}));
}

static void test_seconds_become_times_of_the_years_1_to_9999(void **state)
{
    (void)state;
    int64_t us = 7;
    assert_true(clock_of_seconds(1276020076.001, &us));
    assert_int_equal(us, INT64_C(1276020076001000));
    assert_true(clock_of_seconds(-62135596800.0, &us));
    assert_int_equal(us, INT64_C(-62135596800000000));
    assert_false(clock_of_seconds(-62135596801.0, &us));
    assert_false(clock_of_seconds(253402300800.0, &us));
    assert_false(clock_of_seconds((double)NAN, &us));
    assert_int_equal(us, INT64_C(-62135596800000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc3339_is_read_and_written),
        cmocka_unit_test(test_rfc3339_refuses_what_is_no_time),
        cmocka_unit_test(test_format_us_has_six_decimals),
        cmocka_unit_test(test_every_day_of_400_years_comes_back),
        cmocka_unit_test(test_local_times_are_read_in_their_zone),
        cmocka_unit_test(test_local_times_leave_the_environment_alone),
        cmocka_unit_test(test_clocks_go_forward),
        cmocka_unit_test(test_seconds_become_times_of_the_years_1_to_9999),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
