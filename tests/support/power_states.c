/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/power_world.h"

#include "base/hash.h"
#include "store/sqlite.h"
#include "support/assert_close.h"

#include <stdio.h>

sqlite3 *power_world_look_into(const struct power_world *p, const char *name)
{
    char path[300];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%.250s/%s", p->world.folder, name);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        sqlite3_close(db);
        return NULL;
    }
    return db;
}

static uint64_t hash_of_rows(sqlite3 *db, const char *table, uint64_t hash)
{
    char sql[100];
    sqlite3_stmt *q = NULL;
    int step;
    snprintf(sql, sizeof sql, "SELECT * FROM %s", table);
    assert_int_equal(sqlite_prepare(db, sql, &q), ERR_OK);
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        for (int c = 0; c < sqlite3_column_count(q); c++) {
            const unsigned char *bytes = sqlite3_column_blob(q, c);
            int size = sqlite3_column_bytes(q, c);
            for (int i = 0; i < size; i++) {
                hash = (hash ^ bytes[i]) * UINT64_C(1099511628211); /* FNV-1a */
            }
            hash = hash_text(hash, "|");
        }
    }
    assert_int_equal(step, SQLITE_DONE);
    sqlite3_finalize(q);
    return hash;
}

/* Of all that a batch writes. What is written at a start, too, is left out. */
static uint64_t hash_of_store(const struct power_world *p)
{
    sqlite3 *db = power_world_look_into(p, "hub.db");
    sqlite3_stmt *tables = NULL;
    uint64_t hash = HASH_TEXT_START;
    int count = 0;
    assert_int_equal(sqlite_prepare(db,
                                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                                    " AND name NOT IN ('numbers', 'pending')",
                                    &tables),
                     ERR_OK);
    for (; sqlite3_step(tables) == SQLITE_ROW; count++) {
        hash = hash_of_rows(db, sqlite_text(tables, 0), hash);
    }
    assert_true(count > 5);
    sqlite3_finalize(tables);
    sqlite3_close(db);
    return hash;
}

/* A state that hub.db had at this cursor. */
static bool is_state(const struct power_world *p, uint64_t hash)
{
    bool found = false;
    for (int i = 0; i < POWER_STATES; i++) {
        found = found || p->states[p->shown][i] == hash;
    }
    return found;
}

void power_world_note_state(struct power_world *p)
{
    uint64_t hash = hash_of_store(p);
    uint64_t *states = p->states[p->shown];
    for (int i = 0; !is_state(p, hash); i++) {
        assert_in_range(i, 0, POWER_STATES - 1);
        states[i] = states[i] == 0 ? hash : states[i];
    }
}

bool power_world_is_known_state(const struct power_world *p)
{
    return is_state(p, hash_of_store(p));
}
