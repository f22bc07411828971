/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_BATCH_H
#define APP_BATCH_H

/* A batch of messages on its way into the store: worked on one by one, sorted by the key
 * of the store, settled against what stands there, booked, all in one transaction.
 * Threads: one owner, the pipeline. */

#include "app/batch_other.h"
#include "app/judge.h"
#include "app/work.h"
#include "store/books.h"
#include "store/inbox_reader.h"
#include "store/writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BATCH_MESSAGES = 5000,
    BATCH_BYTES = 1 << 20, /* of payload */
    BATCH_ROWS = 60000,
    BATCH_COUNTED = 64,
    REASON_LENGTH = 240,
};

/* Where a message ranks when two disagree: the lowest is held (sequence, message time,
 * SHA-256, all from the message itself). */
struct rank {
    int64_t sequence, message_us; /* INT64_MAX: none */
};

/* One message of the batch. */
struct batch_message {
    const struct message *message;
    struct rank rank;
    int64_t outcomes[OUTCOME_COUNT];
    const char *stage, *device, *reason; /* "": nothing was wrong */
    const char *city;                    /* of its device; "": not known */
    bool again;                          /* it was worked on before */
    enum fate before;                    /* of again: as it was booked until now */
    const char *before_city;
    int64_t booked[OUTCOME_COUNT];
    struct batch_hash hash;
};

/* One observation on its way; message: index in batch.messages. */
struct batch_row {
    struct observation o;
    int64_t chunk;
    size_t message;
    bool changed; /* the store is another after it */
};

/* Which observations a batch is about. */
struct batch_scope {
    int64_t from_us, to_us;      /* [from, to) */
    const char *const *stations; /* or devices, of housekeeping */
    size_t station_count;        /* 0: all */
};

struct batch {
    struct store *store;
    const struct batch_scope *scope; /* others are not stored; NULL: all are; borrowed */
    struct inbox_reader *inbox;
    struct worker worker;
    struct arena *work;  /* of the message under work */
    struct arena *texts; /* until the batch is written */
    struct arena *other; /* a message that is asked for to settle a conflict */
    size_t other_size;
    struct batch_other asked;                  /* the last one that lies in other */
    struct message_row counted[BATCH_COUNTED]; /* by id; 0: none (settle.c) */
    struct order *order;                       /* room to sort rows */
    struct judge *judge;                       /* of the store */
    struct judge_point *points;                /* room for those of one series */
    struct batch_row *rows;
    size_t row_count;
    struct batch_message *messages;
    size_t message_count;
    int32_t *series;       /* ids by placement and field; 0: not asked yet */
    size_t *series_offset; /* of each placement */
    size_t series_size;
};

/* Takes store and inbox (borrowed) and the configuration (outlives b, or is set anew).
 * ERR_MEMORY, ERR_UNKNOWN. */
MUST_USE enum err batch_init(struct batch *b, struct store *store,
                             struct inbox_reader *inbox, const struct configuration *c,
                             const int slots[QUALITY_TESTS], struct diag *d);
void batch_fini(struct batch *b);

/* Another configuration from the next batch on; on failure the old one stays. */
MUST_USE enum err batch_set_configuration(struct batch *b, const struct configuration *c,
                                          const int slots[QUALITY_TESTS], struct diag *d);

/* Works on messages in one transaction and commits. again: they were worked on before and
 * waited; the cursor stays. Else the cursor moves to the last one done. *done: how many
 * of the first ones were taken (a full batch ends early; at least one). On failure
 * nothing was stored. */
MUST_USE enum err batch_run(struct batch *b, const struct message *messages, size_t count,
                            bool again, size_t *done);

/* Sets one message aside without working on it: rejected, with the reason. again: as
 * batch_run. */
MUST_USE enum err batch_set_aside(struct batch *b, const struct message *m, bool again,
                                  const char *reason);

/* Takes a transaction back that was begun on b's store; gives e. */
enum err batch_roll_back(struct batch *b, enum err e);

#endif
