/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/publishing.h"

#include "app/nap.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct publishing {
    struct current *current;
    struct pipeline *pipeline; /* NULL: none runs */
    struct store_reader *reader;
    struct publisher *publisher;
    pthread_mutex_t work; /* one round at a time; guards publisher and reader */
    pthread_mutex_t mutex;
    struct nap nap;
    bool running;
    char trouble[PUBLISHING_TROUBLE]; /* of the last round, and it was said; "": none */
    atomic_bool stop;
    pthread_t thread;
};

enum err publishing_open(const char *data, struct current *current,
                         struct pipeline *pipeline, struct publishing **out,
                         struct diag *d)
{
    struct publishing *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return ERR_MEMORY;
    }
    p->current = current;
    p->pipeline = pipeline;
    pthread_mutex_init(&p->work, NULL);
    pthread_mutex_init(&p->mutex, NULL);
    nap_init(&p->nap);
    enum err e = store_reader_open(data, &p->reader, d);
    e = e != ERR_OK ? e : publisher_open(data, &p->publisher, d);
    if (e != ERR_OK) {
        publishing_close(p);
        return e;
    }
    *out = p;
    return ERR_OK;
}

void publishing_close(struct publishing *p)
{
    if (p != NULL) {
        publisher_close(p->publisher);
        store_reader_close(p->reader);
        nap_fini(&p->nap);
        pthread_mutex_destroy(&p->mutex);
        pthread_mutex_destroy(&p->work);
        free(p);
    }
}

static void tell_pipeline(struct publishing *p)
{
    int64_t number = 0;
    if (p->pipeline != NULL && publisher_consumed(p->publisher, &number) == ERR_OK) {
        pipeline_set_consumed(p->pipeline, CONSUMER_PUBLISH, number);
    }
}

static enum err run_round(struct publishing *p, const struct publish_work *how, bool push,
                          struct publish_report *report)
{
    const struct publish_source source = publish_source_of_store(p->reader);
    struct publish_work w = *how;
    pthread_mutex_lock(&p->work);
    const struct configuration *c = current_take(p->current);
    w.configuration = c;
    w.source = &source;
    w.now_us = clock_now_us();
    w.stop = &p->stop;
    enum err e = publisher_export(p->publisher, &w, report);
    tell_pipeline(p);
    if (push && e == ERR_OK) {
        w.now_us = clock_now_us();
        e = publisher_push(p->publisher, &w, report);
    }
    current_give(p->current, c);
    pthread_mutex_unlock(&p->work);
    return e;
}

enum err publishing_round(struct publishing *p, enum publishing_work work,
                          struct publish_report *report, struct diag *d)
{
    const struct publish_work how = {.everything = work == PUBLISHING_EXPORT,
                                     .at_once = work == PUBLISHING_PUSH};
    enum err e = run_round(p, &how, work == PUBLISHING_PUSH, report);
    if (e != ERR_OK) {
        diag_set(d, "%s", e == ERR_BUSY ? "broken off: the hub stops" : err_text(e));
    }
    return e;
}

void publishing_count(struct publishing *p, size_t *datasets, size_t *pushes)
{
    const struct configuration *c = current_take(p->current);
    *datasets = c->dataset_count;
    *pushes = 0;
    for (size_t k = 0; k < c->dataset_count; k++) {
        *pushes += c->datasets[k].target_count;
    }
    current_give(p->current, c);
}

static void log_push(void *arg, const struct outbox_push *push,
                     const struct publish_result *result)
{
    (void)arg;
    if (result == NULL) {
        return;
    }
    if (push->state == OUTBOX_DONE && result->writes > 0) {
        log_line(LOG_INFO, "publish", "%s is up to date at %s", push->dataset,
                 push->target);
    } else if (push->state != OUTBOX_DONE && push->sentence[0] != '\0') {
        log_line(push->state == OUTBOX_PARKED ? LOG_ERROR : LOG_WARN, "publish",
                 "%s to %s: %s", push->dataset, push->target, push->sentence);
    }
}

/* The first of a round counts. */
static void note_fault(void *arg, const struct dataset *dataset, const char *sentence)
{
    char *trouble = arg;
    if (trouble[0] == '\0') {
        snprintf(trouble, PUBLISHING_TROUBLE, "%s can't be written: %s", dataset->dataset,
                 sentence);
    }
}

/* Said when it begins and when it ends, not each round. */
static void set_trouble(struct publishing *p, const char *trouble)
{
    pthread_mutex_lock(&p->mutex);
    bool before = p->trouble[0] != '\0';
    text_copy(p->trouble, sizeof p->trouble, trouble);
    pthread_mutex_unlock(&p->mutex);
    if (trouble[0] != '\0' && !before) {
        log_line(LOG_ERROR, "publish", "%s; tried again", trouble);
    } else if (trouble[0] == '\0' && before) {
        log_line(LOG_INFO, "publish", "all files are written again");
    }
}

void publishing_trouble(struct publishing *p, char to[PUBLISHING_TROUBLE])
{
    pthread_mutex_lock(&p->mutex);
    text_copy(to, PUBLISHING_TROUBLE, p->trouble);
    pthread_mutex_unlock(&p->mutex);
}

/* Until the next round: publish.every_s, or the first push that is due before. */
static int64_t pause_us(struct publishing *p)
{
    const struct configuration *c = current_take(p->current);
    int64_t every_us = c->publish_every_s * CLOCK_US_PER_S;
    current_give(p->current, c);
    int64_t due_us = INT64_MAX;
    pthread_mutex_lock(&p->work); /* the round of a request may be under way */
    if (publisher_next_due(p->publisher, clock_now_us(), &due_us) != ERR_OK) {
        due_us = INT64_MAX;
    }
    pthread_mutex_unlock(&p->work);
    return due_us < every_us ? due_us : every_us;
}

static void *run_thread(void *arg)
{
    struct publishing *p = arg;
    pthread_setname_np(pthread_self(), "publish");
    while (!atomic_load(&p->stop)) {
        char trouble[PUBLISHING_TROUBLE] = "";
        struct publish_report report = {
            .arg = trouble, .fault = note_fault, .push = log_push};
        enum err e = run_round(p, &(struct publish_work){0}, true, &report);
        if (e != ERR_OK && e != ERR_BUSY && trouble[0] == '\0') {
            snprintf(trouble, sizeof trouble, "files can't be written: %s", err_text(e));
        }
        if (e != ERR_BUSY) {
            set_trouble(p, trouble);
        }
        if (!atomic_load(&p->stop)) {
            nap_wait(&p->nap, pause_us(p));
        }
    }
    return NULL;
}

enum err publishing_start(struct publishing *p)
{
    if (pthread_create(&p->thread, NULL, run_thread, p) != 0) {
        return ERR_MEMORY;
    }
    p->running = true;
    return ERR_OK;
}

void publishing_wake(struct publishing *p)
{
    nap_wake(&p->nap);
}

void publishing_stop(struct publishing *p)
{
    atomic_store(&p->stop, true);
    publishing_wake(p);
    if (p->running) {
        pthread_join(p->thread, NULL);
        p->running = false;
    }
}
