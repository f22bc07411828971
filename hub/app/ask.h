/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_ASK_H
#define APP_ASK_H

/* Verbs that let the running hub do something, or do it themselves while it is down.
 * Threads: main. */

#include "app/command.h"
#include "app/pipeline.h"
#include "app/publishing.h"

#include <jansson.h>

/* Asks the hub of the data folder and prints its lines. EXIT_NOT_REACHED: none runs. */
int ask_hub(const struct invocation *i, const char *request);

/* The same for a reload after a new file was written; no running hub is fine. Where the
 * hub refuses, it says that the file stands all the same. *runs: one runs; may be NULL.
 */
int ask_reload(const struct invocation *i, bool *runs);

/* The same; if no hub runs, a round is done here, under the lock. */
int ask_round(const struct invocation *i, const char *request, enum publishing_work work);

/* What the pipeline does, in the hub; if none runs, here, under the lock. */
struct ask_work {
    char *request; /* for the hub; taken; NULL: no memory */
    const void *order;
    enum err (*run)(struct pipeline *p, const void *order, void *arg,
                    void (*line)(void *arg, const char *line), int *exit_code,
                    struct diag *d);
    void *arg; /* of take; NULL: there are only lines for people */
    void (*take)(void *arg, const json_t *line);
};
int ask_work(const struct invocation *i, const struct ask_work *work);

/* Exit code for an error of such work: a name that there is not is a wrong command line.
 */
int ask_exit_code(enum err e);

#endif
