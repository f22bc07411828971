/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef INGEST_LANE_H
#define INGEST_LANE_H

/* One way through the gate: a buffer between two sockets that do not block. Threads: one
 * owner. */

#include <stdbool.h>
#include <stddef.h>

enum { LANE_BYTES = 1 << 16 };

/* Bytes on their way: [from, free) may go, [free, to) are held. */
struct lane {
    size_t from, free, to;
    unsigned char bytes[LANE_BYTES];
};

/* Sends what may go. False: the other side is gone. */
bool lane_flush(int fd, struct lane *l);

/* Reads what is there, as far as there is room, at most most bytes. more: there may be
 * more. False: closed. */
bool lane_fill(int fd, struct lane *l, size_t most, bool *more);

#endif
