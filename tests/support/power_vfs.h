/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_POWER_VFS_H
#define SUPPORT_POWER_VFS_H

/* A disk for SQLite whose power can be cut, and which can fail. It is a VFS over the
 * default one: files of one folder are where they seem to be, but what was written and
 * not synced is kept apart too, and so are names that were made or deleted since the
 * folder was synced. At the cut only what was synced is certain; what becomes of the rest
 * is drawn from the seed. Once installed all connections of the process go through it;
 * files of other folders are passed on as they are. -shm files hold nothing that must
 * last: after a cut they are full of rubbish. Threads: one. A failure of the disk's own
 * ends the test. */

#include <stdbool.h>
#include <stdint.h>

enum power_mode {
    POWER_LOSE,        /* nothing that was not synced is there */
    POWER_KEEP,        /* all of it is, the write under way too */
    POWER_REORDER,     /* any of it is, and any of it is not */
    POWER_TEAR,        /* the same, and of a write any bytes may be old, new or rubbish */
    POWER_SECTORS_512, /* the same, and of a sector that was written to any byte; */
    POWER_SECTORS_4096, /* no SQLITE_IOCAP_POWERSAFE_OVERWRITE (as with psow=0) */
    POWER_MODES
};
extern const char *const power_mode_names[POWER_MODES];

/* Once, before the first connection. */
void power_vfs_install(void);

/* An empty, sound disk below folder; all its files must be closed. What is drawn depends
 * on mode, seed and what was called. */
void power_vfs_start(const char *folder, enum power_mode mode, uint64_t seed);

/* Writes, truncations, deletions and syncs since the start; a folder's sync is one, too.
 */
int64_t power_vfs_changes(void);
/* The power goes at the n-th of them, before a sync, in a write. 0: never. */
void power_vfs_cut_at(int64_t n);
void power_vfs_cut(void); /* now */
bool power_vfs_is_off(void);

/* The test is over: files are passed on as they are, until the next start, and that by
 * any thread. All of them are closed. */
void power_vfs_leave(void);

/* After the cut, with all files closed: draws what is there, and the power is on. */
void power_vfs_restore(void);

enum power_fault {
    POWER_EIO,    /* any call */
    POWER_ENOSPC, /* what takes room: writing, making a file */
    POWER_FAULTS
};
extern const char *const power_fault_names[POWER_FAULTS];

/* Calls since the start that the fault may hit. */
int64_t power_vfs_calls(enum power_fault fault);
/* The n-th of them and the next ones, times in all, fail; a failed write may have come
 * part of the way. What a failed sync was to bring to the disk is lost or not, whatever
 * later syncs say, unless it is written again (as Linux does it). That ends when all who
 * had the file open have closed it: whoever opens it then was told nothing. */
void power_vfs_fail_at(enum power_fault fault, int64_t n, int64_t times);
void power_vfs_heal(void);

#endif
