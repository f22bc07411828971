/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_FIXTURE_H
#define SUPPORT_FIXTURE_H

/* A temporary folder for a test, and files of the reference data. */

#include <stdbool.h>

/* Makes a new folder below the system's temporary folder; to has room for 256 bytes. */
void fixture_folder(char to[256]);

/* Removes it with all that is in it. */
void fixture_remove(const char *folder);

/* True if the reference data folder is there; else prints "SKIP name: reason". */
bool fixture_shared_data(const char *name);

#endif
