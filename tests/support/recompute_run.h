/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_RECOMPUTE_RUN_H
#define SUPPORT_RECOMPUTE_RUN_H

/* Recomputes the world of a test, which leaves nothing behind. A failure ends the test.
 */

#include "app/recompute.h"
#include "support/pipeline_world.h"

extern const struct batch_scope recompute_all_times;

/* Free with recompute_result_fini. */
struct recompute_result recompute_run(struct pipeline_world *w,
                                      const struct batch_scope *scope, bool apply);

/* All that differs. */
int64_t recompute_different(const struct recompute_result *r);
int64_t recompute_count(struct pipeline_world *w, const struct batch_scope *scope,
                        bool apply);

void recompute_no_progress(void *arg, const struct pipeline_progress *p);

#endif
