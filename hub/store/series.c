/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/store_internal.h"

#include "base/hash.h"
#include "base/text.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEIGHBOURS = 8 }; /* series of one station are mostly made together */

static uint64_t hash_key(const struct series_key *k)
{
    uint64_t h = hash_text(HASH_TEXT_START, k->station);
    h = hash_text(h * 3, k->parameter);
    h = hash_text(h * 3, k->position);
    h = hash_text(h * 3, k->origin);
    return hash_text(h * 3, k->city);
}

static bool key_equal(const struct series_key *a, const struct series_key *b)
{
    return strcmp(a->station, b->station) == 0 &&
           strcmp(a->parameter, b->parameter) == 0 &&
           strcmp(a->position, b->position) == 0 && strcmp(a->origin, b->origin) == 0 &&
           strcmp(a->city, b->city) == 0;
}

/* The place of key in the table: its own, or the free one where it would go. */
static int32_t *find_slot(struct store *s, const struct series_key *key)
{
    size_t mask = s->series_table_size - 1;
    size_t at = hash_key(key) & mask;
    while (s->series_table[at] != 0 &&
           !key_equal(&s->series[s->series_table[at] - 1].key, key)) {
        at = (at + 1) & mask;
    }
    return &s->series_table[at];
}

static enum err grow(struct store *s)
{
    size_t size = s->series_size == 0 ? 256 : s->series_size * 2;
    struct series *series = realloc(s->series, size * sizeof *series);
    if (series == NULL) {
        return ERR_MEMORY;
    }
    s->series = series;
    int32_t *table = calloc(size * 4, sizeof *table);
    if (table == NULL) {
        return ERR_MEMORY;
    }
    free(s->series_table);
    s->series_table = table;
    s->series_table_size = size * 4;
    s->series_size = size;
    for (size_t i = 0; i < s->series_count; i++) {
        *find_slot(s, &s->series[i].key) = s->series[i].id;
    }
    return ERR_OK;
}

/* A copy of text, shared with one of the last series whose member at offset is equal. */
static const char *keep(struct store *s, size_t offset, const char *text)
{
    for (size_t i = 1; i <= NEIGHBOURS && i <= s->series_count; i++) {
        const char *at = (const char *)&s->series[s->series_count - i] + offset;
        const char *kept = NULL;
        memcpy(&kept, at, sizeof kept);
        if (strcmp(kept, text) == 0) {
            return kept;
        }
    }
    return arena_text(s->memory, text);
}

static enum err add_series(struct store *s, const struct series_key *key,
                           const char *unit, int decimals, int32_t id)
{
    if ((size_t)id != s->series_count + 1 || decimals < 0 || decimals > 6) {
        return ERR_DAMAGED; /* ids are given without holes, rows are never deleted */
    }
    if (s->series_count == s->series_size) {
        enum err e = grow(s);
        if (e != ERR_OK) {
            return e;
        }
    }
    struct series *n = &s->series[s->series_count];
    if (s->series_count < s->series_named && key_equal(&n->key, key) &&
        strcmp(n->unit, unit) == 0) { /* rolled back before, and tried again */
        n->scale = store_scale(decimals);
        *find_slot(s, &n->key) = id;
        s->series_count++;
        return ERR_OK;
    }
    s->series_named = s->series_count;
    *n = (struct series){
        .key = {.city = keep(s, offsetof(struct series, key.city), key->city),
                .station = keep(s, offsetof(struct series, key.station), key->station),
                .parameter =
                    keep(s, offsetof(struct series, key.parameter), key->parameter),
                .position = keep(s, offsetof(struct series, key.position), key->position),
                .origin = keep(s, offsetof(struct series, key.origin), key->origin)},
        .unit = keep(s, offsetof(struct series, unit), unit),
        .scale = store_scale(decimals),
        .id = id};
    if (n->key.city == NULL || n->key.station == NULL || n->key.parameter == NULL ||
        n->key.position == NULL || n->key.origin == NULL || n->unit == NULL) {
        return ERR_MEMORY;
    }
    *find_slot(s, &n->key) = id;
    s->series_named = ++s->series_count;
    return ERR_OK;
}

enum err store_load_series(struct store *s)
{
    sqlite3_stmt *q = NULL;
    enum err e = sqlite_prepare(s->db,
                                "SELECT id, city, station, parameter, position, origin, "
                                "unit, decimals FROM series ORDER BY id",
                                &q);
    e = e != ERR_OK ? e : grow(s);
    int step = SQLITE_DONE;
    while (e == ERR_OK && (step = sqlite3_step(q)) == SQLITE_ROW) {
        const struct series_key key = {.city = sqlite_text(q, 1),
                                       .station = sqlite_text(q, 2),
                                       .parameter = sqlite_text(q, 3),
                                       .position = sqlite_text(q, 4),
                                       .origin = sqlite_text(q, 5)};
        e = add_series(s, &key, sqlite_text(q, 6), sqlite3_column_int(q, 7),
                       sqlite3_column_int(q, 0));
    }
    e = e == ERR_OK && step != SQLITE_DONE ? sqlite_err(s->db, NULL) : e;
    sqlite3_finalize(q);
    return e;
}

static enum err insert_series(struct store *s, const struct series_key *key,
                              const struct parameter *p, int32_t id)
{
    sqlite3_stmt *q = s->sql.series;
    sqlite3_bind_int(q, 1, id);
    sqlite3_bind_text(q, 2, key->city, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 3, key->station, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 4, key->parameter, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 5, key->position, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 6, key->origin, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 7, p->unit, -1, SQLITE_STATIC);
    sqlite3_bind_int(q, 8, p->decimals);
    return sqlite_step_done(s->db, q);
}

enum err store_series(struct store *s, const struct series_key *key,
                      const struct parameter *p, int32_t *id)
{
    int32_t found = *find_slot(s, key);
    if (found != 0) {
        *id = found;
        return ERR_OK;
    }
    int32_t next = (int32_t)s->series_count + 1;
    enum err e = insert_series(s, key, p, next);
    e = e != ERR_OK ? e : add_series(s, key, p->unit, p->decimals, next);
    if (e == ERR_OK) {
        *id = next;
    }
    return e;
}

void store_restore_series(struct store *s)
{
    if (s->series_count == s->before.series_count) {
        return;
    }
    s->series_count = s->before.series_count;
    memset(s->series_table, 0, s->series_table_size * sizeof *s->series_table);
    for (size_t i = 0; i < s->series_count; i++) {
        *find_slot(s, &s->series[i].key) = s->series[i].id;
    }
}

enum err store_unit_id(struct store *s, const char *text, sqlite3_int64 *id)
{
    struct unit_text *u = &s->units[hash_text(HASH_TEXT_START, text) % UNITS_KEPT];
    if (u->id != 0 && strcmp(u->text, text) == 0) {
        *id = u->id;
        return ERR_OK;
    }
    sqlite3_bind_text(s->sql.unit_put, 1, text, -1, SQLITE_STATIC);
    enum err e = sqlite_step_done(s->db, s->sql.unit_put);
    if (e == ERR_OK) {
        sqlite3_bind_text(s->sql.unit_get, 1, text, -1, SQLITE_STATIC);
        e = sqlite_step_number(s->db, s->sql.unit_get, 0, id);
    }
    if (e == ERR_OK && strlen(text) < sizeof u->text) {
        u->id = *id;
        text_copy(u->text, sizeof u->text, text);
    }
    return e;
}
