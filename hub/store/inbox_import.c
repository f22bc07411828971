/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/text.h"
#include "store/inbox_internal.h"

#include <stdlib.h>

enum { GROUP_MESSAGES = 16, GROUP_BYTES = 1 << 20 }; /* committed together, about */

struct inbox_import {
    struct inbox *inbox;
    const char *source, *settings;
    int64_t now_us, connection;
    struct bundle group;
    char from[HASH_HEX];   /* of the file before the group */
    struct import_mark to; /* behind it */
    int64_t put, committed;
};

static enum err add_connection(struct inbox *i, void *arg)
{
    struct inbox_import *m = arg;
    sqlite3_stmt *s = NULL;
    sqlite3_int64 source = 0;
    enum err e = inbox_source_id(i, m->source, &source);
    e = e != ERR_OK ? e
                    : sqlite_prepare(i->db,
                                     "INSERT INTO connections(source, session, "
                                     "connected, present) VALUES(?1, 0, ?2, 0)",
                                     &s);
    if (e == ERR_OK) {
        sqlite3_bind_int64(s, 1, source);
        sqlite3_bind_int64(s, 2, m->now_us);
        e = sqlite_step_done(i->db, s);
        m->connection = sqlite3_last_insert_rowid(i->db);
    }
    sqlite3_finalize(s);
    return e;
}

enum err inbox_import_open(struct inbox *i, const char *source, const char *settings,
                           int64_t now_us, struct inbox_import **out)
{
    struct inbox_import *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return ERR_MEMORY;
    }
    *m = (struct inbox_import){
        .inbox = i, .source = source, .settings = settings, .now_us = now_us};
    buf_init(&m->group.rows, INBOX_ROWS_CEILING);
    enum err e =
        inbox_commit_more(i, &(const struct inbox_more){add_connection, m, true});
    if (e != ERR_OK) {
        free(m);
        return e;
    }
    *out = m;
    return ERR_OK;
}

static enum err list_marks(struct inbox *i, sqlite3_stmt *s, void *arg,
                           void (*mark)(void *arg, const struct import_mark *mark))
{
    int step;
    while ((step = sqlite3_step(s)) == SQLITE_ROW) {
        struct import_mark found = {.bytes = sqlite3_column_int64(s, 1),
                                    .rows = sqlite3_column_int64(s, 2)};
        text_copy(found.digest, sizeof found.digest, sqlite_text(s, 0));
        mark(arg, &found);
    }
    return step == SQLITE_DONE ? ERR_OK : sqlite_err(i->db, NULL);
}

enum err inbox_import_marks(struct inbox_import *m, void *arg,
                            void (*mark)(void *arg, const struct import_mark *mark))
{
    struct inbox *i = m->inbox;
    sqlite3_stmt *s = NULL;
    pthread_mutex_lock(&i->writing);
    enum err e = sqlite_prepare(i->db,
                                "SELECT digest, bytes, rows FROM imports WHERE source = "
                                "(SELECT id FROM sources WHERE name = ?1) "
                                "AND settings = ?2 ORDER BY bytes",
                                &s);
    if (e == ERR_OK) {
        sqlite3_bind_text(s, 1, m->source, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 2, m->settings, -1, SQLITE_STATIC);
        e = list_marks(i, s, arg, mark);
    }
    sqlite3_finalize(s);
    pthread_mutex_unlock(&i->writing);
    return e;
}

static enum err run_step(const struct inbox_import *m, const char *sql,
                         sqlite3_int64 source)
{
    sqlite3_stmt *s = NULL;
    enum err e = sqlite_prepare(m->inbox->db, sql, &s);
    if (e == ERR_OK) {
        sqlite3_bind_int64(s, 1, source);
        sqlite3_bind_text(s, 2, m->settings, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 3, m->to.digest, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 4, m->to.bytes);
        sqlite3_bind_int64(s, 5, m->to.rows);
        sqlite3_bind_text(s, 6, m->from, -1, SQLITE_STATIC);
        e = sqlite_step_done(m->inbox->db, s);
    }
    sqlite3_finalize(s);
    return e;
}

/* The messages of the group, and the mark. */
static enum err insert_group(struct inbox *i, void *arg)
{
    struct inbox_import *m = arg;
    sqlite3_int64 source = 0;
    enum err e = inbox_bundle_insert(i, &m->group);
    e = e != ERR_OK ? e : inbox_source_id(i, m->source, &source);
    e = e != ERR_OK ? e
                    : run_step(m,
                               "DELETE FROM imports WHERE source = ?1 AND settings = ?2 "
                               "AND (digest = ?3 OR digest = ?6)",
                               source);
    return e != ERR_OK ? e
                       : run_step(m,
                                  "INSERT INTO imports(source, settings, digest, bytes, "
                                  "rows) VALUES(?1, ?2, ?3, ?4, ?5)",
                                  source);
}

enum err inbox_import_commit(struct inbox_import *m)
{
    if (m->put == m->committed && !m->group.spoilt) {
        return ERR_OK;
    }
    enum err e =
        inbox_commit_more(m->inbox, &(const struct inbox_more){insert_group, m, true});
    m->committed = e == ERR_OK ? m->put : m->committed;
    m->put = m->committed;
    inbox_bundle_reset(&m->group);
    inbox_idle(m->inbox);
    return e;
}

enum err inbox_import_put(struct inbox_import *m, const struct message *message,
                          const char *from, const struct import_mark *to)
{
    if (m->put == m->committed) {
        text_copy(m->from, sizeof m->from, from);
    }
    m->to = *to;
    m->put++;
    enum err e = inbox_bundle_put(&m->group, m->connection, message);
    bool full =
        m->put - m->committed >= GROUP_MESSAGES || m->group.rows.length >= GROUP_BYTES;
    return e == ERR_OK && !full ? ERR_OK : inbox_import_commit(m);
}

int64_t inbox_import_count(const struct inbox_import *m)
{
    return m->committed;
}

void inbox_import_close(struct inbox_import *m, int64_t now_us)
{
    if (m == NULL) {
        return;
    }
    enum err e = inbox_disconnected(m->inbox, m->connection, now_us);
    (void)e; /* only the time of its end is not known then */
    buf_fini(&m->group.rows);
    free(m);
}
