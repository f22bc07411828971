/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_REPLAYING_H
#define APP_REPLAYING_H

/* `kogge rejected replay`: asked of the running hub or done under the lock, it says the
 * same. Threads: one request at a time. */

#include "app/pipeline.h"

#include <jansson.h>

enum { REPLAY_REASON = 240 };

/* The request for the control socket; yours, free with free(). NULL: no memory. */
char *replaying_request(const struct replay_filter *filter);

/* The filter that a request names; its reason is borrowed from request. */
struct replay_filter replaying_filter(const json_t *request);

/* Works, and gives line progress and what came of it. *exit_code: done, or done with
 * findings: some are rejected again. filter: a struct replay_filter. */
MUST_USE enum err replaying_run(struct pipeline *p, const void *filter, void *arg,
                                void (*line)(void *arg, const char *line), int *exit_code,
                                struct diag *d);

#endif
