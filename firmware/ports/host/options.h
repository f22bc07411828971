/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

/* The command line of kogge-node. */

#include "ports/host/station.h"

#include <stdbool.h>
#include <stdint.h>

struct options {
    struct station_plan plan;
    const char *stations; /* file, or NULL */
    struct station_setup one;
    double salinity_psu; /* -1: by kind */
    int32_t for_s;       /* -1: until a signal */
};

enum { EXIT_USAGE = 2 };

/* Texts are borrowed from argv. False: usage, said on stderr. Ends the program for --help
 * and --version. */
bool options_parse(int argc, char **argv, struct options *o);

#endif
