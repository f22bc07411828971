/* SPDX-License-Identifier: EUPL-1.2 */
#include "ports/host/simulation.h"
#include "support/assert_close.h"

#include <stdbool.h>
#include <string.h>

#define S INT64_C(1000000)
#define HOUR (3600 * S)
#define DAY (24 * HOUR)
#define YEAR_START (INT64_C(1767225600) * S) /* 2026-01-01 */

static struct simulation station(enum simulation_kind kind, uint64_t seed)
{
    return (struct simulation){.seed = seed,
                               .kind = kind,
                               .mean_level_m = kind == SIMULATION_LAKE ? 37.8 : 0.1,
                               .sensor_height_m = kind == SIMULATION_LAKE ? 41 : 4.2,
                               .salinity_psu = kind == SIMULATION_LAKE ? 0.25 : 12};
}

static void assert_within(double value, double least, double most)
{
    assert_true(value >= least && value <= most);
}

static void test_simulation_stays_in_range_for_a_year(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct simulation s = station((enum simulation_kind)(seed % 3), seed);
        double lowest = 1e9;
        double highest = -1e9;
        for (int64_t t = YEAR_START; t < YEAR_START + 366 * DAY; t += HOUR) {
            struct simulation_water w = simulation_at(&s, t);
            assert_within(w.level_m - s.mean_level_m, -0.3, 0.5);
            assert_close(w.distance_mm, (s.sensor_height_m - w.level_m) * 1000, 1e-9);
            assert_within(w.temperature_c, 2, 20);
            assert_within(w.oxygen_mg_l, 7, 16);
            assert_within(w.salinity_psu, s.salinity_psu * 0.88, s.salinity_psu * 1.12);
            assert_within(w.conductivity_ms_cm, 0.2, 25);
            assert_within(w.battery_v, 3.7, 4.15);
            lowest = w.level_m < lowest ? w.level_m : lowest;
            highest = w.level_m > highest ? w.level_m : highest;
        }
        assert_true(highest - lowest > 0.15); /* it moves */
    }
}

static void test_simulation_is_a_function_of_seed_and_time(void **state)
{
    (void)state;
    struct simulation a = station(SIMULATION_COAST, 7);
    struct simulation other = station(SIMULATION_COAST, 8);
    int different = 0;
    for (int64_t i = 0; i < 1000; i++) {
        int64_t t = YEAR_START + i * 7919 * S;
        struct simulation_water once = simulation_at(&a, t);
        struct simulation_water elsewhere = simulation_at(&other, t);
        struct simulation_water again = simulation_at(&a, t);
        assert_memory_equal(&once, &again, sizeof once);
        different += once.level_m != elsewhere.level_m;
    }
    assert_true(different > 990);
}

static void test_simulation_moves_without_jumps(void **state)
{
    (void)state;
    struct simulation s = station(SIMULATION_COAST, 3);
    struct simulation_water before = simulation_at(&s, YEAR_START);
    for (int64_t t = YEAR_START; t < YEAR_START + 30 * DAY; t += 60 * S) {
        struct simulation_water w = simulation_at(&s, t);
        assert_close(w.level_m, before.level_m,
                     0.015); /* 12 minutes, 2 cm: 1 cm a minute */
        assert_close(w.temperature_c, before.temperature_c, 0.01);
        before = w;
    }
}

static void test_simulation_is_warm_in_summer_and_by_day(void **state)
{
    (void)state;
    struct simulation s = station(SIMULATION_LAKE, 5);
    struct simulation_water february = simulation_at(&s, YEAR_START + 45 * DAY);
    struct simulation_water august = simulation_at(&s, YEAR_START + 227 * DAY);
    assert_true(august.temperature_c > february.temperature_c + 10);
    assert_true(august.oxygen_mg_l < february.oxygen_mg_l);
    assert_true(august.conductivity_ms_cm > february.conductivity_ms_cm);
}

/* Values of the table of Benson and Krause in the USGS memorandum 2011.03. */
static void test_simulation_oxygen_solubility_is_that_of_the_table(void **state)
{
    (void)state;
    assert_close(simulation_oxygen_solubility(0, 0), 14.621, 0.001);
    assert_close(simulation_oxygen_solubility(20, 0), 9.092, 0.001);
    assert_true(simulation_oxygen_solubility(10, 12) <
                simulation_oxygen_solubility(10, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_simulation_stays_in_range_for_a_year),
        cmocka_unit_test(test_simulation_is_a_function_of_seed_and_time),
        cmocka_unit_test(test_simulation_moves_without_jumps),
        cmocka_unit_test(test_simulation_is_warm_in_summer_and_by_day),
        cmocka_unit_test(test_simulation_oxygen_solubility_is_that_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
