/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_RECOMPUTE_H
#define APP_RECOMPUTE_H

/* A period worked out anew from the inbox with the configuration that holds, compared
 * with what is stored, and put in its place. All messages that are kept are worked on,
 * into a store of its own beside (a shadow): so the period comes out as in a hub that had
 * this configuration from the beginning. Threads: the pipeline's. */

#include "app/batch.h"
#include "app/pipeline.h"
#include "store/shadow.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recompute_order {
    struct batch_scope scope;
    bool apply; /* false: nothing is written, only told */
};

struct recompute_series {
    const char *station, *parameter, *position, *origin, *city;
    int64_t same, changes[DIFFERENCE_COUNT];
};

enum {
    RECOMPUTE_EXAMPLES = 10,
    RECOMPUTE_ALIKE = 3, /* of one series and kind of change */
};

struct recompute_example {
    size_t series; /* in the result */
    const char *unit;
    struct store_difference difference;
};

struct recompute_result {
    int64_t messages; /* worked on */
    int64_t same;     /* observations */
    int64_t changes[DIFFERENCE_COUNT];
    int64_t left_alone; /* their message lies below the floor */
    int64_t conflicts;  /* other values are kept beside the same one */
    int64_t fates;      /* messages that are pending or rejected here or then */
    struct recompute_series *series; /* with observations in the scope */
    size_t series_count;
    struct recompute_example examples[RECOMPUTE_EXAMPLES]; /* first ones */
    size_t example_count;
    struct arena *texts;
};
void recompute_result_fini(struct recompute_result *r);

/* A task of the pipeline: blocks, as pipeline_do. *out is yours, recompute_result_fini.
 * ERR_UNKNOWN: no station or device of that name (d names the nearest). On failure what
 * was applied holds, and the same again completes it. */
MUST_USE enum err
pipeline_recompute(struct pipeline *p, const struct recompute_order *order, void *asker,
                   void (*progress)(void *asker, const struct pipeline_progress *so_far),
                   struct recompute_result *out, struct diag *d);

#endif
