/* SPDX-License-Identifier: EUPL-1.2 */
#include "ingest/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { RUN_S = 60, BUFFER = 1 << 16 };
#define SECOND_US INT64_C(1000000)

struct run {
    int64_t messages, bytes, longest_wait_us;
};

/* A broker that always has more, for a minute; messages come to light one call later, as
 * they do in the client's thread. sizes: of messages, one after the other. */
static struct run read_on(struct pace *p, const int64_t *sizes, size_t count)
{
    struct run r = {.messages = 0};
    int64_t now_us = 77;
    int64_t unseen = 0;
    int64_t in_message = 0;
    pace_begin(p, now_us);
    while (now_us < RUN_S * SECOND_US) {
        size_t room = pace_room(p, now_us);
        if (room == 0 && unseen > 0) {
            pace_count(p, unseen);
            unseen = 0;
        }
        if (room == 0) {
            int64_t wait_us = pace_wait_us(p, now_us);
            assert_true(p->held && wait_us > 0);
            r.longest_wait_us = wait_us > r.longest_wait_us ? wait_us : r.longest_wait_us;
            now_us += wait_us;
            continue;
        }
        room = room < BUFFER ? room : BUFFER;
        pace_count(p, unseen);
        pace_read(p, room, now_us);
        unseen = 0;
        r.bytes += (int64_t)room;
        in_message += (int64_t)room;
        while (in_message >= sizes[(size_t)r.messages % count]) {
            in_message -= sizes[(size_t)r.messages % count];
            r.messages++;
            unseen++;
        }
        now_us += 20;
    }
    return r;
}

static void test_pace_holds_messages_to_the_ceiling(void **state)
{
    (void)state;
    static const int64_t rates[] = {1, 10, 200, 5000};
    static const int64_t sizes[] = {90, 240, 2300, 60, 120};
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
        struct pace p = {.messages_per_s = rates[k]};
        struct run r = read_on(&p, sizes, sizeof sizes / sizeof *sizes);
        assert_in_range(r.messages, rates[k] * RUN_S * 8 / 10,
                        rates[k] * (RUN_S + 1) * 11 / 10 + 10);
        assert_in_range(r.longest_wait_us, 1, 5 * SECOND_US);
    }
}

static void test_pace_holds_bytes_to_the_ceiling(void **state)
{
    (void)state;
    static const int64_t sizes[] = {200000};
    struct pace p = {.bytes_per_s = 16384};
    struct run r = read_on(&p, sizes, 1);
    assert_in_range(r.bytes, 16384 * RUN_S * 9 / 10, 16384 * (RUN_S + 2));
    assert_in_range(r.longest_wait_us, 1, 5 * SECOND_US);
}

static void test_pace_forgets_that_it_held_back(void **state)
{
    (void)state;
    struct pace p = {.messages_per_s = 10};
    pace_begin(&p, 0);
    assert_true(pace_room(&p, 0) > 0);
    assert_false(p.held);
    pace_read(&p, 100000, 0);
    pace_count(&p, 20);
    assert_int_equal(pace_room(&p, 1000), 0);
    assert_true(p.held);
    assert_true(pace_room(&p, 6 * SECOND_US) > 0);
    assert_true(p.held);
    assert_true(pace_wait_us(&p, 6 * SECOND_US) <= 5 * SECOND_US);
    assert_true(pace_room(&p, 11 * SECOND_US) > 0);
    assert_false(p.held);
}

static void test_pace_without_ceilings_is_free(void **state)
{
    (void)state;
    struct pace p = {.messages_per_s = 0};
    pace_begin(&p, 0);
    pace_read(&p, BUFFER, 0);
    pace_count(&p, 500);
    assert_true(pace_room(&p, 1) == SIZE_MAX);
    assert_false(p.held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pace_holds_messages_to_the_ceiling),
        cmocka_unit_test(test_pace_holds_bytes_to_the_ceiling),
        cmocka_unit_test(test_pace_forgets_that_it_held_back),
        cmocka_unit_test(test_pace_without_ceilings_is_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
