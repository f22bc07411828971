/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_INBOX_INTERNAL_H
#define STORE_INBOX_INTERNAL_H

/* What the files of the inbox share. Threads: as struct inbox says. */

#include "base/buf.h"
#include "store/inbox.h"
#include "store/sqlite.h"

#include <pthread.h>
#include <stdatomic.h>

enum { INBOX_ROWS_CEILING = 512 << 20 }; /* a message of the highest ceiling more */

/* What was put into one transaction: struct row, topic with NUL, payload; and again. The
 * rows are inserted by who commits, so that who puts waits neither for SQLite nor for the
 * disk. */
struct bundle {
    struct buf rows;
    size_t count;
    bool spoilt; /* one could not be put */
};

struct row {
    int64_t connection, arrival_us, full_size;
    size_t topic_size, payload_size;
    int packet, flags;
};

struct inbox {
    pthread_mutex_t writing; /* guards db to log_pages; taken before mutex */
    sqlite3 *db;
    const char *path; /* of db, where it really lies; constant */
    sqlite3_stmt *put, *put_many, *begin, *commit;
    struct bundle taken;   /* by who commits; empty between two commits */
    int64_t inserted;      /* the last message of this transaction; 0: none */
    int log_pages;         /* in the write-ahead log */
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    struct bundle open;
    uint64_t transaction; /* number of the open one */
    uint64_t failed;      /* the last that was rolled back; 0: none */
    int64_t last;         /* id of the last committed message */
    enum err trouble;     /* why messages were rolled back, until some are kept again */
    bool checked;         /* there was room since then */
    bool woken;
    atomic_bool much; /* in open; also read without mutex */
};

/* Copies one message. After a failure the bundle is spoilt. */
MUST_USE enum err inbox_bundle_put(struct bundle *b, int64_t connection,
                                   const struct message *m);

void inbox_bundle_reset(struct bundle *b);

/* Inserts all of b; writing is held. */
MUST_USE enum err inbox_bundle_insert(struct inbox *i, const struct bundle *b);

/* What else a transaction does than insert what was put. */
struct inbox_more {
    enum err (*run)(struct inbox *i, void *arg);
    void *arg;
    bool can_wait; /* alone it is no trouble if it fails */
};

/* more, with all that was put before, in one transaction. */
MUST_USE enum err inbox_commit_more(struct inbox *i, const struct inbox_more *more);

/* The id of a source; a new name gets one. In a transaction. */
MUST_USE enum err inbox_source_id(struct inbox *i, const char *source, sqlite3_int64 *id);

#endif
