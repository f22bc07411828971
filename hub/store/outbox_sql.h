/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_OUTBOX_SQL_H
#define STORE_OUTBOX_SQL_H

/* What the files of the outbox share: its statements and how they are run. */

#include "store/outbox.h"

#include <sqlite3.h>

enum statement {
    GET_PROGRESS,
    PUT_PROGRESS,
    GET_FINGERPRINT,
    PUT_FINGERPRINT,
    PUT_DIRTY,
    DELETE_DIRTY,
    ALL_DIRTY,
    PUT_FILE,
    DELETE_FILE,
    ALL_FILES,
    GET_PUSH,
    PUT_PUSH,
    DELETE_PUSH,
    DELETE_LEDGER,
    ALL_PUSHES,
    PUT_RESOURCE,
    DELETE_RESOURCE,
    ALL_RESOURCES,
    STATEMENTS
};

struct outbox {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS]; /* prepared when first used */
};

/* NULL: it could not be prepared; outbox_run and outbox_finish then say ERR_IO. */
sqlite3_stmt *outbox_statement(struct outbox *o, enum statement which);

/* Borrowed until outbox_run or outbox_finish; text may be NULL. */
void outbox_bind_text(sqlite3_stmt *s, int at, const char *text);
void outbox_bind_hash(sqlite3_stmt *s, int at, const struct hash *h);

/* For a statement without rows. third may be NULL. */
MUST_USE enum err outbox_run(sqlite3_stmt *s);
MUST_USE enum err outbox_run_named(struct outbox *o, enum statement which,
                                   const char *first, const char *second,
                                   const char *third);

/* Ends a statement whose last step gave code. */
MUST_USE enum err outbox_finish(sqlite3_stmt *s, int code);

/* False and zeros: there is none. */
bool outbox_column_hash(sqlite3_stmt *s, int at, struct hash *out);

#endif
