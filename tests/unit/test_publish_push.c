/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "base/clock.h"
#include "base/file.h"
#include "support/publishing.h"

#include <stdio.h>
#include <string.h>

#define S CLOCK_US_PER_S

static void test_failures_wait_longer_and_longer(void **state)
{
    struct publishing_test *w = *state;
    publishing_portal.answer = ERR_NETWORK;
    int64_t wait_us = 30 * S;
    for (int attempts = 1; attempts <= 9; attempts++) {
        publishing_run_round(w);
        assert_int_equal(publishing_portal.calls, attempts);
        struct outbox_push p = publishing_push_of(w, "water");
        assert_int_equal(p.state, OUTBOX_FAILED);
        assert_int_equal(p.attempts, attempts);
        assert_string_equal(p.sentence, "the portal says no");
        assert_true(p.next_us >= w->work.now_us + wait_us / 2);
        assert_true(p.next_us <= w->work.now_us + wait_us);
        int64_t in_us;
        assert_int_equal(publisher_next_due(w->p, w->work.now_us, &in_us), ERR_OK);
        assert_true(in_us == p.next_us - w->work.now_us);
        w->work.now_us = p.next_us - 1;
        publishing_open_again(w);
        publishing_run_round(w);
        assert_int_equal(publishing_portal.calls, attempts);
        assert_int_equal(w->report.failed, 1);
        w->work.now_us = p.next_us;
        wait_us = wait_us * 2 < 3600 * S ? wait_us * 2 : 3600 * S;
    }
    publishing_portal.answer = ERR_OK;
    publishing_run_round(w);
    struct outbox_push p = publishing_push_of(w, "water");
    assert_int_equal(p.state, OUTBOX_DONE);
    assert_int_equal(p.attempts, 0);
    assert_string_equal(p.sentence, "");
}

static void test_an_unreachable_portal_is_asked_once_a_round(void **state)
{
    struct publishing_test *w = *state;
    w->conf.c.dataset_count = 2;
    publishing_portal.answer = ERR_NETWORK;
    publishing_portal.unreachable = true;
    publishing_run_round(w);
    assert_int_equal(publishing_portal.calls, 1);
    assert_int_equal(w->report.failed, 1);
    assert_int_equal(w->report.waiting, 1);
    assert_int_equal(publishing_push_of(w, "other").state, OUTBOX_WAITING);
    publishing_portal.answer = ERR_OK;
    publishing_run_round(w);
    assert_int_equal(publishing_portal.calls, 2);
    assert_int_equal(publishing_push_of(w, "other").state, OUTBOX_DONE);
}

static void test_a_refused_dataset_waits_for_a_change_and_blocks_none(void **state)
{
    struct publishing_test *w = *state;
    w->conf.c.dataset_count = 2;
    publishing_portal.answer = ERR_CONFIG;
    publishing_run_round(w);
    assert_int_equal(publishing_portal.calls, 2);
    assert_int_equal(w->report.parked, 2);
    w->work.now_us += 3600 * S;
    publishing_run_round(w);
    assert_int_equal(publishing_portal.calls, 2);
    publishing_portal.answer = ERR_OK;
    w->conf.datasets[0].title_de = "Anders";
    publishing_run_round(w);
    assert_int_equal(publishing_portal.calls, 3);
    publishing_put(w, "luebeck-bauhof", "water_level", "2026-09-15T00:00:00Z", 1);
    publishing_run_round(w);
    assert_int_equal(publishing_portal.calls, 5);
    assert_int_equal(w->report.pushed, 2);
}

static void write_token(const struct publishing_test *w, const char *token,
                        char path[600])
{
    snprintf(path, 600, "%s/token", w->folder);
    assert_int_equal(file_put(path, token, strlen(token), 0600), ERR_OK);
}

static void test_a_refused_token_waits_for_another_token(void **state)
{
    struct publishing_test *w = *state;
    char path[600];
    write_token(w, "first\n", path);
    w->conf.targets[0].token_file = path;
    publishing_portal.answer = ERR_REFUSED;
    publishing_run_round(w);
    assert_string_equal(publishing_portal.token, "first");
    publishing_put(w, "luebeck-bauhof", "water_level", "2026-09-15T00:00:00Z", 1);
    publishing_run_round(w);
    assert_int_equal(publishing_portal.calls, 1);
    write_token(w, "second\n", path);
    publishing_portal.answer = ERR_OK;
    publishing_run_round(w);
    assert_int_equal(publishing_portal.calls, 2);
    assert_string_equal(publishing_portal.token, "second");
    assert_int_equal(w->report.pushed, 1);
}

static void test_at_once_tries_what_waits(void **state)
{
    struct publishing_test *w = *state;
    publishing_portal.answer = ERR_REFUSED;
    publishing_run_round(w);
    w->work.at_once = true;
    publishing_run_round(w);
    assert_int_equal(publishing_portal.calls, 2);
    publishing_portal.answer = ERR_OK;
    publishing_run_round(w);
    assert_int_equal(publishing_portal.calls, 3);
    publishing_run_round(w);
    assert_int_equal(publishing_portal.calls, 3);
}

static void test_demonstration_goes_to_marked_targets_only(void **state)
{
    struct publishing_test *w = *state;
    w->conf.datasets[0].demonstration = true;
    publishing_run_round(w);
    assert_int_equal(publishing_portal.calls, 0);
    assert_int_equal(w->report.parked, 1);
    assert_non_null(
        strstr(publishing_push_of(w, "water").sentence, "is not marked demonstration"));
    assert_true(publishing_has_file(w, "water/2026/water-2026-12.csv"));
    w->conf.targets[0].demonstration = true;
    w->work.at_once = true;
    publishing_run_round(w);
    assert_int_equal(publishing_portal.calls, 1);
}

static void test_files_above_the_limit_are_split(void **state)
{
    struct publishing_test *w = *state;
    publishing_put(w, "luebeck-bauhof", "water_temperature", "2026-11-01T00:00:00Z", 100);
    publishing_put(w, "luebeck-bauhof", "water_level", "2026-11-01T00:00:00Z", 60);
    w->conf.targets[0].max_file_mb = 10000.0 / 1048576;
    publishing_run_round(w);
    assert_string_equal(
        publishing_portal.seen,
        "water: water-2026-08.csv water-2026-09.csv "
        "water-2026-11-luebeck-water_level.csv "
        "water-2026-11-luebeck-water_temperature.csv! water-2026-11-wismar.csv "
        "water-current-luebeck-water_level.csv "
        "water-current-luebeck-water_temperature.csv! water-current-wismar.csv");
    assert_true(publishing_has_file(w, "water/2026/water-2026-11-luebeck.csv"));
    w->conf.targets[0].max_file_mb = 10;
    publishing_run_round(w);
    assert_string_equal(publishing_portal.seen,
                        "water: water-2026-08.csv water-2026-09.csv "
                        "water-2026-11.csv water-current.csv");
    assert_false(publishing_has_file(w, "water/2026/water-2026-11-luebeck.csv"));
    assert_false(publishing_has_file(w, "water/water-current-luebeck-water_level.csv"));
}

static void test_a_dataset_that_is_gone_leaves_the_queue(void **state)
{
    struct publishing_test *w = *state;
    publishing_run_round(w);
    w->conf.c.dataset_count = 0;
    publishing_run_round(w);
    assert_int_equal(publishing_push_of(w, "water").success_us, CLOCK_NONE);
}

int main(void)
{
#define TEST(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, publishing_setup, publishing_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_failures_wait_longer_and_longer),
        TEST(test_an_unreachable_portal_is_asked_once_a_round),
        TEST(test_a_refused_dataset_waits_for_a_change_and_blocks_none),
        TEST(test_a_refused_token_waits_for_another_token),
        TEST(test_at_once_tries_what_waits),
        TEST(test_demonstration_goes_to_marked_targets_only),
        TEST(test_files_above_the_limit_are_split),
        TEST(test_a_dataset_that_is_gone_leaves_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
