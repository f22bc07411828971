/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef INGEST_PULSE_H
#define INGEST_PULSE_H

/* Keeps paho awake. One thread of paho reads the sockets of all clients. It sleeps in
 * poll with the sockets it knew when it fell asleep, so a new connection is noticed only
 * when something else wakes it, up to 1 s later; and each time a whole second was silent
 * it sleeps 100 ms more without looking at any socket, so that a lone message waits (seen
 * in the source of 1.3.12 and by tracing it). Hence one more client, whose broker is a
 * thread of ours that sends it two bytes (PINGRESP) every now and then. Threads: any. */

#include "base/err.h"

struct pulse; /* opaque */

/* ERR_MEMORY, ERR_IO. */
MUST_USE enum err pulse_open(struct pulse **out);

/* A client connects now: beat quickly for the next seconds. */
void pulse_quicken(struct pulse *p);

/* Waits, half a second at most, until it beats: before a client connects. Any thread. */
void pulse_await(struct pulse *p);

/* After all other clients are gone. p may be NULL. */
void pulse_close(struct pulse *p);

#endif
