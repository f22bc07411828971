/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/audit.h"

#include "store/inbox_schema.h"
#include "store/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VIEWS_MOST = 100 };
static const int64_t ids_most = INT64_C(1) << 32;

/* A set of ids from a first one on. */
struct id_set {
    uint8_t *bits;
    int64_t first, end; /* [first, end) */
};

struct audit {
    sqlite3 *hub, *inbox;
    char folder[1024];
    int64_t read; /* of the change log, by the publisher; 0: not known */
    struct id_set there, rows, seen;
    uint64_t marks[2]; /* what rows say of conflicts, what was counted */
};

static enum err read_number(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *q = NULL;
    sqlite3_int64 number = 0;
    enum err e = sqlite_prepare(db, sql, &q);
    e = e != ERR_OK ? e : sqlite_step_number(db, q, 0, &number);
    sqlite3_finalize(q);
    if (e == ERR_OK) {
        *out = number;
    }
    return e;
}

/* --- views --- */

static enum err begin_view(sqlite3 *db, const char *first_read, int64_t *number)
{
    enum err e = sqlite_run(db, "BEGIN"); /* the first read fixes what it sees */
    return e != ERR_OK ? e : read_number(db, first_read, number);
}

#define READ_FLOOR "SELECT value FROM numbers WHERE name = 1"

/* A floor that rose meanwhile may have taken messages out of the inbox that the view of
 * hub.db still counts: then both are taken again. */
static enum err take_views(struct audit *a, sqlite3 *fresh)
{
    for (int i = 0; i < VIEWS_MOST; i++) {
        int64_t floor = 0;
        int64_t now = 0;
        int64_t any = 0;
        enum err e = begin_view(a->hub, READ_FLOOR, &floor);
        e = e != ERR_OK ? e : begin_view(a->inbox, "SELECT count(*) FROM sources", &any);
        e = e != ERR_OK ? e : read_number(fresh, READ_FLOOR, &now);
        if (e != ERR_OK || now == floor) {
            return e;
        }
        e = sqlite_run(a->hub, "COMMIT");
        e = e != ERR_OK ? e : sqlite_run(a->inbox, "COMMIT");
        if (e != ERR_OK) {
            return e;
        }
    }
    return ERR_BUSY;
}

/* Asked before the view of hub.db is taken: so it can't be ahead of it. */
static enum err read_progress(struct audit *a)
{
    char path[1100];
    int64_t epoch = 0;
    sqlite3 *outbox = NULL;
    snprintf(path, sizeof path, "%s/outbox.db", a->folder);
    if (sqlite3_open_v2(path, &outbox, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        sqlite3_close(outbox);
        return ERR_OK; /* nothing was published yet, or it is made anew */
    }
    enum err e = read_number(a->hub, "SELECT value FROM numbers WHERE name = 2", &epoch);
    sqlite3_stmt *q = NULL;
    if (e == ERR_OK &&
        sqlite_prepare(outbox, "SELECT change FROM progress WHERE epoch = ?1", &q) ==
            ERR_OK) {
        sqlite3_int64 change = 0;
        sqlite3_bind_int64(q, 1, epoch);
        if (sqlite_step_number(outbox, q, 0, &change) == ERR_OK) {
            a->read = change;
        }
    }
    sqlite3_finalize(q);
    sqlite3_close(outbox);
    return e;
}

static enum err open_all(struct audit *a, struct diag *d)
{
    char path[1100];
    sqlite3 *fresh = NULL;
    snprintf(path, sizeof path, "%s/hub.db", a->folder);
    enum err e = sqlite_open_reader(path, &hub_schema, &a->hub, d);
    e = e != ERR_OK ? e : sqlite_open_reader(path, &hub_schema, &fresh, d);
    snprintf(path, sizeof path, "%s/inbox.db", a->folder);
    e = e != ERR_OK ? e : sqlite_open_reader(path, &inbox_schema, &a->inbox, d);
    if (e == ERR_OK) {
        e = read_progress(a);
        e = e != ERR_OK ? e : take_views(a, fresh);
        if (e != ERR_OK) {
            diag_set(d, "%s", err_text(e));
        }
    }
    sqlite3_close(fresh);
    return e;
}

enum err audit_open(const char *folder, struct audit **out, struct diag *d)
{
    struct audit *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return ERR_MEMORY;
    }
    snprintf(a->folder, sizeof a->folder, "%s", folder);
    enum err e = open_all(a, d);
    if (e != ERR_OK) {
        audit_close(a);
        return e;
    }
    *out = a;
    return ERR_OK;
}

void audit_close(struct audit *a)
{
    if (a != NULL) {
        sqlite3_close(a->hub);
        sqlite3_close(a->inbox);
        free(a->there.bits);
        free(a->rows.bits);
        free(a->seen.bits);
        free(a);
    }
}

/* --- sets of ids --- */

static enum err make_set(struct id_set *s, int64_t first, int64_t end)
{
    enum { BITS = 8 };
    size_t bytes = (size_t)(end > first ? end - first : 0) / BITS + 1;
    free(s->bits);
    *s = (struct id_set){.bits = calloc(bytes, 1), .first = first, .end = end};
    return s->bits != NULL ? ERR_OK : ERR_MEMORY;
}

static inline bool set_spans(const struct id_set *s, int64_t id)
{
    return id >= s->first && id < s->end;
}

static inline void set_add(struct id_set *s, int64_t id)
{
    uint64_t at = (uint64_t)(id - s->first);
    s->bits[at >> 3] |= (uint8_t)(1U << (at & 7));
}

static inline bool set_has(const struct id_set *s, int64_t id)
{
    uint64_t at = (uint64_t)(id - s->first);
    return set_spans(s, id) && ((unsigned)s->bits[at >> 3] >> (at & 7) & 1U) != 0;
}

static void found(struct audit_found *f, int64_t id)
{
    f->first = f->count == 0 || id < f->first ? id : f->first;
    f->count++;
}

/* Sums of it agree only where each id was counted as often on both sides. */
static uint64_t mark_of(int64_t id, int64_t kind)
{
    uint64_t x = (uint64_t)id * 2 + (uint64_t)kind + UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

enum { MARK_HELD, MARK_KEPT };

/* --- counting --- */

/* Steps through sql, calling row(a, b, q). */
static enum err
each_row(struct audit *a, sqlite3 *db, const char *sql, struct audit_books *b,
         void (*row)(struct audit *a, struct audit_books *b, sqlite3_stmt *q))
{
    sqlite3_stmt *q = NULL;
    enum err e = sqlite_prepare(db, sql, &q);
    int step = SQLITE_DONE;
    while (e == ERR_OK && (step = sqlite3_step(q)) == SQLITE_ROW) {
        row(a, b, q);
    }
    e = e == ERR_OK && step != SQLITE_DONE ? sqlite_err(db, NULL) : e;
    sqlite3_finalize(q);
    return e;
}

static void add_counts(sqlite3_stmt *q, int column, int64_t *counts, size_t count)
{
    int64_t more[FATE_COUNT + OUTCOME_COUNT] = {0};
    const void *bytes = sqlite3_column_blob(q, column);
    if (bytes != NULL &&
        (size_t)sqlite3_column_bytes(q, column) == count * sizeof *counts) {
        memcpy(more, bytes, count * sizeof *counts);
    }
    for (size_t k = 0; k < count; k++) {
        counts[k] += more[k];
    }
}

static void take_source(struct audit *a, struct audit_books *b, sqlite3_stmt *q)
{
    struct audit_counts c = {.fates = {0}};
    (void)a;
    add_counts(q, 0, c.fates, FATE_COUNT);
    add_counts(q, 1, c.outcomes, OUTCOME_COUNT);
    for (int f = 0; f < FATE_COUNT; f++) {
        b->booked.fates[f] += c.fates[f];
        b->below_zero = b->below_zero || c.fates[f] < 0;
    }
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        b->booked.outcomes[o] += c.outcomes[o];
        b->below_zero = b->below_zero || c.outcomes[o] < 0;
    }
}

static void take_given_up(struct audit *a, struct audit_books *b, sqlite3_stmt *q)
{
    (void)a;
    add_counts(q, 0, b->given_up.fates, FATE_COUNT);
    add_counts(q, 1, b->given_up.outcomes, OUTCOME_COUNT);
}

static void take_message(struct audit *a, struct audit_books *b, sqlite3_stmt *q)
{
    int64_t id = sqlite3_column_int64(q, 0);
    if (set_spans(&a->there, id)) {
        set_add(&a->there, id);
        b->received++;
    } else if (id > b->cursor) {
        b->waiting++;
    }
}

static void take_exception(struct audit *a, struct audit_books *b, sqlite3_stmt *q)
{
    int64_t id = sqlite3_column_int64(q, 0);
    int fate = sqlite3_column_int(q, 1);
    int64_t outcomes[OUTCOME_COUNT] = {0};
    if (!set_spans(&a->rows, id) || fate < 0 || fate >= FATE_COUNT) {
        found(&b->stray, id);
        return;
    }
    set_add(&a->rows, id);
    b->rows.fates[fate]++;
    add_counts(q, 2, outcomes, OUTCOME_COUNT);
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        b->rows.outcomes[o] += outcomes[o];
    }
    a->marks[0] += mark_of(id, MARK_HELD) * (uint64_t)outcomes[OUTCOME_CONFLICT_HELD] +
                   mark_of(id, MARK_KEPT) * (uint64_t)outcomes[OUTCOME_CONFLICT_KEPT];
}

/* The message that something of the store comes from. */
static void judge_origin(struct audit *a, struct audit_books *b, int64_t id)
{
    if (id > b->cursor) {
        found(&b->ahead, id);
    } else if (id < 1 || (id >= b->floor && !set_has(&a->there, id))) {
        found(&b->orphans, id);
    }
}

static void take_observation(struct audit *a, struct audit_books *b, sqlite3_stmt *q)
{
    int64_t id = sqlite3_column_int64(q, 0);
    b->observations++;
    if (set_has(&a->there, id)) {
        set_add(&a->seen, id);
        return;
    }
    if (set_spans(&a->seen, id)) {
        set_add(&a->seen, id);
    }
    judge_origin(a, b, id);
}

static void take_kept(struct audit *a, struct audit_books *b, sqlite3_stmt *q)
{
    int64_t id = sqlite3_column_int64(q, 0);
    judge_origin(a, b, id);
    if (id < b->floor) {
        b->kept_below++;
    } else {
        b->kept++;
        a->marks[1] += mark_of(id, MARK_KEPT);
    }
}

/* Places with kept values: what is held there. */
static enum err count_disputed(struct audit *a, struct audit_books *b,
                               sqlite3_stmt *places, sqlite3_stmt *held)
{
    int step;
    while ((step = sqlite3_step(places)) == SQLITE_ROW) {
        sqlite3_int64 id = 0;
        struct store_time t = store_time_of(sqlite3_column_int64(places, 1));
        sqlite3_bind_int64(held, 1, t.chunk);
        sqlite3_bind_int64(held, 2, sqlite3_column_int64(places, 0));
        sqlite3_bind_int(held, 3, t.s);
        sqlite3_bind_int(held, 4, t.us);
        enum err e = sqlite_step_number(a->hub, held, 0, &id);
        if (e != ERR_OK) {
            return e;
        }
        if (id == 0) {
            found(&b->loose, sqlite3_column_int64(places, 2));
        } else if (id >= b->floor) {
            b->disputed++;
            a->marks[1] += mark_of(id, MARK_HELD);
        }
    }
    return step == SQLITE_DONE ? ERR_OK : sqlite_err(a->hub, NULL);
}

static enum err count_conflicts(struct audit *a, struct audit_books *b)
{
    sqlite3_stmt *places = NULL;
    sqlite3_stmt *held = NULL;
    enum err e = each_row(a, a->hub, "SELECT message FROM conflicts", b, take_kept);
    e = e != ERR_OK ? e
                    : sqlite_prepare(a->hub,
                                     "SELECT series, time, min(message) FROM conflicts"
                                     " GROUP BY series, time",
                                     &places);
    e = e != ERR_OK ? e
                    : sqlite_prepare(a->hub,
                                     "SELECT message FROM observations WHERE chunk = ?1"
                                     " AND series = ?2 AND s = ?3 AND us = ?4",
                                     &held);
    e = e != ERR_OK ? e : count_disputed(a, b, places, held);
    sqlite3_finalize(places);
    sqlite3_finalize(held);
    b->by_message = a->marks[0] == a->marks[1];
    return e;
}

static void count_ids(const struct audit *a, struct audit_books *b)
{
    for (int64_t id = a->there.first; id < a->there.end; id++) {
        if (!set_has(&a->there, id)) {
            found(&b->missing, id);
        }
        if (!set_has(&a->rows, id)) {
            b->bare++;
            if (!set_has(&a->seen, id)) {
                found(&b->empty, id);
            }
        }
    }
}

static enum err read_all(sqlite3 *db, const char *const *sql, int64_t *const *out,
                         size_t count)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        e = read_number(db, sql[i], out[i]);
    }
    return e;
}

static enum err read_numbers(struct audit *a, struct audit_books *b)
{
    static const char above_fold[] =
        "SELECT count(*) FROM changes WHERE number >"
        " coalesce((SELECT value FROM numbers WHERE name = 6), 0)";
    static const char *const sql[] = {
        "SELECT value FROM numbers WHERE name = 0",
        READ_FLOOR,
        "SELECT value FROM numbers WHERE name = 6",
        "SELECT max(number) FROM changes",
        above_fold,
        /* a revision names the change that ended it */
        "SELECT at FROM revisions ORDER BY id DESC LIMIT 1",
    };
    int64_t revised = 0;
    int64_t *const out[] = {&b->cursor, &b->floor,   &b->fold,
                            &b->newest, &b->changes, &revised};
    enum err e = read_all(a->hub, sql, out, sizeof sql / sizeof *sql);
    b->floor = b->floor > 1 ? b->floor : 1;
    b->known = revised > a->read ? revised : a->read;
    return e != ERR_OK ? e
                       : read_number(a->inbox,
                                     "SELECT seq FROM sqlite_sequence"
                                     " WHERE name = 'messages'",
                                     &b->last);
}

/* A cursor that was moved beyond the inbox must not cost memory. */
static enum err make_sets(struct audit *a, const struct audit_books *b)
{
    int64_t end = (b->cursor < b->last ? b->cursor : b->last) + 1;
    if (end - b->floor > ids_most) {
        return ERR_FULL;
    }
    enum err e = make_set(&a->there, b->floor, end);
    e = e != ERR_OK ? e : make_set(&a->rows, b->floor, end);
    return e != ERR_OK ? e : make_set(&a->seen, b->floor, end);
}

enum err audit_count(struct audit *a, struct audit_books *out)
{
    struct audit_books b = {.cursor = 0};
    a->marks[0] = a->marks[1] = 0;
    enum err e = read_numbers(a, &b);
    e = e != ERR_OK ? e : make_sets(a, &b);
    e = e != ERR_OK
            ? e
            : each_row(a, a->hub, "SELECT fates, outcomes FROM books", &b, take_source);
    e = e != ERR_OK ? e
                    : each_row(a, a->hub, "SELECT fates, outcomes FROM given_up", &b,
                               take_given_up);
    e = e != ERR_OK ? e
                    : each_row(a, a->inbox, "SELECT id FROM messages", &b, take_message);
    e = e != ERR_OK ? e
                    : each_row(a, a->hub, "SELECT id, fate, outcomes FROM messages", &b,
                               take_exception);
    e = e != ERR_OK ? e
                    : each_row(a, a->hub, "SELECT message FROM observations", &b,
                               take_observation);
    e = e != ERR_OK ? e : count_conflicts(a, &b);
    if (e == ERR_OK) {
        count_ids(a, &b);
        *out = b;
    }
    return e;
}
