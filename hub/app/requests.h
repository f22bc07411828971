/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_REQUESTS_H
#define APP_REQUESTS_H

/* What the running hub does when asked over its control socket. Threads: any; what
 * changes the hub or takes long is done one at a time. */

#include "app/context.h"
#include "app/current.h"
#include "app/pipeline.h"
#include "app/publishing.h"
#include "app/supervisor.h"
#include "ingest/ingest.h"

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>

struct hub_parts {
    const char *folder; /* configuration */
    char data[PATH_LENGTH];
    pthread_mutex_t changing; /* held by the request that changes the hub */
    pthread_mutex_t mutex;    /* guards warning */
    char warning[256];        /* why the configuration is not the newest; "": it is */
    int64_t started_us;
    struct inbox *inbox;
    struct current *current;
    struct pipeline *pipeline;
    struct publishing *publishing;
    struct ingest *ingest;
    struct supervisor supervisor;
};

void requests_init(struct hub_parts *p);
void requests_fini(struct hub_parts *p);

/* Serves one request; parts is a struct hub_parts. request may be anything, NULL too. */
void request_serve(void *parts, const json_t *request, int fd);

/* A round of exporting and publishing whose lines go to line. *exit_code: done, or done
 * with findings. */
MUST_USE enum err request_round(struct publishing *publishing, enum publishing_work work,
                                void *arg, void (*line)(void *arg, const char *line),
                                int *exit_code, struct diag *d);

/* SIGHUP: a reload that says to the log what came of it. False: a request that changes
 * the hub is under way; nothing was done. */
MUST_USE bool request_hup(struct hub_parts *p);

#endif
