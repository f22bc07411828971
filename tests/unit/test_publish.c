/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "base/clock.h"
#include "base/file.h"
#include "support/publishing.h"

#include <stdio.h>
#include <string.h>

#define S CLOCK_US_PER_S

static void test_round_writes_months_and_current_and_pushes(void **state)
{
    struct publishing_test *w = *state;
    int64_t number = -1;
    publishing_run_round(w);
    publishing_assert_files(w, 4, 0, 0);
    assert_true(publishing_has_file(w, "water/2026/water-2026-08.csv"));
    assert_true(publishing_has_file(w, "water/2026/water-2026-09.csv"));
    assert_true(publishing_has_file(w, "water/2026/water-2026-11.csv"));
    assert_true(publishing_has_file(w, "water/water-current.csv"));
    assert_false(publishing_has_file(w, "water/2026/water-2026-12.csv"));
    assert_string_equal(publishing_portal.seen,
                        "water: water-2026-08.csv water-2026-09.csv "
                        "water-2026-11.csv water-current.csv");
    assert_string_equal(publishing_portal.token, "(none)");
    assert_int_equal(publisher_consumed(w->p, &number), ERR_OK);
    assert_int_equal(number, 3);
    struct outbox_push p = publishing_push_of(w, "water");
    assert_int_equal(p.state, OUTBOX_DONE);
    assert_true(p.success_us == w->work.now_us);
}

static void test_round_without_change_does_nothing(void **state)
{
    struct publishing_test *w = *state;
    publishing_run_round(w);
    publishing_open_again(w);
    size_t queries = w->rows.queries;
    publishing_run_round(w);
    assert_int_equal(w->rows.queries, queries);
    assert_int_equal(publishing_portal.calls, 1);
    assert_int_equal(w->report.current, 1);
    w->work.now_us += CLOCK_US_PER_DAY; /* once a day the portal is looked at */
    publishing_run_round(w);
    assert_int_equal(publishing_portal.calls, 2);
}

static void test_current_ends_at_the_newest_day_not_at_the_clock(void **state)
{
    struct publishing_test *w = *state;
    publishing_put(w, "luebeck-bauhof", "water_temperature", "2026-10-20T23:50:00Z", 2);
    publishing_run_round(w);
    struct buf b;
    char path[600];
    buf_init(&b, 1 << 20);
    snprintf(path, sizeof path, "%s/export/water/water-current.csv", w->folder);
    assert_int_equal(file_read(path, &b), ERR_OK);
    assert_null(strstr(buf_text(&b), "2026-10-20T23:50:00Z"));
    assert_non_null(strstr(buf_text(&b), "2026-10-21T00:00:00Z"));
    assert_non_null(strstr(buf_text(&b), "2026-11-20T00:50:00Z"));
    assert_null(strstr(buf_text(&b), "demo-"));
    buf_fini(&b);
}

static void test_a_late_value_rewrites_its_month_only(void **state)
{
    struct publishing_test *w = *state;
    publishing_run_round(w);
    size_t queries = w->rows.queries;
    publishing_put(w, "luebeck-bauhof", "water_level", "2026-09-15T00:00:00Z", 1);
    publishing_run_round(w);
    publishing_assert_files(w, 1, 0, 0);
    assert_int_equal(w->rows.queries, queries + 1);
    publishing_put(w, "demo-wismar", "water_level", "2026-09-15T00:00:00Z", 1);
    publishing_put(w, "luebeck-bauhof", "battery_voltage", "2026-09-15T00:00:00Z", 1);
    publishing_run_round(w);
    publishing_assert_files(w, 0, 0, 0);
    assert_int_equal(publishing_portal.calls, 2);
}

static void test_withdrawn_rows_take_their_file_with_them(void **state)
{
    struct publishing_test *w = *state;
    publishing_run_round(w);
    synthetic_remove(&w->rows, "luebeck-bauhof", synthetic_time("2026-09-01T00:00:00Z"),
                     synthetic_time("2026-10-01T00:00:00Z"));
    publishing_run_round(w);
    publishing_assert_files(w, 0, 0, 1);
    assert_false(publishing_has_file(w, "water/2026/water-2026-09.csv"));
    assert_string_equal(publishing_portal.seen,
                        "water: water-2026-08.csv water-2026-11.csv "
                        "water-current.csv");
}

static void test_all_rows_gone_leaves_the_portal_alone(void **state)
{
    struct publishing_test *w = *state;
    publishing_run_round(w);
    w->rows.count = 0;
    w->rows.epoch_number = 5;
    publishing_run_round(w);
    publishing_assert_files(w, 0, 0, 4);
    assert_int_equal(publishing_portal.calls, 1);
}

static void test_a_failed_push_without_files_waits_for_no_time(void **state)
{
    struct publishing_test *w = *state;
    int64_t in_us;
    publishing_portal.answer = ERR_NETWORK;
    publishing_run_round(w);
    w->rows.count = 0;
    w->rows.epoch_number = 5;
    w->work.now_us += 3600 * S;
    assert_int_equal(publisher_next_due(w->p, w->work.now_us, &in_us), ERR_OK);
    assert_int_equal(in_us, S);
    publishing_run_round(w);
    assert_int_equal(publishing_portal.calls, 1);
    assert_int_equal(publisher_next_due(w->p, w->work.now_us, &in_us), ERR_OK);
    assert_true(in_us == INT64_MAX);
}

static void test_fold_epoch_and_everything_compare_all_files(void **state)
{
    struct publishing_test *w = *state;
    publishing_run_round(w);
    w->rows.fold = 100;
    publishing_run_round(w);
    publishing_assert_files(w, 0, 4, 0);
    w->rows.fold = 0;
    publishing_run_round(w);
    publishing_assert_files(w, 0, 0, 0);
    w->rows.epoch_number = 2;
    publishing_run_round(w);
    publishing_assert_files(w, 0, 4, 0);
    w->work.everything = true;
    publishing_run_round(w);
    publishing_assert_files(w, 0, 4, 0);
    assert_int_equal(publishing_portal.calls, 1);
}

static void test_a_new_depth_rewrites_the_files_that_show_it(void **state)
{
    struct publishing_test *w = *state;
    publishing_run_round(w);
    w->conf.positions[0].depth_m = 2;
    publishing_run_round(w);
    publishing_assert_files(w, 2, 2, 0);
    assert_int_equal(publishing_portal.calls, 2);
}

static void test_a_new_state_rewrites_the_files_that_show_it(void **state)
{
    struct publishing_test *w = *state;
    const struct parameter *p = &w->conf.parameters[2];
    const struct window released = {
        .period = {0, INT64_MAX}, .parameter = p, .state = STATE_RELEASED};
    publishing_run_round(w);
    w->conf.stations[0].states = (struct windows){&released, 1};
    publishing_run_round(w);
    publishing_assert_files(w, 2, 2, 0);
    assert_int_equal(publishing_portal.calls, 2);
}

static void test_a_fault_in_one_dataset_leaves_the_other_alone(void **state)
{
    struct publishing_test *w = *state;
    const struct parameter *level[] = {&w->conf.parameters[1]};
    w->conf.c.dataset_count = 2;
    w->conf.datasets[1].parameters = level;
    w->conf.datasets[1].parameter_count = 1;
    w->rows.fail_after = 20;
    publishing_run_round(w);
    assert_int_equal(w->report.export_faults, 2);
    assert_non_null(strstr(w->fault, "other: "));
    assert_non_null(strstr(w->fault, "could not be read to the end"));
    assert_int_equal(publishing_portal.calls, 0);
    w->rows.fail_after = 0;
    publishing_run_round(w);
    assert_int_equal(w->report.export_faults, 0);
    assert_int_equal(publishing_portal.calls, 2);
    assert_string_equal(publishing_portal.seen,
                        "other: other-2026-11.csv other-current.csv");
}

static void test_a_stop_loses_nothing(void **state)
{
    struct publishing_test *w = *state;
    w->stop_after_files = 2;
    assert_int_equal(publishing_try_round(w), ERR_BUSY);
    publishing_assert_files(w, 2, 0, 0);
    assert_int_equal(publishing_portal.calls, 0);
    atomic_store(&w->stop, false);
    publishing_open_again(w);
    publishing_run_round(w);
    assert_int_equal(w->report.files_changed, 2);
    assert_int_equal(publishing_portal.calls, 1);
    publishing_portal.answer = ERR_BUSY;
    publishing_put(w, "luebeck-bauhof", "water_level", "2026-09-15T00:00:00Z", 1);
    assert_int_equal(publisher_export(w->p, &w->work, &w->report), ERR_OK);
    atomic_store(&w->stop, true);
    assert_int_equal(publisher_push(w->p, &w->work, &w->report), ERR_BUSY);
    assert_int_equal(publishing_push_of(w, "water").attempts, 0);
}

int main(void)
{
#define TEST(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, publishing_setup, publishing_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_round_writes_months_and_current_and_pushes),
        TEST(test_round_without_change_does_nothing),
        TEST(test_current_ends_at_the_newest_day_not_at_the_clock),
        TEST(test_a_late_value_rewrites_its_month_only),
        TEST(test_withdrawn_rows_take_their_file_with_them),
        TEST(test_all_rows_gone_leaves_the_portal_alone),
        TEST(test_a_failed_push_without_files_waits_for_no_time),
        TEST(test_fold_epoch_and_everything_compare_all_files),
        TEST(test_a_new_depth_rewrites_the_files_that_show_it),
        TEST(test_a_new_state_rewrites_the_files_that_show_it),
        TEST(test_a_fault_in_one_dataset_leaves_the_other_alone),
        TEST(test_a_stop_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
