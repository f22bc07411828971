/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/backup.h"
#include "store/books.h"
#include "store/inbox.h"
#include "store/inbox_reader.h"
#include "store/store.h"
#include "store/writer.h"
#include "support/assert_close.h"
#include "support/fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MESSAGES = 500, WORKED_OFF = 400, PAYLOAD = 3000, STEP = 50 };

struct world {
    char folder[256], copy[272];
    struct inbox *inbox;
    struct store *store;
    int64_t connection;
    int rises_left; /* times that the hub gives up messages between the two views */
    int64_t floor;
    int inbox_views;
    bool writes; /* the hub takes messages while it is copied */
};

static void put_message(struct world *w, int64_t arrival_us)
{
    static char payload[PAYLOAD];
    uint64_t t = 0;
    memset(payload, 'x', sizeof payload);
    const struct message m = {.topic = "a",
                              .payload = payload,
                              .size = sizeof payload,
                              .full_size = sizeof payload,
                              .arrival_us = arrival_us};
    assert_int_equal(inbox_put(w->inbox, w->connection, &m, &t), ERR_OK);
    assert_int_equal(inbox_commit(w->inbox, t), ERR_OK);
}

static int set_up(void **state)
{
    static struct world w;
    static const char *const tests[] = {"gross_range_test"};
    int slots[QUALITY_TESTS];
    memset(&w, 0, sizeof w);
    fixture_folder(w.folder);
    snprintf(w.copy, sizeof w.copy, "%s/copy", w.folder);
    assert_int_equal(mkdir(w.copy, 0700), 0);
    assert_int_equal(inbox_open(w.folder, &w.inbox, NULL), ERR_OK);
    assert_int_equal(inbox_connected(w.inbox, "kiel", false, 1, &w.connection), ERR_OK);
    for (int i = 1; i <= MESSAGES; i++) {
        put_message(&w, i);
    }
    assert_int_equal(store_open(w.folder, tests, 1, slots, &w.store, NULL), ERR_OK);
    assert_int_equal(store_set_number(w.store, STORE_CURSOR, WORKED_OFF), ERR_OK);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    store_close(w->store);
    inbox_close(w->inbox);
    fixture_remove(w->folder);
    return 0;
}

/* As the hub does it: first the floor, then the messages below it. */
static void give_up(struct world *w)
{
    w->floor += STEP;
    assert_int_equal(store_raise_floor(w->store, w->floor), ERR_OK);
    assert_int_equal(inbox_trim(w->inbox, w->floor), ERR_OK);
}

static void interfere(void *arg, const char *file, int64_t done, int64_t of)
{
    struct world *w = arg;
    (void)done;
    if (of == 0 && strcmp(file, "hub.db") == 0 && w->rises_left > 0) {
        w->rises_left--;
        give_up(w);
    }
    w->inbox_views += of == 0 && strcmp(file, "inbox.db") == 0;
    if (of > 0 && w->writes) {
        put_message(w, MESSAGES + 1);
        give_up(w);
        assert_int_equal(store_set_number(w->store, STORE_CURSOR, WORKED_OFF + 1),
                         ERR_OK);
    }
}

static enum err copy(struct world *w, struct store_backup_facts *facts)
{
    const struct store_backup_watch watch = {w, interfere};
    return store_backup_copy(w->folder, w->copy, &watch, facts, NULL);
}

static void assert_bounds(const char *folder, int64_t first, int64_t last)
{
    struct inbox_reader *r = NULL;
    int64_t is_first = 0;
    int64_t is_last = 0;
    assert_int_equal(inbox_reader_open(folder, &r, NULL), ERR_OK);
    assert_int_equal(inbox_bounds(r, &is_first, &is_last), ERR_OK);
    inbox_reader_close(r);
    assert_int_equal(is_first, first);
    assert_int_equal(is_last, last);
}

static void assert_copied_floor(const struct world *w, int64_t floor)
{
    struct store_reader *r = NULL;
    int64_t is = 0;
    assert_int_equal(store_reader_open(w->copy, &r, NULL), ERR_OK);
    assert_int_equal(store_floor(r, &is), ERR_OK);
    store_reader_close(r);
    assert_int_equal(is, floor);
}

static void test_store_backup_has_every_message_from_its_floor_on(void **state)
{
    struct world *w = *state;
    struct store_backup_facts facts;
    w->rises_left = 3;
    assert_int_equal(copy(w, &facts), ERR_OK);
    assert_int_equal(w->inbox_views, 4);
    assert_int_equal(facts.floor, 3 * STEP);
    assert_int_equal(facts.cursor, WORKED_OFF);
    assert_int_equal(facts.last, MESSAGES);
    assert_copied_floor(w, facts.floor);
    assert_bounds(w->copy, facts.floor, MESSAGES);
}

static void test_store_backup_gives_up_where_the_floor_never_rests(void **state)
{
    struct world *w = *state;
    struct store_backup_facts facts = {.last = -1};
    assert_int_equal(store_set_number(w->store, STORE_CURSOR, 1000000), ERR_OK);
    w->rises_left = 1000000;
    assert_int_equal(copy(w, &facts), ERR_BUSY);
    assert_int_equal(facts.last, -1);
}

static void test_store_backup_is_of_one_moment_while_the_hub_writes(void **state)
{
    struct world *w = *state;
    struct store_backup_facts facts;
    w->writes = true;
    assert_int_equal(copy(w, &facts), ERR_OK);
    assert_int_equal(facts.cursor, WORKED_OFF);
    assert_copied_floor(w, 0);
    assert_bounds(w->copy, 1, MESSAGES);
    assert_true(inbox_last(w->inbox) > MESSAGES);
}

static void test_store_backup_refuses_a_store_ahead_of_its_inbox(void **state)
{
    struct world *w = *state;
    struct store_backup_facts facts;
    assert_int_equal(store_set_number(w->store, STORE_CURSOR, MESSAGES + 1), ERR_OK);
    assert_int_equal(copy(w, &facts), ERR_DAMAGED);
}

static void test_store_backup_without_a_store_is_absent(void **state)
{
    struct world *w = *state;
    struct store_backup_facts facts;
    assert_int_equal(store_backup_copy("/nonexistent", w->copy, NULL, &facts, NULL),
                     ERR_ABSENT);
}

struct source_seen {
    int64_t session, holes, ended_us;
};

static void see_source(void *arg, const struct inbox_source *s)
{
    struct source_seen *seen = arg;
    *seen = (struct source_seen){s->session, s->holes, s->ended_us};
}

static void test_store_backup_revive_gives_a_new_epoch_and_a_hole(void **state)
{
    struct world *w = *state;
    struct store_backup_facts facts;
    struct source_seen seen = {0};
    struct store_reader *store = NULL;
    struct inbox_reader *inbox = NULL;
    int64_t epoch = 0;
    int64_t stored = 0;
    assert_int_equal(copy(w, &facts), ERR_OK);
    assert_int_equal(facts.epoch, store_number(w->store, STORE_EPOCH));
    assert_int_equal(store_backup_revive(w->copy, 1000, 2000, &epoch, NULL), ERR_OK);
    assert_true(epoch > 0 && epoch != facts.epoch);
    assert_int_equal(store_reader_open(w->copy, &store, NULL), ERR_OK);
    assert_int_equal(store_epoch(store, &stored), ERR_OK);
    store_reader_close(store);
    assert_int_equal(stored, epoch);
    assert_int_equal(inbox_reader_open(w->copy, &inbox, NULL), ERR_OK);
    assert_int_equal(inbox_sources(inbox, &seen, see_source), ERR_OK);
    inbox_reader_close(inbox);
    assert_int_equal(seen.session, 2);
    assert_int_equal(seen.holes, 1);
    assert_int_equal(seen.ended_us, 2000);
}

static void test_store_backup_revive_finds_damage(void **state)
{
    struct world *w = *state;
    struct store_backup_facts facts;
    char path[300];
    int64_t epoch = -1;
    assert_int_equal(copy(w, &facts), ERR_OK);
    snprintf(path, sizeof path, "%s/inbox.db", w->copy);
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    for (long page = 20; page < 60; page++) {
        static const char zeros[512];
        assert_int_equal(fseek(f, page * 4096, SEEK_SET), 0);
        assert_int_equal(fwrite(zeros, sizeof zeros, 1, f), 1);
    }
    fclose(f);
    assert_int_equal(store_backup_revive(w->copy, 1, 2, &epoch, NULL), ERR_DAMAGED);
    assert_int_equal(epoch, -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_store_backup_has_every_message_from_its_floor_on),
        TEST(test_store_backup_gives_up_where_the_floor_never_rests),
        TEST(test_store_backup_is_of_one_moment_while_the_hub_writes),
        TEST(test_store_backup_refuses_a_store_ahead_of_its_inbox),
        TEST(test_store_backup_without_a_store_is_absent),
        TEST(test_store_backup_revive_gives_a_new_epoch_and_a_hole),
        TEST(test_store_backup_revive_finds_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
