/* SPDX-License-Identifier: EUPL-1.2 */
#include "ingest/pulse.h"

#include "base/clock.h"
#include "ingest/gate_proxy.h"

#include <MQTTAsync.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    BEAT_MS = 400, /* well below paho's second */
    QUICK_MS = 10,
    QUICK_FOR_MS = 2000,
    CLIENT_MS = 10000, /* for paho to come */
    AGAIN_MS = 1000,   /* after it has gone, which it does not */
    OPEN_MS = 500,     /* for paho to be connected, before others connect */
    CLOSE_MS = 300,    /* for paho to notice the end */
};

struct pulse {
    MQTTAsync client;
    struct gate_proxy proxy;
    int wake; /* eventfd */
    pthread_t thread;
    bool started;
    atomic_bool stopping;
    _Atomic int64_t quick_until_us; /* monotonic */
};

/* Sleeps, or less if woken. */
static void pause_for(struct pulse *p, int fd, int ms)
{
    struct pollfd polled[2] = {{.fd = p->wake, .events = POLLIN},
                               {.fd = fd, .events = POLLIN}};
    if (poll(polled, 2, ms) > 0 && polled[0].revents != 0) {
        eventfd_t count = 0;
        eventfd_read(p->wake, &count);
    }
}

static bool say(int fd, const void *bytes, size_t size)
{
    return send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size || errno == EAGAIN;
}

static bool greet(int fd)
{
    static const unsigned char connack[] = {0x20, 2, 0, 0};
    return say(fd, connack, sizeof connack);
}

/* What the client says: its CONNECT is answered, nothing else is expected. False: it has
 * gone. */
static bool hear(int fd, bool *greeted)
{
    char bytes[256];
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (got > 0 && !*greeted) {
        *greeted = true;
        return greet(fd);
    }
    return got > 0;
}

static void beat(struct pulse *p, int fd, bool greeted)
{
    static const unsigned char pingresp[] = {0xD0, 0};
    int64_t next_us = clock_monotonic_us();
    while (!atomic_load(&p->stopping) && hear(fd, &greeted)) {
        int64_t now_us = clock_monotonic_us();
        if (greeted && now_us >= next_us && !say(fd, pingresp, sizeof pingresp)) {
            return;
        }
        bool quick = now_us < atomic_load(&p->quick_until_us);
        int ms = quick ? QUICK_MS : BEAT_MS;
        next_us = now_us >= next_us ? now_us + (int64_t)ms * 1000 : next_us;
        if (quick && next_us > now_us + (int64_t)QUICK_MS * 1000) {
            next_us = now_us;
        }
        pause_for(p, fd, (int)((next_us - now_us) / 1000) + 1);
    }
}

/* Waits until the client is connected, or is not. */
static void await_connected(struct pulse *p, bool connected, int ms)
{
    const struct timespec tick = {.tv_nsec = 1000000};
    for (; ms > 0 && (MQTTAsync_isConnected(p->client) != 0) != connected; ms--) {
        nanosleep(&tick, NULL);
    }
}

static bool connect_client(struct pulse *p)
{
    MQTTAsync_connectOptions o = MQTTAsync_connectOptions_initializer;
    o.MQTTVersion = MQTTVERSION_3_1_1;
    o.keepAliveInterval = 0;
    o.cleansession = 1;
    o.httpProxy = p->proxy.url[0];
    return MQTTAsync_connect(p->client, &o) == MQTTASYNC_SUCCESS;
}

static void serve(struct pulse *p)
{
    char rest[PROXY_REQUEST];
    size_t length = 0;
    int fd = -1;
    enum err e = ERR_BUSY;
    while (e == ERR_BUSY && !atomic_load(&p->stopping)) {
        pause_for(p, -1, 0); /* reads the wake that made it busy */
        e = gate_proxy_accept(&p->proxy, p->wake, CLIENT_MS, &fd, rest, &length);
    }
    if (e == ERR_OK) {
        beat(p, fd, length > 0 && greet(fd)); /* its CONNECT came along */
        close(fd);
    }
}

static void *pulse_main(void *arg)
{
    struct pulse *p = arg;
    pthread_setname_np(pthread_self(), "pulse");
    while (!atomic_load(&p->stopping)) {
        if (connect_client(p)) {
            serve(p);
        }
        if (!atomic_load(&p->stopping)) {
            pause_for(p, -1, AGAIN_MS);
        }
    }
    return NULL;
}

enum err pulse_open(struct pulse **out)
{
    /* a name for who stands behind the proxy; nobody dials it */
    static const struct address nobody = {.host = "127.0.0.1", .port = 1};
    struct pulse *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return ERR_MEMORY;
    }
    p->proxy.listener = -1;
    p->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    enum err e = p->wake < 0 ? ERR_IO : gate_proxy_open(&p->proxy, &nobody);
    if (e == ERR_OK &&
        MQTTAsync_create(&p->client, "tcp://127.0.0.1:1", "pulse",
                         MQTTCLIENT_PERSISTENCE_NONE, NULL) != MQTTASYNC_SUCCESS) {
        e = ERR_MEMORY;
    }
    if (e == ERR_OK) {
        p->started = pthread_create(&p->thread, NULL, pulse_main, p) == 0;
        e = p->started ? ERR_OK : ERR_MEMORY;
    }
    if (e != ERR_OK) {
        pulse_close(p);
        return e;
    }
    *out = p;
    return ERR_OK;
}

void pulse_await(struct pulse *p)
{
    await_connected(p, true, OPEN_MS);
}

void pulse_quicken(struct pulse *p)
{
    atomic_store(&p->quick_until_us, clock_monotonic_us() + (int64_t)QUICK_FOR_MS * 1000);
    eventfd_write(p->wake, 1);
}

void pulse_close(struct pulse *p)
{
    if (p == NULL) {
        return;
    }
    if (p->started) {
        atomic_store(&p->stopping, true);
        eventfd_write(p->wake, 1);
        pthread_join(p->thread, NULL);
    }
    if (p->client != NULL) {
        /* with its socket still open paho would sleep out its second before it ends */
        await_connected(p, false, CLOSE_MS);
        MQTTAsync_destroy(&p->client);
    }
    gate_proxy_close(&p->proxy);
    if (p->wake >= 0) {
        close(p->wake);
    }
    free(p);
}
