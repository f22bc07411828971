/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef NODE_QUEUE_H
#define NODE_QUEUE_H

/* Samples that are not yet safe elsewhere, oldest first, in the caller's memory. A sample
 * leaves when queue_release says so; only a full queue drops, its oldest, and counts. */

#include "node/sample.h"

#include <stddef.h>
#include <stdint.h>

struct queue {
    struct sample *slots; /* the caller's, for as long as the queue */
    uint32_t size, first, count;
    uint64_t next;    /* sequence number of the next sample; never goes back */
    uint64_t dropped; /* samples that left unsent */
};

/* size at least 1; next is the first sequence number to give, at least 1. */
void queue_init(struct queue *q, struct sample *slots, uint32_t size, uint64_t next);

/* Copies s in and gives it the next sequence number, which is returned. */
uint64_t queue_put(struct queue *q, const struct sample *s);

/* The i-th oldest, borrowed until the queue is changed; NULL: not so many. */
const struct sample *queue_get(const struct queue *q, uint32_t i);

/* Sequence number of the oldest; q->next if empty. */
uint64_t queue_held(const struct queue *q);

/* All samples up to and including this number leave. A number that was not given yet is
 * a mistake of the other side and ignored. Returns how many left. */
uint32_t queue_release(struct queue *q, uint64_t upto);

#endif
