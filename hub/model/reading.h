/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef MODEL_READING_H
#define MODEL_READING_H

/* One value in a message, and what the message says of itself. Made by decode; strings
 * live in the arena it was given. */

#include "model/message.h"
#include "model/sensor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_kind {
    VALUE_NUMBER,
    VALUE_MISSING, /* a sentinel, "nan": value is the raw number, NAN if it was none */
    VALUE_TEXT,    /* not a number: text */
};

struct reading {
    const char *device; /* id */
    const char *field;  /* JSON Pointer from the root of the message */
    const char *key;    /* the part below the values, as models name it */
    const struct sensor_field
        *entry;   /* of the model; NULL: not named there, or no model */
    bool ignored; /* the model does not name the field, or in "ignore" */
    enum value_kind kind;
    double value;
    const char *text;        /* of VALUE_TEXT, else NULL */
    const char *unit;        /* as received, else the model's; NULL: none */
    const char *scaled_unit; /* what normalise reads instead of unit; NULL: unit */
    double scale;            /* with scaled_unit: value * scale is in it */
    int64_t time_us;
    enum time_source time_source;
    int index; /* in the message, from 0 */
    enum quality
        device_flag;     /* the test "device" from a status field; QUALITY_NONE: none */
    const char *problem; /* NULL, or why this reading can't be used: a sentence */
};

struct decoded {
    struct reading *readings;
    size_t count;
    const char *format;   /* the decoder that took it */
    const char *device;   /* of the frame; NULL: readings name their own, or none */
    const char *session;  /* of the device's counter; NULL: none */
    int64_t counter;      /* frame counter or sequence; absent is 0 */
    int64_t counter_last; /* of the last frame in the message; else counter */
    bool has_counter;     /* the format counts frames */
    int64_t message_us;   /* network time; CLOCK_NONE: none */
};

#endif
