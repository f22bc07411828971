/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_DATABASE_H
#define SUPPORT_DATABASE_H

/* A database of the hub, looked at or changed behind its back. A failure ends the test.
 */

#include <stdint.h>

/* Runs sql on folder/name. */
void database_run(const char *folder, const char *name, const char *sql);

/* First number of the first row; -1: no row, or NULL. */
int64_t database_number(const char *folder, const char *name, const char *sql);

/* All values, of a row joined by "|", a blank behind each row; to has room for 512. */
void database_text(const char *folder, const char *name, const char *sql, char to[512]);

#endif
