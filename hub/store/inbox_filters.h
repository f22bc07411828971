/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_INBOX_FILTERS_H
#define STORE_INBOX_FILTERS_H

/* The topic filters that a broker may have for a session of ours: each that was asked for
 * and not given back since, whatever the configuration says by now. Threads: any. */

#include "base/err.h"
#include "store/inbox.h"

#include <stdbool.h>
#include <stddef.h>

/* Both borrowed for the call. */
struct inbox_session {
    const char *broker, *client_id;
};

/* Before they are asked for. afresh: the broker had no session, so none of those before.
 * Commits, if that is news. */
MUST_USE enum err inbox_note_filters(struct inbox *i, const struct inbox_session *s,
                                     bool afresh, const char *const *filters,
                                     size_t count);

/* The broker does not have it any more. Commits. */
MUST_USE enum err inbox_forget_filter(struct inbox *i, const struct inbox_session *s,
                                      const char *filter);

/* Each, sorted; borrowed for the call. If row gives an error, that is the end, and the
 * result. */
MUST_USE enum err inbox_list_filters(struct inbox *i, const struct inbox_session *s,
                                     void *arg,
                                     enum err (*row)(void *arg, const char *filter));

#endif
