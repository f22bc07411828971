/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PUBLISH_SOURCE_H
#define PUBLISH_SOURCE_H

/* Where the publisher's rows and changes come from: the store, or a test's own rows.
 * Each function is as the one of store/store.h that has its name. Threads: one owner. */

#include "base/diag.h"
#include "base/err.h"
#include "store/store.h"

#include <stdint.h>

struct publish_source {
    void *self;
    enum err (*view_begin)(void *self);
    void (*view_end)(void *self);
    enum err (*rows_open)(void *self, const struct store_query *q, struct row_source *out,
                          struct diag *d);
    void (*rows_close)(void *self);
    enum err (*extent)(void *self, const struct store_query *q, int64_t *first_us,
                       int64_t *last_us);
    enum err (*changes)(void *self, int64_t since, void *arg,
                        void (*row)(void *arg, const struct store_change *c),
                        int64_t *last);
    enum err (*last_change)(void *self, int64_t *number);
    enum err (*epoch)(void *self, int64_t *epoch);
    const char *const *(*test_names)(void *self);
};

/* The source that reads r; r is borrowed. */
struct publish_source publish_source_of_store(struct store_reader *r);

#endif
