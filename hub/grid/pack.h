/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef GRID_PACK_H
#define GRID_PACK_H

/* Cells as bytes, for a store that keeps many: about 14 bytes a cell of one sample. What
 * follows from the rest by the rule is not in it. Equal cells give equal bytes.
 * Threads: any. */

#include "base/buf.h"
#include "grid/cell.h"

/* Puts cells of one grid, in order, all within 400 days from start_us, into b; b says if
 * it failed. */
void grid_pack(const struct grid_cell *cells, size_t count, int64_t start_us,
               struct buf *b);

struct grid_block {
    enum grid grid;
    int64_t start_us;
    const void *bytes; /* borrowed */
    size_t size;
};

/* Calls cell for each cell of a block. rule: by which they were made; what follows from
 * it is computed again. ERR_DAMAGED: no such bytes. */
MUST_USE enum err grid_unpack(const struct grid_rule *rule, const struct grid_block *b,
                              void *arg,
                              void (*cell)(void *arg, const struct grid_cell *c));

#endif
