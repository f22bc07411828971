/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef NORMALISE_CORRECTION_H
#define NORMALISE_CORRECTION_H

/* What calibrations and field checks do to a value: a layer over it, which is gone with
 * its file. Pure. Threads: any.
 *
 * Source: Wagner, R.J. and others, 2006, Guidelines and standard procedures for
 * continuous water-quality monitors, USGS Techniques and Methods 1-D3. Between two visits
 * an error grows linearly in time: of the whole error, 0 at the beginning, all at the
 * end. fouling  (site after - before) - (meter after - before): by so much the fouled
 * sensor said too little drift    standard - reading; between several standards linear in
 * the reading, outside them as at the nearest one corrected = value + share * (fouling +
 * drift), both added, so that a sensor that says 8.10 in a standard of 8.26 is lifted. */

#include "model/calibration.h"

#include <stdbool.h>
#include <stdint.h>

struct correction {
    double before; /* the value that was given */
    double value;  /* as it was if nothing is to be corrected */
    bool applied;  /* value is another than before */
    bool unfit;    /* the error is then beyond what is fit to be published: not applied */
    double share;  /* of the errors, by time, [0, 1) */
    double fouling; /* at the end of the period; 0: none */
    double drift;   /* the same, at this value */
};

/* Corrects value of time_us, which lies in c's period, by the check, then by slope and
 * offset. limits: in force for c. A missing value stays missing. */
struct correction correction_apply(const struct calibration *c,
                                   const struct correction_limits *limits, double value,
                                   int64_t time_us);

#endif
