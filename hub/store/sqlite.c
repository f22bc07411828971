/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/sqlite.h"

#include "base/text.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 10000 };

static void setup_once(void)
{
    /* counting every allocation takes a mutex each time */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_initialize();
}

void sqlite_setup(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, setup_once);
}

enum err sqlite_err(sqlite3 *db, struct diag *d)
{
    diag_set(d, "%s", sqlite3_errmsg(db));
    switch (sqlite3_errcode(db) & 0xFF) {
    case SQLITE_NOMEM:
        return ERR_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:   /* nothing of ours is: the length in a damaged row */
    case SQLITE_MISMATCH: /* nor this: made of a damaged number */
        return ERR_DAMAGED;
    case SQLITE_FULL:
        return ERR_DISK_FULL;
    case SQLITE_READONLY:
        return ERR_READ_ONLY;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return err_of_errno(sqlite3_system_errno(db));
    case SQLITE_PERM:
        return ERR_IO;
    default:
        return ERR_INTERNAL;
    }
}

enum err sqlite_run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? ERR_OK
                                                                : sqlite_err(db, NULL);
}

enum err sqlite_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out)
{
    return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) ==
                   SQLITE_OK
               ? ERR_OK
               : sqlite_err(db, NULL);
}

enum err sqlite_reset(sqlite3 *db, sqlite3_stmt *s)
{
    return sqlite3_reset(s) == SQLITE_OK ? ERR_OK : sqlite_err(db, NULL);
}

enum err sqlite_step_done(sqlite3 *db, sqlite3_stmt *s)
{
    enum err e = sqlite3_step(s) == SQLITE_DONE ? ERR_OK : sqlite_err(db, NULL);
    sqlite3_reset(s);
    return e;
}

enum err sqlite_step_number(sqlite3 *db, sqlite3_stmt *s, sqlite3_int64 standard,
                            sqlite3_int64 *out)
{
    int step = sqlite3_step(s);
    enum err e = ERR_OK;
    if (step == SQLITE_ROW) {
        *out = sqlite3_column_type(s, 0) == SQLITE_NULL ? standard
                                                        : sqlite3_column_int64(s, 0);
    } else if (step == SQLITE_DONE) {
        *out = standard;
    } else {
        e = sqlite_err(db, NULL);
    }
    sqlite3_reset(s);
    return e;
}

const char *sqlite_text(sqlite3_stmt *s, int column)
{
    const unsigned char *text = sqlite3_column_text(s, column);
    return text != NULL ? (const char *)text : "";
}

static enum err read_version(sqlite3 *db, int *version)
{
    sqlite3_stmt *s = NULL;
    sqlite3_int64 number = 0;
    enum err e = sqlite_prepare(db, "PRAGMA user_version", &s);
    if (e == ERR_OK) {
        e = sqlite_step_number(db, s, 0, &number);
    }
    sqlite3_finalize(s);
    *version = (int)number;
    return e;
}

static enum err migrate(sqlite3 *db, const struct sqlite_schema *schema, int version)
{
    enum err e = ERR_OK;
    for (; version < schema->version && e == ERR_OK; version++) {
        char stamp[64];
        snprintf(stamp, sizeof stamp, "PRAGMA user_version = %d", version + 1);
        e = sqlite_run(db, "BEGIN IMMEDIATE");
        e = e != ERR_OK ? e : sqlite_run(db, schema->migrations[version]);
        e = e != ERR_OK ? e : sqlite_run(db, stamp);
        e = e != ERR_OK ? e : sqlite_run(db, "COMMIT");
        if (e != ERR_OK && !sqlite3_get_autocommit(db)) {
            sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        }
    }
    return e;
}

static enum err check_version(int version, const struct sqlite_schema *schema,
                              bool reader, struct diag *d)
{
    if (version > schema->version) {
        diag_set(d, "written by a newer program (version %d, this one knows %d)", version,
                 schema->version);
        return ERR_NEWER;
    }
    if (reader && version == 0) {
        diag_set(d, "nothing is in it yet: start the hub once");
        return ERR_ABSENT;
    }
    if (reader && version < schema->version) {
        diag_set(d, "of an older version (%d, this program needs %d): start the hub once",
                 version, schema->version);
        return ERR_NEWER;
    }
    return ERR_OK;
}

static enum err open_handle(const char *path, int flags, sqlite3 **out, struct diag *d)
{
    sqlite_setup();
    if (d != NULL) {
        text_copy(d->source, sizeof d->source, path);
    }
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        enum err e = db != NULL ? sqlite_err(db, d) : ERR_MEMORY;
        sqlite3_close(db);
        return e;
    }
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, BUSY_MS);
    *out = db;
    return ERR_OK;
}

static enum err set_up_writer(sqlite3 *db, const struct sqlite_schema *schema,
                              struct diag *d)
{
    char pragmas[256];
    snprintf(pragmas, sizeof pragmas,
             "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"
             "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
             "PRAGMA cache_size=-%d; PRAGMA temp_store=MEMORY",
             schema->cache_kib);
    int version = 0;
    enum err e = sqlite_run(db, pragmas);
    e = e != ERR_OK ? e : read_version(db, &version);
    if (e != ERR_OK) {
        return sqlite_err(db, d);
    }
    e = check_version(version, schema, false, d);
    if (e == ERR_OK && migrate(db, schema, version) != ERR_OK) {
        e = sqlite_err(db, d);
        e = e == ERR_OK ? ERR_INTERNAL : e;
    }
    return e;
}

enum err sqlite_open_writer(const char *path, const struct sqlite_schema *schema,
                            sqlite3 **out, struct diag *d)
{
    sqlite3 *db = NULL;
    mode_t before = umask(0077); /* SQLite makes its files 0644 less this */
    enum err e = open_handle(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &db, d);
    if (e == ERR_OK) {
        e = set_up_writer(db, schema, d);
    }
    umask(before);
    if (e != ERR_OK) {
        sqlite3_close(db);
        return e;
    }
    *out = db;
    return ERR_OK;
}

enum err sqlite_open_reader(const char *path, const struct sqlite_schema *schema,
                            sqlite3 **out, struct diag *d)
{
    if (access(path, F_OK) != 0) {
        diag_set(d, "there is no %s: has the hub run here?", path);
        return ERR_ABSENT;
    }
    sqlite3 *db = NULL;
    int version = 0;
    enum err e = open_handle(path, SQLITE_OPEN_READONLY, &db, d);
    if (e == ERR_OK) {
        /* a reader walks on: what it needs again is in the machine's cache */
        e = sqlite_run(db, "PRAGMA cache_size=-768");
        e = e != ERR_OK ? e : read_version(db, &version);
        e = e != ERR_OK ? sqlite_err(db, d) : check_version(version, schema, true, d);
    }
    if (e != ERR_OK) {
        sqlite3_close(db);
        return e;
    }
    *out = db;
    return ERR_OK;
}
