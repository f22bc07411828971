/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/batch.h"

#include "app/frame.h"
#include "app/order.h"
#include "app/settle.h"
#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum {
    WORK_BYTES = 36 << 20,  /* one message: its document and up to 20,000 readings */
    OTHER_BYTES = 44 << 20, /* the same and the message itself; grows */
    TEXT_BYTES = 4 << 20,
    TEXT_RESERVE = 2 << 20, /* a batch ends when less is left: units of 20,000 readings */
};

/* Room for the series ids of every placement: two a field, since a level may go to either
 * of two parameters. */
static enum err make_series_cache(struct batch *b, const struct configuration *c)
{
    size_t *offset = calloc(c->placement_count + 1, sizeof *offset);
    size_t size = 0;
    for (size_t i = 0; i < c->device_count && offset != NULL; i++) {
        const struct device *d = &c->devices[i];
        for (size_t k = 0; k < d->placement_count; k++) {
            offset[d->placements[k].index] = size;
            size += 2 * d->model->field_count;
        }
    }
    int32_t *series = calloc(size + 1, sizeof *series);
    if (offset == NULL || series == NULL) {
        free(offset);
        free(series);
        return ERR_MEMORY;
    }
    free(b->series);
    free(b->series_offset);
    b->series = series;
    b->series_offset = offset;
    b->series_size = size;
    return ERR_OK;
}

enum err batch_set_configuration(struct batch *b, const struct configuration *c,
                                 const int slots[QUALITY_TESTS], struct diag *d)
{
    struct worker worker;
    struct judge *judge = NULL;
    enum err e = worker_init(&worker, c, slots, d);
    e = e != ERR_OK ? e : judge_open(b->store, c, slots, &judge);
    e = e != ERR_OK ? e : make_series_cache(b, c);
    if (e != ERR_OK) {
        worker_fini(&worker);
        judge_close(judge);
        return e;
    }
    worker_fini(&b->worker);
    judge_close(b->judge);
    b->worker = worker;
    b->judge = judge;
    batch_forget_other(b);
    return ERR_OK;
}

enum err batch_init(struct batch *b, struct store *store, struct inbox_reader *inbox,
                    const struct configuration *c, const int slots[QUALITY_TESTS],
                    struct diag *d)
{
    *b = (struct batch){.store = store, .inbox = inbox};
    b->work = arena_open(WORK_BYTES);
    b->other = arena_open(OTHER_BYTES);
    b->other_size = OTHER_BYTES;
    b->texts = arena_open(TEXT_BYTES);
    b->rows = malloc(BATCH_ROWS * sizeof *b->rows);
    b->points = malloc(BATCH_ROWS * sizeof *b->points);
    b->messages = malloc(BATCH_MESSAGES * sizeof *b->messages);
    b->order = order_open(BATCH_ROWS);
    if (b->work == NULL || b->other == NULL || b->texts == NULL || b->rows == NULL ||
        b->points == NULL || b->messages == NULL || b->order == NULL) {
        return ERR_MEMORY;
    }
    return batch_set_configuration(b, c, slots, d);
}

void batch_fini(struct batch *b)
{
    worker_fini(&b->worker);
    arena_close(b->work);
    arena_close(b->other);
    arena_close(b->texts);
    order_close(b->order);
    judge_close(b->judge);
    free(b->points);
    free(b->rows);
    free(b->messages);
    free(b->series);
    free(b->series_offset);
    *b = (struct batch){0};
}

static enum err ask_series(struct batch *b, const struct work_item *item, int32_t *id)
{
    const struct place *p = &item->place;
    const struct series_key key = {.city = p->device->city->city,
                                   .station = batch_station(item),
                                   .parameter = item->value.parameter->id,
                                   .position = p->position,
                                   .origin = p->origin};
    return store_series(b->store, &key, item->value.parameter, id);
}

enum err batch_series(struct batch *b, const struct work_item *item, int32_t *id)
{
    const struct placement *placement = item->place.placement;
    const struct sensor_field *entry = item->reading->entry;
    if (placement == NULL || item->place.station == NULL || entry->index == SIZE_MAX) {
        return ask_series(b, item, id);
    }
    size_t second = item->value.parameter == b->worker.normaliser.gauge_level;
    int32_t *cached =
        &b->series[b->series_offset[placement->index] + 2 * entry->index + second];
    enum err e = *cached != 0 ? ERR_OK : ask_series(b, item, cached);
    if (e == ERR_OK) {
        *id = *cached;
    }
    return e;
}

/* A text that outlives the work on its message. */
static const char *keep_text(struct batch *b, const char *text, size_t most)
{
    if (text == NULL || text[0] == '\0') {
        return "";
    }
    size_t length = strnlen(text, most);
    char *copy = arena_take(b->texts, length + 1);
    return copy == NULL ? "" : text_copy(copy, length + 1, text);
}

/* Units of most readings are those of the parameter or of the model, which stay. */
static const char *keep_unit(struct batch *b, const struct work_item *item)
{
    const char *unit = item->value.raw_unit;
    if (strcmp(unit, item->value.parameter->unit) == 0) {
        return item->value.parameter->unit;
    }
    const char *of_entry = item->reading->entry->unit;
    if (of_entry != NULL && strcmp(unit, of_entry) == 0) {
        return of_entry;
    }
    return keep_text(b, unit, 63);
}

static enum err add_row(struct batch *b, size_t message, const struct work_item *item)
{
    int32_t series = 0;
    enum err e = batch_series(b, item, &series);
    if (e != ERR_OK) {
        return e;
    }
    const struct reading *r = item->reading;
    struct batch_row *row = &b->rows[b->row_count++];
    *row = (struct batch_row){.o = {.series = series,
                                    .time_us = r->time_us,
                                    /* no -0: equal means bit for bit */
                                    .value = item->value.value + 0.0,
                                    .raw = item->value.raw,
                                    .raw_unit = keep_unit(b, item),
                                    .tests = item->tests,
                                    .message = b->messages[message].message->id,
                                    .index = r->index},
                              .chunk = store_chunk(r->time_us),
                              .message = message};
    return ERR_OK;
}

/* A message with DUP that can't be told apart otherwise: the same bytes came with the
 * same packet id on the connection just before. */
static enum err is_redelivery(struct batch *b, const struct message *m, int *yes)
{
    struct message before = {.topic = ""};
    enum err e = ERR_ABSENT;
    if (m->dup && m->packet_id != 0) {
        do {
            batch_forget_other(b);
            arena_reset(b->other);
            e = inbox_get_before(b->inbox, m, b->other, &before);
        } while (e == ERR_FULL && batch_grow_other(b));
    }
    *yes = e == ERR_OK && strcmp(before.topic, m->topic) == 0 && before.size == m->size &&
           memcmp(before.payload, m->payload, m->size) == 0;
    return e == ERR_ABSENT ? ERR_OK : e;
}

static struct booking booking_of(const struct batch_message *n)
{
    return (struct booking){.source = n->message->source,
                            .city = n->city,
                            .arrival_us = n->message->arrival_us};
}

enum err batch_note_pending(struct batch *b, const struct booking *of,
                            const struct work *work)
{
    enum err e = ERR_OK;
    const char *last = "";
    for (size_t i = 0; i < work->decoded.count && e == ERR_OK; i++) {
        const struct work_item *item = &work->items[i];
        if (item->outcome != OUTCOME_PENDING) {
            continue;
        }
        const char *device = item->reading->device;
        if (strcmp(last, device) != 0) { /* once a message and device */
            e = store_pending(b->store, of, device, "", item->problem);
            last = device;
        }
        e = e != ERR_OK
                ? e
                : store_pending(b->store, of, device, item->reading->key, item->problem);
    }
    return e;
}

static enum err add_items(struct batch *b, size_t index, const struct work *work)
{
    struct batch_message *n = &b->messages[index];
    int redelivered = -1; /* not asked yet */
    enum err e = ERR_OK;
    for (size_t i = 0; i < work->decoded.count && e == ERR_OK; i++) {
        const struct work_item *item = &work->items[i];
        if (item->outcome != OUTCOME_STORED ||
            (b->scope != NULL &&
             !batch_in_scope(b->scope, batch_station(item), item->reading->time_us))) {
            continue;
        }
        if (item->reading->time_source == TIME_SOURCE_ARRIVAL && redelivered < 0) {
            e = is_redelivery(b, n->message, &redelivered);
        }
        if (item->reading->time_source == TIME_SOURCE_ARRIVAL && redelivered > 0) {
            n->outcomes[OUTCOME_DUPLICATE]++;
            continue;
        }
        e = e != ERR_OK ? e : add_row(b, index, item);
    }
    return e;
}

static void reject(struct batch_message *n, const char *stage, const char *reason)
{
    n->outcomes[OUTCOME_REJECTED] = 1;
    n->stage = stage;
    n->reason = reason;
}

/* What a message that waited was booked as. What it holds and what is kept of it stays
 * counted, also where the configuration gives another value now, or none: only what the
 * work changes in the store changes that. */
static enum err recall(struct batch *b, struct batch_message *n)
{
    static const enum outcome in_store[] = {OUTCOME_STORED, OUTCOME_CONFLICT_HELD,
                                            OUTCOME_CONFLICT_KEPT};
    struct message_row row;
    enum err e = store_get_message(b->store, n->message->id, &row);
    if (e != ERR_OK) {
        return e;
    }
    n->before = row.fate;
    n->before_city = row.city;
    memcpy(n->booked, row.outcomes, sizeof n->booked);
    for (size_t i = 0; i < sizeof in_store / sizeof *in_store; i++) {
        n->outcomes[in_store[i]] = row.outcomes[in_store[i]];
    }
    return ERR_OK;
}

/* *full: the message does not fit into this batch; nothing of it was added. */
static enum err add_message(struct batch *b, const struct message *m, bool again,
                            bool *full)
{
    size_t index = b->message_count;
    struct batch_message *n = &b->messages[index];
    struct work_rules rules;
    struct work work;
    *n = (struct batch_message){.message = m,
                                .again = again,
                                .stage = "",
                                .device = "",
                                .reason = "",
                                .city = ""};
    n->rank = (struct rank){INT64_MAX, INT64_MAX};
    b->message_count++;
    enum err e = again ? recall(b, n) : ERR_OK;
    if (e != ERR_OK) {
        return e;
    }
    if (!batch_rules(b, m, &rules)) {
        n->outcomes[OUTCOME_PENDING] = 1;
        n->stage = "resolve";
        n->reason = "no source of this name is configured any more";
        return ERR_OK;
    }
    arena_reset(b->work);
    e = work_message(&b->worker, m, &rules, b->work, &work);
    if (e == ERR_FULL) {
        reject(n, "decode", "the message is too large to be worked on");
        return ERR_OK;
    }
    if (e != ERR_OK) {
        return e;
    }
    if (b->row_count + work.decoded.count > BATCH_ROWS && index > 0) {
        b->message_count--;
        *full = true;
        return ERR_OK;
    }
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        n->outcomes[o] += work.outcomes[o];
    }
    n->rank = batch_rank(&work.decoded);
    n->city = batch_city(b, rules.source, &work);
    n->stage = work.stage; /* a constant */
    n->device = keep_text(b, work.device, 128);
    n->reason = keep_text(b, work.reason, REASON_LENGTH);
    if (n->outcomes[OUTCOME_PENDING] > 0) {
        const struct booking of = booking_of(n);
        e = batch_note_pending(b, &of, &work);
    }
    if (e == ERR_OK && b->scope == NULL) {
        e = frame_note(b->store, m, &work.decoded, again);
    }
    return e != ERR_OK ? e : add_items(b, index, &work);
}

/* Rows of one series in one chunk stand together, from first on. */
static size_t run_length(const struct batch *b, size_t first)
{
    const struct batch_row *start = &b->rows[first];
    size_t n = 1;
    while (first + n < b->row_count && start[n].o.series == start->o.series &&
           start[n].chunk == start->chunk) {
        n++;
    }
    return n;
}

/* The flags that rows get if they are all new. */
static enum err judge_run(struct batch *b, const struct batch_row *rows, size_t count,
                          bool *ahead)
{
    for (size_t i = 0; i < count; i++) {
        const struct observation *o = &rows[i].o;
        b->points[i] = (struct judge_point){
            .time_us = o->time_us, .value = o->value, .tests = o->tests};
    }
    return judge_ahead(b->judge, rows->o.series, b->points, count, ahead);
}

/* Settles the rows of a run, judges what hangs on them, and logs what changed. */
static enum err write_run(struct batch *b, struct batch_row *rows, size_t count)
{
    bool ahead = false;
    int64_t first_us = INT64_MAX, last_us = INT64_MIN;
    enum err e = judge_run(b, rows, count, &ahead);
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        bool inserted = false;
        e = batch_settle(b, &rows[i], b->points[i].together, &inserted);
        ahead = ahead && inserted;
        if (rows[i].changed) {
            int64_t at = rows[i].o.time_us;
            first_us = at < first_us ? at : first_us;
            last_us = at > last_us ? at : last_us;
        }
    }
    int32_t series = rows->o.series;
    if (e != ERR_OK || first_us > last_us) {
        return e;
    }
    e = ahead ? judge_stored(b->judge, series, b->points, count, &first_us)
              : judge_again(b->judge, series, &first_us, &last_us);
    return e != ERR_OK ? e : store_changed(b->store, series, first_us, last_us);
}

static enum err write_rows(struct batch *b)
{
    order_rows(b->order, b->rows, b->row_count);
    enum err e = ERR_OK;
    for (size_t i = 0; i < b->row_count && e == ERR_OK;) {
        size_t count = run_length(b, i);
        e = write_run(b, &b->rows[i], count);
        i += count;
    }
    return e;
}

/* What a message that waited counted for before is taken out of the books. */
static enum err unbook(struct batch *b, const struct batch_message *n)
{
    int64_t minus[OUTCOME_COUNT];
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        minus[o] = -n->booked[o];
    }
    const struct booking of = {n->message->source, n->before_city,
                               n->message->arrival_us};
    return store_book(b->store, &of, n->before, -1, minus);
}

static enum err finish_message(struct batch *b, const struct batch_message *n)
{
    const struct message *m = n->message;
    enum fate fate = fate_of_outcomes(n->outcomes);
    const struct booking of = booking_of(n);
    enum err e = n->again ? unbook(b, n) : ERR_OK;
    e = e != ERR_OK ? e : store_book(b->store, &of, fate, 1, n->outcomes);
    if (e != ERR_OK || (fate == FATE_STORED && !n->again)) {
        return e;
    }
    struct message_row row = {.id = m->id,
                              .source = m->source,
                              .city = n->city,
                              .fate = fate,
                              .stage = n->stage,
                              .device = n->device,
                              .reason = n->reason};
    memcpy(row.outcomes, n->outcomes, sizeof row.outcomes);
    return store_put_message(b->store, &row);
}

static enum err run(struct batch *b, const struct message *messages, size_t count,
                    bool again)
{
    bool full = false;
    enum err e = ERR_OK;
    for (size_t i = 0; i < count && i < BATCH_MESSAGES && !full && e == ERR_OK; i++) {
        full = i > 0 && TEXT_BYTES - arena_used(b->texts) < TEXT_RESERVE;
        e = full ? ERR_OK : add_message(b, &messages[i], again, &full);
    }
    e = e != ERR_OK ? e : write_rows(b);
    for (size_t i = 0; i < b->message_count && e == ERR_OK; i++) {
        e = finish_message(b, &b->messages[i]);
    }
    if (e == ERR_OK && !again) {
        int64_t last = b->messages[b->message_count - 1].message->id;
        e = store_set_number(b->store, STORE_CURSOR, last);
        /* ids rise by one: no later batch can end behind this */
        e = e != ERR_OK
                ? e
                : store_set_number(b->store, STORE_UNDER_WAY, last + BATCH_MESSAGES);
    }
    return e;
}

enum err batch_roll_back(struct batch *b, enum err e)
{
    store_rollback(b->store);
    memset(b->series, 0, b->series_size * sizeof *b->series);
    judge_forget(b->judge);
    return e;
}

enum err batch_run(struct batch *b, const struct message *messages, size_t count,
                   bool again, size_t *done)
{
    b->row_count = 0;
    b->message_count = 0;
    batch_forget_other(b);
    memset(b->counted, 0, sizeof b->counted);
    arena_reset(b->texts);
    enum err e = store_begin(b->store);
    if (e != ERR_OK) {
        return e;
    }
    e = run(b, messages, count, again);
    e = e != ERR_OK ? e : store_commit(b->store);
    if (e != ERR_OK) {
        return batch_roll_back(b, e);
    }
    *done = b->message_count;
    return ERR_OK;
}

enum err batch_set_aside(struct batch *b, const struct message *m, bool again,
                         const char *reason)
{
    struct batch_message n = {.message = m, .again = again, .device = "", .city = ""};
    enum err e = again ? recall(b, &n) : ERR_OK;
    reject(&n, "work", reason);
    e = e != ERR_OK ? e : store_begin(b->store);
    if (e != ERR_OK) {
        return e;
    }
    e = finish_message(b, &n);
    if (e == ERR_OK && !again) {
        e = store_set_number(b->store, STORE_CURSOR, m->id);
    }
    e = e != ERR_OK ? e : store_commit(b->store);
    return e != ERR_OK ? batch_roll_back(b, e) : ERR_OK;
}
