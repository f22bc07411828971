/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/pipeline_world.h"

#include "store/sqlite.h"
#include "support/assert_close.h"
#include "support/database.h"
#include "support/fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_S = 1780271000 };

static int set_up(void **state)
{
    static struct pipeline_world w;
    world_begin(&w);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world_remove(*state);
    return 0;
}

static void run_sql(const struct pipeline_world *w, const char *sql)
{
    database_run(w->folder, "hub.db", sql);
}

static struct sent gauge(int second, const char *payload)
{
    struct sent m = {.source = 3,
                     .topic = "g/gauge-1/W",
                     .arrival_us = WORLD_START_US + second * INT64_C(1000000)};
    snprintf(m.payload, sizeof m.payload, "%s", payload);
    return m;
}

static int64_t observations(const struct pipeline_world *w)
{
    return world_number(w, "SELECT count(*) FROM observations");
}

/* --- crashes --- */

static void test_pipeline_sets_a_message_aside_after_three_crashes(void **state)
{
    struct pipeline_world *w = *state;
    struct sent good = world_ttn("ttn-1", AT_S, 1, 0, "\"temp\": 10");
    struct sent bad = world_ttn("ttn-1", AT_S + 1, 2, 0, "\"temp\": 11");
    struct sent next = world_ttn("ttn-1", AT_S + 2, 3, 0, "\"temp\": 12");
    world_feed(w, &good);
    world_put(w, &bad);
    world_put(w, &next);
    world_commit(w);
    world_close(w);
    /* two crashes with message 2 under work alone, behind one in a batch of many */
    run_sql(w, "INSERT OR REPLACE INTO numbers VALUES(3, 5000), (4, 2), (5, 1)");
    world_open(w);
    world_drain(w);
    assert_int_equal(world_fate(w, 2), FATE_REJECTED);
    assert_int_equal(world_number(w, "SELECT count(*) FROM messages WHERE reason ="
                                     " 'under work at three crashes' AND stage = 'work'"),
                     1);
    assert_int_equal(world_fate(w, 3), FATE_STORED);
    world_audit(w, 3);
}

static void test_pipeline_tries_a_suspect_again_before(void **state)
{
    struct pipeline_world *w = *state;
    struct sent bad = world_ttn("ttn-1", AT_S + 1, 2, 0, "\"temp\": 11");
    world_put(w, &bad);
    world_commit(w);
    world_close(w);
    run_sql(w, "INSERT OR REPLACE INTO numbers VALUES(3, 5000), (4, 1), (5, 0)");
    world_open(w);
    world_drain(w);
    assert_int_equal(world_fate(w, 1), FATE_STORED);
    world_close(w);
    /* a clean stop is no crash, whoever was tried last */
    run_sql(w, "INSERT OR REPLACE INTO numbers VALUES(3, 0), (4, 9), (5, 1)");
    world_open(w);
    assert_int_equal(world_number(w, "SELECT value FROM numbers WHERE name = 5"), 0);
}

static void test_pipeline_sets_a_waiting_message_aside_after_three_crashes(void **state)
{
    struct pipeline_world *w = *state;
    struct sent first = world_ttn("late-1", AT_S, 1, 0, "\"temp\": 10");
    struct sent second = world_ttn("late-1", AT_S + 1, 1, 0, "\"temp\": 11, \"ec\": 2");
    world_feed(w, &first);
    world_feed(w, &second);
    world_close(w);
    run_sql(w, "INSERT OR REPLACE INTO numbers VALUES(3, 5000), (4, 1), (5, 1), (7, 2)");
    w->variant = PIPELINE_LATER;
    world_open(w);
    world_drain(w);
    assert_int_equal(world_fate(w, 1), FATE_REJECTED);
    assert_int_equal(world_fate(w, 2), FATE_STORED);
    assert_int_equal(world_number(w, "SELECT value FROM numbers WHERE name = 7"), 0);
    world_audit(w, 2);
}

static void test_pipeline_is_careful_after_an_unclean_stop(void **state)
{
    struct pipeline_world *w = *state;
    for (int i = 0; i < 20; i++) {
        struct sent m = world_ttn("ttn-1", AT_S + i, i, 0, "\"temp\": 10");
        world_put(w, &m);
    }
    world_commit(w);
    world_close(w);
    run_sql(w, "INSERT OR REPLACE INTO numbers VALUES(3, 15)");
    world_open(w);
    world_drain(w);
    /* one row of the change log a batch: 15 of one message, and one of the rest */
    assert_int_equal(world_number(w, "SELECT count(*) FROM changes"), 16);
    assert_int_equal(world_number(w, "SELECT value FROM numbers WHERE name = 4"), 15);
    /* and where a batch under way may end is known before it begins */
    assert_int_equal(world_number(w, "SELECT value FROM numbers WHERE name = 3"),
                     20 + 5000);
    world_audit(w, 20);
    world_close(w);
    assert_int_equal(world_number(w, "SELECT value FROM numbers WHERE name = 3"), 0);
    world_open(w);
}

static void test_pipeline_refuses_an_inbox_that_lost_its_messages(void **state)
{
    struct pipeline_world *w = *state;
    char path[300];
    struct diag d = {0};
    struct sent m = gauge(10, "500");
    world_feed(w, &m);
    world_close(w);
    snprintf(path, sizeof path, "%.250s/inbox.db", w->folder); /* no log: it was closed */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(inbox_open(w->folder, &w->inbox, &d), ERR_OK);
    w->current = current_open(world_configuration(w, PIPELINE_FIRST));
    assert_int_equal(pipeline_open(w->folder, w->inbox, w->current, &w->pipeline, &d),
                     ERR_DAMAGED);
    assert_non_null(strstr(d.text, "ahead of inbox.db"));
}

static void test_pipeline_goes_on_behind_messages_that_were_given_up(void **state)
{
    struct pipeline_world *w = *state;
    struct sent m = gauge(10, "500");
    world_feed(w, &m);
    world_close(w);
    database_run(w->folder, "inbox.db", "DELETE FROM messages");
    world_open(w);
    m = gauge(11, "501");
    world_feed(w, &m);
    assert_int_equal(observations(w), 2);
    assert_int_equal(world_fate(w, 2), FATE_STORED);
}

static void test_pipeline_failing_commit_loses_nothing(void **state)
{
    struct pipeline_world *w = *state;
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    for (int i = 0; i < 50; i++) {
        struct sent m = world_ttn(i % 2 == 0 ? "ttn-1" : "ttn-2", AT_S + i, i, 0,
                                  "\"temp\": 10, \"bat\": 3");
        world_put(w, &m);
    }
    world_commit(w);
    for (int i = 0; i < 3; i++) {
        fixture_limit_files(1024);
        enum err e = pipeline_drain(w->pipeline);
        fixture_limit_files(RLIM_INFINITY);
        assert_int_equal(err_class(e), ERR_CLASS_RETRY);
        assert_int_equal(observations(w), 0);
        assert_int_equal(pipeline_cursor(w->pipeline), 0);
        assert_int_equal(world_books(w).messages, 0);
    }
    signal(SIGXFSZ, before);
    world_drain(w);
    assert_int_equal(observations(w), 100);
    world_audit(w, 50);
}

/* --- killed between any two commits --- */

static int commits_left;

static int before_commit(void *arg)
{
    (void)arg;
    if (commits_left-- == 0) {
        _exit(77); /* as kill -9: nothing more of this process happens */
    }
    return 0;
}

/* Every connection to hub.db that opens from now on. */
static int watch_commits(sqlite3 *db, const char **message, const void *api)
{
    (void)message;
    (void)api;
    const char *name = sqlite3_db_filename(db, "main");
    if (name != NULL && strstr(name, "hub.db") != NULL) {
        sqlite3_commit_hook(db, before_commit, NULL);
    }
    return SQLITE_OK;
}

static void feed_mixture(struct pipeline_world *w)
{
    for (int i = 0; i < 24; i++) {
        char values[64];
        snprintf(values, sizeof values, "\"temp\": %d%s", 10 + i % 3,
                 i % 5 == 0 ? ", \"unit\": \"grad X\"" : "");
        struct sent m =
            world_ttn(i % 4 == 0 ? "late-1" : "ttn-2", AT_S + i / 6, 30 - i, 0, values);
        world_put(w, &m);
    }
    struct sent junk = {.source = 1, .topic = "a/x", .payload = "{"};
    world_put(w, &junk);
    world_commit(w);
}

/* Messages are in the inbox; some were worked off under the first configuration. */
static void prepare_crash(struct pipeline_world *w)
{
    world_begin(w);
    feed_mixture(w);
    world_drain(w);
    feed_mixture(w);
    world_close(w);
    w->variant = PIPELINE_LATER;
}

/* A process that is killed before its commit number n; true: it came to its end. */
static bool work_until(struct pipeline_world *w, int n)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        union {
            int (*f)(sqlite3 *db, const char **message, const void *api);
            void (*any)(void);
        } entry = {.f = watch_commits};
        commits_left = n;
        sqlite3_auto_extension(entry.any);
        world_open(w);
        world_drain(w);
        pipeline_close(w->pipeline);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77);
    return WEXITSTATUS(status) == 0;
}

static void test_pipeline_killed_between_any_two_commits(void **state)
{
    (void)state;
    struct pipeline_world whole;
    prepare_crash(&whole);
    world_open(&whole);
    world_drain(&whole);
    world_audit(&whole, 50);
    char *expected = world_dump(&whole);
    world_remove(&whole);
    int kills = 0;
    for (bool ended = false; !ended;) {
        struct pipeline_world w;
        prepare_crash(&w);
        ended = work_until(&w, kills);
        if (!ended) { /* killed once more, early in the careful work */
            work_until(&w, kills % 5);
        }
        world_open(&w);
        world_drain(&w);
        world_audit(&w, 50);
        char *dump = world_dump(&w);
        assert_string_equal(dump, expected);
        free(dump);
        assert_int_equal(world_books(&w).fates[FATE_PENDING], 0);
        world_remove(&w);
        kills += !ended;
    }
    assert_true(kills >= 5);
    free(expected);
}

/* --- the thread --- */

static void wait_for(struct pipeline_world *w, int64_t cursor)
{
    while (pipeline_cursor(w->pipeline) < cursor) {
        assert_false(pipeline_has_failed(w->pipeline));
        struct timespec moment = {.tv_nsec = 2000000};
        nanosleep(&moment, NULL);
    }
}

struct feeder {
    struct pipeline_world *world;
    int count;
};

static void *feed_many(void *arg)
{
    const struct feeder *f = arg;
    for (int i = 0; i < f->count; i++) {
        struct sent m =
            world_ttn(i % 3 == 0 ? "late-1" : "ttn-1", AT_S - i, i, 0, "\"temp\": 10");
        world_put(f->world, &m);
        if (i % 16 == 0) {
            world_commit(f->world);
        }
    }
    world_commit(f->world);
    return NULL;
}

static void test_pipeline_reloads_while_the_thread_works(void **state)
{
    struct pipeline_world *w = *state;
    pthread_t thread;
    struct feeder feeder = {w, 600};
    assert_int_equal(pipeline_start(w->pipeline), ERR_OK);
    assert_int_equal(pthread_create(&thread, NULL, feed_many, &feeder), 0);
    for (int i = 0; i < 6; i++) {
        world_reload(w, i % 2 == 0 ? PIPELINE_FIRST : PIPELINE_LATER);
        pipeline_set_consumed(w->pipeline, CONSUMER_PUBLISH, i);
        pipeline_set_consumed(w->pipeline, CONSUMER_GRIDS, i);
    }
    pthread_join(thread, NULL);
    wait_for(w, 600);
    world_reload(w, PIPELINE_LATER);
    pipeline_stop(w->pipeline);
    world_drain(w); /* what the thread had not replayed yet */
    assert_false(pipeline_has_failed(w->pipeline));
    assert_int_equal(observations(w), 600);
    world_audit(w, 600);
}

static void *reload_once(void *arg)
{
    struct pipeline_world *w = arg;
    struct diag d = {0};
    int64_t again = 0;
    enum err e =
        pipeline_reload(w->pipeline, world_configuration(w, PIPELINE_LATER), &again, &d);
    return e == ERR_OK ? NULL : arg;
}

static void test_pipeline_reload_never_hangs_at_a_stop(void **state)
{
    struct pipeline_world *w = *state;
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        void *result = w;
        assert_int_equal(pipeline_start(w->pipeline), ERR_OK);
        assert_int_equal(pthread_create(&thread, NULL, reload_once, w), 0);
        pipeline_stop(w->pipeline);
        pthread_join(thread, &result);
        assert_null(result);
    }
}

static void test_pipeline_folds_what_consumers_have_read(void **state)
{
    struct pipeline_world *w = *state;
    struct sent m = gauge(10, "500");
    world_feed(w, &m);
    m = gauge(11, "501");
    world_feed(w, &m);
    pipeline_set_consumed(w->pipeline, CONSUMER_PUBLISH, 2);
    pipeline_set_consumed(w->pipeline, CONSUMER_GRIDS, 2);
    assert_int_equal(pipeline_start(w->pipeline), ERR_OK);
    for (int i = 0; world_number(w, "SELECT count(*) FROM folded") == 0; i++) {
        assert_true(i < 5000);
        struct timespec moment = {.tv_nsec = 2000000};
        nanosleep(&moment, NULL);
    }
    pipeline_stop(w->pipeline);
    assert_int_equal(world_number(w, "SELECT value FROM numbers WHERE name = 6"), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pipeline_sets_a_message_aside_after_three_crashes),
        TEST(test_pipeline_tries_a_suspect_again_before),
        TEST(test_pipeline_sets_a_waiting_message_aside_after_three_crashes),
        TEST(test_pipeline_is_careful_after_an_unclean_stop),
        TEST(test_pipeline_refuses_an_inbox_that_lost_its_messages),
        TEST(test_pipeline_goes_on_behind_messages_that_were_given_up),
        TEST(test_pipeline_failing_commit_loses_nothing),
        cmocka_unit_test(test_pipeline_killed_between_any_two_commits),
        TEST(test_pipeline_reloads_while_the_thread_works),
        TEST(test_pipeline_reload_never_hangs_at_a_stop),
        TEST(test_pipeline_folds_what_consumers_have_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
