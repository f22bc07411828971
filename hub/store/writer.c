/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/clock.h"
#include "store/store_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKPOINT_PAGES = 4000, MEMORY_CEILING = 256 << 20 };

#define KEY "chunk = ?1 AND series = ?2 AND s = ?3 AND us = ?4"

static enum err prepare_observations(struct store *s)
{
    const struct {
        const char *sql;
        sqlite3_stmt **out;
    } all[] = {
        {"BEGIN IMMEDIATE", &s->sql.begin},
        {"COMMIT", &s->sql.commit},
        {"INSERT OR IGNORE INTO observations VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
         &s->sql.insert},
        {"SELECT value, raw, message, flags, raw_unit FROM observations WHERE " KEY,
         &s->sql.select},
        /* one look for the key; UPDATE takes two, and reads the row */
        {"INSERT OR REPLACE INTO observations VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
         &s->sql.replace},
        {"INSERT INTO revisions(series, time, at, value, raw, raw_unit, flags, message)"
         " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
         &s->sql.revise},
        {"INSERT OR IGNORE INTO conflicts VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
         &s->sql.keep},
        {"DELETE FROM conflicts WHERE series = ?1 AND time = ?2 AND message = ?3"
         " AND position = ?4",
         &s->sql.unkeep},
        {"SELECT count(*) FROM conflicts WHERE series = ?1 AND time = ?2", &s->sql.kept},
        {"DELETE FROM observations WHERE " KEY, &s->sql.withdraw},
        {"SELECT message, position FROM conflicts WHERE series = ?1 AND time = ?2"
         " AND value IS ?3 ORDER BY message, position LIMIT 1",
         &s->sql.get_kept},
        {"INSERT INTO changes(series, first, span) VALUES(?1, ?2, ?3)", &s->sql.change},
        {"INSERT INTO numbers VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE"
         " SET value = excluded.value",
         &s->sql.number},
        {"INSERT INTO series VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", &s->sql.series},
        {"INSERT OR IGNORE INTO units(text) VALUES(?1)", &s->sql.unit_put},
        {"SELECT id FROM units WHERE text = ?1", &s->sql.unit_get},
    };
    enum err e = ERR_OK;
    for (size_t i = 0; i < sizeof all / sizeof *all && e == ERR_OK; i++) {
        e = sqlite_prepare(s->db, all[i].sql, all[i].out);
    }
    return e;
}

static enum err prepare_books(struct store *s)
{
    const struct {
        const char *sql;
        sqlite3_stmt **out;
    } all[] = {
        {"INSERT OR REPLACE INTO messages VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
         &s->sql.message_put},
        {"SELECT source, fate, outcomes, stage, device, reason FROM messages WHERE id = "
         "?1",
         &s->sql.message_get},
        {"DELETE FROM messages WHERE id = ?1", &s->sql.message_drop},
        {"SELECT id FROM messages WHERE fate = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
         &s->sql.message_list},
        {"INSERT INTO books VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(id) DO UPDATE SET"
         " arrival = excluded.arrival, fates = excluded.fates,"
         " outcomes = excluded.outcomes",
         &s->sql.book},
        {"INSERT INTO pending VALUES(?1, ?2, ?3, 1, ?4, ?4, ?5) ON CONFLICT DO UPDATE SET"
         " count = count + 1, first = min(first, excluded.first),"
         " last = max(last, excluded.last), reason = excluded.reason",
         &s->sql.pending},
    };
    enum err e = ERR_OK;
    for (size_t i = 0; i < sizeof all / sizeof *all && e == ERR_OK; i++) {
        e = sqlite_prepare(s->db, all[i].sql, all[i].out);
    }
    return e;
}

static enum err prepare_frames(struct store *s)
{
    const struct {
        const char *sql;
        sqlite3_stmt **out;
    } all[] = {
        {"SELECT id, born, seen FROM counters WHERE source = ?1 AND device = ?2"
         " AND session = ?3",
         &s->sql.counter_get},
        {"INSERT INTO counters(source, device, session, born, seen)"
         " VALUES(?1, ?2, ?3, ?4, ?4)",
         &s->sql.counter_put},
        {"UPDATE counters SET born = ?2, seen = ?3 WHERE id = ?1", &s->sql.counter_widen},
        {"SELECT s, first, last, span, repeated FROM frames WHERE hour = ?1"
         " AND counter = ?2 ORDER BY s, first",
         &s->sql.runs},
        {"INSERT OR REPLACE INTO frames VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
         &s->sql.run_put},
        {"DELETE FROM frames WHERE hour = ?1 AND counter = ?2 AND s = ?3 AND first = ?4",
         &s->sql.run_drop},
    };
    enum err e = store_open_frames(s);
    for (size_t i = 0; i < sizeof all / sizeof *all && e == ERR_OK; i++) {
        e = sqlite_prepare(s->db, all[i].sql, all[i].out);
    }
    return e;
}

static enum err load_numbers(struct store *s)
{
    sqlite3_stmt *q = NULL;
    enum err e = sqlite_prepare(s->db, "SELECT name, value FROM numbers", &q);
    int step = SQLITE_DONE;
    while (e == ERR_OK && (step = sqlite3_step(q)) == SQLITE_ROW) {
        int name = sqlite3_column_int(q, 0);
        if (name >= 0 && name < STORE_NUMBERS) {
            s->numbers[name] = sqlite3_column_int64(q, 1);
        }
    }
    e = e == ERR_OK && step != SQLITE_DONE ? sqlite_err(s->db, NULL) : e;
    sqlite3_finalize(q);
    return e;
}

static enum err give_slot(struct store *s, sqlite3_stmt *put, sqlite3_stmt *get,
                          const char *name, int *slot)
{
    sqlite3_int64 number = 0;
    sqlite3_bind_text(put, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int(put, 2, QUALITY_SLOT_MANUAL);
    enum err e = sqlite_step_done(s->db, put);
    if (e == ERR_OK) {
        sqlite3_bind_text(get, 1, name, -1, SQLITE_STATIC);
        e = sqlite_step_number(s->db, get, QUALITY_TESTS, &number);
    }
    *slot = (int)number;
    return e == ERR_OK && (number < 0 || number >= QUALITY_SLOT_MANUAL) ? ERR_DAMAGED : e;
}

/* The aggregate must know the flags set by hand without a list of names. */
static enum err name_manual(struct store *s)
{
    sqlite3_stmt *put = NULL;
    enum err e = sqlite_prepare(
        s->db, "INSERT OR IGNORE INTO tests(slot, name) VALUES(?1, 'manual')", &put);
    if (e == ERR_OK) {
        sqlite3_bind_int(put, 1, QUALITY_SLOT_MANUAL);
        e = sqlite_step_done(s->db, put);
    }
    sqlite3_finalize(put);
    return e;
}

static enum err give_slots(struct store *s, const char *const *tests, size_t count,
                           int slots[QUALITY_TESTS])
{
    sqlite3_stmt *put = NULL;
    sqlite3_stmt *get = NULL;
    enum err e = sqlite_prepare(s->db,
                                "INSERT OR IGNORE INTO tests(slot, name) VALUES("
                                "coalesce((SELECT max(slot) + 1 FROM tests WHERE slot"
                                " <> ?2), 0), ?1)",
                                &put);
    e = e != ERR_OK
            ? e
            : sqlite_prepare(s->db, "SELECT slot FROM tests WHERE name = ?1", &get);
    e = count > QUALITY_SLOT_MANUAL ? ERR_FULL : e;
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        e = give_slot(s, put, get, tests[i], &slots[i]);
    }
    e = e != ERR_OK ? e : name_manual(s);
    sqlite3_finalize(put);
    sqlite3_finalize(get);
    return e;
}

static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    ((struct store *)arg)->log_pages = pages;
    return SQLITE_OK;
}

static enum err prepare(struct store *s)
{
    enum err e = prepare_observations(s);
    e = e != ERR_OK ? e : prepare_books(s);
    e = e != ERR_OK ? e : prepare_frames(s);
    e = e != ERR_OK ? e : load_numbers(s);
    e = e != ERR_OK ? e : store_load_series(s);
    e = e != ERR_OK ? e : store_load_books(s);
    e = e != ERR_OK ? e : store_load_changes(s);
    return e != ERR_OK ? e : store_load_choices(s);
}

enum err store_open(const char *folder, const char *const *tests, size_t count,
                    int slots[QUALITY_TESTS], struct store **out, struct diag *d)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/hub.db", folder);
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return ERR_MEMORY;
    }
    s->memory = arena_open_growing(MEMORY_CEILING);
    enum err e =
        s->memory == NULL ? ERR_MEMORY : sqlite_open_writer(path, &hub_schema, &s->db, d);
    if (e == ERR_OK) {
        sqlite3_wal_hook(s->db, on_commit, s);
        s->log_pages = CHECKPOINT_PAGES;
        e = prepare(s);
        e = e != ERR_OK ? e : give_slots(s, tests, count, slots);
        if (e != ERR_OK && d != NULL && d->text[0] == '\0') {
            diag_set(d, "%s", err_text(e));
        }
    }
    if (e != ERR_OK) {
        store_close(s);
        return e;
    }
    *out = s;
    return ERR_OK;
}

void store_close(struct store *s)
{
    if (s == NULL) {
        return;
    }
    sqlite3_stmt *q = NULL;
    while (s->db != NULL && (q = sqlite3_next_stmt(s->db, NULL)) != NULL) {
        sqlite3_finalize(q);
    }
    sqlite3_close(s->db);
    arena_close(s->memory);
    free(s->series);
    free(s->series_table);
    free(s->books);
    free(s->before.books);
    store_close_frames(s);
    free(s);
}

int64_t store_number(const struct store *s, enum store_number n)
{
    return s->numbers[n];
}

enum err store_set_number(struct store *s, enum store_number n, int64_t value)
{
    if (s->numbers[n] == value) {
        return ERR_OK;
    }
    sqlite3_bind_int(s->sql.number, 1, (int)n);
    sqlite3_bind_int64(s->sql.number, 2, value);
    enum err e = sqlite_step_done(s->db, s->sql.number);
    if (e == ERR_OK) {
        s->numbers[n] = value;
    }
    return e;
}

enum err store_begin(struct store *s)
{
    memcpy(s->before.numbers, s->numbers, sizeof s->numbers);
    s->before.series_count = s->series_count;
    s->before.choices = s->choices;
    s->before.newest_change = s->newest_change;
    store_keep_books(s);
    return sqlite_step_done(s->db, s->sql.begin);
}

enum err store_commit(struct store *s)
{
    enum err e = store_write_books(s);
    e = e != ERR_OK ? e : store_write_frames(s);
    e = e != ERR_OK ? e : sqlite_step_done(s->db, s->sql.commit);
    if (e != ERR_OK) {
        store_rollback(s);
    }
    return e;
}

void store_rollback(struct store *s)
{
    if (!sqlite3_get_autocommit(s->db)) {
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    }
    /* what stands in memory must not be ahead of the file */
    memcpy(s->numbers, s->before.numbers, sizeof s->numbers);
    memset(s->units, 0, sizeof s->units);
    s->choices = s->before.choices;
    s->newest_change = s->before.newest_change;
    store_restore_series(s);
    store_restore_books(s);
    store_drop_frames(s);
}

static void bind_key(sqlite3_stmt *q, int32_t series, int64_t time_us)
{
    struct store_time t = store_time_of(time_us);
    sqlite3_bind_int64(q, 1, t.chunk);
    sqlite3_bind_int(q, 2, series);
    sqlite3_bind_int(q, 3, t.s);
    sqlite3_bind_int(q, 4, t.us);
}

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* 0: the canonical one. */
static enum err raw_unit_id(struct store *s, const struct observation *o,
                            sqlite3_int64 *id)
{
    const char *unit = s->series[o->series - 1].unit;
    if (o->raw_unit == unit || strcmp(o->raw_unit, unit) == 0) {
        *id = 0;
        return ERR_OK;
    }
    return store_unit_id(s, o->raw_unit, id);
}

static void bind_raw(sqlite3_stmt *q, int column, double raw, double value)
{
    if (same_number(raw, value)) {
        sqlite3_bind_null(q, column);
    } else {
        store_bind_value(q, column, raw, 1);
    }
}

static void bind_unit(sqlite3_stmt *q, int column, sqlite3_int64 unit)
{
    if (unit == 0) {
        sqlite3_bind_null(q, column);
    } else {
        sqlite3_bind_int64(q, column, unit);
    }
}

static enum err bind_observation(struct store *s, sqlite3_stmt *q,
                                 const struct observation *o)
{
    sqlite3_int64 unit = 0;
    bind_key(q, o->series, o->time_us);
    store_bind_value(q, 5, o->value, s->series[o->series - 1].scale);
    sqlite3_bind_int64(q, 6, (sqlite3_int64)o->tests);
    sqlite3_bind_int64(q, 7, o->message);
    bind_raw(q, 8, o->raw, o->value);
    enum err e = raw_unit_id(s, o, &unit);
    bind_unit(q, 9, unit);
    return e;
}

static enum err read_held(struct store *s, const struct observation *o, struct held *held)
{
    sqlite3_stmt *q = s->sql.select;
    bind_key(q, o->series, o->time_us);
    if (sqlite3_step(q) != SQLITE_ROW) {
        enum err e = sqlite_err(s->db, NULL);
        sqlite3_reset(q);
        return e == ERR_OK ? ERR_INTERNAL : e;
    }
    held->value = store_column_value(q, 0, s->series[o->series - 1].scale);
    held->raw = sqlite3_column_type(q, 1) == SQLITE_NULL ? held->value
                                                         : store_column_value(q, 1, 1);
    held->message = sqlite3_column_int64(q, 2);
    held->tests = (quality_tests)sqlite3_column_int64(q, 3);
    held->raw_unit = sqlite3_column_int64(q, 4); /* NULL: 0 */
    sqlite3_reset(q);
    return ERR_OK;
}

enum err store_insert(struct store *s, const struct observation *o, bool *inserted,
                      struct held *held)
{
    enum err e = bind_observation(s, s->sql.insert, o);
    e = e != ERR_OK ? e : sqlite_step_done(s->db, s->sql.insert);
    if (e != ERR_OK) {
        return e;
    }
    *inserted = sqlite3_changes(s->db) > 0;
    return *inserted ? ERR_OK : read_held(s, o, held);
}

enum err store_held_of(struct store *s, const struct observation *o, struct held *out)
{
    sqlite3_int64 unit = 0;
    enum err e = raw_unit_id(s, o, &unit);
    if (e == ERR_OK) {
        *out = (struct held){.value = o->value,
                             .raw = o->raw,
                             .raw_unit = unit,
                             .message = o->message,
                             .tests = o->tests};
    }
    return e;
}

/* What stood at o's series and time goes to the revisions. */
static enum err revise(struct store *s, const struct observation *o,
                       const struct held *before)
{
    sqlite3_stmt *q = s->sql.revise;
    sqlite3_bind_int(q, 1, o->series);
    sqlite3_bind_int64(q, 2, o->time_us);
    sqlite3_bind_int64(q, 3, s->newest_change + 1);
    sqlite3_bind_double(q, 4, before->value); /* NAN is NULL */
    bind_raw(q, 5, before->raw, before->value);
    bind_unit(q, 6, before->raw_unit);
    sqlite3_bind_int64(q, 7, (sqlite3_int64)before->tests);
    sqlite3_bind_int64(q, 8, before->message);
    return sqlite_step_done(s->db, q);
}

enum err store_replace(struct store *s, const struct observation *o,
                       const struct held *before)
{
    enum err e = before != NULL ? revise(s, o, before) : ERR_OK;
    e = e != ERR_OK ? e : bind_observation(s, s->sql.replace, o);
    return e != ERR_OK ? e : sqlite_step_done(s->db, s->sql.replace);
}

enum err store_revise(struct store *s, const struct observation *o)
{
    struct held before;
    enum err e = read_held(s, o, &before);
    return e != ERR_OK ? e : revise(s, o, &before);
}

enum err store_withdraw(struct store *s, const struct observation *o)
{
    struct held before;
    enum err e = store_held_of(s, o, &before);
    e = e != ERR_OK ? e : revise(s, o, &before);
    bind_key(s->sql.withdraw, o->series, o->time_us);
    return e != ERR_OK ? e : sqlite_step_done(s->db, s->sql.withdraw);
}

enum err store_holds(struct store *s, int32_t series, int64_t time_us, int64_t message,
                     bool *holds)
{
    sqlite3_stmt *q = s->sql.select;
    bind_key(q, series, time_us);
    int step = sqlite3_step(q);
    bool found = step == SQLITE_ROW && sqlite3_column_int64(q, 2) == message;
    enum err e =
        step == SQLITE_ROW || step == SQLITE_DONE ? ERR_OK : sqlite_err(s->db, NULL);
    sqlite3_reset(q);
    if (e == ERR_OK) {
        *holds = found;
    }
    return e;
}

void store_idle(struct store *s)
{
    if (s->log_pages >= CHECKPOINT_PAGES) {
        sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        s->log_pages = 0;
    }
}
