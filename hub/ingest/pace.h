/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef INGEST_PACE_H
#define INGEST_PACE_H

/* How fast a gate may read from its broker: token buckets for bytes and messages, a
 * second deep. Nothing is dropped: what is not read waits at the broker. Who reads sees
 * bytes, and only afterwards how many messages they were: bytes are charged as messages
 * of the mean size at once, and the account is settled when the messages must have come
 * to light. Pure: time is an argument. Threads: one owner. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pace {
    int64_t messages_per_s, bytes_per_s; /* 0: no ceiling */
    double messages, bytes;              /* tokens; below 0: a debt */
    double seen_messages, seen_bytes;    /* of late, settled: for the mean */
    double charged, counted, read;       /* not settled: messages, and bytes */
    int64_t at_us;                       /* when tokens were last added */
    int64_t read_us;                     /* when bytes were last read */
    int64_t held_us;                     /* when reading was last held back */
    bool held;                           /* it was, of late */
    bool closed;                         /* it is */
};

/* Begins anew, with the ceilings that p has. */
void pace_begin(struct pace *p, int64_t now_us);

/* Bytes that may be read now; 0: none, see pace_wait_us. SIZE_MAX: no ceiling. */
size_t pace_room(struct pace *p, int64_t now_us);

void pace_read(struct pace *p, size_t bytes, int64_t now_us);

/* So many more messages came to light. */
void pace_count(struct pace *p, int64_t messages);

/* Microseconds until there may be room, or until it is sure that nothing is held back any
 * more; at most 5 s. */
int64_t pace_wait_us(const struct pace *p, int64_t now_us);

#endif
