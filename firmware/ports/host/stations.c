/* SPDX-License-Identifier: EUPL-1.2 */
#include "ports/host/stations.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool stations_parse_kind(const char *text, enum simulation_kind *kind)
{
    static const char *const names[] = {"coast", "lake", "river"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            *kind = (enum simulation_kind)i;
            return true;
        }
    }
    return false;
}

double stations_usual_salinity(enum simulation_kind kind)
{
    static const double usual[] = {
        [SIMULATION_COAST] = 11, [SIMULATION_LAKE] = 0.25, [SIMULATION_RIVER] = 3};
    return usual[kind];
}

static bool parse_one(json_t *item, struct station_setup *to, char problem[200])
{
    const char *city = NULL;
    const char *device = NULL;
    const char *kind = NULL;
    json_int_t seed = 0;
    double mean_m = 0;
    double salinity_psu = -1;
    double height_m = 0;
    json_error_t error;
    if (json_unpack_ex(item, &error, JSON_STRICT, "{s:s, s:s, s:s, s:I, s:F, s?F, s?F}",
                       "city", &city, "device", &device, "kind", &kind, "seed", &seed,
                       "sensor_height_m", &height_m, "mean_level_m", &mean_m,
                       "salinity_psu", &salinity_psu) != 0) {
        snprintf(problem, 200, "%s", error.text);
        return false;
    }
    if (strlen(city) >= STATION_NAME || strlen(device) >= STATION_NAME) {
        snprintf(problem, 200, "city and device have at most %d bytes", STATION_NAME - 1);
        return false;
    }
    if (!stations_parse_kind(kind, &to->water.kind)) {
        snprintf(problem, 200, "kind is \"%.40s\", expected coast, lake or river", kind);
        return false;
    }
    snprintf(to->city, sizeof to->city, "%s", city);
    snprintf(to->device, sizeof to->device, "%s", device);
    to->water.seed = (uint64_t)seed;
    to->water.mean_level_m = mean_m;
    to->water.sensor_height_m = height_m;
    to->water.salinity_psu =
        salinity_psu < 0 ? stations_usual_salinity(to->water.kind) : salinity_psu;
    return true;
}

static bool parse_all(const char *path, json_t *list, struct station_setup **setups,
                      size_t *count)
{
    size_t n = json_array_size(list);
    if (n < 1 || n > STATIONS_MAX) {
        fprintf(stderr, "kogge-node: %s: expected an array of 1 to %d stations\n", path,
                STATIONS_MAX);
        return false;
    }
    struct station_setup *all = calloc(n, sizeof *all);
    for (size_t i = 0; all != NULL && i < n; i++) {
        char problem[200];
        if (!parse_one(json_array_get(list, i), &all[i], problem)) {
            fprintf(stderr, "kogge-node: %s: station %zu: %s\n", path, i + 1, problem);
            free(all);
            return false;
        }
    }
    if (all == NULL) {
        fprintf(stderr, "kogge-node: no memory for %zu stations\n", n);
        return false;
    }
    *setups = all;
    *count = n;
    return true;
}

bool stations_read(const char *path, struct station_setup **setups, size_t *count)
{
    json_error_t error;
    json_t *list = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (list == NULL) {
        fprintf(stderr, "kogge-node: %s:%d: %s\n", path, error.line, error.text);
        return false;
    }
    bool ok = parse_all(path, list, setups, count);
    json_decref(list);
    return ok;
}
