/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

/* Files that are whole or not there: written aside, synced, renamed, folder synced.
 * Writing fails with ERR_DISK_FULL, ERR_READ_ONLY or ERR_IO. Threads: any, one writer a
 * path. */

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Reads a whole file of at most b->ceiling bytes into b (appends). ERR_ABSENT, ERR_FULL,
 * ERR_IO. */
MUST_USE enum err file_read(const char *path, struct buf *b);

/* A file under work beside its final place. */
struct file_aside {
    char path[1024];
    char aside[1040];
    int fd;
};

/* Opens path.new for writing; missing folders are made, for those who may read the file
 * (0755 or 0700). */
MUST_USE enum err file_aside_open(struct file_aside *f, const char *path, mode_t mode);

/* Syncs, renames over path, syncs the folder. On failure nothing at path has changed. */
MUST_USE enum err file_aside_commit(struct file_aside *f);

/* Drops it; harmless after commit. */
void file_aside_abandon(struct file_aside *f);

/* All of size bytes to fd. errno says why not. */
MUST_USE enum err file_write(int fd, const void *bytes, size_t size);

/* The three above in one. */
MUST_USE enum err file_put(const char *path, const void *bytes, size_t size, mode_t mode);

/* The same, but ERR_BUSY if path is there already. */
MUST_USE enum err file_put_new(const char *path, const void *bytes, size_t size,
                               mode_t mode);

/* Makes path and all folders above it that are missing, with mode whatever the umask. */
MUST_USE enum err file_make_folder(const char *path, mode_t mode);

/* Whether so many bytes could be written beside path: takes them and gives them back. */
MUST_USE enum err file_check_room(const char *path, off_t bytes);

bool file_exists(const char *path);

#endif
