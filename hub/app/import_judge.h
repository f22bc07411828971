/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_IMPORT_JUDGE_H
#define APP_IMPORT_JUDGE_H

/* What the rows of a file would come to, by the configuration that holds; nothing is
 * written. Duplicates and conflicts are known only to the store: they count as stored.
 * Threads: one owner. */

#include "app/work.h"

#include <stdio.h>

enum { JUDGE_DEVICES = 100, JUDGE_REASONS = 8, JUDGE_TEXT = 160 };

struct import_judge {
    struct worker worker;
    const struct source *source; /* borrowed */
    struct arena *arena;
    int64_t outcomes[OUTCOME_COUNT];
    int64_t numbers; /* stored, and not missing */
    struct judged_device {
        char device[JUDGE_TEXT];
        int64_t first_us, last_us; /* CLOCK_NONE: no time was read */
        int64_t readings;          /* that are not ignored */
    } devices[JUDGE_DEVICES];
    size_t device_count;
    struct judged_reason {
        char text[JUDGE_TEXT];
        enum outcome outcome;
        int64_t readings;
    } reasons[JUDGE_REASONS]; /* the last one gathers all others */
    size_t reason_count;
};

/* c and source outlive j. ERR_MEMORY, ERR_UNKNOWN. */
MUST_USE enum err import_judge_init(struct import_judge *j, const struct configuration *c,
                                    const struct source *source, struct diag *d);
void import_judge_fini(struct import_judge *j);

/* Adds one message. */
MUST_USE enum err import_judge_take(struct import_judge *j, const struct message *m);

/* A table of devices, then outcomes and reasons. */
void import_judge_print(const struct import_judge *j, FILE *to);

#endif
