/* SPDX-License-Identifier: EUPL-1.2 */
#include "publish/source.h"

static enum err view_begin(void *self)
{
    return store_view_begin(self);
}

static void view_end(void *self)
{
    store_view_end(self);
}

static enum err rows_open(void *self, const struct store_query *q, struct row_source *out,
                          struct diag *d)
{
    return store_rows_open(self, q, out, d);
}

static void rows_close(void *self)
{
    store_rows_close(self);
}

static enum err extent(void *self, const struct store_query *q, int64_t *first_us,
                       int64_t *last_us)
{
    return store_extent(self, q, first_us, last_us);
}

static enum err changes(void *self, int64_t since, void *arg,
                        void (*row)(void *arg, const struct store_change *c),
                        int64_t *last)
{
    return store_changes(self, since, arg, row, last);
}

static enum err last_change(void *self, int64_t *number)
{
    return store_last_change(self, number);
}

static enum err epoch(void *self, int64_t *number)
{
    return store_epoch(self, number);
}

static const char *const *test_names(void *self)
{
    return store_test_names(self);
}

struct publish_source publish_source_of_store(struct store_reader *r)
{
    return (struct publish_source){.self = r,
                                   .view_begin = view_begin,
                                   .view_end = view_end,
                                   .rows_open = rows_open,
                                   .rows_close = rows_close,
                                   .extent = extent,
                                   .changes = changes,
                                   .last_change = last_change,
                                   .epoch = epoch,
                                   .test_names = test_names};
}
