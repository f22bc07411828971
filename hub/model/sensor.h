/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef MODEL_SENSOR_H
#define MODEL_SENSOR_H

/* A sensor model: how the payload of a device is read. All strings and arrays live as
 * long as the configuration. Rules: field names are JSON Pointers below what the format
 * calls the values. */

#include "model/parameter.h"
#include "model/quality.h"

#include <stdbool.h>
#include <stddef.h>

/* What normalise turns into a level. */
enum quantity {
    QUANTITY_NONE,
    QUANTITY_W,        /* above the gauge's zero */
    QUANTITY_DISTANCE, /* from the sensor down to the water */
    QUANTITY_DEPTH,    /* water above the sensor */
    QUANTITY_PRESSURE,
};

enum pressure_reference { PRESSURE_UNSTATED, PRESSURE_VENTED, PRESSURE_ABSOLUTE };

enum time_form {
    TIME_FORM_RFC3339,
    TIME_FORM_UNIX_S,
    TIME_FORM_UNIX_MS,
    TIME_FORM_UNIX_US,
    TIME_FORM_LOCAL, /* no offset; zone says where */
};

struct time_field {
    const char *field; /* NULL: none */
    enum time_form form;
    const char *zone; /* of TIME_FORM_LOCAL */
};

/* Sets the test "device": good if the value's text is one of good, else otherwise. */
struct device_status {
    const char *field; /* NULL: none */
    const char *const *good;
    size_t good_count;
    enum quality otherwise;
};

struct sensor_field {
    const char *field;
    const char *unit_field;            /* pointer to the unit's text, NULL: none; inside
                                          records: below the record */
    const struct parameter *parameter; /* NULL with a quantity, and with an entry that is
                                          decoded, shown and ignored */
    enum quantity quantity;
    enum pressure_reference reference;
    const char *unit;     /* taken if the reading has none; NULL: none */
    const char *position; /* "main" if the file says none */
    const char *origin;   /* "measured" or "measured:<statistic>" */
    int rank;             /* entries of one series: the lowest that is present is taken */
    const struct span *sentinels; /* these mean "missing" */
    size_t sentinel_count;
    struct device_status status;
    size_t index; /* in sensor_model.fields */
};

/* By which law a sensor brings its conductivity to 25 degC: two laws differ by up to 4 %,
 * so values by different ones, or by one that nobody knows, are not compared. */
enum ec25_law { EC25_UNSTATED, EC25_LINEAR, EC25_ISO7888, EC25_PSS78 };

/* What was set in a sensor for as long as it stood somewhere. NAN: not known. */
struct sensor_settings {
    double salinity; /* set in an oxygen sensor */
    enum ec25_law ec25_law;
    double ec25_percent_per_k; /* of the linear law */
};

struct sensor_model {
    const char *model; /* the name, and of the file */
    const char *vendor;
    const char *title_de, *title_en;
    const char *const *formats; /* names of decoders; none: any */
    size_t format_count;
    struct time_field time;
    struct {
        const char *field; /* array of earlier readings; NULL: none */
        struct time_field time;
    } records;
    struct {
        const char *field;              /* array of key and value; NULL: none */
        const char *key, *value, *unit; /* pointers below one pair; unit may be NULL */
    } pairs;
    struct device_status status;
    const struct sensor_field *fields;
    size_t field_count;
    const char *const *ignore; /* subtrees */
    size_t ignore_count;
    size_t index; /* in configuration.models */
};

#endif
