/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_PIPELINE_INTERNAL_H
#define APP_PIPELINE_INTERNAL_H

/* What the files of the pipeline share. Threads: the pipeline's, but for what the mutex
 * guards. */

#include "app/batch.h"
#include "app/pipeline.h"

#include <pthread.h>
#include <stdatomic.h>

struct reload {
    struct configuration *next; /* NULL: nobody asks */
    int64_t again;
    enum err err;
    struct diag diag;
    bool done;
};

struct task {
    const struct pipeline_task *what; /* the asker's, who waits; NULL: nobody asks */
    struct pipeline_progress progress;
    enum err err;
    bool under_way, done; /* a step is; all of it is */
};

struct pipeline {
    char *folder; /* of the data */
    struct inbox *inbox;
    struct inbox_reader *reader;
    struct current *current;
    const struct configuration *configuration; /* taken from current */
    struct store *store;
    struct batch batch;
    struct arena *messages;
    size_t messages_size;
    int slots[QUALITY_TESTS];
    int64_t careful_until;  /* one message a batch up to this id */
    int64_t replay_after;   /* last waiting id that was worked on again; -1: none to do */
    int64_t replay_careful; /* one waiting message a batch up to this id */
    bool opened;            /* whole, and what an earlier run left is known */
    bool untidy;            /* housekeeping failed, and it was said */
    _Atomic enum err trouble; /* of the last batch, and it was said */
    pthread_t thread;
    bool started;
    atomic_bool stop, failed;
    atomic_bool runs; /* the thread; it serves reloads while it does */
    _Atomic int64_t cursor, consumed[CONSUMERS];
    _Atomic int64_t step_us; /* monotonic: what the thread does now began then */
    atomic_bool interrupted;
    pthread_mutex_t mutex; /* guards reload and task */
    pthread_cond_t done;
    struct reload reload;
    struct task task;
};

/* Room for a message that did not fit; false: no memory, or large enough for any. */
bool pipeline_grow_messages(struct pipeline *p);

/* A message whose work ended the program before is tried alone, and its id is on disk
 * before; at the third crash it is set aside. *aside: done with it. */
MUST_USE enum err pipeline_try_alone(struct pipeline *p, const struct message *m,
                                     bool again, bool *aside);

/* Some of the messages that waited, once more (pipeline_replay.c). */
MUST_USE enum err pipeline_one_replay(struct pipeline *p);

/* One step of what pipeline_do asks for; *any: there was something to do. */
void pipeline_serve_task(struct pipeline *p, bool *any);

#endif
