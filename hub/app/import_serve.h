/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_IMPORT_SERVE_H
#define APP_IMPORT_SERVE_H

/* The hub's side of `kogge import`, on the control socket:
 *   {"verb": "import", "source": S, "settings": T}
 *       {"mark": {"digest", "bytes", "rows"}}, one for each file known, then {"ready"}
 *   {"topic", "from", "digest", "bytes", "rows"}, then a line that is the payload; again
 *       and again, as fast as the hub reads
 *       {"queued": N} whenever the first N messages are on disk
 *   {"end"}
 *       {"result"}
 * Threads: any. */

#include "app/current.h"
#include "store/inbox.h"

#include <jansson.h>

void import_serve(struct inbox *inbox, struct current *current, const json_t *request,
                  int fd);

#endif
