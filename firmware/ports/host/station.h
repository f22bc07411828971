/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef HOST_STATION_H
#define HOST_STATION_H

/* One simulated station: its water, its node and its link. */

#include "node/node.h"
#include "ports/host/link.h"
#include "ports/host/simulation.h"

#include <stdbool.h>
#include <stdint.h>

enum { STATION_NAME = PACK_DEVICE_MAX + 1, STATION_SLOTS_MAX = 100000 };

struct station_setup {
    char city[STATION_NAME], device[STATION_NAME];
    struct simulation water;
};

struct station_plan {
    const char *broker;
    int32_t sample_every_s, send_every_s, history_s;
    bool quiet;
};

struct station {
    struct station_setup setup;
    struct node node;
    struct link link;
    struct sample *slots;
    char pack[4096];
    uint64_t sent; /* samples that the broker has */
    bool quiet, refused;
};

/* now_us is UTC. False: a sentence on stderr says why; close it also then. */
bool station_open(struct station *s, const struct station_setup *setup,
                  const struct station_plan *plan, int wake_fd, int64_t now_us);

/* Does what is due. utc_us and mono_us are now; returns the UTC time of the next step. */
int64_t station_step(struct station *s, int64_t utc_us, int64_t mono_us);

void station_close(struct station *s);

#endif
