/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/settle.h"

#include "base/clock.h"
#include "base/hash.h"
#include "store/place.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What happens when something stands at (series, time) already. Equal values: the source
 * is the message that ranks lowest. Different ones: a number goes before a missing value,
 * then the rank decides; each of the others is kept once, by the message that ranks
 * lowest. Nothing here depends on the order of arrival. */

static bool same_value(double a, double b)
{
    return a == b || (isnan(a) && isnan(b)); /* there is no -0 in the store */
}

/* The same message of the same series and time. */
static bool same_place(const struct batch_row *x, const struct batch_row *y)
{
    return x->o.series == y->o.series && x->o.time_us == y->o.time_us &&
           x->o.message == y->o.message;
}

bool batch_same_flags(quality_tests a, quality_tests b)
{
    bool same = quality_tests_corrected(a) == quality_tests_corrected(b);
    for (int slot = 0; slot < QUALITY_TESTS; slot++) {
        same = same && quality_tests_get(a, slot) == quality_tests_get(b, slot);
    }
    return same;
}

static struct batch_message *find_in_batch(struct batch *b, int64_t id)
{
    size_t low = 0;
    size_t high = b->message_count;
    while (low < high) { /* a batch is in order of id */
        size_t middle = low + (high - low) / 2;
        if (b->messages[middle].message->id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < b->message_count && b->messages[low].message->id == id
               ? &b->messages[low]
               : NULL;
}

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* *order < 0: the message of row ranks before the one with id. What lies below the floor
 * ranks before all. 0: the same bytes; then the index decides. */
static enum err compare_rank(struct batch *b, const struct batch_row *row, int64_t id,
                             int *order)
{
    struct batch_message *mine = &b->messages[row->message];
    struct batch_message *in_batch = find_in_batch(b, id);
    struct batch_other *other = NULL;
    struct rank theirs;
    if (id < store_number(b->store, STORE_FLOOR)) {
        *order = 1;
        return ERR_OK;
    }
    if (in_batch != NULL) {
        theirs = in_batch->rank;
    } else {
        enum err e = batch_ask(b, id, &other);
        if (e != ERR_OK) {
            *order = 1;
            return e == ERR_ABSENT ? ERR_OK : e;
        }
        theirs = batch_rank(&other->work.decoded);
    }
    int by_sequence = compare_numbers(mine->rank.sequence, theirs.sequence);
    int by_time = compare_numbers(mine->rank.message_us, theirs.message_us);
    if (by_sequence != 0 || by_time != 0) {
        *order = by_sequence != 0 ? by_sequence : by_time;
        return ERR_OK;
    }
    const struct hash *x = NULL;
    const struct hash *y = NULL;
    enum err e = batch_hash(mine->message, &mine->hash, &x);
    e = e != ERR_OK        ? e
        : in_batch != NULL ? batch_hash(in_batch->message, &in_batch->hash, &y)
                           : batch_hash(&other->message, &other->hash, &y);
    *order = e == ERR_OK ? memcmp(x->bytes, y->bytes, sizeof x->bytes) : 0;
    return e;
}

struct said {
    int64_t time_us;
    int32_t series;
};

static int compare_said(const void *a, const void *b)
{
    const struct said *x = a;
    const struct said *y = b;
    int by_series = compare_numbers(x->series, y->series);
    return by_series != 0 ? by_series : compare_numbers(x->time_us, y->time_us);
}

/* The places that a message holds: what it says of one twice is a duplicate. */
static void count_held(struct said *held, size_t count, int64_t counts[OUTCOME_COUNT])
{
    qsort(held, count, sizeof *held, compare_said);
    for (size_t i = 0; i < count; i++) {
        bool again = i > 0 && compare_said(&held[i - 1], &held[i]) == 0;
        counts[again ? OUTCOME_DUPLICATE : OUTCOME_STORED]++;
    }
}

/* By the configuration of today a message that was stored may be pending or rejected; it
 * was neither, and it holds what is moved now. */
static void forget_today(int64_t counts[OUTCOME_COUNT])
{
    counts[OUTCOME_PENDING] = 0;
    counts[OUTCOME_REJECTED] = 0;
    counts[OUTCOME_STORED] += counts[OUTCOME_STORED] == 0;
}

/* Counts of a message that has no row: all its readings were stored, or were there.
 * *stays: its texts are the configuration's, else those of the message. */
static enum err recount(struct batch *b, int64_t id, struct message_row *row, bool *stays)
{
    struct batch_other *other = NULL;
    size_t count = 0;
    enum err e = batch_ask(b, id, &other);
    if (e != ERR_OK) {
        return e;
    }
    struct said *held = malloc((other->work.decoded.count + 1) * sizeof *held);
    if (held == NULL) {
        return ERR_MEMORY;
    }
    const struct source *source = other->rules.source;
    *stays = source != NULL;
    row->source = *stays ? source->source : other->message.source;
    row->city = *stays ? batch_city(b, source, &other->work) : "";
    memcpy(row->outcomes, other->work.outcomes, sizeof other->work.outcomes);
    for (size_t i = 0; i < other->work.decoded.count && e == ERR_OK; i++) {
        const struct work_item *item = &other->work.items[i];
        struct said at = {.time_us = item->reading->time_us};
        bool holds = false;
        if (item->outcome != OUTCOME_STORED) {
            continue;
        }
        e = batch_series(b, item, &at.series);
        e = e != ERR_OK ? e : store_holds(b->store, at.series, at.time_us, id, &holds);
        if (holds) {
            held[count++] = at;
        } else {
            row->outcomes[OUTCOME_DUPLICATE]++;
        }
    }
    count_held(held, count, row->outcomes);
    free(held);
    forget_today(row->outcomes);
    return e;
}

static enum err rebook(struct batch *b, struct message_row *row, enum outcome from,
                       enum outcome to)
{
    int64_t moved[OUTCOME_COUNT] = {0};
    int64_t none[OUTCOME_COUNT] = {0};
    const struct booking of = {row->source, row->city, CLOCK_NONE};
    moved[from]--;
    moved[to]++;
    enum err e = store_book(b->store, &of, row->fate, -1, moved);
    row->outcomes[from]--;
    row->outcomes[to]++;
    row->fate = fate_of_outcomes(row->outcomes);
    e = e != ERR_OK ? e : store_book(b->store, &of, row->fate, 1, none);
    return e != ERR_OK ? e : store_put_message(b->store, row);
}

/* Books of a message as they stand: its row; of one without, what is counted anew. Those
 * counts stay for the batch, since one message mostly loses many readings to another, one
 * after the other. *row: room, else where the counts lie. */
static enum err get_booked(struct batch *b, int64_t id, struct message_row **row)
{
    struct message_row *counted = &b->counted[(uint64_t)id % BATCH_COUNTED];
    bool stays = false;
    enum err e = store_get_message(b->store, id, *row);
    if (e == ERR_ABSENT && counted->id == id) {
        *row = counted;
        return ERR_OK;
    }
    if (e == ERR_ABSENT) {
        **row = (struct message_row){
            .id = id, .fate = FATE_STORED, .stage = "", .device = "", .reason = ""};
        e = recount(b, id, *row, &stays);
    }
    if (e == ERR_OK && stays) {
        *counted = **row;
        *row = counted;
    } else if (counted->id == id) {
        counted->id = 0; /* the row goes on from here */
    }
    return e;
}

/* The outcome of one reading of message id goes from one to another, because of row.
 * Called before the store is changed, so that what is counted anew is what was booked. */
static enum err move_outcome(struct batch *b, const struct batch_row *row, int64_t id,
                             enum outcome from, enum outcome to)
{
    struct batch_message *in_batch = find_in_batch(b, id);
    if (in_batch != NULL) {
        /* one that is worked on again and comes later is a duplicate when its turn comes
         */
        bool later = (size_t)(in_batch - b->messages) > row->message;
        in_batch->outcomes[from]--;
        in_batch->outcomes[to] += !(later && to == OUTCOME_DUPLICATE);
        return ERR_OK;
    }
    if (id < store_number(b->store, STORE_FLOOR)) {
        return ERR_OK; /* its totals are closed */
    }
    struct message_row room;
    struct message_row *booked = &room;
    enum err e = get_booked(b, id, &booked);
    return e == ERR_ABSENT ? ERR_OK : e != ERR_OK ? e : rebook(b, booked, from, to);
}

/* The held value as an observation, for the conflicts: its index and unit as received
 * come from its message. */
static enum err held_observation(struct batch *b, const struct batch_row *row,
                                 const struct held *held, struct observation *out)
{
    struct batch_other *other = NULL;
    *out = row->o;
    out->value = held->value;
    out->raw = held->raw;
    out->tests = judge_alone(b->judge, held->tests);
    out->message = held->message;
    out->index = 0;
    out->raw_unit = "";
    enum err e = batch_ask(b, held->message, &other);
    if (e != ERR_OK) {
        return e == ERR_ABSENT ? ERR_OK : e;
    }
    for (size_t i = 0; i < other->work.decoded.count && e == ERR_OK; i++) {
        const struct work_item *item = &other->work.items[i];
        int32_t series = 0;
        if (item->outcome != OUTCOME_STORED || item->reading->time_us != row->o.time_us ||
            !same_value(item->value.value + 0.0, held->value)) {
            continue;
        }
        e = batch_series(b, item, &series);
        if (e == ERR_OK && series == row->o.series) {
            out->index = item->reading->index;
            out->raw_unit = item->value.raw_unit;
            break;
        }
    }
    return e;
}

/* As compare_rank, against the one that is held. */
static enum err compare_held(struct batch *b, const struct batch_row *row,
                             const struct held *held, int *order)
{
    struct observation theirs;
    enum err e = compare_rank(b, row, held->message, order);
    if (e != ERR_OK || *order != 0) {
        return e;
    }
    e = held_observation(b, row, held, &theirs);
    *order = row->o.index - theirs.index;
    return e;
}

/* How the held one is booked now. */
static enum err held_outcome(struct batch *b, const struct batch_row *row,
                             enum outcome *out)
{
    int64_t kept = 0;
    enum err e = store_kept_count(b->store, row->o.series, row->o.time_us, &kept);
    *out = kept > 0 ? OUTCOME_CONFLICT_HELD : OUTCOME_STORED;
    return e;
}

static enum err keep_row(struct batch *b, struct batch_row *row, const struct held *held)
{
    enum outcome before = OUTCOME_STORED;
    enum err e = held_outcome(b, row, &before);
    if (e == ERR_OK && before == OUTCOME_STORED) {
        e = move_outcome(b, row, held->message, OUTCOME_STORED, OUTCOME_CONFLICT_HELD);
    }
    b->messages[row->message].outcomes[OUTCOME_CONFLICT_KEPT]++;
    return e != ERR_OK ? e : store_keep(b->store, &row->o);
}

/* The held one wins; row is kept, unless an equal one is kept by a message that ranks
 * before. */
static enum err lose(struct batch *b, struct batch_row *row, const struct held *held)
{
    struct batch_message *mine = &b->messages[row->message];
    struct observation kept = {0};
    int order = 0;
    enum err e =
        store_get_kept(b->store, row->o.series, row->o.time_us, row->o.value, &kept);
    if (e == ERR_ABSENT) {
        return keep_row(b, row, held);
    }
    if (e == ERR_OK && kept.message == row->o.message) {
        mine->outcomes[OUTCOME_DUPLICATE] += kept.index != row->o.index;
        return ERR_OK; /* what was kept before is counted */
    }
    e = e != ERR_OK ? e : compare_rank(b, row, kept.message, &order);
    order = order != 0 ? order : row->o.index - kept.index;
    if (e != ERR_OK || order >= 0) {
        mine->outcomes[OUTCOME_DUPLICATE]++;
        return e;
    }
    mine->outcomes[OUTCOME_CONFLICT_KEPT]++;
    e = move_outcome(b, row, kept.message, OUTCOME_CONFLICT_KEPT, OUTCOME_DUPLICATE);
    e = e != ERR_OK ? e : store_unkeep(b->store, &kept);
    return e != ERR_OK ? e : store_keep(b->store, &row->o);
}

/* Row wins; the held one is kept. */
static enum err win(struct batch *b, struct batch_row *row, const struct held *held)
{
    struct observation kept = {0};
    struct observation loser;
    enum outcome before = OUTCOME_STORED;
    enum err e = held_outcome(b, row, &before);
    e = e != ERR_OK ? e
                    : move_outcome(b, row, held->message, before, OUTCOME_CONFLICT_KEPT);
    if (e != ERR_OK) {
        return e;
    }
    e = store_get_kept(b->store, row->o.series, row->o.time_us, row->o.value, &kept);
    if (e == ERR_OK) { /* this value was kept by another message */
        e = store_unkeep(b->store, &kept);
        e = e != ERR_OK ? e
                        : move_outcome(b, row, kept.message, OUTCOME_CONFLICT_KEPT,
                                       OUTCOME_DUPLICATE);
    }
    e = e == ERR_ABSENT ? ERR_OK : e;
    e = e != ERR_OK ? e : held_observation(b, row, held, &loser);
    e = e != ERR_OK ? e : store_keep(b->store, &loser);
    b->messages[row->message].outcomes[OUTCOME_CONFLICT_HELD]++;
    row->changed = true;
    return e != ERR_OK ? e : store_replace(b->store, &row->o, held);
}

/* By hand somebody chose the value of the one or of the other. *order < 0: row wins; 0:
 * nobody did. */
static enum err compare_choice(struct batch *b, const struct batch_row *row,
                               const struct held *held, int *order)
{
    struct store_choice choice;
    enum err e = store_get_choice(b->store, row->o.series, row->o.time_us, &choice);
    *order = 0;
    if (e == ERR_OK) {
        *order = same_value(choice.value, row->o.value)
                     ? -1
                     : same_value(choice.value, held->value);
    }
    return e == ERR_ABSENT ? ERR_OK : e;
}

/* by_rule, where nobody chose: -1 row wins, 1 it loses, 0 as the messages rank. */
static enum err settle_by(struct batch *b, struct batch_row *row, const struct held *held,
                          int by_rule)
{
    int order = 0;
    enum err e = compare_choice(b, row, held, &order);
    order = order != 0 ? order : by_rule;
    if (e == ERR_OK && order == 0) {
        e = compare_held(b, row, held, &order);
    }
    return e != ERR_OK ? e : order < 0 ? win(b, row, held) : lose(b, row, held);
}

static enum err settle_different(struct batch *b, struct batch_row *row,
                                 const struct held *held)
{
    bool below = held->message < store_number(b->store, STORE_FLOOR);
    return settle_by(b, row, held,
                     isnan(row->o.value)            ? 1
                     : isnan(held->value) && !below ? -1
                                                    : 0);
}

static enum err settle_equal(struct batch *b, struct batch_row *row,
                             const struct held *held)
{
    struct batch_message *mine = &b->messages[row->message];
    bool same_flags = batch_same_flags(row->o.tests, judge_alone(b->judge, held->tests));
    enum outcome before = OUTCOME_STORED;
    int order = 0;
    enum err e = compare_held(b, row, held, &order);
    if (e != ERR_OK || order >= 0) {
        mine->outcomes[OUTCOME_DUPLICATE]++;
        return e;
    }
    e = held_outcome(b, row, &before);
    e = e != ERR_OK ? e : move_outcome(b, row, held->message, before, OUTCOME_DUPLICATE);
    mine->outcomes[before]++;
    row->changed = true;
    return e != ERR_OK ? e : store_replace(b->store, &row->o, same_flags ? NULL : held);
}

/* True if an earlier reading of the message says the same of the same place. */
static bool said_before(const struct batch *b, const struct batch_row *row)
{
    for (const struct batch_row *at = row; at > b->rows && same_place(at - 1, row);) {
        at--;
        if (same_value(at->o.value, row->o.value)) {
            return true;
        }
    }
    return false;
}

/* The message holds this place already: it was worked on before, or says it twice. */
static enum err settle_own(struct batch *b, struct batch_row *row,
                           const struct held *held)
{
    struct batch_message *mine = &b->messages[row->message];
    struct observation kept = {0};
    if (same_value(row->o.value, held->value) && said_before(b, row)) {
        mine->outcomes[OUTCOME_DUPLICATE]++;
        return ERR_OK;
    }
    enum err e = ERR_ABSENT;
    if (!same_value(row->o.value, held->value)) {
        e = store_get_kept(b->store, row->o.series, row->o.time_us, row->o.value, &kept);
        if (e == ERR_OK && kept.message == row->o.message) {
            return lose(b, row, held);
        }
        if ((e == ERR_OK || e == ERR_ABSENT) && row > b->rows &&
            same_place(row - 1, row)) {
            return settle_by(b, row, held, isnan(held->value) ? -1 : 1);
        }
    }
    /* here it is what is held, which is counted, or the configuration gives another value
     * now: what is stored stays */
    return e == ERR_ABSENT ? ERR_OK : e;
}

enum err batch_settle(struct batch *b, struct batch_row *row, quality_tests together,
                      bool *inserted)
{
    struct held held;
    struct observation o = row->o;
    o.tests = together;
    enum err e = store_insert(b->store, &o, inserted, &held);
    if (e != ERR_OK) {
        return e;
    }
    if (*inserted) {
        row->changed = true;
        b->messages[row->message].outcomes[OUTCOME_STORED]++;
        return ERR_OK;
    }
    if (held.message == row->o.message) {
        return settle_own(b, row, &held);
    }
    return same_value(row->o.value, held.value) ? settle_equal(b, row, &held)
                                                : settle_different(b, row, &held);
}
