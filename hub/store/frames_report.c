/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/frames_report.h"

#include "base/clock.h"
#include "base/text.h"
#include "store/reader_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    HOUR_S = 3600,
    FAR = 32,        /* a counter that falls by more began again; else a frame was late */
    ROLL = 65536,    /* of a counter of 16 bits */
    ROLL_NEAR = 256, /* how near to its end it stands before it rolls over */
};

static const int64_t hour_us = HOUR_S * CLOCK_US_PER_S;

struct run {
    int64_t first, last, from_us, to_us, hour, repeated;
};

/* A counter under work: one session of a device. */
struct session {
    sqlite3_int64 id;
    char source[256], device[256]; /* names that were noted are shorter */
    int64_t born, seen;
};

struct tally {
    struct store_reader *reader;
    const struct frames_listener *to;
    sqlite3_stmt *runs_of;
    int64_t from, until; /* hours, until is not in it */
    struct run *runs;
    size_t count, room;
    struct frames_hour *hours; /* of the device under work */
    struct frames_device device;
    struct session last; /* whose names device borrows */
    int64_t sessions;    /* of the device */
};

static bool in_window(const struct tally *t, int64_t hour)
{
    return hour >= t->from && hour < t->until;
}

/* --- reading --- */

static enum err add_run(struct tally *t, int64_t hour)
{
    if (t->count == t->room) {
        size_t room = t->room == 0 ? 256 : 2 * t->room;
        struct run *grown = realloc(t->runs, room * sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        t->runs = grown;
        t->room = room;
    }
    sqlite3_stmt *q = t->runs_of;
    int64_t from_us = hour * hour_us + sqlite3_column_int64(q, 0) * CLOCK_US_PER_S;
    t->runs[t->count++] =
        (struct run){.first = sqlite3_column_int64(q, 1),
                     .last = sqlite3_column_int64(q, 2),
                     .from_us = from_us,
                     .to_us = from_us + sqlite3_column_int64(q, 3) * CLOCK_US_PER_S,
                     .hour = hour,
                     .repeated = sqlite3_column_int64(q, 4)};
    return ERR_OK;
}

static enum err read_hour(struct tally *t, const struct session *s, int64_t hour)
{
    enum err e = ERR_OK;
    int step = SQLITE_DONE;
    sqlite3_bind_int64(t->runs_of, 1, hour);
    sqlite3_bind_int64(t->runs_of, 2, s->id);
    while (e == ERR_OK && (step = sqlite3_step(t->runs_of)) == SQLITE_ROW) {
        e = add_run(t, hour);
    }
    e = e == ERR_OK && step != SQLITE_DONE ? sqlite_err(t->reader->db, NULL) : e;
    sqlite3_reset(t->runs_of);
    return e;
}

/* The runs in the window, and those of the last hour before it in which it was heard: a
 * hole may reach in from there. */
static enum err read_runs(struct tally *t, const struct session *s)
{
    int64_t first = t->from > s->born ? t->from : s->born;
    int64_t last = t->until - 1 < s->seen ? t->until - 1 : s->seen;
    enum err e = ERR_OK;
    t->count = 0;
    for (int64_t hour = t->from - 1; hour >= s->born && t->count == 0 && e == ERR_OK;
         hour--) {
        e = read_hour(t, s, hour);
    }
    for (int64_t hour = first; hour <= last && e == ERR_OK; hour++) {
        e = read_hour(t, s, hour);
    }
    return e;
}

/* --- counting --- */

static void count_received(struct tally *t, const struct run *r, int64_t fresh)
{
    if (in_window(t, r->hour)) {
        struct frames_hour *h = &t->hours[r->hour - t->from];
        h->received += fresh;
        h->repeated += r->repeated + (r->last - r->first + 1 - fresh);
    }
}

/* How many of n frames, evenly between from and to, come before time_us. */
static int64_t come_before(int64_t n, int64_t from_us, int64_t to_us, int64_t time_us)
{
    if (time_us >= to_us) {
        return n;
    }
    double part =
        time_us <= from_us ? 0 : (double)(time_us - from_us) / (double)(to_us - from_us);
    return (int64_t)(part * (double)n);
}

static void count_missing(struct tally *t, int64_t n, int64_t from_us, int64_t to_us)
{
    int64_t first = from_us / hour_us;
    int64_t last = to_us / hour_us;
    first = first > t->from ? first : t->from;
    last = last < t->until - 1 ? last : t->until - 1;
    for (int64_t hour = first; hour <= last; hour++) {
        t->hours[hour - t->from].missing +=
            come_before(n, from_us, to_us, (hour + 1) * hour_us) -
            come_before(n, from_us, to_us, hour * hour_us);
    }
}

static void tell_gap(struct tally *t, const struct frames_gap *g)
{
    bool seen = g->to_us >= t->from * hour_us &&
                (g->from_us == CLOCK_NONE || g->from_us < t->until * hour_us);
    if (seen && g->restart) {
        t->device.restarts++;
    }
    if (seen && t->to->gap != NULL) {
        t->to->gap(t->to->arg, g);
    }
}

static int compare_runs(const void *a, const void *b)
{
    const struct run *x = a;
    const struct run *y = b;
    if (x->first != y->first) {
        return x->first < y->first ? -1 : 1;
    }
    return x->from_us < y->from_us ? -1 : x->from_us > y->from_us;
}

/* Runs between two restarts: a late one fills its hole wherever it came. */
static void count_life(struct tally *t, struct run *runs, size_t count)
{
    qsort(runs, count, sizeof *runs, compare_runs);
    int64_t last = runs[0].first - 1;
    int64_t last_us = runs[0].from_us;
    for (size_t k = 0; k < count; k++) {
        const struct run *r = &runs[k];
        int64_t to_us = r->from_us > last_us ? r->from_us : last_us;
        if (r->first > last + 1) {
            const struct frames_gap gap = {last_us, to_us, last + 1, r->first - 1, false};
            count_missing(t, r->first - last - 1, last_us, to_us);
            tell_gap(t, &gap);
        }
        int64_t after = r->first > last + 1 ? r->first : last + 1;
        count_received(t, r, r->last >= after ? r->last - after + 1 : 0);
        if (r->last > last) {
            last = r->last;
            last_us = r->to_us;
        }
    }
}

static bool rolled_over(int64_t highest, const struct run *r)
{
    int64_t stood = highest % ROLL;
    return highest < ROLL && stood >= ROLL - ROLL_NEAR && r->first < ROLL_NEAR;
}

/* Runs in the order of time are cut where the counter began again. */
static void count_session(struct tally *t)
{
    size_t begin = 0;
    int64_t highest = t->count > 0 ? t->runs[0].last : 0;
    int64_t highest_us = t->count > 0 ? t->runs[0].to_us : 0;
    int64_t rolled = 0;
    for (size_t k = 1; k < t->count; k++) {
        struct run *r = &t->runs[k];
        if (rolled == 0 && rolled_over(highest, r)) {
            rolled = ROLL;
        }
        bool again = r->first + rolled <= highest &&
                     (r->first == 0 || highest - rolled - r->first > FAR);
        if (again) {
            const struct frames_gap gap = {highest_us, r->from_us, r->first, r->first - 1,
                                           true};
            count_life(t, &t->runs[begin], k - begin);
            tell_gap(t, &gap);
            begin = k;
            rolled = 0;
        }
        r->first += rolled;
        r->last += rolled;
        if (again || r->last > highest) {
            highest = r->last;
            highest_us = r->to_us;
        }
    }
    if (t->count > begin) {
        count_life(t, &t->runs[begin], t->count - begin);
    }
}

/* --- devices --- */

static void end_device(struct tally *t)
{
    struct frames_device *d = &t->device;
    for (int64_t k = 0; k < t->until - t->from && t->sessions > 0; k++) {
        struct frames_hour *h = &t->hours[k];
        d->received += h->received;
        d->repeated += h->repeated;
        d->missing += h->missing;
        h->hour_us = (t->from + k) * hour_us;
        if (t->to->hour != NULL && h->received + h->repeated + h->missing > 0) {
            t->to->hour(t->to->arg, h);
        }
        *h = (struct frames_hour){0};
    }
    if (t->sessions > 0 && t->to->device != NULL) {
        t->to->device(t->to->arg, d);
    }
    t->sessions = 0;
}

static enum err take_session(struct tally *t, const struct session *s)
{
    bool same = t->sessions > 0 && strcmp(t->last.device, s->device) == 0 &&
                strcmp(t->last.source, s->source) == 0;
    if (!same) {
        end_device(t);
        t->last = *s;
        t->device =
            (struct frames_device){.source = t->last.source, .device = t->last.device};
    }
    enum err e = read_runs(t, s);
    if (e == ERR_OK && same && t->count > 0) {
        const struct frames_gap gap = {CLOCK_NONE, t->runs[0].from_us, t->runs[0].first,
                                       t->runs[0].first - 1, true};
        tell_gap(t, &gap);
    }
    if (e == ERR_OK) {
        t->sessions++;
        count_session(t);
    }
    return e;
}

static enum err each_session(struct tally *t, const struct frames_query *query)
{
    sqlite3_stmt *q = NULL;
    int step = SQLITE_DONE;
    enum err e = sqlite_prepare(t->reader->db,
                                "SELECT id, source, device, born, seen FROM counters"
                                " WHERE seen >= ?1 AND born < ?2 AND (?3 IS NULL OR"
                                " device = ?3) ORDER BY source, device, born, id",
                                &q);
    sqlite3_bind_int64(q, 1, t->from);
    sqlite3_bind_int64(q, 2, t->until);
    sqlite3_bind_text(q, 3, query->device, -1, SQLITE_STATIC);
    while (e == ERR_OK && (step = sqlite3_step(q)) == SQLITE_ROW) {
        struct session s = {.id = sqlite3_column_int64(q, 0),
                            .born = sqlite3_column_int64(q, 3),
                            .seen = sqlite3_column_int64(q, 4)};
        text_copy(s.source, sizeof s.source, sqlite_text(q, 1));
        text_copy(s.device, sizeof s.device, sqlite_text(q, 2));
        e = take_session(t, &s);
    }
    e = e == ERR_OK && step != SQLITE_DONE ? sqlite_err(t->reader->db, NULL) : e;
    sqlite3_finalize(q);
    if (e == ERR_OK) {
        end_device(t);
    }
    return e;
}

enum err report_frames(struct store_reader *r, const struct frames_query *q,
                       const struct frames_listener *to)
{
    struct tally t = {.reader = r,
                      .to = to,
                      .from = q->from_us / hour_us,
                      .until = (q->to_us + hour_us - 1) / hour_us};
    if (t.until <= t.from) {
        return ERR_OK;
    }
    t.hours = calloc((size_t)(t.until - t.from), sizeof *t.hours);
    enum err e = t.hours == NULL ? ERR_MEMORY
                                 : sqlite_prepare(r->db,
                                                  "SELECT s, first, last, span, repeated"
                                                  " FROM frames WHERE hour = ?1"
                                                  " AND counter = ?2 ORDER BY s, first",
                                                  &t.runs_of);
    e = e != ERR_OK ? e : each_session(&t, q);
    sqlite3_finalize(t.runs_of);
    free(t.hours);
    free(t.runs);
    return e;
}
