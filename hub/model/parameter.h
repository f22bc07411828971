/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef MODEL_PARAMETER_H
#define MODEL_PARAMETER_H

/* An entry of the vocabulary. Strings live as long as the configuration. */

#include <stdbool.h>

enum parameter_kind { PARAMETER_WATER, PARAMETER_WEATHER, PARAMETER_HOUSEKEEPING };

/* Inclusive bounds; low > high: not set. */
struct span {
    double low, high;
};
#define SPAN_NONE ((struct span){1, 0})

struct range_test {
    bool set;            /* false: the test does not run */
    struct span fail;    /* outside: 4 */
    struct span suspect; /* outside: 3; may be not set */
};

struct parameter {
    const char *id; /* "water_temperature" */
    const char *title_de, *title_en;
    const char *unit; /* canonical, as UDUNITS-2 reads it: "degC" */
    const char *ucum;
    enum parameter_kind kind;
    int decimals;  /* stored exactly as integer * 10^-decimals, [0, 6] */
    bool relative; /* ranges are relative to the station's reference level */
    struct range_test gross_range; /* default; in unit */
};

#endif
