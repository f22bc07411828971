/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef NORMALISE_NORMALISE_H
#define NORMALISE_NORMALISE_H

/* A reading in its place to a value of a parameter in its canonical unit: units, the
 * level from W, distance, depth or pressure, and the calibration, by what held at the
 * reading's time. Pure but for the unit cache. Threads: one owner of units at a time. */

#include "base/arena.h"
#include "model/configuration.h"
#include "model/message.h"
#include "model/place.h"
#include "model/reading.h"
#include "normalise/correction.h"
#include "normalise/unit.h"

#include <stddef.h>

/* What is asked again for every reading of a configuration. */
struct normaliser {
    struct units *units;
    const struct parameter *water_level, *gauge_level, *air_pressure; /* never NULL */
};

struct normalised {
    const struct parameter *parameter;
    double value;                          /* canonical; NAN: missing */
    double raw;                            /* as received; NAN: none */
    const char *raw_unit;                  /* as received; never NULL */
    const struct calibration *calibration; /* that holds; NULL: none */
    struct correction correction;          /* by it */
};

/* Limits in force for a calibration of p: its file's, else the parameter's. */
const struct correction_limits *correction_limits_of(const struct calibration *c,
                                                     const struct parameter *p);

/* ERR_OK: units opened, the three parameters found. ERR_UNKNOWN: one is missing in c.
 * Close with normaliser_fini. c outlives n. */
MUST_USE enum err normaliser_init(struct normaliser *n, const struct configuration *c,
                                  struct diag *d);
void normaliser_fini(struct normaliser *n);

/* Normalises all[i], which lies at place. The other readings of its message are looked at
 * for air pressure at the same time.
 *   OUTCOME_STORED    *out is filled; of a missing or infinite value with NAN
 *   OUTCOME_PENDING   no mounting height at that time, no density, no such unit alias,
 *                     absolute pressure without air pressure beside it
 *   OUTCOME_REJECTED  no unit and none stated, one of another dimension, a refused one
 * Levels made here are rounded to 1e-9 m; all else keeps every digit.
 * problem: a sentence in a, else NULL. */
enum outcome normalise_reading(struct normaliser *n, const struct reading *all,
                               size_t count, size_t i, const struct place *place,
                               struct arena *a, struct normalised *out,
                               const char **problem);

#endif
