/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_AMEND_H
#define APP_AMEND_H

/* What stands at series and times is put to what it shall be, with revisions, change log
 * and books. All between store_begin and store_commit. Threads: the pipeline's. */

#include "app/batch.h"
#include "store/place.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A reading of message goes from or to an outcome. */
struct amend_move {
    int64_t message;
    int32_t series;
    enum outcome outcome;
    int by; /* -1, 1 */
};

struct amend {
    struct batch *batch;
    struct amend_move *moves;
    size_t move_count, move_size;
    bool judged;    /* flags come with what is put; else they are judged again */
    int32_t series; /* of the window of the change log that is open; 0: none */
    int64_t first_us, last_us;
};

void amend_init(struct amend *a, struct batch *b);
void amend_fini(struct amend *a);

/* Puts what is at (series, time) from before to after; both hold all that is there, with
 * the ids of the batch's store. *changed: what is held is another. */
MUST_USE enum err amend_place(struct amend *a, int32_t series, int64_t time_us,
                              const struct store_place *before,
                              const struct store_place *after, bool *changed);

/* After the last place: writes the change log and books the messages that it concerns. */
MUST_USE enum err amend_finish(struct amend *a);

/* Books message anew by today's configuration; what it has in the store stays. */
MUST_USE enum err amend_message(struct amend *a, int64_t message);

/* True if both say the same. */
bool amend_same(const struct observation *x, const struct observation *y);
bool amend_same_kept(const struct store_place *x, const struct store_place *y);

#endif
