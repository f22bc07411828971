/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/clock.h"
#include "store/frames.h"
#include "store/frames_report.h"
#include "support/database.h"
#include "support/fixture.h"
#include "support/store_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define OK(call) assert_int_equal(call, ERR_OK)
#define START_US INT64_C(1780272000000000) /* 2026-06-01T00:00:00Z */
#define MINUTE_US (60 * CLOCK_US_PER_S)
#define HOUR_US (60 * MINUTE_US)

enum { EVENTS_MOST = 64, DAY = 24 };

struct told {
    struct frames_device devices[8];
    char names[8][32];
    size_t device_count;
    struct frames_gap gaps[EVENTS_MOST];
    size_t gap_count;
    int64_t received[DAY], repeated[DAY], missing[DAY];
};

static void take_gap(void *arg, const struct frames_gap *g)
{
    struct told *t = arg;
    assert_true(t->gap_count < EVENTS_MOST);
    t->gaps[t->gap_count++] = *g;
}

static void take_hour(void *arg, const struct frames_hour *h)
{
    struct told *t = arg;
    int64_t hour = (h->hour_us - START_US) / HOUR_US;
    assert_true(hour >= 0 && hour < DAY);
    t->received[hour] += h->received;
    t->repeated[hour] += h->repeated;
    t->missing[hour] += h->missing;
}

static void take_device(void *arg, const struct frames_device *d)
{
    struct told *t = arg;
    assert_true(t->device_count < 8);
    snprintf(t->names[t->device_count], 32, "%s", d->device);
    t->devices[t->device_count++] = *d;
}

/* What is told of hours [from, to) after START_US. */
static void tell(struct store_world *w, int from, int to, struct told *t)
{
    const struct frames_query q = {.from_us = START_US + from * HOUR_US,
                                   .to_us = START_US + to * HOUR_US};
    const struct frames_listener listener = {t, take_gap, take_hour, take_device};
    struct store_reader *r = store_world_reader(w);
    memset(t, 0, sizeof *t);
    OK(report_frames(r, &q, &listener));
    store_reader_close(r);
}

static struct frame frame_at(const char *session, int64_t counter, int minute)
{
    int64_t at_us = START_US + minute * MINUTE_US;
    return (struct frame){.source = "src",
                          .device = "d",
                          .session = session,
                          .first = counter,
                          .last = counter,
                          .first_us = at_us,
                          .last_us = at_us};
}

/* One transaction. */
static void put(struct store_world *w, const struct frame *frames, size_t count)
{
    OK(store_begin(w->store));
    for (size_t k = 0; k < count; k++) {
        OK(store_frame(w->store, &frames[k]));
    }
    OK(store_commit(w->store));
}

static void put_one(struct store_world *w, const char *session, int64_t counter,
                    int minute)
{
    const struct frame f = frame_at(session, counter, minute);
    put(w, &f, 1);
}

static void check(const struct told *t, int64_t received, int64_t repeated,
                  int64_t missing, int64_t restarts)
{
    assert_int_equal(t->device_count, 1);
    assert_int_equal(t->devices[0].received, received);
    assert_int_equal(t->devices[0].repeated, repeated);
    assert_int_equal(t->devices[0].missing, missing);
    assert_int_equal(t->devices[0].restarts, restarts);
}

static void test_store_frame_counts_received_repeated_missing(void **state)
{
    struct store_world *w = *state;
    struct told t = {.device_count = 0};
    /* every 10 minutes; 3 and 4 are missing, 2 comes twice */
    static const int counters[] = {0, 1, 2, 2, 5, 6, 7};
    for (size_t k = 0; k < sizeof counters / sizeof *counters; k++) {
        put_one(w, "s", counters[k], 10 * counters[k]);
    }
    tell(w, 0, DAY, &t);
    check(&t, 6, 1, 2, 0);
    assert_int_equal(t.gap_count, 1);
    assert_int_equal(t.gaps[0].from_us, START_US + 20 * MINUTE_US);
    assert_int_equal(t.gaps[0].to_us, START_US + 50 * MINUTE_US);
    assert_int_equal(t.gaps[0].first, 3);
    assert_int_equal(t.gaps[0].last, 4);
    assert_int_equal(t.received[0], 4);
    assert_int_equal(t.received[1], 2);
    assert_int_equal(t.missing[0], 2);
    /* a run for each side of the hole in the first hour, one for the second hour */
    assert_int_equal(database_number(w->folder, "hub.db", "SELECT count(*) FROM frames"),
                     3);
    /* late frames close it */
    put_one(w, "s", 4, 40);
    tell(w, 0, DAY, &t);
    check(&t, 7, 1, 1, 0);
    put_one(w, "s", 3, 30);
    tell(w, 0, DAY, &t);
    check(&t, 8, 1, 0, 0);
    assert_int_equal(t.gap_count, 0);
    assert_int_equal(database_number(w->folder, "hub.db", "SELECT count(*) FROM frames"),
                     2);
}

static void test_store_frame_closes_a_hole_whenever_it_arrives(void **state)
{
    struct store_world *w = *state;
    struct told t = {.device_count = 0};
    /* no network time: 2 counts when it came, two hours later */
    put_one(w, "s", 1, 10);
    put_one(w, "s", 3, 30);
    put_one(w, "s", 2, 150);
    put_one(w, "s", 4, 40);
    tell(w, 0, DAY, &t);
    check(&t, 4, 0, 0, 0);
}

static void test_report_frames_spreads_a_long_hole_over_its_hours(void **state)
{
    struct store_world *w = *state;
    struct told t = {.device_count = 0};
    put_one(w, "s", 0, 0);
    put_one(w, "s", 60, 600); /* 59 of every 10 minutes are missing in 10 hours */
    tell(w, 0, DAY, &t);
    check(&t, 2, 0, 59, 0);
    for (int hour = 1; hour < 9; hour++) {
        assert_in_range(t.missing[hour], 5, 6);
    }
    /* what reaches into a window is seen there, with its part */
    tell(w, 5, DAY, &t);
    assert_int_equal(t.devices[0].received, 1);
    assert_in_range(t.devices[0].missing, 29, 31);
    assert_int_equal(t.gap_count, 1);
    assert_int_equal(t.gaps[0].from_us, START_US);
    tell(w, 11, DAY, &t);
    assert_int_equal(t.device_count, 0);
}

static void test_report_frames_tells_restarts_from_holes(void **state)
{
    struct store_world *w = *state;
    struct told t = {.device_count = 0};
    for (int k = 0; k < 3; k++) {
        put_one(w, "s", 500 + k, 10 * k);
    }
    for (int k = 0; k < 3; k++) {
        put_one(w, "s", k, 30 + 5 * k); /* the same session, at 0, in the same hour */
    }
    put_one(w, "s", 4, 50);
    put_one(w, "t", 0, 70); /* a new session */
    put_one(w, "t", 2, 80);
    tell(w, 0, DAY, &t);
    check(&t, 9, 0, 2, 2);
    assert_int_equal(t.gap_count, 4);
    assert_true(t.gaps[0].restart);
    assert_int_equal(t.gaps[0].from_us, START_US + 20 * MINUTE_US);
    assert_int_equal(t.gaps[0].to_us, START_US + 30 * MINUTE_US);
    assert_int_equal(t.gaps[1].first, 3);
    assert_true(t.gaps[2].restart);
    assert_int_equal(t.gaps[3].first, 1);
}

static void test_report_frames_sees_16_bits_roll_over(void **state)
{
    struct store_world *w = *state;
    struct told t = {.device_count = 0};
    put_one(w, "s", 65533, 0);
    put_one(w, "s", 65534, 10);
    put_one(w, "s", 1, 40); /* 65535 and 0 are missing */
    put_one(w, "s", 2, 50);
    tell(w, 0, DAY, &t);
    check(&t, 4, 0, 2, 0);
    assert_int_equal(t.gaps[0].first, 65535);
    assert_int_equal(t.gaps[0].last, 65536);
}

static void test_store_frame_takes_a_pack_apart(void **state)
{
    struct store_world *w = *state;
    struct told t = {.device_count = 0};
    struct frame f = frame_at("log", 10, 0);
    f.last = 21;
    f.last_us = START_US + 110 * MINUTE_US; /* 12 samples of 10 minutes in two hours */
    put(w, &f, 1);
    tell(w, 0, DAY, &t);
    check(&t, 12, 0, 0, 0);
    assert_int_equal(t.received[0], 6);
    assert_int_equal(t.received[1], 6);
    /* it comes again with more */
    f.last = 23;
    f.last_us = START_US + 130 * MINUTE_US;
    put(w, &f, 1);
    tell(w, 0, DAY, &t);
    check(&t, 14, 12, 0, 0);
    /* worked on again, it is no repetition */
    f.again = true;
    put(w, &f, 1);
    tell(w, 0, DAY, &t);
    check(&t, 14, 12, 0, 0);
}

static void test_store_frame_is_taken_back_by_a_rollback(void **state)
{
    struct store_world *w = *state;
    const struct frame f = frame_at("s", 1, 0);
    struct told t = {.device_count = 0};
    OK(store_begin(w->store));
    OK(store_frame(w->store, &f));
    store_rollback(w->store);
    put_one(w, "s", 2, 10);
    put_one(w, "s", 4, 30);
    tell(w, 0, DAY, &t);
    check(&t, 2, 0, 1, 0);
    assert_int_equal(t.gaps[0].first, 3);
}

static void test_store_frame_keeps_sources_and_devices_apart(void **state)
{
    struct store_world *w = *state;
    struct told t = {.device_count = 0};
    struct frame frames[3] = {frame_at("s", 1, 0), frame_at("s", 2, 0),
                              frame_at("s", 3, 0)};
    frames[1].device = "e";
    frames[2].source = "other";
    put(w, frames, 3);
    store_world_reopen(w);
    tell(w, 0, DAY, &t);
    assert_int_equal(t.device_count, 3);
    for (int k = 0; k < 3; k++) {
        assert_int_equal(t.devices[k].received, 1);
        assert_int_equal(t.devices[k].missing, 0);
    }
}

static void test_store_forget_frames_forgets_old_hours(void **state)
{
    struct store_world *w = *state;
    struct told t = {.device_count = 0};
    put_one(w, "s", 1, 10);
    put_one(w, "t", 1, 20);
    put_one(w, "s", 2, 130);
    OK(store_forget_frames(w->store, START_US + 2 * HOUR_US));
    assert_int_equal(
        database_number(w->folder, "hub.db", "SELECT count(*) FROM counters"), 1);
    tell(w, 0, DAY, &t);
    check(&t, 1, 0, 0, 0);
    put_one(w, "t", 2, 140); /* a session that was forgotten is noted anew */
    tell(w, 0, DAY, &t);
    assert_int_equal(t.devices[0].received, 2);
}

static void test_store_frame_bounds_what_an_hour_may_hold(void **state)
{
    struct store_world *w = *state;
    enum { FLOOD = 3000 };
    OK(store_begin(w->store));
    for (int k = 0; k < FLOOD; k++) {
        struct frame f = frame_at("s", 2 * (int64_t)k, 0);
        f.first_us = f.last_us = START_US + k * CLOCK_US_PER_S;
        OK(store_frame(w->store, &f));
    }
    OK(store_commit(w->store));
    assert_int_equal(database_number(w->folder, "hub.db", "SELECT count(*) FROM frames"),
                     1000);
}

enum { FRAMES_MOST = 200 };

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245U + 12345U;
    return *seed >> 8;
}

/* A device that begins again once, then with a new session; some are lost, some come
 * twice. */
static size_t make_frames(struct frame frames[FRAMES_MOST], unsigned *seed)
{
    size_t count = 0;
    for (int k = 0; count + 2 < FRAMES_MOST; k++) {
        unsigned chance = next_random(seed) % 35;
        if (chance % 5 == 0) {
            continue;
        }
        frames[count++] = frame_at(k < 130 ? "s" : "t", k < 90 ? k : k - 90, 7 * k);
        if (chance % 7 == 0) {
            frames[count] = frames[count - 1];
            count++;
        }
    }
    return count;
}

static void shuffle(struct frame *frames, size_t count, unsigned *seed)
{
    for (size_t k = count; k > 1; k--) {
        size_t other = next_random(seed) % k;
        struct frame swap = frames[k - 1];
        frames[k - 1] = frames[other];
        frames[other] = swap;
    }
}

static void tell_device(struct store_world *w, const char *device, struct told *t)
{
    const struct frames_query q = {
        .device = device, .from_us = START_US, .to_us = START_US + DAY * HOUR_US};
    const struct frames_listener listener = {t, take_gap, take_hour, take_device};
    struct store_reader *r = store_world_reader(w);
    memset(t, 0, sizeof *t);
    OK(report_frames(r, &q, &listener));
    store_reader_close(r);
    assert_int_equal(t->device_count, 1);
}

/* Any order, any cut into transactions, and frames that come twice: the same is told. */
static void test_report_frames_does_not_depend_on_the_order(void **state)
{
    enum { ROUNDS = 12 };
    struct frame frames[FRAMES_MOST];
    struct told first = {.device_count = 0};
    struct told now = {.device_count = 0};
    unsigned seed = 4711;
    size_t count = make_frames(frames, &seed);
    for (int round = 0; round < ROUNDS; round++) {
        char device[16];
        snprintf(device, sizeof device, "d%d", round);
        for (size_t k = 0; k < count; k++) {
            frames[k].device = device;
        }
        size_t part = 1 + (size_t)(round * 7 % 50);
        for (size_t k = 0; k < count; k += part) {
            put(*state, &frames[k], count - k < part ? count - k : part);
        }
        tell_device(*state, device, &now);
        first = round == 0 ? now : first;
        check(&now, first.devices[0].received, first.devices[0].repeated,
              first.devices[0].missing, 2);
        assert_int_equal(now.gap_count, first.gap_count);
        assert_memory_equal(now.missing, first.missing, sizeof now.missing);
        assert_memory_equal(now.received, first.received, sizeof now.received);
        shuffle(frames, count, &seed);
    }
    assert_true(first.devices[0].missing > 10 && first.devices[0].repeated > 5);
}

#define TEST(f)                                                                          \
    cmocka_unit_test_setup_teardown(f, store_world_set_up, store_world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_frame_counts_received_repeated_missing),
        TEST(test_store_frame_closes_a_hole_whenever_it_arrives),
        TEST(test_report_frames_spreads_a_long_hole_over_its_hours),
        TEST(test_report_frames_tells_restarts_from_holes),
        TEST(test_report_frames_sees_16_bits_roll_over),
        TEST(test_store_frame_takes_a_pack_apart),
        TEST(test_store_frame_is_taken_back_by_a_rollback),
        TEST(test_store_frame_keeps_sources_and_devices_apart),
        TEST(test_store_forget_frames_forgets_old_hours),
        TEST(test_store_frame_bounds_what_an_hour_may_hold),
        TEST(test_report_frames_does_not_depend_on_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
