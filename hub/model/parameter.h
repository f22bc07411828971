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

static inline bool span_is_set(const struct span *s)
{
    return s->low <= s->high;
}

/* Of a span that is not set: false, whatever the value. */
static inline bool span_excludes(const struct span *s, double value)
{
    return span_is_set(s) && (value < s->low || value > s->high);
}

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

/* What the value of a period is made by: each parameter has one right mean. */
enum aggregate {
    AGGREGATE_MEAN,      /* arithmetic */
    AGGREGATE_MEDIAN,    /* of what has outliers by nature */
    AGGREGATE_DIRECTION, /* of unit vectors; degrees, [0, 360) */
    AGGREGATE_LOG10,     /* geometric, with percentiles by 2006/7/EC, annex II */
    AGGREGATE_SUM,       /* of amounts */
};

/* "mean", "median", "direction", "log10", "sum". */
const char *aggregate_text(enum aggregate a);

enum { EVENT_CLASSES = 8 };

/* When values make an event: they reach the first class and go on to. */
struct event_rule {
    const char *event;             /* "storm_surge" */
    const char *source;            /* of classes and times; or that they are ours */
    bool below;                    /* the event lies below its classes, not above */
    bool relative;                 /* classes count from the station's reference level */
    bool daily;                    /* judged by values of days */
    double classes[EVENT_CLASSES]; /* in unit; the first is the weakest */
    size_t class_count;
    double least_s; /* shorter ones are none */
    double join_s;  /* a pause up to it does not end one */
};

/* When a field check corrects values, and up to where they are fit to be published; the
 * greater of the two figures counts. NAN: none. */
struct correction_limits {
    double correct_above, correct_above_percent;
    double publish_to, publish_to_percent;
};

struct parameter {
    const char *id; /* "water_temperature" */
    const char *title_de, *title_en;
    const char *unit; /* canonical, as UDUNITS-2 reads it: "degC" */
    const char *ucum;
    struct test_list tests; /* in unit */
    double detection_limit; /* with AGGREGATE_LOG10: what a zero counts as; > 0 */
    const struct event_rule *events;
    size_t event_count;
    struct correction_limits correction; /* default; in unit */
    enum parameter_kind kind;
    int decimals; /* stored exactly as integer * 10^-decimals, [0, 6] */
    enum aggregate aggregate;
    bool relative; /* ranges are relative to the station's reference level */
    bool has_correction;
};

/* Quality tests of one parameter at one station; they go before the parameter's own. */
struct station_tests {
    const struct parameter *parameter;
    struct test_list tests;
};

#endif
