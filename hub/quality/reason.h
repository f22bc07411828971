/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_REASON_H
#define QUALITY_REASON_H

/* Why a value has the flag of a test, as a sentence with figures and unit. Each test says
 * its own (say of struct check); this is what they share. Numbers are written as the
 * language does, times in UTC. Pure. Threads: any, a struct reason has one owner. */

#include "quality/quality.h"

enum language { LANGUAGE_DE, LANGUAGE_EN, LANGUAGES };
enum { REASON_TEXT = 512, REASON_PIECES = 16, REASON_PIECE = 96 };

struct reason {
    enum language language;
    const char *unit;       /* of the series; borrowed */
    char text[REASON_TEXT]; /* the sentence */
    char pieces[REASON_PIECES][REASON_PIECE];
    size_t used;
};

/* The sentence is the one of the two that is asked for; both take the same texts. */
void reason_put(struct reason *r, const char *german, const char *english, ...)
    __attribute__((format(printf, 2, 4), format(printf, 3, 4)));

/* The one of the two. */
const char *reason_word(const struct reason *r, const char *german, const char *english);

/* Pieces of a sentence; borrowed until reason_put. A number as it is stored, without and
 * with unit; a count; a duration; the time of point i. */
const char *reason_number(struct reason *r, double x);
const char *reason_amount(struct reason *r, double x);
const char *reason_count(struct reason *r, size_t count);
const char *reason_seconds(struct reason *r, double s);
const char *reason_time(struct reason *r, const struct stretch *s, size_t i);

/* Where flags 3 and 4 begin; NAN: never. */
struct reason_limits {
    double suspect, fail;
    bool below;    /* what is less is flagged, else what is more */
    bool a_second; /* they are rates */
};

/* What was computed, rounded to six digits, or as many as it takes to stand on the right
 * side of the limits; with unit. */
const char *reason_computed(struct reason *r, double x, const struct reason_limits *l);

/* "more than 0.2 m fails": the limit that flag comes from. */
const char *reason_limit(struct reason *r, enum quality flag,
                         const struct reason_limits *l);

/* "less than 0.01 m". */
const char *reason_below(struct reason *r, double limit);

/* Says why point i has the flag, which is that of check_flag with these settings. */
void reason_say(struct reason *r, const struct check *check, const void *settings,
                const struct stretch *s, size_t i, enum quality flag);

#endif
