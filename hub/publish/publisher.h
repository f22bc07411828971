/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PUBLISH_PUBLISHER_H
#define PUBLISH_PUBLISHER_H

/* The publisher: observations to files (folder/export), files to portals. What is to be
 * done and what was done stands in outbox.db, so a round can be broken off anywhere and
 * the next one goes on. Threads: one owner at a time, and one process a data folder. */

#include "base/diag.h"
#include "base/err.h"
#include "export/export.h"
#include "model/configuration.h"
#include "publish/publish.h"
#include "publish/source.h"
#include "store/outbox.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct publisher; /* opaque */

/* Opens or makes data_folder/outbox.db. ERR_NEWER, ERR_DAMAGED, ERR_IO. */
MUST_USE enum err publisher_open(const char *data_folder, struct publisher **out,
                                 struct diag *d);
void publisher_close(struct publisher *p); /* p may be NULL */

/* Instead of publish_table; kinds ends with NULL, borrowed. */
void publisher_use_kinds(struct publisher *p, const struct publish_kind *const *kinds);

/* What a round works with; all borrowed. */
struct publish_work {
    const struct configuration *configuration;
    const struct publish_source *source;
    int64_t now_us;          /* decides what is due, nothing else */
    const atomic_bool *stop; /* true: come back within about a second; may be NULL */
    bool everything;         /* write and compare all files, changed or not */
    bool at_once;            /* push what waits or is parked without regard to times */
};

/* What a round did. Callbacks may be NULL; strings borrowed for the call. */
struct publish_report {
    void *arg;
    /* A file was written, found unchanged, or removed (rows 0). path: absolute. */
    void (*file)(void *arg, const struct dataset *dataset, const char *path,
                 const struct exported *e);
    /* A dataset could not be exported now. */
    void (*fault)(void *arg, const struct dataset *dataset, const char *sentence);
    /* A push begins (result NULL), or has ended and p says how. */
    void (*push)(void *arg, const struct outbox_push *p,
                 const struct publish_result *result);
    int files_changed, files_same, files_removed;
    int export_faults;                   /* datasets whose files could not be written */
    int pushed, current, failed, parked; /* pushes: done now; nothing to do; ... */
    int waiting;                         /* not due yet, or broken off */
    int alarms;
};

/* Reads what changed and writes the files concerned. A dataset that fails is reported
 * and tried again by the next call; the others go on.
 * ERR_BUSY: broken off by stop. Else an error is of the outbox or of source. */
MUST_USE enum err publisher_export(struct publisher *p, const struct publish_work *w,
                                   struct publish_report *r);

/* Sends what is due. A portal's failure is in r and in the outbox, never the result.
 * ERR_BUSY: broken off by stop. */
MUST_USE enum err publisher_push(struct publisher *p, const struct publish_work *w,
                                 struct publish_report *r);

/* publisher_export, then publisher_push. */
MUST_USE enum err publisher_round(struct publisher *p, const struct publish_work *w,
                                  struct publish_report *r);

/* Change number up to which the publisher has read: the log may be folded up to it.
 * 0: nothing yet. */
MUST_USE enum err publisher_consumed(struct publisher *p, int64_t *number);

/* Microseconds from now_us until the next push is due, at least a second; INT64_MAX: none
 * waits for a time. */
MUST_USE enum err publisher_next_due(struct publisher *p, int64_t now_us, int64_t *in_us);

#endif
