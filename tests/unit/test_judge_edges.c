/* SPDX-License-Identifier: EUPL-1.2 */
/* The judge where a series is very dense, or silent for days: worked out by hand. */
#include "base/clock.h"
#include "support/assert_close.h"
#include "support/database.h"
#include "support/pipeline_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_S INT64_C(1777300200) /* April 2026, before the world opens */
#define LAST_S (START_S + INT64_C(36) * 3600)
#define NEXT_S (LAST_S + INT64_C(6) * 86400)

enum { DENSE = 450000 };

static int sent_count;

static void feed(struct pipeline_world *w, int64_t at_s, const char *field,
                 const char *value)
{
    char values[64];
    snprintf(values, sizeof values, "\"%s\": %s", field, value);
    const struct sent m = world_ttn("ttn-1", at_s, sent_count++, 0, values);
    world_feed(w, &m);
}

/* The flag of one test of the observation there; 0: it did not run. */
static int flag_at(const struct pipeline_world *w, int64_t at_s, const char *test)
{
    const struct store_query q = {.from_us = at_s * CLOCK_US_PER_S,
                                  .to_us = at_s * CLOCK_US_PER_S + 1};
    struct store_reader *store = NULL;
    struct row_source rows;
    struct observation_row row;
    int flag = -1;
    assert_int_equal(store_reader_open(w->folder, &store, NULL), ERR_OK);
    assert_int_equal(store_rows_open(store, &q, &rows, NULL), ERR_OK);
    assert_int_equal(rows.next(rows.self, &row), 1);
    const char *const *names = store_test_names(store);
    for (int slot = 0; slot < QUALITY_TESTS; slot++) {
        if (names[slot] != NULL && strcmp(names[slot], test) == 0) {
            flag = (int)quality_tests_get(row.tests, slot);
        }
    }
    store_rows_close(store);
    store_reader_close(store);
    return flag;
}

/* Puts DENSE points, so many a second, behind the one at START_S; that second of them in
 * the middle is left free. Gives it. */
static int64_t fill(struct pipeline_world *w, int a_second)
{
    char sql[640];
    int64_t free_s = START_S + DENSE / a_second / 2;
    feed(w, START_S, "ec", "0.09");
    world_close(w);
    snprintf(
        sql, sizeof sql,
        "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < %d)"
        " INSERT INTO observations SELECT (%lld + k / %d) / 21600, o.series,"
        " (%lld + k / %d) %% 21600, k %% %d * (1000000 / %d), 900 + k %% 50, o.flags,"
        " o.message, NULL, NULL FROM n, (SELECT * FROM observations LIMIT 1) o"
        " WHERE k / %d != %lld",
        DENSE, (long long)(START_S - 1577836800), a_second,
        (long long)(START_S - 1577836800), a_second, a_second, a_second, a_second,
        (long long)(free_s - START_S));
    database_run(w->folder, "hub.db", sql);
    world_open(w);
    return free_s;
}

static void test_a_late_value_among_one_a_second_is_judged(void **state)
{
    (void)state;
    struct pipeline_world w;
    world_begin(&w);
    int64_t late_s = fill(&w, 1);
    feed(&w, late_s, "ec", "19");
    assert_int_equal(flag_at(&w, late_s, "spike_test"), 4);
    assert_int_equal(flag_at(&w, late_s, "flat_line_test"), 1);
    assert_int_equal(flag_at(&w, late_s + 1, "spike_test"), 4);
    assert_int_equal(flag_at(&w, late_s + 2, "spike_test"), 1);
    world_remove(&w);
}

static void test_too_many_to_look_at_is_said_by_each_test(void **state)
{
    (void)state;
    static const char *const names[] = {"spike_test", "flat_line_test",
                                        "rate_of_change_test"};
    struct pipeline_world w;
    world_begin(&w);
    int64_t late_s = fill(&w, 10);
    feed(&w, late_s, "ec", "19");
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        assert_int_equal(flag_at(&w, late_s, names[k]), 2);
    }
    assert_int_equal(flag_at(&w, late_s, "gross_range_test"), 1);
    world_remove(&w);
}

static void test_a_long_silence_changes_no_flag_before_it(void **state)
{
    (void)state;
    struct pipeline_world w;
    world_begin(&w);
    feed(&w, START_S, "temp", "9");
    feed(&w, LAST_S, "temp", "9");
    assert_int_equal(flag_at(&w, LAST_S, "time_gap_test"), 4);
    world_close(&w); /* nothing is remembered */
    world_open(&w);
    feed(&w, NEXT_S, "temp", "9");
    assert_int_equal(flag_at(&w, LAST_S, "time_gap_test"), 4);
    world_remove(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_late_value_among_one_a_second_is_judged),
        cmocka_unit_test(test_too_many_to_look_at_is_said_by_each_test),
        cmocka_unit_test(test_a_long_silence_changes_no_flag_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
