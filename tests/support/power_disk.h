/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_POWER_DISK_H
#define SUPPORT_POWER_DISK_H

/* What of a folder would be there after a power cut: the synced bytes of each file, the
 * changes since, and what each name stood for since the folder was synced. Of
 * power_vfs.c; the files themselves hold what was written last. Threads: one. */

#include "support/power_vfs.h"

#include <stddef.h>

struct inode; /* a file, whatever its name */

/* Below folder there is nothing: what an earlier start knew is removed. */
void disk_start(const char *folder, uint64_t seed);
void disk_leave(void); /* nothing is below it until the next start */
bool disk_is_below(const char *path);

/* A number below below, from the seed. */
uint32_t disk_draw(uint32_t below);

/* The file at path, new if none was there. Borrowed until the next start or restore. */
struct inode *disk_open(const char *path);
void disk_closed(struct inode *inode);
void disk_delete(const char *path);
void disk_sync_folder(void);

void disk_write(struct inode *inode, const void *bytes, size_t size, int64_t offset);
void disk_truncate(struct inode *inode, int64_t size);
void disk_sync(struct inode *inode);
/* What is not synced may never be, unless it is written again, or all who knew of it have
 * closed the file. */
void disk_sync_failed(struct inode *inode);

/* Draws what the cut left and makes the files so; all of them are closed. */
void disk_restore(enum power_mode mode);

#endif
