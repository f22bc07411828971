/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_RECOMPUTE_INTERNAL_H
#define APP_RECOMPUTE_INTERNAL_H

/* What the files of recompute share. Threads: the pipeline's. */

#include "app/amend.h"
#include "app/pipeline_internal.h"
#include "app/recompute.h"
#include "store/nearby.h"
#include "store/shadow.h"

enum {
    RECOMPUTE_DIFFERENCES = 4000, /* looked for at once */
    RECOMPUTE_AMENDED = 10000,    /* put in place in one transaction */
};

/* What is done, in this order. */
enum phase {
    PHASE_EDGES,         /* what lies beside the period, into the shadow */
    PHASE_WORK,          /* messages into the shadow */
    PHASE_WALK,          /* what is held here and there */
    PHASE_KEPT,          /* conflicts of the store, of which the held value is the same */
    PHASE_KEPT_ONLY_NOW, /* conflicts of the shadow */
    PHASE_FATES,         /* messages that wait or are rejected, of the store */
    PHASE_FATES_NOW,     /* the same, of the shadow */
    PHASE_EDGES_AFTER,   /* what lies beside it, judged anew */
    PHASE_END
};

/* No value is kept at times of series in [from, next). */
struct kept_free {
    int32_t series; /* 0: not asked yet */
    int64_t from_us, next_us;
};

struct recompute {
    const struct recompute_order *order;
    struct recompute_result *result;
    struct diag *diag;
    bool begun;
    enum phase phase;
    struct store *shadow;
    struct batch batch; /* over the shadow */
    struct amend amend;
    struct arena *place; /* of one place, here and there */
    struct store_difference *differences;
    struct store_walk walk;
    struct kept_free free_here, free_there; /* of the step under way */
    bool *wanted;
    int64_t *same;
    int64_t (*changes)[DIFFERENCE_COUNT]; /* by series of the shadow */
    size_t changes_size;
    int32_t known;              /* series that both know by the same id */
    int64_t next_aside;         /* the next message that must not be worked on; 0: none */
    int64_t first;              /* id behind which the work began */
    int32_t edge;               /* series whose edges are done */
    struct store_point *points; /* room */
    struct store_spot spot;
    enum fate fate; /* of the messages that are looked at */
    int64_t id;     /* of the last one */
};

/* One step each of comparing, and of putting in place what is asked for; the shadow has
 * all that the store has. Each moves the phase on when it is done. */
MUST_USE enum err recompute_copy_edges(struct pipeline *p, struct recompute *r);
MUST_USE enum err recompute_judge_edges(struct pipeline *p, struct recompute *r);
MUST_USE enum err recompute_walk(struct pipeline *p, struct recompute *r);
MUST_USE enum err recompute_kept(struct pipeline *p, struct recompute *r);
MUST_USE enum err recompute_fates(struct pipeline *p, struct recompute *r);

#endif
