/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_BACKUP_FOLDER_H
#define APP_BACKUP_FOLDER_H

/* A back-up on disk: a folder with the databases, the accepted configuration, and
 * backup.json, which says when it was taken, how far it goes, and size and SHA-256 of
 * each file. Threads: main. */

#include "app/context.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/hash.h"
#include "store/backup.h"

#include <stdbool.h>
#include <stdint.h>

enum { BACKUP_PARTS = STORE_BACKUP_FILES + 1 };

/* The files of a back-up, backup.json apart. */
const char *backup_part_name(int part);

struct backup {
    int64_t taken_us; /* before the first file was read */
    struct store_backup_facts facts;
    int64_t bytes; /* of all parts */
    struct {
        bool there;
        int64_t bytes;
        char sha256[HASH_HEX];
    } parts[BACKUP_PARTS];
};

/* Measures the parts that lie in folder, writes backup.json and syncs all of it. taken_us
 * and facts are the caller's. */
MUST_USE enum err backup_seal(const char *folder, struct backup *b, struct diag *d);

/* Reads backup.json. ERR_ABSENT: folder is no back-up; ERR_DAMAGED. */
MUST_USE enum err backup_read(const char *folder, struct backup *out, struct diag *d);

/* Copies the parts into folder to and compares them with what backup.json says.
 * ERR_DAMAGED: a part is missing or is not what was written. */
MUST_USE enum err backup_take_out(const char *folder, const struct backup *b,
                                  const char *to, struct diag *d);

/* Removes what a back-up or the work on one may have left in folder; not the folder. */
void backup_clear(const char *folder);

/* Syncs a file or folder. */
MUST_USE enum err backup_sync(const char *path, struct diag *d);

/* path without slashes at its end, to to. ERR_RANGE: too long for what is made of it. */
MUST_USE enum err backup_trim_path(const char *path, char to[PATH_LENGTH],
                                   struct diag *d);

/* The folder in which path lies, to to. */
void backup_parent(const char *path, char to[PATH_LENGTH]);

#endif
