/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/store_internal.h"

#include <string.h>

/* What becomes of the books when messages grow too old: they are counted as given up, by
 * fate, and only then may the inbox delete them. */

struct given_up {
    int64_t fates[FATE_COUNT];
    int64_t outcomes[OUTCOME_COUNT];
};

static void add_blob(sqlite3_stmt *q, int column, int64_t *counts, size_t count)
{
    const void *bytes = sqlite3_column_blob(q, column);
    int64_t more[OUTCOME_COUNT + FATE_COUNT] = {0};
    if (bytes != NULL &&
        (size_t)sqlite3_column_bytes(q, column) == count * sizeof *counts) {
        memcpy(more, bytes, count * sizeof *counts);
    }
    for (size_t k = 0; k < count; k++) {
        counts[k] += more[k];
    }
}

static enum err read_before(struct store *s, struct given_up *g)
{
    sqlite3_stmt *q = NULL;
    enum err e = sqlite_prepare(s->db, "SELECT fates, outcomes FROM given_up", &q);
    if (e == ERR_OK) {
        int step = sqlite3_step(q);
        if (step == SQLITE_ROW) {
            add_blob(q, 0, g->fates, FATE_COUNT);
            add_blob(q, 1, g->outcomes, OUTCOME_COUNT);
        } else if (step != SQLITE_DONE) {
            e = sqlite_err(s->db, NULL);
        }
    }
    sqlite3_finalize(q);
    return e;
}

/* A message without a row is stored. */
static enum err count_rows(struct store *s, int64_t from, int64_t to, struct given_up *g)
{
    sqlite3_stmt *q = NULL;
    int64_t rows = 0;
    enum err e = sqlite_prepare(
        s->db, "SELECT fate, outcomes FROM messages WHERE id >= ?1 AND id < ?2", &q);
    if (e != ERR_OK) {
        return e;
    }
    int step;
    sqlite3_bind_int64(q, 1, from);
    sqlite3_bind_int64(q, 2, to);
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        int fate = sqlite3_column_int(q, 0);
        g->fates[fate >= 0 && fate < FATE_COUNT ? fate : FATE_REJECTED]++;
        add_blob(q, 1, g->outcomes, OUTCOME_COUNT);
        rows++;
    }
    e = step == SQLITE_DONE ? ERR_OK : sqlite_err(s->db, NULL);
    sqlite3_finalize(q);
    g->fates[FATE_STORED] += to - from - rows;
    return e;
}

static enum err write_after(struct store *s, int64_t to, const struct given_up *g)
{
    sqlite3_stmt *q = NULL;
    enum err e =
        sqlite_prepare(s->db, "INSERT OR REPLACE INTO given_up VALUES(1, ?1, ?2)", &q);
    if (e == ERR_OK) {
        sqlite3_bind_blob(q, 1, g->fates, sizeof g->fates, SQLITE_STATIC);
        sqlite3_bind_blob(q, 2, g->outcomes, sizeof g->outcomes, SQLITE_STATIC);
        e = sqlite_step_done(s->db, q);
    }
    sqlite3_finalize(q);
    q = NULL;
    e = e != ERR_OK ? e : sqlite_prepare(s->db, "DELETE FROM messages WHERE id < ?1", &q);
    if (e == ERR_OK) {
        sqlite3_bind_int64(q, 1, to);
        e = sqlite_step_done(s->db, q);
    }
    sqlite3_finalize(q);
    return e != ERR_OK ? e : store_set_number(s, STORE_FLOOR, to);
}

enum err store_raise_floor(struct store *s, int64_t id)
{
    struct given_up g = {.fates = {0}};
    int64_t from = store_number(s, STORE_FLOOR);
    from = from > 0 ? from : 1; /* ids begin with 1 */
    if (id <= from) {
        return ERR_OK;
    }
    if (id > store_number(s, STORE_CURSOR) + 1) {
        return ERR_INTERNAL; /* what waits is never given up */
    }
    enum err e = store_begin(s);
    e = e != ERR_OK ? e : read_before(s, &g);
    e = e != ERR_OK ? e : count_rows(s, from, id, &g);
    e = e != ERR_OK ? e : write_after(s, id, &g);
    if (e == ERR_OK) {
        return store_commit(s);
    }
    store_rollback(s);
    return e;
}
