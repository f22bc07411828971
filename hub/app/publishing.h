/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_PUBLISHING_H
#define APP_PUBLISHING_H

/* The thread that exports and publishes what changed, every publish.every_s, and one
 * round of it for verbs. Reads the store, writes files and outbox.db. */

#include "app/current.h"
#include "app/pipeline.h"
#include "base/diag.h"
#include "base/err.h"
#include "publish/publisher.h"

struct publishing; /* opaque */

/* current and pipeline outlive it. */
MUST_USE enum err publishing_open(const char *data, struct current *current,
                                  struct pipeline *pipeline, struct publishing **out,
                                  struct diag *d);
MUST_USE enum err publishing_start(struct publishing *p);
void publishing_stop(struct publishing *p);
void publishing_close(struct publishing *p); /* p may be NULL */

/* Why the last round of the thread could not write all files; "": it could. Any thread.
 */
enum { PUBLISHING_TROUBLE = 320 };
void publishing_trouble(struct publishing *p, char to[PUBLISHING_TROUBLE]);

/* What a round is to do. */
enum publishing_work {
    PUBLISHING_EXPORT, /* all files, compared */
    PUBLISHING_PUSH,   /* export what changed, then send at once all that waits */
};

/* Does a round now, in the calling thread; a round of the thread under way ends first.
 * report: as publisher.h. */
MUST_USE enum err publishing_round(struct publishing *p, enum publishing_work work,
                                   struct publish_report *report, struct diag *d);

/* How many datasets there are, and how many pushes of one dataset to one portal. */
void publishing_count(struct publishing *p, size_t *datasets, size_t *pushes);

/* A round soon: configuration or demand changed. */
void publishing_wake(struct publishing *p);

#endif
