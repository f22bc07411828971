/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/amend.h"

#include "app/settle.h"
#include "base/clock.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void amend_init(struct amend *a, struct batch *b)
{
    *a = (struct amend){.batch = b};
}

void amend_fini(struct amend *a)
{
    free(a->moves);
    a->moves = NULL;
}

/* --- places --- */

static bool same_number(double x, double y)
{
    return x == y || (isnan(x) && isnan(y));
}

bool amend_same(const struct observation *x, const struct observation *y)
{
    return same_number(x->value, y->value) && same_number(x->raw, y->raw) &&
           strcmp(x->raw_unit, y->raw_unit) == 0 && x->tests == y->tests &&
           x->message == y->message && x->index == y->index;
}

bool amend_same_kept(const struct store_place *x, const struct store_place *y)
{
    bool same = x->kept_count == y->kept_count;
    for (size_t i = 0; i < x->kept_count && same; i++) {
        same = amend_same(&x->kept[i], &y->kept[i]);
    }
    return same;
}

static enum err note(struct amend *a, const struct observation *o, enum outcome outcome,
                     int by)
{
    if (a->move_count == a->move_size) {
        size_t size = a->move_size == 0 ? 1024 : 2 * a->move_size;
        struct amend_move *moves = realloc(a->moves, size * sizeof *moves);
        if (moves == NULL) {
            return ERR_MEMORY;
        }
        a->moves = moves;
        a->move_size = size;
    }
    a->moves[a->move_count++] = (struct amend_move){
        .message = o->message, .series = o->series, .outcome = outcome, .by = by};
    return ERR_OK;
}

static enum err note_place(struct amend *a, const struct store_place *place, int by)
{
    enum err e = ERR_OK;
    if (place->held) {
        e = note(a, &place->observation,
                 place->kept_count > 0 ? OUTCOME_CONFLICT_HELD : OUTCOME_STORED, by);
    }
    for (size_t i = 0; i < place->kept_count && e == ERR_OK; i++) {
        e = note(a, &place->kept[i], OUTCOME_CONFLICT_KEPT, by);
    }
    return e;
}

static enum err put_kept(struct amend *a, int32_t series,
                         const struct store_place *before,
                         const struct store_place *after)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < before->kept_count && e == ERR_OK; i++) {
        e = store_unkeep(a->batch->store, &before->kept[i]);
    }
    for (size_t i = 0; i < after->kept_count && e == ERR_OK; i++) {
        struct observation kept = after->kept[i];
        kept.series = series;
        e = store_keep(a->batch->store, &kept);
    }
    return e;
}

static enum err put_held(struct amend *a, int32_t series,
                         const struct store_place *before,
                         const struct store_place *after)
{
    struct store *s = a->batch->store;
    struct observation now = after->observation;
    struct held held;
    enum err e = ERR_OK;
    now.series = series;
    if (!after->held) {
        return store_withdraw(s, &before->observation);
    }
    if (before->held) {
        bool revision = !same_number(before->observation.value, now.value) ||
                        !batch_same_flags(before->observation.tests, now.tests);
        e = revision ? store_held_of(s, &before->observation, &held) : ERR_OK;
        return e != ERR_OK ? e : store_replace(s, &now, revision ? &held : NULL);
    }
    bool inserted = false;
    e = store_insert(s, &now, &inserted, &held);
    return e == ERR_OK && !inserted ? ERR_INTERNAL : e;
}

static enum err close_window(struct amend *a)
{
    int32_t series = a->series;
    a->series = 0;
    if (series == 0) {
        return ERR_OK;
    }
    enum err e = ERR_OK;
    if (a->judged) {
        judge_changed(a->batch->judge, series, a->last_us);
    } else {
        e = judge_again(a->batch->judge, series, &a->first_us, &a->last_us);
    }
    return e != ERR_OK ? e
                       : store_changed(a->batch->store, series, a->first_us, a->last_us);
}

/* One window a series and chunk. */
static enum err log_change(struct amend *a, int32_t series, int64_t time_us)
{
    enum err e = ERR_OK;
    if (a->series != series || store_chunk(a->first_us) != store_chunk(time_us)) {
        e = close_window(a);
        a->series = series;
        a->first_us = a->last_us = time_us;
    }
    a->first_us = time_us < a->first_us ? time_us : a->first_us;
    a->last_us = time_us > a->last_us ? time_us : a->last_us;
    return e;
}

enum err amend_place(struct amend *a, int32_t series, int64_t time_us,
                     const struct store_place *before, const struct store_place *after,
                     bool *changed)
{
    *changed = before->held != after->held ||
               (before->held && !amend_same(&before->observation, &after->observation));
    bool kept = !amend_same_kept(before, after);
    if (!*changed && !kept) {
        return ERR_OK;
    }
    enum err e = note_place(a, before, -1);
    e = e != ERR_OK ? e : note_place(a, after, 1);
    if (e == ERR_OK && kept) {
        e = put_kept(a, series, before, after);
    }
    if (e == ERR_OK && *changed) {
        e = put_held(a, series, before, after);
        e = e != ERR_OK ? e : log_change(a, series, time_us);
    }
    return e;
}

/* --- books --- */

/* How a message is booked, and how it shall be. */
struct rebooking {
    int64_t id;
    int64_t moved[OUTCOME_COUNT]; /* by what was done at places */
    bool has_row;
    struct message_row row; /* as it was; its texts are not kept */
    const char *source;
    const char *city_before, *city; /* by which it was booked, and is now */
    bool aside;                     /* it was never worked on: nor is it here */
    int64_t claims; /* readings that the configuration would store today */
    int64_t holds;  /* of them: places that it holds */
    int64_t now[OUTCOME_COUNT];
};

static int compare_moves(const void *x, const void *y)
{
    const struct amend_move *a = x;
    const struct amend_move *b = y;
    return a->message < b->message ? -1 : a->message > b->message;
}

static int compare_spots(const void *x, const void *y)
{
    const struct store_spot *a = x;
    const struct store_spot *b = y;
    int by_series = a->series < b->series ? -1 : a->series > b->series;
    return by_series != 0 ? by_series
                          : (a->time_us < b->time_us ? -1 : a->time_us > b->time_us);
}

/* Places of today's readings that the message holds. */
static enum err count_holds(struct batch *b, const struct work *work, struct rebooking *k)
{
    struct store_spot *spots = malloc((work->decoded.count + 1) * sizeof *spots);
    size_t count = 0;
    enum err e = spots == NULL ? ERR_MEMORY : ERR_OK;
    for (size_t i = 0; i < work->decoded.count && e == ERR_OK; i++) {
        struct store_spot at = {.time_us = work->items[i].reading->time_us};
        bool holds = false;
        if (work->items[i].outcome != OUTCOME_STORED) {
            continue;
        }
        k->claims++;
        e = batch_series(b, &work->items[i], &at.series);
        e = e != ERR_OK ? e : store_holds(b->store, at.series, at.time_us, k->id, &holds);
        if (holds) {
            spots[count++] = at;
        }
    }
    if (e == ERR_OK) {
        qsort(spots, count, sizeof *spots, compare_spots);
        for (size_t i = 0; i < count; i++) {
            k->holds += i == 0 || compare_spots(&spots[i - 1], &spots[i]) != 0;
        }
    }
    free(spots);
    return e;
}

static int64_t at_least(int64_t x, int64_t least)
{
    return x > least ? x : least;
}

/* What it has in the store: as booked, with what was moved. Of one without a row, which
 * is stored, what it holds by today's readings. */
static void work_out(struct rebooking *k, const int64_t today[OUTCOME_COUNT])
{
    int64_t *now = k->now;
    memcpy(now, today, sizeof k->now);
    now[OUTCOME_CONFLICT_HELD] = at_least(
        k->row.outcomes[OUTCOME_CONFLICT_HELD] + k->moved[OUTCOME_CONFLICT_HELD], 0);
    now[OUTCOME_CONFLICT_KEPT] = at_least(
        k->row.outcomes[OUTCOME_CONFLICT_KEPT] + k->moved[OUTCOME_CONFLICT_KEPT], 0);
    int64_t booked =
        k->has_row ? k->row.outcomes[OUTCOME_STORED] + k->moved[OUTCOME_STORED] : 0;
    now[OUTCOME_STORED] =
        at_least(at_least(booked, 0), k->holds - now[OUTCOME_CONFLICT_HELD]);
    if (!k->aside) {
        now[OUTCOME_DUPLICATE] =
            at_least(k->claims - k->holds - now[OUTCOME_CONFLICT_KEPT], 0);
    }
}

/* The readings of a message without a row that were duplicates or ignored are booked but
 * not noted: it has as many readings as before. */
static void balance_bare(const struct rebooking *k, int64_t delta[OUTCOME_COUNT])
{
    int64_t more = 0;
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        more += delta[o];
    }
    bool twice = more < 0 && k->now[OUTCOME_DUPLICATE] > 0;
    delta[twice ? OUTCOME_DUPLICATE : OUTCOME_IGNORED] -= more;
}

/* What is added to the counts of its outcomes. */
static void find_delta(const struct rebooking *k, int64_t delta[OUTCOME_COUNT])
{
    static const enum outcome noted[] = {OUTCOME_REJECTED, OUTCOME_PENDING,
                                         OUTCOME_DUPLICATE, OUTCOME_IGNORED};
    size_t count = k->has_row ? 4 : 2;
    memcpy(delta, k->moved, OUTCOME_COUNT * sizeof *delta);
    for (size_t i = 0; i < count; i++) {
        delta[noted[i]] = k->now[noted[i]] - k->row.outcomes[noted[i]];
    }
    if (!k->has_row) {
        balance_bare(k, delta);
    }
}

static enum err book(struct batch *b, const struct rebooking *k)
{
    const struct booking from = {k->source, k->city_before, CLOCK_NONE};
    const struct booking to = {k->source, k->city, CLOCK_NONE};
    int64_t taken[OUTCOME_COUNT];
    int64_t given[OUTCOME_COUNT] = {0};
    find_delta(k, taken);
    if (strcmp(k->city_before, k->city) != 0) { /* all that it counts for moves, too */
        for (int o = 0; o < OUTCOME_COUNT; o++) {
            taken[o] -= k->now[o];
            given[o] = k->now[o];
        }
    }
    enum fate before = k->has_row ? k->row.fate : FATE_STORED;
    enum err e = store_book(b->store, &from, before, -1, taken);
    return e != ERR_OK ? e
                       : store_book(b->store, &to, fate_of_outcomes(k->now), 1, given);
}

static enum err put_row(struct batch *b, const struct rebooking *k,
                        const struct batch_other *other)
{
    char device[128 + 1] = "";
    char reason[REASON_LENGTH + 1] = "";
    struct message_row row = {.id = k->id,
                              .source = k->source,
                              .city = k->city,
                              .fate = fate_of_outcomes(k->now),
                              .stage = other->work.stage,
                              .device = device,
                              .reason = reason};
    if (other->work.reason != NULL) {
        text_copy(device, sizeof device, other->work.device);
        text_copy(reason, sizeof reason, other->work.reason);
    }
    memcpy(row.outcomes, k->now, sizeof row.outcomes);
    return store_put_message(b->store, &row);
}

/* Of a message without a row, by what it held; else by today's configuration. */
static void find_cities(const struct batch *b, struct rebooking *k,
                        const struct batch_other *other)
{
    k->source = other->message.source;
    k->city = other->rules.source != NULL
                  ? batch_city(b, other->rules.source, &other->work)
                  : "";
    k->city_before = k->city_before != NULL ? k->city_before : k->city;
}

static enum err book_worked(struct batch *b, struct rebooking *k)
{
    struct batch_other *other = NULL;
    enum err e = batch_ask(b, k->id, &other);
    if (e != ERR_OK) {
        return e == ERR_ABSENT ? ERR_DAMAGED : e;
    }
    e = count_holds(b, &other->work, k);
    if (e != ERR_OK) {
        return e;
    }
    work_out(k, other->work.outcomes);
    find_cities(b, k, other);
    if (k->now[OUTCOME_PENDING] > 0 && k->row.outcomes[OUTCOME_PENDING] == 0) {
        const struct booking of = {k->source, k->city, other->message.arrival_us};
        e = batch_note_pending(b, &of, &other->work);
    }
    e = e != ERR_OK ? e : book(b, k);
    return e != ERR_OK ? e : put_row(b, k, other);
}

/* One that was set aside may have held something from before. */
static enum err book_aside(struct batch *b, struct rebooking *k, struct message_row *row)
{
    work_out(k, row->outcomes);
    k->source = row->source;
    k->city = row->city;
    enum err e = book(b, k);
    memcpy(row->outcomes, k->now, sizeof row->outcomes);
    return e != ERR_OK ? e : store_put_message(b->store, row);
}

static enum err book_message(struct batch *b, struct rebooking *k)
{
    struct message_row row;
    enum err e = store_get_message(b->store, k->id, &row);
    if (e != ERR_OK && e != ERR_ABSENT) {
        return e;
    }
    k->has_row = e == ERR_OK;
    if (k->has_row) {
        k->row.fate = row.fate;
        memcpy(k->row.outcomes, row.outcomes, sizeof row.outcomes);
        k->city_before = row.city; /* of the books, which stay */
        k->aside = strcmp(row.stage, "work") == 0;
    }
    return k->aside ? book_aside(b, k, &row) : book_worked(b, k);
}

static bool any_moved(const struct rebooking *k)
{
    return k->moved[OUTCOME_STORED] != 0 || k->moved[OUTCOME_CONFLICT_HELD] != 0 ||
           k->moved[OUTCOME_CONFLICT_KEPT] != 0;
}

enum err amend_message(struct amend *a, int64_t message)
{
    struct rebooking k = {.id = message};
    return book_message(a->batch, &k);
}

enum err amend_finish(struct amend *a)
{
    enum err e = close_window(a);
    if (a->move_count > 0) {
        qsort(a->moves, a->move_count, sizeof *a->moves, compare_moves);
    }
    for (size_t i = 0; i < a->move_count && e == ERR_OK;) {
        struct rebooking k = {.id = a->moves[i].message};
        for (; i < a->move_count && a->moves[i].message == k.id; i++) {
            struct series_key key;
            k.moved[a->moves[i].outcome] += a->moves[i].by;
            if (a->moves[i].by < 0 &&
                store_series_key(a->batch->store, a->moves[i].series, &key)) {
                k.city_before = key.city;
            }
        }
        if (any_moved(&k)) {
            e = book_message(a->batch, &k);
        }
    }
    a->move_count = 0;
    return e;
}
