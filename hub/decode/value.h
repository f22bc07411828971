/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef DECODE_VALUE_H
#define DECODE_VALUE_H

/* One value to one reading, for formats that are not values in JSON, and for what reads
 * those. Only files of decode see this. */

#include "decode/decoder.h"

/* --- texts in the arena; a full arena sets w->full and gives "" --- */
const char *decode_keep(struct decode_work *w, const char *text);
const char *decode_join(struct decode_work *w, const char *a, const char *b);
/* "/" and name, escaped. */
const char *decode_pointer(struct decode_work *w, const char *name);
/* A sentence. */
const char *decode_say(struct decode_work *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- time --- */
/* Judges us, relative to what source says, against the network time or the arrival. */
struct decode_time decode_judge_time(struct decode_work *w, int64_t us,
                                     enum time_source source);
/* value in the form of f to a time; value is not NULL. */
struct decode_time decode_read_time(struct decode_work *w, const struct tree *value,
                                    const struct time_field *f);

/* --- one reading --- */
struct decode_value {
    enum { DECODE_NUMBER, DECODE_TEXT, DECODE_NULL, DECODE_OTHER } kind;
    double number;
    const char
        *text; /* of DECODE_TEXT; of DECODE_OTHER what it is ("true", "an array") */
};

struct decode_value decode_value_of(const struct tree *node);
/* The finite number that v is or spells. */
bool decode_value_number(const struct decode_value *v, double *number);

/* Whose readings they are. */
struct decode_scope {
    const char *device;               /* lives in the arena; "" if there is none */
    const struct sensor_model *model; /* NULL: not registered */
    struct decode_time time;
};

/* Where a reading stands. All texts live in the arena or longer. */
struct decode_slot {
    const char *field, *key;
    const char *unit; /* as received; NULL: none */
    const struct sensor_field *entry;
    enum quality device_flag;
    const char *scaled_unit; /* see struct reading */
    double scale;
    const char *problem;
    bool ignored; /* whatever the model says */
};

/* True if v makes a reading although no entry names it. */
bool decode_is_reading(const struct decode_scope *s, const struct decode_value *v);

/* Adds the reading of v, by its entry, or as one that the model does not name. ERR_FULL,
 * ERR_MEMORY. */
MUST_USE enum err decode_put_reading(struct decode_work *w, const struct decode_scope *s,
                                     const struct decode_slot *slot,
                                     const struct decode_value *v);

const struct sensor_model *decode_find_model(struct decode_work *w, const char *device);

/* The entry of key: if there are several, the one of unit. *problem is set if none can be
 * told. NULL: not named. */
const struct sensor_field *decode_find_entry(struct decode_work *w,
                                             const struct sensor_model *model,
                                             const char *key, const char *unit,
                                             const char **problem);

/* Of entries of one series at one time leaves the one of the lowest rank. */
MUST_USE enum err decode_apply_ranks(struct decode_work *w);

#endif
