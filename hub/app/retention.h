/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_RETENTION_H
#define APP_RETENTION_H

/* Messages that are older than the inbox keeps. Threads: the pipeline's. */

#include "store/inbox.h"
#include "store/inbox_reader.h"
#include "store/writer.h"

/* Gives up some hundred messages that arrived before limit_us: first the books know of
 * it, then they are deleted. What waits is never given up. */
MUST_USE enum err retention_step(struct store *store, struct inbox *inbox,
                                 struct inbox_reader *reader, int64_t limit_us);

#endif
