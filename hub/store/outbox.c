/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/outbox_sql.h"

#include "store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const migrations[] = {
    "CREATE TABLE progress(id INTEGER PRIMARY KEY CHECK(id = 1), epoch INTEGER NOT NULL,"
    "  change INTEGER NOT NULL);"
    "CREATE TABLE datasets(dataset TEXT PRIMARY KEY, fingerprint BLOB NOT NULL)"
    "  WITHOUT ROWID;"
    "CREATE TABLE dirty(dataset TEXT NOT NULL, period TEXT NOT NULL,"
    "  PRIMARY KEY(dataset, period)) WITHOUT ROWID;"
    "CREATE TABLE files(dataset TEXT NOT NULL, path TEXT NOT NULL, period TEXT NOT NULL,"
    "  city TEXT NOT NULL, parameter TEXT NOT NULL, rows INTEGER NOT NULL,"
    "  bytes INTEGER NOT NULL, hash BLOB NOT NULL, first_us INTEGER NOT NULL,"
    "  last_us INTEGER NOT NULL, PRIMARY KEY(dataset, path)) WITHOUT ROWID;"
    "CREATE TABLE pushes(dataset TEXT NOT NULL, target TEXT NOT NULL,"
    "  state INTEGER NOT NULL, wanted BLOB NOT NULL, key BLOB NOT NULL,"
    "  attempts INTEGER NOT NULL, next_us INTEGER NOT NULL, success_us INTEGER NOT NULL,"
    "  verified_us INTEGER NOT NULL, sentence TEXT NOT NULL,"
    "  PRIMARY KEY(target, dataset)) WITHOUT ROWID;"
    "CREATE TABLE ledger(dataset TEXT NOT NULL, target TEXT NOT NULL,"
    "  name TEXT NOT NULL, id TEXT NOT NULL, rows INTEGER NOT NULL,"
    "  bytes INTEGER NOT NULL, sent BLOB NOT NULL, read BLOB, stamp TEXT NOT NULL,"
    "  sent_us INTEGER NOT NULL,"
    "  PRIMARY KEY(dataset, target, name)) WITHOUT ROWID;",
};
static const struct sqlite_schema schema = {
    .migrations = migrations,
    .version = sizeof migrations / sizeof *migrations,
    .cache_kib = 2048,
};

#define PUSH_COLUMNS                                                                     \
    "dataset,target,state,wanted,key,attempts,next_us,success_us,verified_us,sentence"

static const char *const texts[STATEMENTS] = {
    [GET_PROGRESS] = "SELECT epoch,change FROM progress",
    [PUT_PROGRESS] = "INSERT OR REPLACE INTO progress VALUES(1,?,?)",
    [GET_FINGERPRINT] = "SELECT fingerprint FROM datasets WHERE dataset=?",
    [PUT_FINGERPRINT] = "INSERT OR REPLACE INTO datasets VALUES(?,?)",
    [PUT_DIRTY] = "INSERT OR IGNORE INTO dirty VALUES(?,?)",
    [DELETE_DIRTY] = "DELETE FROM dirty WHERE dataset=? AND period=?",
    [ALL_DIRTY] = "SELECT period FROM dirty WHERE dataset=? ORDER BY period",
    [PUT_FILE] = "INSERT OR REPLACE INTO files(dataset,path,period,city,parameter,rows,"
                 "bytes,hash,first_us,last_us) VALUES(?,?,?,?,?,?,?,?,?,?)",
    [DELETE_FILE] = "DELETE FROM files WHERE dataset=? AND path=?",
    [ALL_FILES] = "SELECT dataset,path,period,city,parameter,rows,bytes,hash,first_us,"
                  "last_us FROM files WHERE dataset=?1 AND (?2 IS NULL OR period=?2) "
                  "ORDER BY period,city,parameter",
    [GET_PUSH] = "SELECT " PUSH_COLUMNS " FROM pushes WHERE dataset=? AND target=?",
    [PUT_PUSH] =
        "INSERT OR REPLACE INTO pushes(" PUSH_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?,?)",
    [DELETE_PUSH] = "DELETE FROM pushes WHERE dataset=? AND target=?",
    [DELETE_LEDGER] = "DELETE FROM ledger WHERE dataset=? AND target=?",
    [ALL_PUSHES] = "SELECT " PUSH_COLUMNS " FROM pushes ORDER BY target,dataset",
    [PUT_RESOURCE] = "INSERT OR REPLACE INTO ledger(dataset,target,name,id,rows,bytes,"
                     "sent,read,stamp,sent_us) VALUES(?,?,?,?,?,?,?,?,?,?)",
    [DELETE_RESOURCE] = "DELETE FROM ledger WHERE dataset=? AND target=? AND name=?",
    [ALL_RESOURCES] =
        "SELECT dataset,target,name,id,rows,bytes,sent,read,stamp,sent_us FROM "
        "ledger WHERE dataset=? AND target=? ORDER BY name",
};

enum err outbox_open(const char *folder, bool read_only, struct outbox **out,
                     struct diag *d)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/outbox.db", folder);
    struct outbox *o = calloc(1, sizeof *o);
    if (o == NULL) {
        return ERR_MEMORY;
    }
    enum err e = read_only ? sqlite_open_reader(path, &schema, &o->db, d)
                           : sqlite_open_writer(path, &schema, &o->db, d);
    if (e == ERR_OK && !read_only) { /* nobody else moves its log into it */
        e = sqlite_run(o->db, "PRAGMA wal_autocheckpoint=1000");
    }
    if (e != ERR_OK) {
        outbox_close(o);
        return e;
    }
    *out = o;
    return ERR_OK;
}

void outbox_close(struct outbox *o)
{
    if (o == NULL) {
        return;
    }
    for (size_t i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(o->statements[i]);
    }
    sqlite3_close(o->db);
    free(o);
}

enum err outbox_begin(struct outbox *o)
{
    return sqlite_run(o->db, "BEGIN IMMEDIATE");
}

enum err outbox_commit(struct outbox *o)
{
    enum err e = sqlite_run(o->db, "COMMIT");
    if (e != ERR_OK) {
        outbox_rollback(o);
    }
    return e;
}

void outbox_rollback(struct outbox *o)
{
    if (!sqlite3_get_autocommit(o->db)) {
        sqlite3_exec(o->db, "ROLLBACK", NULL, NULL, NULL);
    }
}

sqlite3_stmt *outbox_statement(struct outbox *o, enum statement which)
{
    if (o->statements[which] == NULL) {
        sqlite3_prepare_v3(o->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT,
                           &o->statements[which], NULL);
    }
    return o->statements[which];
}

void outbox_bind_text(sqlite3_stmt *s, int at, const char *text)
{
    sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

void outbox_bind_hash(sqlite3_stmt *s, int at, const struct hash *h)
{
    sqlite3_bind_blob(s, at, h->bytes, HASH_SIZE, SQLITE_STATIC);
}

enum err outbox_finish(sqlite3_stmt *s, int code)
{
    if (s == NULL) {
        return ERR_IO;
    }
    bool failed = code != SQLITE_DONE && code != SQLITE_ROW;
    enum err e = failed ? sqlite_err(sqlite3_db_handle(s), NULL) : ERR_OK;
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return e;
}

enum err outbox_run(sqlite3_stmt *s)
{
    return outbox_finish(s, s == NULL ? SQLITE_ERROR : sqlite3_step(s));
}

bool outbox_column_hash(sqlite3_stmt *s, int at, struct hash *out)
{
    memset(out, 0, sizeof *out);
    if (sqlite3_column_bytes(s, at) != HASH_SIZE) {
        return false;
    }
    memcpy(out->bytes, sqlite3_column_blob(s, at), HASH_SIZE);
    return true;
}

enum err outbox_get_progress(struct outbox *o, struct outbox_progress *out)
{
    sqlite3_stmt *s = outbox_statement(o, GET_PROGRESS);
    struct outbox_progress p = {0, 0};
    int code = s == NULL ? SQLITE_ERROR : sqlite3_step(s);
    if (code == SQLITE_ROW) {
        p.epoch = sqlite3_column_int64(s, 0);
        p.change = sqlite3_column_int64(s, 1);
    }
    enum err e = outbox_finish(s, code);
    if (e == ERR_OK) {
        *out = p;
    }
    return e;
}

enum err outbox_put_progress(struct outbox *o, const struct outbox_progress *p)
{
    sqlite3_stmt *s = outbox_statement(o, PUT_PROGRESS);
    sqlite3_bind_int64(s, 1, p->epoch);
    sqlite3_bind_int64(s, 2, p->change);
    return outbox_run(s);
}

enum err outbox_get_fingerprint(struct outbox *o, const char *dataset, struct hash *out)
{
    sqlite3_stmt *s = outbox_statement(o, GET_FINGERPRINT);
    struct hash h;
    outbox_bind_text(s, 1, dataset);
    int code = s == NULL ? SQLITE_ERROR : sqlite3_step(s);
    bool found = code == SQLITE_ROW && outbox_column_hash(s, 0, &h);
    enum err e = outbox_finish(s, code);
    if (e == ERR_OK && found) {
        *out = h;
    }
    return e == ERR_OK && !found ? ERR_ABSENT : e;
}

enum err outbox_put_fingerprint(struct outbox *o, const char *dataset,
                                const struct hash *h)
{
    sqlite3_stmt *s = outbox_statement(o, PUT_FINGERPRINT);
    outbox_bind_text(s, 1, dataset);
    outbox_bind_hash(s, 2, h);
    return outbox_run(s);
}

enum err outbox_run_named(struct outbox *o, enum statement which, const char *first,
                          const char *second, const char *third)
{
    sqlite3_stmt *s = outbox_statement(o, which);
    outbox_bind_text(s, 1, first);
    outbox_bind_text(s, 2, second);
    if (third != NULL) {
        outbox_bind_text(s, 3, third);
    }
    return outbox_run(s);
}

enum err outbox_put_dirty(struct outbox *o, const char *dataset, const char *period)
{
    return outbox_run_named(o, PUT_DIRTY, dataset, period, NULL);
}

enum err outbox_delete_dirty(struct outbox *o, const char *dataset, const char *period)
{
    return outbox_run_named(o, DELETE_DIRTY, dataset, period, NULL);
}

enum err outbox_dirty(struct outbox *o, const char *dataset, void *arg,
                      void (*row)(void *arg, const char *period))
{
    sqlite3_stmt *s = outbox_statement(o, ALL_DIRTY);
    int code = SQLITE_ERROR;
    outbox_bind_text(s, 1, dataset);
    while (s != NULL && (code = sqlite3_step(s)) == SQLITE_ROW) {
        row(arg, sqlite_text(s, 0));
    }
    return outbox_finish(s, code);
}

enum err outbox_put_file(struct outbox *o, const struct outbox_file *f)
{
    sqlite3_stmt *s = outbox_statement(o, PUT_FILE);
    outbox_bind_text(s, 1, f->dataset);
    outbox_bind_text(s, 2, f->path);
    outbox_bind_text(s, 3, f->period);
    outbox_bind_text(s, 4, f->city);
    outbox_bind_text(s, 5, f->parameter);
    sqlite3_bind_int64(s, 6, f->rows);
    sqlite3_bind_int64(s, 7, f->bytes);
    outbox_bind_hash(s, 8, &f->hash);
    sqlite3_bind_int64(s, 9, f->first_us);
    sqlite3_bind_int64(s, 10, f->last_us);
    return outbox_run(s);
}

enum err outbox_delete_file(struct outbox *o, const char *dataset, const char *path)
{
    return outbox_run_named(o, DELETE_FILE, dataset, path, NULL);
}

enum err outbox_files(struct outbox *o, const char *dataset, const char *period,
                      void *arg, void (*row)(void *arg, const struct outbox_file *f))
{
    sqlite3_stmt *s = outbox_statement(o, ALL_FILES);
    int code = SQLITE_ERROR;
    outbox_bind_text(s, 1, dataset);
    outbox_bind_text(s, 2, period);
    while (s != NULL && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct outbox_file f = {.dataset = sqlite_text(s, 0),
                                .path = sqlite_text(s, 1),
                                .period = sqlite_text(s, 2),
                                .city = sqlite_text(s, 3),
                                .parameter = sqlite_text(s, 4),
                                .rows = sqlite3_column_int64(s, 5),
                                .bytes = sqlite3_column_int64(s, 6),
                                .first_us = sqlite3_column_int64(s, 8),
                                .last_us = sqlite3_column_int64(s, 9)};
        outbox_column_hash(s, 7, &f.hash);
        row(arg, &f);
    }
    return outbox_finish(s, code);
}
