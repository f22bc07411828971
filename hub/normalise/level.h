/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef NORMALISE_LEVEL_H
#define NORMALISE_LEVEL_H

/* Formulas between pressure, depth and level. Pure. Threads: any. */

/* Acceleration of gravity in m/s2 at sea level, at lat_deg in [-90, 90].
 * Source: IOC, SCOR and IAPSO (2010), "The international thermodynamic equation of
 * seawater - 2010", appendix D, equation D.3, z = 0 (gsw_grav at p = 0): 9.780327 at the
 * equator, 9.832186206 at the pole. Within 1e-9 of it. */
double gravity_m_s2(double lat_deg);

/* Water above the sensor in m, from the pressure of the water alone (sea pressure: what a
 * vented sensor sends, or absolute minus air pressure). Hydrostatic, one density from top
 * to bottom. */
double water_depth_m(double pressure_pa, double density_kg_m3, double gravity);

/* A level to 1e-9 m, so that sums of decimals stay decimals: 4.127 - 1.234 is 2.893. */
double level_rounded_m(double level_m);

#endif
