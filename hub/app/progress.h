/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_PROGRESS_H
#define APP_PROGRESS_H

/* The line of progress of a verb: what is under way, how far, how long still. It stands
 * on a terminal only. Threads: main. */

#include "app/command.h"

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *name; /* of the verb */
    bool wanted;
    int width; /* of the line that stands there; 0: none */
    int64_t begin_us, shown_us;
};

void progress_init(struct progress *p, const struct invocation *i);

/* done of of, in unit ("": counted). */
void progress_show(struct progress *p, const char *what, int64_t done, int64_t of,
                   const char *unit);

/* Takes the line away, before anything else is printed. */
void progress_wipe(struct progress *p);

#endif
