/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef NODE_PACK_H
#define NODE_PACK_H

/* Samples to one SenML pack (RFC 8428, JSON) as schemas/wire.h says, and the status. */

#include "node/queue.h"
#include "node/sample.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PACK_DEVICE_MAX = 64, /* bytes of a device's id */
    PACK_NAME_MAX = 32,   /* of a channel's name */
    PACK_UNIT_MAX = 8,    /* of its unit */
    PACK_SIZE_MIN = 1024, /* buffers of this size hold at least one full sample */
};

/* Who speaks. The strings are borrowed. */
struct pack_header {
    const char *device;
    uint64_t log;
    const struct channel *channels;
    size_t channel_count; /* 1 to SAMPLE_CHANNELS_MAX */
};

/* True if device, names and units keep the limits above and are of the characters that
 * SenML names may have, so that JSON needs no escape. */
bool pack_header_is_sound(const struct pack_header *h);

/* Writes whole samples from the oldest on, as many as fit into size bytes. Returns the
 * length (no NUL) and the last sequence number in it; 0 if the queue is empty. The header
 * is sound, size at least PACK_SIZE_MIN. */
size_t pack_samples(const struct pack_header *h, const struct queue *q, char *to,
                    size_t size, uint64_t *last);

/* Writes the status message; the same limits. Returns the length (no NUL). */
size_t pack_status(const struct pack_header *h, const struct queue *q, bool online,
                   char *to, size_t size);

#endif
