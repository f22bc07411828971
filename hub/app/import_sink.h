/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_IMPORT_SINK_H
#define APP_IMPORT_SINK_H

/* Where `kogge import` brings messages: to the running hub, or into the inbox under the
 * lock while no hub runs. Threads: one owner. */

#include "base/diag.h"
#include "base/err.h"
#include "store/inbox.h"

struct import_sink; /* opaque */

/* For one file. source and settings outlive it. ERR_LOCKED, ERR_IO, ERR_REFUSED (d says).
 */
MUST_USE enum err import_sink_open(const char *data, const char *source,
                                   const char *settings, struct import_sink **out,
                                   struct diag *d);
void import_sink_close(struct import_sink *s); /* s may be NULL */

/* How far files are queued, in order of bytes. */
const struct import_mark *import_sink_marks(const struct import_sink *s, size_t *count);

/* Hands on one message; m->arrival_us is not looked at. It need not be on disk before
 * import_sink_finish. */
MUST_USE enum err import_sink_put(struct import_sink *s, const struct message *m,
                                  const char *from, const struct import_mark *to,
                                  struct diag *d);

/* All messages are on disk. */
MUST_USE enum err import_sink_finish(struct import_sink *s, struct diag *d);

#endif
