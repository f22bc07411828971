/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/clock.h"
#include "base/hash.h"
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    HOUR_S = 3600,
    SLACK_S = 60,     /* by which times of one counter may disagree */
    RUNS_MOST = 1000, /* an hour and session; what would make more is not counted */
    FORGET_MOST = 5000,
};

/* Frames that follow each other, in one hour. */
struct run {
    int64_t first, last; /* counters */
    int32_t s, end;      /* seconds of the hour when they came */
    int64_t repeated;
    int32_t key_s; /* as it stands in the table, if stored */
    int64_t key_first;
    bool stored, dirty, gone;
};

static void drop_key(struct frame_counter *c)
{
    free(c->key);
    *c = (struct frame_counter){.key = NULL};
}

void store_drop_frames(struct store *s)
{
    s->frames.count = 0;
    for (size_t k = 0; k < FRAME_COUNTERS; k++) {
        drop_key(&s->frames.counters[k]);
    }
}

enum err store_open_frames(struct store *s)
{
    s->frames.counters = calloc(FRAME_COUNTERS, sizeof *s->frames.counters);
    s->frames.pieces = malloc(FRAME_PIECES * sizeof *s->frames.pieces);
    s->frames.runs = malloc((RUNS_MOST + 1) * sizeof *s->frames.runs);
    return s->frames.counters == NULL || s->frames.pieces == NULL ||
                   s->frames.runs == NULL
               ? ERR_MEMORY
               : ERR_OK;
}

void store_close_frames(struct store *s)
{
    if (s->frames.counters != NULL) {
        store_drop_frames(s);
    }
    free(s->frames.counters);
    free(s->frames.pieces);
    free(s->frames.runs);
}

/* --- counters: source, device, session --- */

static bool is_key(const struct frame_counter *c, const struct frame *f)
{
    const char *key = c->key;
    if (key == NULL || strcmp(key, f->session) != 0) {
        return false;
    }
    key += strlen(key) + 1;
    return strcmp(key, f->device) == 0 && strcmp(key + strlen(key) + 1, f->source) == 0;
}

static enum err set_key(struct frame_counter *c, const struct frame *f)
{
    size_t session = strlen(f->session) + 1;
    size_t device = strlen(f->device) + 1;
    size_t source = strlen(f->source) + 1;
    drop_key(c);
    c->key = malloc(session + device + source);
    if (c->key == NULL) {
        return ERR_MEMORY;
    }
    memcpy(c->key, f->session, session);
    memcpy(c->key + session, f->device, device);
    memcpy(c->key + session + device, f->source, source);
    return ERR_OK;
}

static enum err select_counter(struct store *s, struct frame_counter *c,
                               const struct frame *f)
{
    sqlite3_stmt *q = s->sql.counter_get;
    sqlite3_bind_text(q, 1, f->source, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 2, f->device, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 3, f->session, -1, SQLITE_STATIC);
    int step = sqlite3_step(q);
    if (step == SQLITE_ROW) {
        c->id = sqlite3_column_int64(q, 0);
        c->born = sqlite3_column_int64(q, 1);
        c->seen = sqlite3_column_int64(q, 2);
    }
    enum err e = step == SQLITE_ROW    ? ERR_OK
                 : step == SQLITE_DONE ? ERR_ABSENT
                                       : sqlite_err(s->db, NULL);
    sqlite3_reset(q);
    return e;
}

static enum err insert_counter(struct store *s, struct frame_counter *c,
                               const struct frame *f, int64_t hour)
{
    sqlite3_stmt *q = s->sql.counter_put;
    sqlite3_bind_text(q, 1, f->source, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 2, f->device, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 3, f->session, -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 4, hour);
    enum err e = sqlite_step_done(s->db, q);
    c->id = sqlite3_last_insert_rowid(s->db);
    c->born = c->seen = hour;
    return e;
}

static enum err find_counter(struct store *s, const struct frame *f, int64_t hour,
                             struct frame_counter **out)
{
    uint64_t h = hash_text(hash_text(HASH_TEXT_START, f->device), f->session);
    struct frame_counter *c = &s->frames.counters[h % FRAME_COUNTERS];
    *out = c;
    if (is_key(c, f)) {
        return ERR_OK;
    }
    enum err e = set_key(c, f);
    e = e != ERR_OK ? e : select_counter(s, c, f);
    e = e == ERR_ABSENT ? insert_counter(s, c, f, hour) : e;
    if (e != ERR_OK) {
        drop_key(c);
    }
    return e;
}

/* The first and the last hour in which it was heard. */
static enum err widen_counter(struct store *s, struct frame_counter *c, int64_t hour)
{
    if (hour >= c->born && hour <= c->seen) {
        return ERR_OK;
    }
    c->born = hour < c->born ? hour : c->born;
    c->seen = hour > c->seen ? hour : c->seen;
    sqlite3_stmt *q = s->sql.counter_widen;
    sqlite3_bind_int64(q, 1, c->id);
    sqlite3_bind_int64(q, 2, c->born);
    sqlite3_bind_int64(q, 3, c->seen);
    return sqlite_step_done(s->db, q);
}

/* --- a frame, hour by hour --- */

static int64_t second_of(const struct frame *f, int64_t counter)
{
    double part = f->last > f->first
                      ? (double)(counter - f->first) / (double)(f->last - f->first)
                      : 0;
    double us = (double)f->first_us + part * (double)(f->last_us - f->first_us);
    return (int64_t)(us / (double)CLOCK_US_PER_S);
}

static enum err add_piece(struct store *s, const struct frame *f, int64_t first,
                          int64_t last)
{
    struct frame_counter *c = NULL;
    int64_t second = second_of(f, first);
    int64_t hour = second / HOUR_S;
    enum err e = s->frames.count == FRAME_PIECES ? store_write_frames(s) : ERR_OK;
    e = e != ERR_OK ? e : find_counter(s, f, hour, &c);
    e = e != ERR_OK ? e : widen_counter(s, c, hour);
    if (e == ERR_OK) {
        s->frames.pieces[s->frames.count++] =
            (struct frame_piece){.hour = hour,
                                 .counter = c->id,
                                 .first = first,
                                 .last = last,
                                 .s = (int32_t)(second - hour * HOUR_S),
                                 .end = (int32_t)(second_of(f, last) - hour * HOUR_S),
                                 .again = f->again};
    }
    return e;
}

enum err store_frame(struct store *s, const struct frame *f)
{
    enum err e = ERR_OK;
    for (int64_t first = f->first; first <= f->last && e == ERR_OK;) {
        int64_t last = first;
        while (last < f->last &&
               second_of(f, last + 1) / HOUR_S == second_of(f, first) / HOUR_S) {
            last++;
        }
        e = add_piece(s, f, first, last);
        first = last + 1;
    }
    return e;
}

/* --- runs of one hour and counter --- */

/* a comes before b by counter: then it must not come after it in time. */
static bool agrees(int64_t a, int64_t b, int32_t time_a, int32_t time_b)
{
    return (a > b || time_a <= time_b + SLACK_S) && (a < b || time_a >= time_b - SLACK_S);
}

/* Both are one run: no hole between them, and their times rise with the counter. A
 * counter that began again does not: it is low where it is late. */
static bool joins(const struct run *a, const struct run *b)
{
    if (a->first > b->last + 1 || b->first > a->last + 1) {
        return false;
    }
    return agrees(a->first, b->first, a->s, b->s) &&
           agrees(a->last, b->last, a->end, b->end) &&
           (a->first <= b->last || a->s >= b->end - SLACK_S) &&
           (b->first <= a->last || b->s >= a->end - SLACK_S);
}

static int64_t shared(const struct run *a, const struct run *b)
{
    int64_t first = a->first > b->first ? a->first : b->first;
    int64_t last = a->last < b->last ? a->last : b->last;
    return last >= first ? last - first + 1 : 0;
}

/* Takes b into a. */
static void join(struct run *a, const struct run *b, bool again)
{
    a->repeated += b->repeated + (again ? 0 : shared(a, b));
    a->s = b->s < a->s ? b->s : a->s;
    a->end = b->end > a->end ? b->end : a->end;
    a->first = b->first < a->first ? b->first : a->first;
    a->last = b->last > a->last ? b->last : a->last;
    a->dirty = true;
}

/* The newest run that x belongs to; count: none. */
static size_t find_run(const struct run *runs, size_t count, const struct run *x)
{
    for (size_t k = count; k > 0; k--) {
        if (&runs[k - 1] != x && !runs[k - 1].gone && joins(&runs[k - 1], x)) {
            return k - 1;
        }
    }
    return count;
}

static size_t add_run(struct run *runs, size_t count, const struct frame_piece *p)
{
    const struct run x = {
        .first = p->first, .last = p->last, .s = p->s, .end = p->end, .dirty = true};
    size_t at = find_run(runs, count, &x);
    if (at == count) {
        if (count < RUNS_MOST) {
            runs[count++] = x;
        }
        return count;
    }
    const struct run before = runs[at];
    join(&runs[at], &x, p->again);
    if (before.first == runs[at].first && before.last == runs[at].last) {
        runs[at].dirty = runs[at].repeated != before.repeated || before.dirty;
        runs[at].s = before.s; /* a repetition tells no new time */
        runs[at].end = before.end;
        return count;
    }
    for (size_t other; (other = find_run(runs, count, &runs[at])) < count;) {
        join(&runs[at], &runs[other], false);
        runs[other].gone = true;
    }
    return count;
}

static enum err read_runs(struct store *s, const struct frame_piece *p, size_t *count)
{
    sqlite3_stmt *q = s->sql.runs;
    size_t n = 0;
    int step;
    sqlite3_bind_int64(q, 1, p->hour);
    sqlite3_bind_int64(q, 2, p->counter);
    while ((step = sqlite3_step(q)) == SQLITE_ROW && n < RUNS_MOST) {
        struct run *r = &s->frames.runs[n++];
        *r = (struct run){.s = sqlite3_column_int(q, 0),
                          .first = sqlite3_column_int64(q, 1),
                          .last = sqlite3_column_int64(q, 2),
                          .repeated = sqlite3_column_int64(q, 4),
                          .stored = true};
        r->end = r->s + sqlite3_column_int(q, 3);
        r->key_s = r->s;
        r->key_first = r->first;
    }
    enum err e =
        step == SQLITE_ROW || step == SQLITE_DONE ? ERR_OK : sqlite_err(s->db, NULL);
    sqlite3_reset(q);
    *count = n;
    return e;
}

static enum err write_run(struct store *s, const struct frame_piece *p,
                          const struct run *r)
{
    enum err e = ERR_OK;
    if (!r->dirty && !r->gone) {
        return ERR_OK;
    }
    if (r->stored && (r->gone || r->key_s != r->s || r->key_first != r->first)) {
        sqlite3_stmt *q = s->sql.run_drop;
        sqlite3_bind_int64(q, 1, p->hour);
        sqlite3_bind_int64(q, 2, p->counter);
        sqlite3_bind_int(q, 3, r->key_s);
        sqlite3_bind_int64(q, 4, r->key_first);
        e = sqlite_step_done(s->db, q);
    }
    if (e != ERR_OK || r->gone) {
        return e;
    }
    sqlite3_stmt *q = s->sql.run_put;
    sqlite3_bind_int64(q, 1, p->hour);
    sqlite3_bind_int64(q, 2, p->counter);
    sqlite3_bind_int(q, 3, r->s);
    sqlite3_bind_int64(q, 4, r->first);
    sqlite3_bind_int64(q, 5, r->last);
    sqlite3_bind_int(q, 6, r->end - r->s);
    sqlite3_bind_int64(q, 7, r->repeated);
    return sqlite_step_done(s->db, q);
}

static int compare_pieces(const void *a, const void *b)
{
    const struct frame_piece *x = a;
    const struct frame_piece *y = b;
    if (x->hour != y->hour) {
        return x->hour < y->hour ? -1 : 1;
    }
    if (x->counter != y->counter) {
        return x->counter < y->counter ? -1 : 1;
    }
    if (x->s != y->s) {
        return x->s < y->s ? -1 : 1;
    }
    return x->first < y->first ? -1 : x->first > y->first;
}

/* Two passes: what goes makes room for what comes in its place. */
static enum err write_runs(struct store *s, const struct frame_piece *p, size_t count)
{
    enum err e = ERR_OK;
    for (size_t k = 0; k < count && e == ERR_OK; k++) {
        e = s->frames.runs[k].gone ? write_run(s, p, &s->frames.runs[k]) : ERR_OK;
    }
    for (size_t k = 0; k < count && e == ERR_OK; k++) {
        e = s->frames.runs[k].gone ? ERR_OK : write_run(s, p, &s->frames.runs[k]);
    }
    return e;
}

enum err store_write_frames(struct store *s)
{
    struct frame_piece *pieces = s->frames.pieces;
    size_t pieces_count = s->frames.count;
    enum err e = ERR_OK;
    qsort(pieces, pieces_count, sizeof *pieces, compare_pieces);
    for (size_t k = 0; k < pieces_count && e == ERR_OK;) {
        const struct frame_piece *p = &pieces[k];
        size_t count = 0;
        e = read_runs(s, p, &count);
        while (e == ERR_OK && k < pieces_count && pieces[k].hour == p->hour &&
               pieces[k].counter == p->counter) {
            count = add_run(s->frames.runs, count, &pieces[k++]);
        }
        e = e != ERR_OK ? e : write_runs(s, p, count);
    }
    s->frames.count = 0;
    return e;
}

/* --- retention --- */

static enum err forget(struct store *s, const char *sql, int64_t hour)
{
    sqlite3_stmt *q = NULL;
    enum err e = sqlite_prepare(s->db, sql, &q);
    if (e == ERR_OK) {
        sqlite3_bind_int64(q, 1, hour);
        sqlite3_bind_int(q, 2, FORGET_MOST);
        e = sqlite_step_done(s->db, q);
    }
    sqlite3_finalize(q);
    return e;
}

enum err store_forget_frames(struct store *s, int64_t time_us)
{
    int64_t hour = time_us / CLOCK_US_PER_S / HOUR_S;
    sqlite3_int64 oldest = 0;
    sqlite3_stmt *q = NULL;
    enum err e = sqlite_prepare(s->db, "SELECT min(hour) FROM frames", &q);
    e = e != ERR_OK ? e : sqlite_step_number(s->db, q, hour, &oldest);
    sqlite3_finalize(q);
    if (e != ERR_OK || oldest >= hour) {
        return e;
    }
    e = store_begin(s);
    e = e != ERR_OK ? e
                    : forget(s,
                             "DELETE FROM frames WHERE (hour, counter, s, first) IN"
                             " (SELECT hour, counter, s, first FROM frames"
                             " WHERE hour < ?1 LIMIT ?2)",
                             hour);
    e = e != ERR_OK ? e
                    : forget(s,
                             "DELETE FROM counters WHERE id IN (SELECT id FROM counters"
                             " WHERE seen < ?1 LIMIT ?2)",
                             hour);
    if (e == ERR_OK) {
        store_drop_frames(s); /* what is remembered of them */
        return store_commit(s);
    }
    store_rollback(s);
    return e;
}
