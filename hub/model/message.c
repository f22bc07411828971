/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/message.h"

const char *fate_text(enum fate f)
{
    static const char *const texts[FATE_COUNT] = {
        "waiting", "pending", "rejected", "conflict", "stored", "duplicate", "empty"};
    return texts[f];
}

const char *outcome_text(enum outcome o)
{
    static const char *const texts[OUTCOME_COUNT] = {
        "stored",   "duplicate", "conflict-held", "conflict-kept",
        "rejected", "pending",   "ignored"};
    return texts[o];
}

enum fate fate_of_outcomes(const int64_t counts[OUTCOME_COUNT])
{
    if (counts[OUTCOME_PENDING] > 0) {
        return FATE_PENDING;
    }
    if (counts[OUTCOME_REJECTED] > 0) {
        return FATE_REJECTED;
    }
    if (counts[OUTCOME_CONFLICT_HELD] > 0 || counts[OUTCOME_CONFLICT_KEPT] > 0) {
        return FATE_CONFLICT;
    }
    if (counts[OUTCOME_STORED] > 0) {
        return FATE_STORED;
    }
    return counts[OUTCOME_DUPLICATE] > 0 ? FATE_DUPLICATE : FATE_EMPTY;
}
