/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_REPLAY_H
#define APP_REPLAY_H

/* Messages that have a row in the store and are worked on once more: which ones, copied
 * out of the inbox. Threads: the pipeline's. */

#include "base/arena.h"
#include "base/err.h"
#include "model/message.h"
#include "store/inbox_reader.h"
#include "store/writer.h"

#include <stddef.h>
#include <stdint.h>

struct replay_filter {
    enum fate fate;
    const char *reason; /* a part of it; "": any */
    int64_t since_us;   /* arrival; INT64_MIN: any */
    int64_t until;      /* last id */
};

struct replay_part {
    struct message *messages;
    size_t count;
    size_t looked; /* messages of that fate; 0: no more */
    int64_t last;  /* in: the id to begin behind; out: of the last that was looked at */
};

/* The next messages that pass f, out of at most most of that fate, copied into a.
 * ERR_FULL: a is too small for even one. */
MUST_USE enum err replay_collect(struct store *s, struct inbox_reader *r,
                                 const struct replay_filter *f, size_t most,
                                 struct arena *a, struct replay_part *part);

/* How many messages of that fate there are up to f->until. */
MUST_USE enum err replay_count(struct store *s, const struct replay_filter *f,
                               int64_t *count);

/* What came of it, so far. */
struct replay_result {
    int64_t of, looked;        /* messages of that fate, and how many were looked at */
    int64_t messages;          /* that passed the filter */
    int64_t fates[FATE_COUNT]; /* of these, now */
};

#endif
