/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

/* MQTT brokers -> inbox. One persistent session a source; a message is acknowledged only
 * after the inbox has it on disk (gate.h). A broker that is away is waited for; a source
 * that fails never disturbs another. Logs one line for each change of a source's state.
 * Threads: one owner; ingest_status from any. SIGPIPE must be ignored by the program. */

#include "base/diag.h"
#include "base/err.h"
#include "model/configuration.h"
#include "store/inbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ingest; /* opaque */

/* inbox must outlive it. ERR_MEMORY, ERR_IO. */
MUST_USE enum err ingest_open(struct inbox *inbox, struct ingest **out, struct diag *d);

/* The sources from now on, at start and at a reload. What serves a source that has not
 * changed goes on; others are stopped and started; filters that a source no longer has
 * are given back to the broker. All is copied. Returns before brokers are reached.
 *   payload_ceiling_bytes   a larger message is kept as its first 1024 bytes and its size
 * ERR_CONFIG: a broker's address is none (d says which); nothing has changed.
 * ERR_MEMORY, ERR_IO: a source could not be started; the others run. */
MUST_USE enum err ingest_set_sources(struct ingest *i, const struct source *sources,
                                     size_t count, int64_t payload_ceiling_bytes,
                                     struct diag *d);

/* Takes leave of all brokers; what they were sent an acknowledgement for is on disk, the
 * rest comes again. Within 1 s. i may be NULL. */
void ingest_close(struct ingest *i);

struct ingest_status {
    const char *source; /* borrowed for the call, as the next two */
    const char *broker;
    const char *error; /* why it is not connected, or what is wrong; NULL: nothing */
    bool connected;
    bool subscribed;         /* connected, and every subscription is answered */
    bool session_present;    /* at the last connect: the broker knew the session */
    int64_t since_us;        /* connected, or not, since then */
    int64_t step_us;         /* monotonic: its gate began what it does then */
    int64_t slowed_us;       /* read more slowly than it comes since then; CLOCK_NONE */
    int64_t messages, bytes; /* payload bytes as sent; since the source was started */
};

/* Calls row for each source, in the order of ingest_set_sources. */
void ingest_status(struct ingest *i, void *arg,
                   void (*row)(void *arg, const struct ingest_status *s));

#endif
