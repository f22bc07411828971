/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_JUDGE_H
#define APP_JUDGE_H

/* Flags of the tests that look at more than one value. They hang on nothing but what is
 * stored of the series: so any order, batching or restart leads to the same flags.
 *
 * Two ways lead there. Ahead: values that are newer than all of their series are judged
 * before they are stored, beside the few last points, which are remembered; then the one
 * that was newest so far is completed. Again: wherever else something changed, what
 * stands around it is read and judged anew. What is remembered is a cache, of a fixed
 * size for all series together, and changes no bit.
 *
 * While somebody works at the sensor none of these tests runs, and to the others the
 * value is missing: the flag "maintenance" of the point says so.
 *
 * A series begins anew after JUDGE_PAUSE_S without a point: so what a test looks at is
 * never far away. Threads: the batch's. */

#include "model/configuration.h"
#include "quality/quality.h"
#include "store/nearby.h"
#include "store/writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    JUDGE_PAUSE_S = 2 * 86400,
    JUDGE_TAILS = 4096,    /* series that are remembered, */
    JUDGE_REMEMBERED = 5,  /* with so many points each */
    JUDGE_POINTS = 400000, /* most in one window; of more the tests are not evaluated */
};

struct judge; /* opaque */

/* c outlives j; store is the one that is judged in, and gave the slots; NULL: only to say
 * reasons (reasons.h). */
MUST_USE enum err judge_open(struct store *store, const struct configuration *c,
                             const int slots[QUALITY_TESTS], struct judge **out);
void judge_close(struct judge *j); /* j may be NULL */

/* Nothing is remembered any more: after a roll-back. */
void judge_forget(struct judge *j);

/* One point on its way into the store. */
struct judge_point {
    int64_t time_us;
    double value;           /* NAN: missing */
    quality_tests tests;    /* of the tests that look at it alone */
    quality_tests together; /* out: with those of the others */
};

/* Judges points of one series, in order of time, ahead. *ahead: they are all newer than
 * what is stored, and together is set; else together is tests. */
MUST_USE enum err judge_ahead(struct judge *j, int32_t series, struct judge_point *points,
                              size_t count, bool *ahead);

/* They are stored as judged ahead: completes the point before them. *first_us becomes its
 * time, if it changed. */
MUST_USE enum err judge_stored(struct judge *j, int32_t series,
                               const struct judge_point *points, size_t count,
                               int64_t *first_us);

/* Something changed in [*first_us, *last_us]: judges all that hangs on it, and widens
 * both to what changed by that. */
MUST_USE enum err judge_again(struct judge *j, int32_t series, int64_t *first_us,
                              int64_t *last_us);

/* Something changed up to last_us, with the flags that go with it. */
void judge_changed(struct judge *j, int32_t series, int64_t last_us);

/* How far back tests of the series look; below 0: there are none. */
int64_t judge_reach_us(struct judge *j, int32_t series);

/* Flags without those of the tests that look at more than one value. */
quality_tests judge_alone(const struct judge *j, quality_tests tests);

#endif
