/* SPDX-License-Identifier: EUPL-1.2 */
/* The gate at its ends: brokers that are away, the last words, many bytes. */
#include "gate_world.h"

static void test_gate_waits_for_a_broker_that_is_away(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    gate_close(f.gate);
    close(f.listener);
    f.owner.aways = f.owner.connects = 0;
    open_gate(&f);
    owner_await(&f.owner, &f.owner.aways, 3);
    pthread_mutex_lock(&f.owner.mutex);
    assert_int_equal(f.owner.connects, 0);
    assert_non_null(strstr(f.owner.why, "Connection refused"));
    pthread_mutex_unlock(&f.owner.mutex);
    f.listener = listen_on(&f.port);
    join(&f);
    put(f.client, "hello");
    assert_reads(f.broker, "hello", 5);
    teardown(&f);
}

static void test_gate_gives_the_last_words_of_both_sides(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    join(&f);
    put(f.broker, "no");
    close(f.broker);
    assert_reads(f.client, "no", 2);
    assert_closed(f.client);
    assert_int_equal(owner_end(&f.owner), GATE_BROKER);
    close(f.client);

    join(&f); /* the gate dials again */
    gate_mark(f.gate, 5);
    put(f.client, "ack, bye");
    close(f.client);
    f.client = -1;
    assert_reads(f.broker, "ack, bye", 8);
    assert_closed(f.broker);
    inbox_await_committed(5);
    teardown(&f);
}

static void test_gate_close_lets_go_what_is_held(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    join(&f);
    gate_mark(f.gate, 1);
    put(f.client, "ack");
    await_delivered(f.client);
    gate_close(f.gate);
    f.gate = NULL;
    assert_reads(f.broker, "ack", 3);
    assert_closed(f.broker);
    teardown(&f);
}

static void test_gate_close_does_not_wait_for_a_dial(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    gate_close(f.gate);
    /* a listener whose queue is full answers no one */
    close(f.listener);
    f.port = 0;
    f.listener = listen_on(&f.port);
    assert_int_equal(listen(f.listener, 0), 0);
    int crowd[4];
    for (int i = 0; i < 4; i++) {
        crowd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        struct sockaddr_in there = {.sin_family = AF_INET,
                                    .sin_port = htons((uint16_t)f.port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        (void)!connect(crowd[i], (struct sockaddr *)&there, sizeof there);
    }
    open_gate(&f);
    struct timespec begin;
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    gate_close(f.gate);
    clock_gettime(CLOCK_MONOTONIC, &end);
    assert_true(end.tv_sec - begin.tv_sec < 2); /* a dial alone waits for 3 s */
    f.gate = NULL;
    for (int i = 0; i < 4; i++) {
        close(crowd[i]);
    }
    teardown(&f);
}

enum { LONG = 8 << 20 };

struct flow {
    int fd;
    unsigned seed;
    bool right;
};

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 24;
}

static void *send_flow(void *arg)
{
    struct flow *f = arg;
    unsigned char bytes[1000];
    f->right = true;
    for (size_t sent = 0; sent < LONG && f->right; sent += sizeof bytes) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = (unsigned char)next(&f->seed);
        }
        f->right = send(f->fd, bytes, sizeof bytes, MSG_NOSIGNAL) == sizeof bytes;
    }
    return NULL;
}

static void *take_flow(void *arg)
{
    struct flow *f = arg;
    unsigned char bytes[777];
    size_t total = (size_t)(LONG + 999) / 1000 * 1000;
    f->right = true;
    while (total > 0 && f->right) {
        ssize_t got = recv(f->fd, bytes, sizeof bytes, 0);
        f->right = got > 0;
        for (ssize_t i = 0; i < got; i++) {
            f->right = f->right && bytes[i] == (unsigned char)next(&f->seed);
        }
        total -= got > 0 ? (size_t)got : 0;
    }
    return NULL;
}

/* Both ways at once, while messages are marked all the time. */
static void test_gate_changes_no_byte(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    join(&f);
    struct flow flows[4] = {{.fd = f.broker, .seed = 1},
                            {.fd = f.client, .seed = 1},
                            {.fd = f.client, .seed = 2},
                            {.fd = f.broker, .seed = 2}};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, i % 2 == 0 ? send_flow : take_flow, &flows[i]);
    }
    for (uint64_t transaction = 1; transaction <= 200; transaction++) {
        gate_mark(f.gate, transaction);
        inbox_await_committed(transaction);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_true(flows[i].right);
    }
    teardown(&f);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate_waits_for_a_broker_that_is_away),
        cmocka_unit_test(test_gate_gives_the_last_words_of_both_sides),
        cmocka_unit_test(test_gate_close_lets_go_what_is_held),
        cmocka_unit_test(test_gate_close_does_not_wait_for_a_dial),
        cmocka_unit_test(test_gate_changes_no_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
