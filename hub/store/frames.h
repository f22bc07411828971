/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_FRAMES_H
#define STORE_FRAMES_H

/* Which frames of a device came: counters of LoRaWAN frames, sequence numbers of our own
 * nodes. Kept as runs without a hole, an hour and session each, so that received,
 * repeated and missing can be told, and a late frame closes its hole again. A run is one
 * row of about 25 bytes, so at most one a frame; a device that loses nothing has one an
 * hour. Written by the one writer, in its transactions. Threads: as writer.h. */

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct store; /* opaque, writer.h */

/* What one message carried. */
struct frame {
    const char *source, *device;
    const char *session; /* within which the counter counts; "": the device knows none */
    int64_t first, last; /* counters, first <= last; more than one in a pack */
    int64_t first_us, last_us; /* when they were measured or heard */
    bool again;                /* worked on before: no repetition if it is there */
};

/* Notes a frame; written at commit. Order does not matter for what is told later, where
 * times are those of the frame and not of its arrival. */
MUST_USE enum err store_frame(struct store *s, const struct frame *f);

/* Forgets what was heard before time_us, some thousand rows at a call. A transaction of
 * its own. */
MUST_USE enum err store_forget_frames(struct store *s, int64_t time_us);

#endif
