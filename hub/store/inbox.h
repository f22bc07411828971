/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_INBOX_H
#define STORE_INBOX_H

/* The inbox: every message, on disk before it is acknowledged. One connection to
 * inbox.db, one mutex, one numbered open transaction for all brokers: what is put joins
 * the open transaction, whoever commits commits for all. The pipeline reads by a handle
 * of its own. Threads: all functions of struct inbox from any thread. */

#include "base/arena.h"
#include "base/diag.h"
#include "base/err.h"
#include "model/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inbox; /* opaque */

/* Opens or creates folder/inbox.db. ERR_NEWER, ERR_DAMAGED, ERR_IO. */
MUST_USE enum err inbox_open(const char *folder, struct inbox **out, struct diag *d);
void inbox_close(struct inbox *i); /* commits what is open; i may be NULL */

/* A source connected. present: the broker still knew the session; then the session number
 * stays, else it rises and a hole from the end of the last connection until now is
 * recorded (unless this is the source's first). Gives the number of the connection, for
 * inbox_put. Commits at once. */
MUST_USE enum err inbox_connected(struct inbox *i, const char *source, bool present,
                                  int64_t now_us, int64_t *connection);
/* A connection ended, or the last time it was known to live. */
MUST_USE enum err inbox_disconnected(struct inbox *i, int64_t connection, int64_t now_us);

/* Puts one message into the open transaction (opens one if none is). m->id, source and
 * session are not looked at; what stands behind m->size bytes of a message that is larger
 * (m->full_size) is not kept. transaction: the number to wait for.
 * After ERR_IO or ERR_FULL the open transaction is spoilt: no commit of it succeeds. */
MUST_USE enum err inbox_put(struct inbox *i, int64_t connection, const struct message *m,
                            uint64_t *transaction);

/* Number of the transaction that is open now, or of the next one if none is. */
uint64_t inbox_transaction(struct inbox *i);

/* Commits the open transaction if its number is not above transaction, so that all
 * up to transaction are on disk (fsync). Returns at once if they are.
 * ERR_IO: a transaction up to this number was rolled back: what was put in it is gone,
 * and nothing that waits for it may be acknowledged. */
MUST_USE enum err inbox_commit(struct inbox *i, uint64_t transaction);

/* Housekeeping after the bytes have left: a passive checkpoint now and then. */
void inbox_idle(struct inbox *i);

/* Id of the last committed message; 0: none. */
int64_t inbox_last(struct inbox *i);

/* Waits until a message after id is committed, timeout_ms passed, or inbox_wake. */
void inbox_wait(struct inbox *i, int64_t id, int timeout_ms);
void inbox_wake(struct inbox *i);

/* --- reading, by the pipeline and by verbs; one owner at a time --- */

struct inbox_reader; /* opaque */

/* Opens folder/inbox.db read-only. ERR_ABSENT: there is none. */
MUST_USE enum err inbox_reader_open(const char *folder, struct inbox_reader **out,
                                    struct diag *d);
void inbox_reader_close(struct inbox_reader *r); /* r may be NULL */

/* Copies the messages after id, up to most of them or bytes of payload (always one), into
 * a. out->count 0: there is none. ERR_FULL: a is too small for even one. */
struct inbox_part {
    struct message *messages;
    size_t count;
};
MUST_USE enum err inbox_read(struct inbox_reader *r, int64_t after, size_t most,
                             size_t bytes, struct arena *a, struct inbox_part *out);

/* One message. ERR_ABSENT: not there (given up, or never was). */
MUST_USE enum err inbox_get(struct inbox_reader *r, int64_t id, struct arena *a,
                            struct message *out);

/* The message before m of the same source and session with the same packet id that came
 * on the connection just before m's; ERR_ABSENT: none. */
MUST_USE enum err inbox_get_before(struct inbox_reader *r, const struct message *m,
                                   struct arena *a, struct message *out);

/* First id that is kept, last id, both 0 if empty. */
MUST_USE enum err inbox_bounds(struct inbox_reader *r, int64_t *first, int64_t *last);

/* What the inbox knows of the connections of each source. Calls row for each, by name. */
struct inbox_source {
    const char *source;
    int64_t connected_us; /* of the last connection; CLOCK_NONE: never */
    int64_t ended_us;     /* CLOCK_NONE: it stands */
    int64_t session;
    int64_t holes; /* lost sessions */
};
MUST_USE enum err inbox_sources(struct inbox_reader *r, void *arg,
                                void (*row)(void *arg, const struct inbox_source *s));

/* Messages after id, at most the first most of them, counted by source. */
struct inbox_waiting {
    const char *source;
    int64_t count;
    int64_t oldest_us; /* arrival of the one that waits longest */
};
MUST_USE enum err inbox_waiting(struct inbox_reader *r, int64_t after, int64_t most,
                                void *arg,
                                void (*row)(void *arg, const struct inbox_waiting *w));

struct inbox_hole {
    const char *source;
    int64_t from_us, to_us;
};
MUST_USE enum err inbox_holes(struct inbox_reader *r, void *arg,
                              void (*row)(void *arg, const struct inbox_hole *h));

#endif
