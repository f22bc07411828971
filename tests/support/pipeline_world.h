/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_PIPELINE_WORLD_H
#define SUPPORT_PIPELINE_WORLD_H

/* A data folder, a small configuration and the pipeline over them, for tests that feed
 * messages and look at what became of them. A failure ends the test.
 *
 * Cities luebeck and wismar, a station each. Devices: "ttn-1", "ttn-2" (luebeck, model
 * probe), "json-1" and "0102030405060708" (luebeck), "gauge-1" (wismar, model gauge),
 * "node-1" (wismar, senml), "foreign-1" (wismar, probe). Later also "late-1" (luebeck, at
 * the place of ttn-2) and the unit alias "grad X". Sources: luebeck-ttn, luebeck-a and
 * luebeck-b (json), wismar-gauge (number, topic "g/{device}/{field}"), wismar-senml,
 * wismar-keep (as wismar-gauge, takes retained), luebeck-chirp (chirpstack). */

#include "app/current.h"
#include "app/pipeline.h"
#include "store/inbox.h"
#include "store/report.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pipeline_variant {
    PIPELINE_FIRST,   /* as above */
    PIPELINE_LATER,   /* with what is registered late */
    PIPELINE_CHANGED, /* LATER, and the fields of model probe read another unit */
};

enum { WORLD_SOURCES = 7 };

struct pipeline_world {
    char folder[256], conf[256];
    struct inbox *inbox;
    int64_t connections[WORLD_SOURCES];
    struct current *current;
    struct pipeline *pipeline;
    enum pipeline_variant variant; /* of the configuration at open */
};

/* 2026-06-01T00:00:00Z: when the world opens; messages come later. */
#define WORLD_START_US INT64_C(1780272000000000)

/* One message to come; source: index of the list above. */
struct sent {
    char topic[64];
    char payload[480];
    int64_t arrival_us;
    int source;
    uint16_t packet_id;
    bool dup, retained;
};

extern const char *const world_sources[WORLD_SOURCES];

struct configuration *world_configuration(struct pipeline_world *w,
                                          enum pipeline_variant v);

void world_make(struct pipeline_world *w); /* folders; nothing open */
void world_open(struct pipeline_world *w); /* inbox, pipeline; as at a start */
/* Every source connects, as new ones do at their first start. */
void world_connect(struct pipeline_world *w);
void world_close(struct pipeline_world *w); /* a clean stop */
void world_remove(struct pipeline_world *w);

/* Makes, opens and connects. */
void world_begin(struct pipeline_world *w);

void world_put(struct pipeline_world *w, const struct sent *m);
void world_commit(struct pipeline_world *w);
void world_drain(struct pipeline_world *w);
void world_feed(struct pipeline_world *w, const struct sent *m); /* put, commit, drain */
int64_t world_reload(struct pipeline_world *w, enum pipeline_variant v);

/* The lines of dump; yours, free with free(). */
char *world_dump(const struct pipeline_world *w);

/* First number of the first row of a query on hub.db, or inbox.db; -1: no row. */
int64_t world_number(const struct pipeline_world *w, const char *sql);
int64_t world_inbox_number(const struct pipeline_world *w, const char *sql);

/* Sums of the books over all sources. */
struct world_books {
    int64_t fates[FATE_COUNT];
    int64_t outcomes[OUTCOME_COUNT];
    int64_t messages; /* sum of fates */
};
struct world_books world_books(const struct pipeline_world *w);

/* Counts messages, observations and conflicts anew and compares with the books, and asks
 * `kogge audit`. cursor: number of messages that must have been worked on. */
void world_audit(const struct pipeline_world *w, int64_t cursor);

/* What became of message id. */
enum fate world_fate(const struct pipeline_world *w, int64_t id);

/* The value that is held at (parameter, time) of any station, and its message; NAN and 0:
 * none. */
double world_held(const struct pipeline_world *w, const char *parameter, int64_t time_us,
                  int64_t *message);

/* Formats a message of source luebeck-ttn: device, own time, counter (below 0: an f_cnt
 * left out), network time (0: none), members of decoded_payload behind /at. */
struct sent world_ttn(const char *device, int64_t at_s, int counter, int64_t network_s,
                      const char *values);

#endif
