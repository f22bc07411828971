/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

/* Series and observations, what became of each message, and what changed (hub.db). One
 * writer, the pipeline's (writer.h); any number of readers. Threads: a reader has one
 * owner at a time. */

#include "base/arena.h"
#include "base/diag.h"
#include "base/err.h"
#include "model/message.h"
#include "model/observation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_reader; /* opaque */

/* Opens folder/hub.db read-only. ERR_ABSENT: there is none; ERR_NEWER; ERR_DAMAGED. */
MUST_USE enum err store_reader_open(const char *folder, struct store_reader **out,
                                    struct diag *d);
void store_reader_close(struct store_reader *r); /* r may be NULL */

/* Names of tests by slot, NULL where a slot has none; QUALITY_TESTS of them. Borrowed. */
const char *const *store_test_names(const struct store_reader *r);

/* One consistent view from begin to end: all reads between see the same state. */
MUST_USE enum err store_view_begin(struct store_reader *r);
void store_view_end(struct store_reader *r);

/* Which observations. NULL or 0 counts: no restriction by that. */
struct store_query {
    const char *const *cities;
    size_t city_count;
    const char *const *parameters;
    size_t parameter_count;
    const char *station, *position, *origin;
    int32_t series;         /* id: this one is found without a look at the others */
    int64_t from_us, to_us; /* [from, to) */
    bool by_dump_order;     /* city first, as dump; else station, parameter, position,
                               origin, time, as files for others */
};

/* Opens rows in order. Only one at a time a reader. Close with store_rows_close. */
MUST_USE enum err store_rows_open(struct store_reader *r, const struct store_query *q,
                                  struct row_source *out, struct diag *d);
void store_rows_close(struct store_reader *r);

/* The newest observation of each series that q asks for. Not while rows are open. */
MUST_USE enum err store_latest(struct store_reader *r, const struct store_query *q,
                               void *arg,
                               void (*row)(void *arg, const struct observation_row *o));

/* Calls row for each series, by id. key is borrowed for the call. */
MUST_USE enum err store_each_series(struct store_reader *r, void *arg,
                                    void (*row)(void *arg, int32_t id,
                                                const struct series_key *key));

/* First and last time of the observations that q asks for; CLOCK_NONE both: none. */
MUST_USE enum err store_extent(struct store_reader *r, const struct store_query *q,
                               int64_t *first_us, int64_t *last_us);

/* What changed after number since: calls row for each window, then *last is the newest
 * number. ERR_ABSENT: since lies below the fold, read all. */
struct store_change {
    int64_t number;
    int32_t series;
    struct series_key key;  /* borrowed for the call */
    int64_t from_us, to_us; /* inclusive */
};
MUST_USE enum err store_changes(struct store_reader *r, int64_t since, void *arg,
                                void (*row)(void *arg, const struct store_change *c),
                                int64_t *last);

/* Newest change number; 0: none. */
MUST_USE enum err store_last_change(struct store_reader *r, int64_t *number);

/* The random number made with the store, or by restore: older change numbers, receipts
 * and ledgers of another epoch are not believed. */
MUST_USE enum err store_epoch(struct store_reader *r, int64_t *epoch);

/* Inbox ids below it may be gone; 0: none. */
MUST_USE enum err store_floor(struct store_reader *r, int64_t *floor);

#endif
