/* SPDX-License-Identifier: EUPL-1.2 */
#include "node/queue.h"

void queue_init(struct queue *q, struct sample *slots, uint32_t size, uint64_t next)
{
    *q = (struct queue){.slots = slots, .size = size, .next = next};
}

static void leave(struct queue *q)
{
    q->first = q->first + 1 == q->size ? 0 : q->first + 1;
    q->count--;
}

uint64_t queue_put(struct queue *q, const struct sample *s)
{
    if (q->count == q->size) {
        leave(q);
        q->dropped++;
    }
    uint32_t at = (uint32_t)(((uint64_t)q->first + q->count) % q->size);
    q->slots[at] = *s;
    q->slots[at].sequence = q->next;
    q->count++;
    return q->next++;
}

const struct sample *queue_get(const struct queue *q, uint32_t i)
{
    return i < q->count ? &q->slots[((uint64_t)q->first + i) % q->size] : NULL;
}

uint64_t queue_held(const struct queue *q)
{
    return q->next - q->count;
}

uint32_t queue_release(struct queue *q, uint64_t upto)
{
    uint32_t left = 0;
    while (upto < q->next && q->count > 0 && q->slots[q->first].sequence <= upto) {
        leave(q);
        left++;
    }
    return left;
}
