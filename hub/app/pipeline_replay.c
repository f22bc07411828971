/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/pipeline_internal.h"

/* Messages that are worked on once more: those that waited, and those that somebody asks
 * for. */

enum { REPLAY_IDS = 2000 /* at a time */ };

/* The next messages to work on again, in p->messages. */
static enum err collect(struct pipeline *p, const struct replay_filter *f, size_t most,
                        struct replay_part *part)
{
    enum err e;
    do {
        arena_reset(p->messages);
        e = replay_collect(p->store, p->reader, f, most, p->messages, part);
    } while (e == ERR_FULL && pipeline_grow_messages(p));
    return e;
}

/* Works on them. part->last: the last id that is done with. */
static enum err work_again(struct pipeline *p, struct replay_part *part, size_t *done)
{
    *done = 0;
    enum err e = part->count == 0
                     ? ERR_OK
                     : batch_run(&p->batch, part->messages, part->count, true, done);
    if (e == ERR_OK && *done < part->count) {
        part->last = part->messages[*done - 1].id;
    }
    return e;
}

/* Some of the messages that waited, once more. It is on disk before which ones. */
enum err pipeline_one_replay(struct pipeline *p)
{
    const struct replay_filter waiting = {
        .fate = FATE_PENDING, .reason = "", .since_us = INT64_MIN, .until = INT64_MAX};
    struct replay_part part = {.last = p->replay_after};
    size_t done = 0;
    bool aside = false;
    bool careful = p->replay_after < p->replay_careful;
    enum err e = collect(p, &waiting, careful ? 1 : REPLAY_IDS, &part);
    if (e == ERR_OK && part.looked == 0) {
        p->replay_after = -1;
        return store_set_number(p->store, STORE_REPLAY, 0);
    }
    if (e == ERR_OK && store_number(p->store, STORE_REPLAY) < part.last) {
        e = store_set_number(p->store, STORE_REPLAY, part.last);
    }
    if (e == ERR_OK && careful && part.count > 0) {
        e = pipeline_try_alone(p, &part.messages[0], true, &aside);
    }
    e = e != ERR_OK || aside ? e : work_again(p, &part, &done);
    if (e == ERR_OK) {
        p->replay_after = part.last;
        store_idle(p->store);
    }
    return e;
}

/* --- replay by order --- */

struct ordered {
    struct replay_filter filter;
    struct replay_result result;
    int64_t after;
};

/* Counts what came of a part. */
static void note_part(const struct batch *b, const struct replay_part *part, size_t done,
                      struct ordered *o)
{
    for (size_t i = 0; i < done; i++) {
        o->result.fates[fate_of_outcomes(b->messages[i].outcomes)]++;
    }
    bool whole = done == part->count;
    o->result.messages += (int64_t)done;
    o->result.looked += (int64_t)(whole ? part->looked : done);
    o->after = part->last;
}

/* Some of the messages that were asked for; what came later is not meant. */
static enum err one_order(struct pipeline *p, void *arg, struct pipeline_progress *out)
{
    struct ordered *o = arg;
    struct replay_part part = {.last = o->after};
    size_t done = 0;
    enum err e = ERR_OK;
    if (o->after == 0) {
        o->filter.until = store_number(p->store, STORE_CURSOR);
        e = replay_count(p->store, &o->filter, &o->result.of);
    }
    e = e != ERR_OK ? e : collect(p, &o->filter, REPLAY_IDS, &part);
    e = e != ERR_OK ? e : work_again(p, &part, &done);
    if (e == ERR_OK) {
        note_part(&p->batch, &part, done, o);
        *out = (struct pipeline_progress){.what = "rejected messages",
                                          .done = o->result.looked,
                                          .of = o->result.of,
                                          .finished = part.looked == 0};
    }
    return e;
}

enum err
pipeline_replay(struct pipeline *p, const struct replay_filter *filter, void *asker,
                void (*progress)(void *asker, const struct pipeline_progress *so_far),
                struct replay_result *out, struct diag *d)
{
    struct ordered order = {.filter = *filter};
    const struct pipeline_task task = {
        .arg = &order, .step = one_order, .asker = asker, .progress = progress};
    enum err e = pipeline_do(p, &task);
    if (e != ERR_OK) {
        diag_set(d, "%lld of %lld messages were worked on again, then: %s",
                 (long long)order.result.looked, (long long)order.result.of,
                 e != ERR_INTERNAL ? err_text(e) : "the pipeline has stopped");
        return e;
    }
    *out = order.result;
    return ERR_OK;
}
