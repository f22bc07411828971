/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_FRAMES_REPORT_H
#define STORE_FRAMES_REPORT_H

/* Frames received, repeated and missing, told from what frames.h keeps. A hole is known
 * once a later frame of the same session came; before the first frame of a session, and
 * where a counter begins again, nothing is missing. A missing frame counts in the hour in
 * which it would have come, were the hole evenly filled. Threads: as store.h. */

#include "store/store.h"

struct frames_query {
    const char *device;     /* NULL: all */
    int64_t from_us, to_us; /* widened to whole hours of UTC */
};

/* A device as one source heard it. Expected is received + missing. */
struct frames_device {
    const char *source, *device;
    int64_t received, repeated, missing;
    int64_t restarts; /* a new session, or the counter began again */
};

/* Of one hour. Only those in which something was heard or is missing. */
struct frames_hour {
    int64_t hour_us;
    int64_t received, repeated, missing;
};

/* Frames first to last did not come. restart: none of them is known to be missing; the
 * counter began again with last + 1. */
struct frames_gap {
    int64_t from_us,
        to_us; /* of the frame before, CLOCK_NONE: none; and of the one after */
    int64_t first, last;
    bool restart;
};

/* What is called for each, gaps and hours of a device before the device itself; NULL: not
 * wanted. Strings are borrowed for the call. */
struct frames_listener {
    void *arg;
    void (*gap)(void *arg, const struct frames_gap *g);
    void (*hour)(void *arg, const struct frames_hour *h);
    void (*device)(void *arg, const struct frames_device *d);
};

MUST_USE enum err report_frames(struct store_reader *r, const struct frames_query *q,
                                const struct frames_listener *to);

#endif
