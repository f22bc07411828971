/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef MODEL_PARAMETER_H
#define MODEL_PARAMETER_H

/* An entry of the vocabulary. Strings live as long as the configuration. */

#include <stdbool.h>
#include <stddef.h>

enum parameter_kind { PARAMETER_WATER, PARAMETER_WEATHER, PARAMETER_HOUSEKEEPING };

/* Inclusive bounds; low > high: not set. */
struct span {
    double low, high;
};
#define SPAN_NONE ((struct span){1, 0})

/* Settings of one quality test, for all series that its list is for, or some. Of the rows
 * of one test the last one that fits counts. */
enum { TEST_MONTHS = 0xfff };
struct test_settings {
    const char *test;       /* "spike_test" */
    const void *settings;   /* as quality/checks/<name>.h says; NULL: it does not run */
    const char *text;       /* JSON of the settings, to compare and to show */
    const char *source;     /* where they come from; NULL: not said */
    const char *water_type; /* of the station; NULL: any */
    unsigned months;        /* of the observation, UTC; bit 0 is January */
};
struct test_list {
    const struct test_settings *rows;
    size_t count;
};

struct parameter {
    const char *id; /* "water_temperature" */
    const char *title_de, *title_en;
    const char *unit; /* canonical, as UDUNITS-2 reads it: "degC" */
    const char *ucum;
    enum parameter_kind kind;
    int decimals;  /* stored exactly as integer * 10^-decimals, [0, 6] */
    bool relative; /* ranges are relative to the station's reference level */
    struct test_list tests; /* in unit */
};

#endif
