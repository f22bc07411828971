/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_PIPELINE_H
#define APP_PIPELINE_H

/* The thread that takes messages from the inbox to the store, batch by batch, and the
 * only one that writes hub.db. Between two batches it does what others ask of it. */

#include "app/current.h"
#include "app/replay.h"
#include "base/diag.h"
#include "base/err.h"
#include "store/inbox.h"

#include <stdbool.h>
#include <stdint.h>

struct pipeline; /* opaque */

/* Opens hub.db in folder. inbox and current outlive it. Messages that waited are worked
 * on again: the configuration may be another one than before. ERR_NEWER, ERR_DAMAGED,
 * ERR_IO
 */
MUST_USE enum err pipeline_open(const char *folder, struct inbox *inbox,
                                struct current *current, struct pipeline **out,
                                struct diag *d);
void pipeline_close(struct pipeline *p); /* stopped before; p may be NULL */

/* Starts the thread, ends it. stop lets the batch under way finish. */
MUST_USE enum err pipeline_start(struct pipeline *p);
void pipeline_stop(struct pipeline *p);

/* Monotonic time at which the thread began what it does now. A step takes 1 s where
 * nothing comes, seldom longer: where hub.db is locked, 10 s. Any thread. */
int64_t pipeline_step_us(const struct pipeline *p);

/* True once the thread gave up on a fault that time does not heal. */
bool pipeline_has_failed(const struct pipeline *p);

/* Why the last batch could not be stored; it is tried again. ERR_OK: it was. Any thread.
 */
enum err pipeline_trouble(const struct pipeline *p);

/* Between two batches: takes next (becomes current's) as the configuration and then the
 * messages that waited. Blocks until it holds; where no thread runs the caller does it.
 * *again: messages that are worked on again. On failure the old one holds and next was
 * freed. */
MUST_USE enum err pipeline_reload(struct pipeline *p, struct configuration *next,
                                  int64_t *again, struct diag *d);

/* How far a task is; what NULL: nothing to say. */
struct pipeline_progress {
    const char *what;
    int64_t done, of;
    bool finished;
};

/* Work for the pipeline between two batches, in steps that are short: intake goes on. */
struct pipeline_task {
    void *arg;
    enum err (*step)(struct pipeline *p, void *arg, struct pipeline_progress *out);
    void *asker;
    void (*progress)(void *asker, const struct pipeline_progress *so_far);
};

/* Has it done and blocks until it is; progress is called in between by the caller's
 * thread. Where no thread runs the caller does it. One at a time. What step answers ends
 * it; ERR_INTERNAL: the pipeline stopped before. */
MUST_USE enum err pipeline_do(struct pipeline *p, const struct pipeline_task *task);

/* A task under way ends after its step, later ones do not begin: before a stop. */
void pipeline_interrupt(struct pipeline *p);

/* A task: works once more on the messages that filter names (until is set here: what came
 * before the call), by the configuration that holds. On failure what was done holds; d
 * says how much. */
MUST_USE enum err
pipeline_replay(struct pipeline *p, const struct replay_filter *filter, void *asker,
                void (*progress)(void *asker, const struct pipeline_progress *so_far),
                struct replay_result *out, struct diag *d);

/* Who reads the change log; it is folded up to what all of them have read. */
enum consumer { CONSUMER_PUBLISH, CONSUMER_GRIDS, CONSUMERS };

/* who has read the change log up to number. Any thread. */
void pipeline_set_consumed(struct pipeline *p, enum consumer who, int64_t number);

/* Last message worked on; any thread. */
int64_t pipeline_cursor(const struct pipeline *p);

/* Works off what is in the inbox, in the calling thread, and returns; for verbs and tests
 * when no thread runs. */
MUST_USE enum err pipeline_drain(struct pipeline *p);

#endif
