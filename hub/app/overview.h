/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_OVERVIEW_H
#define APP_OVERVIEW_H

/* How the hub is, gathered from the stores and from the hub itself while it runs: what
 * status says. All of it is JSON, as `status --json` prints it. Threads: main. */

#include "app/report.h"

struct overview {
    struct report report;
    struct configuration *configuration; /* the accepted one; NULL: none */
    json_t *hub, *sources, *cities, *portals;
    json_t *gaps;     /* devices that miss most frames of the last 24 h */
    json_t *expiring; /* pending and rejected messages that will soon be given up */
    bool running;     /* the hub answers */
    bool findings;    /* something is not as it should be */
};

/* Gathers; EXIT_DONE, or the code of a failure that was said. overview_fini in any case.
 */
int overview_init(const struct invocation *i, struct overview *o);
void overview_fini(struct overview *o);

#endif
