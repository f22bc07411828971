/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/arena.h"
#include "model/configuration.h"
#include "model/message.h"
#include "model/quality.h"
#include "support/assert_close.h"

#include <stdio.h>
#include <string.h>

static const enum quality flags[] = {QUALITY_NONE,    QUALITY_GOOD, QUALITY_NOT_EVALUATED,
                                     QUALITY_SUSPECT, QUALITY_FAIL, QUALITY_MISSING};
enum { FLAGS = sizeof flags / sizeof *flags };

static void test_quality_tests_keep_every_flag_in_every_slot(void **state)
{
    (void)state;
    for (int source = TIME_SOURCE_READING; source <= TIME_SOURCE_ARRIVAL; source++) {
        quality_tests t = quality_tests_new((enum time_source)source);
        for (int slot = 0; slot < QUALITY_TESTS; slot++) {
            t = quality_tests_set(t, slot, flags[slot % FLAGS]);
        }
        for (int slot = 0; slot < QUALITY_TESTS; slot++) {
            assert_int_equal(quality_tests_get(t, slot), flags[slot % FLAGS]);
        }
        for (int slot = QUALITY_TESTS - 1; slot >= 0; slot--) {
            t = quality_tests_set(t, slot, flags[(slot + 1) % FLAGS]);
            assert_int_equal(quality_tests_get(t, slot), flags[(slot + 1) % FLAGS]);
        }
        assert_int_equal(quality_tests_get(t, 0), flags[1]);
        assert_int_equal(quality_tests_time_source(t), source);
        assert_true(t < (quality_tests)1 << 62); /* a positive INTEGER of SQLite */
    }
}

static void test_quality_tests_corrected_is_no_test(void **state)
{
    (void)state;
    quality_tests t = quality_tests_new(TIME_SOURCE_ARRIVAL);
    assert_false(quality_tests_corrected(t));
    for (int slot = 0; slot < QUALITY_TESTS; slot++) {
        t = quality_tests_set(t, slot, QUALITY_MISSING);
    }
    assert_false(quality_tests_corrected(t));
    t = quality_tests_set_corrected(quality_tests_set(0, 3, QUALITY_SUSPECT));
    assert_true(quality_tests_corrected(t));
    assert_int_equal(quality_aggregate(t), QUALITY_SUSPECT);
    assert_int_equal(quality_tests_get(t, QUALITY_TESTS - 1), QUALITY_NONE);
    assert_int_equal(quality_aggregate(quality_tests_set_corrected(0)),
                     QUALITY_NOT_EVALUATED);
    assert_true((int64_t)t > 0); /* a store keeps it as a signed number */
}

static void test_quality_aggregate_of_a_flag_by_hand_is_that_flag(void **state)
{
    (void)state;
    quality_tests t = quality_tests_set(0, 0, QUALITY_FAIL);
    assert_int_equal(
        quality_aggregate(quality_tests_set(t, QUALITY_SLOT_MANUAL, QUALITY_GOOD)),
        QUALITY_GOOD);
    t = quality_tests_set(quality_tests_set_corrected(0), 4, QUALITY_GOOD);
    assert_int_equal(quality_aggregate(quality_tests_set(t, QUALITY_SLOT_MANUAL,
                                                         QUALITY_NOT_EVALUATED)),
                     QUALITY_NOT_EVALUATED);
}

static void test_quality_aggregate_takes_the_highest(void **state)
{
    (void)state;
    static const enum quality rising[] = {QUALITY_MISSING, QUALITY_NOT_EVALUATED,
                                          QUALITY_GOOD, QUALITY_SUSPECT, QUALITY_FAIL};
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 5; k++) {
            quality_tests t = quality_tests_set(2, 3, rising[i]);
            t = quality_tests_set(t, QUALITY_SLOT_MANUAL - 1, rising[k]);
            assert_int_equal(quality_aggregate(t), rising[i > k ? i : k]);
        }
    }
    assert_int_equal(quality_aggregate(quality_tests_new(TIME_SOURCE_ARRIVAL)),
                     QUALITY_NOT_EVALUATED);
}

static void test_quality_texts(void **state)
{
    (void)state;
    static const char *const texts[FLAGS] = {"", "1", "2", "3", "4", "9"};
    for (size_t i = 0; i < FLAGS; i++) {
        assert_string_equal(quality_text(flags[i]), texts[i]);
    }
    assert_string_equal(time_source_text(TIME_SOURCE_READING), "reading");
    assert_string_equal(time_source_text(TIME_SOURCE_MESSAGE), "message");
    assert_string_equal(time_source_text(TIME_SOURCE_ARRIVAL), "arrival");
}

static void test_fate_follows_from_outcomes_by_precedence(void **state)
{
    (void)state;
    static const struct {
        enum outcome outcome;
        enum fate fate;
    } falling[] = {
        {OUTCOME_PENDING, FATE_PENDING},        {OUTCOME_REJECTED, FATE_REJECTED},
        {OUTCOME_CONFLICT_HELD, FATE_CONFLICT}, {OUTCOME_CONFLICT_KEPT, FATE_CONFLICT},
        {OUTCOME_STORED, FATE_STORED},          {OUTCOME_DUPLICATE, FATE_DUPLICATE},
        {OUTCOME_IGNORED, FATE_EMPTY}};
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        int64_t counts[OUTCOME_COUNT] = {0};
        for (size_t k = i; k < OUTCOME_COUNT; k++) {
            counts[falling[k].outcome] = 1 + (int64_t)k;
        }
        assert_int_equal(fate_of_outcomes(counts), falling[i].fate);
    }
    const int64_t none[OUTCOME_COUNT] = {0};
    assert_int_equal(fate_of_outcomes(none), FATE_EMPTY);
}

static void test_texts_of_fates_and_outcomes(void **state)
{
    (void)state;
    assert_string_equal(fate_text(FATE_WAITING), "waiting");
    assert_string_equal(fate_text(FATE_CONFLICT), "conflict");
    assert_string_equal(fate_text(FATE_EMPTY), "empty");
    assert_string_equal(outcome_text(OUTCOME_STORED), "stored");
    assert_string_equal(outcome_text(OUTCOME_CONFLICT_HELD), "conflict-held");
    assert_string_equal(outcome_text(OUTCOME_CONFLICT_KEPT), "conflict-kept");
    assert_string_equal(outcome_text(OUTCOME_IGNORED), "ignored");
}

static const struct station lakes[] = {{.station = "schwerin-see"},
                                       {.station = "schwerin-ziegelsee"}};
static const struct station quays[] = {{.station = "wismar-hafen"}};
static const struct city cities[] = {
    {.city = "luebeck"},
    {.city = "schwerin", .stations = lakes, .station_count = 2},
    {.city = "wismar", .stations = quays, .station_count = 1}};
static const struct parameter parameters[] = {{.id = "oxygen"}, {.id = "ph"}};
static const struct sensor_model models[] = {{.model = "acme"}, {.model = "zeta"}};
static const struct source sources[] = {{.source = "one"}, {.source = "two"}};

static void test_configuration_finds_by_name(void **state)
{
    (void)state;
    const struct configuration c = {.sources = sources,
                                    .source_count = 2,
                                    .parameters = parameters,
                                    .parameter_count = 2,
                                    .models = models,
                                    .model_count = 2,
                                    .cities = cities,
                                    .city_count = 3};
    assert_ptr_equal(configuration_parameter(&c, "oxygen"), &parameters[0]);
    assert_ptr_equal(configuration_parameter(&c, "ph"), &parameters[1]);
    assert_null(configuration_parameter(&c, "p"));
    assert_ptr_equal(configuration_model(&c, "zeta"), &models[1]);
    assert_null(configuration_model(&c, ""));
    assert_ptr_equal(configuration_city(&c, "wismar"), &cities[2]);
    assert_null(configuration_city(&c, "kiel"));
    assert_ptr_equal(configuration_source(&c, "two"), &sources[1]);
    assert_null(configuration_source(&c, "three"));
    assert_ptr_equal(configuration_station(&c, "schwerin-ziegelsee"), &lakes[1]);
    assert_ptr_equal(configuration_station(&c, "wismar-hafen"), &quays[0]);
    assert_null(configuration_station(&c, "luebeck-bauhof"));
    const struct configuration nothing = {.city_count = 0};
    assert_null(configuration_parameter(&nothing, "ph"));
    assert_null(configuration_source(&nothing, "one"));
}

enum { DEVICES = 300 };

static void test_configuration_finds_devices_of_a_city(void **state)
{
    (void)state;
    static struct device devices[DEVICES];
    static char names[DEVICES][16];
    for (size_t i = 0; i < DEVICES; i++) {
        /* every id of luebeck is one of schwerin too, those of wismar are its own */
        snprintf(names[i], sizeof names[i], "%s%zu", i % 3 == 2 ? "w" : "d", i / 3);
        devices[i] = (struct device){.device = names[i], .city = &cities[i % 3]};
    }
    struct configuration c = {
        .memory = arena_open(1 << 16), .devices = devices, .device_count = DEVICES};
    assert_non_null(c.memory);
    assert_true(configuration_index(&c));
    for (size_t i = 0; i < DEVICES; i++) {
        const struct device *other = &devices[0];
        const struct device *found =
            configuration_device(&c, cities[i % 3].city, names[i], &other);
        assert_ptr_equal(found, &devices[i]);
        found = configuration_device(&c, NULL, names[i], NULL);
        assert_string_equal(found->device, names[i]);
    }
    const struct device *other = NULL;
    assert_null(configuration_device(&c, "luebeck", names[2], &other));
    assert_ptr_equal(other, &devices[2]);
    assert_null(configuration_device(&c, "luebeck", "nobody", &other));
    assert_null(other);
    arena_close(c.memory);
}

static void test_configuration_index_says_when_memory_is_out(void **state)
{
    (void)state;
    struct configuration c = {.memory = arena_open(64)};
    assert_non_null(c.memory);
    assert_false(configuration_index(&c));
    configuration_free(&c);
    configuration_free(NULL);
}

static void test_periods_hold_from_their_start_to_before_their_end(void **state)
{
    (void)state;
    const struct gauge_zero zeros[] = {{.period = {10, 20}, .m_nhn = 1},
                                       {.period = {20, 30}, .m_nhn = 2},
                                       {.period = {40, INT64_MAX}, .m_nhn = 3}};
    const struct reference_level levels[] = {{.period = {0, 5}, .value_m = 9}};
    const struct station s = {.gauge_zero = zeros,
                              .gauge_zero_count = 3,
                              .reference_level = levels,
                              .reference_level_count = 1};
    assert_null(station_gauge_zero(&s, 9));
    assert_ptr_equal(station_gauge_zero(&s, 10), &zeros[0]);
    assert_ptr_equal(station_gauge_zero(&s, 19), &zeros[0]);
    assert_ptr_equal(station_gauge_zero(&s, 20), &zeros[1]);
    assert_null(station_gauge_zero(&s, 30));
    assert_ptr_equal(station_gauge_zero(&s, INT64_MAX - 1), &zeros[2]);
    assert_ptr_equal(station_reference_level(&s, 4), &levels[0]);
    assert_null(station_reference_level(&s, 5));
    const struct placement placements[] = {{.period = {INT64_MIN, 0}},
                                           {.period = {5, INT64_MAX}}};
    const struct device d = {.placements = placements, .placement_count = 2};
    assert_ptr_equal(device_placement(&d, -1), &placements[0]);
    assert_null(device_placement(&d, 0));
    assert_ptr_equal(device_placement(&d, 5), &placements[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quality_tests_keep_every_flag_in_every_slot),
        cmocka_unit_test(test_quality_tests_corrected_is_no_test),
        cmocka_unit_test(test_quality_aggregate_of_a_flag_by_hand_is_that_flag),
        cmocka_unit_test(test_quality_aggregate_takes_the_highest),
        cmocka_unit_test(test_quality_texts),
        cmocka_unit_test(test_fate_follows_from_outcomes_by_precedence),
        cmocka_unit_test(test_texts_of_fates_and_outcomes),
        cmocka_unit_test(test_configuration_finds_by_name),
        cmocka_unit_test(test_configuration_finds_devices_of_a_city),
        cmocka_unit_test(test_configuration_index_says_when_memory_is_out),
        cmocka_unit_test(test_periods_hold_from_their_start_to_before_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
