/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_BATCH_OTHER_H
#define APP_BATCH_OTHER_H

/* Messages that a batch asks for beside its own, to settle something. Threads: as
 * batch.h. */

#include "app/work.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

struct batch;

/* SHA-256 of a message, computed when it is asked for. */
struct batch_hash {
    struct hash hash;
    bool known;
};

/* A message with what the work on it gives. */
struct batch_other {
    int64_t id; /* 0: none */
    struct message message;
    struct work_rules rules; /* source NULL: not configured any more */
    struct work work;
    struct batch_hash hash;
};

/* Message id, which may not be in the batch, with what the work on it gives: it is asked
 * for to settle something. *out is good until another one is asked for; the last one is
 * worked on once. ERR_ABSENT: it was given up. Where its source is not configured any
 * more it has no items. */
MUST_USE enum err batch_ask(struct batch *b, int64_t id, struct batch_other **out);

/* Whoever uses b->other for something else, or changes what the work gives, calls this
 * before. */
void batch_forget_other(struct batch *b);

/* Makes room in b->other for a message that did not fit; what was in it is forgotten.
 * False: no memory, or large enough for any message. */
bool batch_grow_other(struct batch *b);

/* *out is kept, and borrowed as long as it. */
MUST_USE enum err batch_hash(const struct message *m, struct batch_hash *kept,
                             const struct hash **out);

#endif
