/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef INGEST_MQTT_INSIDE_H
#define INGEST_MQTT_INSIDE_H

/* What mqtt.c (one source, from open to close) and mqtt_session.c (what paho calls)
 * share; nobody else includes it. */

#include "base/buf.h"
#include "ingest/address.h"
#include "ingest/gate.h"
#include "ingest/mqtt.h"
#include "store/inbox_filters.h"

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MQTT_SENTENCE = 512 };

enum state { STATE_IDLE, STATE_CONNECTING, STATE_CONNECTED };

struct filter {
    struct mqtt *mqtt;
    struct filter *next; /* NULL: the last one */
    bool unwanted;       /* to be given back to the broker */
    bool gone;           /* that is done; guarded by the mutex */
    int refused;         /* code of the last refusal; 0: none */
    char text[];
};

struct mqtt {
    struct inbox *inbox;
    struct source *source; /* a copy */
    struct address address;
    struct pulse *pulse;
    struct gate *gate;
    MQTTAsync client;
    struct filter *filters; /* first those that are unwanted */
    _Atomic int64_t ceiling_bytes, messages, bytes, connection; /* connection 0: none */
    atomic_bool stopping;

    pthread_mutex_t mutex; /* guards all below; never held while calling paho */
    pthread_cond_t changed;
    enum state state; /* of paho's connection */
    bool connected, present;
    size_t unanswered; /* subscriptions that the broker has not answered yet */
    int64_t since_us;  /* wall clock */
    int64_t since_monotonic_us;
    int64_t slowed_us;          /* wall clock; CLOCK_NONE: not slowed */
    int refusals;               /* in a row */
    char reason[MQTT_SENTENCE]; /* what ended this connection, if paho knows; else "" */
    char error[MQTT_SENTENCE];  /* for status; "": none */
    char told[MQTT_SENTENCE];   /* the last end that was logged; "": of no interest now */
    bool quiet;                 /* the last end was told before: so is what follows */
    bool contested; /* another client takes the session over, again and again */
};

/* Its session at the broker; borrowed from m. */
struct inbox_session mqtt_session_of(const struct mqtt *m);

/* What ended, or will end, this connection: the first reason counts. */
void mqtt_note_reason(struct mqtt *m, const char *reason);
void mqtt_set_state(struct mqtt *m, enum state state);

/* Sets the callbacks of m->client. */
MUST_USE enum err mqtt_session_init(struct mqtt *m);

/* Lets paho connect by the gate. tls: NULL without. ERR_INTERNAL: paho refuses. */
MUST_USE enum err mqtt_session_connect(struct mqtt *m, MQTTAsync_SSLOptions *tls,
                                       const struct buf *password);

/* Sends DISCONNECT, if connected. */
void mqtt_session_leave(struct mqtt *m);

#endif
