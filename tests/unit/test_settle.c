/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/pipeline_world.h"

#include "base/hash.h"
#include "support/assert_close.h"
#include "support/database.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The rules for what disagrees, one by one. The rank of a message: counter, network time,
 * hash, index; the lowest is held. */

enum { AT_S = 1780271000 };
#define AT_US (INT64_C(1000000) * AT_S)
#define TEMPERATURE "water_temperature"

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

static void say(struct pipeline_world *w, int counter, const char *values)
{
    struct sent m = world_ttn("ttn-1", AT_S, counter, 0, values);
    world_feed(w, &m);
}

static void expect_held(const struct pipeline_world *w, double value, int64_t message)
{
    int64_t held = 0;
    double is = world_held(w, TEMPERATURE, AT_US, &held);
    assert_int_equal(held, message);
    if (isnan(value)) {
        assert_true(isnan(is));
    } else {
        assert_true(is == value);
    }
}

static int64_t kept(const struct pipeline_world *w)
{
    return world_number(w, "SELECT count(*) FROM conflicts");
}

static int64_t revisions(const struct pipeline_world *w)
{
    return world_number(w, "SELECT count(*) FROM revisions");
}

static void test_settle_lowest_counter_is_held(void **state)
{
    struct pipeline_world *w = *state;
    say(w, 5, "\"temp\": 10");
    say(w, 7, "\"temp\": 11");
    expect_held(w, 10, 1);
    assert_int_equal(revisions(w), 0);
    say(w, 3, "\"temp\": 12");
    expect_held(w, 12, 3);
    assert_int_equal(kept(w), 2);
    assert_int_equal(revisions(w), 1);
    for (int64_t id = 1; id <= 3; id++) {
        assert_int_equal(world_fate(w, id), FATE_CONFLICT);
    }
    world_audit(w, 3);
}

static void test_settle_absent_counter_is_zero(void **state)
{
    struct pipeline_world *w = *state;
    say(w, 1, "\"temp\": 10");
    say(w, -1, "\"temp\": 11");
    expect_held(w, 11, 2);
    world_audit(w, 2);
}

static void test_settle_network_time_decides_between_equal_counters(void **state)
{
    struct pipeline_world *w = *state;
    struct sent none = world_ttn("ttn-1", AT_S, 4, 0, "\"temp\": 10");
    struct sent late = world_ttn("ttn-1", AT_S, 4, AT_S + 20, "\"temp\": 11");
    struct sent early = world_ttn("ttn-1", AT_S, 4, AT_S + 10, "\"temp\": 12");
    world_feed(w, &none);
    world_feed(w, &late);
    expect_held(w, 11, 2); /* no time counts as infinite */
    world_feed(w, &early);
    expect_held(w, 12, 3);
    world_audit(w, 3);
}

static void test_settle_hash_decides_at_last(void **state)
{
    struct pipeline_world *w = *state;
    say(w, 4, "\"temp\": 10");
    say(w, 4, "\"temp\": 11");
    int64_t first = 0;
    double value = world_held(w, TEMPERATURE, AT_US, &first);
    char *dump = world_dump(w);
    world_remove(w);
    world_begin(w);
    say(w, 4, "\"temp\": 11");
    say(w, 4, "\"temp\": 10");
    expect_held(w, value, 3 - first);
    char *other = world_dump(w);
    assert_string_equal(dump, other);
    free(dump);
    free(other);
}

static void test_settle_number_goes_before_a_missing_value(void **state)
{
    struct pipeline_world *w = *state;
    say(w, 1, "\"temp\": null");
    expect_held(w, (double)NAN, 1);
    say(w, 9, "\"temp\": 10");
    expect_held(w, 10, 2);
    say(w, 0, "\"temp\": -127"); /* a sentinel is missing too, and equal to the first */
    expect_held(w, 10, 2);
    assert_int_equal(kept(w), 1);
    assert_int_equal(world_fate(w, 1), FATE_DUPLICATE); /* kept by message 3 now */
    assert_int_equal(world_fate(w, 3), FATE_CONFLICT);
    world_audit(w, 3);
}

static void test_settle_equal_value_of_a_lower_message_takes_over(void **state)
{
    struct pipeline_world *w = *state;
    say(w, 5, "\"temp\": 10");
    say(w, 3, "\"temp\": 10.0, \"crc\": 1");
    expect_held(w, 10, 2);
    assert_int_equal(world_fate(w, 1), FATE_DUPLICATE);
    assert_int_equal(world_fate(w, 2), FATE_STORED);
    assert_int_equal(revisions(w), 0);
    assert_int_equal(kept(w), 0);
    say(w, 7, "\"temp\": 10, \"crc\": 2");
    expect_held(w, 10, 2);
    assert_int_equal(world_fate(w, 3), FATE_DUPLICATE);
    world_audit(w, 3);
}

static void test_settle_takeover_leaves_what_else_the_message_holds(void **state)
{
    struct pipeline_world *w = *state;
    say(w, 5, "\"temp\": 10, \"ec\": 3");
    say(w, 3, "\"temp\": 10");
    assert_int_equal(world_fate(w, 1), FATE_STORED); /* it still holds ec */
    world_audit(w, 2);
    say(w, 2, "\"ec\": 3");
    assert_int_equal(world_fate(w, 1), FATE_DUPLICATE);
    world_audit(w, 3);
}

static void test_settle_takeover_of_a_message_that_says_it_twice(void **state)
{
    struct pipeline_world *w = *state;
    char twice[200];
    snprintf(twice, sizeof twice,
             "\"temp\": 10, \"history\": [{\"ts\": %d, \"temp\": 10}]", AT_S);
    say(w, 5, twice);
    assert_int_equal(world_fate(w, 1), FATE_STORED);
    say(w, 3, "\"temp\": 10");
    assert_int_equal(world_fate(w, 1), FATE_DUPLICATE);
    world_audit(w, 2);
}

/* The same said in other bytes, whose hash is lower. */
static struct sent lower(const struct sent *m)
{
    struct sent other = *m;
    struct hash theirs;
    struct hash mine;
    assert_int_equal(hash_message(m->topic, m->payload, strlen(m->payload), &theirs),
                     ERR_OK);
    do {
        size_t length = strlen(other.payload);
        assert_true(length + 2 < sizeof other.payload);
        memcpy(other.payload + length, " ", 2);
        assert_int_equal(hash_message(other.topic, other.payload, length + 1, &mine),
                         ERR_OK);
    } while (memcmp(mine.bytes, theirs.bytes, HASH_SIZE) >= 0);
    return other;
}

static void test_settle_takeover_with_other_flags_is_a_revision(void **state)
{
    struct pipeline_world *w = *state;
    int64_t again = 0;
    struct sent plain = {.source = 4,
                         .topic = "s/node",
                         .arrival_us = WORLD_START_US + 50000000,
                         .payload = "[{\"bn\":\"node-1\",\"n\":\"t\",\"v\":4}]"};
    world_feed(w, &plain);
    /* the same place from a message after a reconnect: the test "time" differs */
    assert_int_equal(inbox_connected(w->inbox, world_sources[4], true,
                                     WORLD_START_US + 49000000, &again),
                     ERR_OK);
    w->connections[4] = again;
    struct sent other = lower(&plain);
    world_feed(w, &other);
    int64_t message = 0;
    world_held(w, TEMPERATURE, plain.arrival_us, &message);
    assert_int_equal(message, 2);
    assert_int_equal(revisions(w), 1);
    assert_int_equal(world_fate(w, 1), FATE_DUPLICATE);
    world_audit(w, 2);
}

static void test_settle_kept_value_goes_to_its_lowest_message(void **state)
{
    struct pipeline_world *w = *state;
    say(w, 1, "\"temp\": 10");
    say(w, 9, "\"temp\": 11");
    say(w, 8, "\"temp\": 11");
    assert_int_equal(kept(w), 1);
    assert_int_equal(world_number(w, "SELECT message FROM conflicts"), 3);
    assert_int_equal(world_fate(w, 2), FATE_DUPLICATE);
    say(w, 9, "\"temp\": 11, \"crc\": 3");
    assert_int_equal(world_fate(w, 4), FATE_DUPLICATE);
    world_audit(w, 4);
}

static void test_settle_kept_value_may_come_back_by_a_lower_message(void **state)
{
    struct pipeline_world *w = *state;
    say(w, 5, "\"temp\": 10");
    say(w, 3, "\"temp\": 11");
    say(w, 1, "\"temp\": 10");
    expect_held(w, 10, 3);
    assert_int_equal(kept(w), 1);
    assert_int_equal(world_number(w, "SELECT message FROM conflicts"), 2);
    assert_int_equal(world_fate(w, 1), FATE_DUPLICATE);
    assert_int_equal(world_fate(w, 2), FATE_CONFLICT);
    assert_int_equal(revisions(w), 2);
    world_audit(w, 3);
}

static void test_settle_message_that_contradicts_itself(void **state)
{
    struct pipeline_world *w = *state;
    char values[300];
    snprintf(values, sizeof values,
             "\"temp\": null, \"history\": [{\"ts\": %d, \"temp\": 12}, {\"ts\": %d, "
             "\"temp\": 13}, {\"ts\": %d, \"temp\": 12}, {\"ts\": %d, \"temp\": null}]",
             AT_S, AT_S, AT_S, AT_S);
    say(w, 5, values);
    expect_held(w, 12, 1);
    struct world_books books = world_books(w);
    assert_int_equal(books.outcomes[OUTCOME_CONFLICT_HELD], 1);
    assert_int_equal(books.outcomes[OUTCOME_CONFLICT_KEPT], 2);
    assert_int_equal(books.outcomes[OUTCOME_DUPLICATE], 2);
    world_audit(w, 1);
}

static void test_settle_same_bytes_are_told_apart_by_index(void **state)
{
    struct pipeline_world *w = *state;
    /* ten seconds apart, two records ten seconds apart: they meet at one time */
    struct sent m = {.source = 4,
                     .topic = "s/node",
                     .arrival_us = WORLD_START_US + 100000000,
                     .payload = "[{\"bn\":\"node-1\",\"n\":\"t\",\"t\":-10,\"v\":4},"
                                "{\"n\":\"t\",\"v\":5}]"};
    struct sent later = m;
    later.arrival_us += 10000000;
    world_feed(w, &m);
    world_feed(w, &later);
    int64_t message = 0;
    assert_true(world_held(w, TEMPERATURE, m.arrival_us, &message) == 4);
    world_audit(w, 2);
    char *dump = world_dump(w);
    world_remove(w);
    world_begin(w);
    world_feed(w, &later);
    world_feed(w, &m);
    assert_true(world_held(w, TEMPERATURE, m.arrival_us, &message) == 4);
    world_audit(w, 2);
    char *other = world_dump(w);
    assert_string_equal(dump, other);
    free(dump);
    free(other);
}

static void set_floor(struct pipeline_world *w, int64_t floor)
{
    char sql[128];
    world_close(w);
    snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO numbers VALUES(1, %lld)",
             (long long)floor);
    database_run(w->folder, "hub.db", sql);
    world_open(w);
    int64_t connection = 0;
    assert_int_equal(inbox_connected(w->inbox, world_sources[0], false,
                                     WORLD_START_US + 1, &connection),
                     ERR_OK);
    w->connections[0] = connection;
}

static void test_settle_what_is_held_below_the_floor_stays(void **state)
{
    struct pipeline_world *w = *state;
    say(w, 5, "\"temp\": 10");
    set_floor(w, 2);
    say(w, 3, "\"temp\": 11");
    expect_held(w, 10, 1);
    assert_int_equal(kept(w), 1);
    assert_int_equal(world_fate(w, 2), FATE_CONFLICT);
    say(w, 2, "\"temp\": 10, \"crc\": 1"); /* equal: no takeover either */
    expect_held(w, 10, 1);
    assert_int_equal(world_fate(w, 3), FATE_DUPLICATE);
    char *dump = world_dump(w);
    assert_non_null(strstr(dump, "\t-\n"));
    free(dump);
}

static void test_settle_missing_value_below_the_floor_stays(void **state)
{
    struct pipeline_world *w = *state;
    say(w, 5, "\"temp\": null");
    set_floor(w, 2);
    say(w, 3, "\"temp\": 11");
    expect_held(w, (double)NAN, 1);
    assert_int_equal(kept(w), 1);
}

static void test_settle_replay_counts_each_reading_once(void **state)
{
    struct pipeline_world *w = *state;
    char self[300];
    /* messages that wait for an alias and hold, keep or repeat something already */
    snprintf(self, sizeof self,
             "\"ec\": null, \"temp\": 1, \"unit\": \"grad X\", \"history\": ["
             "{\"ts\": %d, \"ec\": 2}, {\"ts\": %d, \"ec\": 3}, {\"ts\": %d, \"ec\": 2}]",
             AT_S, AT_S, AT_S);
    say(w, 5, self);
    say(w, 4, "\"ec\": 2, \"temp\": 2, \"unit\": \"grad X\"");
    say(w, 6, "\"ec\": 3, \"temp\": 1, \"unit\": \"grad X\"");
    say(w, 3, "\"ec\": 3, \"bat\": 3, \"temp\": 1, \"unit\": \"grad X\"");
    for (int64_t id = 1; id <= 4; id++) {
        assert_int_equal(world_fate(w, id), FATE_PENDING);
    }
    world_audit(w, 4);
    assert_int_equal(world_reload(w, PIPELINE_LATER), 4);
    world_drain(w);
    world_audit(w, 4);
    expect_held(w, 1, 4);
    struct world_books books = world_books(w);
    assert_int_equal(books.fates[FATE_PENDING], 0);
    assert_int_equal(books.outcomes[OUTCOME_PENDING], 0);
    char *dump = world_dump(w);
    assert_int_equal(world_reload(w, PIPELINE_LATER), 0);
    world_drain(w);
    char *other = world_dump(w);
    assert_string_equal(dump, other);
    world_audit(w, 4);
    free(dump);
    free(other);
}

/* Both are worked on again in one batch; the second holds a value from before. */
static void replay_lower(struct pipeline_world *w, const char *values, enum fate second)
{
    struct sent late = world_ttn("late-1", AT_S, 1, 0, values);
    struct sent held =
        world_ttn("ttn-2", AT_S, 5, 0, "\"ec\": 2, \"temp\": 3, \"unit\": \"grad X\"");
    world_feed(w, &late);
    world_feed(w, &held);
    assert_int_equal(world_fate(w, 1), FATE_PENDING);
    assert_int_equal(world_fate(w, 2), FATE_PENDING);
    assert_int_equal(world_reload(w, PIPELINE_LATER), 2);
    world_drain(w);
    world_audit(w, 2);
    assert_int_equal(world_fate(w, 2), second);
}

static void test_settle_replay_that_a_lower_message_wins_over(void **state)
{
    replay_lower(*state, "\"ec\": 9", FATE_CONFLICT);
}

static void test_settle_replay_that_a_lower_message_takes_over(void **state)
{
    struct pipeline_world *w = *state;
    replay_lower(w, "\"ec\": 2, \"temp\": 3", FATE_DUPLICATE);
    assert_int_equal(world_fate(w, 1), FATE_STORED);
}

static void test_settle_stored_values_stay_when_the_model_changes(void **state)
{
    struct pipeline_world *w = *state;
    say(w, 5, "\"temp\": 280");
    struct sent late = world_ttn("late-1", AT_S + 5, 5, 0, "\"temp\": 290");
    world_feed(w, &late);
    say(w, 6,
        "\"bat\": 3, \"history\": [{\"ts\": 1780270000, \"temp\": 4, \"unit\": "
        "\"grad X\"}, {\"ts\": 1780270001, \"temp\": 5}]");
    world_reload(w, PIPELINE_CHANGED);
    world_drain(w);
    world_audit(w, 3);
    expect_held(w, 280, 1); /* read as degC when it came */
    int64_t message = 0;
    assert_true(world_held(w, TEMPERATURE, INT64_C(1780270001000000), &message) == 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_settle_lowest_counter_is_held),
        TEST(test_settle_absent_counter_is_zero),
        TEST(test_settle_network_time_decides_between_equal_counters),
        TEST(test_settle_hash_decides_at_last),
        TEST(test_settle_number_goes_before_a_missing_value),
        TEST(test_settle_equal_value_of_a_lower_message_takes_over),
        TEST(test_settle_takeover_leaves_what_else_the_message_holds),
        TEST(test_settle_takeover_of_a_message_that_says_it_twice),
        TEST(test_settle_takeover_with_other_flags_is_a_revision),
        TEST(test_settle_kept_value_goes_to_its_lowest_message),
        TEST(test_settle_kept_value_may_come_back_by_a_lower_message),
        TEST(test_settle_message_that_contradicts_itself),
        TEST(test_settle_same_bytes_are_told_apart_by_index),
        TEST(test_settle_what_is_held_below_the_floor_stays),
        TEST(test_settle_missing_value_below_the_floor_stays),
        TEST(test_settle_replay_counts_each_reading_once),
        TEST(test_settle_replay_that_a_lower_message_wins_over),
        TEST(test_settle_replay_that_a_lower_message_takes_over),
        TEST(test_settle_stored_values_stay_when_the_model_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
