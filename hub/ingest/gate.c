/* SPDX-License-Identifier: EUPL-1.2 */
#include "ingest/gate.h"

#include "base/clock.h"
#include "ingest/dial.h"
#include "ingest/gate_proxy.h"
#include "ingest/lane.h"
#include "ingest/pace.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MUCH = LANE_BYTES / 2, /* held bytes that are let go at once */
    GATHER_NS = 100000,    /* acknowledgements, while something is held */
    SILENCE_NS = 200000,   /* after that, of both sides */
    OLDEST_US = 5000,      /* a byte is held, until its commit begins */
    FIRST_WORD_MS = 30000, /* for the broker's first byte */
    REST_MS = 1000,        /* between two steps when nothing happens */
    CLIENT_MS = 10000,     /* for the client to come */
    LAST_WORDS_MS = 500,   /* to pass on what is left when one side has closed */
};

struct gate {
    struct inbox *inbox;
    struct gate_owner owner;
    struct gate_proxy proxy;
    struct dial *dial;
    int wake;                /* eventfd: something of the next three has changed */
    _Atomic int64_t taken;   /* messages of this connection */
    _Atomic uint64_t marked; /* highest transaction of this connection */
    atomic_bool spoilt, stopping;
    _Atomic int64_t step_us; /* monotonic: what the thread does now began then */
    pthread_t thread;
    bool started;
    /* below: the gate's thread only */
    int broker, client; /* -1: closed */
    uint64_t settled;   /* marks up to here are on disk */
    int64_t held_us;    /* monotonic, since when something waits; 0: nothing does */
    int64_t begin_us;   /* of the connection */
    bool heard;         /* the broker has said something */
    struct pace pace;
    int64_t counted;  /* of taken */
    bool slowed;      /* and said so */
    struct lane up;   /* to the broker */
    struct lane down; /* to the client */
    char why[DIAL_WHY];
};

/* --- what other threads do --- */

void gate_mark(struct gate *g, uint64_t transaction)
{
    atomic_fetch_add_explicit(&g->taken, 1, memory_order_relaxed);
    if (atomic_load(&g->marked) == transaction) {
        return;
    }
    atomic_store(&g->marked, transaction);
    /* A message of QoS 0 is followed by no acknowledgement that would wake the gate. */
    eventfd_write(g->wake, 1);
}

void gate_spoil(struct gate *g)
{
    atomic_store(&g->spoilt, true);
    eventfd_write(g->wake, 1);
}

int64_t gate_step_us(const struct gate *g)
{
    return atomic_load(&g->step_us);
}

const char *gate_proxy(const struct gate *g, bool tls)
{
    return g->proxy.url[tls ? 1 : 0];
}

/* --- one connection --- */

static void step(struct gate *g)
{
    atomic_store(&g->step_us, clock_monotonic_us());
}

static bool end(struct gate *g, enum gate_end end, const char *why, enum gate_end *out)
{
    snprintf(g->why, sizeof g->why, "%s", why);
    *out = end;
    return false;
}

static bool end_by_inbox(struct gate *g, enum gate_end *out)
{
    enum err e = inbox_trouble(g->inbox);
    snprintf(g->why, sizeof g->why, "the inbox takes no message%s%s",
             e != ERR_OK ? ": " : "", e != ERR_OK ? err_text(e) : "");
    *out = GATE_INBOX;
    return false;
}

/* Bytes of the client that came just now: may they go, or must they wait? What they
 * acknowledge was marked before they were written. */
static void judge(struct gate *g)
{
    if (atomic_load(&g->marked) == g->settled) {
        g->up.free = g->up.to;
    } else if (g->held_us == 0) {
        g->held_us = clock_monotonic_us();
    }
}

/* Takes what the client wrote up to now, commits, lets it go. False: the end. */
static bool settle(struct gate *g, enum gate_end *out)
{
    bool more = true;
    bool open = true;
    while (open && more) {
        open = lane_fill(g->client, &g->up, LANE_BYTES, &more);
    }
    size_t covered = g->up.to;
    uint64_t marked = atomic_load(&g->marked);
    /* not only the last one: an earlier one may have been rolled back by another gate */
    if ((marked != g->settled && (inbox_commit(g->inbox, marked) != ERR_OK ||
                                  inbox_failed(g->inbox) > g->settled)) ||
        atomic_load(&g->spoilt)) {
        return end_by_inbox(g, out);
    }
    g->settled = marked;
    g->up.free = covered;
    g->held_us = 0;
    bool sent = lane_flush(g->broker, &g->up);
    inbox_idle(g->inbox);
    if (!sent) {
        return end(g, GATE_BROKER, "the broker closed the connection", out);
    }
    return open || end(g, GATE_CLIENT, "", out);
}

static bool from_broker(struct gate *g, enum gate_end *out)
{
    bool more = false;
    size_t before = g->down.to;
    bool open =
        lane_fill(g->broker, &g->down, pace_room(&g->pace, clock_monotonic_us()), &more);
    pace_read(&g->pace, more ? g->down.to - before : 0, clock_monotonic_us());
    g->down.free = g->down.to;
    g->heard = g->heard || more;
    if (!lane_flush(g->client, &g->down)) {
        return end(g, GATE_CLIENT, "", out);
    }
    return open || end(g, GATE_BROKER, "the broker closed the connection", out);
}

static bool from_client(struct gate *g, enum gate_end *out)
{
    bool more = false;
    bool open = lane_fill(g->client, &g->up, LANE_BYTES, &more);
    judge(g);
    if (!open && g->held_us != 0) {
        return settle(g, out) && end(g, GATE_CLIENT, "", out);
    }
    if (!lane_flush(g->broker, &g->up)) {
        return end(g, GATE_BROKER, "the broker closed the connection", out);
    }
    return open || end(g, GATE_CLIENT, "", out);
}

/* The wake descriptor: stop, spoilt, or a mark. */
static bool from_others(struct gate *g, enum gate_end *out)
{
    eventfd_t count = 0;
    eventfd_read(g->wake, &count);
    if (atomic_load(&g->stopping)) {
        enum gate_end ignored = GATE_STOP;
        bool settled = settle(g, &ignored);
        return end(g, GATE_STOP, settled ? "" : g->why, out);
    }
    if (atomic_load(&g->spoilt)) {
        return end_by_inbox(g, out);
    }
    if (g->held_us == 0 && atomic_load(&g->marked) != g->settled) {
        g->held_us = clock_monotonic_us();
    }
    return true;
}

/* A socket of which nothing is wanted is left out: its hang-up would be told again and
 * again. */
static struct pollfd wanted(int fd, bool in, bool out)
{
    return (struct pollfd){
        .fd = in || out ? fd : -1,
        .events = (short)((in ? POLLIN : 0) | (out ? POLLOUT : 0)),
    };
}

static void tell_slowed(struct gate *g, bool slowed)
{
    if (g->slowed != slowed) {
        g->slowed = slowed;
        g->owner.slowed(g->owner.arg, slowed);
    }
}

/* How long to wait for anything. */
static struct timespec patience(const struct gate *g)
{
    int64_t us = REST_MS * INT64_C(1000);
    if (g->held_us != 0) {
        return (struct timespec){.tv_nsec = SILENCE_NS};
    }
    if (!g->heard) {
        return (struct timespec){.tv_sec = FIRST_WORD_MS / 1000};
    }
    if (g->slowed) {
        int64_t paced_us = pace_wait_us(&g->pace, clock_monotonic_us());
        us = paced_us < us ? paced_us : us;
    }
    return (struct timespec){.tv_sec = us / CLOCK_US_PER_S,
                             .tv_nsec = us % CLOCK_US_PER_S * 1000};
}

/* Waits for one of four; true if both sides were silent. */
static bool await(struct gate *g, struct pollfd polled[4])
{
    int64_t taken = atomic_load_explicit(&g->taken, memory_order_relaxed);
    pace_count(&g->pace, taken - g->counted);
    g->counted = taken;
    bool may_read = pace_room(&g->pace, clock_monotonic_us()) > 0;
    tell_slowed(g, g->pace.held);
    polled[0] = wanted(g->wake, true, false);
    polled[1] = wanted(g->broker, g->down.to == 0 && may_read, g->up.from < g->up.free);
    /* Also while something is held: each small acknowledgement costs the socket's buffer
     * a whole segment, and after some hundred unread ones paho begins to queue them. And
     * a client that still writes is not silent: a commit now would cover few. */
    polled[2] = wanted(g->client, g->up.to<LANE_BYTES, g->down.to> 0);
    polled[3] = wanted(g->proxy.listener, true, false);
    const struct timespec wait = patience(g);
    if (g->held_us != 0) {
        nanosleep(&(const struct timespec){.tv_nsec = GATHER_NS}, NULL);
    }
    int ready = ppoll(polled, 4, &wait, NULL);
    if (ready < 0) {
        for (int i = 0; i < 4; i++) {
            polled[i].revents = 0;
        }
    }
    return ready == 0;
}

/* What the sockets say. False: the end. */
static bool serve(struct gate *g, const struct pollfd polled[4], enum gate_end *out)
{
    const short closed = POLLHUP | POLLERR;
    if (polled[0].revents != 0 && !from_others(g, out)) {
        return false;
    }
    if ((polled[1].revents & POLLOUT) != 0 && !lane_flush(g->broker, &g->up)) {
        return end(g, GATE_BROKER, "the broker closed the connection", out);
    }
    if ((polled[2].revents & POLLOUT) != 0 && !lane_flush(g->client, &g->down)) {
        return end(g, GATE_CLIENT, "", out);
    }
    if ((polled[1].revents & (POLLIN | closed)) != 0 && g->down.to == 0 &&
        !from_broker(g, out)) {
        return false;
    }
    if ((polled[2].revents & (POLLIN | closed)) != 0 && !from_client(g, out)) {
        return false;
    }
    if (polled[3].revents != 0) {
        gate_proxy_refuse(&g->proxy);
    }
    return true;
}

static bool is_due(const struct gate *g, bool silent)
{
    return g->held_us != 0 &&
           (silent || g->up.to - g->up.free >= MUCH || inbox_has_much(g->inbox) ||
            clock_monotonic_us() - g->held_us >= OLDEST_US);
}

/* Gives the client what the broker said last (its reason, perhaps). */
static void last_words(struct gate *g)
{
    struct pollfd polled = {.fd = g->client, .events = POLLOUT};
    while (g->down.from < g->down.free && poll(&polled, 1, LAST_WORDS_MS) > 0 &&
           lane_flush(g->client, &g->down)) {
    }
}

static enum gate_end pass(struct gate *g)
{
    struct pollfd polled[4];
    enum gate_end ended = GATE_CLIENT;
    bool going = true;
    while (going) {
        step(g);
        bool silent = await(g, polled);
        if (silent && g->held_us == 0 && !g->heard) {
            end(g, GATE_BROKER, "the broker does not answer", &ended);
            break;
        }
        going = serve(g, polled, &ended);
        if (going && is_due(g, silent)) {
            going = settle(g, &ended);
        }
    }
    if (ended == GATE_BROKER) {
        last_words(g);
    }
    return ended;
}

/* --- connection after connection --- */

static void close_both(struct gate *g)
{
    if (g->broker >= 0) {
        close(g->broker);
    }
    if (g->client >= 0) {
        close(g->client);
    }
    g->broker = g->client = -1;
}

static void begin(struct gate *g)
{
    eventfd_t count = 0;
    eventfd_read(g->wake, &count);
    atomic_store(&g->spoilt, false);
    g->settled = inbox_transaction(g->inbox) - 1; /* nothing of this connection yet */
    atomic_store(&g->marked, g->settled);
    g->held_us = 0;
    g->heard = false;
    pace_begin(&g->pace, clock_monotonic_us());
    tell_slowed(g, false);
    atomic_store(&g->taken, 0);
    g->counted = 0;
    g->up.from = g->up.free = g->up.to = 0;
    g->down.from = g->down.free = g->down.to = 0;
    g->why[0] = '\0';
}

/* From the dial to the end of one connection. */
static enum gate_end run_once(struct gate *g)
{
    begin(g);
    if (atomic_load(&g->stopping)) {
        return GATE_STOP; /* its wake may just have been read */
    }
    step(g);
    enum gate_end ended = GATE_INBOX;
    if (inbox_check(g->inbox) != ERR_OK) {
        end_by_inbox(g, &ended);
        return ended;
    }
    step(g);
    enum err e = dial_run(g->dial, g->wake, &g->broker, g->why);
    step(g);
    if (e != ERR_OK) {
        return e == ERR_BUSY ? GATE_STOP : GATE_AWAY;
    }
    if (g->owner.connect(g->owner.arg) != ERR_OK) {
        return GATE_CLIENT;
    }
    char rest[PROXY_REQUEST];
    size_t length = 0;
    e = gate_proxy_accept(&g->proxy, g->wake, CLIENT_MS, &g->client, rest, &length);
    if (e != ERR_OK) {
        return e == ERR_BUSY ? GATE_STOP : GATE_CLIENT;
    }
    memcpy(g->up.bytes, rest, length);
    g->up.to = length;
    judge(g);
    return lane_flush(g->broker, &g->up) ? pass(g) : GATE_BROKER;
}

/* Sleeps unless woken to stop. */
static void pause_for(struct gate *g, int ms)
{
    struct pollfd polled = {.fd = g->wake, .events = POLLIN};
    if (ms > 0 && poll(&polled, 1, ms) > 0 && !atomic_load(&g->stopping)) {
        eventfd_t count = 0;
        eventfd_read(g->wake, &count);
    }
}

static void *gate_main(void *arg)
{
    struct gate *g = arg;
    pthread_setname_np(pthread_self(), "gate");
    while (!atomic_load(&g->stopping)) {
        enum gate_end ended = run_once(g);
        close_both(g);
        step(g);
        int wait_ms = g->owner.ended(g->owner.arg, ended, g->why);
        /* What was put after the last acknowledgement could leave: it comes again, but it
         * must not keep the transaction open for others. */
        uint64_t marked = atomic_load(&g->marked);
        if (marked != g->settled && inbox_commit(g->inbox, marked) != ERR_OK) {
            wait_ms = wait_ms > 1000 ? wait_ms : 1000;
        }
        step(g);
        pause_for(g, wait_ms);
    }
    return NULL;
}

enum err gate_open(struct inbox *inbox, const struct address *broker,
                   const struct gate_owner *owner, struct gate **out)
{
    struct gate *g = calloc(1, sizeof *g);
    if (g == NULL) {
        return ERR_MEMORY;
    }
    g->inbox = inbox;
    g->owner = *owner;
    g->broker = g->client = -1;
    step(g);
    g->pace = (struct pace){.messages_per_s = owner->messages_per_s,
                            .bytes_per_s = owner->bytes_per_s};
    g->proxy = (struct gate_proxy){
        .answered = owner->answered, .arg = owner->arg, .listener = -1};
    g->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    enum err e = g->wake < 0 ? ERR_IO : gate_proxy_open(&g->proxy, broker);
    e = e != ERR_OK ? e : dial_open(broker, &g->dial);
    if (e != ERR_OK) {
        gate_close(g);
        return e;
    }
    *out = g;
    return ERR_OK;
}

enum err gate_start(struct gate *g)
{
    g->started = pthread_create(&g->thread, NULL, gate_main, g) == 0;
    return g->started ? ERR_OK : ERR_MEMORY;
}

void gate_close(struct gate *g)
{
    if (g == NULL) {
        return;
    }
    if (g->started) {
        atomic_store(&g->stopping, true);
        eventfd_write(g->wake, 1);
        pthread_join(g->thread, NULL);
    }
    gate_proxy_close(&g->proxy);
    dial_close(g->dial);
    if (g->wake >= 0) {
        close(g->wake);
    }
    free(g);
}
