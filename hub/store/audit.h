/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

/* The books counted anew, from inbox.db and hub.db, beside what was booked; whether they
 * agree is for the caller to say. Reads only, and works beside a running hub: what is
 * counted is one moment of it. Threads: one owner a handle; audit_integrity and
 * audit_files any. */

#include "base/diag.h"
#include "base/err.h"
#include "model/message.h"

#include <stdbool.h>
#include <stdint.h>

struct audit; /* opaque */

/* Takes a view of folder/hub.db and then of folder/inbox.db: the cursor is never ahead of
 * the inbox. ERR_ABSENT: one is not there; ERR_NEWER; ERR_DAMAGED; ERR_BUSY: a running
 * hub raises the floor faster than views can be taken. */
MUST_USE enum err audit_open(const char *folder, struct audit **out, struct diag *d);
void audit_close(struct audit *a); /* a may be NULL */

/* How many, and the id of the first; 0 where there is none. */
struct audit_found {
    int64_t count, first;
};

struct audit_counts {
    int64_t fates[FATE_COUNT];
    int64_t outcomes[OUTCOME_COUNT];
};

struct audit_books {
    int64_t cursor;               /* of hub.db: last id that was worked on */
    int64_t floor;                /* first id that is kept, at least 1 */
    int64_t last;                 /* id that the inbox gave at last */
    struct audit_counts booked;   /* by the pipeline, over all sources */
    bool below_zero;              /* one of those counts is */
    struct audit_counts given_up; /* messages below the floor */
    struct audit_counts rows;     /* exception rows from floor to cursor */
    int64_t received;             /* messages of the inbox from floor to cursor */
    int64_t waiting;              /* those behind the cursor */
    struct audit_found missing;   /* ids from floor to cursor that the inbox lacks */
    int64_t bare;                 /* ids from floor to cursor without a row */
    struct audit_found empty;     /* of these: no observation has it as its source */
    struct audit_found stray;     /* rows below the floor or behind the cursor */
    int64_t observations;
    struct audit_found orphans; /* messages of observations or kept values: not there */
    struct audit_found ahead;   /* the same: behind the cursor */
    int64_t disputed;           /* places with kept values whose held one has a message
                                   that is not below the floor */
    int64_t kept, kept_below;   /* values that lost, by messages above and below it */
    struct audit_found loose;   /* messages of kept values where nothing is held */
    bool by_message;            /* the rows' conflicts are those counted, one by one */
    int64_t fold, newest;       /* change numbers */
    int64_t changes;            /* rows above the fold */
    int64_t known;              /* a number that was given: read by the publisher, or
                                   named by a revision */
};

/* Memory: three bits an id between floor and cursor. ERR_FULL: more than 2^32 of them. */
MUST_USE enum err audit_count(struct audit *a, struct audit_books *out);

enum audit_database { AUDIT_HUB, AUDIT_INBOX, AUDIT_OUTBOX, AUDIT_DATABASES };
extern const char *const audit_database_names[AUDIT_DATABASES]; /* "hub.db" ... */

/* SQLite's own check of one database. *sound false: d has its first complaint.
 * ERR_ABSENT: there is none. */
MUST_USE enum err audit_integrity(const char *folder, enum audit_database which,
                                  bool *sound, struct diag *d);

/* Published files against the hashes noted when they were written. */
struct audit_files {
    int64_t files;
    int64_t under_work; /* noted to be written again, or written meanwhile */
    int64_t wrong;
    char first[256]; /* path of the first wrong one, below the data folder */
    bool is_there;   /* that one */
};
/* ERR_ABSENT: nothing was published yet. */
MUST_USE enum err audit_files(const char *folder, struct audit_files *out);

#endif
