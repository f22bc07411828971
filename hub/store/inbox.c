/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/inbox.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "store/inbox_internal.h"
#include "store/inbox_schema.h"
#include "store/sqlite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    CHECKPOINT_PAGES = 2000, /* of 4 KiB: the log is emptied at about 8 MB */
    BUNDLE_MUCH = 48 << 10,  /* more is worth a commit */
    BUNDLE_MOST = 256 << 10, /* more is committed at once */
    ROOM_BYTES = 8 << 20,    /* for the log between two checkpoints */
    PUT_ROWS = 32,           /* of one statement */
    PUT_COLUMNS = 7,
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
    i->last = last;
    return e;
}

/* Many rows at once: the last id used is written once for all of them. */
static enum err prepare_put(sqlite3 *db, int rows, sqlite3_stmt **out)
{
    char sql[800] = "INSERT INTO messages(connection, arrival, packet, flags, full_size,"
                    " topic, payload) VALUES";
    size_t length = strlen(sql);
    for (int k = 0; k < rows; k++) {
        length += (size_t)snprintf(sql + length, sizeof sql - length, "%s(?,?,?,?,?,?,?)",
                                   k > 0 ? "," : "");
    }
    return sqlite_prepare(db, sql, out);
}

static void init_sync(struct inbox *i)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&i->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&i->mutex, NULL);
    pthread_mutex_init(&i->writing, NULL);
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
    buf_init(&i->open.rows, INBOX_ROWS_CEILING);
    buf_init(&i->taken.rows, INBOX_ROWS_CEILING);
    i->transaction = 1;
    enum err e = sqlite_open_writer(path, &inbox_schema, &i->db, d);
    if (e == ERR_OK) {
        i->path = sqlite3_db_filename(i->db, "main");
        sqlite3_wal_hook(i->db, on_commit, i);
        i->log_pages = CHECKPOINT_PAGES; /* what an earlier run left */
        e = sqlite_prepare(i->db, "BEGIN IMMEDIATE", &i->begin);
        e = e != ERR_OK ? e : sqlite_prepare(i->db, "COMMIT", &i->commit);
        e = e != ERR_OK ? e : prepare_put(i->db, 1, &i->put);
        e = e != ERR_OK ? e : prepare_put(i->db, PUT_ROWS, &i->put_many);
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
    if (i->db != NULL && inbox_commit(i, i->transaction) != ERR_OK) {
        log_line(LOG_ERROR, "inbox",
                 "the last messages could not be kept; the broker "
                 "was not told otherwise and sends them again");
    }
    sqlite3_finalize(i->put);
    sqlite3_finalize(i->put_many);
    sqlite3_finalize(i->begin);
    sqlite3_finalize(i->commit);
    sqlite3_close(i->db);
    buf_fini(&i->open.rows);
    buf_fini(&i->taken.rows);
    pthread_cond_destroy(&i->changed);
    pthread_mutex_destroy(&i->mutex);
    pthread_mutex_destroy(&i->writing);
    free(i);
}

enum err inbox_bundle_put(struct bundle *b, int64_t connection, const struct message *m)
{
    const struct row row = {
        .connection = connection,
        .arrival_us = m->arrival_us,
        .full_size = m->full_size > m->size ? (int64_t)m->full_size : 0,
        .topic_size = strlen(m->topic) + 1,
        .payload_size = m->size,
        .packet = m->packet_id,
        .flags = (m->dup ? INBOX_DUP : 0) | (m->retained ? INBOX_RETAINED : 0),
    };
    buf_put(&b->rows, &row, sizeof row);
    buf_put(&b->rows, m->topic, row.topic_size);
    buf_put(&b->rows, m->payload, row.payload_size);
    b->spoilt = b->spoilt || b->rows.err != ERR_OK;
    b->count++;
    return b->rows.err;
}

void inbox_bundle_reset(struct bundle *b)
{
    buf_reset(&b->rows);
    b->count = 0;
    b->spoilt = false;
}

enum err inbox_put(struct inbox *i, int64_t connection, const struct message *m,
                   uint64_t *transaction)
{
    pthread_mutex_lock(&i->mutex);
    enum err e = inbox_bundle_put(&i->open, connection, m);
    size_t length = i->open.rows.length;
    uint64_t number = i->transaction;
    atomic_store_explicit(&i->much, length > BUNDLE_MUCH, memory_order_relaxed);
    pthread_mutex_unlock(&i->mutex);
    *transaction = number;
    if (length > BUNDLE_MOST && inbox_commit(i, number) != ERR_OK) {
        return ERR_IO;
    }
    return e;
}

bool inbox_has_much(struct inbox *i)
{
    return atomic_load_explicit(&i->much, memory_order_relaxed);
}

uint64_t inbox_transaction(struct inbox *i)
{
    pthread_mutex_lock(&i->mutex);
    uint64_t number = i->transaction;
    pthread_mutex_unlock(&i->mutex);
    return number;
}

uint64_t inbox_failed(struct inbox *i)
{
    pthread_mutex_lock(&i->mutex);
    uint64_t number = i->failed;
    pthread_mutex_unlock(&i->mutex);
    return number;
}

/* Binds the row of a bundle at *at, and moves *at behind it. */
static void bind_row(sqlite3_stmt *s, int first, const char **at)
{
    struct row row;
    memcpy(&row, *at, sizeof row);
    const char *text = *at + sizeof row;
    sqlite3_bind_int64(s, first, row.connection);
    sqlite3_bind_int64(s, first + 1, row.arrival_us);
    sqlite3_bind_int(s, first + 2, row.packet);
    sqlite3_bind_int(s, first + 3, row.flags);
    if (row.full_size > 0) {
        sqlite3_bind_int64(s, first + 4, row.full_size);
    } else {
        sqlite3_bind_null(s, first + 4);
    }
    sqlite3_bind_text(s, first + 5, text, (int)row.topic_size - 1, SQLITE_STATIC);
    if (row.payload_size > 0) {
        sqlite3_bind_blob64(s, first + 6, text + row.topic_size, row.payload_size,
                            SQLITE_STATIC);
    } else {
        sqlite3_bind_zeroblob(s, first + 6, 0);
    }
    *at = text + row.topic_size + row.payload_size;
}

enum err inbox_bundle_insert(struct inbox *i, const struct bundle *b)
{
    enum err e = b->spoilt ? ERR_IO : ERR_OK;
    const char *at = buf_text(&b->rows);
    for (size_t left = b->count; e == ERR_OK && left > 0;) {
        int rows = left >= PUT_ROWS ? PUT_ROWS : 1;
        sqlite3_stmt *s = rows == 1 ? i->put : i->put_many;
        for (int k = 0; k < rows; k++) {
            bind_row(s, k * PUT_COLUMNS + 1, &at);
        }
        e = sqlite_step_done(i->db, s);
        i->inserted = sqlite3_last_insert_rowid(i->db);
        left -= (size_t)rows;
    }
    return e;
}

/* Takes what is open; from here on the next transaction is open. */
static uint64_t take_open(struct inbox *i)
{
    pthread_mutex_lock(&i->mutex);
    struct bundle empty = i->taken;
    i->taken = i->open;
    i->open = empty;
    uint64_t number = i->transaction++;
    atomic_store_explicit(&i->much, false, memory_order_relaxed);
    pthread_mutex_unlock(&i->mutex);
    return number;
}

/* Ends the open transaction one way or the other; writing is held. more may be NULL. */
static enum err end_open(struct inbox *i, const struct inbox_more *more)
{
    uint64_t number = take_open(i);
    i->inserted = 0;
    enum err e = sqlite_step_done(i->db, i->begin);
    e = e != ERR_OK ? e : inbox_bundle_insert(i, &i->taken);
    e = e != ERR_OK || more == NULL ? e : more->run(i, more->arg);
    e = e != ERR_OK ? e : sqlite_step_done(i->db, i->commit);
    if (e != ERR_OK && !sqlite3_get_autocommit(i->db)) {
        sqlite3_exec(i->db, "ROLLBACK", NULL, NULL, NULL);
    }
    bool harmless =
        more != NULL && more->can_wait && i->taken.rows.length == 0 && !i->taken.spoilt;
    inbox_bundle_reset(&i->taken);
    pthread_mutex_lock(&i->mutex);
    if (e != ERR_OK) {
        i->failed = number;
        i->trouble = harmless ? i->trouble : e;
        i->checked = i->checked && harmless;
    } else {
        i->last = i->inserted > 0 ? i->inserted : i->last;
        /* a small one may succeed where the next message does not */
        i->trouble = i->checked ? ERR_OK : i->trouble;
    }
    pthread_cond_broadcast(&i->changed);
    pthread_mutex_unlock(&i->mutex);
    return e;
}

/* Is there something in the open transaction, and is its number not above this one? */
static bool is_due(struct inbox *i, uint64_t transaction)
{
    pthread_mutex_lock(&i->mutex);
    bool due =
        i->transaction <= transaction && (i->open.rows.length > 0 || i->open.spoilt);
    pthread_mutex_unlock(&i->mutex);
    return due;
}

enum err inbox_commit(struct inbox *i, uint64_t transaction)
{
    pthread_mutex_lock(&i->writing);
    enum err e = is_due(i, transaction) ? end_open(i, NULL) : ERR_OK;
    pthread_mutex_unlock(&i->writing);
    return e == ERR_OK && inbox_failed(i) < transaction ? ERR_OK : ERR_IO;
}

enum err inbox_commit_more(struct inbox *i, const struct inbox_more *more)
{
    pthread_mutex_lock(&i->writing);
    enum err e = end_open(i, more);
    pthread_mutex_unlock(&i->writing);
    return e;
}

enum err inbox_trouble(struct inbox *i)
{
    pthread_mutex_lock(&i->mutex);
    enum err e = i->trouble;
    pthread_mutex_unlock(&i->mutex);
    return e;
}

enum err inbox_check(struct inbox *i)
{
    if (inbox_trouble(i) == ERR_OK) {
        return ERR_OK;
    }
    enum err e = file_check_room(i->path, ROOM_BYTES);
    pthread_mutex_lock(&i->mutex);
    i->checked = e == ERR_OK;
    i->trouble = e != ERR_OK ? e : i->trouble;
    pthread_mutex_unlock(&i->mutex);
    return e;
}

void inbox_idle(struct inbox *i)
{
    pthread_mutex_lock(&i->writing);
    if (i->log_pages >= CHECKPOINT_PAGES) {
        int in_log = 0;
        int done = 0;
        sqlite3_wal_checkpoint_v2(i->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &done);
        /* what a reader still holds is tried again after as many pages more */
        i->log_pages = 0;
    }
    pthread_mutex_unlock(&i->writing);
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

static enum err trim(struct inbox *i, void *arg)
{
    enum { TRIM_ROWS = 300 };
    const int64_t numbers[4] = {*(const int64_t *)arg, TRIM_ROWS};
    enum err e = run_numbers(i,
                             "DELETE FROM messages WHERE id IN (SELECT id FROM"
                             " messages WHERE id < ?1 ORDER BY id LIMIT ?2)",
                             numbers, 2, NULL);
    return e != ERR_OK ? e : sqlite_run(i->db, "PRAGMA incremental_vacuum(64)");
}

enum err inbox_trim(struct inbox *i, int64_t id)
{
    return inbox_commit_more(i, &(const struct inbox_more){trim, &id, true});
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

enum err inbox_source_id(struct inbox *i, const char *source, sqlite3_int64 *id)
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
    if (++*session == 1) {
        return ERR_OK; /* its first: nothing can be missing */
    }
    e = run_numbers(i,
                    "SELECT coalesce(max(c.ended), max(m.arrival), max(c.connected)) "
                    "FROM connections c LEFT JOIN messages m ON m.id = "
                    "(SELECT max(id) FROM messages WHERE connection = c.id) "
                    "WHERE c.id = (SELECT max(id) FROM connections WHERE source = ?1 "
                    "AND session > 0)",
                    of_source, 1, &ended_us);
    const int64_t hole[4] = {source, ended_us, now_us};
    return e != ERR_OK
               ? e
               : run_numbers(i, "INSERT INTO holes VALUES(?1, ?2, ?3)", hole, 3, NULL);
}

struct connecting {
    const char *source;
    bool present;
    int64_t now_us;
    int64_t id; /* out */
};

static enum err add_connection(struct inbox *i, void *arg)
{
    struct connecting *c = arg;
    sqlite3_int64 source = 0;
    sqlite3_int64 session = 0;
    enum err e = inbox_source_id(i, c->source, &source);
    e = e != ERR_OK ? e : next_session(i, source, c->present, c->now_us, &session);
    const int64_t row[4] = {source, session, c->now_us, c->present};
    e = e != ERR_OK ? e
                    : run_numbers(i,
                                  "INSERT INTO connections(source, session, connected, "
                                  "present) VALUES(?1, ?2, ?3, ?4)",
                                  row, 4, NULL);
    c->id = sqlite3_last_insert_rowid(i->db);
    return e;
}

enum err inbox_connected(struct inbox *i, const char *source, bool present,
                         int64_t now_us, int64_t *connection)
{
    struct connecting c = {.source = source, .present = present, .now_us = now_us};
    enum err e =
        inbox_commit_more(i, &(const struct inbox_more){add_connection, &c, false});
    if (e == ERR_OK) {
        *connection = c.id;
    }
    return e;
}

static enum err end_connection(struct inbox *i, void *row)
{
    return run_numbers(i, "UPDATE connections SET ended = ?2 WHERE id = ?1", row, 2,
                       NULL);
}

enum err inbox_disconnected(struct inbox *i, int64_t connection, int64_t now_us)
{
    int64_t row[4] = {connection, now_us};
    return inbox_commit_more(i, &(const struct inbox_more){end_connection, row, false});
}
