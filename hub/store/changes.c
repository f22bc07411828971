/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/store_internal.h"

/* The change log: one row a series and batch, folded to one a series and UTC day once all
 * local consumers have read it. */

enum err store_load_changes(struct store *s)
{
    sqlite3_stmt *q = NULL;
    sqlite3_int64 newest = 0;
    enum err e = sqlite_prepare(s->db, "SELECT max(number) FROM changes", &q);
    e = e != ERR_OK ? e : sqlite_step_number(s->db, q, 0, &newest);
    sqlite3_finalize(q);
    s->newest_change = newest;
    return e;
}

static int64_t floor_s(int64_t time_us)
{
    return time_us / 1000000 - (time_us % 1000000 < 0);
}

enum err store_changed(struct store *s, int32_t series, int64_t from_us, int64_t to_us)
{
    int64_t first = floor_s(from_us);
    sqlite3_bind_int(s->sql.change, 1, series);
    sqlite3_bind_int64(s->sql.change, 2, first);
    sqlite3_bind_int64(s->sql.change, 3, floor_s(to_us) - first);
    enum err e = sqlite_step_done(s->db, s->sql.change);
    s->newest_change = e == ERR_OK ? sqlite3_last_insert_rowid(s->db) : s->newest_change;
    return e;
}

enum { FOLD_MOST = 20000 };

/* Rows up to a number go into one row a series and UTC day, the number of the newest with
 * it; then they are deleted. */
static const char *const fold_steps[] = {
    "INSERT INTO folded SELECT series, day, max(number), min(first), max(last) FROM"
    " (SELECT number, series, first / 86400 - (first % 86400 < 0) AS day, first, first + "
    "span AS last"
    "  FROM changes WHERE number <= ?1) GROUP BY series, day"
    " ON CONFLICT DO UPDATE SET number = max(number, excluded.number),"
    " first = min(first, excluded.first), last = max(last, excluded.last)",
    /* the newest row stays: numbers must go on rising */
    "DELETE FROM changes WHERE number <= ?1"
    " AND number < (SELECT max(number) FROM changes)",
};

static enum err run_fold(struct store *s, int64_t number)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < sizeof fold_steps / sizeof *fold_steps && e == ERR_OK; i++) {
        sqlite3_stmt *q = NULL;
        e = sqlite_prepare(s->db, fold_steps[i], &q);
        if (e == ERR_OK) {
            sqlite3_bind_int64(q, 1, number);
            e = sqlite_step_done(s->db, q);
        }
        sqlite3_finalize(q);
    }
    return e;
}

enum err store_fold(struct store *s, int64_t number)
{
    int64_t done = s->numbers[STORE_FOLD];
    if (number <= done) {
        return ERR_OK;
    }
    /* a consumer of another store may know a higher one */
    number = number < s->newest_change ? number : s->newest_change;
    if (number <= done) {
        return ERR_OK;
    }
    int64_t upto = number - done > FOLD_MOST ? done + FOLD_MOST : number;
    enum err e = store_begin(s);
    e = e != ERR_OK ? e : run_fold(s, upto);
    e = e != ERR_OK ? e : store_set_number(s, STORE_FOLD, upto);
    if (e == ERR_OK) {
        return store_commit(s);
    }
    store_rollback(s);
    return e;
}
