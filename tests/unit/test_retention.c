/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/books.h"
#include "store/inbox.h"
#include "store/inbox_reader.h"
#include "store/writer.h"
#include "support/assert_close.h"
#include "support/fixture.h"

#include <string.h>

enum { MESSAGES = 700, OLD = 650 };

struct world {
    char folder[256];
    struct inbox *inbox;
    struct inbox_reader *reader;
    struct store *store;
};

static void put_messages(struct inbox *inbox)
{
    int64_t connection = 0;
    uint64_t t = 0;
    assert_int_equal(inbox_connected(inbox, "kiel", false, 1, &connection), ERR_OK);
    for (int i = 1; i <= MESSAGES; i++) {
        const struct message m = {
            .topic = "a", .payload = "x", .size = 1, .full_size = 1, .arrival_us = i};
        assert_int_equal(inbox_put(inbox, connection, &m, &t), ERR_OK);
    }
    assert_int_equal(inbox_commit(inbox, t), ERR_OK);
}

static void reject(struct store *s, int64_t id)
{
    const struct message_row row = {.id = id,
                                    .source = "kiel",
                                    .city = "",
                                    .fate = FATE_REJECTED,
                                    .outcomes = {[OUTCOME_REJECTED] = 2},
                                    .stage = "decode",
                                    .device = "",
                                    .reason = "why"};
    assert_int_equal(store_put_message(s, &row), ERR_OK);
}

static int set_up(void **state)
{
    static struct world w;
    static const char *const tests[] = {"gross_range_test"};
    int slots[QUALITY_TESTS];
    memset(&w, 0, sizeof w);
    fixture_folder(w.folder);
    assert_int_equal(inbox_open(w.folder, &w.inbox, NULL), ERR_OK);
    put_messages(w.inbox);
    assert_int_equal(inbox_reader_open(w.folder, &w.reader, NULL), ERR_OK);
    assert_int_equal(store_open(w.folder, tests, 1, slots, &w.store, NULL), ERR_OK);
    assert_int_equal(store_set_number(w.store, STORE_CURSOR, MESSAGES - 10), ERR_OK);
    reject(w.store, 5);
    reject(w.store, 500);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    store_close(w->store);
    inbox_reader_close(w->reader);
    inbox_close(w->inbox);
    fixture_remove(w->folder);
    return 0;
}

static void test_inbox_older_finds_the_first_that_is_kept(void **state)
{
    struct world *w = *state;
    int64_t keep = 0;
    assert_int_equal(inbox_older(w->reader, 1, OLD + 1, 100, &keep), ERR_OK);
    assert_int_equal(keep, 101);
    assert_int_equal(inbox_older(w->reader, 601, OLD + 1, 100, &keep), ERR_OK);
    assert_int_equal(keep, OLD + 1);
    assert_int_equal(inbox_older(w->reader, 1, 0, 100, &keep), ERR_OK);
    assert_int_equal(keep, 1);
    assert_int_equal(inbox_older(w->reader, MESSAGES + 1, INT64_MAX, 100, &keep), ERR_OK);
    assert_int_equal(keep, MESSAGES + 1);
}

static void test_store_raise_floor_gives_up_what_is_below(void **state)
{
    struct world *w = *state;
    struct message_row row;
    assert_int_equal(store_raise_floor(w->store, 101), ERR_OK);
    assert_int_equal(store_number(w->store, STORE_FLOOR), 101);
    assert_int_equal(store_get_message(w->store, 5, &row), ERR_ABSENT);
    assert_int_equal(store_get_message(w->store, 500, &row), ERR_OK);
    assert_int_equal(store_raise_floor(w->store, 50), ERR_OK);
    assert_int_equal(store_number(w->store, STORE_FLOOR), 101);
}

static void test_store_raise_floor_never_gives_up_what_waits(void **state)
{
    struct world *w = *state;
    assert_int_equal(store_raise_floor(w->store, MESSAGES), ERR_INTERNAL);
    assert_int_equal(store_number(w->store, STORE_FLOOR), 0);
}

static void test_inbox_trim_deletes_some_and_never_gives_ids_again(void **state)
{
    struct world *w = *state;
    int64_t first = 0;
    int64_t last = 0;
    for (int64_t expected = 301; expected < OLD; expected += 300) {
        assert_int_equal(inbox_trim(w->inbox, OLD + 1), ERR_OK);
        assert_int_equal(inbox_bounds(w->reader, &first, &last), ERR_OK);
        assert_int_equal(first, expected);
    }
    assert_int_equal(inbox_trim(w->inbox, MESSAGES + 1), ERR_OK);
    assert_int_equal(inbox_bounds(w->reader, &first, &last), ERR_OK);
    assert_int_equal(first, 0);
    put_messages(w->inbox);
    assert_int_equal(inbox_bounds(w->reader, &first, &last), ERR_OK);
    assert_int_equal(first, MESSAGES + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_inbox_older_finds_the_first_that_is_kept),
        TEST(test_store_raise_floor_gives_up_what_is_below),
        TEST(test_store_raise_floor_never_gives_up_what_waits),
        TEST(test_inbox_trim_deletes_some_and_never_gives_ids_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
