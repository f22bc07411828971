/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef MODEL_STATION_H
#define MODEL_STATION_H

/* Cities, stations, devices and what held when. All times UTC microseconds; a period is
 * [from, to), to = INT64_MAX: still holds. Heights in m. Strings and arrays live as long
 * as the configuration; arrays of periods are sorted by from and do not overlap. */

#include "model/sensor.h"
#include "model/window.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct calibration; /* model/calibration.h */

struct gauge_zero {
    struct period period;
    double m_nhn; /* in DHHN2016; NAN: the height is in another frame, no shift known */
    const char *datum; /* as the file says: "DHHN92" */
    double epoch;      /* of the levelling, decimal year; NAN: not known */
    const char *source;
    bool verified;
};

enum reference_datum { REFERENCE_NHN, REFERENCE_GAUGE_ZERO };

/* Mean water: what ranges of levels are relative to. */
struct reference_level {
    struct period period;
    double value_m;
    enum reference_datum datum;
    const char *source;
};

struct station {
    const char *station; /* id, unique over all cities; "demo-..." if demonstration */
    const struct city *city;
    const char *title_de, *title_en;
    double lat, lon; /* WGS 84, degrees; NAN: not known */
    const char *water;
    const char *water_type; /* "brackish", "lake", "river" */
    bool demonstration;
    double density_kg_m3; /* NAN: not known */
    const struct gauge_zero *gauge_zero;
    size_t gauge_zero_count;
    const struct reference_level *reference_level;
    size_t reference_level_count;
    const struct station_tests *tests;
    size_t tests_count;
    const struct calibration *calibrations; /* in order of calibration_compare */
    size_t calibration_count;
    struct windows maintenance, flags, states;
};

struct city {
    const char *city; /* id: "luebeck" */
    const char *title_de, *title_en;
    const char *key; /* regional key (ARS), 12 digits; NULL: none */
    const char *publisher, *publisher_url;
    const char *contact_name, *contact_email;
    const char *licence;            /* name of ours: "dl-by-de/2.0" */
    const char *state;              /* "SH", "MV"; NULL: none */
    const struct station *stations; /* sorted by id */
    size_t station_count;
    size_t index; /* in configuration.cities */
};

/* A position of the model at this placement: another name, and where it is. */
struct placed_position {
    const char *position; /* as the model says */
    const char *as;       /* as published; same if not renamed */
    double depth_m;       /* below the surface; NAN: not known */
};

/* One device at one station for one period. */
struct placement {
    struct period period;
    const struct device *device;
    const struct station *station;
    double height_m_nhn, height_m_gauge; /* of the sensor; NAN: not known */
    enum pressure_reference pressure;    /* overrides the model's */
    const struct placed_position *positions;
    size_t position_count;
    double interval_s; /* expected between readings; NAN: not known */
    struct sensor_settings settings;
    size_t index; /* 0 .. configuration.placement_count - 1, over all devices */
};

struct device {
    const char *device; /* id as formats give it: DevEUI in lower case, base name, ... */
    const struct city *city;
    const struct sensor_model *model;
    const char *serial; /* NULL: none */
    const struct placement *placements;
    size_t placement_count;
    const struct calibration *calibrations; /* of its fields; as a station's */
    size_t calibration_count;
};

/* The entry that held at time_us, or NULL; of zeros only one with a height in NHN. */
const struct gauge_zero *station_gauge_zero(const struct station *s, int64_t time_us);
const struct reference_level *station_reference_level(const struct station *s,
                                                      int64_t time_us);
const struct placement *device_placement(const struct device *d, int64_t time_us);
/* Mean water above NHN, or above the gauge's zero; NAN: not known. */
double station_mean_water_m(const struct station *s, bool above_zero, int64_t time_us);

/* True if the model at p gives that parameter under that position, as published. */
bool placement_measures(const struct placement *p, const char *parameter,
                        const char *position);

/* Name under which a position of the model is published at p; NULL: "main". */
const char *placement_position(const struct placement *p, const char *position);

#endif
