/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef INGEST_MQTT_H
#define INGEST_MQTT_H

/* One source: its MQTT client (paho) behind its gate. Threads: one owner; mqtt_status and
 * mqtt_set_ceiling from any. */

#include "base/diag.h"
#include "base/err.h"
#include "ingest/ingest.h"
#include "ingest/pulse.h"
#include "model/configuration.h"
#include "store/inbox.h"

#include <stdint.h>

struct mqtt; /* opaque */

/* What all sources share; outlives them. */
struct mqtt_place {
    struct inbox *inbox;
    struct pulse *pulse;
    int64_t ceiling_bytes; /* of a payload */
};

/* Once a process, before the first mqtt_open. */
void mqtt_setup(void);

/* Starts to serve s, which is copied. Filters that the broker may have for its session
 * and s has not are given back (store/inbox_filters.h); nobody else may serve it still.
 * ERR_CONFIG: the broker's address is none; ERR_MEMORY, ERR_IO. */
MUST_USE enum err mqtt_open(const struct mqtt_place *place, const struct source *s,
                            struct mqtt **out, struct diag *d);

/* Begins to take leave of the broker; returns at once. Then mqtt_close. */
void mqtt_stop(struct mqtt *m);
void mqtt_close(struct mqtt *m); /* m may be NULL */

void mqtt_set_ceiling(struct mqtt *m, int64_t ceiling_bytes);

/* Borrowed from m. */
const struct source *mqtt_source(const struct mqtt *m);

void mqtt_status(struct mqtt *m, void *arg,
                 void (*row)(void *arg, const struct ingest_status *s));

#endif
