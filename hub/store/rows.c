/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/reader_internal.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { UNITS_CEILING = 256 << 20 };

#define SELECT_ROWS                                                                      \
    "SELECT s, us, value, flags, message, raw, raw_unit FROM observations"               \
    " WHERE chunk = ?1 AND series = ?2 "

#define IN_BOUNDS " AND s * 1000000 + us >= ?3 AND s * 1000000 + us < ?4"

static bool one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return count == 0;
}

static bool wanted(const struct store_query *q, sqlite3_stmt *s)
{
    return one_of(sqlite_text(s, 1), q->cities, q->city_count) &&
           one_of(sqlite_text(s, 3), q->parameters, q->parameter_count) &&
           (q->station == NULL || strcmp(sqlite_text(s, 2), q->station) == 0) &&
           (q->position == NULL || strcmp(sqlite_text(s, 4), q->position) == 0) &&
           (q->origin == NULL || strcmp(sqlite_text(s, 5), q->origin) == 0);
}

static enum err add_series(struct rows *rows, size_t *size, sqlite3_stmt *s)
{
    if (rows->series_count == *size) {
        size_t larger = *size == 0 ? 64 : *size * 2;
        struct reader_series *grown =
            realloc(rows->series, larger * sizeof *rows->series);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        rows->series = grown;
        *size = larger;
    }
    struct reader_series *n = &rows->series[rows->series_count++];
    *n = (struct reader_series){.id = sqlite3_column_int(s, 0),
                                .key = {.city = strdup(sqlite_text(s, 1)),
                                        .station = strdup(sqlite_text(s, 2)),
                                        .parameter = strdup(sqlite_text(s, 3)),
                                        .position = strdup(sqlite_text(s, 4)),
                                        .origin = strdup(sqlite_text(s, 5))},
                                .unit = strdup(sqlite_text(s, 6)),
                                .scale = store_scale(sqlite3_column_int(s, 7))};
    return n->key.city == NULL || n->key.station == NULL || n->key.parameter == NULL ||
                   n->key.position == NULL || n->key.origin == NULL || n->unit == NULL
               ? ERR_MEMORY
               : ERR_OK;
}

#define SELECT_SERIES                                                                    \
    "SELECT id, city, station, parameter, position, origin, unit, decimals FROM series "

static enum err read_series(struct store_reader *r, const struct store_query *q)
{
    sqlite3_stmt *s = NULL;
    size_t size = 0;
    const char *sql = q->series != 0     ? SELECT_SERIES "WHERE id = ?1"
                      : q->by_dump_order ? SELECT_SERIES
                          "ORDER BY city, station, parameter, position, origin"
                                         : SELECT_SERIES
                          "ORDER BY station, parameter, position, origin, city";
    enum err e = sqlite_prepare(r->db, sql, &s);
    int step = SQLITE_DONE;
    if (q->series != 0) {
        sqlite3_bind_int(s, 1, q->series);
    }
    while (e == ERR_OK && (step = sqlite3_step(s)) == SQLITE_ROW) {
        if (wanted(q, s)) {
            e = add_series(&r->rows, &size, s);
        }
    }
    e = e == ERR_OK && step != SQLITE_DONE ? sqlite_err(r->db, NULL) : e;
    sqlite3_finalize(s);
    return e;
}

/* Texts of units by id, once for all rows; ids are small: one a text that ever came. They
 * lie in an arena; an id that has none keeps NULL. */
static enum err read_units(struct store_reader *r)
{
    struct rows *rows = &r->rows;
    sqlite3_stmt *s = NULL;
    int64_t most = 0;
    enum err e = store_read_number(r, "SELECT max(id) FROM units", &most);
    rows->texts = arena_open_growing(UNITS_CEILING);
    rows->units = rows->texts == NULL || e != ERR_OK
                      ? NULL
                      : arena_take_zero(rows->texts, (size_t)most + 1, sizeof(char *));
    if (rows->units == NULL) {
        return e == ERR_OK ? ERR_MEMORY : e;
    }
    rows->unit_count = (size_t)most + 1;
    e = sqlite_prepare(r->db, "SELECT id, text FROM units WHERE id BETWEEN 0 AND ?1", &s);
    int step = SQLITE_DONE;
    sqlite3_bind_int64(s, 1, most);
    while (e == ERR_OK && (step = sqlite3_step(s)) == SQLITE_ROW) {
        rows->units[sqlite3_column_int64(s, 0)] =
            arena_text(rows->texts, sqlite_text(s, 1));
    }
    e = e == ERR_OK && step != SQLITE_DONE ? sqlite_err(r->db, NULL) : e;
    sqlite3_finalize(s);
    return e;
}

/* The chunks that hold anything, by a jump over the key for each. */
static enum err read_chunks(struct store_reader *r)
{
    struct rows *rows = &r->rows;
    sqlite3_stmt *s = NULL;
    int64_t last = store_time_of(rows->to_us - 1).chunk;
    int64_t chunk = store_time_of(rows->from_us).chunk;
    size_t size = 0;
    enum err e = sqlite_prepare(
        r->db, "SELECT min(chunk) FROM observations WHERE chunk >= ?1", &s);
    while (e == ERR_OK && chunk <= last) {
        sqlite3_int64 found = 0;
        sqlite3_bind_int64(s, 1, chunk);
        e = sqlite_step_number(r->db, s, INT64_MAX, &found);
        if (e != ERR_OK || found > last) {
            break;
        }
        if (rows->chunk_count == size) {
            size = size == 0 ? 64 : size * 2;
            int64_t *grown = realloc(rows->chunks, size * sizeof *grown);
            if (grown == NULL) {
                e = ERR_MEMORY;
                break;
            }
            rows->chunks = grown;
        }
        rows->chunks[rows->chunk_count++] = found;
        chunk = found + 1;
    }
    sqlite3_finalize(s);
    return e;
}

static void fill_row(struct rows *rows, struct observation_row *row, int64_t time_us)
{
    const struct reader_series *series = &rows->series[rows->at];
    sqlite3_stmt *s = rows->select;
    *row = (struct observation_row){.key = series->key,
                                    .series = series->id,
                                    .time_us = time_us,
                                    .value = store_column_value(s, 2, series->scale),
                                    .unit = series->unit,
                                    .tests = (quality_tests)sqlite3_column_int64(s, 3),
                                    .message = sqlite3_column_int64(s, 4)};
    row->raw = sqlite3_column_type(s, 5) == SQLITE_NULL ? row->value
                                                        : store_column_value(s, 5, 1);
    row->raw_unit = series->unit;
    if (sqlite3_column_type(s, 6) != SQLITE_NULL) {
        uint64_t unit = (uint64_t)sqlite3_column_int64(s, 6);
        const char *text = unit < rows->unit_count ? rows->units[unit] : NULL;
        row->raw_unit = text != NULL ? text : "";
    }
}

/* Binds the next chunk of the series, or the first of the next one. False: no more. */
static bool next_chunk(struct rows *rows)
{
    sqlite3_reset(rows->select);
    if (rows->chunk_at == rows->chunk_count) {
        rows->chunk_at = 0;
        rows->at++;
    }
    if (rows->at >= rows->series_count || rows->chunk_count == 0) {
        return false;
    }
    sqlite3_bind_int64(rows->select, 1, rows->chunks[rows->chunk_at++]);
    sqlite3_bind_int(rows->select, 2, rows->series[rows->at].id);
    return true;
}

static int next_row(void *self, struct observation_row *row)
{
    struct store_reader *r = self;
    struct rows *rows = &r->rows;
    for (;;) {
        int step = sqlite3_step(rows->select);
        if (step == SQLITE_DONE) {
            if (!next_chunk(rows)) {
                return 0;
            }
            continue;
        }
        if (step != SQLITE_ROW) {
            rows->err = sqlite_err(r->db, NULL);
            return -1;
        }
        int64_t time_us = store_time_us((struct store_time){
            rows->chunks[rows->chunk_at - 1], sqlite3_column_int(rows->select, 0),
            sqlite3_column_int(rows->select, 1)});
        if (time_us >= rows->from_us && time_us < rows->to_us) {
            fill_row(rows, row, time_us);
            return 1;
        }
    }
}

enum err store_rows_open(struct store_reader *r, const struct store_query *q,
                         struct row_source *out, struct diag *d)
{
    struct rows *rows = &r->rows;
    store_rows_close(r);
    rows->open = true;
    rows->from_us = q->from_us;
    rows->to_us = q->to_us;
    enum err e = read_series(r, q);
    e = e != ERR_OK ? e : read_chunks(r);
    e = e != ERR_OK ? e : read_units(r);
    e = e != ERR_OK ? e
                    : sqlite_prepare(r->db, SELECT_ROWS "ORDER BY s, us", &rows->select);
    if (e != ERR_OK) {
        diag_set(d, "the store can't be read: %s", sqlite3_errmsg(r->db));
        store_rows_close(r);
        return e;
    }
    /* nothing is bound yet: the first step gives no row and moves on to the first chunk
     */
    *out = (struct row_source){.next = next_row, .self = r};
    return ERR_OK;
}

void store_rows_close(struct store_reader *r)
{
    struct rows *rows = &r->rows;
    sqlite3_finalize(rows->select);
    for (size_t i = 0; i < rows->series_count; i++) {
        struct reader_series *s = &rows->series[i];
        free((void *)(uintptr_t)s->key.city);
        free((void *)(uintptr_t)s->key.station);
        free((void *)(uintptr_t)s->key.parameter);
        free((void *)(uintptr_t)s->key.position);
        free((void *)(uintptr_t)s->key.origin);
        free(s->unit);
    }
    arena_close(rows->texts);
    free(rows->series);
    free(rows->chunks);
    *rows = (struct rows){0};
}

/* What of a chunk lies in [from, to), as s * 1000000 + us. */
static void bind_bounds(const struct rows *rows, sqlite3_stmt *s, int64_t chunk)
{
    int64_t start_us = store_time_us((struct store_time){chunk, 0, 0});
    int64_t end_us = start_us + CHUNK_S * CLOCK_US_PER_S;
    sqlite3_bind_int64(s, 3, rows->from_us > start_us ? rows->from_us - start_us : 0);
    sqlite3_bind_int64(s, 4, (rows->to_us < end_us ? rows->to_us : end_us) - start_us);
}

/* Time of the first (end 0) or last (end 1) observation of a series; CLOCK_NONE: none. */
static enum err find_end(const struct rows *rows, sqlite3_stmt *s, int32_t series,
                         int end, int64_t *time_us)
{
    enum err e = ERR_OK;
    *time_us = CLOCK_NONE;
    for (size_t k = 0; k < rows->chunk_count && e == ERR_OK && *time_us == CLOCK_NONE;
         k++) {
        int64_t chunk = rows->chunks[end == 0 ? k : rows->chunk_count - 1 - k];
        sqlite3_bind_int64(s, 1, chunk);
        sqlite3_bind_int(s, 2, series);
        bind_bounds(rows, s, chunk);
        if (sqlite3_step(s) != SQLITE_ROW) {
            e = sqlite_err(sqlite3_db_handle(s), NULL);
        } else if (sqlite3_column_type(s, end) != SQLITE_NULL) {
            *time_us = store_time_us((struct store_time){chunk, 0, 0}) +
                       sqlite3_column_int64(s, end);
        }
        sqlite3_reset(s);
    }
    return e;
}

enum err store_extent(struct store_reader *r, const struct store_query *q,
                      int64_t *first_us, int64_t *last_us)
{
    struct row_source source;
    struct rows *rows = &r->rows;
    int64_t first = INT64_MAX;
    int64_t last = CLOCK_NONE;
    sqlite3_stmt *s = NULL;
    enum err e = store_rows_open(r, q, &source, NULL);
    e = e != ERR_OK ? e
                    : sqlite_prepare(r->db,
                                     "SELECT min(s * 1000000 + us),"
                                     " max(s * 1000000 + us) FROM observations"
                                     " WHERE chunk = ?1 AND series = ?2" IN_BOUNDS,
                                     &s);
    for (size_t i = 0; e == ERR_OK && i < rows->series_count; i++) {
        int64_t from = CLOCK_NONE;
        int64_t to = CLOCK_NONE;
        e = find_end(rows, s, rows->series[i].id, 0, &from);
        e = e != ERR_OK ? e : find_end(rows, s, rows->series[i].id, 1, &to);
        first = from != CLOCK_NONE && from < first ? from : first;
        last = to > last ? to : last;
    }
    sqlite3_finalize(s);
    store_rows_close(r);
    if (e == ERR_OK) {
        *first_us = last == CLOCK_NONE ? CLOCK_NONE : first;
        *last_us = last;
    }
    return e;
}

/* Steps to the newest row of the series that rows stand at. CLOCK_NONE: it has none. */
static enum err step_latest(struct rows *rows, int64_t *time_us)
{
    *time_us = CLOCK_NONE;
    for (size_t k = rows->chunk_count; k > 0; k--) {
        sqlite3_reset(rows->select);
        sqlite3_bind_int64(rows->select, 1, rows->chunks[k - 1]);
        sqlite3_bind_int(rows->select, 2, rows->series[rows->at].id);
        bind_bounds(rows, rows->select, rows->chunks[k - 1]);
        int step = sqlite3_step(rows->select);
        if (step != SQLITE_ROW && step != SQLITE_DONE) {
            return sqlite_err(sqlite3_db_handle(rows->select), NULL);
        }
        if (step == SQLITE_ROW) {
            *time_us = store_time_us((struct store_time){
                rows->chunks[k - 1], sqlite3_column_int(rows->select, 0),
                sqlite3_column_int(rows->select, 1)});
            return ERR_OK;
        }
    }
    return ERR_OK;
}

enum err store_latest(struct store_reader *r, const struct store_query *q, void *arg,
                      void (*row)(void *arg, const struct observation_row *o))
{
    struct row_source source;
    struct rows *rows = &r->rows;
    enum err e = store_rows_open(r, q, &source, NULL);
    if (e == ERR_OK) {
        sqlite3_finalize(rows->select);
        rows->select = NULL;
        e = sqlite_prepare(r->db,
                           SELECT_ROWS IN_BOUNDS " ORDER BY s DESC, us DESC LIMIT 1",
                           &rows->select);
    }
    for (; e == ERR_OK && rows->at < rows->series_count; rows->at++) {
        struct observation_row found;
        int64_t time_us = CLOCK_NONE;
        e = step_latest(rows, &time_us);
        if (e == ERR_OK && time_us != CLOCK_NONE) {
            fill_row(rows, &found, time_us);
            row(arg, &found);
        }
    }
    store_rows_close(r);
    return e;
}
