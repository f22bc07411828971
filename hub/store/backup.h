/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

/* Copies of hub.db, inbox.db and outbox.db while the hub works, and what a store that
 * comes out of such a copy must be told. Threads: any.
 *
 * Why the copies fit together: the view of hub.db is opened first, then the one of
 * inbox.db, and both stay open until both files are copied. So the cursor in the copy is
 * never ahead of the inbox in the copy. The floor need not be held by the running hub:
 * it raises the floor in hub.db first and deletes from the inbox only then, so if hub.db
 * still has the floor of the first view once the second is open, the second view holds
 * every message from that floor on, and what is deleted later is not deleted in the view.
 * If the floor rose between the two, both views are opened again.
 * The hub goes on writing meanwhile; only its write-ahead logs grow until the copies are
 * made, by as much as it writes. */

#include "base/diag.h"
#include "base/err.h"

#include <stdint.h>

enum { STORE_BACKUP_FILES = 3 };

/* Names in the folder, in the order of copying. The last one may be missing. */
extern const char *const store_backup_files[STORE_BACKUP_FILES];

struct store_backup_facts {
    int64_t epoch, cursor, floor; /* of hub.db */
    int64_t last;                 /* id of the last message in the inbox; 0: none */
};

/* step is called as a view opens (of is 0 then) and after each part that was copied:
 * done of pages. */
struct store_backup_watch {
    void *arg;
    void (*step)(void *arg, const char *file, int64_t done, int64_t of);
};

/* Copies from folder from to folder to, which is there and has none of the files; each
 * copy is one file without a log, synced and found sound by SQLite's integrity check.
 * watch may be NULL. ERR_ABSENT: no store in from; ERR_NEWER; ERR_DAMAGED; ERR_BUSY: the
 * floor rose again and again; ERR_IO. After a failure files may be left in to. */
MUST_USE enum err store_backup_copy(const char *from, const char *to,
                                    const struct store_backup_watch *watch,
                                    struct store_backup_facts *out, struct diag *d);

/* Makes the copies in folder a store to work on: migrates them, finds them sound, gives a
 * new epoch (older change numbers, receipts and ledgers are then not believed), and
 * records a hole from taken_us to now_us and a new session for each source: what was
 * acknowledged in between is not here, and no later message is taken for a repetition of
 * one from before. ERR_NEWER, ERR_DAMAGED, ERR_IO. */
MUST_USE enum err store_backup_revive(const char *folder, int64_t taken_us,
                                      int64_t now_us, int64_t *epoch, struct diag *d);

#endif
