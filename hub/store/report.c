/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/report.h"

#include "store/reader_internal.h"

#include <math.h>
#include <string.h>

/* Steps q through all its rows, calling row(arg, q), and ends it. */
static enum err each_row(struct store_reader *r, sqlite3_stmt *q, void *arg,
                         void (*row)(void *arg, sqlite3_stmt *q))
{
    int step;
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        row(arg, q);
    }
    enum err e = step == SQLITE_DONE ? ERR_OK : sqlite_err(r->db, NULL);
    sqlite3_finalize(q);
    return e;
}

static void copy_counts(sqlite3_stmt *q, int column, int64_t *counts, size_t count)
{
    const void *bytes = sqlite3_column_blob(q, column);
    memset(counts, 0, count * sizeof *counts);
    if (bytes != NULL &&
        (size_t)sqlite3_column_bytes(q, column) == count * sizeof *counts) {
        memcpy(counts, bytes, count * sizeof *counts);
    }
}

static double column_double(sqlite3_stmt *q, int column)
{
    return sqlite3_column_type(q, column) == SQLITE_NULL
               ? (double)NAN
               : sqlite3_column_double(q, column);
}

/* The caller's function and argument, behind a row of SQLite. */
struct call {
    void *arg;
    union {
        void (*books)(void *arg, const struct report_books *b);
        void (*message)(void *arg, const struct report_message *m);
        void (*pending)(void *arg, const struct report_pending *p);
        void (*conflict)(void *arg, const struct report_conflict *c);
        void (*revision)(void *arg, const struct report_revision *v);
        void (*point)(void *arg, const struct store_point *p);
    } row;
    sqlite3_stmt *held; /* of conflicts */
    enum err held_err;  /* of reading it */
    bool any;
    int64_t from_us, to_us; /* of points */
};

static void books_row(void *arg, sqlite3_stmt *q)
{
    const struct call *call = arg;
    struct report_books b = {.source = sqlite_text(q, 0),
                             .city = sqlite_text(q, 1),
                             .arrival_us = sqlite3_column_int64(q, 2)};
    copy_counts(q, 3, b.fates, FATE_COUNT);
    copy_counts(q, 4, b.outcomes, OUTCOME_COUNT);
    call->row.books(call->arg, &b);
}

enum err report_books(struct store_reader *r, void *arg,
                      void (*row)(void *arg, const struct report_books *b))
{
    sqlite3_stmt *q = NULL;
    struct call call = {.arg = arg, .row.books = row};
    enum err e = sqlite_prepare(r->db,
                                "SELECT source, city, arrival, fates, outcomes FROM books"
                                " ORDER BY source, city",
                                &q);
    return e != ERR_OK ? e : each_row(r, q, &call, books_row);
}

enum err report_cursor(struct store_reader *r, int64_t *id)
{
    return store_read_number(r, "SELECT value FROM numbers WHERE name = 0", id);
}

static void message_row(void *arg, sqlite3_stmt *q)
{
    struct call *call = arg;
    struct report_message m = {.id = sqlite3_column_int64(q, 0),
                               .source = sqlite_text(q, 1),
                               .fate = (enum fate)sqlite3_column_int(q, 2),
                               .stage = sqlite_text(q, 4),
                               .device = sqlite_text(q, 5),
                               .reason = sqlite_text(q, 6)};
    copy_counts(q, 3, m.outcomes, OUTCOME_COUNT);
    call->any = true;
    call->row.message(call->arg, &m);
}

#define MESSAGE                                                                          \
    "SELECT m.id, b.source, m.fate, m.outcomes, m.stage, m.device, m.reason"             \
    " FROM messages m JOIN books b ON b.id = m.source "

enum err report_messages(struct store_reader *r, enum fate fate, int64_t most, void *arg,
                         void (*row)(void *arg, const struct report_message *m))
{
    sqlite3_stmt *q = NULL;
    struct call call = {.arg = arg, .row.message = row};
    enum err e =
        sqlite_prepare(r->db,
                       fate == FATE_COUNT ? MESSAGE "ORDER BY m.id DESC LIMIT ?2"
                                          : MESSAGE "WHERE m.fate = ?1 ORDER BY m.id DESC"
                                                    " LIMIT ?2",
                       &q);
    if (e != ERR_OK) {
        return e;
    }
    if (fate != FATE_COUNT) {
        sqlite3_bind_int(q, 1, (int)fate);
    }
    sqlite3_bind_int64(q, 2, most);
    return each_row(r, q, &call, message_row);
}

enum err report_count_below(struct store_reader *r, enum fate fate, int64_t id,
                            int64_t *count, int64_t *first)
{
    sqlite3_stmt *q = NULL;
    enum err e = sqlite_prepare(r->db,
                                "SELECT count(*), coalesce(min(id), 0) FROM messages"
                                " WHERE fate = ?1 AND id < ?2",
                                &q);
    if (e != ERR_OK) {
        return e;
    }
    sqlite3_bind_int(q, 1, (int)fate);
    sqlite3_bind_int64(q, 2, id);
    if (sqlite3_step(q) == SQLITE_ROW) {
        *count = sqlite3_column_int64(q, 0);
        *first = sqlite3_column_int64(q, 1);
    } else {
        e = sqlite_err(r->db, NULL);
    }
    sqlite3_finalize(q);
    return e;
}

enum err report_message(struct store_reader *r, int64_t id, void *arg,
                        void (*row)(void *arg, const struct report_message *m))
{
    sqlite3_stmt *q = NULL;
    struct call call = {.arg = arg, .row.message = row};
    enum err e = sqlite_prepare(r->db, MESSAGE "WHERE m.id = ?1", &q);
    if (e != ERR_OK) {
        return e;
    }
    sqlite3_bind_int64(q, 1, id);
    e = each_row(r, q, &call, message_row);
    return e == ERR_OK && !call.any ? ERR_ABSENT : e;
}

static void pending_row(void *arg, sqlite3_stmt *q)
{
    const struct call *call = arg;
    const struct report_pending p = {.source = sqlite_text(q, 0),
                                     .device = sqlite_text(q, 1),
                                     .field = sqlite_text(q, 2),
                                     .count = sqlite3_column_int64(q, 3),
                                     .first_us = sqlite3_column_int64(q, 4),
                                     .last_us = sqlite3_column_int64(q, 5),
                                     .reason = sqlite_text(q, 6)};
    call->row.pending(call->arg, &p);
}

enum err report_pending(struct store_reader *r, void *arg,
                        void (*row)(void *arg, const struct report_pending *p))
{
    sqlite3_stmt *q = NULL;
    struct call call = {.arg = arg, .row.pending = row};
    enum err e = sqlite_prepare(r->db,
                                "SELECT b.source, device, field, count, first, last,"
                                " reason FROM pending p JOIN books b ON b.id = p.source"
                                " ORDER BY b.source, device, b.id, field",
                                &q);
    return e != ERR_OK ? e : each_row(r, q, &call, pending_row);
}

/* Fills in what is held at the time and series of c. */
static enum err find_held(sqlite3_stmt *q, int32_t series, double scale,
                          struct report_conflict *c)
{
    struct store_time t = store_time_of(c->time_us);
    sqlite3_bind_int64(q, 1, t.chunk);
    sqlite3_bind_int(q, 2, series);
    sqlite3_bind_int(q, 3, t.s);
    sqlite3_bind_int(q, 4, t.us);
    c->held = (double)NAN;
    int step = sqlite3_step(q);
    if (step == SQLITE_ROW) {
        c->held = store_column_value(q, 0, scale);
        c->held_message = sqlite3_column_int64(q, 1);
    }
    enum err e = step == SQLITE_ROW || step == SQLITE_DONE
                     ? ERR_OK
                     : sqlite_err(sqlite3_db_handle(q), NULL);
    sqlite3_reset(q);
    return e;
}

static void conflict_row(void *arg, sqlite3_stmt *q)
{
    struct call *call = arg;
    struct report_conflict c = {.key = {.city = sqlite_text(q, 0),
                                        .station = sqlite_text(q, 1),
                                        .parameter = sqlite_text(q, 2),
                                        .position = sqlite_text(q, 3),
                                        .origin = sqlite_text(q, 4)},
                                .unit = sqlite_text(q, 5),
                                .time_us = sqlite3_column_int64(q, 6),
                                .kept = column_double(q, 7),
                                .kept_message = sqlite3_column_int64(q, 8),
                                .chosen = sqlite3_column_type(q, 11) != SQLITE_NULL};
    enum err e = find_held(call->held, sqlite3_column_int(q, 9),
                           store_scale(sqlite3_column_int(q, 10)), &c);
    if (e == ERR_OK) {
        call->row.conflict(call->arg, &c);
    } else {
        call->held_err = e;
    }
}

enum err report_conflicts(struct store_reader *r, void *arg,
                          void (*row)(void *arg, const struct report_conflict *c))
{
    sqlite3_stmt *q = NULL;
    struct call call = {.arg = arg, .row.conflict = row};
    enum err e = sqlite_prepare(r->db,
                                "SELECT value, message FROM observations WHERE chunk = ?1"
                                " AND series = ?2 AND s = ?3 AND us = ?4",
                                &call.held);
    e = e != ERR_OK
            ? e
            : sqlite_prepare(r->db,
                             "SELECT s.city, s.station, s.parameter, s.position,"
                             " s.origin, s.unit, k.time, k.value, k.message, s.id,"
                             " s.decimals, c.message FROM conflicts k"
                             " JOIN series s ON s.id = k.series"
                             " LEFT JOIN choices c ON c.series = k.series"
                             " AND c.time = k.time ORDER BY s.city,"
                             " s.station, s.parameter, s.position, k.time, k.message",
                             &q);
    e = e != ERR_OK ? e : each_row(r, q, &call, conflict_row);
    sqlite3_finalize(call.held);
    return e != ERR_OK ? e : call.held_err;
}

enum err report_choice(struct store_reader *r, int32_t series, int64_t time_us,
                       int64_t *message)
{
    sqlite3_stmt *q = NULL;
    sqlite3_int64 found = 0;
    enum err e = sqlite_prepare(
        r->db, "SELECT message FROM choices WHERE series = ?1 AND time = ?2", &q);
    if (e == ERR_OK) {
        sqlite3_bind_int(q, 1, series);
        sqlite3_bind_int64(q, 2, time_us);
        e = sqlite_step_number(r->db, q, 0, &found);
    }
    sqlite3_finalize(q);
    if (e == ERR_OK) {
        *message = found;
    }
    return e;
}

static void revision_row(void *arg, sqlite3_stmt *q)
{
    const struct call *call = arg;
    const struct report_revision v = {.value = column_double(q, 0),
                                      .message = sqlite3_column_int64(q, 1)};
    call->row.revision(call->arg, &v);
}

enum err report_withdrawn(struct store_reader *r, const char *station,
                          const char *parameter, int64_t time_us,
                          struct report_revision *out)
{
    sqlite3_stmt *q = NULL;
    enum err e = sqlite_prepare(r->db,
                                "SELECT value, message FROM revisions WHERE time = ?3"
                                " AND series IN (SELECT id FROM series WHERE station = ?1"
                                " AND parameter = ?2) ORDER BY id DESC LIMIT 1",
                                &q);
    if (e == ERR_OK) {
        sqlite3_bind_text(q, 1, station, -1, SQLITE_STATIC);
        sqlite3_bind_text(q, 2, parameter, -1, SQLITE_STATIC);
        sqlite3_bind_int64(q, 3, time_us);
        int step = sqlite3_step(q);
        e = step == SQLITE_ROW    ? ERR_OK
            : step == SQLITE_DONE ? ERR_ABSENT
                                  : sqlite_err(r->db, NULL);
    }
    if (e == ERR_OK) {
        *out = (struct report_revision){.value = column_double(q, 0),
                                        .message = sqlite3_column_int64(q, 1)};
    }
    sqlite3_finalize(q);
    return e;
}

enum err report_revisions(struct store_reader *r, int32_t series, int64_t time_us,
                          void *arg,
                          void (*row)(void *arg, const struct report_revision *v))
{
    sqlite3_stmt *q = NULL;
    struct call call = {.arg = arg, .row.revision = row};
    enum err e = sqlite_prepare(r->db,
                                "SELECT value, message FROM revisions WHERE series = ?1"
                                " AND time = ?2 ORDER BY id",
                                &q);
    if (e != ERR_OK) {
        return e;
    }
    sqlite3_bind_int(q, 1, series);
    sqlite3_bind_int64(q, 2, time_us);
    return each_row(r, q, &call, revision_row);
}

/* Points of one chunk; call holds the bounds. */
static enum err points_of_chunk(struct store_reader *r, sqlite3_stmt *q, int64_t chunk,
                                const struct call *call)
{
    int step;
    sqlite3_bind_int64(q, 1, chunk);
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        const struct store_time t = {chunk, sqlite3_column_int(q, 0),
                                     sqlite3_column_int(q, 1)};
        const struct store_point p = {
            .time_us = store_time_us(t),
            .value = store_column_value(q, 2, store_scale(sqlite3_column_int(q, 3))),
            .tests = (quality_tests)sqlite3_column_int64(q, 4)};
        if (p.time_us >= call->from_us && p.time_us <= call->to_us) {
            call->row.point(call->arg, &p);
        }
    }
    sqlite3_reset(q);
    return step == SQLITE_DONE ? ERR_OK : sqlite_err(r->db, NULL);
}

enum err report_points(struct store_reader *r, int32_t series, int64_t from_us,
                       int64_t to_us, void *arg,
                       void (*row)(void *arg, const struct store_point *p))
{
    sqlite3_stmt *q = NULL;
    const struct call call = {
        .arg = arg, .row.point = row, .from_us = from_us, .to_us = to_us};
    enum err e = sqlite_prepare(r->db,
                                "SELECT o.s, o.us, o.value, s.decimals, o.flags"
                                " FROM observations o JOIN series s ON s.id = o.series"
                                " WHERE o.chunk = ?1 AND o.series = ?2"
                                " ORDER BY o.s, o.us",
                                &q);
    if (e == ERR_OK) {
        sqlite3_bind_int(q, 2, series);
    }
    for (int64_t chunk = store_time_of(from_us).chunk;
         chunk <= store_time_of(to_us).chunk && e == ERR_OK; chunk++) {
        e = points_of_chunk(r, q, chunk, &call);
    }
    sqlite3_finalize(q);
    return e;
}
