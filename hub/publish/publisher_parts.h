/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PUBLISH_PUBLISHER_PARTS_H
#define PUBLISH_PUBLISHER_PARTS_H

/* What the files of the publisher share. */

#include "publish/publisher.h"

struct publisher {
    struct outbox *outbox;
    const struct publish_kind *const *kinds;
    char export_folder[900]; /* data_folder/export */
    char scratch[900];       /* data_folder/publish.tmp */
};

/* True if the work is to be broken off. */
bool publisher_stopped(const struct publish_work *w);

/* A list that grows; items of size bytes each. Free items. */
struct publish_list {
    void *items;
    size_t count, room;
    bool failed; /* no memory: an item was left out */
};
/* Room for one more, zeroed; NULL: no memory (failed is set). */
void *publish_list_add(struct publish_list *l, size_t size);

/* The outputs of one dataset for one target, with what they point to. Zeroed at first. */
struct publish_outputs {
    struct publish_list files, ledger, outputs;
};
/* Fills outputs, output_count, first_us and last_us of job, which names dataset and
 * target. Borrowed until fini. */
MUST_USE enum err publish_outputs_collect(struct publisher *p, struct publish_job *job,
                                          struct publish_outputs *x);
void publish_outputs_fini(struct publish_outputs *x);

/* What a dataset's files depend on beside the data: parameters, cities, limits, depths,
 * which stations are demonstration. ERR_MEMORY, ERR_INTERNAL. */
MUST_USE enum err publish_fingerprint(const struct configuration *c,
                                      const struct dataset *dataset, struct hash *out);

#endif
