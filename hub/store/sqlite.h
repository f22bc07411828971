/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

/* What inbox, store and outbox share of SQLite: opening, migrations, errors. Threads: a
 * connection has one owner at a time (opened without SQLite's own mutex). */

#include "base/diag.h"
#include "base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

/* A step from schema version i to i + 1; the array index is the version it starts from.
 */
struct sqlite_schema {
    const char *const *migrations;
    int version; /* number of migrations: what this program writes */
    int cache_kib;
};

/* Opens path for writing: WAL, synchronous=FULL, auto_vacuum=INCREMENTAL from the first
 * version, no automatic checkpoint; creates and migrates it by number, mode 0600.
 * ERR_NEWER: written by a newer program; ERR_DAMAGED; ERR_IO. */
MUST_USE enum err sqlite_open_writer(const char *path, const struct sqlite_schema *schema,
                                     sqlite3 **out, struct diag *d);

/* Opens path read-only. ERR_ABSENT: there is none, or nothing in it yet; ERR_NEWER: it is
 * newer or older than this program; ERR_DAMAGED; ERR_IO. */
MUST_USE enum err sqlite_open_reader(const char *path, const struct sqlite_schema *schema,
                                     sqlite3 **out, struct diag *d);

/* The code for what db failed at last; d gets SQLite's sentence. */
enum err sqlite_err(sqlite3 *db, struct diag *d);

MUST_USE enum err sqlite_run(sqlite3 *db, const char *sql);
MUST_USE enum err sqlite_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out);

/* Resets s; the error of its last step, or of the columns read since: they lack memory
 * without a word and give NULL. */
MUST_USE enum err sqlite_reset(sqlite3 *db, sqlite3_stmt *s);

/* Steps a statement that gives no row, and resets it. */
MUST_USE enum err sqlite_step_done(sqlite3 *db, sqlite3_stmt *s);

/* First column of the first row, standard if there is none. s is reset. */
MUST_USE enum err sqlite_step_number(sqlite3 *db, sqlite3_stmt *s, sqlite3_int64 standard,
                                     sqlite3_int64 *out);

/* Text of a column, never NULL; borrowed until the next step. */
const char *sqlite_text(sqlite3_stmt *s, int column);

/* Once a process, before anything else of SQLite: no memory statistics. */
void sqlite_setup(void);

#endif
