/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef MODEL_CONFIGURATION_H
#define MODEL_CONFIGURATION_H

/* One whole configuration, parsed and sound. Made by config, constant from then on, so
 * any number of threads may read it. A reload makes a new one. */

#include "model/parameter.h"
#include "model/sensor.h"
#include "model/source.h"
#include "model/station.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* What is published. */
struct dataset {
    const char *dataset; /* id, name of files */
    const char *title_de, *title_en;
    const char *notes_de, *notes_en;
    const struct parameter *const *parameters;
    size_t parameter_count;
    const struct city *const *cities; /* all of them if the file names none */
    size_t city_count;
    const char *licence;
    const char *frequency; /* name in the EU frequency table: "10MIN" */
    const char *const *tags;
    size_t tag_count;
    const char *const *targets; /* names of struct target */
    size_t target_count;
    bool demonstration; /* of demonstration stations, and of no others */
};

/* A portal that datasets go to. */
struct target {
    const char *target; /* name */
    const char *kind;   /* name of a file in publish/targets */
    const char *url;
    const char *token_file;   /* absolute; NULL: none */
    const char *organisation; /* id there */
    const char *organisation_title;
    const char *format_csv; /* what the portal wants to see as "format" of a CSV */
    const struct licence_name *licences; /* our name -> the portal's */
    size_t licence_count;
    double max_file_mb;
    bool demonstration; /* demonstration stations may go there */
};

struct licence_name {
    const char *ours, *theirs;
};

struct configuration {
    struct arena *memory; /* all that hangs below */
    const char *folder;   /* where it was read; relative names start here */
    const char *data;     /* data folder, absolute */
    int64_t payload_ceiling_bytes;
    int64_t publish_every_s;
    const char *publish_base_url; /* of the export folder; NULL: not served */
    int64_t keep_days;

    const struct source *sources;
    size_t source_count;
    const struct parameter *parameters; /* sorted by id */
    size_t parameter_count;
    const struct unit_alias *aliases;
    size_t alias_count;
    const char *const *own_units; /* of a method, convertible to nothing: "NTU" */
    size_t own_unit_count;
    const struct sensor_model *models; /* sorted by name */
    size_t model_count;
    const struct city *cities; /* sorted by id */
    size_t city_count;
    const struct device *devices; /* sorted by city, then id */
    size_t device_count;
    size_t placement_count;
    const struct dataset *datasets;
    size_t dataset_count;
    const struct target *targets;
    size_t target_count;

    /* device index by id: open addressing, power of two, NULL = free. Made by
     * configuration_index. */
    const struct device **device_table;
    size_t device_table_size;
};

/* A unit as vendors write it, and what it means. */
struct unit_alias {
    const char *raw;
    const char *canonical; /* as UDUNITS-2 reads it; NULL: refuse this text */
    const char *reason;    /* NULL, or why it is refused */
};

/* Builds the device index; once, by whoever makes a configuration. False: no memory. */
bool configuration_index(struct configuration *c);

/* Borrowed from c; NULL: not there. */
const struct parameter *configuration_parameter(const struct configuration *c,
                                                const char *id);
const struct sensor_model *configuration_model(const struct configuration *c,
                                               const char *name);
const struct city *configuration_city(const struct configuration *c, const char *id);
const struct source *configuration_source(const struct configuration *c,
                                          const char *name);
const struct station *configuration_station(const struct configuration *c,
                                            const char *id);

/* The device of that id in city (id; NULL: in any). other: set to a device of that id in
 * another city if there is none in this one, else NULL; may be NULL itself. */
const struct device *configuration_device(const struct configuration *c, const char *city,
                                          const char *id, const struct device **other);

void configuration_free(struct configuration *c); /* c may be NULL */

#endif
