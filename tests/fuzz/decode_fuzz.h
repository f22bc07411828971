/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef FUZZ_DECODE_FUZZ_H
#define FUZZ_DECODE_FUZZ_H

/* One message through one format, by a model that uses everything a model can say. Aborts
 * if what comes out breaks a promise of model/reading.h. */

#include "decode/decode.h"
#include "decode/rows.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static const struct parameter fuzz_parameter = {.id = "water_temperature", .unit = "%"};
static const struct span fuzz_sentinels[] = {{-127, -127}, {85, 90}};
static const char *const fuzz_good[] = {"ok", "1"};
static const struct sensor_field fuzz_fields[] = {
    {.field = "/temp",
     .parameter = &fuzz_parameter,
     .unit = "degC",
     .rank = 1,
     .sentinels = fuzz_sentinels,
     .sentinel_count = 2},
    {.field = "/ec/value",
     .unit_field = "/ec/unit",
     .parameter = &fuzz_parameter,
     .rank = 2},
    {.field = "/dist (mm)",
     .quantity = QUANTITY_DISTANCE,
     .status = {"/tilt", fuzz_good, 2, QUALITY_FAIL}},
    {.field = "/", .parameter = &fuzz_parameter, .unit = "%RH"},
    {.field = "/", .parameter = &fuzz_parameter, .unit = "Cel"},
    {.field = "/:temp", .parameter = &fuzz_parameter, .unit = "Cel", .rank = 3},
    {.field = "/0/a~1b~0", .unit = "V"}};
static const struct sensor_model fuzz_model = {
    .fields = fuzz_fields,
    .field_count = sizeof fuzz_fields / sizeof *fuzz_fields,
    .time = {.field = "/at", .form = TIME_FORM_RFC3339},
    .records = {.field = "/history", .time = {.field = "/ts", .form = TIME_FORM_UNIX_S}},
    .pairs = {.field = "/list", .key = "/name", .value = "/value", .unit = "/unit"},
    .status = {.field = "/state",
               .good = fuzz_good,
               .good_count = 2,
               .otherwise = QUALITY_FAIL}};

static inline const struct sensor_model *fuzz_find(void *arg, const char *device)
{
    (void)arg;
    return device[0] == 's' ? NULL : &fuzz_model;
}

static inline void fuzz_check(const struct decoded *d)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct reading *r = &d->readings[i];
        bool whole = r->device != NULL && r->field != NULL && r->key != NULL &&
                     r->index == (int)i && (r->kind == VALUE_TEXT) == (r->text != NULL) &&
                     (r->kind != VALUE_NUMBER || isfinite(r->value)) &&
                     (r->kind != VALUE_TEXT || r->ignored || r->problem != NULL);
        if (!whole) {
            abort();
        }
    }
}

/* Decodes data and gives what came of it. */
static inline enum err fuzz_message(const char *format, const char *topic,
                                    const uint8_t *data, size_t size)
{
    struct message m = {.topic = "pegel/buoy7/temp",
                        .payload = data,
                        .size = size,
                        .full_size = size,
                        .arrival_us = INT64_C(1795176000000000)};
    struct decode_rules rules = {.format = format,
                                 .topic = topic,
                                 .device = "/device_id",
                                 .find_model = fuzz_find};
    struct arena *a = arena_open(1 << 20);
    struct decoded out;
    struct diag d = {0};
    enum err err = decode_message(&m, &rules, a, &out, &d);
    if (err == ERR_OK) {
        fuzz_check(&out);
    } else if (d.text[0] == '\0' && err != ERR_MEMORY) {
        abort();
    }
    arena_close(a);
    return err;
}

static inline int fuzz_decode(const char *format, const char *topic, const uint8_t *data,
                              size_t size)
{
    (void)fuzz_message(format, topic, data, size);
    return 0;
}

/* A message of rows is as large as it may be at most, and is never refused. */
static inline void fuzz_take_rows(struct rows *r)
{
    const char *payload = NULL;
    size_t size = 0;
    int64_t count = 0;
    if (rows_take_message(r, &payload, &size, &count) == ERR_OK && count > 0 &&
        (size > ROWS_MESSAGE_BYTES ||
         fuzz_message("rows", NULL, (const uint8_t *)payload, size) == ERR_SYNTAX)) {
        abort();
    }
}

#endif
