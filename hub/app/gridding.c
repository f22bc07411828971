/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/gridding.h"

#include "app/grid_keeper.h"
#include "app/nap.h"
#include "base/clock.h"
#include "base/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LEAST_PRIORITY = 19, BACKLOG = 1000 };

#define FIRST_US (10 * CLOCK_US_PER_S)
#define EVERY_US (60 * CLOCK_US_PER_S)
#define LOOK_US (2 * CLOCK_US_PER_S)
#define PATIENCE_US (600 * CLOCK_US_PER_S)

struct gridding {
    struct current *current;
    struct pipeline *pipeline;
    struct inbox *inbox;
    struct grid_keeper *keeper;
    const struct configuration *judged; /* of the last round, taken; NULL: none yet */
    struct nap nap;
    atomic_bool stop;
    bool running;
    enum err trouble; /* of the last round, and it was said */
    pthread_t thread;
};

enum err gridding_open(const char *data, struct current *current,
                       struct pipeline *pipeline, struct inbox *inbox,
                       struct gridding **out, struct diag *d)
{
    struct gridding *g = calloc(1, sizeof *g);
    if (g == NULL) {
        return ERR_MEMORY;
    }
    g->current = current;
    g->pipeline = pipeline;
    g->inbox = inbox;
    nap_init(&g->nap);
    enum err e = grid_keeper_open(data, &g->keeper, d);
    if (e != ERR_OK) {
        gridding_close(g);
        return e;
    }
    *out = g;
    return ERR_OK;
}

void gridding_close(struct gridding *g)
{
    if (g != NULL) {
        if (g->judged != NULL) {
            current_give(g->current, g->judged);
        }
        grid_keeper_close(g->keeper);
        nap_fini(&g->nap);
        free(g);
    }
}

/* The configuration that holds stays taken until the next round: two pointers that are
 * the same are then one configuration. */
static enum err run_round(struct gridding *g)
{
    const struct configuration *c = current_take(g->current);
    const struct grid_work w = {c, c != g->judged, &g->stop};
    struct grid_done done = {0, 0};
    int64_t number = 0;
    enum err e = grid_keeper_round(g->keeper, &w, &done);
    if (g->judged != NULL) {
        current_give(g->current, g->judged);
    }
    g->judged = c;
    if (done.whole > 0) {
        log_line(LOG_INFO, "grids", "%lld series put on grids anew",
                 (long long)done.whole);
    }
    e = e != ERR_OK ? e : grid_keeper_consumed(g->keeper, &number);
    if (e == ERR_OK) {
        pipeline_set_consumed(g->pipeline, CONSUMER_GRIDS, number);
    }
    return e;
}

/* Said when it begins and when it ends, not each round. */
static void set_trouble(struct gridding *g, enum err e)
{
    if (e == ERR_BUSY) {
        return;
    }
    if (e != ERR_OK && g->trouble == ERR_OK) {
        log_line(LOG_ERROR, "grids", "grids can't be kept: %s; tried again", err_text(e));
    } else if (e == ERR_OK && g->trouble != ERR_OK) {
        log_line(LOG_INFO, "grids", "grids are kept again");
    }
    g->trouble = e;
}

/* Waits while messages do, but not for ever. */
static void wait_for_intake(struct gridding *g)
{
    int64_t until_us = clock_monotonic_us() + PATIENCE_US;
    while (!atomic_load(&g->stop) && clock_monotonic_us() < until_us &&
           inbox_last(g->inbox) - pipeline_cursor(g->pipeline) > BACKLOG) {
        nap_wait(&g->nap, LOOK_US);
    }
}

static void *run_thread(void *arg)
{
    struct gridding *g = arg;
    pthread_setname_np(pthread_self(), "grids");
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), LEAST_PRIORITY); /* of the thread */
    nap_wait(&g->nap, FIRST_US);
    while (!atomic_load(&g->stop)) {
        wait_for_intake(g);
        if (!atomic_load(&g->stop)) {
            set_trouble(g, run_round(g));
            nap_wait(&g->nap, EVERY_US);
        }
    }
    return NULL;
}

enum err gridding_start(struct gridding *g)
{
    if (pthread_create(&g->thread, NULL, run_thread, g) != 0) {
        return ERR_MEMORY;
    }
    g->running = true;
    return ERR_OK;
}

void gridding_stop(struct gridding *g)
{
    atomic_store(&g->stop, true);
    nap_wake(&g->nap);
    if (g->running) {
        pthread_join(g->thread, NULL);
        g->running = false;
    }
}
