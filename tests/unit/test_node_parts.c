/* SPDX-License-Identifier: EUPL-1.2 */
/* The parts of a node: numbers as text, queue and schedule. */
#include "node/decimal.h"
#include "node/queue.h"
#include "node/schedule.h"
#include "support/assert_close.h"

#include <stdlib.h>
#include <string.h>

#define S INT64_C(1000000)

static void assert_decimal(int64_t value, unsigned decimals, const char *expected)
{
    char text[DECIMAL_TEXT];
    size_t length = decimal_format(value, decimals, text);
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
}

static void test_decimal_format_gives_the_fewest_digits(void **state)
{
    (void)state;
    assert_decimal(0, 0, "0");
    assert_decimal(0, 6, "0");
    assert_decimal(-5, 1, "-0.5");
    assert_decimal(1200, 2, "12");
    assert_decimal(851, 2, "8.51");
    assert_decimal(-7, 9, "-0.000000007");
    assert_decimal(12307, 4, "1.2307");
    assert_decimal(1795350000500000, 6, "1795350000.5");
    assert_decimal(INT64_MAX, 0, "9223372036854775807");
    assert_decimal(INT64_MIN, 18, "-9.223372036854775808");
    assert_decimal(INT64_MIN, 99, "-9.223372036854775808");
}

static void test_decimal_format_reads_back(void **state)
{
    (void)state;
    static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    uint64_t random = 88172645463325252ULL;
    for (int i = 0; i < 20000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        int32_t value = (int32_t)random;
        char text[DECIMAL_TEXT];
        decimal_format(value, (unsigned)i % 7, text);
        assert_true(strtod(text, NULL) == value / power[i % 7]);
    }
}

static void test_decimal_format_hex_has_16_digits(void **state)
{
    (void)state;
    char text[17];
    decimal_format_hex(UINT64_C(0x00ff00000000a5c3), text);
    assert_string_equal(text, "00ff00000000a5c3");
}

static void fill(struct queue *q, int count)
{
    for (int i = 0; i < count; i++) {
        struct sample s = {.time_us = i * S, .present = 1, .value = {i}};
        queue_put(q, &s);
    }
}

static void test_queue_keeps_order_and_sequence(void **state)
{
    (void)state;
    struct sample slots[8];
    struct queue q;
    queue_init(&q, slots, 8, 101);
    assert_true(queue_held(&q) == 101);
    for (int round = 0; round < 20; round++) { /* around the ring, many times */
        fill(&q, 5);
        for (uint32_t i = 0; i < 5; i++) {
            const struct sample *s = queue_get(&q, i);
            assert_true(s->sequence == 101 + (uint64_t)round * 5 + i);
            assert_int_equal(s->value[0], i);
        }
        assert_null(queue_get(&q, 5));
        assert_int_equal(queue_release(&q, q.next - 3), 3);
        assert_true(queue_held(&q) == q.next - 2);
        assert_int_equal(queue_release(&q, q.next - 1), 2);
        assert_int_equal(q.count, 0);
    }
    assert_true(q.dropped == 0);
}

static void test_queue_full_drops_the_oldest_and_counts_it(void **state)
{
    (void)state;
    struct sample slots[3];
    struct queue q;
    queue_init(&q, slots, 3, 1);
    fill(&q, 10);
    assert_true(q.dropped == 7);
    assert_int_equal(q.count, 3);
    assert_true(queue_held(&q) == 8);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(queue_get(&q, i)->value[0], 7 + i);
    }
}

static void test_queue_release_believes_no_future_number(void **state)
{
    (void)state;
    struct sample slots[3];
    struct queue q;
    queue_init(&q, slots, 3, 1);
    fill(&q, 2);
    assert_int_equal(queue_release(&q, 3), 0);
    assert_int_equal(queue_release(&q, UINT64_MAX), 0);
    assert_int_equal(queue_release(&q, 0), 0);
    assert_int_equal(q.count, 2);
}

static void test_schedule_gives_each_instant_once(void **state)
{
    (void)state;
    struct schedule s;
    schedule_init(&s, 10, 60, 1003 * S);
    int64_t at_us = 0;
    assert_true(schedule_next(&s) == 1010 * S);
    assert_false(schedule_sample_due(&s, 1009 * S, &at_us));
    assert_true(schedule_sample_due(&s, 1010 * S + 7, &at_us));
    assert_true(at_us == 1010 * S);
    assert_false(schedule_sample_due(&s, 1011 * S, &at_us));
    assert_false(schedule_send_due(&s, 1011 * S));
    assert_true(schedule_send_due(&s, 1020 * S));
    assert_false(schedule_send_due(&s, 1020 * S));
}

static void test_schedule_makes_up_for_nothing(void **state)
{
    (void)state;
    struct schedule s;
    schedule_init(&s, 10, 10, 1000 * S);
    int64_t at_us = 0;
    assert_true(schedule_sample_due(&s, 1057 * S, &at_us));
    assert_true(at_us == 1050 * S);
    assert_false(schedule_sample_due(&s, 1057 * S, &at_us));
    assert_true(schedule_sample_due(&s, 1060 * S, &at_us));
}

static void test_schedule_follows_a_clock_set_back(void **state)
{
    (void)state;
    struct schedule s;
    schedule_init(&s, 10, 10, 1000000 * S);
    int64_t at_us = 0;
    assert_true(schedule_sample_due(&s, 1000000 * S, &at_us));
    assert_true(schedule_sample_due(&s, 5000 * S, &at_us));
    assert_true(at_us == 5000 * S);
    assert_false(schedule_sample_due(&s, 5001 * S, &at_us));
    assert_true(schedule_sample_due(&s, 5010 * S, &at_us));
}

static void test_schedule_bounds_its_intervals(void **state)
{
    (void)state;
    struct schedule s;
    schedule_init(&s, 0, 1000000, 0);
    assert_true(s.sample_every_us == S);
    assert_true(s.send_every_us == SCHEDULE_INTERVAL_MAX_S * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimal_format_gives_the_fewest_digits),
        cmocka_unit_test(test_decimal_format_reads_back),
        cmocka_unit_test(test_decimal_format_hex_has_16_digits),
        cmocka_unit_test(test_queue_keeps_order_and_sequence),
        cmocka_unit_test(test_queue_full_drops_the_oldest_and_counts_it),
        cmocka_unit_test(test_queue_release_believes_no_future_number),
        cmocka_unit_test(test_schedule_gives_each_instant_once),
        cmocka_unit_test(test_schedule_makes_up_for_nothing),
        cmocka_unit_test(test_schedule_follows_a_clock_set_back),
        cmocka_unit_test(test_schedule_bounds_its_intervals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
