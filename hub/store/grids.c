/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/grids.h"

#include "store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const migrations[] = {
    "CREATE TABLE progress(id INTEGER PRIMARY KEY CHECK(id = 1), epoch INTEGER NOT NULL,"
    "  change INTEGER NOT NULL);"
    "CREATE TABLE series(series INTEGER PRIMARY KEY, rule BLOB NOT NULL,"
    "  newest INTEGER NOT NULL);"
    /* key: series, grid and start in one number, since only a rowid's leaf takes a block
     * of 2 KB without a page of its own; cells: grid/pack.h */
    "CREATE TABLE blocks(key INTEGER PRIMARY KEY, cells BLOB NOT NULL);",
};
static const struct sqlite_schema schema = {
    .migrations = migrations,
    .version = sizeof migrations / sizeof *migrations,
    .cache_kib = 1024,
};

enum statement {
    GET_PROGRESS,
    PUT_PROGRESS,
    GET_SERIES,
    PUT_SERIES,
    ALL_SERIES,
    FORGET_SERIES,
    DROP,
    PUT,
    READ,
    STATEMENTS
};

static const char *const texts[STATEMENTS] = {
    [GET_PROGRESS] = "SELECT epoch, change FROM progress",
    [PUT_PROGRESS] = "INSERT OR REPLACE INTO progress VALUES(1, ?1, ?2)",
    [GET_SERIES] = "SELECT rule, newest FROM series WHERE series = ?1",
    [PUT_SERIES] = "INSERT OR REPLACE INTO series VALUES(?1, ?2, ?3)",
    [ALL_SERIES] = "SELECT series FROM series ORDER BY series",
    [FORGET_SERIES] = "DELETE FROM series WHERE series = ?1",
    [DROP] = "DELETE FROM blocks WHERE key >= ?1 AND key < ?2",
    [PUT] = "INSERT OR REPLACE INTO blocks VALUES(?1, ?2)",
    [READ] = "SELECT key, cells FROM blocks WHERE key >= ?1 AND key < ?2 ORDER BY key",
};

struct grids {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
};

void grids_remove(const char *folder)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (int k = 0; k < 3; k++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/grids.db%s", folder, ends[k]);
        unlink(path);
    }
}

static enum err open_once(const char *folder, bool read_only, struct grids **out,
                          struct diag *d)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/grids.db", folder);
    struct grids *g = calloc(1, sizeof *g);
    if (g == NULL) {
        return ERR_MEMORY;
    }
    enum err e = read_only ? sqlite_open_reader(path, &schema, &g->db, d)
                           : sqlite_open_writer(path, &schema, &g->db, d);
    if (e == ERR_OK && !read_only) { /* nobody else moves its log into it */
        e = sqlite_run(g->db, "PRAGMA wal_autocheckpoint=1000");
    }
    for (int k = 0; k < STATEMENTS && e == ERR_OK; k++) {
        e = sqlite_prepare(g->db, texts[k], &g->statements[k]);
    }
    if (e != ERR_OK) {
        grids_close(g);
        return e;
    }
    *out = g;
    return ERR_OK;
}

enum err grids_open(const char *folder, bool read_only, struct grids **out,
                    struct diag *d)
{
    enum err e = open_once(folder, read_only, out, d);
    if (e == ERR_DAMAGED && !read_only) {
        grids_remove(folder);
        e = open_once(folder, read_only, out, d);
    }
    return e;
}

void grids_close(struct grids *g)
{
    if (g != NULL) {
        for (int k = 0; k < STATEMENTS; k++) {
            sqlite3_finalize(g->statements[k]);
        }
        sqlite3_close(g->db);
        free(g);
    }
}

enum err grids_begin(struct grids *g)
{
    return sqlite_run(g->db, "BEGIN IMMEDIATE");
}

enum err grids_commit(struct grids *g)
{
    enum err e = sqlite_run(g->db, "COMMIT");
    if (e != ERR_OK) {
        grids_rollback(g);
    }
    return e;
}

void grids_rollback(struct grids *g)
{
    if (!sqlite3_get_autocommit(g->db)) {
        sqlite3_exec(g->db, "ROLLBACK", NULL, NULL, NULL);
    }
}

enum err grids_get_progress(struct grids *g, struct grids_progress *out)
{
    sqlite3_stmt *s = g->statements[GET_PROGRESS];
    struct grids_progress p = {0, 0};
    int step = sqlite3_step(s);
    if (step == SQLITE_ROW) {
        p.epoch = sqlite3_column_int64(s, 0);
        p.change = sqlite3_column_int64(s, 1);
    }
    enum err e = sqlite_reset(g->db, s);
    if (e == ERR_OK) {
        *out = p;
    }
    return e;
}

enum err grids_put_progress(struct grids *g, const struct grids_progress *p)
{
    sqlite3_stmt *s = g->statements[PUT_PROGRESS];
    sqlite3_bind_int64(s, 1, p->epoch);
    sqlite3_bind_int64(s, 2, p->change);
    return sqlite_step_done(g->db, s);
}

enum err grids_get_series(struct grids *g, int32_t series, struct grids_series *out)
{
    sqlite3_stmt *s = g->statements[GET_SERIES];
    struct grids_series found = {.newest_us = 0};
    sqlite3_bind_int(s, 1, series);
    bool there = sqlite3_step(s) == SQLITE_ROW;
    if (there && sqlite3_column_bytes(s, 0) == HASH_SIZE) {
        memcpy(found.rule.bytes, sqlite3_column_blob(s, 0), HASH_SIZE);
        found.newest_us = sqlite3_column_int64(s, 1);
    } else {
        there = false; /* of another size: made anew */
    }
    enum err e = sqlite_reset(g->db, s);
    if (e == ERR_OK && there) {
        *out = found;
    }
    return e == ERR_OK && !there ? ERR_ABSENT : e;
}

enum err grids_put_series(struct grids *g, int32_t series, const struct grids_series *put)
{
    sqlite3_stmt *s = g->statements[PUT_SERIES];
    sqlite3_bind_int(s, 1, series);
    sqlite3_bind_blob(s, 2, put->rule.bytes, HASH_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, put->newest_us);
    return sqlite_step_done(g->db, s);
}

enum err grids_each_series(struct grids *g, void *arg,
                           void (*row)(void *arg, int32_t series))
{
    sqlite3_stmt *s = g->statements[ALL_SERIES];
    while (sqlite3_step(s) == SQLITE_ROW) {
        row(arg, sqlite3_column_int(s, 0));
    }
    return sqlite_reset(g->db, s);
}

/* --- blocks --- */

/* A key: 31 bits of series, 3 of grid, 28 of the hour in which a block begins, counted
 * from 2^27 hours before 1970. */
enum { HOUR_BITS = 28, GRID_BITS = 3 };
#define HOUR_US INT64_C(3600000000)
#define HOUR_ZERO (INT64_C(1) << (HOUR_BITS - 1))
#define HOUR_MASK ((INT64_C(1) << HOUR_BITS) - 1)

/* The least key of a block that begins at time_us or later. */
static sqlite3_int64 key_of(int64_t series, int grid, int64_t time_us)
{
    int64_t hour = time_us / HOUR_US + (time_us % HOUR_US > 0) + HOUR_ZERO;
    hour = hour < 0 ? 0 : hour > HOUR_MASK ? HOUR_MASK : hour;
    return ((series << GRID_BITS | grid) << HOUR_BITS) + hour;
}

static int64_t start_of(sqlite3_int64 key)
{
    return ((key & HOUR_MASK) - HOUR_ZERO) * HOUR_US;
}

enum err grids_forget(struct grids *g, int32_t series)
{
    if (series == 0) {
        return sqlite_run(g->db, "DELETE FROM blocks; DELETE FROM series");
    }
    sqlite3_bind_int64(g->statements[DROP], 1, key_of(series, 0, INT64_MIN));
    sqlite3_bind_int64(g->statements[DROP], 2, key_of((int64_t)series + 1, 0, INT64_MIN));
    sqlite3_bind_int(g->statements[FORGET_SERIES], 1, series);
    enum err e = sqlite_step_done(g->db, g->statements[DROP]);
    return e != ERR_OK ? e : sqlite_step_done(g->db, g->statements[FORGET_SERIES]);
}

static void bind_range(sqlite3_stmt *s, const struct grids_range *r)
{
    sqlite3_bind_int64(s, 1, key_of(r->series, r->grid, r->from_us));
    sqlite3_bind_int64(s, 2, key_of(r->series, r->grid, r->to_us));
}

enum err grids_drop(struct grids *g, const struct grids_range *r)
{
    bind_range(g->statements[DROP], r);
    return sqlite_step_done(g->db, g->statements[DROP]);
}

enum err grids_put(struct grids *g, int32_t series, int grid, int64_t start_us,
                   const void *bytes, size_t size)
{
    sqlite3_stmt *s = g->statements[PUT];
    sqlite3_bind_int64(s, 1, key_of(series, grid, start_us));
    sqlite3_bind_blob64(s, 2, bytes, size, SQLITE_STATIC);
    return sqlite_step_done(g->db, s);
}

enum err grids_read(struct grids *g, const struct grids_range *r, void *arg,
                    enum err (*row)(void *arg, int64_t start_us, const void *bytes,
                                    size_t size))
{
    sqlite3_stmt *s = g->statements[READ];
    enum err e = ERR_OK;
    bind_range(s, r);
    while (e == ERR_OK && sqlite3_step(s) == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(s, 1);
        e = row(arg, start_of(sqlite3_column_int64(s, 0)), bytes,
                (size_t)sqlite3_column_bytes(s, 1));
    }
    enum err end = sqlite_reset(g->db, s);
    return e != ERR_OK ? e : end;
}
