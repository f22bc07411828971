/* SPDX-License-Identifier: EUPL-1.2 */
#include "normalise/correction.h"
#include "support/assert_close.h"

#include <math.h>

/* Worked by hand from USGS TM 1-D3; the sign above all: a driftR release had it reversed
 * (corrected = value - share * (standard - reading)). */

#define N ((double)NAN)

static const struct correction_limits always = {0, N, 1e9, N};

/* A period of 1000 us; the check as given. */
static struct calibration visit(struct field_check check)
{
    check.set = true;
    return (struct calibration){
        .period = {1000, 2000}, .offset = 0, .slope = 1, .check = check};
}

static struct field_check standards(const struct standard_reading *s, size_t count)
{
    return (struct field_check){.site_before = N,
                                .site_after = N,
                                .meter_before = N,
                                .meter_after = N,
                                .standards = s,
                                .standard_count = count};
}

static struct field_check cleaned(double before, double after, double meter_before,
                                  double meter_after)
{
    return (struct field_check){.site_before = before,
                                .site_after = after,
                                .meter_before = meter_before,
                                .meter_after = meter_after};
}

static double at(const struct calibration *c, double value, int64_t time_us)
{
    return correction_apply(c, &always, value, time_us).value;
}

static void test_correction_drift_has_the_sign_of_standard_minus_reading(void **state)
{
    (void)state;
    static const struct standard_reading low = {8.26, 8.10}, high = {10, 10.4};
    struct calibration c = visit(standards(&low, 1));
    assert_close(at(&c, 8.0, 1000), 8.0, 0);
    assert_close(at(&c, 8.0, 1250), 8.04, 1e-12);
    assert_close(at(&c, 8.0, 1500), 8.08, 1e-12);
    assert_close(at(&c, 8.1, 1999), 8.1 + 0.999 * 0.16, 1e-12);
    c = visit(standards(&high, 1));
    assert_close(at(&c, 10.4, 1500), 10.2, 1e-12);
    struct correction r = correction_apply(&c, &always, 10.4, 1500);
    assert_true(r.applied && !r.unfit);
    assert_close(r.before, 10.4, 0);
    assert_close(r.share, 0.5, 0);
    assert_close(r.drift, -0.4, 1e-12);
    assert_false(correction_apply(&c, &always, 10.4, 1000).applied);
}

static void test_correction_fouling_leaves_out_what_the_water_did(void **state)
{
    (void)state;
    /* the sensor rose by 0.4 when it was cleaned, the water by 0.05 meanwhile */
    struct calibration c = visit(cleaned(8.0, 8.4, 8.30, 8.35));
    assert_close(at(&c, 8.0, 1500), 8.175, 1e-12);
    c = visit(cleaned(8.0, 8.4, N, N));
    assert_close(at(&c, 8.0, 1500), 8.2, 1e-12);
    /* turbidity: what grew on the window scattered, so it said too much */
    c = visit(cleaned(14, 6, 7, 8));
    assert_close(at(&c, 10, 1500), 5.5, 1e-12);
    /* both errors are added */
    static const struct standard_reading s = {8.26, 8.10};
    struct field_check both = cleaned(8.0, 8.4, 8.30, 8.35);
    both.standards = &s;
    both.standard_count = 1;
    c = visit(both);
    assert_close(at(&c, 8.0, 1500), 8 + 0.5 * (0.35 + 0.16), 1e-12);
}

static void test_correction_drift_between_standards_is_linear(void **state)
{
    (void)state;
    static const struct standard_reading ph[] = {{4, 4.2}, {7, 7}, {10, 9.6}};
    struct calibration c = visit(standards(ph, 3));
    assert_close(at(&c, 4.2, 1500), 4.1, 1e-12);
    assert_close(at(&c, 5.6, 1500), 5.55, 1e-12);
    assert_close(at(&c, 7, 1500), 7, 0);
    assert_close(at(&c, 8.3, 1500), 8.4, 1e-12);
    /* outside as at the nearest */
    assert_close(at(&c, 2, 1500), 1.9, 1e-12);
    assert_close(at(&c, 12, 1500), 12.2, 1e-12);
}

static void test_correction_only_above_the_criterion(void **state)
{
    (void)state;
    static const struct correction_limits degrees = {0.2, N, 2, N};
    static const struct correction_limits greater = {5, 3, N, 30};
    static const struct standard_reading same = {20.2, 20}, more = {20.21, 20};
    struct calibration c = visit(standards(&same, 1));
    struct correction r = correction_apply(&c, &degrees, 18, 1900);
    assert_false(r.applied || r.unfit);
    assert_close(r.value, 18, 0);
    c = visit(standards(&more, 1));
    assert_true(correction_apply(&c, &degrees, 18, 1900).applied);
    /* fouling and drift of opposite signs: their sizes count together */
    struct field_check both = cleaned(20, 19.85, N, N);
    static const struct standard_reading small = {20.1, 20};
    both.standards = &small;
    both.standard_count = 1;
    c = visit(both);
    assert_close(correction_apply(&c, &degrees, 18, 1500).value, 18 - 0.025, 1e-12);
    /* 20 of 1000 uS/cm is more than 5, but less than 3 %; 4 of 100 the other way round */
    static const struct standard_reading ec = {1020, 1000}, low = {104, 100};
    static const struct standard_reading large = {1040, 1000};
    c = visit(standards(&ec, 1));
    assert_false(correction_apply(&c, &greater, 900, 1900).applied);
    c = visit(standards(&low, 1));
    assert_false(correction_apply(&c, &greater, 90, 1900).applied);
    c = visit(standards(&large, 1));
    assert_true(correction_apply(&c, &greater, 900, 1900).applied);
    /* a zero standard has no percent: the figure alone counts */
    static const struct standard_reading zero = {0, 6}, zero_read = {6, 0};
    c = visit(standards(&zero, 1));
    assert_true(correction_apply(&c, &greater, 900, 1100).applied);
    c = visit(standards(&zero_read, 1));
    assert_true(correction_apply(&c, &degrees, 900, 1100).applied);
}

static void test_correction_beyond_the_limit_leaves_the_value(void **state)
{
    (void)state;
    static const struct correction_limits ph = {0.2, N, 2, N};
    static const struct standard_reading s = {7, 10};
    struct calibration c = visit(standards(&s, 1));
    struct correction r = correction_apply(&c, &ph, 9, 1500);
    assert_true(r.applied && !r.unfit);
    assert_close(r.value, 7.5, 1e-12);
    r = correction_apply(&c, &ph, 9, 1700);
    assert_true(r.unfit && !r.applied);
    assert_close(r.value, 9, 0);
    /* no limit at all: nothing is unfit */
    static const struct correction_limits open = {0.2, N, N, N};
    assert_true(correction_apply(&c, &open, 9, 1999).applied);
}

static void test_correction_offset_and_slope_come_last(void **state)
{
    (void)state;
    static const struct standard_reading s = {8.26, 8.10};
    struct calibration c = visit(standards(&s, 1));
    c.offset = 0.5;
    c.slope = 2;
    assert_close(at(&c, 8, 1500), 8.08 * 2 + 0.5, 1e-12);
    c.check.set = false;
    assert_close(at(&c, 8, 1500), 16.5, 0);
    assert_true(correction_apply(&c, &always, 8, 1000).applied);
    assert_true(isnan(at(&c, N, 1500)));
    assert_false(correction_apply(&c, &always, N, 1500).applied);
    assert_true(isnan(at(&c, 1e308, 1500)));
}

static void test_calibration_is_found_by_sensor_and_time(void **state)
{
    (void)state;
    static const struct parameter ph = {.id = "ph"}, o2 = {.id = "oxygen"};
    static const struct calibration rows[] = {
        {.period = {10, 20}, .parameter = &o2, .position = "main"},
        {.period = {10, 20}, .parameter = &ph, .position = "bottom"},
        {.period = {5, 10}, .parameter = &ph, .position = "main"},
        {.period = {15, INT64_MAX}, .parameter = &ph, .position = "main"}};
    const struct station s = {.calibrations = rows, .calibration_count = 4};
    assert_ptr_equal(station_calibration(&s, &o2, "main", 10), &rows[0]);
    assert_null(station_calibration(&s, &o2, "main", 20));
    assert_null(station_calibration(&s, &o2, "main", 9));
    assert_null(station_calibration(&s, &o2, "bottom", 12));
    assert_ptr_equal(station_calibration(&s, &ph, "bottom", 19), &rows[1]);
    assert_ptr_equal(station_calibration(&s, &ph, "main", 9), &rows[2]);
    assert_null(station_calibration(&s, &ph, "main", 12));
    assert_ptr_equal(station_calibration(&s, &ph, "main", INT64_MAX - 1), &rows[3]);
    static const struct calibration of_device[] = {{.period = {0, 5}, .field = "/a"},
                                                   {.period = {0, 5}, .field = "/b"}};
    const struct device d = {.calibrations = of_device, .calibration_count = 2};
    assert_ptr_equal(device_calibration(&d, "/b", 4), &of_device[1]);
    assert_null(device_calibration(&d, "/c", 4));
    const struct device none = {.device = "x"};
    assert_null(device_calibration(&none, "/a", 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_correction_drift_has_the_sign_of_standard_minus_reading),
        cmocka_unit_test(test_correction_fouling_leaves_out_what_the_water_did),
        cmocka_unit_test(test_correction_drift_between_standards_is_linear),
        cmocka_unit_test(test_correction_only_above_the_criterion),
        cmocka_unit_test(test_correction_beyond_the_limit_leaves_the_value),
        cmocka_unit_test(test_correction_offset_and_slope_come_last),
        cmocka_unit_test(test_calibration_is_found_by_sensor_and_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
