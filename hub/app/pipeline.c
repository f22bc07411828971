/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/pipeline_internal.h"

#include "app/retention.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/shadow.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum {
    GATHER_MS = 100,  /* a batch waits this long for more */
    IDLE_MS = 1000,   /* between looks when nothing comes */
    RETRY_MS = 1000,  /* after a fault that time may heal */
    CRASHES_MOST = 2, /* known ones; the first was in a batch of many */
    MESSAGES_MOST = 1 << 30,
    LOG_MOST = 500000, /* rows of the change log that are not folded in a backlog */
};

static size_t message_bytes(const struct configuration *c)
{
    size_t ceiling = (size_t)c->payload_ceiling_bytes;
    size_t each = sizeof(struct message) + 320; /* topic, source, rounding */
    return BATCH_BYTES + 2 * ceiling + BATCH_MESSAGES * each;
}

/* What an unclean stop left: from here to where the old batch may have ended, one message
 * at a time, and the one that was tried alone has one crash more. */
static enum err look_back(struct pipeline *p)
{
    struct store *s = p->store;
    int64_t cursor = store_number(s, STORE_CURSOR);
    int64_t suspect = store_number(s, STORE_SUSPECT);
    int64_t under_way = store_number(s, STORE_UNDER_WAY);
    int64_t replay = store_number(s, STORE_REPLAY);
    int64_t last = inbox_last(p->inbox);
    bool crashed = under_way != 0;
    bool tried = crashed && suspect != 0 && (suspect > cursor || suspect <= replay);
    p->careful_until = under_way < last ? under_way : last;
    p->replay_careful = crashed ? replay : 0;
    enum err e = store_set_number(s, STORE_CRASHES,
                                  tried ? store_number(s, STORE_CRASHES) + 1 : 0);
    if (p->careful_until > cursor) {
        log_line(LOG_WARN, "pipeline",
                 "the last run did not stop cleanly: %lld messages are worked on one by "
                 "one",
                 (long long)(p->careful_until - cursor));
    }
    /* before the first batch: it must be known that one was under way */
    return e != ERR_OK ? e
                       : store_set_number(s, STORE_UNDER_WAY, cursor + BATCH_MESSAGES);
}

/* What waits may be taken in by the configuration of this start. */
static enum err start_replay(struct pipeline *p, int64_t *waiting)
{
    int64_t count = 0;
    enum err e = store_pending_clear(p->store, &count);
    if (e == ERR_OK) {
        p->replay_after = count > 0 ? 0 : -1;
        *waiting = count;
    }
    return e;
}

static bool open_messages(struct pipeline *p, size_t size)
{
    struct arena *a = arena_open(size);
    if (a != NULL) {
        arena_close(p->messages);
        p->messages = a;
        p->messages_size = size;
    }
    return a != NULL;
}

bool pipeline_grow_messages(struct pipeline *p)
{
    return p->messages_size < MESSAGES_MOST && open_messages(p, 2 * p->messages_size);
}

static enum err open_parts(struct pipeline *p, const char *folder, struct diag *d)
{
    size_t count = 0;
    const char *const *names = quality_test_names(&count);
    int64_t waiting = 0;
    p->folder = strdup(folder);
    if (p->folder == NULL || !open_messages(p, message_bytes(p->configuration))) {
        return ERR_MEMORY;
    }
    store_shadow_remove(folder);
    enum err e = store_open(folder, names, count, p->slots, &p->store, d);
    e = e != ERR_OK ? e : inbox_reader_open(folder, &p->reader, d);
    e = e != ERR_OK
            ? e
            : batch_init(&p->batch, p->store, p->reader, p->configuration, p->slots, d);
    if (e == ERR_OK && store_number(p->store, STORE_CURSOR) > inbox_last(p->inbox)) {
        diag_set(d, "hub.db is ahead of inbox.db: restore both from one back-up");
        return ERR_DAMAGED;
    }
    e = e != ERR_OK ? e : look_back(p);
    e = e != ERR_OK ? e : start_replay(p, &waiting);
    p->opened = e == ERR_OK;
    return e;
}

enum err pipeline_open(const char *folder, struct inbox *inbox, struct current *current,
                       struct pipeline **out, struct diag *d)
{
    struct pipeline *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return ERR_MEMORY;
    }
    p->inbox = inbox;
    p->current = current;
    p->configuration = current_take(current);
    p->replay_after = -1;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->done, NULL);
    enum err e = open_parts(p, folder, d);
    if (e != ERR_OK) {
        pipeline_close(p);
        return e;
    }
    atomic_store(&p->cursor, store_number(p->store, STORE_CURSOR));
    malloc_trim(0); /* what reading the configuration left */
    *out = p;
    return ERR_OK;
}

void pipeline_close(struct pipeline *p)
{
    if (p == NULL) {
        return;
    }
    if (p->opened && !atomic_load(&p->failed) &&
        store_set_number(p->store, STORE_UNDER_WAY, 0) != ERR_OK) {
        log_line(LOG_WARN, "pipeline", "the clean stop could not be noted");
    }
    batch_fini(&p->batch);
    inbox_reader_close(p->reader);
    store_close(p->store);
    arena_close(p->messages);
    free(p->folder);
    current_give(p->current, p->configuration);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

/* --- batches --- */

enum err pipeline_try_alone(struct pipeline *p, const struct message *m, bool again,
                            bool *aside)
{
    struct store *s = p->store;
    *aside = false;
    if (store_number(s, STORE_SUSPECT) != m->id) {
        enum err e = store_set_number(s, STORE_CRASHES, 0);
        return e != ERR_OK ? e : store_set_number(s, STORE_SUSPECT, m->id);
    }
    if (store_number(s, STORE_CRASHES) < CRASHES_MOST) {
        return ERR_OK;
    }
    *aside = true;
    log_line(LOG_ERROR, "pipeline",
             "message %lld was under work at three crashes and is set aside",
             (long long)m->id);
    enum err e = batch_set_aside(&p->batch, m, again, "under work at three crashes");
    return e != ERR_OK ? e : store_set_number(s, STORE_CRASHES, 0);
}

static enum err one_batch(struct pipeline *p, bool *any)
{
    struct inbox_part part = {0};
    size_t done = 0;
    bool aside = false;
    int64_t cursor = store_number(p->store, STORE_CURSOR);
    bool careful = cursor < p->careful_until;
    enum err e;
    do {
        arena_reset(p->messages);
        e = inbox_read(p->reader, cursor, careful ? 1 : BATCH_MESSAGES, BATCH_BYTES,
                       p->messages, &part);
    } while (e == ERR_FULL && pipeline_grow_messages(p));
    *any = e == ERR_OK && part.count > 0;
    if (e != ERR_OK || part.count == 0) {
        return e;
    }
    e = careful ? pipeline_try_alone(p, &part.messages[0], false, &aside) : ERR_OK;
    if (e == ERR_OK && !aside) {
        e = batch_run(&p->batch, part.messages, part.count, false, &done);
    }
    atomic_store(&p->cursor, store_number(p->store, STORE_CURSOR));
    store_idle(p->store);
    return e;
}

/* --- reload --- */

static enum err take_configuration(struct pipeline *p, struct configuration *next,
                                   struct diag *d)
{
    enum err e = ERR_OK;
    if ((p->messages_size < message_bytes(next) &&
         !open_messages(p, message_bytes(next))) ||
        !current_reserve(p->current)) {
        e = ERR_MEMORY;
    }
    e = e != ERR_OK ? e : batch_set_configuration(&p->batch, next, p->slots, d);
    if (e != ERR_OK) {
        configuration_free(next);
        return e;
    }
    const struct configuration *old = p->configuration;
    current_set(p->current, next);
    p->configuration = current_take(p->current);
    current_give(p->current, old);
    return ERR_OK;
}

/* The mutex is held. What waits is worked on again even if next is not taken: the list of
 * what waits is made anew by that. */
static void serve_reload(struct pipeline *p)
{
    struct reload *r = &p->reload;
    if (r->next != NULL) {
        r->err = start_replay(p, &r->again);
        if (r->err == ERR_OK) {
            r->err = take_configuration(p, r->next, &r->diag);
        } else {
            configuration_free(r->next);
        }
        r->next = NULL;
        r->done = true;
        pthread_cond_broadcast(&p->done);
    }
}

enum err pipeline_reload(struct pipeline *p, struct configuration *next, int64_t *again,
                         struct diag *d)
{
    pthread_mutex_lock(&p->mutex);
    p->reload = (struct reload){.next = next};
    inbox_wake(p->inbox);
    while (!p->reload.done && atomic_load(&p->runs)) {
        pthread_cond_wait(&p->done, &p->mutex);
    }
    if (!p->reload.done && !atomic_load(&p->failed)) {
        serve_reload(p); /* no thread runs: the caller is the pipeline */
    }
    struct reload r = p->reload;
    p->reload = (struct reload){0};
    pthread_mutex_unlock(&p->mutex);
    if (!r.done) {
        configuration_free(r.next);
        diag_set(d, "the pipeline has stopped");
        return ERR_INTERNAL;
    }
    *again = r.again;
    *d = r.diag;
    return r.err;
}

/* --- the thread --- */

static bool says_stop(struct pipeline *p, enum err e)
{
    bool troubled = atomic_exchange(&p->trouble, e) != ERR_OK;
    if (e == ERR_OK) {
        if (troubled) {
            log_line(LOG_INFO, "pipeline", "messages are stored again");
        }
        return false;
    }
    bool stop = err_class(e) == ERR_CLASS_STOP;
    if (!troubled || stop) {
        log_line(LOG_ERROR, "pipeline", "messages can't be stored: %s; %s", err_text(e),
                 stop ? "the hub stops" : "they wait in the inbox");
    }
    return stop;
}

/* Change number up to which all consumers have read the log. */
static int64_t consumed_by_all(struct pipeline *p)
{
    int64_t least = INT64_MAX;
    for (int k = 0; k < CONSUMERS; k++) {
        int64_t number = atomic_load(&p->consumed[k]);
        least = number < least ? number : least;
    }
    return least;
}

/* What can wait, and be tried again for as long as it takes. */
static void tidy_up(struct pipeline *p, bool idle)
{
    int64_t limit_us = clock_now_us() - p->configuration->keep_days * CLOCK_US_PER_DAY;
    enum err e = ERR_OK;
    if (idle) {
        e = retention_step(p->store, p->inbox, p->reader, limit_us);
    }
    enum err folded = store_fold(p->store, consumed_by_all(p));
    e = e != ERR_OK ? e : folded;
    if (e != ERR_OK && !p->untidy) {
        log_line(LOG_WARN, "pipeline",
                 "old messages could not be given up, or the change log not be folded: "
                 "%s; tried again",
                 err_text(e));
    }
    p->untidy = e != ERR_OK;
}

static void rest(struct pipeline *p)
{
    tidy_up(p, true);
    store_idle(p->store);
    inbox_wait(p->inbox, atomic_load(&p->cursor), IDLE_MS);
    /* more may come within a moment: they share one sync */
    if (!atomic_load(&p->stop) && inbox_last(p->inbox) > atomic_load(&p->cursor)) {
        inbox_wait(p->inbox, atomic_load(&p->cursor) + BATCH_MESSAGES, GATHER_MS);
    }
}

static void *run_thread(void *arg)
{
    struct pipeline *p = arg;
    pthread_setname_np(pthread_self(), "pipeline");
    while (!atomic_load(&p->stop)) {
        bool any = false;
        atomic_store(&p->step_us, clock_monotonic_us());
        pthread_mutex_lock(&p->mutex);
        serve_reload(p);
        pthread_mutex_unlock(&p->mutex);
        enum err e = one_batch(p, &any);
        if (e == ERR_OK && p->replay_after >= 0) {
            e = pipeline_one_replay(p);
            any = true;
        }
        if (e == ERR_OK) {
            pipeline_serve_task(p, &any);
        }
        if (says_stop(p, e)) {
            atomic_store(&p->failed, true);
            break;
        }
        if (e != ERR_OK) {
            inbox_wait(p->inbox, INT64_MAX, RETRY_MS);
        } else if (!any) {
            rest(p);
        } else if (consumed_by_all(p) - store_number(p->store, STORE_FOLD) > LOG_MOST) {
            tidy_up(p, false);
        }
    }
    pthread_mutex_lock(&p->mutex);
    atomic_store(&p->runs, false);
    pthread_cond_broadcast(&p->done);
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

enum err pipeline_start(struct pipeline *p)
{
    atomic_store(&p->stop, false);
    atomic_store(&p->interrupted, false);
    atomic_store(&p->step_us, clock_monotonic_us());
    atomic_store(&p->runs, true);
    if (pthread_create(&p->thread, NULL, run_thread, p) != 0) {
        atomic_store(&p->runs, false);
        return ERR_MEMORY;
    }
    p->started = true;
    return ERR_OK;
}

void pipeline_stop(struct pipeline *p)
{
    atomic_store(&p->stop, true);
    inbox_wake(p->inbox);
    if (p->started) {
        pthread_join(p->thread, NULL);
        p->started = false;
    }
}

int64_t pipeline_step_us(const struct pipeline *p)
{
    return atomic_load(&p->step_us);
}

bool pipeline_has_failed(const struct pipeline *p)
{
    return atomic_load(&p->failed);
}

enum err pipeline_trouble(const struct pipeline *p)
{
    return atomic_load(&p->trouble);
}

void pipeline_set_consumed(struct pipeline *p, enum consumer who, int64_t number)
{
    atomic_store(&p->consumed[who], number);
}

int64_t pipeline_cursor(const struct pipeline *p)
{
    return atomic_load(&p->cursor);
}

enum err pipeline_drain(struct pipeline *p)
{
    bool any = true;
    enum err e = ERR_OK;
    while (any && e == ERR_OK) {
        e = one_batch(p, &any);
    }
    while (e == ERR_OK && p->replay_after >= 0) {
        e = pipeline_one_replay(p);
    }
    return e;
}
