/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/clock.h"
#include "base/text.h"
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

static void copy_blob(sqlite3_stmt *q, int column, void *to, size_t size)
{
    const void *bytes = sqlite3_column_blob(q, column);
    if (bytes != NULL && (size_t)sqlite3_column_bytes(q, column) == size) {
        memcpy(to, bytes, size);
    }
}

enum err store_load_books(struct store *s)
{
    sqlite3_stmt *q = NULL;
    enum err e = sqlite_prepare(
        s->db, "SELECT id, source, arrival, fates, outcomes, city FROM books ORDER BY id",
        &q);
    s->books = calloc(BOOKS_MOST, sizeof *s->books);
    s->before.books = calloc(BOOKS_MOST, sizeof *s->before.books);
    e = s->books == NULL || s->before.books == NULL ? ERR_MEMORY : e;
    int step = SQLITE_DONE;
    while (e == ERR_OK && (step = sqlite3_step(q)) == SQLITE_ROW &&
           s->books_count < BOOKS_MOST) {
        struct books *b = &s->books[s->books_count++];
        *b = (struct books){.source = arena_text(s->memory, sqlite_text(q, 1)),
                            .city = arena_text(s->memory, sqlite_text(q, 5)),
                            .id = sqlite3_column_int64(q, 0),
                            .arrival_us = sqlite3_column_int64(q, 2)};
        copy_blob(q, 3, b->fates, sizeof b->fates);
        copy_blob(q, 4, b->outcomes, sizeof b->outcomes);
        e = b->source == NULL || b->city == NULL ? ERR_MEMORY : ERR_OK;
    }
    e = e == ERR_OK && step == SQLITE_ROW ? ERR_DAMAGED : e;
    e = e == ERR_OK && step != SQLITE_DONE ? sqlite_err(s->db, NULL) : e;
    s->books_named = s->books_count;
    sqlite3_finalize(q);
    return e;
}

void store_keep_books(struct store *s)
{
    s->before.books_count = s->books_count;
    memcpy(s->before.books, s->books, s->books_count * sizeof *s->books);
}

void store_restore_books(struct store *s)
{
    s->books_count = s->before.books_count;
    memcpy(s->books, s->before.books, s->books_count * sizeof *s->books);
}

static bool is_of(const struct books *b, const char *source, const char *city)
{
    return strcmp(b->source, source) == 0 && strcmp(b->city, city) == 0;
}

/* Names the next books: what stands there from before a roll-back stays if it is the
 * same. */
static bool name_books(struct store *s, const char *source, const char *city)
{
    struct books *b = &s->books[s->books_count];
    if (s->books_count < s->books_named && is_of(b, source, city)) {
        return true;
    }
    s->books_named = s->books_count; /* what stands behind is of another time */
    b->source = arena_text(s->memory, source);
    b->city = arena_text(s->memory, city);
    return b->source != NULL && b->city != NULL;
}

enum err store_find_books(struct store *s, const char *source, const char *city,
                          struct books **out)
{
    for (size_t i = 0; i < s->books_count; i++) {
        if (is_of(&s->books[i], source, city)) {
            *out = &s->books[i];
            return ERR_OK;
        }
    }
    if (s->books_count == BOOKS_MOST) {
        return ERR_FULL;
    }
    if (!name_books(s, source, city)) {
        return ERR_MEMORY;
    }
    struct books *b = &s->books[s->books_count];
    *b = (struct books){.source = b->source,
                        .city = b->city,
                        .id = (sqlite3_int64)s->books_count + 1,
                        .arrival_us = CLOCK_NONE,
                        .dirty = true};
    if (++s->books_count > s->books_named) {
        s->books_named = s->books_count;
    }
    *out = b;
    return ERR_OK;
}

static int64_t at_least_none(int64_t count)
{
    return count > 0 ? count : 0;
}

enum err store_book(struct store *s, const struct booking *of, enum fate fate,
                    int64_t messages, const int64_t outcomes[OUTCOME_COUNT])
{
    struct books *b = NULL;
    enum err e = store_find_books(s, of->source, of->city, &b);
    if (e != ERR_OK) {
        return e;
    }
    b->fates[fate] += messages;
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        b->outcomes[o] += outcomes[o];
    }
    /* Of a message that was stored these are not noted: what its row says once it gets
     * one is worked out by the configuration of that day, and may be more than it was. */
    b->outcomes[OUTCOME_DUPLICATE] = at_least_none(b->outcomes[OUTCOME_DUPLICATE]);
    b->outcomes[OUTCOME_IGNORED] = at_least_none(b->outcomes[OUTCOME_IGNORED]);
    b->arrival_us = of->arrival_us > b->arrival_us ? of->arrival_us : b->arrival_us;
    b->dirty = true;
    return ERR_OK;
}

enum err store_next_aside(struct store *s, int64_t after, int64_t *id)
{
    sqlite3_stmt *q = NULL;
    sqlite3_int64 found = 0;
    enum err e = sqlite_prepare(s->db,
                                "SELECT min(id) FROM messages WHERE fate = ?1"
                                " AND stage = 'work' AND id > ?2",
                                &q);
    if (e == ERR_OK) {
        sqlite3_bind_int(q, 1, FATE_REJECTED);
        sqlite3_bind_int64(q, 2, after);
        e = sqlite_step_number(s->db, q, 0, &found);
    }
    sqlite3_finalize(q);
    if (e == ERR_OK) {
        *id = found;
    }
    return e;
}

enum err store_write_books(struct store *s)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < s->books_count && e == ERR_OK; i++) {
        struct books *b = &s->books[i];
        if (!b->dirty) {
            continue;
        }
        sqlite3_bind_int64(s->sql.book, 1, b->id);
        sqlite3_bind_text(s->sql.book, 2, b->source, -1, SQLITE_STATIC);
        sqlite3_bind_text(s->sql.book, 3, b->city, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s->sql.book, 4, b->arrival_us);
        sqlite3_bind_blob(s->sql.book, 5, b->fates, sizeof b->fates, SQLITE_STATIC);
        sqlite3_bind_blob(s->sql.book, 6, b->outcomes, sizeof b->outcomes, SQLITE_STATIC);
        e = sqlite_step_done(s->db, s->sql.book);
        b->dirty = false;
    }
    return e;
}

enum err store_put_message(struct store *s, const struct message_row *m)
{
    if (m->fate == FATE_STORED) {
        sqlite3_bind_int64(s->sql.message_drop, 1, m->id);
        return sqlite_step_done(s->db, s->sql.message_drop);
    }
    struct books *b = NULL;
    enum err e = store_find_books(s, m->source, m->city, &b);
    if (e != ERR_OK) {
        return e;
    }
    sqlite3_stmt *q = s->sql.message_put;
    sqlite3_bind_int64(q, 1, m->id);
    sqlite3_bind_int64(q, 2, b->id);
    sqlite3_bind_int(q, 3, (int)m->fate);
    sqlite3_bind_blob(q, 4, m->outcomes, sizeof m->outcomes, SQLITE_STATIC);
    sqlite3_bind_text(q, 5, m->stage, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 6, m->device, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 7, m->reason, -1, SQLITE_STATIC);
    return sqlite_step_done(s->db, q);
}

/* Also books that are written only with the commit. */
static const struct books *books_of(const struct store *s, int64_t id)
{
    static const struct books none = {.source = "", .city = ""};
    for (size_t i = 0; i < s->books_count; i++) {
        if (s->books[i].id == id) {
            return &s->books[i];
        }
    }
    return &none;
}

enum err store_get_message(struct store *s, int64_t id, struct message_row *out)
{
    sqlite3_stmt *q = s->sql.message_get;
    sqlite3_reset(q);
    sqlite3_bind_int64(q, 1, id);
    int step = sqlite3_step(q);
    if (step != SQLITE_ROW) {
        enum err e = step == SQLITE_DONE ? ERR_ABSENT : sqlite_err(s->db, NULL);
        sqlite3_reset(q);
        return e;
    }
    const struct books *b = books_of(s, sqlite3_column_int64(q, 0));
    *out = (struct message_row){
        .id = id,
        .source = b->source,
        .city = b->city,
        .fate = (enum fate)sqlite3_column_int(q, 1),
        .stage = text_copy(s->row.stage, sizeof s->row.stage, sqlite_text(q, 3)),
        .device = text_copy(s->row.device, sizeof s->row.device, sqlite_text(q, 4)),
        .reason = text_copy(s->row.reason, sizeof s->row.reason, sqlite_text(q, 5))};
    copy_blob(q, 2, out->outcomes, sizeof out->outcomes);
    sqlite3_reset(q); /* a statement left open would keep the log from being emptied */
    return ERR_OK;
}

enum err store_list_messages(struct store *s, enum fate fate, int64_t after, int64_t *ids,
                             size_t most, size_t *count)
{
    sqlite3_stmt *q = s->sql.message_list;
    sqlite3_bind_int(q, 1, (int)fate);
    sqlite3_bind_int64(q, 2, after);
    sqlite3_bind_int64(q, 3, (sqlite3_int64)most);
    size_t n = 0;
    int step;
    while ((step = sqlite3_step(q)) == SQLITE_ROW && n < most) {
        ids[n++] = sqlite3_column_int64(q, 0);
    }
    enum err e =
        step == SQLITE_ROW || step == SQLITE_DONE ? ERR_OK : sqlite_err(s->db, NULL);
    sqlite3_reset(q);
    if (e == ERR_OK) {
        *count = n;
    }
    return e;
}

enum err store_pending(struct store *s, const struct booking *of, const char *device,
                       const char *field, const char *reason)
{
    struct books *b = NULL;
    enum err e = store_find_books(s, of->source, of->city, &b);
    if (e != ERR_OK) {
        return e;
    }
    sqlite3_stmt *q = s->sql.pending;
    sqlite3_bind_int64(q, 1, b->id);
    sqlite3_bind_text(q, 2, device, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 3, field, -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 4, of->arrival_us);
    sqlite3_bind_text(q, 5, reason, -1, SQLITE_STATIC);
    return sqlite_step_done(s->db, q);
}

enum err store_pending_clear(struct store *s, int64_t *messages)
{
    sqlite3_stmt *q = NULL;
    sqlite3_int64 waiting = 0;
    enum err e =
        sqlite_prepare(s->db, "SELECT count(*) FROM messages WHERE fate = ?1", &q);
    if (e == ERR_OK) {
        sqlite3_bind_int(q, 1, FATE_PENDING);
        e = sqlite_step_number(s->db, q, 0, &waiting);
    }
    sqlite3_finalize(q);
    e = e != ERR_OK ? e : sqlite_run(s->db, "DELETE FROM pending");
    if (e == ERR_OK) {
        *messages = waiting;
    }
    return e;
}
