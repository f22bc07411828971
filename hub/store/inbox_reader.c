/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/inbox_reader.h"
#include "base/clock.h"
#include "store/inbox.h"
#include "store/inbox_schema.h"
#include "store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const migrations[] = {
    "CREATE TABLE sources(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    /* one row a connection; times in microseconds UTC; present: session known to broker
     */
    "CREATE TABLE connections(id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " source INTEGER NOT NULL, session INTEGER NOT NULL, connected INTEGER NOT NULL,"
    " ended INTEGER, present INTEGER NOT NULL);"
    /* flags: 1 DUP, 2 retained; full_size only of a message over the ceiling */
    "CREATE TABLE messages(id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " connection INTEGER NOT NULL, arrival INTEGER NOT NULL, packet INTEGER NOT NULL,"
    " flags INTEGER NOT NULL, full_size INTEGER, topic TEXT NOT NULL,"
    " payload BLOB NOT NULL);"
    /* sessions that a broker forgot: what came between is not known */
    "CREATE TABLE holes(source INTEGER NOT NULL, from_us INTEGER NOT NULL,"
    " to_us INTEGER NOT NULL);",
    /* how far files are queued: the first bytes of a file, by their SHA-256, and the rows
     * in them; settings: how the file was read. Connections of session 0 are imports. */
    "CREATE TABLE imports(id INTEGER PRIMARY KEY, source INTEGER NOT NULL,"
    " settings TEXT NOT NULL, digest TEXT NOT NULL, bytes INTEGER NOT NULL,"
    " rows INTEGER NOT NULL, UNIQUE(source, settings, digest));",
    /* what brokers may have for our sessions (inbox_filters.h) */
    ("CREATE TABLE filters(broker TEXT, client_id TEXT, filter TEXT,"
     " PRIMARY KEY(broker, client_id, filter)) WITHOUT ROWID;"),
};

const struct sqlite_schema inbox_schema = {
    .migrations = migrations,
    .version = sizeof migrations / sizeof *migrations,
    .cache_kib = 768,
};

enum {
    SOURCE_NAME = 128,
    RECONNECT_US = 10 * 1000000, /* arrival stamps this soon after one are doubted */
    DUP_WINDOW = 200000,         /* packet ids come round after 65535 messages */
};

/* The last connections seen; ids rise, so the newest are asked for. */
struct connection {
    int64_t id, session, connected_us;
    bool present;
    char source[SOURCE_NAME];
};

enum { CONNECTIONS_KEPT = 64 };

struct inbox_reader {
    sqlite3 *db;
    sqlite3_stmt *after, *one, *connection, *before;
    struct connection kept[CONNECTIONS_KEPT];
};

#define COLUMNS                                                                          \
    "m.id, m.connection, m.arrival, m.packet, m.flags, m.full_size, m.topic, "           \
    "m.payload "

static enum err prepare_all(struct inbox_reader *r)
{
    static const char after[] = "SELECT " COLUMNS "FROM messages m WHERE m.id > ?1 "
                                "ORDER BY m.id LIMIT ?2";
    static const char one[] = "SELECT " COLUMNS "FROM messages m WHERE m.id = ?1";
    static const char connection[] =
        "SELECT c.session, c.connected, c.present, s.name FROM connections c "
        "JOIN sources s ON s.id = c.source WHERE c.id = ?1";
    static const char before[] =
        /* the last one of the session with this packet id: it must not be of m's own
         * connection */
        "WITH before(id) AS (SELECT max(p.id) FROM connections p "
        "JOIN connections c ON c.id = ?2 WHERE p.source = c.source AND p.id < ?2 "
        "AND p.session = c.session) "
        "SELECT " COLUMNS "FROM (SELECT * FROM messages WHERE id < ?1 AND id > ?4 "
        "AND packet = ?3 AND connection IN (?2, (SELECT id FROM before)) "
        "ORDER BY id DESC LIMIT 1) m WHERE m.connection != ?2";
    enum err e = sqlite_prepare(r->db, after, &r->after);
    e = e != ERR_OK ? e : sqlite_prepare(r->db, one, &r->one);
    e = e != ERR_OK ? e : sqlite_prepare(r->db, connection, &r->connection);
    return e != ERR_OK ? e : sqlite_prepare(r->db, before, &r->before);
}

enum err inbox_reader_open(const char *folder, struct inbox_reader **out, struct diag *d)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/inbox.db", folder);
    struct inbox_reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return ERR_MEMORY;
    }
    enum err e = sqlite_open_reader(path, &inbox_schema, &r->db, d);
    e = e != ERR_OK ? e : prepare_all(r);
    if (e != ERR_OK) {
        inbox_reader_close(r);
        return e;
    }
    *out = r;
    return ERR_OK;
}

void inbox_reader_close(struct inbox_reader *r)
{
    if (r != NULL) {
        sqlite3_finalize(r->after);
        sqlite3_finalize(r->one);
        sqlite3_finalize(r->connection);
        sqlite3_finalize(r->before);
        sqlite3_close(r->db);
        free(r);
    }
}

static enum err find_connection(struct inbox_reader *r, int64_t id,
                                const struct connection **out)
{
    struct connection *c = &r->kept[(uint64_t)id % CONNECTIONS_KEPT];
    if (c->id == id && id != 0) {
        *out = c;
        return ERR_OK;
    }
    sqlite3_bind_int64(r->connection, 1, id);
    int step = sqlite3_step(r->connection);
    if (step == SQLITE_ROW) {
        *c = (struct connection){.session = sqlite3_column_int64(r->connection, 0),
                                 .connected_us = sqlite3_column_int64(r->connection, 1),
                                 .present = sqlite3_column_int(r->connection, 2) != 0};
        snprintf(c->source, sizeof c->source, "%s", sqlite_text(r->connection, 3));
    }
    enum err e = sqlite_reset(r->db, r->connection);
    if (e != ERR_OK || step != SQLITE_ROW) {
        return e != ERR_OK ? e : ERR_DAMAGED; /* there is no such connection */
    }
    c->id = id;
    *out = c;
    return ERR_OK;
}

/* Copies the row that s stands on into a. ERR_FULL: no room. */
static enum err copy_row(struct inbox_reader *r, sqlite3_stmt *s, struct arena *a,
                         struct message *m)
{
    const struct connection *c = NULL;
    enum err e = find_connection(r, sqlite3_column_int64(s, 1), &c);
    if (e != ERR_OK) {
        return e;
    }
    const void *payload = sqlite3_column_blob(s, 7);
    size_t size = (size_t)sqlite3_column_bytes(s, 7);
    const char *topic = sqlite_text(s, 6);
    size_t topic_length = (size_t)sqlite3_column_bytes(s, 6);
    char *topic_copy = arena_text_part(a, topic, topic_length);
    char *source = arena_text(a, c->source);
    char *bytes = arena_take(a, size + 1);
    if (topic_copy == NULL || source == NULL || bytes == NULL) {
        return ERR_FULL;
    }
    if (size > 0) {
        memcpy(bytes, payload, size);
    }
    bytes[size] = '\0';
    int flags = sqlite3_column_int(s, 4);
    *m = (struct message){.id = sqlite3_column_int64(s, 0),
                          .source = source,
                          .topic = topic_copy,
                          .payload = bytes,
                          .size = size,
                          .full_size = (size_t)sqlite3_column_int64(s, 5),
                          .arrival_us = sqlite3_column_int64(s, 2),
                          .session = c->session,
                          .connection = c->id,
                          .packet_id = (uint16_t)sqlite3_column_int(s, 3),
                          .dup = (flags & INBOX_DUP) != 0,
                          .retained = (flags & INBOX_RETAINED) != 0,
                          .imported = c->session == 0};
    m->full_size = m->full_size == 0 ? size : m->full_size;
    m->after_reconnect = c->present && m->arrival_us - c->connected_us < RECONNECT_US;
    return ERR_OK;
}

enum err inbox_read(struct inbox_reader *r, int64_t after, size_t most, size_t bytes,
                    struct arena *a, struct inbox_part *out)
{
    struct message *messages = arena_take(a, most * sizeof *messages);
    if (messages == NULL) {
        return ERR_FULL;
    }
    size_t n = 0;
    size_t total = 0;
    enum err e = ERR_OK;
    sqlite3_bind_int64(r->after, 1, after);
    sqlite3_bind_int64(r->after, 2, (sqlite3_int64)most);
    while (n < most && total < bytes && sqlite3_step(r->after) == SQLITE_ROW) {
        e = copy_row(r, r->after, a, &messages[n]);
        if (e != ERR_OK) {
            break;
        }
        total += messages[n++].size;
    }
    enum err read = sqlite_reset(r->db, r->after);
    e = read != ERR_OK ? read : e;
    if (e != ERR_OK && (e != ERR_FULL || n == 0)) {
        return e;
    }
    *out = (struct inbox_part){messages, n};
    return ERR_OK;
}

/* The one row of s. */
static enum err read_one(struct inbox_reader *r, sqlite3_stmt *s, struct arena *a,
                         struct message *out)
{
    int step = sqlite3_step(s);
    enum err e = step == SQLITE_ROW ? copy_row(r, s, a, out) : ERR_ABSENT;
    enum err read = sqlite_reset(r->db, s);
    return read != ERR_OK ? read : e;
}

enum err inbox_get(struct inbox_reader *r, int64_t id, struct arena *a,
                   struct message *out)
{
    sqlite3_bind_int64(r->one, 1, id);
    return read_one(r, r->one, a, out);
}

enum err inbox_get_before(struct inbox_reader *r, const struct message *m,
                          struct arena *a, struct message *out)
{
    sqlite3_bind_int64(r->before, 1, m->id);
    sqlite3_bind_int64(r->before, 2, m->connection);
    sqlite3_bind_int(r->before, 3, m->packet_id);
    sqlite3_bind_int64(r->before, 4, m->id - DUP_WINDOW);
    return read_one(r, r->before, a, out);
}

enum err inbox_older(struct inbox_reader *r, int64_t id, int64_t time_us, int64_t most,
                     int64_t *keep)
{
    sqlite3_stmt *s = NULL;
    sqlite3_int64 first_kept = id;
    enum err e =
        sqlite_prepare(r->db,
                       "SELECT coalesce(min(CASE WHEN arrival >= ?2 THEN id END),"
                       " max(id) + 1) FROM (SELECT id, arrival FROM messages"
                       " WHERE id >= ?1 ORDER BY id LIMIT ?3)",
                       &s);
    if (e == ERR_OK) {
        sqlite3_bind_int64(s, 1, id);
        sqlite3_bind_int64(s, 2, time_us);
        sqlite3_bind_int64(s, 3, most);
        e = sqlite_step_number(r->db, s, id, &first_kept);
    }
    sqlite3_finalize(s);
    if (e == ERR_OK) {
        *keep = first_kept;
    }
    return e;
}

static enum err read_arrival(struct inbox_reader *r, sqlite3_stmt *s, int64_t id,
                             int64_t *arrival_us)
{
    sqlite3_int64 found = 0;
    sqlite3_bind_int64(s, 1, id);
    enum err e = sqlite_step_number(r->db, s, INT64_MIN, &found);
    if (e == ERR_OK && found == INT64_MIN) {
        e = ERR_ABSENT;
    }
    if (e == ERR_OK) {
        *arrival_us = found;
    }
    return e;
}

static enum err prepare_arrival(struct inbox_reader *r, sqlite3_stmt **s)
{
    return sqlite_prepare(
        r->db, "SELECT arrival FROM messages WHERE id >= ?1 ORDER BY id LIMIT 1", s);
}

enum err inbox_arrival(struct inbox_reader *r, int64_t id, int64_t *arrival_us)
{
    sqlite3_stmt *s = NULL;
    enum err e = prepare_arrival(r, &s);
    e = e != ERR_OK ? e : read_arrival(r, s, id, arrival_us);
    sqlite3_finalize(s);
    return e;
}

enum err inbox_since(struct inbox_reader *r, int64_t time_us, int64_t *id)
{
    sqlite3_stmt *s = NULL;
    int64_t first = 0;
    int64_t last = 0;
    enum err e = inbox_bounds(r, &first, &last);
    e = e != ERR_OK ? e : prepare_arrival(r, &s);
    int64_t after = last + 1;
    while (e == ERR_OK && last > 0 && first < after) { /* ids rise by one */
        int64_t middle = first + (after - first) / 2;
        int64_t arrival_us = 0;
        e = read_arrival(r, s, middle, &arrival_us);
        if (arrival_us >= time_us) {
            after = middle;
        } else {
            first = middle + 1;
        }
    }
    sqlite3_finalize(s);
    if (e == ERR_OK) {
        *id = after;
    }
    return e;
}

enum err inbox_bounds(struct inbox_reader *r, int64_t *first, int64_t *last)
{
    sqlite3_stmt *s = NULL;
    enum err e = sqlite_prepare(r->db,
                                "SELECT coalesce((SELECT min(id) FROM messages), 0), "
                                "coalesce((SELECT max(id) FROM messages), 0)",
                                &s);
    if (e == ERR_OK && sqlite3_step(s) != SQLITE_ROW) {
        e = sqlite_err(r->db, NULL);
    }
    if (e == ERR_OK) {
        *first = sqlite3_column_int64(s, 0);
        *last = sqlite3_column_int64(s, 1);
    }
    sqlite3_finalize(s);
    return e;
}

static int64_t column_time(sqlite3_stmt *s, int column)
{
    return sqlite3_column_type(s, column) == SQLITE_NULL
               ? CLOCK_NONE
               : sqlite3_column_int64(s, column);
}

enum err inbox_sources(struct inbox_reader *r, void *arg,
                       void (*row)(void *arg, const struct inbox_source *s))
{
    static const char sql[] =
        "SELECT s.name, c.connected, c.ended, c.session,"
        " (SELECT count(*) FROM holes h WHERE h.source = s.id) "
        "FROM sources s LEFT JOIN connections c ON c.id ="
        " (SELECT max(id) FROM connections WHERE source = s.id AND session > 0) "
        "ORDER BY s.name";
    sqlite3_stmt *s = NULL;
    enum err e = sqlite_prepare(r->db, sql, &s);
    int step = SQLITE_DONE;
    while (e == ERR_OK && (step = sqlite3_step(s)) == SQLITE_ROW) {
        const struct inbox_source source = {.source = sqlite_text(s, 0),
                                            .connected_us = column_time(s, 1),
                                            .ended_us = column_time(s, 2),
                                            .session = sqlite3_column_int64(s, 3),
                                            .holes = sqlite3_column_int64(s, 4)};
        row(arg, &source);
    }
    e = e == ERR_OK && step != SQLITE_DONE ? sqlite_err(r->db, NULL) : e;
    sqlite3_finalize(s);
    return e;
}

enum err inbox_waiting(struct inbox_reader *r, int64_t after, int64_t most, void *arg,
                       void (*row)(void *arg, const struct inbox_waiting *w))
{
    static const char sql[] =
        "SELECT s.name, count(*), min(w.arrival), max(w.arrival) FROM"
        " (SELECT connection, arrival FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2) w"
        " JOIN connections c ON c.id = w.connection JOIN sources s ON s.id = c.source"
        " GROUP BY s.id ORDER BY s.name";
    sqlite3_stmt *s = NULL;
    enum err e = sqlite_prepare(r->db, sql, &s);
    int step = SQLITE_DONE;
    sqlite3_bind_int64(s, 1, after);
    sqlite3_bind_int64(s, 2, most);
    while (e == ERR_OK && (step = sqlite3_step(s)) == SQLITE_ROW) {
        const struct inbox_waiting waiting = {.source = sqlite_text(s, 0),
                                              .count = sqlite3_column_int64(s, 1),
                                              .oldest_us = sqlite3_column_int64(s, 2),
                                              .newest_us = sqlite3_column_int64(s, 3)};
        row(arg, &waiting);
    }
    e = e == ERR_OK && step != SQLITE_DONE ? sqlite_err(r->db, NULL) : e;
    sqlite3_finalize(s);
    return e;
}

enum err inbox_holes(struct inbox_reader *r, void *arg,
                     void (*row)(void *arg, const struct inbox_hole *h))
{
    sqlite3_stmt *s = NULL;
    enum err e = sqlite_prepare(r->db,
                                "SELECT s.name, h.from_us, h.to_us FROM holes h JOIN "
                                "sources s ON s.id = h.source ORDER BY h.rowid",
                                &s);
    int step = SQLITE_DONE;
    while (e == ERR_OK && (step = sqlite3_step(s)) == SQLITE_ROW) {
        const struct inbox_hole hole = {.source = sqlite_text(s, 0),
                                        .from_us = sqlite3_column_int64(s, 1),
                                        .to_us = sqlite3_column_int64(s, 2)};
        row(arg, &hole);
    }
    e = e == ERR_OK && step != SQLITE_DONE ? sqlite_err(r->db, NULL) : e;
    sqlite3_finalize(s);
    return e;
}
