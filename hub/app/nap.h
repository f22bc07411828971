/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_NAP_H
#define APP_NAP_H

/* A thread's pause between two rounds, which others can end. Threads: one waits, any
 * wakes. */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct nap {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool woken; /* also before the pause begins */
};

void nap_init(struct nap *n);
void nap_fini(struct nap *n);

/* Returns after pause_us, or at once if it was woken since the last pause. */
void nap_wait(struct nap *n, int64_t pause_us);
void nap_wake(struct nap *n);

#endif
