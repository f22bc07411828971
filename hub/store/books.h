/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_BOOKS_H
#define STORE_BOOKS_H

/* The books: what became of each message, counted by source, and who waits. Written by
 * the one writer, in its transactions. Threads: as writer.h. */

#include "base/err.h"
#include "model/message.h"

#include <stddef.h>
#include <stdint.h>

struct store; /* opaque, writer.h */

/* What became of a message that is not simply stored. */
struct message_row {
    int64_t id;
    const char *source;
    enum fate fate;
    int64_t outcomes[OUTCOME_COUNT];
    const char *stage;  /* "decode", "resolve", ...; "" */
    const char *device; /* ""; not known */
    const char *reason; /* sentence; "" */
};
/* Writes the row, or removes it if the fate is stored. Books are not touched. */
MUST_USE enum err store_put_message(struct store *s, const struct message_row *m);
/* ERR_ABSENT: no row. Strings are the store's until the next call. */
MUST_USE enum err store_get_message(struct store *s, int64_t id, struct message_row *out);

/* Adds to the books of a source; written at commit. */
MUST_USE enum err store_book(struct store *s, const char *source, enum fate fate,
                             int64_t messages, const int64_t outcomes[OUTCOME_COUNT],
                             int64_t arrival_us);

/* A device that waits: one more message with these fields. */
MUST_USE enum err store_pending(struct store *s, const char *source, const char *device,
                                const char *field, int64_t arrival_us);
/* Forgets which devices wait, before their messages are worked on again. *messages: how
 * many wait. */
MUST_USE enum err store_pending_clear(struct store *s, int64_t *messages);

/* Ids of messages with that fate after id, at most most of them. */
MUST_USE enum err store_list_messages(struct store *s, enum fate fate, int64_t after,
                                      int64_t *ids, size_t most, size_t *count);

/* Raises the floor to id: messages below it may be deleted from the inbox. Their rows go,
 * their fates are added to what was given up, in one transaction of its own. id must not
 * be above the cursor + 1. */
MUST_USE enum err store_raise_floor(struct store *s, int64_t id);

#endif
