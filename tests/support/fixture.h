/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_FIXTURE_H
#define SUPPORT_FIXTURE_H

/* A temporary folder for a test, and files of the reference data. */

#include <stdbool.h>
#include <sys/resource.h>

/* Makes a new folder below the system's temporary folder; to has room for 256 bytes. */
void fixture_folder(char to[256]);

/* Before the first of them: in memory, unless TMPDIR is set or the system has no room for
 * it there. For tests that make hundreds of stores and that no disk has a part in. */
void fixture_in_memory(void);

/* KOGGE_LONG is set: loops run whole. Behind the name of a count of the last whole run
 * (docs/promises.md) stands fixture_sample: "", or that it is none. */
bool fixture_is_whole(void);
const char *fixture_sample(void);

/* Removes it with all that is in it. */
void fixture_remove(const char *folder);

/* A full disk: no file grows beyond most bytes; RLIM_INFINITY: as before. SIGXFSZ must be
 * ignored. */
void fixture_limit_files(rlim_t most);

/* True if the reference data folder is there; else prints "SKIP name: reason". */
bool fixture_shared_data(const char *name);

#endif
