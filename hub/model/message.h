/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef MODEL_MESSAGE_H
#define MODEL_MESSAGE_H

/* What one PUBLISH carried, as the inbox keeps it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct message {
    int64_t id;          /* of the inbox, > 0, rising, never used twice */
    const char *source;  /* name of the source; borrowed */
    const char *topic;   /* UTF-8 */
    const void *payload; /* size bytes, borrowed; cut if larger than the ceiling */
    size_t size;         /* bytes in payload */
    size_t full_size; /* bytes as sent; > size: over the ceiling, only the start kept */
    int64_t arrival_us;
    int64_t session;    /* MQTT session number of the source, rising */
    int64_t connection; /* number of the connection, rising over all */
    uint16_t packet_id; /* 0: QoS 0 */
    bool dup, retained;
    bool imported;        /* rows of a file (format rows), not from a broker */
    bool after_reconnect; /* came within 10 s of a reconnect with session present */
};

/* Fate of a message and outcome of a reading. Order of fates: the lowest number of a
 * message's readings wins (waiting > pending > rejected > conflict > stored ...). */
enum fate {
    FATE_WAITING,
    FATE_PENDING,
    FATE_REJECTED,
    FATE_CONFLICT,
    FATE_STORED,
    FATE_DUPLICATE,
    FATE_EMPTY,
    FATE_COUNT
};

enum outcome {
    OUTCOME_STORED,
    OUTCOME_DUPLICATE,
    OUTCOME_CONFLICT_HELD,
    OUTCOME_CONFLICT_KEPT,
    OUTCOME_REJECTED,
    OUTCOME_PENDING,
    OUTCOME_IGNORED,
    OUTCOME_COUNT
};

const char *fate_text(enum fate f);       /* "waiting" ... */
const char *outcome_text(enum outcome o); /* "stored", "conflict-held" ... */

/* The fate that follows from counts of outcomes, by precedence; no reading: empty. */
enum fate fate_of_outcomes(const int64_t counts[OUTCOME_COUNT]);

#endif
