/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/hash.h"
#include "store/audit.h"
#include "store/sqlite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const audit_database_names[AUDIT_DATABASES] = {"hub.db", "inbox.db",
                                                           "outbox.db"};

static enum err open_database(const char *folder, enum audit_database which,
                              sqlite3 **out)
{
    char path[1100];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, audit_database_names[which]);
    if (access(path, F_OK) != 0) {
        return ERR_ABSENT;
    }
    sqlite_setup();
    int code =
        sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        sqlite3_close(db);
        return code == SQLITE_NOMEM ? ERR_MEMORY : ERR_IO;
    }
    enum { BUSY_MS = 10000 };
    sqlite3_busy_timeout(db, BUSY_MS);
    *out = db;
    return ERR_OK;
}

enum err audit_integrity(const char *folder, enum audit_database which, bool *sound,
                         struct diag *d)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    enum err e = open_database(folder, which, &db);
    if (e != ERR_OK) {
        return e;
    }
    e = sqlite_prepare(db, "PRAGMA integrity_check(1)", &q);
    int step = e == ERR_OK ? sqlite3_step(q) : SQLITE_DONE;
    if (step == SQLITE_ROW) {
        const char *first = sqlite_text(q, 0);
        *sound = strcmp(first, "ok") == 0;
        diag_set(d, "%s", first);
    } else {
        e = sqlite_err(db, d);
    }
    if (e == ERR_DAMAGED) { /* the answer, not a failure to ask */
        *sound = false;
        e = ERR_OK;
    }
    sqlite3_finalize(q);
    sqlite3_close(db);
    return e;
}

/* --- files --- */

enum { PATH_SIZE = 240, LOOKS_MOST = 20 };

struct look {
    sqlite3_stmt *now; /* on a connection of its own: it sees what came meanwhile */
    sqlite3 *db;
    sqlite3_int64 epoch; /* of hub.db */
    const char *folder, *dataset, *path;
};

enum state { STATE_SAME, STATE_UNDER_WORK, STATE_WRONG };

/* What is noted of the file now. *known false: nothing any more. */
static enum err note_of(const struct look *l, struct hash *hash, bool *known, bool *dirty)
{
    sqlite3_bind_text(l->now, 1, l->dataset, -1, SQLITE_STATIC);
    sqlite3_bind_text(l->now, 2, l->path, -1, SQLITE_STATIC);
    sqlite3_bind_int64(l->now, 3, l->epoch);
    int step = sqlite3_step(l->now);
    enum err e =
        step == SQLITE_ROW || step == SQLITE_DONE ? ERR_OK : sqlite_err(l->db, NULL);
    *known = step == SQLITE_ROW;
    if (step == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(l->now, 0);
        memset(hash, 0, sizeof *hash);
        if (bytes != NULL && sqlite3_column_bytes(l->now, 0) == HASH_SIZE) {
            memcpy(hash->bytes, bytes, HASH_SIZE);
        }
        *dirty = sqlite3_column_int(l->now, 1) != 0;
    }
    sqlite3_reset(l->now);
    return e;
}

/* A file is renamed first and noted then, and until then its dataset is marked as to be
 * written again: only a difference that is neither marked nor noted meanwhile is one.
 * What was noted of a store of another epoch, before a restore, is all to be written
 * again. */
static enum err judge_file(const struct look *l, enum state *state, bool *is_there)
{
    char whole[1400];
    struct hash noted;
    struct hash seen = {{0}};
    struct hash after;
    bool known = true;
    bool dirty = false;
    snprintf(whole, sizeof whole, "%s/export/%s", l->folder, l->path);
    enum err e = note_of(l, &noted, &known, &dirty);
    *state = STATE_UNDER_WORK;
    for (int i = 0; i < LOOKS_MOST && e == ERR_OK && known; i++) {
        enum err of_file = hash_file(whole, &seen);
        *is_there = of_file == ERR_OK;
        if (of_file == ERR_OK && memcmp(&seen, &noted, sizeof seen) == 0) {
            *state = STATE_SAME;
            return ERR_OK;
        }
        e = note_of(l, &after, &known, &dirty);
        if (e == ERR_OK && known && memcmp(&after, &noted, sizeof after) == 0) {
            *state = dirty ? STATE_UNDER_WORK : STATE_WRONG;
            return ERR_OK;
        }
        noted = after;
    }
    return e;
}

static enum err judge_files(struct look *l, sqlite3 *db, sqlite3_stmt *all,
                            struct audit_files *f)
{
    int step;
    while ((step = sqlite3_step(all)) == SQLITE_ROW) {
        enum state state = STATE_SAME;
        bool is_there = false;
        l->dataset = sqlite_text(all, 0);
        l->path = sqlite_text(all, 1);
        enum err e = judge_file(l, &state, &is_there);
        if (e != ERR_OK) {
            return e;
        }
        f->files++;
        f->under_work += state == STATE_UNDER_WORK;
        if (state == STATE_WRONG && f->wrong++ == 0) {
            snprintf(f->first, sizeof f->first, "export/%.*s", PATH_SIZE, l->path);
            f->is_there = is_there;
        }
    }
    return step == SQLITE_DONE ? ERR_OK : sqlite_err(db, NULL);
}

static enum err read_epoch(const char *folder, sqlite3_int64 *epoch)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    enum err e = open_database(folder, AUDIT_HUB, &db);
    e = e != ERR_OK ? e
                    : sqlite_prepare(db, "SELECT value FROM numbers WHERE name = 2", &q);
    e = e != ERR_OK ? e : sqlite_step_number(db, q, 0, epoch);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return e;
}

enum err audit_files(const char *folder, struct audit_files *out)
{
    static const char now[] =
        "SELECT hash, EXISTS(SELECT 1 FROM dirty d WHERE d.dataset = f.dataset) OR"
        " NOT EXISTS(SELECT 1 FROM progress WHERE epoch = ?3)"
        " FROM files f WHERE dataset = ?1 AND path = ?2";
    struct look l = {.folder = folder};
    struct audit_files f = {.files = 0};
    sqlite3 *db = NULL;
    sqlite3_stmt *all = NULL;
    enum err e = open_database(folder, AUDIT_OUTBOX, &db);
    e = e != ERR_OK ? e : open_database(folder, AUDIT_OUTBOX, &l.db);
    e = e != ERR_OK ? e : read_epoch(folder, &l.epoch);
    e = e != ERR_OK
            ? e
            : sqlite_prepare(db, "SELECT dataset, path FROM files ORDER BY path", &all);
    e = e != ERR_OK ? e : sqlite_prepare(l.db, now, &l.now);
    e = e != ERR_OK ? e : judge_files(&l, db, all, &f);
    sqlite3_finalize(all);
    sqlite3_finalize(l.now);
    sqlite3_close(l.db);
    sqlite3_close(db);
    if (e == ERR_OK) {
        *out = f;
    }
    return e;
}
