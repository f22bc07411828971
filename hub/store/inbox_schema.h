/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_INBOX_SCHEMA_H
#define STORE_INBOX_SCHEMA_H

/* Tables of inbox.db, shared by inbox.c and inbox_reader.c. Threads: constant. */

#include "store/sqlite.h"

enum { INBOX_DUP = 1, INBOX_RETAINED = 2 }; /* messages.flags */

extern const struct sqlite_schema inbox_schema;

#endif
