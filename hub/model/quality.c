/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/quality.h"

static const enum quality of_code[8] = {
    QUALITY_NONE, QUALITY_GOOD,    QUALITY_NOT_EVALUATED, QUALITY_SUSPECT,
    QUALITY_FAIL, QUALITY_MISSING, QUALITY_NONE,          QUALITY_NONE};

const char *time_source_text(enum time_source s)
{
    static const char *const texts[] = {"reading", "message", "arrival"};
    return texts[s];
}

quality_tests quality_tests_new(enum time_source s)
{
    return (quality_tests)s;
}

static int shift_of(int slot)
{
    return 2 + 3 * slot;
}

quality_tests quality_tests_set(quality_tests t, int slot, enum quality q)
{
    quality_tests code = q == QUALITY_MISSING ? 5 : (quality_tests)q;
    quality_tests mask = (quality_tests)7 << shift_of(slot);
    return (t & ~mask) | code << shift_of(slot);
}

enum quality quality_tests_get(quality_tests t, int slot)
{
    return of_code[t >> shift_of(slot) & 7];
}

enum time_source quality_tests_time_source(quality_tests t)
{
    return (enum time_source)(t & 3);
}

#define CORRECTED (UINT64_C(1) << (2 + 3 * QUALITY_TESTS))

quality_tests quality_tests_set_corrected(quality_tests t)
{
    return t | CORRECTED;
}

bool quality_tests_corrected(quality_tests t)
{
    return (t & CORRECTED) != 0;
}

enum quality quality_aggregate(quality_tests t)
{
    /* by code: none, good, not evaluated, suspect, fail, missing */
    static const int weight[8] = {0, 3, 2, 4, 5, 1, 0, 0};
    unsigned best = 0;
    enum quality manual = quality_tests_get(t, QUALITY_SLOT_MANUAL);
    if (manual != QUALITY_NONE) {
        return manual;
    }
    for (quality_tests rest = (t & (CORRECTED - 1)) >> 2; rest != 0; rest >>= 3) {
        unsigned code = rest & 7;
        best = weight[code] > weight[best] ? code : best;
    }
    return best == 0 ? QUALITY_NOT_EVALUATED : of_code[best];
}

const char *quality_text(enum quality q)
{
    switch (q) {
    case QUALITY_GOOD:
        return "1";
    case QUALITY_NOT_EVALUATED:
        return "2";
    case QUALITY_SUSPECT:
        return "3";
    case QUALITY_FAIL:
        return "4";
    case QUALITY_MISSING:
        return "9";
    case QUALITY_NONE:
        break;
    }
    return "";
}
