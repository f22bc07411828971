/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_ANSWERS_H
#define APP_ANSWERS_H

/* Lines of JSON by which a request is answered, over the control socket or in the same
 * process. Threads: one request at a time. */

#include "app/pipeline.h"

#include <jansson.h>

struct answers {
    void *arg;
    void (*line)(void *arg, const char *line); /* NULL: nobody listens */
};

/* Sends line, which is taken; NULL: no memory, and nothing is sent. */
void answers_send(const struct answers *to, json_t *line);

/* A progress line: what is done, how many of how many. */
void answers_progress(const struct answers *to, const struct pipeline_progress *p);

#endif
