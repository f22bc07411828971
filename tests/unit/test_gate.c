/* SPDX-License-Identifier: EUPL-1.2 */
/* The gate between a broker and a client made of plain sockets, with an inbox that does
 * what the test says. */
#include "ingest/gate.h"
#include "support/assert_close.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 10000 };

/* --- an inbox that obeys --- */

struct inbox {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool blocked;       /* commits wait */
    uint64_t failed;    /* this transaction was rolled back */
    bool failing;       /* commits fail */
    int entered, idle;  /* calls */
    uint64_t committed; /* highest number asked for */
};

static struct inbox inbox = {
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 0, 0, 0};

enum err inbox_commit(struct inbox *i, uint64_t transaction)
{
    pthread_mutex_lock(&i->mutex);
    i->entered++;
    pthread_cond_broadcast(&i->changed);
    while (i->blocked) {
        pthread_cond_wait(&i->changed, &i->mutex);
    }
    bool failed = i->failing || i->failed == transaction;
    i->committed = failed ? i->committed : transaction;
    pthread_cond_broadcast(&i->changed);
    pthread_mutex_unlock(&i->mutex);
    return failed ? ERR_IO : ERR_OK;
}

void inbox_idle(struct inbox *i)
{
    pthread_mutex_lock(&i->mutex);
    i->idle++;
    pthread_cond_broadcast(&i->changed);
    pthread_mutex_unlock(&i->mutex);
}

static void inbox_set(bool blocked, bool failing)
{
    pthread_mutex_lock(&inbox.mutex);
    inbox.blocked = blocked;
    inbox.failing = failing;
    pthread_cond_broadcast(&inbox.changed);
    pthread_mutex_unlock(&inbox.mutex);
}

static struct timespec deadline(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_MS / 1000;
    return until;
}

static void inbox_await_entered(int count)
{
    struct timespec until = deadline();
    int fault = 0;
    pthread_mutex_lock(&inbox.mutex);
    while (inbox.entered < count && fault == 0) {
        fault = pthread_cond_timedwait(&inbox.changed, &inbox.mutex, &until);
    }
    pthread_mutex_unlock(&inbox.mutex);
    assert_int_equal(fault, 0);
}

static void inbox_await_committed(uint64_t transaction)
{
    struct timespec until = deadline();
    int fault = 0;
    pthread_mutex_lock(&inbox.mutex);
    while (inbox.committed < transaction && fault == 0) {
        fault = pthread_cond_timedwait(&inbox.changed, &inbox.mutex, &until);
    }
    pthread_mutex_unlock(&inbox.mutex);
    assert_int_equal(fault, 0);
}

static int inbox_entered(void)
{
    pthread_mutex_lock(&inbox.mutex);
    int entered = inbox.entered;
    pthread_mutex_unlock(&inbox.mutex);
    return entered;
}

/* --- an owner that remembers --- */

struct owner {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int connects, ends, aways;
    enum gate_end end;
    char why[256];
};

static enum err on_connect(void *arg)
{
    struct owner *o = arg;
    pthread_mutex_lock(&o->mutex);
    o->connects++;
    pthread_cond_broadcast(&o->changed);
    pthread_mutex_unlock(&o->mutex);
    return ERR_OK;
}

static int on_ended(void *arg, enum gate_end end, const char *why)
{
    struct owner *o = arg;
    pthread_mutex_lock(&o->mutex);
    if (end == GATE_AWAY) {
        o->aways++;
    } else {
        o->ends++;
        o->end = end;
    }
    snprintf(o->why, sizeof o->why, "%s", why);
    pthread_cond_broadcast(&o->changed);
    pthread_mutex_unlock(&o->mutex);
    return 10;
}

static void owner_await(struct owner *o, const int *counter, int count)
{
    struct timespec until = deadline();
    int fault = 0;
    pthread_mutex_lock(&o->mutex);
    while (*counter < count && fault == 0) {
        fault = pthread_cond_timedwait(&o->changed, &o->mutex, &until);
    }
    pthread_mutex_unlock(&o->mutex);
    assert_int_equal(fault, 0);
}

static enum gate_end owner_end(struct owner *o)
{
    owner_await(o, &o->ends, 1);
    pthread_mutex_lock(&o->mutex);
    enum gate_end end = o->end;
    pthread_mutex_unlock(&o->mutex);
    return end;
}

/* --- both ends of the tunnel --- */

struct fixture {
    struct owner owner;
    struct gate *gate;
    int listener, broker, client;
    int joins;
    unsigned port;       /* of the broker */
    unsigned proxy_port; /* of the gate */
    char secret[64];     /* "user:password" */
};

static int listen_on(unsigned *port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)*port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    assert_int_equal(bind(fd, (struct sockaddr *)&here, size), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&here, &size), 0);
    *port = ntohs(here.sin_port);
    return fd;
}

static int connect_to(unsigned port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&there, sizeof there), 0);
    return fd;
}

static bool readable(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    return poll(&polled, 1, WAIT_MS) == 1;
}

/* Reads exactly length bytes. */
static void assert_reads(int fd, const char *expected, size_t length)
{
    char got[256];
    size_t have = 0;
    while (have < length) {
        assert_true(readable(fd));
        ssize_t n = recv(fd, got + have, length - have, 0);
        assert_true(n > 0);
        have += (size_t)n;
    }
    assert_memory_equal(got, expected, length);
}

static void assert_closed(int fd)
{
    char byte = 0;
    assert_true(readable(fd));
    assert_true(recv(fd, &byte, 1, 0) <= 0);
}

static void assert_nothing(int fd)
{
    char byte = 0;
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    assert_true(errno == EAGAIN || errno == EWOULDBLOCK);
}

static void put(int fd, const char *bytes)
{
    assert_int_equal(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), (int)strlen(bytes));
}

/* Until the other side's kernel has what was sent. */
static void await_delivered(int fd)
{
    int unsent = 1;
    while (unsent > 0) {
        assert_int_equal(ioctl(fd, SIOCOUTQ, &unsent), 0);
        sched_yield();
    }
}

static void encode(const char *text, char *to)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = strlen(text);
    assert_int_equal(length % 3, 0);
    for (size_t i = 0; i < length; i += 3) {
        unsigned three = (unsigned)(unsigned char)text[i] << 16 |
                         (unsigned)(unsigned char)text[i + 1] << 8 |
                         (unsigned)(unsigned char)text[i + 2];
        for (int k = 18; k >= 0; k -= 6) {
            *to++ = letters[three >> k & 63];
        }
    }
    *to = '\0';
}

/* A client that asks for host:port with secret. */
static int ask(struct fixture *f, unsigned port, const char *secret, const char *behind)
{
    char encoded[128];
    char request[512];
    encode(secret, encoded);
    snprintf(request, sizeof request,
             "CONNECT 127.0.0.1:%u HTTP/1.1\r\nHost: 127.0.0.1\r\n"
             "Proxy-authorization: Basic %s\r\n\r\n%s",
             port, encoded, behind);
    int fd = connect_to(f->proxy_port);
    put(fd, request);
    return fd;
}

static const char answer[] = "HTTP/1.1 200 OK\r\n\r\n";

static void open_gate(struct fixture *f)
{
    struct address broker = {.host = "127.0.0.1", .port = (uint16_t)f->port};
    struct gate_owner owner = {
        .arg = &f->owner, .connect = on_connect, .ended = on_ended};
    assert_int_equal(gate_open(&inbox, &broker, &owner, &f->gate), ERR_OK);
    const char *url = gate_proxy(f->gate, false);
    assert_memory_equal(url, "http://hub:", 11);
    snprintf(f->secret, sizeof f->secret, "%.*s", (int)(strchr(url, '@') - url - 7),
             url + 7);
    f->proxy_port = (unsigned)strtoul(strrchr(url, ':') + 1, NULL, 10);
    assert_memory_equal(gate_proxy(f->gate, true), "https://", 8);
    assert_int_equal(gate_start(f->gate), ERR_OK);
}

/* A broker that listens, a gate, no client yet. */
static void setup(struct fixture *f)
{
    *f = (struct fixture){.broker = -1, .client = -1};
    pthread_mutex_init(&f->owner.mutex, NULL);
    pthread_cond_init(&f->owner.changed, NULL);
    pthread_mutex_lock(&inbox.mutex);
    inbox.blocked = inbox.failing = false;
    inbox.entered = inbox.idle = 0;
    inbox.committed = inbox.failed = 0;
    pthread_mutex_unlock(&inbox.mutex);
    f->listener = listen_on(&f->port);
    open_gate(f);
}

static void join(struct fixture *f)
{
    assert_true(readable(f->listener));
    f->broker = accept(f->listener, NULL, NULL);
    owner_await(&f->owner, &f->owner.connects, ++f->joins);
    f->client = ask(f, f->port, f->secret, "");
    assert_reads(f->client, answer, sizeof answer - 1);
    /* the answer comes before the request is judged; a byte at the broker says it was */
    put(f->client, "!");
    assert_reads(f->broker, "!", 1);
}

static void teardown(struct fixture *f)
{
    gate_close(f->gate);
    const int open[3] = {f->listener, f->broker, f->client};
    for (int i = 0; i < 3; i++) {
        if (open[i] >= 0) {
            close(open[i]);
        }
    }
    pthread_mutex_destroy(&f->owner.mutex);
    pthread_cond_destroy(&f->owner.changed);
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

/* Another gate rolled transaction 1 back while its acknowledgement was on the way to this
 * one; transaction 2 is fine, but must not let it go. */
static void test_gate_remembers_a_transaction_that_another_gate_lost(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f);
    join(&f);
    inbox_set(true, false);
    pthread_mutex_lock(&inbox.mutex);
    inbox.failed = 7;
    pthread_mutex_unlock(&inbox.mutex);
    gate_mark(f.gate, 6);
    put(f.client, "a");
    inbox_await_entered(1); /* of 6: the gate stands in it */
    inbox_set(false, false);
    assert_reads(f.broker, "a", 1);
    gate_mark(f.gate, 7);
    gate_mark(f.gate, 8); /* asks for 7, which failed */
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
        cmocka_unit_test(test_gate_passes_at_once_what_no_message_waits_for),
        cmocka_unit_test(test_gate_passes_what_comes_behind_the_request),
        cmocka_unit_test(test_gate_holds_until_the_commit_is_done),
        cmocka_unit_test(test_gate_throws_away_what_a_failed_commit_covers),
        cmocka_unit_test(test_gate_throws_away_what_follows_a_message_that_was_not_put),
        cmocka_unit_test(test_gate_remembers_a_transaction_that_another_gate_lost),
        cmocka_unit_test(test_gate_commits_what_no_acknowledgement_follows),
        cmocka_unit_test(test_gate_lets_go_although_the_broker_is_never_silent),
        cmocka_unit_test(test_gate_lets_in_only_who_knows_the_secret_and_the_broker),
        cmocka_unit_test(test_gate_waits_for_a_broker_that_is_away),
        cmocka_unit_test(test_gate_gives_the_last_words_of_both_sides),
        cmocka_unit_test(test_gate_close_lets_go_what_is_held),
        cmocka_unit_test(test_gate_close_does_not_wait_for_a_dial),
        cmocka_unit_test(test_gate_changes_no_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
