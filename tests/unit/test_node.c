/* SPDX-License-Identifier: EUPL-1.2 */
#include "node/node.h"
#include "support/assert_close.h"

#include <string.h>

#define S INT64_C(1000000)
#define START (INT64_C(1795350000) * S)

static const struct channel channels[] = {{":water_temperature", "Cel", 2}};
enum { SLOTS = 40 };

struct bench {
    struct node node;
    struct sample slots[SLOTS];
    char pack[PACK_SIZE_MIN];
    int32_t next_value;
    bool sensor_works, link_works;
    int published;
    char last[PACK_SIZE_MIN + 1];
};

static bool read_counter(void *arg, size_t channel, int64_t time_us, int32_t *value)
{
    struct bench *b = arg;
    (void)channel;
    (void)time_us;
    *value = b->next_value++;
    return b->sensor_works;
}

static bool publish(void *arg, const char *payload, size_t length)
{
    struct bench *b = arg;
    if (b->link_works) {
        b->published++;
        memcpy(b->last, payload, length);
        b->last[length] = '\0';
    }
    return b->link_works;
}

static void bench_open(struct bench *b, int32_t sample_every_s, int32_t send_every_s)
{
    *b = (struct bench){.sensor_works = true, .link_works = true};
    struct node_setup setup = {.header = {"kiel-node-1", 7, channels, 1},
                               .port = {b, read_counter, publish},
                               .sample_every_s = sample_every_s,
                               .send_every_s = send_every_s,
                               .slots = b->slots,
                               .slot_count = SLOTS,
                               .pack = b->pack,
                               .pack_size = sizeof b->pack,
                               .next_sequence = 1};
    assert_true(node_init(&b->node, &setup, START));
}

static void test_node_init_refuses_what_it_cannot_hold(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 1, 1);
    struct node_setup good = {.header = {"a", 7, channels, 1},
                              .port = b.node.port,
                              .slots = b.slots,
                              .slot_count = 1,
                              .pack = b.pack,
                              .pack_size = sizeof b.pack,
                              .next_sequence = 1};
    assert_true(node_init(&b.node, &good, START));
    struct node_setup bad = good;
    bad.slot_count = 0;
    assert_false(node_init(&b.node, &bad, START));
    bad = good;
    bad.pack_size = PACK_SIZE_MIN - 1;
    assert_false(node_init(&b.node, &bad, START));
    bad = good;
    bad.next_sequence = 0;
    assert_false(node_init(&b.node, &bad, START));
    bad = good;
    bad.header.device = "no \"quotes\"";
    assert_false(node_init(&b.node, &bad, START));
}

static void test_node_samples_and_sends_by_its_schedule(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 1, 5);
    node_link_up(&b.node);
    assert_true(node_step(&b.node, START) == START + S);
    assert_int_equal(b.published, 1); /* START is a multiple of 5 s */
    node_confirm(&b.node);
    for (int i = 1; i < 5; i++) {
        node_step(&b.node, START + i * S);
    }
    assert_int_equal(b.published, 1);
    assert_int_equal(b.node.queue.count, 4);
    node_step(&b.node, START + 5 * S);
    assert_int_equal(b.published, 2);
    assert_non_null(strstr(b.last, "{\"n\":\"first\",\"v\":2},{\"n\":\"seq\",\"v\":6}"));
    node_confirm(&b.node);
    assert_true(node_is_idle(&b.node));
}

static void test_node_keeps_samples_until_told(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 1, 1);
    node_link_up(&b.node);
    node_step(&b.node, START);
    node_step(&b.node, START + S); /* the first pack is still under way */
    assert_int_equal(b.published, 1);
    assert_int_equal(b.node.queue.count, 2);
    node_link_down(&b.node);
    node_step(&b.node, START + 2 * S);
    assert_int_equal(b.published, 1);
    node_link_up(&b.node);
    node_step(&b.node, START + 2 * S);
    assert_int_equal(b.published, 2);
    assert_non_null(strstr(b.last, "{\"n\":\"first\",\"v\":1},{\"n\":\"seq\",\"v\":3}"));
    node_confirm(&b.node);
    assert_true(node_is_idle(&b.node));
    node_confirm(&b.node); /* once more: nothing is under way */
    assert_true(node_is_idle(&b.node));
}

static void test_node_sends_a_backlog_pack_by_pack(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 1, 3600);
    for (int i = 0; i < SLOTS; i++) {
        node_sample(&b.node, START - (SLOTS - i) * S);
    }
    node_flush(&b.node);
    node_link_up(&b.node);
    int packs = 0;
    while (!node_is_idle(&b.node)) {
        node_step(&b.node, START - S / 2);
        assert_int_equal(b.published, ++packs);
        node_confirm(&b.node);
        assert_true(packs < SLOTS);
    }
    assert_true(packs > 1);
    assert_non_null(strstr(b.last, "{\"n\":\"seq\",\"v\":40}"));
}

static void test_node_tries_again_when_the_link_takes_none(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 1, 1);
    node_link_up(&b.node);
    b.link_works = false;
    node_step(&b.node, START);
    assert_int_equal(b.node.queue.count, 1);
    b.link_works = true;
    node_step(&b.node, START);
    assert_int_equal(b.published, 1);
}

static void test_node_finish_samples_no_more(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 1, 3600);
    node_link_up(&b.node);
    node_step(&b.node, START + S);
    node_finish(&b.node);
    assert_true(node_step(&b.node, START + 9 * S) == INT64_MAX);
    assert_int_equal(b.published, 1);
    node_confirm(&b.node);
    assert_true(node_is_idle(&b.node));
}

static void test_node_takes_no_sample_from_dead_sensors(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 1, 1);
    b.sensor_works = false;
    node_step(&b.node, START);
    assert_true(node_is_idle(&b.node));
    assert_true(b.node.queue.next == 1);
}

static void test_node_release_frees_what_a_receipt_names(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 1, 3600);
    for (int i = 0; i < 5; i++) {
        node_sample(&b.node, START + i * S);
    }
    node_release(&b.node, 3);
    assert_int_equal(b.node.queue.count, 2);
    node_release(&b.node, 99); /* was never given: not believed */
    assert_int_equal(b.node.queue.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_node_init_refuses_what_it_cannot_hold),
        cmocka_unit_test(test_node_samples_and_sends_by_its_schedule),
        cmocka_unit_test(test_node_keeps_samples_until_told),
        cmocka_unit_test(test_node_sends_a_backlog_pack_by_pack),
        cmocka_unit_test(test_node_tries_again_when_the_link_takes_none),
        cmocka_unit_test(test_node_finish_samples_no_more),
        cmocka_unit_test(test_node_takes_no_sample_from_dead_sensors),
        cmocka_unit_test(test_node_release_frees_what_a_receipt_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
