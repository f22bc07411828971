/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef HOST_STATIONS_H
#define HOST_STATIONS_H

/* A file that lists stations: a JSON array of
 *   {"city", "device", "kind": "coast|lake|river", "seed", "sensor_height_m",
 *    "mean_level_m" (0), "salinity_psu" (by kind)} */

#include "ports/host/station.h"

#include <stddef.h>

enum { STATIONS_MAX = 256 };

/* False: a sentence on stderr. setups is yours, free it. */
bool stations_read(const char *path, struct station_setup **setups, size_t *count);

/* "coast", "lake", "river"; false: none of them. */
bool stations_parse_kind(const char *text, enum simulation_kind *kind);

/* Salinity of a usual water of that kind, PSU. */
double stations_usual_salinity(enum simulation_kind kind);

#endif
