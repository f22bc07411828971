/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/command.h"
#include "app/context.h"
#include "app/replaying.h"
#include "base/file.h"
#include "support/assert_close.h"
#include "support/audit_run.h"
#include "support/pipeline_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Rejected messages worked on once more: the model reads /at as seconds at first, and
 * some devices send milliseconds. */

#define OK(call) assert_int_equal((call), ERR_OK)

enum { AT_S = 1780271000, MANY = 4500 };

static int set_up(void **state)
{
    static struct pipeline_world w;
    world_begin(&w);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct pipeline_world *w = *state;
    pipeline_stop(w->pipeline);
    world_remove(w);
    return 0;
}

/* k: which second. */
static void put(struct pipeline_world *w, int k, bool in_ms, const char *values)
{
    struct sent m = world_ttn("ttn-1", AT_S + k, k, 0, values);
    if (in_ms) {
        char *at = strstr(m.payload, "\"at\": ");
        assert_non_null(at);
        char *after = at + strcspn(at, ",}");
        memmove(after + 3, after, strlen(after) + 1);
        memcpy(after, "000", 3);
    }
    m.arrival_us += INT64_C(1000000) * k;
    world_put(w, &m);
}

static void work(struct pipeline_world *w)
{
    world_commit(w);
    world_drain(w);
}

/* Writes the model with the first occurrence of from as to, and reloads. */
static void change_model(struct pipeline_world *w, const char *from, const char *to)
{
    char path[600];
    struct buf text;
    struct buf changed;
    struct config_files *files = NULL;
    struct configuration *c = NULL;
    struct config_faults faults = {0};
    struct diag d = {0};
    int64_t again = 0;
    configuration_free(world_configuration(w, PIPELINE_FIRST));
    snprintf(path, sizeof path, "%.250s/devices/probe.json", w->conf);
    buf_init(&text, 1 << 20);
    buf_init(&changed, 1 << 20);
    OK(file_read(path, &text));
    const char *at = strstr(text.bytes, from);
    assert_non_null(at);
    buf_put(&changed, text.bytes, (size_t)(at - text.bytes));
    buf_put_text(&changed, to);
    buf_put_text(&changed, at + strlen(from));
    OK(file_put(path, changed.bytes, changed.length, 0644));
    buf_fini(&text);
    buf_fini(&changed);
    OK(context_read(w->conf, &files, &c, &faults, &d));
    OK(context_accept(w->folder, files));
    config_faults_fini(&faults);
    config_files_close(files);
    OK(pipeline_reload(w->pipeline, c, &again, &d));
    world_drain(w);
}

static void mend(struct pipeline_world *w)
{
    change_model(w, "unix_s\"", "unix_ms\"");
}

struct said {
    int progress;
    char text[400];
};

static void take_line(void *arg, const char *line)
{
    struct said *said = arg;
    json_t *parsed = json_loads(line, 0, NULL);
    const char *text = json_string_value(json_object_get(parsed, "text"));
    assert_non_null(parsed);
    if (text != NULL) {
        snprintf(said->text, sizeof said->text, "%s", text);
    } else {
        const json_t *progress = json_object_get(parsed, "progress");
        assert_true(json_integer_value(json_object_get(progress, "done")) <=
                    json_integer_value(json_object_get(progress, "of")));
        said->progress++;
    }
    json_decref(parsed);
}

/* By the way of the control socket: filter to request and back. */
static struct said replay(struct pipeline_world *w, const char *reason, int64_t since_us,
                          int code)
{
    struct said said = {.progress = 0};
    struct diag d = {0};
    int is = -1;
    const struct replay_filter filter = {.reason = reason, .since_us = since_us};
    char *line = replaying_request(&filter);
    json_t *request = json_loads(line, 0, NULL);
    assert_non_null(request);
    const struct replay_filter asked = replaying_filter(request);
    OK(replaying_run(w->pipeline, &asked, &said, take_line, &is, &d));
    assert_int_equal(is, code);
    json_decref(request);
    free(line);
    return said;
}

static int64_t observations(const struct pipeline_world *w)
{
    return world_number(w, "SELECT count(*) FROM observations");
}

static void test_replay_stores_once_what_a_mended_model_reads(void **state)
{
    struct pipeline_world *w = *state;
    put(w, 0, false, "\"temp\": 10");
    put(w, 1, true, "\"temp\": 281, \"unit\": \"K\"");
    put(w, 2, true, "\"temp\": 282, \"unit\": \"K\"");
    put(w, 3, true, "\"temp\": 10, \"ec\": 1");
    work(w);
    assert_int_equal(observations(w), 1);
    assert_int_equal(world_books(w).fates[FATE_REJECTED], 3);
    struct said before = replay(w, "", INT64_MIN, EXIT_FINDINGS);
    assert_string_equal(before.text, "3 messages replayed: 3 rejected");
    world_audit(w, 4);
    mend(w);
    assert_int_equal(observations(w), 1); /* a reload does not touch what was rejected */
    struct said said = replay(w, "", INT64_MIN, EXIT_DONE);
    assert_string_equal(said.text, "3 messages replayed: 3 stored");
    assert_true(said.progress > 0);
    assert_int_equal(observations(w), 5);
    world_audit(w, 4);
    char *dump = world_dump(w);
    said = replay(w, "", INT64_MIN, EXIT_DONE);
    assert_string_equal(said.text, "nothing to replay: no rejected message fits");
    char *same = world_dump(w);
    assert_string_equal(dump, same);
    free(dump);
    free(same);
    world_audit(w, 4);
}

static void test_replay_takes_what_the_filter_names(void **state)
{
    struct pipeline_world *w = *state;
    const struct sent broken = {
        .source = 1, .topic = "a/x", .payload = "{", .arrival_us = WORLD_START_US};
    world_put(w, &broken);
    put(w, 1, true, "\"temp\": 10");
    put(w, 2, true, "\"temp\": 11");
    work(w);
    mend(w);
    assert_int_equal(world_books(w).fates[FATE_REJECTED], 3);
    struct said said = replay(w, "no such reason", INT64_MIN, EXIT_DONE);
    assert_string_equal(said.text, "nothing to replay: no rejected message fits");
    said = replay(w, "", WORLD_START_US + 62000000, EXIT_DONE);
    assert_string_equal(said.text, "1 message replayed: 1 stored");
    assert_int_equal(world_fate(w, 2), FATE_REJECTED);
    assert_int_equal(world_fate(w, 3), FATE_STORED);
    said = replay(w, "Unix seconds", INT64_MIN, EXIT_DONE);
    assert_int_equal(world_fate(w, 2), FATE_STORED);
    assert_int_equal(world_fate(w, 1), FATE_REJECTED);
    assert_string_equal(said.text, "1 message replayed: 1 stored");
    world_audit(w, 3);
}

/* One of them meets a value that is stored, by a message that the model of today can't
 * read. */
static void test_replay_of_many_beside_a_running_pipeline(void **state)
{
    struct pipeline_world *w = *state;
    for (int k = 0; k < MANY; k++) {
        put(w, k, true, "\"temp\": 10");
    }
    put(w, 3, false, "\"temp\": 11");
    work(w);
    mend(w);
    OK(pipeline_start(w->pipeline));
    struct said said = replay(w, "", INT64_MIN, EXIT_DONE);
    pipeline_stop(w->pipeline);
    assert_string_equal(said.text, "4500 messages replayed: 1 conflict, 4499 stored");
    assert_true(said.progress >= 3); /* 2,000 at a time */
    assert_int_equal(observations(w), MANY);
    world_audit(w, MANY + 1);
}

/* What a message holds stays counted where the model of today does not yield it. */
static void test_replay_of_a_message_that_holds_what_the_model_dropped(void **state)
{
    struct pipeline_world *w = *state;
    put(w, 1, false, "\"temp\": 10, \"ec\": \"much\"");
    put(w, 2, false, "\"temp\": 11, \"bat\": 3, \"ec\": \"much\"");
    put(w, 2, false, "\"temp\": 12, \"bat\": 3, \"ec\": \"much\"");
    work(w);
    assert_int_equal(world_books(w).fates[FATE_REJECTED], 3);
    world_audit(w, 3);
    change_model(w, "\"field\": \"/temp\"", "\"field\": \"/warmth\"");
    struct said said = replay(w, "", INT64_MIN, EXIT_FINDINGS);
    assert_string_equal(said.text, "3 messages replayed: 3 rejected");
    world_audit(w, 3);
    change_model(w,
                 "{\"field\": \"/ec\", \"parameter\": \"conductivity_raw\", "
                 "\"unit\": \"mS/cm\"},",
                 "");
    said = replay(w, "", INT64_MIN, EXIT_DONE);
    assert_string_equal(said.text, "3 messages replayed: 2 conflict, 1 stored");
    assert_int_equal(observations(w), 3);
    world_audit(w, 3);
}

static int run_verb(struct pipeline_world *w, const char *option, const char *value)
{
    char words[][300] = {"kogge", "rejected", "replay", "--data", "", "", ""};
    char *given[] = {words[0], words[1], words[2], words[3],
                     words[4], words[5], words[6], NULL};
    snprintf(words[4], sizeof words[4], "%s", w->folder);
    snprintf(words[5], sizeof words[5], "%s", option);
    snprintf(words[6], sizeof words[6], "%s", value);
    return command_line(7, given);
}

static void test_replay_with_the_hub_down(void **state)
{
    struct pipeline_world *w = *state;
    put(w, 1, true, "\"temp\": 10");
    put(w, 2, true, "\"temp\": 11");
    work(w);
    mend(w);
    put(w, 3, true, "\"temp\": 12"); /* waits */
    world_commit(w);
    world_close(w);
    assert_int_equal(run_verb(w, "--since", "yesterday"), EXIT_USAGE);
    assert_int_equal(run_verb(w, "--reason", "no such"), EXIT_DONE);
    assert_int_equal(observations(w), 1);
    assert_int_equal(run_verb(w, "--since", "2026-06-01T00:00:00Z"), EXIT_DONE);
    assert_int_equal(observations(w), 3);
    world_audit(w, 3);
    int lock = -1;
    OK(context_lock(w->folder, &lock, NULL));
    assert_int_equal(run_verb(w, "--reason", ""), EXIT_LOCKED);
    close(lock);
    world_open(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_replay_stores_once_what_a_mended_model_reads),
        TEST(test_replay_takes_what_the_filter_names),
        TEST(test_replay_of_many_beside_a_running_pipeline),
        TEST(test_replay_of_a_message_that_holds_what_the_model_dropped),
        TEST(test_replay_with_the_hub_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
