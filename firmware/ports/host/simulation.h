/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef HOST_SIMULATION_H
#define HOST_SIMULATION_H

/* Water at a simulated station: a pure function of (station, time). No state, so any
 * instant can be asked in any order and gives the same bits again. Threads: any.
 *
 * noise(P) is smooth random: values in [-1, 1] at multiples of the period P, hashed from
 * the seed, joined by the cubic 3x^2 - 2x^3. d is the day of the year, h the hour of
 * local solar time at 12 degrees east (UTC + 0.8 h). All amplitudes are assumptions,
 * chosen so that the western Baltic in a usual year comes out; they are no measurements.
 *
 * Level, m about the mean (no tide: it is a few centimetres in the western Baltic):
 *   coast  0.08 + 0.16 noise(36 h) + 0.06 noise(9 h)             wind set-up
 *          + (0.08 + 0.04 noise(60 h)) sin(2 pi t / 27.4 h)      main seiche of the
 * Baltic (western Baltic to Gulf of Finland); about 27 h is the period usually given
 *          + 0.02 sin(2 pi t / Ph), Ph of the seed in 12..40 min  the harbour's own mode
 *   lake   0.12 cos(2 pi (d - 80) / 365.2425) + 0.04 noise(10 d)  spring high, autumn low
 *          + 0.01 sin(2 pi t / Ph)
 *   river  0.05 + 0.14 noise(36 h) + 0.08 noise(7 d) + 0.02 sin(2 pi t / Ph)
 * Water temperature, degC, coldest on 14 February:
 *   coast, river  10.6 - 7.6 cos(2 pi (d - 45) / 365.2425) + 0.8 noise(5 d)
 *   lake          11.0 - 7.9 cos(...) + 0.6 noise(5 d)
 *   plus day      0.1 to 0.5 (winter to summer) cos(2 pi (h - 16) / 24)
 * Salinity, PSU: mean (1 + 0.12 noise(4 d)).
 * Conductivity, mS/cm at the water's temperature T: specific conductance SC in uS/cm at
 *   25 degC from salinity = 5.572e-4 SC + 2.02e-9 SC^2 (USGS memorandum 2011.03), then
 *   SC (1 + 0.0191 (T - 25)) / 1000.
 * Oxygen, mg/L: solubility at 1 atm after Benson and Krause (USGS memorandum 2011.03)
 *   times 0.98 + 0.04 noise(3 d) + (0.02 to 0.12) cos(2 pi (h - 15) / 24).
 * Battery, V: 3.92 + 0.10 cos(2 pi (h - 15) / 24) + 0.06 noise(8 d). */

#include <stdint.h>

enum simulation_kind { SIMULATION_COAST, SIMULATION_LAKE, SIMULATION_RIVER };

struct simulation {
    uint64_t seed;
    enum simulation_kind kind;
    double mean_level_m;    /* m NHN */
    double sensor_height_m; /* m NHN; the sensor looks down from here */
    double salinity_psu;    /* mean, 0 to 35 */
};

struct simulation_water {
    double level_m; /* NHN */
    double distance_mm;
    double temperature_c;
    double salinity_psu;
    double conductivity_ms_cm;
    double oxygen_mg_l;
    double battery_v;
};

/* time_us: UTC, microseconds since 1970, years 1970 to 2200. */
struct simulation_water simulation_at(const struct simulation *s, int64_t time_us);

/* Oxygen that water can hold, mg/L, at 1 atm; temperature 0..40 degC, salinity 0..40. */
double simulation_oxygen_solubility(double temperature_c, double salinity_psu);

#endif
