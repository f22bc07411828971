/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/clock.h"
#include "resolve/resolve.h"
#include "support/assert_close.h"

#include <math.h>
#include <string.h>

enum { SPRING = 1000, SUMMER = 2000, AUTUMN = 3000 };

static const struct parameter temperature = {
    .id = "water_temperature", .unit = "degC", .kind = PARAMETER_WATER};
static const struct parameter ph = {.id = "ph", .unit = "1", .kind = PARAMETER_WATER};
static const struct parameter battery = {
    .id = "battery_voltage", .unit = "V", .kind = PARAMETER_HOUSEKEEPING};

static const struct sensor_field fields[] = {
    {.field = "/temp",
     .parameter = &temperature,
     .position = "main",
     .origin = "measured"},
    {.field = "/bat", .parameter = &battery, .unit = "V", .origin = "measured"},
    {.field = "/press",
     .quantity = QUANTITY_PRESSURE,
     .reference = PRESSURE_ABSOLUTE,
     .position = "bottom",
     .origin = "measured:mean"},
    {.field = "/nothing"},
    {.field = "/ph", .parameter = &ph},
};

static const struct city cities[] = {{.city = "luebeck"}, {.city = "wismar"}};
static const struct station wakenitz = {.station = "luebeck-wakenitz"};
static const struct station hafen = {.station = "wismar-hafen"};
static const struct placed_position renamed[] = {
    {.position = "main", .as = "surface", .depth_m = 0.5},
    {.position = "bottom", .as = "bottom", .depth_m = 6}};
static const struct placement at_luebeck[] = {
    {.period = {SPRING, SUMMER}, .station = &wakenitz},
    {.period = {AUTUMN, INT64_MAX},
     .station = &wakenitz,
     .pressure = PRESSURE_VENTED,
     .positions = renamed,
     .position_count = 2}};
static const struct placement at_wismar[] = {
    {.period = {INT64_MIN, INT64_MAX}, .station = &hafen}};
static const struct device devices[] = {
    {.device = "a1", .city = &cities[0], .placements = at_luebeck, .placement_count = 2},
    {.device = "both",
     .city = &cities[0],
     .placements = at_luebeck,
     .placement_count = 2},
    {.device = "b1", .city = &cities[1], .placements = at_wismar, .placement_count = 1},
    {.device = "both", .city = &cities[1], .placements = at_wismar, .placement_count = 1},
    {.device = "shelf", .city = &cities[1]},
};
static const struct source luebeck = {.source = "luebeck-ttn", .city = "luebeck"};
static const struct source wismar = {.source = "wismar-plain", .city = "wismar"};
static const struct source anywhere = {.source = "all"};

static struct configuration c = {.devices = devices,
                                 .device_count = sizeof devices / sizeof *devices};
static struct arena *work;

static int open_all(void **state)
{
    (void)state;
    c.memory = arena_open(1 << 16);
    work = arena_open(1 << 12);
    return c.memory != NULL && work != NULL && configuration_index(&c) ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    arena_close(work);
    arena_close(c.memory);
    return 0;
}

static struct reading reading(const char *device, size_t field, int64_t time_us)
{
    return (struct reading){.device = device,
                            .field = fields[field].field,
                            .entry = &fields[field],
                            .kind = VALUE_NUMBER,
                            .value = 7,
                            .unit = "degC",
                            .time_us = time_us};
}

static enum outcome resolve(const struct source *s, struct reading r, struct place *out,
                            const char **problem)
{
    arena_reset(work);
    return resolve_reading(&c, s, &r, work, out, problem);
}

static void assert_sentence(const char *problem, const char *part)
{
    assert_non_null(problem);
    if (strstr(problem, part) == NULL) {
        print_error("\"%s\" lacks \"%s\"\n", problem, part);
    }
    assert_non_null(strstr(problem, part));
}

static void test_resolve_finds_the_place_of_its_time(void **state)
{
    (void)state;
    struct place p = {.station = NULL};
    const char *problem = "old";
    assert_int_equal(resolve(&luebeck, reading("a1", 0, SPRING), &p, &problem),
                     OUTCOME_STORED);
    assert_null(problem);
    assert_ptr_equal(p.device, &devices[0]);
    assert_ptr_equal(p.placement, &at_luebeck[0]);
    assert_ptr_equal(p.station, &wakenitz);
    assert_string_equal(p.position, "main");
    assert_string_equal(p.origin, "measured");
    assert_int_equal(resolve(&luebeck, reading("a1", 0, AUTUMN), &p, &problem),
                     OUTCOME_STORED);
    assert_ptr_equal(p.placement, &at_luebeck[1]);
    assert_string_equal(p.position, "surface");
}

static void test_resolve_gives_pressure_by_device_then_model(void **state)
{
    (void)state;
    struct place p = {.station = NULL};
    const char *problem = NULL;
    assert_int_equal(resolve(&luebeck, reading("a1", 2, SPRING), &p, &problem),
                     OUTCOME_STORED);
    assert_int_equal(p.pressure, PRESSURE_ABSOLUTE);
    assert_string_equal(p.position, "bottom");
    assert_string_equal(p.origin, "measured:mean");
    assert_int_equal(resolve(&luebeck, reading("a1", 2, AUTUMN), &p, &problem),
                     OUTCOME_STORED);
    assert_int_equal(p.pressure, PRESSURE_VENTED);
}

static void test_a_place_that_is_missing_waits(void **state)
{
    (void)state;
    struct place p = {.position = "untouched"};
    const char *problem = NULL;
    assert_int_equal(resolve(&luebeck, reading("a1", 0, SPRING - 1), &p, &problem),
                     OUTCOME_PENDING);
    assert_sentence(problem, "\"a1\" stood at no station at 1970-01-01T00:00:00.000999Z");
    assert_int_equal(resolve(&luebeck, reading("a1", 0, SUMMER), &p, &problem),
                     OUTCOME_PENDING);
    assert_int_equal(resolve(&luebeck, reading("new", 0, SPRING), &p, &problem),
                     OUTCOME_PENDING);
    assert_sentence(problem, "\"new\" is not registered in luebeck");
    struct reading unread = {.device = "new", .time_us = SPRING};
    assert_int_equal(resolve(&luebeck, unread, &p, &problem), OUTCOME_PENDING);
    assert_int_equal(resolve(&anywhere, unread, &p, &problem), OUTCOME_PENDING);
    assert_sentence(problem, "any city");
    assert_string_equal(p.position, "untouched");
}

static void test_no_city_speaks_for_another(void **state)
{
    (void)state;
    struct place p = {.position = "untouched"};
    const char *problem = NULL;
    assert_int_equal(resolve(&wismar, reading("a1", 0, SPRING), &p, &problem),
                     OUTCOME_REJECTED);
    assert_sentence(problem, "\"a1\" belongs to luebeck");
    assert_sentence(problem, "wismar-plain speaks for wismar");
    assert_int_equal(resolve(&luebeck, reading("b1", 0, SPRING), &p, &problem),
                     OUTCOME_REJECTED);
    assert_int_equal(resolve(&luebeck, reading("b1", 1, SPRING), &p, &problem),
                     OUTCOME_REJECTED);
    struct reading unread = {.device = "b1", .time_us = SPRING};
    assert_int_equal(resolve(&luebeck, unread, &p, &problem), OUTCOME_REJECTED);
    assert_string_equal(p.position, "untouched");
}

static void test_an_id_of_two_cities_is_the_one_of_the_source(void **state)
{
    (void)state;
    struct place p = {.station = NULL};
    const char *problem = NULL;
    assert_int_equal(resolve(&luebeck, reading("both", 0, SPRING), &p, &problem),
                     OUTCOME_STORED);
    assert_ptr_equal(p.station, &wakenitz);
    assert_int_equal(resolve(&wismar, reading("both", 0, SPRING), &p, &problem),
                     OUTCOME_STORED);
    assert_ptr_equal(p.station, &hafen);
}

static void test_a_source_without_city_feeds_all(void **state)
{
    (void)state;
    struct place p = {.station = NULL};
    const char *problem = NULL;
    assert_int_equal(resolve(&anywhere, reading("a1", 0, SPRING), &p, &problem),
                     OUTCOME_STORED);
    assert_int_equal(resolve(&anywhere, reading("b1", 0, SPRING), &p, &problem),
                     OUTCOME_STORED);
    assert_ptr_equal(p.station, &hafen);
}

static void test_housekeeping_needs_only_the_device(void **state)
{
    (void)state;
    struct place p = {.station = &hafen};
    const char *problem = NULL;
    assert_int_equal(resolve(&wismar, reading("shelf", 1, SPRING), &p, &problem),
                     OUTCOME_STORED);
    assert_null(p.station);
    assert_null(p.placement);
    assert_string_equal(p.position, "device");
    assert_int_equal(resolve(&wismar, reading("shelf", 0, SPRING), &p, &problem),
                     OUTCOME_PENDING);
    assert_int_equal(resolve(&luebeck, reading("a1", 1, AUTUMN), &p, &problem),
                     OUTCOME_STORED);
    assert_null(p.station);
    assert_string_equal(p.position, "device");
}

static void test_what_the_model_does_not_want_is_ignored(void **state)
{
    (void)state;
    struct place p = {.station = NULL};
    const char *problem = NULL;
    struct reading r = reading("a1", 0, SPRING);
    r.ignored = true;
    assert_int_equal(resolve(&luebeck, r, &p, &problem), OUTCOME_IGNORED);
    assert_int_equal(resolve(&luebeck, reading("a1", 3, SPRING), &p, &problem),
                     OUTCOME_IGNORED);
    r = (struct reading){.device = "a1", .time_us = SPRING};
    assert_int_equal(resolve(&luebeck, r, &p, &problem), OUTCOME_IGNORED);
    assert_null(problem);
}

static void test_what_is_wrong_in_itself_is_rejected(void **state)
{
    (void)state;
    struct place p = {.station = NULL};
    const char *problem = NULL;
    struct reading r = reading("a1", 0, SPRING);
    r.problem = "the time lies in the future";
    assert_int_equal(resolve(&luebeck, r, &p, &problem), OUTCOME_REJECTED);
    assert_string_equal(problem, r.problem);
    assert_int_equal(resolve(&luebeck, reading(NULL, 0, SPRING), &p, &problem),
                     OUTCOME_REJECTED);
    assert_sentence(problem, "names no device");
    assert_int_equal(resolve(&luebeck, reading("", 0, SPRING), &p, &problem),
                     OUTCOME_REJECTED);
}

static void test_a_hostile_device_id_is_shown_escaped_and_cut(void **state)
{
    (void)state;
    struct place p = {.station = NULL};
    const char *problem = NULL;
    char id[3000];
    memset(id, '\x1b', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    assert_int_equal(resolve(&luebeck, reading(id, 0, SPRING), &p, &problem),
                     OUTCOME_PENDING);
    assert_sentence(problem, "\\x1B");
    assert_true(strlen(problem) < 200 && strchr(problem, '\x1b') == NULL);
}

static void test_a_full_arena_still_gives_a_sentence(void **state)
{
    (void)state;
    struct arena *full = arena_open(16);
    assert_non_null(full);
    struct reading r = reading("new", 0, SPRING);
    struct place p = {.station = NULL};
    const char *problem = NULL;
    assert_int_equal(resolve_reading(&c, &luebeck, &r, full, &p, &problem),
                     OUTCOME_PENDING);
    assert_non_null(problem);
    arena_close(full);
}

static enum outcome usable(struct reading r)
{
    const char *problem = NULL;
    enum outcome o = resolve_usable(&r, &problem);
    assert_true((o == OUTCOME_STORED) == (problem == NULL));
    return o;
}

static void test_usable_is_a_number_with_unit_and_time(void **state)
{
    (void)state;
    struct reading good = reading("nobody", 0, SPRING);
    assert_int_equal(usable(good), OUTCOME_STORED);
    struct reading r = good;
    r.entry = NULL;
    assert_int_equal(usable(r), OUTCOME_STORED);
    r.unit = NULL;
    assert_int_equal(usable(r), OUTCOME_REJECTED);
    r.entry = &fields[1]; /* the entry states V */
    assert_int_equal(usable(r), OUTCOME_STORED);
    r.entry = &fields[4]; /* the parameter's unit is 1 */
    assert_int_equal(usable(r), OUTCOME_STORED);
    r = good;
    r.kind = VALUE_MISSING;
    assert_int_equal(usable(r), OUTCOME_REJECTED);
    r.kind = VALUE_TEXT;
    r.text = "ok";
    assert_int_equal(usable(r), OUTCOME_REJECTED);
    r = good;
    r.value = (double)INFINITY;
    assert_int_equal(usable(r), OUTCOME_REJECTED);
    r = good;
    r.time_us = CLOCK_NONE;
    assert_int_equal(usable(r), OUTCOME_REJECTED);
    r = good;
    r.problem = "retained, age unknown";
    assert_int_equal(usable(r), OUTCOME_REJECTED);
    r = good;
    r.ignored = true;
    assert_int_equal(usable(r), OUTCOME_IGNORED);
    assert_int_equal(usable(reading("nobody", 3, SPRING)), OUTCOME_IGNORED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve_finds_the_place_of_its_time),
        cmocka_unit_test(test_resolve_gives_pressure_by_device_then_model),
        cmocka_unit_test(test_a_place_that_is_missing_waits),
        cmocka_unit_test(test_no_city_speaks_for_another),
        cmocka_unit_test(test_an_id_of_two_cities_is_the_one_of_the_source),
        cmocka_unit_test(test_a_source_without_city_feeds_all),
        cmocka_unit_test(test_housekeeping_needs_only_the_device),
        cmocka_unit_test(test_what_the_model_does_not_want_is_ignored),
        cmocka_unit_test(test_what_is_wrong_in_itself_is_rejected),
        cmocka_unit_test(test_a_hostile_device_id_is_shown_escaped_and_cut),
        cmocka_unit_test(test_a_full_arena_still_gives_a_sentence),
        cmocka_unit_test(test_usable_is_a_number_with_unit_and_time),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
