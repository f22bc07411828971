/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/inbox.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/inbox_schema.h"
#include "store/sqlite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    CHECKPOINT_PAGES = 2000, /* of 4 KiB: the log is emptied at about 8 MB */
    FAILED_KEPT = 64,        /* a gate asks within milliseconds */
};

struct inbox {
    sqlite3 *db;
    sqlite3_stmt *put, *begin, *commit;
    pthread_mutex_t mutex; /* guards all below and db */
    pthread_cond_t changed;
    uint64_t transaction; /* open, or the next one */
    bool open, spoilt;
    uint64_t failed[FAILED_KEPT]; /* the last that were rolled back */
    size_t failed_count;
    int64_t last, last_put; /* ids: committed, put */
    int log_pages;          /* in the write-ahead log */
    bool woken;
};

static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    ((struct inbox *)arg)->log_pages = pages;
    return SQLITE_OK;
}

static enum err read_last(struct inbox *i)
{
    sqlite3_stmt *s = NULL;
    sqlite3_int64 last = 0;
    /* ids are never used twice: the last one counts even if its message was given up */
    enum err e = sqlite_prepare(
        i->db, "SELECT seq FROM sqlite_sequence WHERE name = 'messages'", &s);
    e = e != ERR_OK ? e : sqlite_step_number(i->db, s, 0, &last);
    sqlite3_finalize(s);
    i->last = i->last_put = last;
    return e;
}

static void init_sync(struct inbox *i)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&i->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&i->mutex, NULL);
}

enum err inbox_open(const char *folder, struct inbox **out, struct diag *d)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/inbox.db", folder);
    struct inbox *i = calloc(1, sizeof *i);
    if (i == NULL) {
        return ERR_MEMORY;
    }
    init_sync(i);
    i->transaction = 1;
    enum err e = sqlite_open_writer(path, &inbox_schema, &i->db, d);
    if (e == ERR_OK) {
        sqlite3_wal_hook(i->db, on_commit, i);
        i->log_pages = CHECKPOINT_PAGES; /* what an earlier run left */
        e = sqlite_prepare(i->db, "BEGIN IMMEDIATE", &i->begin);
        e = e != ERR_OK ? e : sqlite_prepare(i->db, "COMMIT", &i->commit);
        e = e != ERR_OK
                ? e
                : sqlite_prepare(i->db,
                                 "INSERT INTO messages(connection, arrival, packet, "
                                 "flags, full_size, topic, payload) "
                                 "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                                 &i->put);
        e = e != ERR_OK ? e : read_last(i);
    }
    if (e != ERR_OK) {
        inbox_close(i);
        return e;
    }
    *out = i;
    return ERR_OK;
}

void inbox_close(struct inbox *i)
{
    if (i == NULL) {
        return;
    }
    if (i->open && inbox_commit(i, i->transaction) != ERR_OK) {
        log_line(LOG_ERROR, "inbox",
                 "the last messages could not be kept; the broker "
                 "was not told otherwise and sends them again");
    }
    sqlite3_finalize(i->put);
    sqlite3_finalize(i->begin);
    sqlite3_finalize(i->commit);
    sqlite3_close(i->db);
    pthread_cond_destroy(&i->changed);
    pthread_mutex_destroy(&i->mutex);
    free(i);
}

static enum err ensure_open(struct inbox *i)
{
    if (i->open) {
        /* SQLite may have rolled back by itself: nothing may be put outside of it */
        return i->spoilt ? ERR_IO : ERR_OK;
    }
    i->open = true;
    i->spoilt = false;
    return sqlite_step_done(i->db, i->begin);
}

static enum err put_row(struct inbox *i, int64_t connection, const struct message *m)
{
    sqlite3_stmt *s = i->put;
    int flags = (m->dup ? INBOX_DUP : 0) | (m->retained ? INBOX_RETAINED : 0);
    sqlite3_bind_int64(s, 1, connection);
    sqlite3_bind_int64(s, 2, m->arrival_us);
    sqlite3_bind_int(s, 3, m->packet_id);
    sqlite3_bind_int(s, 4, flags);
    if (m->full_size > m->size) {
        sqlite3_bind_int64(s, 5, (sqlite3_int64)m->full_size);
    } else {
        sqlite3_bind_null(s, 5);
    }
    sqlite3_bind_text(s, 6, m->topic, -1, SQLITE_STATIC);
    if (m->size > 0) {
        sqlite3_bind_blob64(s, 7, m->payload, m->size, SQLITE_STATIC);
    } else {
        sqlite3_bind_zeroblob(s, 7, 0);
    }
    return sqlite_step_done(i->db, s);
}

enum err inbox_put(struct inbox *i, int64_t connection, const struct message *m,
                   uint64_t *transaction)
{
    pthread_mutex_lock(&i->mutex);
    enum err e = ensure_open(i);
    if (e == ERR_OK) {
        e = put_row(i, connection, m);
    }
    if (e == ERR_OK) {
        i->last_put = sqlite3_last_insert_rowid(i->db);
    } else {
        i->spoilt = true;
    }
    *transaction = i->transaction;
    pthread_mutex_unlock(&i->mutex);
    return e;
}

uint64_t inbox_transaction(struct inbox *i)
{
    pthread_mutex_lock(&i->mutex);
    uint64_t number = i->transaction;
    pthread_mutex_unlock(&i->mutex);
    return number;
}

/* Ends the open transaction one way or the other; the mutex is held. */
static enum err end_transaction(struct inbox *i)
{
    enum err e = i->spoilt ? ERR_IO : sqlite_step_done(i->db, i->commit);
    if (e == ERR_OK) {
        i->last = i->last_put;
    } else {
        if (!sqlite3_get_autocommit(i->db)) {
            sqlite3_exec(i->db, "ROLLBACK", NULL, NULL, NULL);
        }
        i->failed[i->failed_count++ % FAILED_KEPT] = i->transaction;
        i->last_put = i->last;
    }
    i->open = false;
    i->transaction++;
    pthread_cond_broadcast(&i->changed);
    return e;
}

static bool has_failed(const struct inbox *i, uint64_t transaction)
{
    size_t kept = i->failed_count < FAILED_KEPT ? i->failed_count : FAILED_KEPT;
    for (size_t k = 0; k < kept; k++) {
        if (i->failed[k] == transaction) {
            return true;
        }
    }
    return false;
}

enum err inbox_commit(struct inbox *i, uint64_t transaction)
{
    pthread_mutex_lock(&i->mutex);
    enum err e = ERR_OK;
    if (i->open && i->transaction <= transaction) {
        e = end_transaction(i);
    }
    if (e == ERR_OK && has_failed(i, transaction)) {
        e = ERR_IO;
    }
    pthread_mutex_unlock(&i->mutex);
    return e == ERR_OK ? ERR_OK : ERR_IO;
}

void inbox_idle(struct inbox *i)
{
    pthread_mutex_lock(&i->mutex);
    if (!i->open && i->log_pages >= CHECKPOINT_PAGES) {
        int in_log = 0;
        int done = 0;
        sqlite3_wal_checkpoint_v2(i->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &done);
        /* what a reader still holds is tried again after as many pages more */
        i->log_pages = 0;
    }
    pthread_mutex_unlock(&i->mutex);
}

/* Runs sql with up to four numbers; the first row's first column goes to out if not NULL.
 */
static enum err run_numbers(struct inbox *i, const char *sql, const int64_t numbers[4],
                            int count, sqlite3_int64 *out)
{
    sqlite3_stmt *s = NULL;
    enum err e = sqlite_prepare(i->db, sql, &s);
    if (e == ERR_OK) {
        for (int k = 0; k < count; k++) {
            sqlite3_bind_int64(s, k + 1, numbers[k]);
        }
        sqlite3_int64 unused = 0;
        e = sqlite_step_number(i->db, s, 0, out != NULL ? out : &unused);
    }
    sqlite3_finalize(s);
    return e;
}

enum err inbox_trim(struct inbox *i, int64_t id)
{
    enum { TRIM_ROWS = 300 };
    const int64_t numbers[4] = {id, TRIM_ROWS};
    pthread_mutex_lock(&i->mutex);
    enum err e = ensure_open(i);
    e = e != ERR_OK ? e
                    : run_numbers(i,
                                  "DELETE FROM messages WHERE id IN (SELECT id FROM"
                                  " messages WHERE id < ?1 ORDER BY id LIMIT ?2)",
                                  numbers, 2, NULL);
    e = e != ERR_OK ? e : sqlite_run(i->db, "PRAGMA incremental_vacuum(64)");
    i->spoilt = i->spoilt || e != ERR_OK;
    e = end_transaction(i);
    pthread_mutex_unlock(&i->mutex);
    return e;
}

int64_t inbox_last(struct inbox *i)
{
    pthread_mutex_lock(&i->mutex);
    int64_t last = i->last;
    pthread_mutex_unlock(&i->mutex);
    return last;
}

void inbox_wait(struct inbox *i, int64_t id, int timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&i->mutex);
    int timed_out = 0;
    while (i->last <= id && !i->woken && timed_out == 0) {
        timed_out = pthread_cond_timedwait(&i->changed, &i->mutex, &until);
    }
    i->woken = false;
    pthread_mutex_unlock(&i->mutex);
}

void inbox_wake(struct inbox *i)
{
    pthread_mutex_lock(&i->mutex);
    i->woken = true;
    pthread_cond_broadcast(&i->changed);
    pthread_mutex_unlock(&i->mutex);
}

static enum err source_id(struct inbox *i, const char *source, sqlite3_int64 *id)
{
    sqlite3_stmt *s = NULL;
    enum err e =
        sqlite_prepare(i->db, "INSERT OR IGNORE INTO sources(name) VALUES(?1)", &s);
    if (e == ERR_OK) {
        sqlite3_bind_text(s, 1, source, -1, SQLITE_STATIC);
        e = sqlite_step_done(i->db, s);
    }
    sqlite3_finalize(s);
    s = NULL;
    e = e != ERR_OK ? e
                    : sqlite_prepare(i->db, "SELECT id FROM sources WHERE name = ?1", &s);
    if (e == ERR_OK) {
        sqlite3_bind_text(s, 1, source, -1, SQLITE_STATIC);
        e = sqlite_step_number(i->db, s, 0, id);
    }
    sqlite3_finalize(s);
    return e;
}

/* Number of the session, and the hole since the last connection if it is a new one. */
static enum err next_session(struct inbox *i, sqlite3_int64 source, bool present,
                             int64_t now_us, sqlite3_int64 *session)
{
    const int64_t of_source[4] = {source};
    sqlite3_int64 ended_us = 0;
    enum err e = run_numbers(i, "SELECT max(session) FROM connections WHERE source = ?1",
                             of_source, 1, session);
    if (e != ERR_OK || (present && *session > 0)) {
        return e;
    }
    bool first = *session == 0;
    ++*session;
    if (first) {
        return ERR_OK;
    }
    e = run_numbers(i,
                    "SELECT coalesce(max(c.ended), max(m.arrival), max(c.connected)) "
                    "FROM connections c LEFT JOIN messages m ON m.id = "
                    "(SELECT max(id) FROM messages WHERE connection = c.id) "
                    "WHERE c.id = (SELECT max(id) FROM connections WHERE source = ?1)",
                    of_source, 1, &ended_us);
    const int64_t hole[4] = {source, ended_us, now_us};
    return e != ERR_OK
               ? e
               : run_numbers(i, "INSERT INTO holes VALUES(?1, ?2, ?3)", hole, 3, NULL);
}

static enum err add_connection(struct inbox *i, const char *source, bool present,
                               int64_t now_us, int64_t *connection)
{
    sqlite3_int64 id = 0;
    sqlite3_int64 session = 0;
    enum err e = source_id(i, source, &id);
    e = e != ERR_OK ? e : next_session(i, id, present, now_us, &session);
    const int64_t row[4] = {id, session, now_us, present};
    e = e != ERR_OK ? e
                    : run_numbers(i,
                                  "INSERT INTO connections(source, session, connected, "
                                  "present) VALUES(?1, ?2, ?3, ?4)",
                                  row, 4, NULL);
    *connection = sqlite3_last_insert_rowid(i->db);
    return e;
}

enum err inbox_connected(struct inbox *i, const char *source, bool present,
                         int64_t now_us, int64_t *connection)
{
    int64_t id = 0;
    pthread_mutex_lock(&i->mutex);
    enum err e = ensure_open(i);
    e = e != ERR_OK ? e : add_connection(i, source, present, now_us, &id);
    i->spoilt = i->spoilt || e != ERR_OK;
    e = end_transaction(i);
    pthread_mutex_unlock(&i->mutex);
    if (e == ERR_OK) {
        *connection = id;
    }
    return e;
}

enum err inbox_disconnected(struct inbox *i, int64_t connection, int64_t now_us)
{
    const int64_t row[4] = {connection, now_us};
    pthread_mutex_lock(&i->mutex);
    enum err e = ensure_open(i);
    e = e != ERR_OK ? e
                    : run_numbers(i, "UPDATE connections SET ended = ?2 WHERE id = ?1",
                                  row, 2, NULL);
    i->spoilt = i->spoilt || e != ERR_OK;
    e = end_transaction(i);
    pthread_mutex_unlock(&i->mutex);
    return e;
}
