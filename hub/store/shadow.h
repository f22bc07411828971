/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_SHADOW_H
#define STORE_SHADOW_H

/* A shadow: a second store beside the first, in which a period is worked out anew, and
 * the comparison of both. Series have the ids of the first store; what it does not know
 * gets later ones. It is not durable and goes when it is closed. Threads: the writer's of
 * the first store. */

#include "base/diag.h"
#include "base/err.h"
#include "store/place.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store; /* opaque, writer.h */

/* Opens an empty one for the store in folder, with its series, units, choices and floor;
 * its cursor stands before the floor. One that was left over is removed. tests, count: as
 * store_open. ERR_IO, ... */
MUST_USE enum err store_shadow_open(const char *folder, const char *const *tests,
                                    size_t count, struct store **out, struct diag *d);
/* Removes the files too; s may be NULL. */
void store_shadow_close(const char *folder, struct store *s);
/* Removes what an unclean end left. */
void store_shadow_remove(const char *folder);

enum difference {
    DIFFERENCE_NEW,
    DIFFERENCE_VALUE,
    DIFFERENCE_FLAG,      /* of any test */
    DIFFERENCE_SOURCE,    /* the same value from another message, raw value or unit */
    DIFFERENCE_WITHDRAWN, /* is not there any more */
    DIFFERENCE_COUNT
};

/* What is different at one series and time; series: id in the shadow. */
struct store_difference {
    int32_t series;
    enum difference change;
    int64_t time_us;
    struct observation before, after; /* as store_place has them, each if it is there */
};

/* A walk over both stores in the order of the key. */
struct store_walk {
    int64_t from_us, to_us; /* [from, to) */
    const bool *wanted;     /* series of the first store, by id - 1 */
    int32_t wanted_count;   /* later ones of the first store are left out */
    int64_t *same;          /* counts by id - 1, of wanted_count; added to */
    int64_t left_alone;  /* observations whose message lies below the floor; added to */
    int64_t looked;      /* rows of the first store; added to */
    struct arena *texts; /* of the last differences; reset by each step */
    struct {             /* where it stands; 0 and begun false: at the begin */
        bool begun;
        int64_t chunk;
        int32_t series, s, us;
    } at;
    bool finished;
};

/* Goes on to the next differences, most of them or as many as some 10,000 rows have.
 * ERR_FULL: texts is too small. */
MUST_USE enum err store_walk_on(struct store *first, struct store *shadow,
                                struct store_walk *w, struct store_difference *out,
                                size_t most, size_t *count);

#endif
