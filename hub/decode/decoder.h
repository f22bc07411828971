/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef DECODE_DECODER_H
#define DECODE_DECODER_H

/* What a format is (one file in formats/), and what it may call. Only files of decode see
 * this. A format finds where the values are, whose they are and when; reading them by the
 * sensor model is decode_read_values for JSON, decode_put_reading for all else. */

#include "decode/decode.h"

#include <jansson.h>

enum {
    DECODE_READINGS = 20000, /* most of one message */
    DECODE_DEPTH = 32,       /* most levels of values */
    DECODE_POINTER = 2048    /* most bytes of a pointer, NUL included */
};

/* A time that readings get. */
struct decode_time {
    int64_t us; /* CLOCK_NONE: unreadable */
    enum time_source source;
    const char *problem; /* why it can't be used, or NULL */
};

/* One message under work. */
struct decode_work {
    const struct message *m;
    const struct decode_rules *rules;
    struct arena *arena;
    struct diag *diag;
    struct decode_time time; /* of readings without their own */
    struct decoded out;      /* readings are on the heap until the end */
    size_t room;             /* of out.readings */
    json_t *document;        /* owned; ask decode_document */
    json_error_t json_error;
    bool parsed;
    bool full;   /* the arena had no room for a text */
    bool ranked; /* some reading's entry has a rank */
};

enum decode_sniff { SNIFF_NO, SNIFF_FALLBACK, SNIFF_LIKELY, SNIFF_SURE };

struct decoder {
    const char *name;
    /* How sure this format is that the message is its own; changes nothing but the
     * document that decode_document keeps. The surest is taken. */
    enum decode_sniff (*sniff)(struct decode_work *w);
    /* Puts all readings and sets device, session, counter and time. ERR_SYNTAX (diag is
     * set), ERR_FULL, ERR_MEMORY. */
    enum err (*decode)(struct decode_work *w);
};

extern const struct decoder *const decode_table[]; /* made by the build; NULL ends it */

/* The message as JSON, parsed once; borrowed. NULL: it is none. */
json_t *decode_document(struct decode_work *w);

/* The same; ERR_SYNTAX with line, column and sentence, or ERR_MEMORY. */
MUST_USE enum err decode_need_document(struct decode_work *w, json_t **out);

/* --- texts in the arena; a full arena sets w->full and gives "" --- */
const char *decode_keep(struct decode_work *w, const char *text);
const char *decode_join(struct decode_work *w, const char *a, const char *b);
/* "/" and name, escaped. */
const char *decode_pointer(struct decode_work *w, const char *name);
/* A sentence. */
const char *decode_say(struct decode_work *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- time --- */
/* The network server's time: becomes message_us and the time of readings without their
 * own. NULL, or before 1990: there is none. */
void decode_take_network_time(struct decode_work *w, json_t *text);
/* Judges us, relative to what source says, against the network time or the arrival. */
struct decode_time decode_judge_time(struct decode_work *w, int64_t us,
                                     enum time_source source);
/* value in the form of f to a time; value is not NULL. */
struct decode_time decode_read_time(struct decode_work *w, json_t *value,
                                    const struct time_field *f);
/* Seconds since 1970 to microseconds, rounded. False: outside the years 1 to 9999. */
bool decode_seconds(double seconds, int64_t *us);

/* --- one reading --- */
struct decode_value {
    enum { DECODE_NUMBER, DECODE_TEXT, DECODE_NULL, DECODE_OTHER } kind;
    double number;
    const char
        *text; /* of DECODE_TEXT; of DECODE_OTHER what it is ("true", "an array") */
};

struct decode_value decode_value_of(json_t *node);
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

/* --- values in JSON --- */
/* Node at pointer below from; NULL: not there. */
json_t *decode_find(json_t *from, const char *pointer);
/* Text at pointer; NULL: not there, empty or no text. Borrowed from the document. */
const char *decode_find_text(json_t *from, const char *pointer);

/* All readings of values, which stand at prefix in the message. device is in the arena.
 */
MUST_USE enum err decode_read_values(struct decode_work *w, json_t *values,
                                     const char *prefix, const char *device);

/* RSSI and SNR of the gateway in gateways with the highest RSSI. */
MUST_USE enum err decode_read_gateways(struct decode_work *w, json_t *gateways,
                                       const char *prefix, const char *device);

/* A frame counter, also as text; absent or unreadable is 0. */
int64_t decode_counter(json_t *value);

#endif
