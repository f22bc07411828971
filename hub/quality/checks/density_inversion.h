/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_CHECKS_DENSITY_INVERSION_H
#define QUALITY_CHECKS_DENSITY_INVERSION_H

/* Density inversion: does denser water lie above lighter in a profile?
 * Source: ioos_qc 3.0.0, density_inversion_test, which names IOOS QARTOD, "Manual for
 * Real-Time Quality Control of In-situ Temperature and Salinity Data", version 2.0. Pure.
 * Threads: any. */

#include "model/quality.h"
#include "quality/quality.h"

struct density_inversion_settings {
    double suspect_threshold; /* kg/m3, 0 or less; NAN: none */
    double fail_threshold;
};

/* Values are potential densities at z_m. Of each pair of neighbours
 * delta = sign(z[k+1] - z[k]) * (rho[k+1] - rho[k]); delta < fail_threshold: both 4,
 * delta < suspect_threshold: both 3, else 1. 9: the point or the one before it has no
 * density or no depth. 2: the only point, or there are no depths. Both modes are the
 * same. */
enum quality density_inversion_judge(const struct density_inversion_settings *p,
                                     enum quality_mode mode, const struct stretch *s,
                                     size_t i);

extern const struct check check_density_inversion;

#endif
