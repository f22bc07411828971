/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/backup.h"

#include "base/text.h"
#include "store/inbox_schema.h"
#include "store/schema.h"
#include "store/sqlite.h"
#include "store/store.h"
#include "store/writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 1024, PART_PAGES = 2048, VIEWS_TRIED = 50 };

enum { HUB, INBOX, OUTBOX };

const char *const store_backup_files[STORE_BACKUP_FILES] = {
    [HUB] = "hub.db",
    [INBOX] = "inbox.db",
    [OUTBOX] = "outbox.db",
};

struct views {
    sqlite3 *db[STORE_BACKUP_FILES];
};

static void path_of(const char *folder, int file, char to[PATH_SIZE])
{
    snprintf(to, PATH_SIZE, "%s/%s", folder, store_backup_files[file]);
}

static void tell(const struct store_backup_watch *w, int file, int64_t done, int64_t of)
{
    if (w != NULL) {
        w->step(w->arg, store_backup_files[file], done, of);
    }
}

/* The outbox has a version of its own, which is not looked at: it is copied as it is. */
static enum err open_plain(const char *path, int flags, sqlite3 **out, struct diag *d)
{
    sqlite3 *db = NULL;
    sqlite_setup();
    if (d != NULL) {
        text_copy(d->source, sizeof d->source, path);
    }
    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        enum err e = db != NULL ? sqlite_err(db, d) : ERR_MEMORY;
        sqlite3_close(db);
        return e;
    }
    enum { BUSY_MS = 10000 };
    sqlite3_busy_timeout(db, BUSY_MS);
    *out = db;
    return ERR_OK;
}

static enum err ask_number(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *s = NULL;
    sqlite3_int64 number = 0;
    enum err e = sqlite_prepare(db, sql, &s);
    e = e != ERR_OK ? e : sqlite_step_number(db, s, 0, &number);
    sqlite3_finalize(s);
    *out = e == ERR_OK ? number : *out;
    return e;
}

static enum err ask_store(sqlite3 *db, enum store_number n, int64_t *out)
{
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT value FROM numbers WHERE name = %d", (int)n);
    return ask_number(db, sql, out);
}

/* --- the views --- */

static enum err open_sources(const char *from, struct views *v, struct diag *d)
{
    char path[PATH_SIZE];
    path_of(from, HUB, path);
    enum err e = sqlite_open_reader(path, &hub_schema, &v->db[HUB], d);
    path_of(from, INBOX, path);
    e = e != ERR_OK ? e : sqlite_open_reader(path, &inbox_schema, &v->db[INBOX], d);
    path_of(from, OUTBOX, path);
    if (e == ERR_OK && access(path, F_OK) == 0) {
        e = open_plain(path, SQLITE_OPEN_READONLY, &v->db[OUTBOX], d);
    }
    return e;
}

/* A view begins with the first thing that is read in it. */
static enum err view_hub(sqlite3 *db, struct store_backup_facts *f)
{
    enum err e = sqlite_run(db, "BEGIN");
    e = e != ERR_OK ? e : ask_store(db, STORE_EPOCH, &f->epoch);
    e = e != ERR_OK ? e : ask_store(db, STORE_CURSOR, &f->cursor);
    return e != ERR_OK ? e : ask_store(db, STORE_FLOOR, &f->floor);
}

static enum err view_inbox(sqlite3 *db, struct store_backup_facts *f)
{
    enum err e = sqlite_run(db, "BEGIN");
    return e != ERR_OK
               ? e
               : ask_number(db, "SELECT seq FROM sqlite_sequence WHERE name = 'messages'",
                            &f->last);
}

static enum err try_views(const struct views *v, const struct store_backup_watch *w,
                          struct store_backup_facts *f, struct diag *d)
{
    enum err e = view_hub(v->db[HUB], f);
    if (e != ERR_OK) {
        return sqlite_err(v->db[HUB], d);
    }
    tell(w, HUB, 0, 0);
    e = view_inbox(v->db[INBOX], f);
    if (e != ERR_OK) {
        return sqlite_err(v->db[INBOX], d);
    }
    tell(w, INBOX, 0, 0);
    return ERR_OK;
}

/* ERR_OK with *held false: the hub gave up messages between the two views. */
static enum err views_hold(const char *from, int64_t floor, bool *held, struct diag *d)
{
    struct store_reader *now = NULL;
    int64_t floor_now = 0;
    enum err e = store_reader_open(from, &now, d);
    e = e != ERR_OK ? e : store_floor(now, &floor_now);
    store_reader_close(now);
    *held = e == ERR_OK && floor_now == floor;
    return e;
}

static enum err open_views(const char *from, const struct views *v,
                           const struct store_backup_watch *w,
                           struct store_backup_facts *f, struct diag *d)
{
    for (int tried = 0; tried < VIEWS_TRIED; tried++) {
        bool held = false;
        *f = (struct store_backup_facts){0};
        enum err e = try_views(v, w, f, d);
        e = e != ERR_OK ? e : views_hold(from, f->floor, &held, d);
        if (e == ERR_OK && held && f->cursor > f->last) {
            diag_set(d, "hub.db is ahead of inbox.db: a back-up of them is of no use");
            return ERR_DAMAGED;
        }
        if (e != ERR_OK || held) {
            return e;
        }
        e = sqlite_run(v->db[INBOX], "ROLLBACK");
        e = e != ERR_OK ? e : sqlite_run(v->db[HUB], "ROLLBACK");
        if (e != ERR_OK) {
            return e;
        }
    }
    diag_set(d, "the hub gives up old messages without a pause: try again later");
    return ERR_BUSY;
}

/* --- the copies --- */

/* In parts only for the progress: the view that db holds keeps it from starting again
 * when the hub writes. */
static enum err copy_pages(sqlite3 *db, sqlite3 *to, int file,
                           const struct store_backup_watch *w, struct diag *d)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", db, "main");
    if (b == NULL) {
        return sqlite_err(to, d);
    }
    int code;
    do {
        code = sqlite3_backup_step(b, PART_PAGES);
        int of = sqlite3_backup_pagecount(b);
        tell(w, file, of - sqlite3_backup_remaining(b), of);
    } while (code == SQLITE_OK);
    code = sqlite3_backup_finish(b);
    if (code == SQLITE_OK) {
        return ERR_OK;
    }
    enum err e = sqlite_err(to, d);
    diag_set(d, "%s can't be copied: %s", store_backup_files[file], sqlite3_errstr(code));
    return e != ERR_OK ? e : ERR_IO;
}

static enum err check_sound(sqlite3 *db, struct diag *d)
{
    sqlite3_stmt *s = NULL;
    enum err e = sqlite_prepare(db, "PRAGMA integrity_check(1)", &s);
    if (e != ERR_OK) {
        return sqlite_err(db, d);
    }
    if (sqlite3_step(s) != SQLITE_ROW) {
        e = sqlite_err(db, d);
    } else if (strcmp(sqlite_text(s, 0), "ok") != 0) {
        diag_set(d, "damaged: %s", sqlite_text(s, 0));
        e = ERR_DAMAGED;
    }
    sqlite3_finalize(s);
    return e;
}

static enum err sync_file(const char *path, struct diag *d)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool failed = fd < 0 || fsync(fd) != 0;
    if (fd >= 0) {
        close(fd);
    }
    if (failed) {
        diag_set(d, "%s can't be synced", path);
    }
    return failed ? ERR_IO : ERR_OK;
}

static enum err copy_file(sqlite3 *db, const char *to, int file,
                          const struct store_backup_watch *w, struct diag *d)
{
    char path[PATH_SIZE];
    sqlite3 *copy = NULL;
    path_of(to, file, path);
    enum err e = open_plain(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &copy, d);
    if (e != ERR_OK) {
        return e;
    }
    /* nobody sees the copy before it is whole: it needs no journal, and one sync */
    e = sqlite_run(copy, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF");
    e = e != ERR_OK ? sqlite_err(copy, d) : copy_pages(db, copy, file, w, d);
    if (e == ERR_OK && sqlite_run(copy, "PRAGMA journal_mode=DELETE") != ERR_OK) {
        e = sqlite_err(copy, d);
    }
    e = e != ERR_OK ? e : check_sound(copy, d);
    sqlite3_close(copy);
    return e != ERR_OK ? e : sync_file(path, d);
}

enum err store_backup_copy(const char *from, const char *to,
                           const struct store_backup_watch *watch,
                           struct store_backup_facts *out, struct diag *d)
{
    struct views v = {{NULL}};
    struct store_backup_facts facts;
    enum err e = open_sources(from, &v, d);
    e = e != ERR_OK ? e : open_views(from, &v, watch, &facts, d);
    for (int file = 0; file < STORE_BACKUP_FILES && e == ERR_OK; file++) {
        if (file == OUTBOX && v.db[OUTBOX] != NULL) {
            e = sqlite_run(v.db[OUTBOX], "BEGIN");
        }
        if (e == ERR_OK && v.db[file] != NULL) {
            e = copy_file(v.db[file], to, file, watch, d);
        }
        /* what is copied need not hold up the log any more */
        sqlite3_close(v.db[file]);
        v.db[file] = NULL;
    }
    for (int file = 0; file < STORE_BACKUP_FILES; file++) {
        sqlite3_close(v.db[file]);
    }
    if (e == ERR_OK) {
        *out = facts;
    }
    return e;
}

/* --- back to life --- */

static enum err new_epoch(sqlite3 *db, int64_t *epoch)
{
    int64_t before = 0;
    enum err e = ask_store(db, STORE_EPOCH, &before);
    *epoch = before;
    while (e == ERR_OK && *epoch == before) {
        e = sqlite_run(db, "INSERT OR REPLACE INTO numbers"
                           " VALUES(2, random() & 0x7FFFFFFFFFFFFFFF)");
        e = e != ERR_OK ? e : ask_store(db, STORE_EPOCH, epoch);
    }
    return e;
}
_Static_assert(STORE_EPOCH == 2, "as the statement above has it");

static enum err break_sessions(sqlite3 *db, int64_t taken_us, int64_t now_us)
{
    static const char *const steps[] = {
        "UPDATE connections SET ended = ?1 WHERE ended IS NULL",
        "INSERT INTO holes SELECT DISTINCT source, ?1, ?2 FROM connections"
        " WHERE session > 0",
        "INSERT INTO connections(source, session, connected, ended, present)"
        " SELECT source, max(session) + 1, ?2, ?2, 0 FROM connections"
        " WHERE session > 0 GROUP BY source",
    };
    enum err e = sqlite_run(db, "BEGIN IMMEDIATE");
    for (size_t k = 0; k < sizeof steps / sizeof *steps && e == ERR_OK; k++) {
        sqlite3_stmt *s = NULL;
        e = sqlite_prepare(db, steps[k], &s);
        if (e == ERR_OK) {
            sqlite3_bind_int64(s, 1, taken_us);
            sqlite3_bind_int64(s, 2, now_us);
            e = sqlite_step_done(db, s);
        }
        sqlite3_finalize(s);
    }
    return e != ERR_OK ? e : sqlite_run(db, "COMMIT");
}

static enum err revive_inbox(const char *folder, int64_t taken_us, int64_t now_us,
                             struct diag *d)
{
    char path[PATH_SIZE];
    sqlite3 *db = NULL;
    path_of(folder, INBOX, path);
    enum err e = sqlite_open_writer(path, &inbox_schema, &db, d);
    e = e != ERR_OK ? e : check_sound(db, d);
    if (e == ERR_OK && break_sessions(db, taken_us, now_us) != ERR_OK) {
        e = sqlite_err(db, d);
    }
    sqlite3_close(db);
    return e != ERR_OK ? e : sync_file(path, d);
}

enum err store_backup_revive(const char *folder, int64_t taken_us, int64_t now_us,
                             int64_t *epoch, struct diag *d)
{
    char path[PATH_SIZE];
    sqlite3 *db = NULL;
    int64_t number = 0;
    enum err e = revive_inbox(folder, taken_us, now_us, d);
    path_of(folder, HUB, path);
    e = e != ERR_OK ? e : sqlite_open_writer(path, &hub_schema, &db, d);
    e = e != ERR_OK ? e : check_sound(db, d);
    if (e == ERR_OK && new_epoch(db, &number) != ERR_OK) {
        e = sqlite_err(db, d);
    }
    sqlite3_close(db);
    e = e != ERR_OK ? e : sync_file(path, d);
    if (e == ERR_OK) {
        *epoch = number;
    }
    return e;
}
