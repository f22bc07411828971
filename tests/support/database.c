/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/database.h"

#include "base/err.h"
#include "store/sqlite.h"
#include "support/assert_close.h"

#include <stdio.h>
#include <string.h>

static sqlite3 *open_database(const char *folder, const char *name)
{
    sqlite3 *db = NULL;
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    return db;
}

void database_run(const char *folder, const char *name, const char *sql)
{
    sqlite3 *db = open_database(folder, name);
    if (sqlite_run(db, sql) != ERR_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    sqlite3_close(db);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q = NULL;
    if (sqlite_prepare(db, sql, &q) != ERR_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    return q;
}

int64_t database_number(const char *folder, const char *name, const char *sql)
{
    sqlite3 *db = open_database(folder, name);
    sqlite3_stmt *q = prepare(db, sql);
    sqlite3_int64 n = -1;
    assert_int_equal(sqlite_step_number(db, q, -1, &n), ERR_OK);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

void database_text(const char *folder, const char *name, const char *sql, char to[512])
{
    sqlite3 *db = open_database(folder, name);
    sqlite3_stmt *q = prepare(db, sql);
    size_t length = 0;
    to[0] = '\0';
    while (sqlite3_step(q) == SQLITE_ROW) {
        int columns = sqlite3_column_count(q);
        for (int c = 0; c < columns; c++) {
            length += (size_t)snprintf(to + length, 512 - length, "%s%s",
                                       sqlite_text(q, c), c + 1 < columns ? "|" : " ");
            assert_true(length < 512);
        }
    }
    sqlite3_finalize(q);
    sqlite3_close(db);
}
