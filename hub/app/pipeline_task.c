/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/pipeline_internal.h"

/* One step of the task; what it says of its progress and its end is its asker's to read
 * under the mutex. A fault of it is the asker's, not the pipeline's. */
static void one_step(struct pipeline *p)
{
    struct task *t = &p->task;
    struct pipeline_progress progress = {.what = ""};
    enum err e = t->what->step(p, t->what->arg, &progress);
    store_idle(p->store);
    pthread_mutex_lock(&p->mutex);
    t->progress = progress;
    t->err = e;
    t->done = e != ERR_OK || progress.finished;
    t->under_way = false;
    pthread_cond_broadcast(&p->done);
    pthread_mutex_unlock(&p->mutex);
}

void pipeline_serve_task(struct pipeline *p, bool *any)
{
    pthread_mutex_lock(&p->mutex);
    bool asked = p->task.what != NULL && !p->task.done;
    p->task.under_way = asked;
    pthread_mutex_unlock(&p->mutex);
    if (asked) {
        *any = true;
        one_step(p);
    }
}

void pipeline_interrupt(struct pipeline *p)
{
    pthread_mutex_lock(&p->mutex);
    atomic_store(&p->interrupted, true);
    pthread_cond_broadcast(&p->done);
    pthread_mutex_unlock(&p->mutex);
}

/* Gives progress to the asker, who may be slow to read it. The mutex is held. */
static void tell(struct pipeline *p, const struct pipeline_task *what)
{
    struct pipeline_progress so_far = p->task.progress;
    pthread_mutex_unlock(&p->mutex);
    if (so_far.what != NULL) {
        what->progress(what->asker, &so_far);
    }
    pthread_mutex_lock(&p->mutex);
}

enum err pipeline_do(struct pipeline *p, const struct pipeline_task *what)
{
    pthread_mutex_lock(&p->mutex);
    p->task = (struct task){.what = what};
    inbox_wake(p->inbox);
    while (p->task.under_way ||
           (!p->task.done && atomic_load(&p->runs) && !atomic_load(&p->interrupted))) {
        pthread_cond_wait(&p->done, &p->mutex);
        tell(p, what);
    }
    while (!p->task.done && !atomic_load(&p->runs) && !atomic_load(&p->failed)) {
        pthread_mutex_unlock(&p->mutex); /* no thread runs: the caller is the pipeline */
        one_step(p);
        pthread_mutex_lock(&p->mutex);
        tell(p, what);
    }
    enum err e = p->task.done ? p->task.err : ERR_INTERNAL;
    p->task = (struct task){.what = NULL};
    pthread_mutex_unlock(&p->mutex);
    return e;
}
