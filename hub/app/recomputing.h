/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_RECOMPUTING_H
#define APP_RECOMPUTING_H

/* `kogge recompute`: asked of the running hub or done under the lock, it answers the
 * same. Threads: one request at a time. */

#include "app/recompute.h"

#include <jansson.h>

enum { RECOMPUTING_STATIONS = 64 };

/* The request for the control socket; yours, free with free(). NULL: no memory. */
char *recomputing_request(const struct recompute_order *order);

/* The order that a request names; stations has room for RECOMPUTING_STATIONS names,
 * borrowed from request. */
struct recompute_order recomputing_order(const json_t *request, const char **stations);

/* Works, and gives line progress, then a line for each series ("series"), the first
 * differences ("example") and the sums ("recompute"). *exit_code: done, or, if nothing
 * was to be applied, with findings: something would be different. order: a struct
 * recompute_order. */
MUST_USE enum err recomputing_run(struct pipeline *p, const void *order, void *arg,
                                  void (*line)(void *arg, const char *line),
                                  int *exit_code, struct diag *d);

extern const char *const recomputing_changes[DIFFERENCE_COUNT]; /* "new" ... */

#endif
