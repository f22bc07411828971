/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/pipeline_world.h"

#include "support/assert_close.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void reconnect(struct pipeline_world *w, int source, bool present, int second)
{
    int64_t connection = 0;
    assert_int_equal(inbox_connected(w->inbox, world_sources[source], present,
                                     WORLD_START_US + second * INT64_C(1000000),
                                     &connection),
                     ERR_OK);
    w->connections[source] = connection;
}

/* --- DUP, retained, time --- */

static void feed_packet(struct pipeline_world *w, int second, const char *payload,
                        uint16_t packet, bool dup)
{
    struct sent m = gauge(second, payload);
    m.packet_id = packet;
    m.dup = dup;
    world_feed(w, &m);
}

static void test_pipeline_knows_a_redelivery_by_dup(void **state)
{
    struct pipeline_world *w = *state;
    feed_packet(w, 10, "500", 7, false);
    reconnect(w, 3, true, 20);
    feed_packet(w, 21, "500", 7, true);
    assert_int_equal(observations(w), 1);
    assert_int_equal(world_fate(w, 2), FATE_DUPLICATE);
    reconnect(w, 3, true, 30);
    feed_packet(w, 31, "500", 7, true); /* and once more */
    assert_int_equal(observations(w), 1);
    world_audit(w, 3);
}

static void test_pipeline_stores_what_only_looks_like_a_redelivery(void **state)
{
    struct pipeline_world *w = *state;
    feed_packet(w, 10, "500", 7, false);
    feed_packet(w, 11, "500", 7, true); /* the same connection */
    reconnect(w, 3, true, 20);
    feed_packet(w, 21, "500", 8, true);  /* another packet */
    feed_packet(w, 22, "501", 7, true);  /* other bytes */
    feed_packet(w, 23, "501", 7, false); /* without DUP */
    feed_packet(w, 24, "500", 0, true);  /* QoS 0 has no packet id */
    reconnect(w, 3, false, 30);
    feed_packet(w, 31, "501", 7, true); /* another session */
    reconnect(w, 3, true, 40);
    reconnect(w, 3, true, 50);
    feed_packet(w, 51, "501", 7, true); /* not on the connection just before */
    assert_int_equal(observations(w), 8);
    world_audit(w, 8);
}

static void test_pipeline_redelivery_looks_at_the_last_with_the_packet_id(void **state)
{
    struct pipeline_world *w = *state;
    feed_packet(w, 10, "500", 7, false);
    reconnect(w, 3, true, 20);
    feed_packet(w, 21, "502", 7, false); /* the id is used for another message */
    feed_packet(w, 22, "500", 7, true);
    assert_int_equal(observations(w), 3);
    world_audit(w, 3);
}

static void test_pipeline_dup_does_not_matter_where_there_is_a_time(void **state)
{
    struct pipeline_world *w = *state;
    struct sent m = world_ttn("ttn-1", AT_S, 1, 0, "\"temp\": 10");
    m.packet_id = 7;
    world_feed(w, &m);
    reconnect(w, 0, false, 20);
    m.dup = true;
    m.arrival_us += 1000000;
    world_feed(w, &m);
    assert_int_equal(observations(w), 1);
    assert_int_equal(world_fate(w, 2), FATE_DUPLICATE);
    world_audit(w, 2);
}

static void test_pipeline_rejects_retained_of_unknown_age(void **state)
{
    struct pipeline_world *w = *state;
    struct sent m = gauge(10, "500");
    m.retained = true;
    world_feed(w, &m);
    assert_int_equal(world_fate(w, 1), FATE_REJECTED);
    m.source = 5;
    snprintf(m.topic, sizeof m.topic, "k/gauge-1/W");
    world_feed(w, &m); /* this source takes them */
    assert_int_equal(world_fate(w, 2), FATE_STORED);
    m = world_ttn("ttn-1", AT_S, 1, 0, "\"temp\": 10");
    m.retained = true;
    world_feed(w, &m); /* its own time */
    assert_int_equal(world_fate(w, 3), FATE_STORED);
    world_audit(w, 3);
}

static int count_lines(const char *text, const char *word)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        n++;
    }
    return n;
}

static void test_pipeline_doubts_arrival_times_after_a_reconnect(void **state)
{
    struct pipeline_world *w = *state;
    struct sent first = gauge(5, "500"); /* after a first connect nothing waited */
    world_feed(w, &first);
    reconnect(w, 3, true, 100);
    struct sent soon = gauge(109, "501");
    struct sent later = gauge(110, "502");
    world_feed(w, &soon);
    world_feed(w, &later);
    reconnect(w, 3, false, 200); /* a new session: nothing waited */
    struct sent anew = gauge(201, "503");
    world_feed(w, &anew);
    reconnect(w, 0, true, 300);
    struct sent own = world_ttn("ttn-1", AT_S, 1, 0, "\"temp\": 10");
    own.arrival_us = WORLD_START_US + 301000000;
    world_feed(w, &own);
    char *dump = world_dump(w);
    assert_int_equal(count_lines(dump, "time:3"), 1);
    assert_non_null(strstr(dump, "\t501\tcm\t"));
    char *line = strstr(dump, "\t501\tcm\t");
    assert_memory_equal(strstr(line, "time:3"), "time:3", 6);
    assert_true(strchr(line, '\n') > strstr(line, "time:3"));
    free(dump);
}

/* --- cities, ceilings --- */

static void test_pipeline_city_speaks_for_itself_only(void **state)
{
    struct pipeline_world *w = *state;
    struct sent m = {.source = 1,
                     .topic = "a/x",
                     .arrival_us = WORLD_START_US + 1000000,
                     .payload = "{\"device\": \"foreign-1\", \"temp\": 10, \"ec\": 2}"};
    world_feed(w, &m);
    assert_int_equal(world_fate(w, 1), FATE_REJECTED);
    assert_int_equal(observations(w), 0);
    assert_int_equal(world_number(w, "SELECT count(*) FROM messages WHERE reason LIKE"
                                     " '%belongs to wismar%'"),
                     1);
    world_audit(w, 1);
}

static void test_pipeline_rejects_what_is_over_the_ceiling(void **state)
{
    struct pipeline_world *w = *state;
    uint64_t transaction = 0;
    char start[1024];
    memset(start, ' ', sizeof start);
    const struct message m = {.topic = "a/x",
                              .payload = start,
                              .size = sizeof start,
                              .full_size = 70000,
                              .arrival_us = WORLD_START_US + 1};
    assert_int_equal(inbox_put(w->inbox, w->connections[1], &m, &transaction), ERR_OK);
    world_commit(w);
    world_drain(w);
    assert_int_equal(world_fate(w, 1), FATE_REJECTED);
    assert_int_equal(world_number(w, "SELECT count(*) FROM messages WHERE reason LIKE"
                                     " '%70000%1024%'"),
                     1);
    world_audit(w, 1);
}

static void test_pipeline_takes_a_message_larger_than_todays_ceiling(void **state)
{
    struct pipeline_world *w = *state;
    enum { LARGE = 40 << 20 }; /* taken in under another ceiling */
    char *payload = malloc(LARGE);
    uint64_t transaction = 0;
    int length =
        snprintf(payload, LARGE,
                 "{\"device\": \"json-1\", \"at\": %d, \"temp\": 10, \"crc\": \"", AT_S);
    memset(payload + length, 'x', (size_t)(LARGE - length));
    memcpy(payload + LARGE - 2, "\"}", 2);
    const struct message m = {.topic = "a/x",
                              .payload = payload,
                              .size = LARGE,
                              .full_size = LARGE,
                              .arrival_us = WORLD_START_US + 1};
    assert_int_equal(inbox_put(w->inbox, w->connections[1], &m, &transaction), ERR_OK);
    world_commit(w);
    world_drain(w);
    free(payload);
    struct sent other = {.source = 2, .topic = "b/x", .arrival_us = WORLD_START_US + 2};
    snprintf(other.payload, sizeof other.payload,
             "{\"device\": \"json-1\", \"at\": %d, \"temp\": 11}", AT_S);
    world_feed(w, &other); /* the large one is looked up again */
    assert_int_equal(world_fate(w, 1), FATE_CONFLICT);
    assert_int_equal(world_fate(w, 2), FATE_CONFLICT);
    world_audit(w, 2);
}

static void put_long_units(struct pipeline_world *w, int value)
{
    enum { RECORDS = 20000 };
    char *payload = NULL;
    size_t size = 0;
    uint64_t transaction = 0;
    FILE *to = open_memstream(&payload, &size);
    for (int i = 0; i < RECORDS; i++) {
        fprintf(to, "%c{\"n\":\"t\",\"t\":-%d,\"v\":%d", i == 0 ? '[' : ',',
                i + 1 + value * RECORDS, value);
        if (i == 0) { /* one unit for all: it is short in the message only */
            fprintf(to, ",\"bn\":\"node-1\",\"bu\":\"%-60s\"", "degC");
        }
        fprintf(to, "}");
    }
    fprintf(to, "]");
    fclose(to);
    const struct message m = {.topic = "s/node",
                              .payload = payload,
                              .size = size,
                              .full_size = size,
                              .arrival_us = WORLD_START_US + 1};
    assert_int_equal(inbox_put(w->inbox, w->connections[4], &m, &transaction), ERR_OK);
    free(payload);
}

static void test_pipeline_keeps_every_unit_of_a_full_batch(void **state)
{
    struct pipeline_world *w = *state;
    put_long_units(w, 0);
    put_long_units(w, 1);
    put_long_units(w, 2);
    world_commit(w);
    world_drain(w);
    assert_int_equal(observations(w), 60000);
    assert_int_equal(world_number(w, "SELECT count(*) FROM observations WHERE raw_unit ="
                                     " (SELECT id FROM units WHERE text LIKE 'degC  %')"),
                     60000);
}

/* --- what waits --- */

static void test_pipeline_pending_is_stored_once_when_registered(void **state)
{
    struct pipeline_world *w = *state;
    struct sent device = world_ttn("late-1", AT_S, 1, 0, "\"temp\": 10");
    struct sent alias =
        world_ttn("ttn-1", AT_S, 1, 0, "\"temp\": 11, \"unit\": \"grad X\", \"ec\": 2");
    world_feed(w, &device);
    world_feed(w, &alias);
    world_feed(w, &device);
    assert_int_equal(observations(w), 1); /* ec */
    assert_int_equal(world_number(w, "SELECT count FROM pending WHERE device = 'late-1'"
                                     " AND field = ''"),
                     2);
    assert_int_equal(world_number(w, "SELECT count FROM pending WHERE device = 'ttn-1'"
                                     " AND field = '/temp'"),
                     1);
    world_audit(w, 3);
    assert_int_equal(world_reload(w, PIPELINE_LATER), 3);
    world_drain(w);
    assert_int_equal(observations(w), 3);
    assert_int_equal(world_number(w, "SELECT count(*) FROM pending"), 0);
    assert_int_equal(world_fate(w, 1), FATE_STORED);
    assert_int_equal(world_fate(w, 3), FATE_DUPLICATE);
    assert_int_equal(world_books(w).fates[FATE_PENDING], 0);
    world_audit(w, 3);
    assert_int_equal(world_reload(w, PIPELINE_LATER), 0);
}

static void test_pipeline_pending_is_stored_after_a_start(void **state)
{
    struct pipeline_world *w = *state;
    struct sent device = world_ttn("late-1", AT_S, 1, 0, "\"temp\": 10");
    world_feed(w, &device);
    world_close(w);
    w->variant = PIPELINE_LATER;
    world_open(w);
    world_drain(w);
    assert_int_equal(observations(w), 1);
    assert_int_equal(world_fate(w, 1), FATE_STORED);
    world_audit(w, 1);
}

static void test_pipeline_pending_stays_listed_over_starts(void **state)
{
    struct pipeline_world *w = *state;
    struct sent device = world_ttn("late-1", AT_S, 1, 0, "\"temp\": 10");
    world_feed(w, &device);
    int64_t listed = world_number(w, "SELECT sum(count) FROM pending");
    assert_true(listed >= 2); /* the message, and each of its fields */
    for (int i = 0; i < 3; i++) {
        world_close(w);
        world_open(w);
        world_drain(w);
        assert_int_equal(world_number(w, "SELECT sum(count) FROM pending"), listed);
        world_audit(w, 1);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pipeline_knows_a_redelivery_by_dup),
        TEST(test_pipeline_stores_what_only_looks_like_a_redelivery),
        TEST(test_pipeline_redelivery_looks_at_the_last_with_the_packet_id),
        TEST(test_pipeline_dup_does_not_matter_where_there_is_a_time),
        TEST(test_pipeline_rejects_retained_of_unknown_age),
        TEST(test_pipeline_doubts_arrival_times_after_a_reconnect),
        TEST(test_pipeline_city_speaks_for_itself_only),
        TEST(test_pipeline_rejects_what_is_over_the_ceiling),
        TEST(test_pipeline_takes_a_message_larger_than_todays_ceiling),
        TEST(test_pipeline_keeps_every_unit_of_a_full_batch),
        TEST(test_pipeline_pending_is_stored_once_when_registered),
        TEST(test_pipeline_pending_is_stored_after_a_start),
        TEST(test_pipeline_pending_stays_listed_over_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
