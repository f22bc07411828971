/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef MODEL_CALIBRATION_H
#define MODEL_CALIBRATION_H

/* What was found and set at a sensor in the field, and for which period it corrects its
 * values. Figures in the parameter's canonical unit, percent where named so; NAN: not
 * given. Strings and arrays live as long as the configuration. Threads: any. */

#include "model/parameter.h"
#include "model/station.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A standard and what the cleaned sensor said in it. */
struct standard_reading {
    double standard, reading;
};

/* A visit at the end of the period, as USGS TM 1-D3 (Wagner and others, 2006) does it:
 * the sensor before and after it was cleaned, a second meter beside it at the same two
 * times for what the water itself did, then the cleaned sensor in standards. */
struct field_check {
    bool set;
    double site_before, site_after;   /* both or neither */
    double meter_before, meter_after; /* both or neither; only beside the site's */
    const struct standard_reading *standards; /* sorted by reading, no two the same */
    size_t standard_count;                    /* most 3 */
};

struct calibration {
    struct period period;              /* from: last visit, to: this one */
    const struct station *station;     /* NULL: of a device's field */
    const struct parameter *parameter; /* NULL: of a device's field */
    const char *position;              /* of station */
    const char *field;                 /* of a device, as its model names it; or NULL */
    double offset, slope;              /* value * slope + offset; 0 and 1: none */
    struct field_check check;
    struct correction_limits limits; /* of the file, where it has some */
    bool has_limits;
    const char *by;       /* who did it */
    const char *standard; /* with which standard; NULL: not said */
};

/* The entry that holds at time_us, or NULL. */
const struct calibration *station_calibration(const struct station *s,
                                              const struct parameter *parameter,
                                              const char *position, int64_t time_us);
const struct calibration *device_calibration(const struct device *d, const char *field,
                                             int64_t time_us);

/* Order of a station's, and of a device's calibrations: by parameter and position, or by
 * field; then by time. */
int calibration_compare(const void *a, const void *b);

#endif
