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

/* Starts to serve s. before: what served the same session until now, or NULL; filters it
 * had and s has not are given back. Both are copied.
 * ERR_CONFIG: the broker's address is none; ERR_MEMORY, ERR_IO. */
MUST_USE enum err mqtt_open(const struct mqtt_place *place, const struct source *s,
                            const struct source *before, struct mqtt **out,
                            struct diag *d);

/* Begins to take leave of the broker; returns at once. Then mqtt_close. */
void mqtt_stop(struct mqtt *m);
void mqtt_close(struct mqtt *m); /* m may be NULL */

void mqtt_set_ceiling(struct mqtt *m, int64_t ceiling_bytes);

/* Borrowed from m. */
const struct source *mqtt_source(const struct mqtt *m);

/* A copy of it, with all filters that the broker may have for it: those it was to give
 * back, too, as long as the broker has not said that it did. NULL: no memory; free with
 * source_copy_free. */
struct source *mqtt_copy_subscribed(struct mqtt *m);

void mqtt_status(struct mqtt *m, void *arg,
                 void (*row)(void *arg, const struct ingest_status *s));

#endif
