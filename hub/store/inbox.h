/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_INBOX_H
#define STORE_INBOX_H

/* The inbox: every message, on disk before it is acknowledged. One connection to
 * inbox.db, one numbered open transaction for all brokers: what is put is copied into the
 * open transaction; whoever commits inserts it, and commits for all, while others go on
 * putting into the next one. The pipeline reads by a handle of its own. Threads: all
 * functions of struct inbox from any thread. */

#include "base/diag.h"
#include "base/err.h"
#include "base/hash.h"
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

/* Copies one message into the open transaction; only if much is in it already it commits,
 * too. m->id, source and session are not looked at; what stands behind m->size bytes of a
 * message that is larger (m->full_size) is not kept. transaction: the number to wait for.
 * After a failure no commit of this transaction succeeds. */
MUST_USE enum err inbox_put(struct inbox *i, int64_t connection, const struct message *m,
                            uint64_t *transaction);

/* --- files that are imported (inbox_import.c) --- */

/* How far a file is queued: its first bytes bytes have this SHA-256 and hold so many
 * rows. */
struct import_mark {
    char digest[HASH_HEX]; /* "": nothing yet */
    int64_t bytes, rows;
};

struct inbox_import; /* opaque; one owner at a time */

/* Begins an import for source of a file that is read by settings; both outlive it. It has
 * a connection of its own, of session 0, which is none to the broker. */
MUST_USE enum err inbox_import_open(struct inbox *i, const char *source,
                                    const char *settings, int64_t now_us,
                                    struct inbox_import **out);

/* What was queued of files of this source that were read by these settings, in order of
 * bytes. */
MUST_USE enum err inbox_import_marks(struct inbox_import *m, void *arg,
                                     void (*mark)(void *arg,
                                                  const struct import_mark *mark));

/* Copies the next message of the file, which moves its mark from the digest from to to;
 * some are committed together, each with its mark or not at all. Not ERR_OK: what was not
 * committed is gone. */
MUST_USE enum err inbox_import_put(struct inbox_import *m, const struct message *message,
                                   const char *from, const struct import_mark *to);

/* All that was put is on disk. */
MUST_USE enum err inbox_import_commit(struct inbox_import *m);

/* How many messages are on disk. */
int64_t inbox_import_count(const struct inbox_import *m);

/* Ends it without another commit of messages; m may be NULL. */
void inbox_import_close(struct inbox_import *m, int64_t now_us);

/* So much is in the open transaction that a commit is worth it; who puts goes on
 * meanwhile. */
bool inbox_has_much(struct inbox *i);

/* Number of the transaction that is open now; those below have ended or are ending. */
uint64_t inbox_transaction(struct inbox *i);

/* Commits the open transaction if its number is not above transaction, so that all
 * up to transaction are on disk (fsync). Returns at once if they are.
 * ERR_IO: the transaction of this number, or a later one, was rolled back: what was put
 * in it is gone, and nothing that waits for it may be acknowledged. */
MUST_USE enum err inbox_commit(struct inbox *i, uint64_t transaction);

/* Number of the last transaction that was rolled back; 0: none. */
uint64_t inbox_failed(struct inbox *i);

/* Why messages were last rolled back; ERR_OK: none were, or some are kept again. */
enum err inbox_trouble(struct inbox *i);

/* Before messages are asked for: ERR_OK if there is no trouble, or room on the disk
 * again. */
MUST_USE enum err inbox_check(struct inbox *i);

/* Housekeeping after the bytes have left: a passive checkpoint now and then. */
void inbox_idle(struct inbox *i);

/* Deletes messages below id, a few hundred at a call, and gives their space back. Only
 * what the store has given up (store_raise_floor). */
MUST_USE enum err inbox_trim(struct inbox *i, int64_t id);

/* Id of the last committed message; 0: none. */
int64_t inbox_last(struct inbox *i);

/* Waits until a message after id is committed, timeout_ms passed, or inbox_wake. */
void inbox_wait(struct inbox *i, int64_t id, int timeout_ms);
void inbox_wake(struct inbox *i);

#endif
