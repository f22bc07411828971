/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_ENTERING_H
#define APP_ENTERING_H

/* What calibrate, maintenance and flag share: the effect of a new file is told; with
 * --apply it is written, taken by the hub, and its period worked out anew. Threads: main.
 */

#include "app/command.h"
#include "config/entry.h"

/* n->city is found by n->station. states_only: no value comes out differently, only what
 * is said of it. Gives the exit code; told and something would change: EXIT_FINDINGS. */
int enter(struct invocation *i, struct new_entry *n, bool states_only);

#endif
