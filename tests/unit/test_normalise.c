/* SPDX-License-Identifier: EUPL-1.2 */
#include "normalise/level.h"
#include "normalise/normalise.h"
#include "support/assert_close.h"
#include "support/fixture.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

enum {
    AIR_PRESSURE,
    AIR_TEMPERATURE,
    DIRECTION,
    GAUGE_LEVEL,
    OXYGEN_SATURATION,
    PH,
    SNR,
    TURBIDITY,
    WATER_LEVEL,
    PARAMETERS
};

/* sorted by id */
static const struct parameter parameters[PARAMETERS] = {
    [AIR_PRESSURE] = {.id = "air_pressure", .unit = "hPa"},
    [AIR_TEMPERATURE] = {.id = "air_temperature", .unit = "degC"},
    [DIRECTION] = {.id = "current_direction", .unit = "degree"},
    [GAUGE_LEVEL] = {.id = "gauge_level", .unit = "m"},
    [OXYGEN_SATURATION] = {.id = "oxygen_saturation", .unit = "%"},
    [PH] = {.id = "ph", .unit = "1"},
    [SNR] = {.id = "snr", .unit = "dB", .kind = PARAMETER_HOUSEKEEPING},
    [TURBIDITY] = {.id = "turbidity_ntu", .unit = "NTU"},
    [WATER_LEVEL] = {.id = "water_level", .unit = "m"},
};
static const struct unit_alias aliases[] = {{.raw = "Cel", .canonical = "degC"},
                                            {.raw = "dB", .reason = "a logarithm"}};
static const char *const own[] = {"NTU", "FNU"};
static const struct configuration c = {.parameters = parameters,
                                       .parameter_count = PARAMETERS,
                                       .aliases = aliases,
                                       .alias_count = 2,
                                       .own_units = own,
                                       .own_unit_count = 2};

static struct normaliser n;
static struct arena *work;

static int open_all(void **state)
{
    (void)state;
    struct diag d = {.text = ""};
    work = arena_open(1 << 14);
    return work != NULL && normaliser_init(&n, &c, &d) == ERR_OK ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    normaliser_fini(&n);
    arena_close(work);
    return 0;
}

/* A place with everything known; tests take away. */
static const struct device device = {.device = "a1"};
static const struct gauge_zero zero = {.period = {2000, INT64_MAX}, .m_nhn = -5};

struct site {
    struct station station;
    struct placement placement;
    struct place place;
};

static struct site *site_new(void)
{
    static struct site s;
    s.station = (struct station){
        .station = "demo-quay", .lat = 53.5, .lon = 11, .density_kg_m3 = 1010};
    s.station.gauge_zero = &zero;
    s.station.gauge_zero_count = 1;
    s.placement = (struct placement){
        .station = &s.station, .height_m_nhn = 4.127, .height_m_gauge = (double)NAN};
    s.place = (struct place){.device = &device,
                             .placement = &s.placement,
                             .station = &s.station,
                             .position = "main",
                             .origin = "measured"};
    return &s;
}

static struct reading number(const struct sensor_field *e, double value, const char *unit)
{
    return (struct reading){.device = "a1",
                            .field = "/v",
                            .entry = e,
                            .kind = VALUE_NUMBER,
                            .value = value,
                            .unit = unit,
                            .time_us = 2500};
}

struct answer {
    enum outcome outcome;
    struct normalised out;
    const char *problem;
};

static struct answer normalise_all(const struct reading *all, size_t count,
                                   const struct site *s)
{
    struct answer answer = {.out = {.value = 42}, .problem = "old"};
    arena_reset(work);
    answer.outcome = normalise_reading(&n, all, count, 0, &s->place, work, &answer.out,
                                       &answer.problem);
    assert_true((answer.problem == NULL) == (answer.outcome == OUTCOME_STORED));
    assert_true(answer.outcome == OUTCOME_STORED || answer.out.value == 42);
    return answer;
}

static struct answer normalise(struct reading r, const struct site *s)
{
    return normalise_all(&r, 1, s);
}

static void assert_value(struct answer a, size_t parameter, double value)
{
    if (a.problem != NULL) {
        print_error("%s\n", a.problem);
    }
    assert_int_equal(a.outcome, OUTCOME_STORED);
    assert_string_equal(a.out.parameter->id, parameters[parameter].id);
    assert_close(a.out.value, value, 1e-12);
}

static void assert_answer(struct answer a, enum outcome outcome, const char *part)
{
    assert_int_equal(a.outcome, outcome);
    if (strstr(a.problem, part) == NULL) {
        print_error("\"%s\" lacks \"%s\"\n", a.problem, part);
    }
    assert_non_null(strstr(a.problem, part));
}

static void test_a_value_is_converted_and_the_raw_one_kept(void **state)
{
    (void)state;
    const struct sensor_field e = {.parameter = &parameters[AIR_TEMPERATURE],
                                   .unit = "degC"};
    struct answer a = normalise(number(&e, 294.65, "K"), site_new());
    assert_value(a, AIR_TEMPERATURE, 21.5);
    assert_true(a.out.raw == 294.65);
    assert_string_equal(a.out.raw_unit, "K");
    a = normalise(number(&e, 21.5, "Cel"), site_new());
    assert_true(a.out.value == 21.5);
    assert_string_equal(a.out.raw_unit, "Cel");
    a = normalise(number(&e, 21.5, NULL), site_new());
    assert_value(a, AIR_TEMPERATURE, 21.5);
    assert_string_equal(a.out.raw_unit, "degC");
}

static void test_a_value_without_any_unit_is_rejected(void **state)
{
    (void)state;
    const struct sensor_field temperature = {.parameter = &parameters[AIR_TEMPERATURE]};
    const struct sensor_field ph = {.parameter = &parameters[PH]};
    assert_answer(normalise(number(&temperature, 21, NULL), site_new()), OUTCOME_REJECTED,
                  "no unit");
    assert_answer(normalise(number(&temperature, 21, ""), site_new()), OUTCOME_REJECTED,
                  "no unit");
    struct answer a = normalise(number(&ph, 7.9, NULL), site_new());
    assert_value(a, PH, 7.9);
    assert_string_equal(a.out.raw_unit, "");
}

static void test_units_that_do_not_fit_are_rejected_unknown_ones_wait(void **state)
{
    (void)state;
    const struct sensor_field e = {.parameter = &parameters[AIR_TEMPERATURE]};
    const struct sensor_field turbidity = {.parameter = &parameters[TURBIDITY]};
    assert_answer(normalise(number(&e, 1, "hPa"), site_new()), OUTCOME_REJECTED,
                  "\"hPa\" does not fit degC");
    assert_answer(normalise(number(&e, 1, "dB"), site_new()), OUTCOME_REJECTED,
                  "a logarithm");
    assert_answer(normalise(number(&turbidity, 1, "FNU"), site_new()), OUTCOME_REJECTED,
                  "does not fit NTU");
    assert_answer(normalise(number(&turbidity, 1, "NTUs"), site_new()), OUTCOME_PENDING,
                  "\"NTU\" meant");
    assert_answer(normalise(number(&e, 1, "quux"), site_new()), OUTCOME_PENDING,
                  "\"quux\" is not known");
}

static void test_dimensionless_units_fit_by_name_or_as_a_ratio(void **state)
{
    (void)state;
    const struct sensor_field oxygen = {.parameter = &parameters[OXYGEN_SATURATION]};
    const struct sensor_field direction = {.parameter = &parameters[DIRECTION]};
    const struct sensor_field snr = {.parameter = &parameters[SNR]};
    assert_value(normalise(number(&oxygen, 95, "%"), site_new()), OXYGEN_SATURATION, 95);
    assert_answer(normalise(number(&oxygen, 0.95, "1"), site_new()), OUTCOME_REJECTED,
                  "does not fit %");
    assert_value(normalise(number(&snr, 9.5, "dB"), site_new()), SNR, 9.5);
    struct reading ratio = number(&oxygen, 0.95, "/");
    ratio.scaled_unit = "1";
    struct answer a = normalise(ratio, site_new());
    assert_value(a, OXYGEN_SATURATION, 95);
    assert_true(a.out.raw == 0.95);
    assert_string_equal(a.out.raw_unit, "/");
    ratio.scaled_unit = "%";
    ratio.scale = 100;
    assert_value(normalise(ratio, site_new()), OXYGEN_SATURATION, 95);
    ratio.entry = &direction;
    assert_answer(normalise(ratio, site_new()), OUTCOME_REJECTED, "does not fit degree");
}

static void test_missing_values_stay_missing(void **state)
{
    (void)state;
    const struct sensor_field e = {.parameter = &parameters[AIR_TEMPERATURE],
                                   .unit = "degC"};
    const struct sensor_field distance = {.quantity = QUANTITY_DISTANCE, .unit = "mm"};
    struct reading r = number(&e, -127, "degC");
    r.kind = VALUE_MISSING;
    struct answer a = normalise(r, site_new());
    assert_value(a, AIR_TEMPERATURE, (double)NAN);
    assert_true(a.out.raw == -127);
    r.unit = "hPa";
    assert_answer(normalise(r, site_new()), OUTCOME_REJECTED, "does not fit");
    r = number(&distance, (double)NAN, NULL);
    r.kind = VALUE_MISSING;
    assert_value(normalise(r, site_new()), WATER_LEVEL, (double)NAN);
    assert_value(normalise(number(&e, (double)INFINITY, "degC"), site_new()),
                 AIR_TEMPERATURE, (double)NAN);
    assert_value(normalise(number(&e, 1e308, "MK"), site_new()), AIR_TEMPERATURE,
                 (double)NAN);
    r = number(&e, 0, "degC");
    r.kind = VALUE_TEXT;
    r.text = "ok";
    assert_answer(normalise(r, site_new()), OUTCOME_REJECTED, "text");
}

static void test_w_is_a_level_by_the_zero_of_its_time(void **state)
{
    (void)state;
    const struct sensor_field e = {.quantity = QUANTITY_W, .unit = "cm"};
    struct site *s = site_new();
    s->placement.height_m_nhn = (double)NAN;
    struct reading r = number(&e, 511.7, "cm");
    struct answer a = normalise(r, s);
    assert_value(a, WATER_LEVEL, 0.117);
    assert_true(a.out.value == 0.117);
    assert_true(a.out.raw == 511.7);
    r.time_us = 1999;
    assert_value(normalise(r, s), GAUGE_LEVEL, 5.117);
    /* a zero in another frame, no shift known */
    static const struct gauge_zero other = {
        .period = {0, INT64_MAX}, .m_nhn = (double)NAN, .datum = "NN"};
    s->station.gauge_zero = &other;
    assert_value(normalise(r, s), GAUGE_LEVEL, 5.117);
}

static void test_distance_and_depth_need_the_mounting_height(void **state)
{
    (void)state;
    const struct sensor_field distance = {.quantity = QUANTITY_DISTANCE, .unit = "mm"};
    const struct sensor_field depth = {.quantity = QUANTITY_DEPTH, .unit = "m"};
    struct site *s = site_new();
    struct answer a = normalise(number(&distance, 1234, "mm"), s);
    assert_value(a, WATER_LEVEL, 2.893);
    assert_true(a.out.value == 2.893);
    s->placement.height_m_nhn = -1.5;
    assert_value(normalise(number(&depth, 1.75, "m"), s), WATER_LEVEL, 0.25);
    s->placement.height_m_nhn = (double)NAN;
    s->placement.height_m_gauge = 3.5;
    assert_value(normalise(number(&depth, 1.75, "m"), s), GAUGE_LEVEL, 5.25);
    assert_value(normalise(number(&distance, 50, "cm"), s), GAUGE_LEVEL, 3);
    s->placement.height_m_gauge = (double)NAN;
    assert_answer(normalise(number(&depth, 1.75, "m"), s), OUTCOME_PENDING,
                  "no mounting height at that time");
    assert_answer(normalise(number(&distance, 1, "degC"), s), OUTCOME_REJECTED,
                  "does not fit m");
    const struct sensor_field level = {.parameter = &parameters[WATER_LEVEL]};
    assert_value(normalise(number(&level, 25, "cm"), s), WATER_LEVEL, 0.25);
}

static void test_vented_pressure_gives_depth_by_density_and_gravity(void **state)
{
    (void)state;
    const struct sensor_field e = {.quantity = QUANTITY_PRESSURE, .unit = "hPa"};
    struct site *s = site_new();
    s->place.pressure = PRESSURE_VENTED;
    s->placement.height_m_nhn = -2;
    /* 200 hPa / (1010 kg/m3 * 9.813785808 m/s2) = 2.01777 m */
    struct answer a = normalise(number(&e, 200, "hPa"), s);
    assert_int_equal(a.outcome, OUTCOME_STORED);
    assert_close(a.out.value, 2.0177717 - 2, 1e-6);
    assert_close(normalise(number(&e, 2, "dbar"), s).out.value, a.out.value, 1e-9);
    s->station.density_kg_m3 = (double)NAN;
    assert_answer(normalise(number(&e, 200, "hPa"), s), OUTCOME_PENDING,
                  "no density_kg_m3 for station demo-quay");
    s = site_new();
    s->place.pressure = PRESSURE_VENTED;
    s->station.lat = (double)NAN;
    assert_answer(normalise(number(&e, 200, "hPa"), s), OUTCOME_PENDING, "no lat");
    s = site_new();
    assert_answer(normalise(number(&e, 200, "hPa"), s), OUTCOME_PENDING,
                  "vented or absolute");
    s->placement.height_m_nhn = (double)NAN;
    assert_answer(normalise(number(&e, 200, "hPa"), s), OUTCOME_PENDING,
                  "no mounting height");
    assert_answer(normalise(number(&e, 200, "m"), s), OUTCOME_REJECTED, "does not fit");
}

static void test_absolute_pressure_takes_the_air_of_the_same_time(void **state)
{
    (void)state;
    const struct sensor_field e = {.quantity = QUANTITY_PRESSURE, .unit = "hPa"};
    const struct sensor_field air = {.parameter = &parameters[AIR_PRESSURE],
                                     .unit = "hPa"};
    const struct sensor_field better = {
        .parameter = &parameters[AIR_PRESSURE], .unit = "hPa", .rank = -1};
    struct site *s = site_new();
    s->place.pressure = PRESSURE_VENTED;
    double vented = normalise(number(&e, 200, "hPa"), s).out.value;
    s->place.pressure = PRESSURE_ABSOLUTE;
    struct reading all[4] = {number(&e, 1213.25, "hPa"), number(&air, 900, "hPa"),
                             number(&air, 101.325, "kPa"), number(&better, 800, "hPa")};
    all[1].time_us++;
    all[3].device = "a2";
    struct answer a = normalise_all(all, 4, s);
    assert_value(a, WATER_LEVEL, vented);
    assert_true(a.out.raw == 1213.25);
    assert_answer(normalise_all(all, 2, s), OUTCOME_PENDING, "no air pressure");
    all[1].time_us--;
    assert_true(normalise_all(all, 4, s).out.value > vented + 1);
    all[3].device = "a1";
    assert_true(normalise_all(all, 4, s).out.value > vented + 2);
    for (size_t i = 1; i < 4; i++) {
        all[i].kind = VALUE_MISSING;
    }
    assert_answer(normalise_all(all, 4, s), OUTCOME_PENDING, "no air pressure");
    all[2].kind = VALUE_NUMBER;
    all[2].unit = "degC";
    assert_answer(normalise_all(all, 4, s), OUTCOME_PENDING, "no air pressure");
}

static void test_formulas_give_the_printed_values(void **state)
{
    (void)state;
    assert_close(gravity_m_s2(0), 9.780327, 1e-12);
    assert_close(gravity_m_s2(90), 9.832186206, 1e-9);
    assert_close(gravity_m_s2(-54), gravity_m_s2(54), 0);
    assert_close(water_depth_m(9806.65, 1000, 9.80665), 1, 1e-15);
    assert_true(level_rounded_m(-5 + 5.117) == 0.117);
    assert_true(level_rounded_m(1e7 + 0.1) == 1e7 + 0.1);
    assert_close(level_rounded_m((double)NAN), (double)NAN, 0);
}

static json_t *derived(const char *path)
{
    json_t *json = json_load_file(path, 0, NULL);
    assert_non_null(json);
    return json;
}

static double cell(const json_t *row, size_t column)
{
    return json_number_value(json_array_get(row, column));
}

static void test_formulas_give_the_reference_values(void **state)
{
    (void)state;
    if (!fixture_shared_data("test_formulas_give_the_reference_values")) {
        skip();
    }
    json_t *json = derived(SHARED_DATA "/derived/gravity.json");
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(json, "rows"), i, row)
    {
        assert_close(gravity_m_s2(cell(row, 0)), cell(row, 1), 1e-9);
    }
    assert_in_range(i, 5, 1000);
    json_decref(json);
    json = derived(SHARED_DATA "/derived/pressure_to_depth.json");
    json_array_foreach(json_object_get(json, "rows"), i, row)
    {
        double pa = (cell(row, 0) - cell(row, 1)) * 100;
        assert_close(water_depth_m(pa, cell(row, 5), gravity_m_s2(cell(row, 4))),
                     cell(row, 7), 1e-6);
    }
    assert_in_range(i, 10, 1000);
    json_decref(json);
}

static void test_levels_give_the_reference_values(void **state)
{
    (void)state;
    if (!fixture_shared_data("test_levels_give_the_reference_values")) {
        skip();
    }
    const struct sensor_field distance = {.quantity = QUANTITY_DISTANCE, .unit = "m"};
    const struct sensor_field w = {.quantity = QUANTITY_W, .unit = "cm"};
    json_t *json = derived(SHARED_DATA "/derived/distance_to_level.json");
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(json, "rows"), i, row)
    {
        struct site *s = site_new();
        static struct gauge_zero pnp;
        pnp = (struct gauge_zero){.period = {0, INT64_MAX}, .m_nhn = cell(row, 2)};
        s->station.gauge_zero = &pnp;
        s->placement.height_m_nhn = cell(row, 0);
        struct answer a = normalise(number(&distance, cell(row, 1), "m"), s);
        assert_close(a.out.value, cell(row, 3), 1e-9);
        a = normalise(number(&w, cell(row, 4), "cm"), s);
        assert_close(a.out.value, cell(row, 3), 1e-9);
    }
    assert_in_range(i, 3, 1000);
    json_decref(json);
}

static void test_init_names_the_parameter_that_is_missing(void **state)
{
    (void)state;
    struct configuration less = c;
    less.parameter_count = WATER_LEVEL;
    struct normaliser other = {.units = NULL};
    struct diag d = {.text = ""};
    assert_int_equal(normaliser_init(&other, &less, &d), ERR_UNKNOWN);
    assert_non_null(strstr(d.text, "water_level"));
    assert_null(other.units);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_value_is_converted_and_the_raw_one_kept),
        cmocka_unit_test(test_a_value_without_any_unit_is_rejected),
        cmocka_unit_test(test_units_that_do_not_fit_are_rejected_unknown_ones_wait),
        cmocka_unit_test(test_dimensionless_units_fit_by_name_or_as_a_ratio),
        cmocka_unit_test(test_missing_values_stay_missing),
        cmocka_unit_test(test_w_is_a_level_by_the_zero_of_its_time),
        cmocka_unit_test(test_distance_and_depth_need_the_mounting_height),
        cmocka_unit_test(test_vented_pressure_gives_depth_by_density_and_gravity),
        cmocka_unit_test(test_absolute_pressure_takes_the_air_of_the_same_time),
        cmocka_unit_test(test_formulas_give_the_printed_values),
        cmocka_unit_test(test_formulas_give_the_reference_values),
        cmocka_unit_test(test_levels_give_the_reference_values),
        cmocka_unit_test(test_init_names_the_parameter_that_is_missing),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
