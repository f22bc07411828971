/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/reader_internal.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err store_reader_open(const char *folder, struct store_reader **out, struct diag *d)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/hub.db", folder);
    struct store_reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return ERR_MEMORY;
    }
    enum err e = sqlite_open_reader(path, &hub_schema, &r->db, d);
    e = e != ERR_OK ? e : store_read_tests(r->db, r->tests);
    if (e != ERR_OK) {
        store_reader_close(r);
        return e;
    }
    *out = r;
    return ERR_OK;
}

void store_reader_close(struct store_reader *r)
{
    if (r == NULL) {
        return;
    }
    store_rows_close(r);
    for (int i = 0; i < QUALITY_TESTS; i++) {
        free(r->tests[i]);
    }
    sqlite3_close(r->db);
    free(r);
}

const char *const *store_test_names(const struct store_reader *r)
{
    return (const char *const *)r->tests;
}

enum err store_view_begin(struct store_reader *r)
{
    /* the first read of a transaction fixes what it sees */
    enum err e = sqlite_run(r->db, "BEGIN");
    return e != ERR_OK ? e : sqlite_run(r->db, "SELECT count(*) FROM numbers");
}

void store_view_end(struct store_reader *r)
{
    store_rows_close(r);
    if (!sqlite3_get_autocommit(r->db)) {
        sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL);
    }
}

enum err store_read_number(struct store_reader *r, const char *sql, int64_t *out)
{
    sqlite3_stmt *q = NULL;
    sqlite3_int64 number = 0;
    enum err e = sqlite_prepare(r->db, sql, &q);
    e = e != ERR_OK ? e : sqlite_step_number(r->db, q, 0, &number);
    sqlite3_finalize(q);
    if (e == ERR_OK) {
        *out = number;
    }
    return e;
}

enum err store_last_change(struct store_reader *r, int64_t *number)
{
    return store_read_number(r, "SELECT max(number) FROM changes", number);
}

enum err store_epoch(struct store_reader *r, int64_t *epoch)
{
    return store_read_number(r, "SELECT value FROM numbers WHERE name = 2", epoch);
}

enum err store_floor(struct store_reader *r, int64_t *floor)
{
    return store_read_number(r, "SELECT value FROM numbers WHERE name = 1", floor);
}

/* The names of a series in columns 1 to 5; borrowed until the next step. */
static struct series_key column_key(sqlite3_stmt *q)
{
    return (struct series_key){.city = sqlite_text(q, 1),
                               .station = sqlite_text(q, 2),
                               .parameter = sqlite_text(q, 3),
                               .position = sqlite_text(q, 4),
                               .origin = sqlite_text(q, 5)};
}

enum err store_each_series(struct store_reader *r, void *arg,
                           void (*row)(void *arg, int32_t id,
                                       const struct series_key *key))
{
    sqlite3_stmt *q = NULL;
    int step = SQLITE_DONE;
    enum err e = sqlite_prepare(r->db,
                                "SELECT id, city, station, parameter, position, origin"
                                " FROM series ORDER BY id",
                                &q);
    while (e == ERR_OK && (step = sqlite3_step(q)) == SQLITE_ROW) {
        const struct series_key key = column_key(q);
        row(arg, sqlite3_column_int(q, 0), &key);
    }
    e = e == ERR_OK && step != SQLITE_DONE ? sqlite_err(r->db, NULL) : e;
    sqlite3_finalize(q);
    return e;
}

static enum err check_since(struct store_reader *r, int64_t since)
{
    int64_t fold = 0;
    enum err e = store_read_number(r, "SELECT value FROM numbers WHERE name = 6", &fold);
    return e == ERR_OK && since < fold ? ERR_ABSENT : e;
}

enum err store_changes(struct store_reader *r, int64_t since, void *arg,
                       void (*row)(void *arg, const struct store_change *c),
                       int64_t *last)
{
    sqlite3_stmt *q = NULL;
    enum err e = check_since(r, since);
    e = e != ERR_OK
            ? e
            : sqlite_prepare(r->db,
                             "SELECT number, city, station, parameter, position, origin,"
                             " first, first + span, s.id FROM changes c JOIN series s"
                             " ON s.id = c.series WHERE number > ?1 ORDER BY number",
                             &q);
    if (e != ERR_OK) {
        return e;
    }
    int64_t newest = since;
    int step;
    sqlite3_bind_int64(q, 1, since);
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        const struct store_change c = {
            .number = newest = sqlite3_column_int64(q, 0),
            .series = sqlite3_column_int(q, 8),
            .key = column_key(q),
            .from_us = sqlite3_column_int64(q, 6) * CLOCK_US_PER_S,
            .to_us = (sqlite3_column_int64(q, 7) + 1) * CLOCK_US_PER_S - 1};
        row(arg, &c);
    }
    e = step == SQLITE_DONE ? ERR_OK : sqlite_err(r->db, NULL);
    sqlite3_finalize(q);
    if (e == ERR_OK) {
        *last = newest;
    }
    return e;
}
