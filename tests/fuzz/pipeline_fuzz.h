/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef FUZZ_PIPELINE_FUZZ_H
#define FUZZ_PIPELINE_FUZZ_H

/* A pipeline that is told, step by step, what comes: messages of any source, connections,
 * configurations, starts. The folder is in memory where the machine has one for that, and
 * is emptied for each run. */
#include "app/context.h"
#include "support/assert_close.h"
#include "support/audit_run.h"
#include "support/fixture.h"
#include "support/pipeline_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FUZZ_VARIANTS = PIPELINE_CHANGED + 1 };

/* Reads the three configurations' files once; then they only need to be parsed. */
static inline struct configuration *pipeline_fuzz_configuration(struct pipeline_world *w,
                                                                enum pipeline_variant v)
{
    static struct config_files *files[FUZZ_VARIANTS];
    struct configuration *c = NULL;
    struct config_faults faults = {0};
    struct diag d = {0};
    if (files[v] == NULL) {
        configuration_free(world_configuration(w, v)); /* writes them */
        if (config_files_read(w->conf, w->conf, &files[v], &d) != ERR_OK) {
            abort();
        }
    }
    if (config_parse(files[v], NULL, &c, &faults) != ERR_OK) {
        abort();
    }
    config_faults_fini(&faults);
    return c;
}

static inline void pipeline_fuzz_open(struct pipeline_world *w)
{
    struct diag d = {0};
    w->current = current_open(pipeline_fuzz_configuration(w, w->variant));
    if (inbox_open(w->folder, &w->inbox, &d) != ERR_OK ||
        pipeline_open(w->folder, w->inbox, w->current, &w->pipeline, &d) != ERR_OK) {
        abort();
    }
}

static struct pipeline_world pipeline_fuzz_world;

static inline void pipeline_fuzz_remove(void)
{
    fixture_remove(pipeline_fuzz_world.folder);
}

static inline struct pipeline_world *pipeline_fuzz_begin(void)
{
    struct pipeline_world *w = &pipeline_fuzz_world;
    if (w->folder[0] == '\0') {
        fixture_in_memory();
        world_make(w);
        atexit(pipeline_fuzz_remove);
    }
    w->variant = PIPELINE_FIRST;
    pipeline_fuzz_open(w);
    world_connect(w);
    return w;
}

static inline void pipeline_fuzz_put(struct pipeline_world *w, const uint8_t *line,
                                     size_t size, int second)
{
    static const char *const topics[] = {
        "v3/a/devices/ttn-1/up", "a/x", "b/x", "g/gauge-1/W", "s/node",
        "k/gauge-1/W",           "c/x"};
    uint64_t transaction = 0;
    int source = line[0] % WORLD_SOURCES;
    int said = size > 1 ? line[1] : 0;
    size_t head = size < 2 ? size : 2;
    const struct message m = {.topic = topics[source],
                              .payload = line + head,
                              .size = size - head,
                              .full_size = size - head + (said % 64 == 63 ? 1000000 : 0),
                              .arrival_us = WORLD_START_US + second * INT64_C(1000000),
                              .packet_id = (uint16_t)(said & 3),
                              .dup = (said & 4) != 0,
                              .retained = (said & 8) != 0};
    if (inbox_put(w->inbox, w->connections[source], &m, &transaction) != ERR_OK) {
        abort();
    }
}

static inline void pipeline_fuzz_drain(struct pipeline_world *w)
{
    world_commit(w);
    if (pipeline_drain(w->pipeline) != ERR_OK) {
        abort();
    }
}

/* '!': works off what came; '@': connects again; '$': the next configuration; '%': a new
 * start; anything else is a message, its first two bytes saying which. */
static inline void pipeline_fuzz_step(struct pipeline_world *w, const uint8_t *line,
                                      size_t size, int second)
{
    struct diag d = {0};
    int64_t again = 0;
    size_t source = size > 1 ? line[1] % WORLD_SOURCES : 0;
    switch (line[0]) {
    case '!':
        pipeline_fuzz_drain(w);
        break;
    case '@':
        if (inbox_connected(w->inbox, world_sources[source], size > 2,
                            WORLD_START_US + second * INT64_C(1000000),
                            &w->connections[source]) != ERR_OK) {
            abort();
        }
        break;
    case '$':
        w->variant = (enum pipeline_variant)((w->variant + 1) % FUZZ_VARIANTS);
        if (pipeline_reload(w->pipeline, pipeline_fuzz_configuration(w, w->variant),
                            &again, &d) != ERR_OK) {
            abort();
        }
        break;
    case '%':
        world_close(w);
        pipeline_fuzz_open(w);
        break;
    default:
        pipeline_fuzz_put(w, line, size, second);
    }
}

static inline void pipeline_fuzz_end(struct pipeline_world *w)
{
    static const char *const names[] = {"hub.db", "inbox.db"};
    char text[AUDIT_TEXT];
    pipeline_fuzz_drain(w);
    if (audit_run(w->folder, NULL, text) != EXIT_DONE) {
        fputs(text, stderr);
        abort();
    }
    world_close(w);
    for (size_t i = 0; i < 2; i++) {
        char path[300];
        snprintf(path, sizeof path, "%.250s/%s", w->folder, names[i]);
        unlink(path);
    }
}

#endif
