/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/recompute_run.h"

#include "support/assert_close.h"

#include <stdio.h>
#include <unistd.h>

void recompute_no_progress(void *arg, const struct pipeline_progress *p)
{
    (void)arg;
    assert_true(p->done <= p->of);
}

const struct batch_scope recompute_all_times = {.from_us = INT64_C(-1000000000000),
                                                .to_us = INT64_C(4000000000000000)};

struct recompute_result recompute_run(struct pipeline_world *w,
                                      const struct batch_scope *scope, bool apply)
{
    const struct recompute_order order = {.scope = *scope, .apply = apply};
    struct recompute_result r;
    struct diag d = {0};
    enum err e =
        pipeline_recompute(w->pipeline, &order, NULL, recompute_no_progress, &r, &d);
    if (e != ERR_OK) {
        fail_msg("recompute: %s %s", err_text(e), d.text);
    }
    char path[300];
    snprintf(path, sizeof path, "%.250s/recompute", w->folder);
    assert_int_equal(access(path, F_OK), -1);
    return r;
}

int64_t recompute_different(const struct recompute_result *r)
{
    int64_t count = r->conflicts + r->fates;
    for (int k = 0; k < DIFFERENCE_COUNT; k++) {
        count += r->changes[k];
    }
    return count;
}

int64_t recompute_count(struct pipeline_world *w, const struct batch_scope *scope,
                        bool apply)
{
    struct recompute_result r = recompute_run(w, scope, apply);
    int64_t count = recompute_different(&r);
    recompute_result_fini(&r);
    return count;
}
