/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_BOOKS_H
#define STORE_BOOKS_H

/* The books: what became of each message, counted by source and city, and who waits.
 * Written by the one writer, in its transactions. Threads: as writer.h. */

#include "base/err.h"
#include "model/message.h"

#include <stddef.h>
#include <stdint.h>

struct store; /* opaque, writer.h */

/* What became of a message that is not simply stored. */
struct message_row {
    int64_t id;
    const char *source, *city; /* city "": not known */
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

/* Where a message is booked: by its source, and by the city of its device. */
struct booking {
    const char *source, *city; /* city "": not known */
    int64_t arrival_us;
};

/* Adds to the books; written at commit. */
MUST_USE enum err store_book(struct store *s, const struct booking *of, enum fate fate,
                             int64_t messages, const int64_t outcomes[OUTCOME_COUNT]);

/* A device that waits: one more message with this field; reason: why, a sentence. Field
 * "": the message as such. */
MUST_USE enum err store_pending(struct store *s, const struct booking *of,
                                const char *device, const char *field,
                                const char *reason);

/* The next message behind id that was set aside without work on it; 0: none. */
MUST_USE enum err store_next_aside(struct store *s, int64_t after, int64_t *id);

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
