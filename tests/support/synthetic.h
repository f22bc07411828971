/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_SYNTHETIC_H
#define SUPPORT_SYNTHETIC_H

/* Rows and a configuration made by a test, in the place of store and config. */

#include "model/configuration.h"
#include "publish/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two cities (luebeck, wismar) with a station each, a demonstration station in wismar,
 * three parameters, one device, one dataset "water" and one target "portal". All fields
 * may be changed before use; strings are borrowed. */
struct synthetic_conf {
    struct configuration c;
    struct parameter parameters[3]; /* battery_voltage, water_level, water_temperature */
    struct city cities[2];
    struct station stations[3]; /* luebeck-bauhof, demo-wismar, wismar-baumhaus */
    struct sensor_model model;
    struct device device;
    struct placement placements[2];
    struct placed_position positions[2];
    struct dataset datasets[2]; /* the second is not counted at first */
    struct target targets[2];   /* the second is not counted at first */
    const struct parameter *used_parameters[2];
    const struct city *used_cities[2];
    const char *used_targets[2];
};
void synthetic_conf_init(struct synthetic_conf *s, const char *data_folder);

/* A store of rows in memory with a change log. */
struct synthetic {
    struct observation_row *rows;
    size_t count, size;
    bool sorted;
    struct store_change changes[256];
    size_t change_count;
    int64_t fold; /* changes since a number below it are told "read all" */
    int64_t epoch_number;
    const char *test_names[QUALITY_TESTS];
    struct store_query query; /* of the rows that are open */
    size_t next;
    size_t fail_after; /* rows given before a fault; 0: none */
    size_t queries;    /* rows_open so far */
};
void synthetic_init(struct synthetic *s);
void synthetic_fini(struct synthetic *s);

/* count rows of one series from from_us, step_us apart, value first + i * slope; one
 * entry in the change log. An older row of the same time is replaced. */
struct synthetic_run {
    const char *city, *station, *parameter;
    int64_t from_us, step_us;
    size_t count;
    double first, slope;
};
void synthetic_put(struct synthetic *s, const struct synthetic_run *r);

/* Takes the rows of a station in [from, to) away and logs the window. */
void synthetic_remove(struct synthetic *s, const char *station, int64_t from_us,
                      int64_t to_us);

struct publish_source synthetic_source(struct synthetic *s);

/* Microseconds of an RFC 3339 text; aborts if it is none. */
int64_t synthetic_time(const char *text);

#endif
