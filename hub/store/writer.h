/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

/* The one writer of hub.db: the pipeline. All writes lie between store_begin and
 * store_commit; the cursor over the inbox moves in the same transaction. Threads: one
 * owner. */

#include "base/diag.h"
#include "base/err.h"
#include "model/observation.h"
#include "model/quality.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store; /* opaque */

/* Opens or creates folder/hub.db and gives each of the test names its slot; the last slot
 * is that of "manual".
 * ERR_NEWER, ERR_DAMAGED (also: a slot that is none), ERR_IO; ERR_FULL: count is over
 * QUALITY_TESTS - 1. */
MUST_USE enum err store_open(const char *folder, const char *const *tests, size_t count,
                             int slots[QUALITY_TESTS], struct store **out,
                             struct diag *d);
void store_close(struct store *s); /* s may be NULL */

/* A number of the store by name; 0 if it was never set. */
enum store_number {
    STORE_CURSOR,    /* last inbox id that was worked on */
    STORE_FLOOR,     /* inbox ids below it may be gone */
    STORE_EPOCH,     /* made with the store */
    STORE_UNDER_WAY, /* no batch under way ends behind this id; 0: clean stop */
    STORE_SUSPECT,   /* inbox id that is being tried alone; 0: none */
    STORE_CRASHES,   /* times that STORE_SUSPECT was under work at a crash */
    STORE_FOLD,      /* change numbers up to it are folded */
    STORE_REPLAY,    /* waiting ids up to it are worked on again; 0: none */
    STORE_NUMBERS
};
int64_t store_number(const struct store *s, enum store_number n);
/* Inside a transaction, or alone (then committed at once). */
MUST_USE enum err store_set_number(struct store *s, enum store_number n, int64_t value);

MUST_USE enum err store_begin(struct store *s);
/* ERR_IO and others: rolled back, nothing of it is there. */
MUST_USE enum err store_commit(struct store *s);
void store_rollback(struct store *s);

/* Id of a series; made if it is new. A roll-back takes new ids back: forget them then. */
MUST_USE enum err store_series(struct store *s, const struct series_key *key,
                               const struct parameter *p, int32_t *id);

/* What stands at (series, time). */
struct held {
    double value, raw;
    int64_t raw_unit; /* id of its text; 0: the canonical unit */
    int64_t message;
    quality_tests tests;
};
/* The same of o, which stands there. */
MUST_USE enum err store_held_of(struct store *s, const struct observation *o,
                                struct held *out);

/* The chunk of time that stands first in the key of an observation: writing is fast in
 * its order. */
int64_t store_chunk(int64_t time_us);

/* Puts o if nothing stands there; else *inserted is false and *held says what does. */
MUST_USE enum err store_insert(struct store *s, const struct observation *o,
                               bool *inserted, struct held *held);

/* Puts o in the place of what stands there; before goes to the revisions (a change of
 * value or of a flag; not a mere change of source). NULL: no revision. */
MUST_USE enum err store_replace(struct store *s, const struct observation *o,
                                const struct held *before);

/* Takes o away, which stands there; it goes to the revisions. */
MUST_USE enum err store_withdraw(struct store *s, const struct observation *o);

/* Keeps o as one that lost a conflict; the same again changes nothing. */
MUST_USE enum err store_keep(struct store *s, const struct observation *o);
/* Forgets a kept one (it is held now). */
MUST_USE enum err store_unkeep(struct store *s, const struct observation *o);
/* The kept one with this very value, if there is one: message and index go to out.
 * ERR_ABSENT: none. */
MUST_USE enum err store_get_kept(struct store *s, int32_t series, int64_t time_us,
                                 double value, struct observation *out);
/* Number of kept values at (series, time). */
MUST_USE enum err store_kept_count(struct store *s, int32_t series, int64_t time_us,
                                   int64_t *count);

/* True if message holds the observation at (series, time). */
MUST_USE enum err store_holds(struct store *s, int32_t series, int64_t time_us,
                              int64_t message, bool *holds);

/* One row of the change log: observations of series in [from, to] (seconds and finer are
 * rounded out). */
MUST_USE enum err store_changed(struct store *s, int32_t series, int64_t from_us,
                                int64_t to_us);

/* Folds the change log up to number to one row a series and UTC day, in a transaction of
 * its own; some thousand rows at most at a call. */
MUST_USE enum err store_fold(struct store *s, int64_t number);

/* Checkpoint when the log is long; between batches. */
void store_idle(struct store *s);

#endif
