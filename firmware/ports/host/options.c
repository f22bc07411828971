/* SPDX-License-Identifier: EUPL-1.2 */
#include "ports/host/options.h"

#include "ports/host/stations.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Examples:\n"
    "  kogge-node --broker mqtt://127.0.0.1:1883 --city kiel --device kiel-node-1 \\\n"
    "             --kind coast --sensor-height-m 4.2\n"
    "  kogge-node --broker mqtt://127.0.0.1:1883 --stations stations.json --history "
    "3600\n"
    "\n"
    "Simulates water stations and publishes their samples as SenML by MQTT, QoS 1.\n"
    "\n"
    "  --broker URL         mqtt://HOST:PORT\n"
    "  --city CITY          with --device: one station\n"
    "  --device ID\n"
    "  --kind KIND          coast (default), lake or river\n"
    "  --seed N             other numbers, other weather (default 1)\n"
    "  --sensor-height-m H  m NHN; the sensor looks down from here (default 5)\n"
    "  --mean-level-m M     m NHN, mean level of the water (default 0)\n"
    "  --salinity S         PSU, mean (default by kind)\n"
    "  --stations FILE      many stations, a JSON array, in the place of the seven "
    "above\n"
    "  --interval S         seconds between two samples (default 60)\n"
    "  --send S             seconds between two packs (default: each sample at once)\n"
    "  --history S          first sends samples of the last S seconds\n"
    "  --for S              ends by itself after S seconds\n"
    "  --quiet              says only what went wrong\n"
    "  --help, --version\n"
    "\n"
    "Ends cleanly on SIGINT and SIGTERM. Exit codes: 0 done, 1 failed (with --for also:\n"
    "samples could not be sent), 2 usage.\n";

enum option_id {
    OPTION_BROKER = 256,
    OPTION_CITY,
    OPTION_DEVICE,
    OPTION_KIND,
    OPTION_SEED,
    OPTION_HEIGHT,
    OPTION_MEAN,
    OPTION_SALINITY,
    OPTION_STATIONS,
    OPTION_INTERVAL,
    OPTION_SEND,
    OPTION_HISTORY,
    OPTION_FOR,
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option_row {
    const char *name;
    int takes; /* has an argument */
    int option;
    double least, most; /* of numbers; least > most: text */
    bool whole;         /* a number without a fraction */
} rows[] = {
    {"broker", 1, OPTION_BROKER, 1, 0, false},
    {"city", 1, OPTION_CITY, 1, 0, false},
    {"device", 1, OPTION_DEVICE, 1, 0, false},
    {"kind", 1, OPTION_KIND, 1, 0, false},
    {"seed", 1, OPTION_SEED, 0, 1e15, true},
    {"sensor-height-m", 1, OPTION_HEIGHT, -500, 5000, false},
    {"mean-level-m", 1, OPTION_MEAN, -500, 5000, false},
    {"salinity", 1, OPTION_SALINITY, 0, 35, false},
    {"stations", 1, OPTION_STATIONS, 1, 0, false},
    {"interval", 1, OPTION_INTERVAL, 1, 86400, true},
    {"send", 1, OPTION_SEND, 1, 86400, true},
    {"history", 1, OPTION_HISTORY, 0, 31622400, true},
    {"for", 1, OPTION_FOR, 0, 31622400, true},
    {"quiet", 0, OPTION_QUIET, 1, 0, false},
    {"help", 0, OPTION_HELP, 1, 0, false},
    {"version", 0, OPTION_VERSION, 1, 0, false},
};
enum { ROWS = sizeof rows / sizeof *rows };

static bool parse_number(const struct option_row *row, const char *text, double *value)
{
    char *end;
    double parsed = strtod(text, &end);
    bool sound = *text != '\0' && *end == '\0' && parsed >= row->least &&
                 parsed <= row->most && (!row->whole || parsed == floor(parsed));
    if (!sound) {
        fprintf(stderr, "kogge-node: --%s %s: expected a %snumber from %.16g to %.16g\n",
                row->name, text, row->whole ? "whole " : "", row->least, row->most);
        return false;
    }
    *value = parsed;
    return true;
}

static bool copy_name(const char *option, const char *text, char to[STATION_NAME])
{
    if (strlen(text) >= STATION_NAME) {
        fprintf(stderr, "kogge-node: --%s: at most %d bytes\n", option, STATION_NAME - 1);
        return false;
    }
    snprintf(to, STATION_NAME, "%s", text);
    return true;
}

static bool take_text(struct options *o, int option, const char *text)
{
    switch (option) {
    case OPTION_BROKER:
        o->plan.broker = text;
        return true;
    case OPTION_CITY:
        return copy_name("city", text, o->one.city);
    case OPTION_DEVICE:
        return copy_name("device", text, o->one.device);
    case OPTION_STATIONS:
        o->stations = text;
        return true;
    case OPTION_QUIET:
        o->plan.quiet = true;
        return true;
    default:
        break;
    }
    if (!stations_parse_kind(text, &o->one.water.kind)) {
        fprintf(stderr, "kogge-node: --kind %s: expected coast, lake or river\n", text);
        return false;
    }
    return true;
}

static void take_number(struct options *o, int option, double value)
{
    switch (option) {
    case OPTION_SEED:
        o->one.water.seed = (uint64_t)value;
        break;
    case OPTION_HEIGHT:
        o->one.water.sensor_height_m = value;
        break;
    case OPTION_MEAN:
        o->one.water.mean_level_m = value;
        break;
    case OPTION_SALINITY:
        o->salinity_psu = value;
        break;
    case OPTION_INTERVAL:
        o->plan.sample_every_s = (int32_t)value;
        break;
    case OPTION_SEND:
        o->plan.send_every_s = (int32_t)value;
        break;
    case OPTION_HISTORY:
        o->plan.history_s = (int32_t)value;
        break;
    default:
        o->for_s = (int32_t)value;
        break;
    }
}

static bool options_are_whole(struct options *o)
{
    static const char scheme[] = "mqtt://";
    if (o->plan.broker == NULL ||
        strncmp(o->plan.broker, scheme, sizeof scheme - 1) != 0) {
        fprintf(
            stderr,
            "kogge-node: say --broker mqtt://HOST:PORT, as in mqtt://127.0.0.1:1883\n");
        return false;
    }
    if (o->stations == NULL && (o->one.city[0] == '\0' || o->one.device[0] == '\0')) {
        fprintf(stderr, "kogge-node: say --city and --device, or --stations FILE\n");
        return false;
    }
    if (o->plan.history_s / o->plan.sample_every_s > STATION_SLOTS_MAX) {
        fprintf(stderr,
                "kogge-node: --history %d at --interval %d are %d samples a station, at "
                "most %d\n",
                o->plan.history_s, o->plan.sample_every_s,
                o->plan.history_s / o->plan.sample_every_s, STATION_SLOTS_MAX);
        return false;
    }
    if (o->plan.send_every_s == 0) {
        o->plan.send_every_s = o->plan.sample_every_s;
    }
    o->one.water.salinity_psu = o->salinity_psu >= 0
                                    ? o->salinity_psu
                                    : stations_usual_salinity(o->one.water.kind);
    return true;
}

bool options_parse(int argc, char **argv, struct options *o)
{
    *o = (struct options){.plan = {.sample_every_s = 60},
                          .one = {.water = {.seed = 1, .sensor_height_m = 5}},
                          .salinity_psu = -1,
                          .for_s = -1};
    struct option table[ROWS + 1];
    memset(table, 0, sizeof table);
    for (int i = 0; i < ROWS; i++) {
        table[i] = (struct option){rows[i].name, rows[i].takes, NULL, rows[i].option};
    }
    int option;
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (option == OPTION_HELP || option == OPTION_VERSION) {
            fputs(option == OPTION_HELP ? help : "kogge-node " KOGGE_VERSION "\n",
                  stdout);
            exit(EXIT_SUCCESS);
        }
        if (option == '?') {
            return false; /* getopt has said it */
        }
        const struct option_row *row = &rows[option - OPTION_BROKER];
        double value;
        if (row->least > row->most) {
            if (!take_text(o, option, optarg)) {
                return false;
            }
        } else if (!parse_number(row, optarg, &value)) {
            return false;
        } else {
            take_number(o, option, value);
        }
    }
    if (optind < argc) {
        fprintf(stderr, "kogge-node: %s: nothing is expected behind the options\n",
                argv[optind]);
        return false;
    }
    return options_are_whole(o);
}
