/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/inbox.h"
#include "store/inbox_reader.h"

#include "support/assert_close.h"
#include "support/fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

struct world {
    char folder[256];
    struct inbox *inbox;
    struct inbox_import *csv;
};

static int set_up(void **state)
{
    static struct world w;
    w = (struct world){0};
    fixture_folder(w.folder);
    assert_int_equal(inbox_open(w.folder, &w.inbox, NULL), ERR_OK);
    assert_int_equal(inbox_import_open(w.inbox, "kiel", "csv", 1000, &w.csv), ERR_OK);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    inbox_import_close(w->csv, 9000);
    inbox_close(w->inbox);
    fixture_remove(w->folder);
    return 0;
}

static enum err put_topic(struct inbox_import *i, const char *from, const char *to,
                          int64_t bytes, size_t size)
{
    static char payload[1 << 20];
    const struct message m = {.topic = "import/a.csv",
                              .payload = payload,
                              .size = size,
                              .full_size = size,
                              .arrival_us = 2000};
    struct import_mark mark = {.bytes = bytes, .rows = bytes / 10};
    snprintf(mark.digest, sizeof mark.digest, "%s", to);
    return inbox_import_put(i, &m, from, &mark);
}

static void put(struct inbox_import *i, const char *from, const char *to, int64_t bytes)
{
    assert_int_equal(put_topic(i, from, to, bytes, 2), ERR_OK);
}

static void take_mark(void *arg, const struct import_mark *m)
{
    char *all = arg;
    size_t length = strlen(all);
    snprintf(all + length, 256 - length, "%s:%lld:%lld ", m->digest, (long long)m->bytes,
             (long long)m->rows);
}

static void assert_marks(struct inbox_import *i, const char *expected)
{
    char all[256] = "";
    assert_int_equal(inbox_import_marks(i, all, take_mark), ERR_OK);
    assert_string_equal(all, expected);
}

static void test_import_moves_one_mark_a_file(void **state)
{
    struct world *w = *state;
    struct inbox_import *json = NULL;
    assert_int_equal(inbox_import_open(w->inbox, "kiel", "json", 1000, &json), ERR_OK);
    assert_marks(w->csv, "");
    put(w->csv, "", "aa", 100);
    assert_marks(w->csv, ""); /* not on disk */
    put(w->csv, "aa", "bb", 200);
    assert_int_equal(inbox_last(w->inbox), 0);
    assert_int_equal(inbox_import_commit(w->csv), ERR_OK);
    assert_int_equal(inbox_import_count(w->csv), 2);
    assert_int_equal(inbox_last(w->inbox), 2);
    put(w->csv, "", "cc", 150); /* another file */
    assert_int_equal(inbox_import_commit(w->csv), ERR_OK);
    put(json, "", "aa", 70); /* read otherwise */
    assert_int_equal(inbox_import_commit(json), ERR_OK);
    assert_marks(w->csv, "cc:150:15 bb:200:20 ");
    put(w->csv, "bb", "dd", 300); /* it grew */
    put(w->csv, "dd", "ee", 400);
    assert_int_equal(inbox_import_commit(w->csv), ERR_OK);
    assert_marks(w->csv, "cc:150:15 ee:400:40 ");
    put(w->csv, "", "cc", 150); /* the same from its start */
    assert_int_equal(inbox_import_commit(w->csv), ERR_OK);
    assert_marks(w->csv, "cc:150:15 ee:400:40 ");
    assert_marks(json, "aa:70:7 ");
    inbox_import_close(json, 9000);
}

static void test_import_commits_by_count_and_by_bytes(void **state)
{
    struct world *w = *state;
    for (int k = 0; k < 16; k++) {
        assert_int_equal(inbox_import_count(w->csv), 0);
        put(w->csv, k == 0 ? "" : "aa", "aa", 100 + k);
    }
    assert_int_equal(inbox_import_count(w->csv), 16);
    assert_int_equal(put_topic(w->csv, "aa", "bb", 200, 1 << 20), ERR_OK);
    assert_int_equal(inbox_import_count(w->csv), 17);
    assert_marks(w->csv, "bb:200:20 ");
}

static void test_import_mark_and_message_come_together_or_not_at_all(void **state)
{
    struct world *w = *state;
    char path[300];
    sqlite3 *db = NULL;
    put(w->csv, "", "aa", 100);
    assert_int_equal(inbox_import_commit(w->csv), ERR_OK);
    snprintf(path, sizeof path, "%s/inbox.db", w->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    const char *broken = "CREATE TRIGGER broken BEFORE INSERT ON imports BEGIN "
                         "SELECT RAISE(ABORT, 'broken'); END";
    assert_int_equal(sqlite3_exec(db, broken, NULL, NULL, NULL), SQLITE_OK);
    put(w->csv, "aa", "bb", 200);
    assert_int_not_equal(inbox_import_commit(w->csv), ERR_OK);
    assert_int_equal(inbox_import_count(w->csv), 1);
    assert_int_equal(inbox_trouble(w->inbox), ERR_OK);
    assert_int_equal(sqlite3_exec(db, "DROP TRIGGER broken", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_marks(w->csv, "aa:100:10 ");
    put(w->csv, "aa", "bb", 200);
    assert_int_equal(inbox_import_commit(w->csv), ERR_OK);
    assert_marks(w->csv, "bb:200:20 ");
    assert_int_equal(inbox_last(w->inbox), 2);
}

static void take_source(void *arg, const struct inbox_source *s)
{
    *(struct inbox_source *)arg = *s;
}

static void test_import_is_no_connection_to_the_broker(void **state)
{
    struct world *w = *state;
    int64_t real = 0;
    struct inbox_reader *r = NULL;
    struct inbox_source s = {0};
    put(w->csv, "", "aa", 100);
    assert_int_equal(inbox_connected(w->inbox, "kiel", false, 5000, &real), ERR_OK);
    assert_int_equal(inbox_disconnected(w->inbox, real, 6000), ERR_OK);
    assert_int_equal(inbox_import_commit(w->csv), ERR_OK);
    assert_int_equal(inbox_reader_open(w->folder, &r, NULL), ERR_OK);
    assert_int_equal(inbox_sources(r, &s, take_source), ERR_OK);
    assert_int_equal(s.session, 1);
    assert_int_equal(s.connected_us, 5000);
    assert_int_equal(s.ended_us, 6000);
    assert_int_equal(s.holes, 0);
    struct arena *a = arena_open(1 << 16);
    struct message m;
    assert_int_equal(inbox_get(r, 1, a, &m), ERR_OK);
    assert_true(m.imported);
    assert_string_equal(m.source, "kiel");
    assert_false(m.after_reconnect);
    arena_close(a);
    inbox_reader_close(r);
    /* the hole of a lost session ends where the broker's connection ended */
    assert_int_equal(inbox_connected(w->inbox, "kiel", true, 8000, &real), ERR_OK);
    assert_int_equal(inbox_reader_open(w->folder, &r, NULL), ERR_OK);
    assert_int_equal(inbox_sources(r, &s, take_source), ERR_OK);
    assert_int_equal(s.session, 1);
    inbox_reader_close(r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_import_moves_one_mark_a_file),
        TEST(test_import_commits_by_count_and_by_bytes),
        TEST(test_import_mark_and_message_come_together_or_not_at_all),
        TEST(test_import_is_no_connection_to_the_broker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
