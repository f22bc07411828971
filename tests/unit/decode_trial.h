/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef UNIT_DECODE_TRIAL_H
#define UNIT_DECODE_TRIAL_H

/* One message through decode, for the tests of decode. Arrives 2026-11-20T12:00:00Z. */

#include "base/clock.h"
#include "decode/decode.h"
#include "support/assert_close.h"

#include <stdio.h>
#include <string.h>

#define TRIAL_ARRIVAL_US (INT64_C(1795176000) * CLOCK_US_PER_S)

struct trial {
    struct message m;
    struct decode_rules rules;
    const struct sensor_model *model; /* of every device but "stranger" */
    struct arena *arena;
    struct decoded out;
    struct diag diag;
};

static inline const struct sensor_model *trial_find(void *arg, const char *device)
{
    const struct trial *t = arg;
    return strcmp(device, "stranger") == 0 ? NULL : t->model;
}

static inline enum err trial_run_bytes(struct trial *t, const void *bytes, size_t size)
{
    if (t->arena == NULL) {
        t->arena = arena_open(16 << 20);
        assert_non_null(t->arena);
    }
    arena_reset(t->arena);
    t->m.topic = t->m.topic != NULL ? t->m.topic : "city/buoy7/up";
    t->m.payload = bytes;
    t->m.size = size;
    t->m.full_size = size;
    t->m.arrival_us = TRIAL_ARRIVAL_US;
    t->rules.format = t->rules.format != NULL ? t->rules.format : "auto";
    t->rules.find_model = trial_find;
    t->rules.arg = t;
    t->diag = (struct diag){0};
    return decode_message(&t->m, &t->rules, t->arena, &t->out, &t->diag);
}

static inline enum err trial_run(struct trial *t, const char *payload)
{
    return trial_run_bytes(t, payload, strlen(payload));
}

/* The only reading with this field; fails if there is none. */
static inline const struct reading *trial_get(const struct trial *t, const char *field)
{
    const struct reading *found = NULL;
    for (size_t i = 0; i < t->out.count; i++) {
        if (strcmp(t->out.readings[i].field, field) == 0) {
            assert_null(found);
            found = &t->out.readings[i];
        }
    }
    if (found == NULL) {
        fail_msg("no reading at %s", field);
    }
    return found;
}

static inline void trial_end(struct trial *t)
{
    arena_close(t->arena);
    t->arena = NULL;
}

#endif
