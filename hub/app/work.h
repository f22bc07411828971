/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_WORK_H
#define APP_WORK_H

/* One message through the pure middle: decode, resolve, normalise, quality. The pipeline,
 * `try` and `trace` do the same thing by it. Threads: one owner of a worker at a time. */

#include "base/arena.h"
#include "base/diag.h"
#include "base/err.h"
#include "model/configuration.h"
#include "model/message.h"
#include "model/place.h"
#include "model/reading.h"
#include "normalise/normalise.h"
#include "quality/quality.h"

#include <stddef.h>

struct worker {
    const struct configuration *configuration; /* borrowed */
    struct normaliser normaliser;
    struct quality_plan plan;
    struct sensor_field rssi, snr; /* what every LoRaWAN frame brings along */
};

/* slots as the store gave them; c outlives w. ERR_UNKNOWN: the vocabulary lacks a
 * parameter that the program itself needs. */
MUST_USE enum err worker_init(struct worker *w, const struct configuration *c,
                              const int slots[QUALITY_TESTS], struct diag *d);
void worker_fini(struct worker *w);

/* What became of one reading. */
struct work_item {
    const struct reading *reading;
    enum outcome outcome;    /* OUTCOME_STORED: to be stored; else final */
    const char *stage;       /* where it ended: "decode", "resolve", "normalise"; "" */
    const char *problem;     /* sentence; NULL */
    struct place place;      /* of OUTCOME_STORED */
    struct normalised value; /* of OUTCOME_STORED */
    quality_tests tests;     /* of OUTCOME_STORED */
};

struct work {
    struct decoded decoded;
    struct work_item *items;         /* decoded.count of them, in order */
    int64_t outcomes[OUTCOME_COUNT]; /* of items that are not to be stored */
    const char *stage; /* of the first reading, or the message, that ended badly */
    const char *device;
    const char *reason; /* NULL: nothing was wrong */
};

/* Whose message it is. model: bind every device to this model, as `try --model` does;
 * NULL: by the configuration. */
struct work_rules {
    const struct source *source;
    const struct sensor_model *model;
};

/* Works on m. Everything in out lives in a. A message that can't be used at all has no
 * items, one rejected outcome and a reason: that is ERR_OK too.
 * ERR_FULL: a is too small (the message is too large to be worked on): REJECT.
 * ERR_MEMORY: RETRY. */
MUST_USE enum err work_message(struct worker *w, const struct message *m,
                               const struct work_rules *rules, struct arena *a,
                               struct work *out);

#endif
