/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_EFFECT_H
#define APP_EFFECT_H

/* What another configuration would do to stored values of a station: each message that
 * gave one is worked on twice, by the configuration that is and by the other one. Only
 * reads. Threads: main. */

#include "app/report.h"
#include "model/configuration.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct effect_query {
    const struct configuration *now, *next;
    const char *station;
    const char *parameter, *position; /* NULL: all */
    int64_t from_us, to_us;
};

struct effect_series {
    char parameter[65], position[65], origin[65];
    int64_t same, values, flags; /* unchanged, of another value, with other flags only */
};

struct effect_example {
    size_t series;
    char unit[32];
    int64_t time_us;
    double before, after;
    enum quality flag_before, flag_after;
};

enum { EFFECT_SERIES = 200, EFFECT_EXAMPLES = 5 };

struct effect {
    struct effect_series series[EFFECT_SERIES]; /* more are only counted */
    size_t series_count;
    struct effect_example examples[EFFECT_EXAMPLES]; /* the first ones */
    size_t example_count;
    int64_t same, values, flags;
    int64_t given_up; /* their messages are no longer there; they stay as they are */
};

/* r: open. ERR_MEMORY, ERR_IO, ERR_UNKNOWN (d says). */
MUST_USE enum err effect_find(const struct report *r, const struct effect_query *q,
                              struct effect *out, struct diag *d);

#endif
