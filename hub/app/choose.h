/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_CHOOSE_H
#define APP_CHOOSE_H

/* A conflict settled by hand: one of the values that were given for a series and time is
 * held, whatever the rule says, until the choice is taken back. Threads: the pipeline's.
 */

#include "app/pipeline.h"
#include "model/observation.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum choose_by {
    CHOOSE_VALUE,   /* the one with this value; NAN: missing */
    CHOOSE_MESSAGE, /* the one that this message gave */
    CHOOSE_RULE,    /* as the messages rank; an earlier choice is forgotten */
};

struct choose_order {
    const char *station, *parameter; /* station or device, parameter's id */
    const char *position, *origin;   /* "": the only one with a conflict */
    int64_t time_us;
    enum choose_by by;
    double value;
    int64_t message;
};

/* The request for the control socket; yours, free with free(). NULL: no memory. */
char *choose_request(const struct choose_order *order);
/* The order that a request names; texts borrowed from request. */
struct choose_order choose_order_of(const json_t *request);

/* Does it between two batches and says to line what is held now. order: a struct
 * choose_order. ERR_UNKNOWN: no such series, conflict or value; ERR_REFUSED: the message
 * was given up, its value stays as it is (d says). */
MUST_USE enum err choose_run(struct pipeline *p, const void *order, void *arg,
                             void (*line)(void *arg, const char *line), int *exit_code,
                             struct diag *d);

#endif
