/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/store_world.h"

#include "base/clock.h"
#include "store/schema.h"
#include "support/assert_close.h"
#include "support/database.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define OK(call) assert_int_equal((call), ERR_OK)

/* --- values --- */

static void test_store_keeps_every_value_bit_for_bit(void **state)
{
    struct store_world *w = *state;
    static const double odd[] = {0,        -0.001,     12.3456789, -273.15,
                                 1.0 / 3,  -1e300,     5e-324,     9007199254740993.0,
                                 -1e15,    0.1 + 0.2,  1e6,        -999999.999999,
                                 4.999999, 123456.7e3, -0.5,       8.9999e15};
    const size_t count = sizeof odd / sizeof *odd;
    OK(store_begin(w->store));
    for (int decimals = 0; decimals <= 6; decimals++) {
        int32_t id = store_world_series(w, "kiel", "a", decimals);
        for (size_t i = 0; i < count; i++) {
            struct observation o =
                store_world_observation(id, (int64_t)i * 1000000, odd[i]);
            store_world_insert(w, &o);
        }
        for (int i = -5000; i < 5000; i += 7) { /* what has those decimals exactly */
            struct observation o = store_world_observation(
                id, (5000 + i + 100) * INT64_C(1000000), i / store_scale(decimals));
            store_world_insert(w, &o);
        }
    }
    OK(store_commit(w->store));
    struct store_reader *r = store_world_reader(w);
    static struct observation_row rows[20000];
    size_t n = store_world_read(r, &store_world_all, rows, 20000);
    const size_t each = count + (10000 + 6) / 7;
    assert_int_equal(n, 7 * each);
    for (size_t k = 0; k < n; k++) {
        size_t i = k % each;
        int decimals = (int)(k / each);
        double expected =
            i < count ? odd[i] : (-5000 + 7 * (int)(i - count)) / store_scale(decimals);
        assert_memory_equal(&rows[k].value, &expected, sizeof expected);
        assert_memory_equal(&rows[k].raw, &expected, sizeof expected);
    }
    store_reader_close(r);
}

static void test_store_packs_values_with_the_parameters_decimals(void **state)
{
    struct store_world *w = *state;
    char seen[512];
    OK(store_begin(w->store));
    int32_t id = store_world_series(w, "kiel", "a", 3);
    struct observation exact = store_world_observation(id, 0, 12.345);
    struct observation finer = store_world_observation(id, 1000000, 12.3456);
    store_world_insert(w, &exact);
    store_world_insert(w, &finer);
    OK(store_commit(w->store));
    database_text(w->folder, "hub.db",
                  "SELECT typeof(value), value, raw IS NULL, raw_unit IS NULL"
                  " FROM observations ORDER BY s",
                  seen);
    assert_string_equal(seen, "integer|12345|1|1 real|12.3456|1|1 ");
}

static void test_store_keeps_raw_values_and_units_that_differ(void **state)
{
    struct store_world *w = *state;
    OK(store_begin(w->store));
    int32_t id = store_world_series(w, "kiel", "a", 3);
    struct observation kelvin = store_world_observation(id, 0, 10);
    kelvin.raw = 283.15;
    kelvin.raw_unit = "K";
    struct observation alias = store_world_observation(id, 1000000, 11);
    alias.raw_unit = "Cel";
    struct observation missing = store_world_observation(id, 2000000, (double)NAN);
    missing.raw = -127;
    struct observation none = store_world_observation(id, 3000000, (double)NAN);
    none.raw_unit = "";
    store_world_insert(w, &kelvin);
    store_world_insert(w, &alias);
    store_world_insert(w, &missing);
    store_world_insert(w, &none);
    OK(store_commit(w->store));
    struct store_reader *r = store_world_reader(w);
    struct row_source source;
    struct observation_row row;
    OK(store_rows_open(r, &store_world_all, &source, NULL));
    assert_int_equal(source.next(source.self, &row), 1);
    assert_true(row.value == 10 && row.raw == 283.15);
    assert_string_equal(row.raw_unit, "K");
    assert_string_equal(row.unit, "degC");
    assert_int_equal(source.next(source.self, &row), 1);
    assert_true(row.value == 11 && row.raw == 11);
    assert_string_equal(row.raw_unit, "Cel");
    assert_int_equal(source.next(source.self, &row), 1);
    assert_true(isnan(row.value) && row.raw == -127);
    assert_string_equal(row.raw_unit, "degC");
    assert_int_equal(source.next(source.self, &row), 1);
    assert_true(isnan(row.value) && isnan(row.raw));
    assert_string_equal(row.raw_unit, "");
    assert_int_equal(source.next(source.self, &row), 0);
    store_reader_close(r);
}

static void test_store_keeps_times_before_2020_and_1970(void **state)
{
    struct store_world *w = *state;
    static const int64_t times[] = {INT64_C(-62135596800000000), /* year 1 */
                                    INT64_C(-86400000001),
                                    INT64_C(-1),
                                    0,
                                    1,
                                    INT64_C(631152000000000),
                                    INT64_C(1577836799999999),
                                    INT64_C(1577836800000000),
                                    INT64_C(1577858399999999),
                                    INT64_C(1577858400000000),
                                    INT64_C(253402300799999999)};
    const size_t count = sizeof times / sizeof *times;
    OK(store_begin(w->store));
    int32_t id = store_world_series(w, "kiel", "a", 0);
    for (size_t i = count; i-- > 0;) {
        struct observation o = store_world_observation(id, times[i], (double)i);
        store_world_insert(w, &o);
    }
    OK(store_commit(w->store));
    struct store_reader *r = store_world_reader(w);
    struct observation_row rows[32];
    assert_int_equal(store_world_read(r, &store_world_all, rows, 32), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rows[i].time_us, times[i]);
        assert_true(rows[i].value == (double)i);
    }
    store_reader_close(r);
}

/* --- order, extent, newest --- */

static void put_grid(struct store_world *w)
{
    static const char *const cities[] = {"wismar", "kiel", "luebeck"};
    static const char *const stations[] = {"b", "a"};
    OK(store_begin(w->store));
    for (size_t c = 0; c < 3; c++) {
        for (size_t s = 0; s < 2; s++) {
            char station[32];
            snprintf(station, sizeof station, "%s-%s", stations[s], cities[c]);
            int32_t id = store_world_series(w, cities[c], station, (int)s);
            for (int k = 0; k < 50; k++) { /* over several chunks, backwards */
                struct observation o = store_world_observation(
                    id, INT64_C(1600000000000000) - k * INT64_C(2400000001), (double)k);
                store_world_insert(w, &o);
            }
        }
    }
    OK(store_commit(w->store));
}

static int compare_rows(const struct observation_row *a, const struct observation_row *b,
                        bool by_city)
{
    int order = by_city ? strcmp(a->key.city, b->key.city) : 0;
    order = order != 0 ? order : strcmp(a->key.station, b->key.station);
    return order != 0                 ? order
           : a->time_us < b->time_us  ? -1
           : a->time_us == b->time_us ? 0
                                      : 1;
}

static void check_order(struct store_reader *r, bool by_dump_order)
{
    struct store_query q = store_world_all;
    struct row_source source;
    struct observation_row row;
    struct observation_row before = {0};
    int n = 0;
    q.by_dump_order = by_dump_order;
    OK(store_rows_open(r, &q, &source, NULL));
    while (source.next(source.self, &row) > 0) {
        if (n++ > 0) { /* keys stay until the rows are closed */
            assert_true(compare_rows(&before, &row, by_dump_order) < 0);
        }
        before = row;
    }
    store_rows_close(r);
    assert_int_equal(n, 300);
}

static void test_store_rows_come_in_both_orders(void **state)
{
    struct store_world *w = *state;
    put_grid(w);
    struct store_reader *r = store_world_reader(w);
    check_order(r, true);
    check_order(r, false);
    store_reader_close(r);
}

static void test_store_rows_extent_and_newest_obey_the_query(void **state)
{
    struct store_world *w = *state;
    put_grid(w);
    struct store_reader *r = store_world_reader(w);
    static const char *const kiel[] = {"kiel"};
    const int64_t newest = INT64_C(1600000000000000);
    const int64_t step = INT64_C(2400000001);
    struct store_query q = {.cities = kiel,
                            .city_count = 1,
                            .from_us = newest - 20 * step,
                            .to_us = newest - 3 * step};
    struct observation_row rows[400];
    assert_int_equal(store_world_read(r, &q, rows, 400), 34);
    int64_t first = 0;
    int64_t last = 0;
    OK(store_extent(r, &q, &first, &last));
    assert_int_equal(first, newest - 20 * step);
    assert_int_equal(last, newest - 4 * step);
    q.station = "a-kiel";
    assert_int_equal(store_world_read(r, &q, rows, 400), 17);
    q.station = "nowhere";
    assert_int_equal(store_world_read(r, &q, rows, 400), 0);
    OK(store_extent(r, &q, &first, &last));
    assert_int_equal(first, CLOCK_NONE);
    assert_int_equal(last, CLOCK_NONE);
    store_reader_close(r);
}

struct latest_seen {
    int count;
    int64_t time_us;
    double value;
};

static void see_latest(void *arg, const struct observation_row *o)
{
    struct latest_seen *seen = arg;
    seen->count++;
    seen->time_us = o->time_us;
    seen->value = o->value;
}

static void test_store_latest_is_the_newest_within_the_query(void **state)
{
    struct store_world *w = *state;
    put_grid(w);
    struct store_reader *r = store_world_reader(w);
    const int64_t newest = INT64_C(1600000000000000);
    const int64_t step = INT64_C(2400000001);
    struct latest_seen seen = {0};
    struct store_query q = store_world_all;
    OK(store_latest(r, &q, &seen, see_latest));
    assert_int_equal(seen.count, 6);
    assert_int_equal(seen.time_us, newest);
    q.to_us = newest - 2 * step;
    q.station = "b-wismar";
    seen = (struct latest_seen){0};
    OK(store_latest(r, &q, &seen, see_latest));
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.time_us, newest - 3 * step);
    assert_true(seen.value == 3);
    store_reader_close(r);
}

#define TEST(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, store_world_set_up, store_world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_keeps_every_value_bit_for_bit),
        TEST(test_store_packs_values_with_the_parameters_decimals),
        TEST(test_store_keeps_raw_values_and_units_that_differ),
        TEST(test_store_keeps_times_before_2020_and_1970),
        TEST(test_store_rows_come_in_both_orders),
        TEST(test_store_rows_extent_and_newest_obey_the_query),
        TEST(test_store_latest_is_the_newest_within_the_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
