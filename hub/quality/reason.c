/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/reason.h"

#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 6, DIGITS_MOST = 17 };

const char *reason_word(const struct reason *r, const char *german, const char *english)
{
    return r->language == LANGUAGE_DE ? german : english;
}

void reason_put(struct reason *r, const char *german, const char *english, ...)
{
    char whole[2 * REASON_PIECES * REASON_PIECE];
    va_list pieces;
    va_start(pieces, english);
    vsnprintf(whole, sizeof whole, r->language == LANGUAGE_DE ? german : english, pieces);
    va_end(pieces);
    text_copy(r->text, sizeof r->text, whole);
    r->used = 0;
}

/* Room for the next piece. */
static char *next_piece(struct reason *r)
{
    return r->pieces[r->used++ % REASON_PIECES];
}

static void point_to_comma(const struct reason *r, char *text)
{
    char *point = strchr(text, '.');
    if (point != NULL && r->language == LANGUAGE_DE) {
        *point = ',';
    }
}

/* "0.5 m", "0.5 m per second"; a unit that is only a 1 is not said. */
static const char *with_unit(struct reason *r, const char *number, bool a_second)
{
    char *to = next_piece(r);
    bool said = strcmp(r->unit, "1") != 0;
    snprintf(to, REASON_PIECE, "%.32s%s%.40s%s", number, said ? " " : "",
             said ? r->unit : "",
             a_second ? reason_word(r, " je Sekunde", " per second") : "");
    return to;
}

const char *reason_number(struct reason *r, double x)
{
    char *to = next_piece(r);
    number_format(x, to);
    point_to_comma(r, to);
    return to;
}

const char *reason_amount(struct reason *r, double x)
{
    return with_unit(r, reason_number(r, x), false);
}

const char *reason_count(struct reason *r, size_t count)
{
    char *to = next_piece(r);
    snprintf(to, REASON_PIECE, "%zu", count);
    return to;
}

const char *reason_seconds(struct reason *r, double s)
{
    char number[NUMBER_TEXT];
    char *to = next_piece(r);
    number_format(s, number);
    snprintf(to, REASON_PIECE, "%s s", number);
    point_to_comma(r, to);
    return to;
}

const char *reason_time(struct reason *r, const struct stretch *s, size_t i)
{
    char *to = next_piece(r);
    clock_format(s->time_us[i], to);
    return to;
}

/* a and b stand on the same side of limit, or on it; of NAN always. */
static bool same_side(double a, double b, double limit)
{
    return (a > limit) == (b > limit) && (a < limit) == (b < limit);
}

const char *reason_computed(struct reason *r, double x, const struct reason_limits *l)
{
    char *to = next_piece(r);
    double shown = (double)NAN;
    for (int digits = DIGITS; digits <= DIGITS_MOST; digits++) {
        snprintf(to, REASON_PIECE, "%.*g", digits, x);
        if (number_parse(to, &shown) && same_side(shown, x, l->suspect) &&
            same_side(shown, x, l->fail)) {
            break;
        }
    }
    point_to_comma(r, to);
    return with_unit(r, to, l->a_second);
}

const char *reason_below(struct reason *r, double limit)
{
    const char *amount = reason_amount(r, limit);
    char *to = next_piece(r);
    snprintf(to, REASON_PIECE, "%s %.64s", reason_word(r, "weniger als", "less than"),
             amount);
    return to;
}

/* What comes before the limit, and behind it. */
static void words_of_limit(const struct reason *r, enum quality flag, bool below,
                           const char **before, const char **behind)
{
    if (flag == QUALITY_GOOD) {
        *before =
            below ? reason_word(r, "ab", "no less than") : reason_word(r, "bis", "up to");
        *behind = reason_word(r, "ist es gut", "passes");
        return;
    }
    *before = below ? reason_word(r, "weniger als", "less than")
                    : reason_word(r, "mehr als", "more than");
    *behind = flag == QUALITY_FAIL ? reason_word(r, "gilt als falsch", "fails")
                                   : reason_word(r, "gilt als verdächtig", "is suspect");
}

const char *reason_limit(struct reason *r, enum quality flag,
                         const struct reason_limits *l)
{
    const char *before, *behind;
    double first = isnan(l->suspect) ? l->fail : l->suspect;
    double limit = flag == QUALITY_FAIL ? l->fail : first;
    if (isnan(limit)) {
        return reason_word(r, "eine Grenze ist nicht gesetzt", "no limit is set");
    }
    words_of_limit(r, flag, l->below, &before, &behind);
    const char *amount = with_unit(r, reason_number(r, limit), l->a_second);
    char *to = next_piece(r);
    snprintf(to, REASON_PIECE, "%s %.56s %s", before, amount, behind);
    return to;
}

void reason_say(struct reason *r, const struct check *check, const void *settings,
                const struct stretch *s, size_t i, enum quality flag)
{
    if (flag == QUALITY_MISSING) {
        reason_put(r, "Es gibt keinen Wert.", "There is no value.");
    } else if (check->say != NULL) {
        check->say(settings, s, i, flag, r);
    } else {
        reason_put(r, "Der Test hat nichts weiter dazu zu sagen.",
                   "The test has no more to say about it.");
    }
}
