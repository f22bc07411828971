/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_GRID_KEEPER_H
#define APP_GRID_KEEPER_H

/* Keeps grids.db as the store says: what the change log names is made again, all of it
 * where the log was folded or the store is another one; a series also where its rule
 * changed. A round can be broken off anywhere: what was done holds, the rest is done by
 * the next one. Threads: one owner. */

#include "base/diag.h"
#include "base/err.h"
#include "model/configuration.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct grid_keeper; /* opaque */

/* Opens hub.db in folder to read, and opens or makes grids.db there. ERR_NEWER,
 * ERR_DAMAGED, ERR_IO. */
MUST_USE enum err grid_keeper_open(const char *folder, struct grid_keeper **out,
                                   struct diag *d);
void grid_keeper_close(struct grid_keeper *k); /* k may be NULL */

struct grid_work {
    const struct configuration *configuration;
    bool changed;            /* it isn't that of the last round */
    const atomic_bool *stop; /* NULL: never */
};

struct grid_done {
    int64_t whole, touched; /* series made anew, and in part */
};

/* ERR_BUSY: stop was set. */
MUST_USE enum err grid_keeper_round(struct grid_keeper *k, const struct grid_work *w,
                                    struct grid_done *out);

/* Change number up to which the log isn't needed any more. */
MUST_USE enum err grid_keeper_consumed(struct grid_keeper *k, int64_t *number);

#endif
