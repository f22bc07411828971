/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/nap.h"

#include "base/clock.h"

#include <time.h>

void nap_init(struct nap *n)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&n->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&n->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    n->woken = false;
}

void nap_fini(struct nap *n)
{
    pthread_cond_destroy(&n->changed);
    pthread_mutex_destroy(&n->mutex);
}

void nap_wait(struct nap *n, int64_t pause_us)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + (pause_us % CLOCK_US_PER_S) * 1000;
    until.tv_sec += pause_us / CLOCK_US_PER_S + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_mutex_lock(&n->mutex);
    int timed_out = 0;
    while (!n->woken && timed_out == 0) {
        timed_out = pthread_cond_timedwait(&n->changed, &n->mutex, &until);
    }
    n->woken = false;
    pthread_mutex_unlock(&n->mutex);
}

void nap_wake(struct nap *n)
{
    pthread_mutex_lock(&n->mutex);
    n->woken = true;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->mutex);
}
