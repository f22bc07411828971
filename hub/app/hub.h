/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_HUB_H
#define APP_HUB_H

/* The hub at work: which parts there are, the order in which they start and stop, and
 * what it answers on its control socket. Threads: main. */

#include "app/context.h"
#include "base/diag.h"
#include "base/err.h"

struct hub; /* opaque */

struct hub_settings {
    const char *folder;                  /* configuration, for a reload */
    const char *data;                    /* data folder; made if missing */
    struct configuration *configuration; /* becomes the hub's, also on failure */
    const char *warning; /* why the configuration is not the newest; NULL: it is */
};

/* Takes the lock and opens all parts; no broker is asked yet.
 * ERR_LOCKED, ERR_NEWER, ERR_DAMAGED, ERR_IO, ERR_UNKNOWN. */
MUST_USE enum err hub_open(const struct hub_settings *settings, struct hub **out,
                           struct diag *d);

/* Starts the threads and blocks until SIGTERM, SIGINT, or a fault that time does not
 * heal; SIGHUP reloads. ERR_INTERNAL: the pipeline gave up. */
MUST_USE enum err hub_run(struct hub *h, struct diag *d);

void hub_close(struct hub *h); /* h may be NULL */

#endif
