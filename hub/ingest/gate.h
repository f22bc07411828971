/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef INGEST_GATE_H
#define INGEST_GATE_H

/* The ack gate: a tunnel between an MQTT client in this process and its broker, so that
 * no acknowledgement leaves before what it acknowledges is on disk. It knows nothing of
 * MQTT.
 *
 *   client --HTTP CONNECT--> gate (127.0.0.1, random port and credentials) --> broker
 *
 * Bytes from the broker pass at once. Bytes to the broker are held while a message that
 * was put into the inbox before they came is not on disk yet; meanwhile the gate looks
 * every 0.1 ms only, so that many acknowledgements are read at once. It commits when both
 * sides have been silent for 0.3 ms, the oldest held byte is 5 ms old, or much waits. If
 * a commit fails both sockets are closed and what is held is thrown away: the broker then
 * delivers again.
 *
 * After such a failure it comes back once the inbox has room again (inbox_check). With a
 * ceiling it reads from the broker in measured portions (pace.h); what is not read waits
 * in the sockets, and then at the broker.
 *
 * It dials the broker first, again and again while it is away, and only then asks its
 * owner to let the client connect: so the client never waits for a broker that is away.
 * Threads: one of its own; gate_mark and gate_spoil belong to the one thread that puts
 * the client's messages; the rest to the owner. */

#include "base/err.h"
#include "ingest/address.h"
#include "store/inbox.h"

#include <stdbool.h>
#include <stdint.h>

struct gate; /* opaque */

/* Why a connection ended, or did not begin. */
enum gate_end {
    GATE_AWAY,   /* the broker could not be reached */
    GATE_BROKER, /* the broker closed it, or said nothing in time */
    GATE_CLIENT, /* the client closed it, or never came */
    GATE_INBOX,  /* the inbox failed: what was held is thrown away */
    GATE_STOP,   /* gate_close */
};

/* What the owner does. All are called by the gate's thread. */
struct gate_owner {
    void *arg;
    /* The broker is there: let the client connect to gate_proxy. Not ERR_OK: it can't. */
    enum err (*connect)(void *arg);
    /* Somebody has come to gate_proxy and was answered; the client, most likely. May be
     * NULL. */
    void (*answered)(void *arg);
    /* It ended; both sockets are closed (why: a sentence without full stop, may be "").
     * Must return only once the client puts no more messages of this connection. Gives
     * the time to wait before the next try. Called again and again while the broker is
     * away. */
    int (*ended)(void *arg, enum gate_end end, const char *why);
    /* What comes from the broker is read no faster than this; 0: no ceiling. */
    int64_t messages_per_s, bytes_per_s;
    /* Reading is held back for that (true), or no longer. May be NULL without ceilings.
     */
    void (*slowed)(void *arg, bool slowed);
};

/* Listens, but does nothing before gate_start. inbox and owner->arg must outlive it.
 * ERR_MEMORY, ERR_IO. */
MUST_USE enum err gate_open(struct inbox *inbox, const struct address *broker,
                            const struct gate_owner *owner, struct gate **out);
MUST_USE enum err gate_start(struct gate *g);

/* Commits and lets go what is held if that can be done at once, closes, frees. g may be
 * NULL. */
void gate_close(struct gate *g);

/* "http://user:password@127.0.0.1:port", or https:// (the proxy for a client with TLS;
 * the way to the proxy itself is the same). Borrowed from g. */
const char *gate_proxy(const struct gate *g, bool tls);

/* Monotonic time at which its thread began what it does now: a step takes 45 s at most
 * (the client takes its time to let go), and 1 s while nothing happens. Any thread. */
int64_t gate_step_us(const struct gate *g);

/* The client's message is in this transaction of the inbox; before it is acknowledged. */
void gate_mark(struct gate *g, uint64_t transaction);

/* The client's message could not be put: nothing that comes now may leave. */
void gate_spoil(struct gate *g);

#endif
