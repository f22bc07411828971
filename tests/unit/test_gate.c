/* SPDX-License-Identifier: EUPL-1.2 */
/* What the gate holds back, lets go and throws away. */
#include "gate_world.h"

#include <sys/syscall.h>

/* --- in the place of libc's: a gate for which time stands still, and whose sockets are
 * never silent --- */

static struct {
    atomic_bool on;
    struct timespec since;
    atomic_int looks; /* of the gate, meanwhile */
} standstill;

int clock_gettime(clockid_t id, struct timespec *t)
{
    if (id == CLOCK_MONOTONIC && atomic_load(&standstill.on)) {
        *t = standstill.since;
        return 0;
    }
    return (int)syscall(SYS_clock_gettime, id, t);
}

int ppoll(struct pollfd *polled, nfds_t count, const struct timespec *wait,
          const sigset_t *mask)
{
    struct timespec left = *wait; /* the kernel writes to it */
    int ready = (int)syscall(SYS_ppoll, polled, count, &left, mask, _NSIG / 8);
    if (atomic_load(&standstill.on)) {
        atomic_fetch_add(&standstill.looks, 1);
        ready = ready == 0 ? 1 : ready;
    }
    return ready;
}

static void standstill_begin(void)
{
    clock_gettime(CLOCK_MONOTONIC, &standstill.since);
    atomic_store(&standstill.on, true);
}

/* Until the gate has seen all that was sent before, and has thought about it. */
static void standstill_await_looks(int count)
{
    int end = atomic_load(&standstill.looks) + count;
    while (atomic_load(&standstill.looks) < end) {
        sched_yield();
    }
}

/* --- tests --- */

static void test_gate_passes_at_once_what_no_message_waits_for(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    join(&f);
    put(f.client, "hello");
    assert_reads(f.broker, "hello", 5);
    put(f.broker, "welcome");
    assert_reads(f.client, "welcome", 7);
    put(f.client, "ping");
    assert_reads(f.broker, "ping", 4);
    assert_int_equal(inbox_entered(), 0);
    teardown(&f);
}

static void test_gate_passes_what_comes_behind_the_request(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    assert_true(readable(f.listener));
    f.broker = accept(f.listener, NULL, NULL);
    owner_await(&f.owner, &f.owner.connects, 1);
    f.client = ask(&f, f.port, f.secret, "hello");
    assert_reads(f.broker, "hello", 5);
    teardown(&f);
}

static void test_gate_holds_until_the_commit_is_done(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    join(&f);
    inbox_set(true, false);
    put(f.broker, "message");
    assert_reads(f.client, "message", 7);
    gate_mark(f.gate, 1);
    put(f.client, "ack");
    inbox_await_entered(1);
    assert_nothing(f.broker); /* the commit has begun and does not end */
    inbox_set(false, false);
    assert_reads(f.broker, "ack", 3);
    assert_int_equal(inbox_entered(), 1);
    put(f.client, "ping"); /* nothing waits any more */
    assert_reads(f.broker, "ping", 4);
    assert_int_equal(inbox_entered(), 1);
    teardown(&f);
}

static void test_gate_throws_away_what_a_failed_commit_covers(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    join(&f);
    inbox_set(false, true);
    gate_mark(f.gate, 1);
    put(f.client, "ack");
    assert_closed(f.broker);
    assert_closed(f.client);
    assert_int_equal(owner_end(&f.owner), GATE_INBOX);
    teardown(&f);
}

/* Not even a connection that the broker would have to end again. */
static void test_gate_leaves_the_broker_alone_while_the_disk_is_full(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    join(&f);
    inbox_set(false, true);
    atomic_store(&inbox.full, true);
    gate_mark(f.gate, 1);
    put(f.client, "ack");
    assert_closed(f.broker);
    owner_await(&f.owner, &f.owner.ends, 3);
    pthread_mutex_lock(&f.owner.mutex);
    assert_int_equal(f.owner.end, GATE_INBOX);
    assert_non_null(strstr(f.owner.why, "the disk is full"));
    assert_int_equal(f.owner.connects, 1);
    pthread_mutex_unlock(&f.owner.mutex);
    struct pollfd polled = {.fd = f.listener, .events = POLLIN};
    assert_int_equal(poll(&polled, 1, 0), 0);
    inbox_set(false, false);
    atomic_store(&inbox.full, false);
    owner_await(&f.owner, &f.owner.connects, 2);
    teardown(&f);
}

static void test_gate_throws_away_what_follows_a_message_that_was_not_put(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    join(&f);
    gate_spoil(f.gate);
    /* the gate may have closed already */
    (void)!send(f.client, "ack", 3, MSG_NOSIGNAL);
    assert_closed(f.broker);
    assert_int_equal(owner_end(&f.owner), GATE_INBOX);
    teardown(&f);
}

/* Another gate rolled transaction 7 back while its acknowledgement was on the way to this
 * one; transaction 8 is fine, but must not let it go. */
static void test_gate_remembers_a_transaction_that_another_gate_lost(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    join(&f);
    gate_mark(f.gate, 6);
    put(f.client, "a");
    assert_reads(f.broker, "a", 1);
    pthread_mutex_lock(&inbox.mutex);
    inbox.failed = 7;
    pthread_mutex_unlock(&inbox.mutex);
    gate_mark(f.gate, 7);
    gate_mark(f.gate, 8);
    (void)!send(f.client, "bc", 2, MSG_NOSIGNAL);
    assert_closed(f.broker);
    assert_int_equal(owner_end(&f.owner), GATE_INBOX);
    teardown(&f);
}

static void test_gate_commits_what_no_acknowledgement_follows(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    join(&f);
    gate_mark(f.gate, 3);
    inbox_await_committed(3);
    teardown(&f);
}

struct chatter {
    int fd;
    atomic_bool enough;
};

static void *chatter_main(void *arg)
{
    struct chatter *c = arg;
    const struct timespec pause = {.tv_nsec = 50000};
    while (!atomic_load(&c->enough)) {
        (void)!send(c->fd, "x", 1, MSG_NOSIGNAL);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void *drain_main(void *arg)
{
    struct chatter *c = arg;
    char bytes[4096];
    while (!atomic_load(&c->enough)) {
        (void)!recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        struct pollfd polled = {.fd = c->fd, .events = POLLIN};
        poll(&polled, 1, 10);
    }
    return NULL;
}

static void test_gate_lets_go_although_the_broker_is_never_silent(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    join(&f);
    struct chatter talk = {.fd = f.broker};
    struct chatter drain = {.fd = f.client};
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, chatter_main, &talk);
    pthread_create(&threads[1], NULL, drain_main, &drain);
    gate_mark(f.gate, 1);
    put(f.client, "ack");
    assert_reads(f.broker, "ack", 3);
    atomic_store(&talk.enough, true);
    atomic_store(&drain.enough, true);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    teardown(&f);
}

/* Neither silence nor age may be the reason here. */
static void test_gate_commits_when_much_is_open(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    join(&f);
    standstill_begin();
    gate_mark(f.gate, 1);
    put(f.client, "ack");
    await_delivered(f.client);
    standstill_await_looks(20);
    assert_nothing(f.broker);
    assert_int_equal(inbox_entered(), 0);
    atomic_store(&inbox.much, true);
    assert_reads(f.broker, "ack", 3);
    assert_int_equal(inbox_entered(), 1);
    atomic_store(&inbox.much, false);
    atomic_store(&standstill.on, false);
    teardown(&f);
}

static void test_gate_lets_in_only_who_knows_the_secret_and_the_broker(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    assert_true(readable(f.listener));
    f.broker = accept(f.listener, NULL, NULL);
    owner_await(&f.owner, &f.owner.connects, 1);
    char wrong[64];
    snprintf(wrong, sizeof wrong, "%s", f.secret);
    char *last = &wrong[strlen(wrong) - 1];
    *last = *last == '0' ? '1' : '0';
    const struct {
        unsigned port;
        const char *secret;
    } refused[] = {{f.port, wrong}, {f.port + 1, f.secret}, {f.port, "hub"}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        int fd = ask(&f, refused[i].port, refused[i].secret, "hello");
        assert_reads(fd, answer, sizeof answer - 1);
        assert_closed(fd);
        close(fd);
    }
    int bare = connect_to(f.proxy_port);
    put(bare, "CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n");
    assert_reads(bare, answer, sizeof answer - 1);
    assert_closed(bare);
    close(bare);
    assert_nothing(f.broker);

    f.client = ask(&f, f.port, f.secret, "hello");
    assert_reads(f.broker, "hello", 5);
    int second = connect_to(f.proxy_port);
    assert_closed(second); /* one at a time, whoever it is */
    close(second);
    put(f.client, "again");
    assert_reads(f.broker, "again", 5);
    teardown(&f);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate_passes_at_once_what_no_message_waits_for),
        cmocka_unit_test(test_gate_passes_what_comes_behind_the_request),
        cmocka_unit_test(test_gate_holds_until_the_commit_is_done),
        cmocka_unit_test(test_gate_throws_away_what_a_failed_commit_covers),
        cmocka_unit_test(test_gate_leaves_the_broker_alone_while_the_disk_is_full),
        cmocka_unit_test(test_gate_throws_away_what_follows_a_message_that_was_not_put),
        cmocka_unit_test(test_gate_remembers_a_transaction_that_another_gate_lost),
        cmocka_unit_test(test_gate_commits_what_no_acknowledgement_follows),
        cmocka_unit_test(test_gate_lets_go_although_the_broker_is_never_silent),
        cmocka_unit_test(test_gate_commits_when_much_is_open),
        cmocka_unit_test(test_gate_lets_in_only_who_knows_the_secret_and_the_broker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
