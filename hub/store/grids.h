/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_GRIDS_H
#define STORE_GRIDS_H

/* Kept grids (grids.db): blocks of packed cells by series, grid and start, and how far
 * the change log was read. What a block holds is not known here. Written by the grids'
 * thread alone; others open it read-only. All of it can be made anew from the store:
 * losing it costs work, never data. Threads: one owner at a time. */

#include "base/diag.h"
#include "base/err.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct grids; /* opaque */

/* Opens or makes folder/grids.db (0600), anew if it is damaged; read_only: ERR_ABSENT if
 * there is none, ERR_DAMAGED. ERR_NEWER, ERR_IO. */
MUST_USE enum err grids_open(const char *folder, bool read_only, struct grids **out,
                             struct diag *d);
void grids_close(struct grids *g); /* g may be NULL */

/* Takes folder/grids.db away; closed before. */
void grids_remove(const char *folder);

/* All writing lies between begin and commit. */
MUST_USE enum err grids_begin(struct grids *g);
MUST_USE enum err grids_commit(struct grids *g); /* rolls back where it fails */
void grids_rollback(struct grids *g);

struct grids_progress { /* how far the store was read; zeros at first */
    int64_t epoch, change;
};
MUST_USE enum err grids_get_progress(struct grids *g, struct grids_progress *out);
MUST_USE enum err grids_put_progress(struct grids *g, const struct grids_progress *p);

/* A series whose cells are kept: by which rule, and the time of its newest observation
 * then. ERR_ABSENT: none of it is kept. */
struct grids_series {
    struct hash rule;
    int64_t newest_us;
};
MUST_USE enum err grids_get_series(struct grids *g, int32_t series,
                                   struct grids_series *out);
MUST_USE enum err grids_put_series(struct grids *g, int32_t series,
                                   const struct grids_series *s);
MUST_USE enum err grids_each_series(struct grids *g, void *arg,
                                    void (*row)(void *arg, int32_t series));

/* Forgets a series, 0 all of them, blocks too. */
MUST_USE enum err grids_forget(struct grids *g, int32_t series);

/* Blocks begin at whole hours. Those of one grid, 0 to 7, that begin in [from, to). */
struct grids_range {
    int32_t series;
    int grid;
    int64_t from_us, to_us;
};
MUST_USE enum err grids_drop(struct grids *g, const struct grids_range *r);
MUST_USE enum err grids_put(struct grids *g, int32_t series, int grid, int64_t start_us,
                            const void *bytes, size_t size);

/* Calls row for each block, in order of time; bytes are borrowed for the call. What row
 * answers ends it. */
MUST_USE enum err grids_read(struct grids *g, const struct grids_range *r, void *arg,
                             enum err (*row)(void *arg, int64_t start_us,
                                             const void *bytes, size_t size));

#endif
