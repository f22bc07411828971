/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef DECODE_DECODE_H
#define DECODE_DECODE_H

/* Bytes of one message to readings. Pure: no clock, file or global. Threads: any, each
 * with its own arena. Rules of every format: the header comment of its file in formats/.
 */

#include "base/arena.h"
#include "base/diag.h"
#include "base/err.h"
#include "model/message.h"
#include "model/reading.h"
#include "model/sensor.h"

#include <stdbool.h>
#include <stddef.h>

/* What decode must know beyond the bytes. */
struct decode_rules {
    const char *format; /* name of a decoder, or "auto" */
    const char *topic;  /* pattern of the source, NULL: none */
    const char *device; /* pointer to the device id in the document, NULL: none */
    bool take_retained;
    /* The model of a device, or NULL if it is not registered. */
    const struct sensor_model *(*find_model)(void *arg, const char *device);
    void *arg;
};

/* Decodes one message. out and all that hangs on it lives in a; a message that needs more
 * than a has left is ERR_FULL. No reading is dropped: those that can't be used carry
 * their problem, those that the model does not name are marked ignored. ERR_SYNTAX (diag
 * says what and where), ERR_FULL, ERR_UNKNOWN (no format takes it): REJECT.
 */
MUST_USE enum err decode_message(const struct message *m,
                                 const struct decode_rules *rules, struct arena *a,
                                 struct decoded *out, struct diag *d);

/* Matches topic against a pattern with {device} and {field}, each standing for one level
 * or a part of one; "#" at the end for any rest. Copies go to a. False: no match. */
struct topic_parts {
    const char *device, *field; /* NULL: the pattern has none */
};
MUST_USE bool decode_topic(const char *pattern, const char *topic, struct arena *a,
                           struct topic_parts *out);

/* A sound pattern: at most one of each placeholder, no empty level, no other braces. */
bool decode_topic_is_sound(const char *pattern);

/* Names of all formats, "auto" last, for checks of configuration. */
const char *const *decode_format_names(size_t *count);

#endif
