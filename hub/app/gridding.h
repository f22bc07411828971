/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_GRIDDING_H
#define APP_GRIDDING_H

/* The thread that keeps grids.db, a round a minute. Intake goes first: a round waits
 * while messages do, for ten minutes at most, and the thread has the least priority. */

#include "app/current.h"
#include "app/pipeline.h"
#include "base/diag.h"
#include "base/err.h"
#include "store/inbox.h"

struct gridding; /* opaque */

/* All but data outlive it. ERR_NEWER, ERR_DAMAGED, ERR_IO */
MUST_USE enum err gridding_open(const char *data, struct current *current,
                                struct pipeline *pipeline, struct inbox *inbox,
                                struct gridding **out, struct diag *d);
void gridding_close(struct gridding *g); /* g may be NULL */

MUST_USE enum err gridding_start(struct gridding *g);
void gridding_stop(struct gridding *g); /* a round under way ends at the next series */

#endif
