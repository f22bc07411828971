/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef MODEL_OBSERVATION_H
#define MODEL_OBSERVATION_H

/* Series and observations, as the store keeps and gives them. */

#include "model/parameter.h"
#include "model/quality.h"
#include "model/station.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Identity of a series. */
struct series_key {
    const char *city;
    const char *station; /* of housekeeping: the device's id */
    const char *parameter;
    const char *position; /* of housekeeping: "device" */
    const char *origin;
};

/* One observation on its way into the store. */
struct observation {
    int32_t series; /* id in the store */
    int64_t time_us;
    double value;         /* canonical unit; NAN: missing */
    double raw;           /* as received; NAN: none */
    const char *raw_unit; /* as received; "": none */
    quality_tests tests;
    int64_t message; /* inbox id */
    int index;       /* of the reading in the message */
};

/* One observation as dump, export and trace see it. Strings borrowed until the next row.
 */
struct observation_row {
    struct series_key key;
    int32_t series;
    int64_t time_us;
    double value;
    const char *unit;
    double raw;
    const char *raw_unit;
    quality_tests tests;
    int64_t message;
};

/* A run of rows. next gives 1 and fills row, 0 at the end, -1 on a fault (fault says). */
struct row_source {
    int (*next)(void *self, struct observation_row *row);
    void *self;
};

#endif
