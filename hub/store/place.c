/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/place.h"

#include "store/store_internal.h"

#include <math.h>

static enum err ensure(struct store *s, const char *sql, sqlite3_stmt **q)
{
    return *q != NULL ? ERR_OK : sqlite_prepare(s->db, sql, q);
}

static enum err copy_text(sqlite3_stmt *q, int column, struct arena *a, const char **out)
{
    *out = arena_text(a, sqlite_text(q, column));
    return *out != NULL ? ERR_OK : ERR_FULL;
}

static enum err read_held(struct store *s, int32_t series, int64_t time_us,
                          struct arena *a, struct store_place *out)
{
    const struct series *of = &s->series[series - 1];
    struct store_time t = store_time_of(time_us);
    enum err e = ensure(s,
                        "SELECT value, raw, message, flags, raw_unit,"
                        " (SELECT text FROM units WHERE id = raw_unit) FROM observations"
                        " WHERE chunk = ?1 AND series = ?2 AND s = ?3 AND us = ?4",
                        &s->sql.place);
    if (e != ERR_OK) {
        return e;
    }
    sqlite3_stmt *q = s->sql.place;
    sqlite3_bind_int64(q, 1, t.chunk);
    sqlite3_bind_int(q, 2, series);
    sqlite3_bind_int(q, 3, t.s);
    sqlite3_bind_int(q, 4, t.us);
    int step = sqlite3_step(q);
    out->held = step == SQLITE_ROW;
    if (out->held) {
        double value = store_column_value(q, 0, of->scale);
        out->observation = (struct observation){
            .series = series,
            .time_us = time_us,
            .value = value,
            .raw = sqlite3_column_type(q, 1) == SQLITE_NULL ? value
                                                            : store_column_value(q, 1, 1),
            .raw_unit = of->unit,
            .tests = (quality_tests)sqlite3_column_int64(q, 3),
            .message = sqlite3_column_int64(q, 2)};
        if (sqlite3_column_type(q, 4) != SQLITE_NULL) {
            e = copy_text(q, 5, a, &out->observation.raw_unit);
        }
    }
    e = e == ERR_OK && step != SQLITE_ROW && step != SQLITE_DONE ? sqlite_err(s->db, NULL)
                                                                 : e;
    sqlite3_reset(q);
    return e;
}

static double column_real(sqlite3_stmt *q, int column)
{
    return store_column_value(q, column, 1);
}

static enum err read_kept(struct store *s, size_t count, struct arena *a,
                          struct store_place *out)
{
    sqlite3_stmt *q = s->sql.place_kept;
    enum err e = ERR_OK;
    int step = SQLITE_ROW;
    while (out->kept_count < count && e == ERR_OK &&
           (step = sqlite3_step(q)) == SQLITE_ROW) {
        struct observation *o = &out->kept[out->kept_count++];
        *o = (struct observation){.series = sqlite3_column_int(q, 0),
                                  .time_us = sqlite3_column_int64(q, 1),
                                  .message = sqlite3_column_int64(q, 2),
                                  .index = sqlite3_column_int(q, 3),
                                  .value = column_real(q, 4),
                                  .raw = column_real(q, 5),
                                  .tests = (quality_tests)sqlite3_column_int64(q, 7)};
        e = copy_text(q, 6, a, &o->raw_unit);
    }
    if (step != SQLITE_ROW) {
        e = step == SQLITE_DONE ? ERR_DAMAGED : sqlite_err(s->db, NULL);
    }
    sqlite3_reset(q);
    return e;
}

enum err store_get_place(struct store *s, int32_t series, int64_t time_us,
                         struct arena *a, struct store_place *out)
{
    int64_t count = 0;
    *out = (struct store_place){.held = false};
    enum err e = read_held(s, series, time_us, a, out);
    e = e != ERR_OK ? e : store_kept_count(s, series, time_us, &count);
    if (e != ERR_OK || count == 0) {
        return e;
    }
    out->kept = arena_take_zero(a, (size_t)count, sizeof *out->kept);
    if (out->kept == NULL) {
        return ERR_FULL;
    }
    e = ensure(s,
               "SELECT series, time, message, position, value, raw,"
               " (SELECT text FROM units WHERE id = raw_unit), flags FROM conflicts"
               " WHERE series = ?1 AND time = ?2 ORDER BY message, position",
               &s->sql.place_kept);
    if (e == ERR_OK) {
        sqlite3_bind_int(s->sql.place_kept, 1, series);
        sqlite3_bind_int64(s->sql.place_kept, 2, time_us);
        e = read_kept(s, (size_t)count, a, out);
    }
    return e;
}

enum err store_next_kept(struct store *s, int32_t series, int64_t from_us,
                         int64_t *time_us)
{
    sqlite3_int64 found = 0;
    enum err e =
        ensure(s, "SELECT min(time) FROM conflicts WHERE series = ?1 AND time >= ?2",
               &s->sql.next_kept);
    if (e == ERR_OK) {
        sqlite3_bind_int(s->sql.next_kept, 1, series);
        sqlite3_bind_int64(s->sql.next_kept, 2, from_us);
        e = sqlite_step_number(s->db, s->sql.next_kept, INT64_MAX, &found);
    }
    if (e == ERR_OK) {
        *time_us = found;
    }
    return e;
}

enum err store_list_disputed(struct store *s, const struct store_spot *after,
                             struct store_spot *spots, size_t most, size_t *count)
{
    sqlite3_stmt *q = NULL;
    size_t n = 0;
    int step = SQLITE_DONE;
    enum err e = sqlite_prepare(s->db,
                                "SELECT DISTINCT series, time FROM conflicts"
                                " WHERE (series, time) > (?1, ?2)"
                                " ORDER BY series, time LIMIT ?3",
                                &q);
    if (e == ERR_OK) {
        sqlite3_bind_int(q, 1, after->series);
        sqlite3_bind_int64(q, 2, after->time_us);
        sqlite3_bind_int64(q, 3, (sqlite3_int64)most);
        while (n < most && (step = sqlite3_step(q)) == SQLITE_ROW) {
            spots[n++] =
                (struct store_spot){sqlite3_column_int(q, 0), sqlite3_column_int64(q, 1)};
        }
        e = step == SQLITE_ROW || step == SQLITE_DONE ? ERR_OK : sqlite_err(s->db, NULL);
    }
    sqlite3_finalize(q);
    *count = n;
    return e;
}

/* --- choices --- */

enum err store_load_choices(struct store *s)
{
    sqlite3_stmt *q = NULL;
    sqlite3_int64 count = 0;
    enum err e = sqlite_prepare(s->db, "SELECT count(*) FROM choices", &q);
    e = e != ERR_OK ? e : sqlite_step_number(s->db, q, 0, &count);
    sqlite3_finalize(q);
    s->choices = count;
    return e;
}

enum err store_put_choice(struct store *s, const struct store_choice *c)
{
    struct store_choice old;
    enum err e = store_get_choice(s, c->series, c->time_us, &old);
    int more = e == ERR_ABSENT;
    e = e == ERR_OK || e == ERR_ABSENT
            ? ensure(s, "INSERT OR REPLACE INTO choices VALUES(?1, ?2, ?3, ?4)",
                     &s->sql.choice_put)
            : e;
    if (e != ERR_OK) {
        return e;
    }
    sqlite3_stmt *q = s->sql.choice_put;
    sqlite3_bind_int(q, 1, c->series);
    sqlite3_bind_int64(q, 2, c->time_us);
    sqlite3_bind_int64(q, 3, c->message);
    sqlite3_bind_double(q, 4, c->value); /* NAN is NULL */
    e = sqlite_step_done(s->db, q);
    s->choices += e == ERR_OK ? more : 0;
    return e;
}

enum err store_drop_choice(struct store *s, int32_t series, int64_t time_us)
{
    enum err e = ensure(s, "DELETE FROM choices WHERE series = ?1 AND time = ?2",
                        &s->sql.choice_drop);
    if (e != ERR_OK) {
        return e;
    }
    sqlite3_bind_int(s->sql.choice_drop, 1, series);
    sqlite3_bind_int64(s->sql.choice_drop, 2, time_us);
    e = sqlite_step_done(s->db, s->sql.choice_drop);
    s->choices -= e == ERR_OK ? sqlite3_changes(s->db) : 0;
    return e;
}

/* The row that q gives. */
static enum err read_choice(struct store *s, sqlite3_stmt *q, struct store_choice *out)
{
    int step = sqlite3_step(q);
    enum err e = step == SQLITE_ROW    ? ERR_OK
                 : step == SQLITE_DONE ? ERR_ABSENT
                                       : sqlite_err(s->db, NULL);
    if (e == ERR_OK) {
        *out = (struct store_choice){.series = sqlite3_column_int(q, 0),
                                     .time_us = sqlite3_column_int64(q, 1),
                                     .message = sqlite3_column_int64(q, 2),
                                     .value = column_real(q, 3)};
    }
    sqlite3_reset(q);
    return e;
}

enum err store_get_choice(struct store *s, int32_t series, int64_t time_us,
                          struct store_choice *out)
{
    if (s->choices == 0) {
        return ERR_ABSENT;
    }
    enum err e = ensure(s, "SELECT * FROM choices WHERE series = ?1 AND time = ?2",
                        &s->sql.choice_get);
    if (e != ERR_OK) {
        return e;
    }
    sqlite3_bind_int(s->sql.choice_get, 1, series);
    sqlite3_bind_int64(s->sql.choice_get, 2, time_us);
    return read_choice(s, s->sql.choice_get, out);
}

enum err store_next_choice(struct store *s, const struct store_spot *after,
                           struct store_choice *out)
{
    sqlite3_stmt *q = NULL;
    enum err e = sqlite_prepare(s->db,
                                "SELECT * FROM choices WHERE (series, time) > (?1, ?2)"
                                " ORDER BY series, time LIMIT 1",
                                &q);
    if (e == ERR_OK) {
        sqlite3_bind_int(q, 1, after->series);
        sqlite3_bind_int64(q, 2, after->time_us);
        e = read_choice(s, q, out);
    }
    sqlite3_finalize(q);
    return e;
}

/* --- series --- */

bool store_series_key(const struct store *s, int32_t id, struct series_key *key)
{
    bool there = id > 0 && (size_t)id <= s->series_count;
    if (there) {
        *key = s->series[id - 1].key;
    }
    return there;
}

const char *store_series_unit(const struct store *s, int32_t id)
{
    return s->series[id - 1].unit;
}

int32_t store_series_count(const struct store *s)
{
    return (int32_t)s->series_count;
}

enum err store_series_of(struct store *s, const struct store *other, int32_t id,
                         int32_t *out)
{
    const struct series *of = &other->series[id - 1];
    const struct parameter p = {.id = of->key.parameter,
                                .unit = of->unit,
                                .decimals = (int)lround(log10(of->scale))};
    return store_series(s, &of->key, &p, out);
}
