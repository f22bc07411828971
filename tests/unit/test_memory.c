/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/failing_memory.h"

#include "app/command.h"
#include "app/context.h"
#include "base/file.h"
#include "store/sqlite.h"
#include "support/assert_close.h"
#include "support/audit_run.h"
#include "support/fixture.h"
#include "support/pipeline_world.h"

#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Every allocation on the path of a message is made to fail once, whoever asks for it:
 * the hub, jansson, SQLite, libcrypto or UDUNITS-2 (libcbor takes nothing the way it is
 * used). What fails is to be tried again; then all is as if nothing had failed. */

enum {
    SAMPLE = 61, /* without KOGGE_LONG: one of so many */
    WARM = 2,    /* runs before, in which nothing fails */
};

struct post {
    const char *topic, *payload;
    size_t size; /* 0: of the text */
    int source;
    bool dup;
};

#define TTN(device, counter, values)                                                     \
    "{\"end_device_ids\": {\"device_id\": \"" device "\"}, \"uplink_message\": {"        \
    "\"f_cnt\": " counter ", \"received_at\": \"2026-06-01T00:00:30Z\", "                \
    "\"rx_metadata\": [{\"rssi\": -90, \"snr\": 7.5}], "                                 \
    "\"decoded_payload\": {\"at\": 1780271000, " values "}}}"

static const struct post posts[] = {
    {"v3/a/devices/ttn-1/up", TTN("ttn-1", "7", "\"temp\": 9.5, \"spare\": 9"), 0, 0, 0},
    {"v3/a/devices/ttn-1/up", TTN("ttn-1", "7", "\"temp\": 9.5, \"spare\": 9"), 0, 0, 0},
    {"v3/a/devices/ttn-1/up", TTN("ttn-1", "8", "\"temp\": 10.5"), 0, 0, 0},
    {"v3/a/devices/ttn-1/up", TTN("ttn-1", "6", "\"temp\": 11, \"ec\": 3"), 0, 0, 0},
    {"v3/a/devices/ttn-1/up", TTN("ttn-1", "5", "\"temp\": 10.5"), 0, 0, 0},
    {"v3/a/devices/late-1/up", TTN("late-1", "1", "\"temp\": 12"), 0, 0, 0},
    {"a/x",
     "{\"device\": \"json-1\", \"temp\": 50, \"unit\": \"degF\", \"ec\": 2,"
     " \"history\": [{\"ts\": 1780270000, \"temp\": 283.15, \"unit\": \"K\"}]}",
     0, 1, 0},
    {"a/x",
     "{\"device\": \"json-1\", \"at\": 1780271060, \"temp\": 50,"
     " \"unit\": \"grad X\"}",
     0, 1, 0},
    {"b/x", "{\"device\": \"json-1\", \"temp\": ", 0, 2, 0},
    {"b/x", "{\"device\": \"foreign-1\", \"temp\": 3}", 0, 2, 0},
    {"g/gauge-1/W", "512.5", 0, 3, 0},
    {"g/gauge-1/W", "512.5", 0, 3, true},
    {"s/node",
     "[{\"bn\": \"node-1\", \"bt\": 1780271000, \"n\": \"t\", \"u\": \"Cel\", \"v\": 8},"
     " {\"n\": \"log\", \"vs\": \"a\"}, {\"n\": \"seq\", \"v\": 4}]",
     0, 4, 0},
    {"s/node", /* the same device a minute later, in CBOR */
     "\x81\xa5\x21\x66node-1\x22\x1a\x6a\x1c\xc7\xd4\x00\x61t\x01\x63"
     "Cel\x02\x08",
     26, 4, 0},
    {"c/x",
     "{\"deviceInfo\": {\"devEui\": \"0102030405060708\"}, \"devAddr\": \"01\","
     " \"fCnt\": 3, \"time\": \"2026-06-01T00:00:31Z\","
     " \"object\": {\"temp\": 7, \"bat\": 3.3}, \"rxInfo\": [{\"rssi\": -80}]}",
     0, 6, 0},
};

/* --- trying again --- */

static long failed_at; /* the number of the allocation that is to fail */

/* An error is one that asks to try again; nothing else may come of a lack of memory. */
static bool is_done(enum err e)
{
    if (e != ERR_OK && err_class(e) != ERR_CLASS_RETRY) {
        memory.armed = false;
        fail_msg("allocation %ld: %s", failed_at, err_text(e));
    }
    return e == ERR_OK;
}

static enum err put(struct pipeline_world *w, const struct post *p, int second)
{
    size_t size = p->size != 0 ? p->size : strlen(p->payload);
    uint64_t transaction = 0;
    const struct message m = {.topic = p->topic,
                              .payload = p->payload,
                              .size = size,
                              .full_size = size,
                              .arrival_us = WORLD_START_US + second * INT64_C(1000000),
                              .packet_id = 9,
                              .dup = p->dup};
    enum err e = inbox_put(w->inbox, w->connections[p->source], &m, &transaction);
    enum err committed = inbox_commit(w->inbox, transaction);
    return e != ERR_OK ? e : committed;
}

static void connect_again(struct pipeline_world *w, int source)
{
    while (
        !is_done(inbox_connected(w->inbox, world_sources[source], true,
                                 WORLD_START_US + 20000000, &w->connections[source]))) {
    }
}

/* Every message by itself, as a quiet broker sends them. */
static void feed_all(struct pipeline_world *w)
{
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++) {
        if (posts[i].dup) {
            connect_again(w, posts[i].source);
        }
        while (!is_done(put(w, &posts[i], 40 + (int)i))) {
        }
        while (!is_done(pipeline_drain(w->pipeline))) {
        }
    }
}

/* --- what came of it --- */

static void print_rows(const struct pipeline_world *w, const char *sql, FILE *to)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    char path[300];
    snprintf(path, sizeof path, "%.250s/hub.db", w->folder);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW) {
        for (int c = 0; c < sqlite3_column_count(q); c++) {
            fprintf(to, "%s\t", sqlite_text(q, c));
        }
        fputc('\n', to);
    }
    sqlite3_finalize(q);
    sqlite3_close(db);
}

/* Observations, what became of each message, what waits, what lost: yours to free. */
static char *state_of(const struct pipeline_world *w)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    char *dump = world_dump(w);
    fputs(dump, to);
    print_rows(w, "SELECT id, fate, hex(outcomes), stage, device, reason FROM messages",
               to);
    print_rows(w, "SELECT source, device, field, count, first, last FROM pending", to);
    print_rows(w, "SELECT * FROM conflicts", to);
    /* values that were held; how often flags changed on the way hangs on the batches */
    print_rows(w,
               "SELECT s.parameter, s.position, r.time, r.value, r.raw, r.message"
               " FROM revisions r JOIN series s ON s.id = r.series"
               " JOIN observations o ON o.series = r.series AND o.us = r.time % 1000000"
               " AND o.chunk * 21600 + o.s + 1577836800 = r.time / 1000000"
               " WHERE o.message <> r.message ORDER BY r.time, r.message",
               to);
    fclose(to);
    free(dump);
    return text;
}

static void expect_state(const struct pipeline_world *w, const char *state,
                         const char *expected)
{
    size_t line = 0; /* where the first one begins that differs */
    for (size_t i = 0; state[i] != '\0' && state[i] == expected[i]; i++) {
        line = state[i] == '\n' ? i + 1 : line;
    }
    if (strcmp(state, expected) != 0) {
        fail_msg("allocation %ld: expected\n%.*s\nbut there is\n%.*s", failed_at,
                 (int)strcspn(expected + line, "\n"), expected + line,
                 (int)strcspn(state + line, "\n"), state + line);
    }
    audit_expect_right(w->folder);
}

/* The next run begins with empty databases. */
static void forget(const struct pipeline_world *w)
{
    static const char *const names[] = {"hub.db", "inbox.db"};
    for (size_t i = 0; i < 2; i++) {
        char path[300];
        snprintf(path, sizeof path, "%.250s/%s", w->folder, names[i]);
        assert_int_equal(unlink(path), 0);
    }
}

/* --- the paths --- */

static void open_world(struct pipeline_world *w)
{
    w->variant = PIPELINE_FIRST;
    world_open(w);
    world_connect(w);
}

/* One message after another. */
static char *run_messages(struct pipeline_world *w)
{
    open_world(w);
    memory_arm(failed_at);
    feed_all(w);
    memory.armed = false;
    return state_of(w);
}

static enum err read_and_reload(struct pipeline_world *w)
{
    struct config_files *files = NULL;
    struct configuration *next = NULL;
    struct config_faults faults = {0};
    struct diag d = {0};
    int64_t again = 0;
    enum err e = context_read(w->conf, &files, &next, &faults, &d);
    e = e != ERR_OK ? e : pipeline_reload(w->pipeline, next, &again, &d);
    config_faults_fini(&faults);
    config_files_close(files);
    return e;
}

/* The configuration is read and taken, with it what waited. */
static char *run_reload(struct pipeline_world *w)
{
    open_world(w);
    feed_all(w);
    configuration_free(world_configuration(w, PIPELINE_LATER)); /* its files */
    memory_arm(failed_at);
    while (!is_done(read_and_reload(w))) {
    }
    while (!is_done(pipeline_drain(w->pipeline))) {
    }
    memory.armed = false;
    return state_of(w);
}

/* A start over what an earlier run left. */
static char *run_start(struct pipeline_world *w)
{
    struct diag d = {0};
    open_world(w);
    put(w, &posts[0], 1);
    world_close(w);
    w->current = current_open(world_configuration(w, PIPELINE_FIRST));
    memory_arm(failed_at);
    while (!is_done(inbox_open(w->folder, &w->inbox, &d))) {
    }
    while (!is_done(pipeline_open(w->folder, w->inbox, w->current, &w->pipeline, &d))) {
    }
    while (!is_done(pipeline_drain(w->pipeline))) {
    }
    memory.armed = false;
    return state_of(w);
}

/* Runs a verb; what it prints goes to file. */
static int run_verb(int count, char *words[], const char *file, long fail_at)
{
    int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);
    fflush(NULL);
    int before[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
    memory_arm(fail_at);
    int code = command_line(count, words);
    memory.armed = false;
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        dup2(before[i], STDOUT_FILENO + i);
        close(before[i]);
    }
    return code;
}

/* False: it failed and said why. */
static bool says_right(int count, char *words[], const char *file, long fail_at)
{
    struct buf text;
    int code = run_verb(count, words, file, fail_at);
    buf_init(&text, 1 << 16);
    assert_int_equal(file_read(file, &text), ERR_OK);
    bool sentence = code == EXIT_FAILED && strstr(buf_text(&text), "memory") != NULL;
    if (code != EXIT_DONE && !sentence) {
        fail_msg("allocation %ld: exit code %d: %s", fail_at, code, buf_text(&text));
    }
    buf_fini(&text);
    return code == EXIT_DONE;
}

/* `kogge try`: what it prints is right, or it fails and says why. */
static char *run_try(struct pipeline_world *w)
{
    char words[12][300] = {"kogge",
                           "try",
                           "--json",
                           "--config",
                           "",
                           "--at",
                           "2026-06-01T00:00:00Z",
                           "--source",
                           "luebeck-ttn",
                           "--topic",
                           "v3/a/devices/ttn-1/up",
                           ""};
    char *argv[13] = {NULL};
    char path[300];
    struct buf text;
    for (size_t i = 0; i < 12; i++) {
        argv[i] = words[i];
    }
    snprintf(words[4], sizeof words[4], "%s", w->conf);
    snprintf(words[11], sizeof words[11], "%.250s/message.json", w->folder);
    snprintf(path, sizeof path, "%.250s/said", w->folder);
    assert_int_equal(
        file_put(words[11], posts[0].payload, strlen(posts[0].payload), 0600), ERR_OK);
    open_world(w);
    bool done = says_right(12, argv, path, failed_at) || says_right(12, argv, path, 0);
    assert_true(done);
    buf_init(&text, 1 << 16);
    assert_int_equal(file_read(path, &text), ERR_OK);
    char *said = strdup(buf_text(&text));
    buf_fini(&text);
    return said;
}

/* Fails each allocation of run once, or a part of them, and adds to *count. */
static void fail_each(char *(*run)(struct pipeline_world *w), long *count)
{
    struct pipeline_world w;
    char *expected = NULL;
    long step = fixture_is_whole() ? 1 : SAMPLE;
    long seen = LONG_MAX;
    world_make(&w);
    for (failed_at = 1 - WARM * step; failed_at <= seen; failed_at += step) {
        long before = memory.remaining;
        char *state = run(&w);
        if (expected == NULL) {
            expected = strdup(state);
        }
        expect_state(&w, state, expected);
        free(state);
        if (failed_at <= 0) {
            seen = memory.seen;
        } else {
            *count += 1;
        }
        world_close(&w);
        ERR_clear_error(); /* libcrypto keeps the last ones */
        forget(&w);
        if (failed_at > 1 - step && memory.remaining != before) {
            fail_msg("allocation %ld: %ld are not given back", failed_at,
                     memory.remaining - before);
        }
    }
    free(expected);
    world_remove(&w);
}

static void test_memory_runs_out_once(void **state)
{
    static char *(*const paths[])(struct pipeline_world *) = {run_messages, run_reload,
                                                              run_start, run_try};
    (void)state;
    long count = 0;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        fail_each(paths[i], &count);
    }
    printf("memory%s: allocations %ld, paths %zu, leaks 0\n", fixture_sample(), count,
           sizeof paths / sizeof *paths);
}

int main(void)
{
    fixture_in_memory();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_runs_out_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
