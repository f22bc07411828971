/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/inbox.h"
#include "store/inbox_filters.h"
#include "store/inbox_reader.h"

#include "base/clock.h"
#include "support/assert_close.h"
#include "support/fixture.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct world {
    char folder[256];
    struct inbox *inbox;
    int64_t connection;
};

static int set_up(void **state)
{
    static struct world w;
    w = (struct world){0};
    fixture_folder(w.folder);
    assert_int_equal(inbox_open(w.folder, &w.inbox, NULL), ERR_OK);
    assert_int_equal(inbox_connected(w.inbox, "kiel", false, 1000, &w.connection),
                     ERR_OK);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    inbox_close(w->inbox);
    fixture_remove(w->folder);
    return 0;
}

static struct message text_message(const char *text, uint16_t packet)
{
    return (struct message){.topic = "a/b",
                            .payload = text,
                            .size = strlen(text),
                            .full_size = strlen(text),
                            .arrival_us = 2000,
                            .packet_id = packet};
}

static struct inbox_reader *open_reader(const struct world *w)
{
    struct inbox_reader *r = NULL;
    assert_int_equal(inbox_reader_open(w->folder, &r, NULL), ERR_OK);
    return r;
}

static void test_inbox_put_is_seen_only_after_commit(void **state)
{
    struct world *w = *state;
    struct inbox_reader *r = open_reader(w);
    struct arena *a = arena_open(1 << 16);
    struct message m = text_message("one", 7);
    struct inbox_part part = {0};
    uint64_t transaction = 0;
    m.dup = true;
    assert_int_equal(inbox_put(w->inbox, w->connection, &m, &transaction), ERR_OK);
    assert_int_equal(inbox_transaction(w->inbox), transaction);
    assert_int_equal(inbox_read(r, 0, 10, 1000, a, &part), ERR_OK);
    assert_int_equal(part.count, 0);
    assert_int_equal(inbox_commit(w->inbox, transaction), ERR_OK);
    assert_int_equal(inbox_commit(w->inbox, transaction), ERR_OK);
    assert_true(inbox_transaction(w->inbox) > transaction);
    assert_int_equal(inbox_read(r, 0, 10, 1000, a, &part), ERR_OK);
    assert_int_equal(part.count, 1);
    assert_int_equal(inbox_last(w->inbox), part.messages[0].id);
    assert_string_equal(part.messages[0].source, "kiel");
    assert_memory_equal(part.messages[0].payload, "one", 3);
    assert_int_equal(part.messages[0].packet_id, 7);
    assert_true(part.messages[0].dup);
    assert_false(part.messages[0].retained);
    assert_int_equal(part.messages[0].session, 1);
    arena_close(a);
    inbox_reader_close(r);
}

static void test_inbox_failed_commit_loses_only_its_transaction(void **state)
{
    struct world *w = *state;
    static char large[1 << 20];
    struct rlimit before;
    struct rlimit none = {1 << 16, RLIM_INFINITY};
    struct message m = text_message("small", 1);
    uint64_t first = 0;
    uint64_t second = 0;
    memset(large, 'x', sizeof large - 1);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    none.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_FSIZE, &none);
    m.payload = large;
    m.size = m.full_size = sizeof large - 1;
    enum err put = inbox_put(w->inbox, w->connection, &m, &first);
    enum err commit = inbox_commit(w->inbox, first);
    assert_int_equal(inbox_trouble(w->inbox), ERR_IO);
    assert_int_equal(inbox_check(w->inbox), ERR_IO);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_true(put != ERR_OK || commit != ERR_OK);
    assert_int_equal(commit, ERR_IO);
    assert_int_equal(inbox_commit(w->inbox, first), ERR_IO);
    m = text_message("later", 2);
    assert_int_equal(inbox_put(w->inbox, w->connection, &m, &second), ERR_OK);
    assert_int_equal(inbox_commit(w->inbox, second), ERR_OK);
    assert_int_equal(inbox_failed(w->inbox), first);
    assert_int_equal(inbox_trouble(w->inbox), ERR_IO); /* a small one says little */
    assert_int_equal(inbox_check(w->inbox), ERR_OK);
    assert_int_equal(inbox_trouble(w->inbox), ERR_IO);
    assert_int_equal(inbox_put(w->inbox, w->connection, &m, &second), ERR_OK);
    assert_int_equal(inbox_commit(w->inbox, second), ERR_OK);
    assert_int_equal(inbox_trouble(w->inbox), ERR_OK);
    struct inbox_reader *r = open_reader(w);
    struct arena *a = arena_open(1 << 16);
    struct inbox_part part = {0};
    assert_int_equal(inbox_read(r, 0, 10, 1000, a, &part), ERR_OK);
    assert_int_equal(part.count, 2);
    assert_memory_equal(part.messages[0].payload, "later", 5);
    arena_close(a);
    inbox_reader_close(r);
}

/* However long nobody commits, what waits in memory stays small. */
static void test_inbox_put_commits_when_much_is_open(void **state)
{
    struct world *w = *state;
    static char large[100000];
    struct message m = text_message("", 0);
    uint64_t first = 0;
    uint64_t last = 0;
    memset(large, 'x', sizeof large);
    m.payload = large;
    m.size = m.full_size = sizeof large;
    assert_int_equal(inbox_put(w->inbox, w->connection, &m, &first), ERR_OK);
    assert_int_equal(inbox_last(w->inbox), 0);
    for (int i = 1; i < 12; i++) {
        assert_int_equal(inbox_put(w->inbox, w->connection, &m, &last), ERR_OK);
    }
    assert_true(last > first);
    assert_true(inbox_last(w->inbox) >= 10);
}

/* A gate commits in good time, so that who puts does not have to. */
static void test_inbox_says_when_a_commit_is_worth_it(void **state)
{
    struct world *w = *state;
    static char payload[20000];
    struct message m = text_message("", 0);
    uint64_t transaction = 0;
    m.payload = payload;
    m.size = m.full_size = sizeof payload;
    assert_int_equal(inbox_put(w->inbox, w->connection, &m, &transaction), ERR_OK);
    assert_false(inbox_has_much(w->inbox));
    assert_int_equal(inbox_put(w->inbox, w->connection, &m, &transaction), ERR_OK);
    assert_int_equal(inbox_put(w->inbox, w->connection, &m, &transaction), ERR_OK);
    assert_true(inbox_has_much(w->inbox));
    assert_int_equal(inbox_commit(w->inbox, transaction), ERR_OK);
    assert_false(inbox_has_much(w->inbox));
}

struct hole_seen {
    int count;
    int64_t from_us, to_us;
};

static void see_hole(void *arg, const struct inbox_hole *h)
{
    struct hole_seen *seen = arg;
    seen->count++;
    seen->from_us = h->from_us;
    seen->to_us = h->to_us;
}

static void test_inbox_records_a_hole_for_a_lost_session(void **state)
{
    struct world *w = *state;
    int64_t second = 0;
    int64_t third = 0;
    assert_int_equal(inbox_disconnected(w->inbox, w->connection, 5000), ERR_OK);
    assert_int_equal(inbox_connected(w->inbox, "kiel", true, 6000, &second), ERR_OK);
    assert_int_equal(inbox_disconnected(w->inbox, second, 7000), ERR_OK);
    struct inbox_reader *r = open_reader(w);
    struct hole_seen seen = {0};
    assert_int_equal(inbox_holes(r, &seen, see_hole), ERR_OK);
    assert_int_equal(seen.count, 0);
    assert_int_equal(inbox_connected(w->inbox, "kiel", false, 9000, &third), ERR_OK);
    assert_int_equal(inbox_holes(r, &seen, see_hole), ERR_OK);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.from_us, 7000);
    assert_int_equal(seen.to_us, 9000);
    inbox_reader_close(r);
}

static void
test_inbox_get_before_finds_the_same_packet_on_the_last_connection(void **state)
{
    struct world *w = *state;
    int64_t second = 0;
    uint64_t t = 0;
    struct message m = text_message("first", 5);
    assert_int_equal(inbox_put(w->inbox, w->connection, &m, &t), ERR_OK);
    assert_int_equal(inbox_connected(w->inbox, "kiel", true, 3000, &second), ERR_OK);
    m = text_message("again", 5);
    assert_int_equal(inbox_put(w->inbox, second, &m, &t), ERR_OK);
    m.packet_id = 6;
    assert_int_equal(inbox_put(w->inbox, second, &m, &t), ERR_OK);
    assert_int_equal(inbox_commit(w->inbox, t), ERR_OK);
    struct inbox_reader *r = open_reader(w);
    struct arena *a = arena_open(1 << 16);
    struct inbox_part part = {0};
    struct message before;
    assert_int_equal(inbox_read(r, 0, 10, 1000, a, &part), ERR_OK);
    assert_int_equal(part.count, 3);
    assert_true(part.messages[1].after_reconnect);
    assert_false(part.messages[0].after_reconnect);
    assert_int_equal(inbox_get_before(r, &part.messages[1], a, &before), ERR_OK);
    assert_int_equal(before.id, part.messages[0].id);
    assert_int_equal(inbox_get_before(r, &part.messages[2], a, &before), ERR_ABSENT);
    assert_int_equal(inbox_get(r, 4711, a, &before), ERR_ABSENT);
    arena_close(a);
    inbox_reader_close(r);
}

static void test_inbox_read_stops_at_bytes_and_at_a_full_arena(void **state)
{
    struct world *w = *state;
    uint64_t t = 0;
    struct message m = text_message("0123456789", 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(inbox_put(w->inbox, w->connection, &m, &t), ERR_OK);
    }
    assert_int_equal(inbox_commit(w->inbox, t), ERR_OK);
    struct inbox_reader *r = open_reader(w);
    struct arena *a = arena_open(4096);
    struct inbox_part part = {0};
    assert_int_equal(inbox_read(r, 0, 20, 45, a, &part), ERR_OK);
    assert_int_equal(part.count, 5);
    arena_reset(a);
    assert_int_equal(inbox_read(r, 0, 20, 100000, a, &part), ERR_OK);
    assert_true(part.count > 5 && part.count < 40);
    arena_reset(a);
    assert_int_equal(inbox_read(r, 0, 1000, 100000, a, &part), ERR_FULL);
    arena_close(a);
    inbox_reader_close(r);
}

static void *put_many(void *arg)
{
    struct world *w = arg;
    for (int i = 0; i < 500; i++) {
        struct message m = text_message("x", 1);
        uint64_t t = 0;
        if (inbox_put(w->inbox, w->connection, &m, &t) != ERR_OK ||
            (i % 7 == 0 && inbox_commit(w->inbox, t) != ERR_OK)) {
            return arg;
        }
        inbox_idle(w->inbox);
    }
    return NULL;
}

static void test_inbox_serves_many_threads(void **state)
{
    struct world *w = *state;
    pthread_t threads[4];
    void *failed = NULL;
    for (size_t i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, put_many, w);
    }
    for (size_t i = 0; i < 4; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        failed = result != NULL ? result : failed;
    }
    assert_null(failed);
    assert_int_equal(inbox_commit(w->inbox, inbox_transaction(w->inbox)), ERR_OK);
    assert_int_equal(inbox_last(w->inbox), 2000);
    inbox_wait(w->inbox, 1999, 10000);
}

static enum err join(void *arg, const char *filter)
{
    char *all = arg;
    snprintf(all + strlen(all), 100 - strlen(all), "%s ", filter);
    return strcmp(filter, "stop") == 0 ? ERR_CONFIG : ERR_OK;
}

static void assert_filters(struct inbox *i, const char *client_id, const char *expected)
{
    char all[100] = "";
    const struct inbox_session s = {"mqtt://a", client_id};
    assert_int_equal(inbox_list_filters(i, &s, all, join), ERR_OK);
    assert_string_equal(all, expected);
}

static void test_inbox_knows_the_filters_of_each_session(void **state)
{
    struct world *w = *state;
    const char *const first[] = {"b/#", "a"};
    const char *const second[] = {"a", "stop", "z"};
    const struct inbox_session one = {"mqtt://a", "one"};
    const struct inbox_session two = {"mqtt://a", "two"};
    char all[100] = "";
    assert_filters(w->inbox, "one", "");
    assert_int_equal(inbox_note_filters(w->inbox, &one, true, first, 2), ERR_OK);
    assert_int_equal(inbox_note_filters(w->inbox, &two, true, second, 3), ERR_OK);
    assert_int_equal(inbox_note_filters(w->inbox, &one, false, second, 1), ERR_OK);
    inbox_close(w->inbox); /* over a stop, too */
    w->inbox = NULL;
    assert_int_equal(inbox_open(w->folder, &w->inbox, NULL), ERR_OK);
    assert_filters(w->inbox, "one", "a b/# ");
    assert_int_equal(inbox_list_filters(w->inbox, &two, all, join), ERR_CONFIG);
    assert_string_equal(all, "a stop "); /* the first error is the end */
    assert_int_equal(inbox_forget_filter(w->inbox, &one, "a"), ERR_OK);
    assert_int_equal(inbox_forget_filter(w->inbox, &one, "never asked for"), ERR_OK);
    assert_filters(w->inbox, "one", "b/# ");
    assert_int_equal(inbox_note_filters(w->inbox, &two, true, first, 2), ERR_OK);
    assert_filters(w->inbox, "two", "a b/# ");
    assert_filters(w->inbox, "one", "b/# ");
}

static void test_inbox_refuses_a_newer_file(void **state)
{
    struct world *w = *state;
    char path[300];
    sqlite3 *db = NULL;
    struct inbox *other = NULL;
    struct diag d = {0};
    inbox_close(w->inbox);
    w->inbox = NULL;
    snprintf(path, sizeof path, "%s/inbox.db", w->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(inbox_open(w->folder, &other, &d), ERR_NEWER);
    assert_non_null(strstr(d.text, "newer program"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_inbox_put_is_seen_only_after_commit),
        TEST(test_inbox_failed_commit_loses_only_its_transaction),
        TEST(test_inbox_put_commits_when_much_is_open),
        TEST(test_inbox_says_when_a_commit_is_worth_it),
        TEST(test_inbox_records_a_hole_for_a_lost_session),
        TEST(test_inbox_get_before_finds_the_same_packet_on_the_last_connection),
        TEST(test_inbox_read_stops_at_bytes_and_at_a_full_arena),
        TEST(test_inbox_serves_many_threads),
        TEST(test_inbox_knows_the_filters_of_each_session),
        TEST(test_inbox_refuses_a_newer_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
