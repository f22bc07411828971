/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef MODEL_WINDOW_H
#define MODEL_WINDOW_H

/* Periods, and what people said of all values of a station in one. Times UTC
 * microseconds. Strings live as long as the configuration. Threads: any. */

#include "model/parameter.h"
#include "model/quality.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* [from, to), to = INT64_MAX: still holds. */
struct period {
    int64_t from_us, to_us;
};

/* How far a person has got with values. */
enum data_state { STATE_PROVISIONAL, STATE_CHECKED, STATE_RELEASED };

/* "provisional", "checked", "released". */
const char *data_state_text(enum data_state s);

struct window {
    struct period period;
    const struct parameter *parameter; /* NULL: all of the station */
    const char *position;              /* NULL: all */
    const char *reason, *by;           /* by NULL: not said */
    enum quality flag;                 /* of a flag by hand */
    enum data_state state;             /* of a state */
};

/* Sorted by from; no two hold for one value. */
struct windows {
    const struct window *rows;
    size_t count;
};

/* The one that holds for values of parameter (id) and position at time_us, or NULL. */
const struct window *windows_find(const struct windows *w, const char *parameter,
                                  const char *position, int64_t time_us);

/* True if w is about values of that parameter and position. */
bool window_is_of(const struct window *w, const char *parameter, const char *position);

#endif
