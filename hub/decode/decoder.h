/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef DECODE_DECODER_H
#define DECODE_DECODER_H

/* What a format is (one file in formats/), and what it may call. Only files of decode see
 * this. A format finds where the values are, whose they are and when; reading them by the
 * sensor model is decode_read_values for JSON, decode_put_reading (value.h) for all else.
 */

#include "decode/decode.h"
#include "decode/tree.h"

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
    struct decode_time time;     /* of readings without their own */
    struct decoded out;          /* readings are on the heap until the end */
    size_t room;                 /* of out.readings */
    struct arena *large;         /* of a document that arena is too small for, or NULL */
    const struct tree *document; /* ask decode_document */
    enum err document_err;       /* why there is none */
    struct diag document_diag;   /* and in words */
    bool parsed;
    bool full;   /* the arena had no room */
    bool ranked; /* some reading's entry has a rank */
};

enum decode_sniff { SNIFF_NO, SNIFF_FALLBACK, SNIFF_LIKELY, SNIFF_SURE };

struct decoder {
    const char *name;
    /* How sure this format is that the message is its own; keeps nothing but the
     * document. The surest is taken. */
    enum decode_sniff (*sniff)(struct decode_work *w);
    /* Puts all readings and sets device, session, counter and time. ERR_SYNTAX (diag is
     * set), ERR_FULL, ERR_MEMORY. */
    enum err (*decode)(struct decode_work *w);
};

extern const struct decoder *const decode_table[]; /* made by the build; NULL ends it */

/* Blank, tab or end of line, as around JSON. */
bool decode_is_blank(char c);

/* The message as JSON, parsed once; borrowed. NULL: it is none. */
const struct tree *decode_document(struct decode_work *w);

/* The same; ERR_SYNTAX with line, column and sentence, or ERR_MEMORY. */
MUST_USE enum err decode_need_document(struct decode_work *w, const struct tree **out);

/* The network server's time: becomes message_us and the time of readings without their
 * own. NULL, or before 1990: there is none. */
void decode_take_network_time(struct decode_work *w, const struct tree *text);

/* --- values in JSON --- */
/* Node at pointer below from; NULL: not there. */
const struct tree *decode_find(const struct tree *from, const char *pointer);
/* Text at pointer; NULL: not there, empty or no text. Borrowed from the document. */
const char *decode_find_text(const struct tree *from, const char *pointer);

/* All readings of values, which stand at prefix in the message. device is in the arena.
 */
MUST_USE enum err decode_read_values(struct decode_work *w, const struct tree *values,
                                     const char *prefix, const char *device);

/* RSSI and SNR of the gateway in gateways with the highest RSSI. */
MUST_USE enum err decode_read_gateways(struct decode_work *w, const struct tree *gateways,
                                       const char *prefix, const char *device);

/* A frame counter, also as text; absent or unreadable is 0. */
int64_t decode_counter(const struct tree *value);

#endif
