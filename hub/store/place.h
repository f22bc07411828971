/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_PLACE_H
#define STORE_PLACE_H

/* All that the store has at one series and time: what is held, what is kept aside, and
 * whether somebody chose. Threads: as writer.h. */

#include "base/arena.h"
#include "base/err.h"
#include "model/observation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store; /* opaque, writer.h */

struct store_place {
    bool held;
    struct observation observation; /* if held; its index is not known: 0 */
    struct observation *kept;       /* values that lost, by message and index */
    size_t kept_count;
};

/* Texts and kept values live in a. ERR_FULL: a is too small. */
MUST_USE enum err store_get_place(struct store *s, int32_t series, int64_t time_us,
                                  struct arena *a, struct store_place *out);

/* The first time of series, from from_us on, at which a value is kept; INT64_MAX: none.
 */
MUST_USE enum err store_next_kept(struct store *s, int32_t series, int64_t from_us,
                                  int64_t *time_us);

/* Places with kept values behind (*series, *time_us), in order; at most most. */
struct store_spot {
    int32_t series;
    int64_t time_us;
};
MUST_USE enum err store_list_disputed(struct store *s, const struct store_spot *after,
                                      struct store_spot *spots, size_t most,
                                      size_t *count);

/* A choice by hand: of the values at (series, time) the one that message gave. */
struct store_choice {
    int32_t series;
    int64_t time_us;
    int64_t message;
    double value; /* canonical; NAN: missing */
};
MUST_USE enum err store_put_choice(struct store *s, const struct store_choice *c);
MUST_USE enum err store_drop_choice(struct store *s, int32_t series, int64_t time_us);
/* ERR_ABSENT: nobody chose there. */
MUST_USE enum err store_get_choice(struct store *s, int32_t series, int64_t time_us,
                                   struct store_choice *out);
/* The next choice behind after, in order. ERR_ABSENT: none. */
MUST_USE enum err store_next_choice(struct store *s, const struct store_spot *after,
                                    struct store_choice *out);

/* The series with that id; strings are the store's. False: there is none. */
bool store_series_key(const struct store *s, int32_t id, struct series_key *key);
const char *store_series_unit(const struct store *s, int32_t id); /* of one there is */
/* Ids go from 1 to this. */
int32_t store_series_count(const struct store *s);
/* The id in s of the series that has id in another store; made if it is new. */
MUST_USE enum err store_series_of(struct store *s, const struct store *other, int32_t id,
                                  int32_t *out);

#endif
