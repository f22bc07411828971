/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_IMPORT_COLUMNS_H
#define APP_IMPORT_COLUMNS_H

/* The header of a CSV file against what the sensor model names. Threads: any. */

#include "base/diag.h"
#include "base/err.h"
#include "model/sensor.h"

#include <stddef.h>
#include <stdio.h>

struct import_columns {
    const char *file;
    const char *const *columns;
    size_t count;
    const char *device_field;         /* pointer to the column of the device */
    const struct sensor_model *model; /* of all rows; NULL: each has its own device */
};

/* The column of the time, or where rows have their own device that one, is there.
 * ERR_UNKNOWN: d says which is missing and which is near. */
MUST_USE enum err import_columns_check(const struct import_columns *c, struct diag *d);

/* Columns that the model does not name, with the name that may have been meant. */
void import_columns_print_unnamed(const struct import_columns *c, FILE *to);

#endif
