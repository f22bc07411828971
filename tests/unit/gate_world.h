/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef UNIT_GATE_WORLD_H
#define UNIT_GATE_WORLD_H

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
    uint64_t failed;    /* the last transaction that was rolled back */
    bool failing;       /* commits fail */
    int entered, idle;  /* calls */
    uint64_t committed; /* highest number asked for */
    atomic_bool full;   /* no room on the disk */
    atomic_bool much;   /* a commit is worth it */
};

static struct inbox inbox = {
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 0, 0, 0, 0, 0};

enum err inbox_commit(struct inbox *i, uint64_t transaction)
{
    pthread_mutex_lock(&i->mutex);
    i->entered++;
    pthread_cond_broadcast(&i->changed);
    while (i->blocked) {
        pthread_cond_wait(&i->changed, &i->mutex);
    }
    bool failed = i->failing;
    i->committed = failed ? i->committed : transaction;
    pthread_cond_broadcast(&i->changed);
    pthread_mutex_unlock(&i->mutex);
    return failed ? ERR_IO : ERR_OK;
}

uint64_t inbox_transaction(struct inbox *i)
{
    pthread_mutex_lock(&i->mutex);
    uint64_t number = i->committed + 1;
    pthread_mutex_unlock(&i->mutex);
    return number;
}

uint64_t inbox_failed(struct inbox *i)
{
    pthread_mutex_lock(&i->mutex);
    uint64_t number = i->failed;
    pthread_mutex_unlock(&i->mutex);
    return number;
}

enum err inbox_trouble(struct inbox *i)
{
    return atomic_load(&i->full) ? ERR_DISK_FULL : ERR_OK;
}

bool inbox_has_much(struct inbox *i)
{
    return atomic_load(&i->much);
}

enum err inbox_check(struct inbox *i)
{
    return inbox_trouble(i);
}

void inbox_idle(struct inbox *i)
{
    pthread_mutex_lock(&i->mutex);
    i->idle++;
    pthread_cond_broadcast(&i->changed);
    pthread_mutex_unlock(&i->mutex);
}

static inline void inbox_set(bool blocked, bool failing)
{
    pthread_mutex_lock(&inbox.mutex);
    inbox.blocked = blocked;
    inbox.failing = failing;
    pthread_cond_broadcast(&inbox.changed);
    pthread_mutex_unlock(&inbox.mutex);
}

static inline struct timespec deadline(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_MS / 1000;
    return until;
}

static inline void inbox_await_entered(int count)
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

static inline void inbox_await_committed(uint64_t transaction)
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

static inline int inbox_entered(void)
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

static inline enum err on_connect(void *arg)
{
    struct owner *o = arg;
    pthread_mutex_lock(&o->mutex);
    o->connects++;
    pthread_cond_broadcast(&o->changed);
    pthread_mutex_unlock(&o->mutex);
    return ERR_OK;
}

static inline int on_ended(void *arg, enum gate_end end, const char *why)
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

static inline void owner_await(struct owner *o, const int *counter, int count)
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

static inline enum gate_end owner_end(struct owner *o)
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

static inline int listen_on(unsigned *port)
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

static inline int connect_to(unsigned port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&there, sizeof there), 0);
    return fd;
}

static inline bool readable(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    return poll(&polled, 1, WAIT_MS) == 1;
}

/* Reads exactly length bytes. */
static inline void assert_reads(int fd, const char *expected, size_t length)
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

static inline void assert_closed(int fd)
{
    char byte = 0;
    assert_true(readable(fd));
    assert_true(recv(fd, &byte, 1, 0) <= 0);
}

static inline void assert_nothing(int fd)
{
    char byte = 0;
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    assert_true(errno == EAGAIN || errno == EWOULDBLOCK);
}

static inline void put(int fd, const char *bytes)
{
    assert_int_equal(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), (int)strlen(bytes));
}

/* Until the other side's kernel has what was sent. */
static inline void await_delivered(int fd)
{
    int unsent = 1;
    while (unsent > 0) {
        assert_int_equal(ioctl(fd, SIOCOUTQ, &unsent), 0);
        sched_yield();
    }
}

static inline void encode(const char *text, char *to)
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
static inline int ask(struct fixture *f, unsigned port, const char *secret,
                      const char *behind)
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

static inline void open_gate(struct fixture *f)
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
static inline void setup(struct fixture *f)
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

static inline void join(struct fixture *f)
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

static inline void teardown(struct fixture *f)
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

#endif
