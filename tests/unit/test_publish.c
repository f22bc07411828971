/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "publish/publisher.h"
#include "support/fixture.h"
#include "support/synthetic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define S CLOCK_US_PER_S

/* What the portal of these tests was asked and is to answer. */
static struct {
    enum err answer;
    bool unreachable;
    int calls;
    char seen[2048]; /* "dataset: file file! ..." of the last call, ! too large */
    char token[64];
} portal;

static enum err fake_describe(const struct publish_job *job, struct buf *out)
{
    buf_put_text(out, job->dataset->title_de);
    return ERR_OK;
}

static enum err fake_push(const struct publish_job *job, struct publish_result *result)
{
    size_t length =
        (size_t)snprintf(portal.seen, sizeof portal.seen, "%s:", job->dataset->dataset);
    portal.calls++;
    snprintf(portal.token, sizeof portal.token, "%s",
             job->token != NULL ? job->token : "(none)");
    for (size_t i = 0; i < job->output_count; i++) {
        const struct publish_output *o = &job->outputs[i];
        length += (size_t)snprintf(portal.seen + length, sizeof portal.seen - length,
                                   " %s%s", o->name, o->too_large ? "!" : "");
        struct publish_receipt r = {
            .output = o, .id = "1", .stamp = "x", .read = o->hash, .is_read = true};
        if (portal.answer == ERR_OK) {
            assert_int_equal(job->record(job->arg, &r), ERR_OK);
        }
    }
    result->unreachable = portal.unreachable;
    if (portal.answer != ERR_OK) {
        snprintf(result->sentence, sizeof result->sentence, "the portal says no");
    }
    return portal.answer;
}

static const struct publish_kind fake = {
    .name = "ckan", .describe = fake_describe, .push = fake_push};
static const struct publish_kind *const kinds[] = {&fake, NULL};

struct work {
    char folder[256];
    struct synthetic_conf conf;
    struct synthetic rows;
    struct publish_source source;
    struct publisher *p;
    struct publish_work work;
    struct publish_report report;
    atomic_bool stop;
    char fault[200];
    int stop_after_files; /* 0: never */
};

static void open_publisher(struct work *w)
{
    struct diag d = {.text = ""};
    publisher_close(w->p);
    w->p = NULL;
    assert_int_equal(publisher_open(w->folder, &w->p, &d), ERR_OK);
    publisher_use_kinds(w->p, kinds);
}

static void put(struct work *w, const char *station, const char *parameter,
                const char *from, size_t count)
{
    struct synthetic_run run = {.city = strstr(station, "wismar") != NULL ? "wismar"
                                                                          : "luebeck",
                                .station = station,
                                .parameter = parameter,
                                .from_us = synthetic_time(from),
                                .step_us = 600 * S,
                                .count = count,
                                .first = 1,
                                .slope = 0.25};
    synthetic_put(&w->rows, &run);
}

static int setup(void **state)
{
    static struct work w;
    memset(&w, 0, sizeof w);
    memset(&portal, 0, sizeof portal);
    fixture_folder(w.folder);
    synthetic_conf_init(&w.conf, w.folder);
    synthetic_init(&w.rows);
    w.source = synthetic_source(&w.rows);
    w.work = (struct publish_work){.configuration = &w.conf.c,
                                   .source = &w.source,
                                   .now_us = synthetic_time("2031-01-01T00:00:00Z"),
                                   .stop = &w.stop};
    open_publisher(&w);
    put(&w, "luebeck-bauhof", "water_temperature", "2026-08-31T23:00:00Z", 12);
    put(&w, "wismar-baumhaus", "water_level", "2026-11-20T00:00:00Z", 6);
    put(&w, "demo-wismar", "water_level", "2026-12-24T00:00:00Z", 6);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct work *w = *state;
    publisher_close(w->p);
    synthetic_fini(&w->rows);
    fixture_remove(w->folder);
    return 0;
}

static void take_fault(void *arg, const struct dataset *dataset, const char *sentence)
{
    struct work *w = arg;
    snprintf(w->fault, sizeof w->fault, "%s: %s", dataset->dataset, sentence);
}

static void take_file(void *arg, const struct dataset *dataset, const char *path,
                      const struct exported *e)
{
    struct work *w = arg;
    (void)dataset, (void)path, (void)e;
    if (w->stop_after_files > 0 && --w->stop_after_files == 0) {
        atomic_store(&w->stop, true);
    }
}

static enum err try_round(struct work *w)
{
    w->report = (struct publish_report){.arg = w, .file = take_file, .fault = take_fault};
    return publisher_round(w->p, &w->work, &w->report);
}

static void run_round(struct work *w)
{
    assert_int_equal(try_round(w), ERR_OK);
}

static void assert_files(const struct work *w, int changed, int same, int removed)
{
    if (w->report.files_changed != changed || w->report.files_same != same ||
        w->report.files_removed != removed) {
        fail_msg("%d changed, %d same, %d removed; not %d, %d, %d",
                 w->report.files_changed, w->report.files_same, w->report.files_removed,
                 changed, same, removed);
    }
}

static bool there(const struct work *w, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/export/%s", w->folder, name);
    return file_exists(path);
}

static struct outbox_push push_of(const struct work *w, const char *dataset)
{
    struct outbox *o = NULL;
    struct diag d = {.text = ""};
    struct outbox_push p;
    assert_int_equal(outbox_open(w->folder, true, &o, &d), ERR_OK);
    assert_int_equal(outbox_get_push(o, dataset, "portal", &p), ERR_OK);
    outbox_close(o);
    return p;
}

static void test_round_writes_months_and_current_and_pushes(void **state)
{
    struct work *w = *state;
    int64_t number = -1;
    run_round(w);
    assert_files(w, 4, 0, 0);
    assert_true(there(w, "water/2026/water-2026-08.csv"));
    assert_true(there(w, "water/2026/water-2026-09.csv"));
    assert_true(there(w, "water/2026/water-2026-11.csv"));
    assert_true(there(w, "water/water-current.csv"));
    assert_false(there(w, "water/2026/water-2026-12.csv"));
    assert_string_equal(portal.seen, "water: water-2026-08.csv water-2026-09.csv "
                                     "water-2026-11.csv water-current.csv");
    assert_string_equal(portal.token, "(none)");
    assert_int_equal(publisher_consumed(w->p, &number), ERR_OK);
    assert_int_equal(number, 3);
    struct outbox_push p = push_of(w, "water");
    assert_int_equal(p.state, OUTBOX_DONE);
    assert_true(p.success_us == w->work.now_us);
}

static void test_round_without_change_does_nothing(void **state)
{
    struct work *w = *state;
    run_round(w);
    open_publisher(w);
    size_t queries = w->rows.queries;
    run_round(w);
    assert_int_equal(w->rows.queries, queries);
    assert_int_equal(portal.calls, 1);
    assert_int_equal(w->report.current, 1);
    w->work.now_us += CLOCK_US_PER_DAY; /* once a day the portal is looked at */
    run_round(w);
    assert_int_equal(portal.calls, 2);
}

static void test_current_ends_at_the_newest_day_not_at_the_clock(void **state)
{
    struct work *w = *state;
    put(w, "luebeck-bauhof", "water_temperature", "2026-10-20T23:50:00Z", 2);
    run_round(w);
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
    struct work *w = *state;
    run_round(w);
    size_t queries = w->rows.queries;
    put(w, "luebeck-bauhof", "water_level", "2026-09-15T00:00:00Z", 1);
    run_round(w);
    assert_files(w, 1, 0, 0);
    assert_int_equal(w->rows.queries, queries + 1);
    put(w, "demo-wismar", "water_level", "2026-09-15T00:00:00Z", 1);
    put(w, "luebeck-bauhof", "battery_voltage", "2026-09-15T00:00:00Z", 1);
    run_round(w);
    assert_files(w, 0, 0, 0);
    assert_int_equal(portal.calls, 2);
}

static void test_withdrawn_rows_take_their_file_with_them(void **state)
{
    struct work *w = *state;
    run_round(w);
    synthetic_remove(&w->rows, "luebeck-bauhof", synthetic_time("2026-09-01T00:00:00Z"),
                     synthetic_time("2026-10-01T00:00:00Z"));
    run_round(w);
    assert_files(w, 0, 0, 1);
    assert_false(there(w, "water/2026/water-2026-09.csv"));
    assert_string_equal(portal.seen, "water: water-2026-08.csv water-2026-11.csv "
                                     "water-current.csv");
}

static void test_all_rows_gone_leaves_the_portal_alone(void **state)
{
    struct work *w = *state;
    run_round(w);
    w->rows.count = 0;
    w->rows.epoch_number = 5;
    run_round(w);
    assert_files(w, 0, 0, 4);
    assert_int_equal(portal.calls, 1);
}

static void test_a_failed_push_without_files_waits_for_no_time(void **state)
{
    struct work *w = *state;
    int64_t in_us;
    portal.answer = ERR_NETWORK;
    run_round(w);
    w->rows.count = 0;
    w->rows.epoch_number = 5;
    w->work.now_us += 3600 * S;
    assert_int_equal(publisher_next_due(w->p, w->work.now_us, &in_us), ERR_OK);
    assert_int_equal(in_us, S);
    run_round(w);
    assert_int_equal(portal.calls, 1);
    assert_int_equal(publisher_next_due(w->p, w->work.now_us, &in_us), ERR_OK);
    assert_true(in_us == INT64_MAX);
}

static void test_fold_epoch_and_everything_compare_all_files(void **state)
{
    struct work *w = *state;
    run_round(w);
    w->rows.fold = 100;
    run_round(w);
    assert_files(w, 0, 4, 0);
    w->rows.fold = 0;
    run_round(w);
    assert_files(w, 0, 0, 0);
    w->rows.epoch_number = 2;
    run_round(w);
    assert_files(w, 0, 4, 0);
    w->work.everything = true;
    run_round(w);
    assert_files(w, 0, 4, 0);
    assert_int_equal(portal.calls, 1);
}

static void test_a_new_depth_rewrites_the_files_that_show_it(void **state)
{
    struct work *w = *state;
    run_round(w);
    w->conf.positions[0].depth_m = 2;
    run_round(w);
    assert_files(w, 2, 2, 0);
    assert_int_equal(portal.calls, 2);
}

static void test_a_fault_in_one_dataset_leaves_the_other_alone(void **state)
{
    struct work *w = *state;
    const struct parameter *level[] = {&w->conf.parameters[1]};
    w->conf.c.dataset_count = 2;
    w->conf.datasets[1].parameters = level;
    w->conf.datasets[1].parameter_count = 1;
    w->rows.fail_after = 20;
    run_round(w);
    assert_int_equal(w->report.export_faults, 2);
    assert_non_null(strstr(w->fault, "other: "));
    assert_non_null(strstr(w->fault, "could not be read to the end"));
    assert_int_equal(portal.calls, 0);
    w->rows.fail_after = 0;
    run_round(w);
    assert_int_equal(w->report.export_faults, 0);
    assert_int_equal(portal.calls, 2);
    assert_string_equal(portal.seen, "other: other-2026-11.csv other-current.csv");
}

static void test_a_stop_loses_nothing(void **state)
{
    struct work *w = *state;
    w->stop_after_files = 2;
    assert_int_equal(try_round(w), ERR_BUSY);
    assert_files(w, 2, 0, 0);
    assert_int_equal(portal.calls, 0);
    atomic_store(&w->stop, false);
    open_publisher(w);
    run_round(w);
    assert_int_equal(w->report.files_changed, 2);
    assert_int_equal(portal.calls, 1);
    portal.answer = ERR_BUSY;
    put(w, "luebeck-bauhof", "water_level", "2026-09-15T00:00:00Z", 1);
    assert_int_equal(publisher_export(w->p, &w->work, &w->report), ERR_OK);
    atomic_store(&w->stop, true);
    assert_int_equal(publisher_push(w->p, &w->work, &w->report), ERR_BUSY);
    assert_int_equal(push_of(w, "water").attempts, 0);
}

static void test_failures_wait_longer_and_longer(void **state)
{
    struct work *w = *state;
    portal.answer = ERR_NETWORK;
    int64_t wait_us = 30 * S;
    for (int attempts = 1; attempts <= 9; attempts++) {
        run_round(w);
        assert_int_equal(portal.calls, attempts);
        struct outbox_push p = push_of(w, "water");
        assert_int_equal(p.state, OUTBOX_FAILED);
        assert_int_equal(p.attempts, attempts);
        assert_string_equal(p.sentence, "the portal says no");
        assert_true(p.next_us >= w->work.now_us + wait_us / 2);
        assert_true(p.next_us <= w->work.now_us + wait_us);
        int64_t in_us;
        assert_int_equal(publisher_next_due(w->p, w->work.now_us, &in_us), ERR_OK);
        assert_true(in_us == p.next_us - w->work.now_us);
        w->work.now_us = p.next_us - 1;
        open_publisher(w);
        run_round(w);
        assert_int_equal(portal.calls, attempts);
        assert_int_equal(w->report.failed, 1);
        w->work.now_us = p.next_us;
        wait_us = wait_us * 2 < 3600 * S ? wait_us * 2 : 3600 * S;
    }
    portal.answer = ERR_OK;
    run_round(w);
    struct outbox_push p = push_of(w, "water");
    assert_int_equal(p.state, OUTBOX_DONE);
    assert_int_equal(p.attempts, 0);
    assert_string_equal(p.sentence, "");
}

static void test_an_unreachable_portal_is_asked_once_a_round(void **state)
{
    struct work *w = *state;
    w->conf.c.dataset_count = 2;
    portal.answer = ERR_NETWORK;
    portal.unreachable = true;
    run_round(w);
    assert_int_equal(portal.calls, 1);
    assert_int_equal(w->report.failed, 1);
    assert_int_equal(w->report.waiting, 1);
    assert_int_equal(push_of(w, "other").state, OUTBOX_WAITING);
    portal.answer = ERR_OK;
    run_round(w);
    assert_int_equal(portal.calls, 2);
    assert_int_equal(push_of(w, "other").state, OUTBOX_DONE);
}

static void test_a_refused_dataset_waits_for_a_change_and_blocks_none(void **state)
{
    struct work *w = *state;
    w->conf.c.dataset_count = 2;
    portal.answer = ERR_CONFIG;
    run_round(w);
    assert_int_equal(portal.calls, 2);
    assert_int_equal(w->report.parked, 2);
    w->work.now_us += 3600 * S;
    run_round(w);
    assert_int_equal(portal.calls, 2);
    portal.answer = ERR_OK;
    w->conf.datasets[0].title_de = "Anders";
    run_round(w);
    assert_int_equal(portal.calls, 3);
    put(w, "luebeck-bauhof", "water_level", "2026-09-15T00:00:00Z", 1);
    run_round(w);
    assert_int_equal(portal.calls, 5);
    assert_int_equal(w->report.pushed, 2);
}

static void write_token(const struct work *w, const char *token, char path[600])
{
    snprintf(path, 600, "%s/token", w->folder);
    assert_int_equal(file_put(path, token, strlen(token), 0600), ERR_OK);
}

static void test_a_refused_token_waits_for_another_token(void **state)
{
    struct work *w = *state;
    char path[600];
    write_token(w, "first\n", path);
    w->conf.targets[0].token_file = path;
    portal.answer = ERR_REFUSED;
    run_round(w);
    assert_string_equal(portal.token, "first");
    put(w, "luebeck-bauhof", "water_level", "2026-09-15T00:00:00Z", 1);
    run_round(w);
    assert_int_equal(portal.calls, 1);
    write_token(w, "second\n", path);
    portal.answer = ERR_OK;
    run_round(w);
    assert_int_equal(portal.calls, 2);
    assert_string_equal(portal.token, "second");
    assert_int_equal(w->report.pushed, 1);
}

static void test_at_once_tries_what_waits(void **state)
{
    struct work *w = *state;
    portal.answer = ERR_REFUSED;
    run_round(w);
    w->work.at_once = true;
    run_round(w);
    assert_int_equal(portal.calls, 2);
    portal.answer = ERR_OK;
    run_round(w);
    assert_int_equal(portal.calls, 3);
    run_round(w);
    assert_int_equal(portal.calls, 3);
}

static void test_demonstration_goes_to_marked_targets_only(void **state)
{
    struct work *w = *state;
    w->conf.datasets[0].demonstration = true;
    run_round(w);
    assert_int_equal(portal.calls, 0);
    assert_int_equal(w->report.parked, 1);
    assert_non_null(strstr(push_of(w, "water").sentence, "is not marked demonstration"));
    assert_true(there(w, "water/2026/water-2026-12.csv"));
    w->conf.targets[0].demonstration = true;
    w->work.at_once = true;
    run_round(w);
    assert_int_equal(portal.calls, 1);
}

static void test_files_above_the_limit_are_split(void **state)
{
    struct work *w = *state;
    put(w, "luebeck-bauhof", "water_temperature", "2026-11-01T00:00:00Z", 100);
    put(w, "luebeck-bauhof", "water_level", "2026-11-01T00:00:00Z", 60);
    w->conf.targets[0].max_file_mb = 10000.0 / 1048576;
    run_round(w);
    assert_string_equal(
        portal.seen,
        "water: water-2026-08.csv water-2026-09.csv "
        "water-2026-11-luebeck-water_level.csv "
        "water-2026-11-luebeck-water_temperature.csv! water-2026-11-wismar.csv "
        "water-current-luebeck-water_level.csv "
        "water-current-luebeck-water_temperature.csv! water-current-wismar.csv");
    assert_true(there(w, "water/2026/water-2026-11-luebeck.csv"));
    w->conf.targets[0].max_file_mb = 10;
    run_round(w);
    assert_string_equal(portal.seen, "water: water-2026-08.csv water-2026-09.csv "
                                     "water-2026-11.csv water-current.csv");
    assert_false(there(w, "water/2026/water-2026-11-luebeck.csv"));
    assert_false(there(w, "water/water-current-luebeck-water_level.csv"));
}

static void test_a_dataset_that_is_gone_leaves_the_queue(void **state)
{
    struct work *w = *state;
    run_round(w);
    w->conf.c.dataset_count = 0;
    run_round(w);
    assert_int_equal(push_of(w, "water").success_us, CLOCK_NONE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
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
        TEST(test_a_fault_in_one_dataset_leaves_the_other_alone),
        TEST(test_a_stop_loses_nothing),
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
