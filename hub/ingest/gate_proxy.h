/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef INGEST_GATE_PROXY_H
#define INGEST_GATE_PROXY_H

/* The client's side of the gate: a listener on 127.0.0.1 that lets in who asks for one
 * broker with the right credentials (HTTP CONNECT, Basic). Threads: one owner at a time;
 * url may be read by any once it is open. */

#include "base/err.h"
#include "ingest/address.h"

#include <stdbool.h>
#include <stddef.h>

enum { PROXY_REQUEST = 2048 };

struct gate_proxy {
    /* Called when the answer is on its way to who has come; NULL: nothing is. */
    void (*answered)(void *arg);
    void *arg;
    int listener;
    char url[2][96];                 /* http, https */
    char request[ADDRESS_TEXT + 16]; /* the first line that must come */
    char credentials[68];            /* of the header that must come, with its line end */
};

MUST_USE enum err gate_proxy_open(struct gate_proxy *p, const struct address *broker);
void gate_proxy_close(struct gate_proxy *p);

/* Waits for the client, at most timeout_ms. client: yours, non-blocking, without delay.
 * What it sent behind its request goes to rest. ERR_BUSY: wake became readable;
 * ERR_NETWORK: it did not come. */
MUST_USE enum err gate_proxy_accept(struct gate_proxy *p, int wake, int timeout_ms,
                                    int *client, char rest[PROXY_REQUEST],
                                    size_t *rest_length);

/* Turns away who comes while a client is there. */
void gate_proxy_refuse(struct gate_proxy *p);

#endif
