/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/nearby.h"

#include "base/clock.h"
#include "store/store_internal.h"

#define POINTS                                                                           \
    "SELECT s, us, value, flags FROM observations WHERE chunk = ?1 AND series = ?2"

static enum err bind_series(struct store *s, const char *sql, sqlite3_stmt **q,
                            int64_t chunk, int32_t series)
{
    enum err e = *q != NULL ? ERR_OK : sqlite_prepare(s->db, sql, q);
    if (e == ERR_OK) {
        sqlite3_bind_int64(*q, 1, chunk);
        sqlite3_bind_int(*q, 2, series);
    }
    return e;
}

static struct store_point read_point(const struct store *s, sqlite3_stmt *q,
                                     int64_t chunk, int32_t series)
{
    const struct store_time t = {chunk, sqlite3_column_int(q, 0),
                                 sqlite3_column_int(q, 1)};
    return (struct store_point){.time_us = store_time_us(t),
                                .value =
                                    store_column_value(q, 2, s->series[series - 1].scale),
                                .tests = (quality_tests)sqlite3_column_int64(q, 3)};
}

struct bounds {
    int64_t from_us, to_us; /* both inclusive */
};

/* Points of one chunk within the bounds, appended to out. */
static enum err read_chunk(struct store *s, int32_t series, int64_t chunk,
                           const struct bounds *b, struct store_points *out)
{
    enum err e = bind_series(s, POINTS " AND s BETWEEN ?3 AND ?4 ORDER BY s, us",
                             &s->sql.points, chunk, series);
    if (e != ERR_OK) {
        return e;
    }
    sqlite3_stmt *q = s->sql.points;
    struct store_time first = store_time_of(b->from_us);
    struct store_time last = store_time_of(b->to_us);
    sqlite3_bind_int(q, 3, first.chunk == chunk ? first.s : 0);
    sqlite3_bind_int(q, 4, last.chunk == chunk ? last.s : CHUNK_S);
    while (e == ERR_OK && sqlite3_step(q) == SQLITE_ROW) {
        const struct store_point point = read_point(s, q, chunk, series);
        if (point.time_us < b->from_us || point.time_us > b->to_us) {
            continue; /* the same second */
        }
        e = out->count == out->most ? ERR_FULL : ERR_OK;
        if (e == ERR_OK) {
            out->points[out->count++] = point;
        }
    }
    enum err reset = sqlite_reset(s->db, q);
    return e != ERR_OK ? e : reset;
}

enum err store_read_points(struct store *s, int32_t series, int64_t from_us,
                           int64_t to_us, struct store_points *out)
{
    const struct bounds b = {from_us, to_us};
    enum err e = ERR_OK;
    out->count = 0;
    for (int64_t chunk = store_chunk(from_us);
         chunk <= store_chunk(to_us) && from_us <= to_us && e == ERR_OK; chunk++) {
        e = read_chunk(s, series, chunk, &b, out);
    }
    return e;
}

/* Points of one chunk before b->to_us, put from behind. */
static enum err read_back(struct store *s, int32_t series, int64_t chunk,
                          const struct bounds *b, struct store_points *out)
{
    enum err e =
        bind_series(s, POINTS " AND (s, us) < (?3, ?4) ORDER BY s DESC, us DESC LIMIT ?5",
                    &s->sql.points_back, chunk, series);
    if (e != ERR_OK) {
        return e;
    }
    sqlite3_stmt *q = s->sql.points_back;
    struct store_time t = store_time_of(b->to_us);
    sqlite3_bind_int(q, 3, t.chunk == chunk ? t.s : CHUNK_S);
    sqlite3_bind_int(q, 4, t.chunk == chunk ? t.us : 0);
    sqlite3_bind_int64(q, 5, (sqlite3_int64)(out->most - out->count));
    while (sqlite3_step(q) == SQLITE_ROW) {
        const struct store_point point = read_point(s, q, chunk, series);
        if (point.time_us < b->from_us) {
            break;
        }
        out->points[out->most - ++out->count] = point;
    }
    return sqlite_reset(s->db, q);
}

enum err store_read_before(struct store *s, int32_t series, int64_t time_us,
                           int64_t from_us, struct store_points *out)
{
    const struct bounds b = {from_us, time_us};
    enum err e = ERR_OK;
    out->count = 0;
    for (int64_t chunk = store_chunk(time_us);
         chunk >= store_chunk(from_us) && out->count < out->most && e == ERR_OK;
         chunk--) {
        e = read_back(s, series, chunk, &b, out);
    }
    size_t free = out->most - out->count;
    for (size_t i = 0; i < out->count && free > 0; i++) {
        out->points[i] = out->points[free + i];
    }
    return e;
}

enum err store_next_time(struct store *s, int32_t series, int64_t time_us, int64_t to_us,
                         int64_t *next_us)
{
    enum err e = ERR_OK;
    *next_us = INT64_MAX;
    struct store_time t = store_time_of(time_us);
    for (int64_t chunk = t.chunk;
         chunk <= store_chunk(to_us) && *next_us == INT64_MAX && e == ERR_OK; chunk++) {
        e = bind_series(s, POINTS " AND (s, us) > (?3, ?4) ORDER BY s, us LIMIT 1",
                        &s->sql.point_next, chunk, series);
        if (e != ERR_OK) {
            return e;
        }
        sqlite3_stmt *q = s->sql.point_next;
        sqlite3_bind_int(q, 3, chunk == t.chunk ? t.s : -1);
        sqlite3_bind_int(q, 4, chunk == t.chunk ? t.us : 0);
        if (sqlite3_step(q) == SQLITE_ROW) {
            *next_us = read_point(s, q, chunk, series).time_us;
        }
        e = sqlite_reset(s->db, q);
    }
    *next_us = *next_us <= to_us ? *next_us : INT64_MAX;
    return e;
}

enum err store_last_time(struct store *s, int64_t *last_us)
{
    sqlite3_stmt *q = NULL;
    sqlite3_int64 chunk = 0;
    enum err e = sqlite_prepare(s->db, "SELECT max(chunk) FROM observations", &q);
    e = e != ERR_OK ? e : sqlite_step_number(s->db, q, 0, &chunk);
    sqlite3_finalize(q);
    if (e == ERR_OK) {
        *last_us = store_time_us((struct store_time){chunk + 1, 0, 0}) - 1;
    }
    return e;
}

enum err store_set_tests(struct store *s, int32_t series, int64_t time_us,
                         quality_tests tests, bool revision)
{
    const struct observation at = {.series = series, .time_us = time_us};
    struct store_time t = store_time_of(time_us);
    enum err e = revision ? store_revise(s, &at) : ERR_OK;
    e = e != ERR_OK ? e
                    : bind_series(s,
                                  "UPDATE observations SET flags = ?5 WHERE chunk ="
                                  " ?1 AND series = ?2 AND s = ?3 AND us = ?4",
                                  &s->sql.set_tests, t.chunk, series);
    if (e != ERR_OK) {
        return e;
    }
    sqlite3_bind_int(s->sql.set_tests, 3, t.s);
    sqlite3_bind_int(s->sql.set_tests, 4, t.us);
    sqlite3_bind_int64(s->sql.set_tests, 5, (sqlite3_int64)tests);
    return sqlite_step_done(s->db, s->sql.set_tests);
}
