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
    int max_readings; /* of one message; 0: 20,000 */
    /* The model of a device, or NULL if it is not registered. */
    const struct sensor_model *(*find_model)(void *arg, const char *device);
    void *arg;
    /* True if both texts name one unit; of entries with one field it finds the one that a
     * reading means. NULL: texts must be equal. Called with unit_arg. */
    bool (*same_unit)(void *unit_arg, const char *x, const char *y);
    void *unit_arg;
    /* What RSSI (dBm) and SNR (dB) of the best gateway are; NULL: those are ignored. */
    const struct sensor_field *rssi, *snr;
};

/* Decodes one message. out and all that hangs on it lives in a, a fixed arena; a message
 * that needs more than a has left is ERR_FULL. No reading is dropped: those that can't be
 * used carry their problem, those that the model does not name are marked ignored.
 * ERR_SYNTAX (diag says what and where), ERR_RANGE (a limit of ours), ERR_UNKNOWN (no
 * format takes it): REJECT. ERR_MEMORY: RETRY.
 */
MUST_USE enum err decode_message(const struct message *m,
                                 const struct decode_rules *rules, struct arena *a,
                                 struct decoded *out, struct diag *d);

/* Matches topic against a pattern with {device} and {field}, each standing for one level
 * or a part of one (at least one character; of two in one level the first is as short as
 * it can be); "+" for any one level, "#" at the end for any rest. Copies go to a. False:
 * no match, or a is full. */
struct topic_parts {
    const char *device, *field; /* NULL: the pattern has none */
};
MUST_USE bool decode_topic(const char *pattern, const char *topic, struct arena *a,
                           struct topic_parts *out);

/* A sound pattern: at most one of each placeholder, text between two of one level, no
 * empty level, no other braces, "+" and "#" only as whole levels, "#" only at the end. */
bool decode_topic_is_sound(const char *pattern);

/* Names of all formats, "auto" last, for checks of configuration. */
const char *const *decode_format_names(size_t *count);

#endif
