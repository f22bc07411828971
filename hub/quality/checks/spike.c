/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/checks/spike.h"

#include "quality/reason.h"

#include <math.h>

/* How far the middle one of three stands out; not finite: beyond what doubles hold, which
 * the reference takes for missing. */
static double height(int method, double before, double x, double behind)
{
    if (method == SPIKE_AVERAGE) {
        double middle = (before + behind) / 2;
        return isfinite(middle) ? fabs(x - middle) : (double)NAN;
    }
    double a = x - before, b = behind - x;
    if (a * b >= 0) {
        return 0;
    }
    double d = fmin(fabs(a), fabs(b));
    return isfinite(d) ? d : (double)NAN;
}

static bool above(double d, double threshold)
{
    return threshold != 0 && d > threshold; /* of NAN it is false */
}

enum quality spike_judge(const struct spike_settings *p, enum quality_mode mode,
                         const struct stretch *s, size_t i)
{
    (void)mode;
    if (stretch_is_missing(s, i)) {
        return QUALITY_MISSING;
    }
    if (i == 0 || i + 1 == s->count || stretch_is_missing(s, i - 1) ||
        stretch_is_missing(s, i + 1)) {
        return QUALITY_NOT_EVALUATED;
    }
    double d = height(p->method, s->value[i - 1], s->value[i], s->value[i + 1]);
    if (isnan(d)) {
        return QUALITY_NOT_EVALUATED;
    }
    if (above(d, p->fail_threshold)) {
        return QUALITY_FAIL;
    }
    return above(d, p->suspect_threshold) ? QUALITY_SUSPECT : QUALITY_GOOD;
}

static enum quality judge(const void *settings, enum quality_mode mode,
                          const struct stretch *s, size_t i)
{
    return spike_judge(settings, mode, s, i);
}

static void say_what_lacks(const struct stretch *s, size_t i, struct reason *r)
{
    if (i == 0) {
        reason_put(r,
                   "Davor steht kein Wert: Die Reihe beginnt hier, oder neu nach einer "
                   "Pause.",
                   "No value stands before it: the series begins here, or anew after a "
                   "pause.");
    } else if (i + 1 == s->count) {
        reason_put(
            r,
            "Der nächste Wert fehlt noch: Dies ist der neueste, oder der letzte vor "
            "einer Pause.",
            "There is no next value yet: this is the newest one, or the last before "
            "a pause.");
    } else if (stretch_is_missing(s, i - 1) || stretch_is_missing(s, i + 1)) {
        size_t missing = stretch_is_missing(s, i - 1) ? i - 1 : i + 1;
        reason_put(r, "Der Nachbarwert um %s fehlt.", "Its neighbour at %s is missing.",
                   reason_time(r, s, missing));
    } else {
        reason_put(r, "Die Zahlen sind zu groß, um mit ihnen zu rechnen.",
                   "The numbers are too large to reckon with.");
    }
}

static double threshold(double t)
{
    return t != 0 ? t : (double)NAN;
}

/* How far x stands out, and from what. */
static void say_height(const struct spike_settings *p, const struct stretch *s, size_t i,
                       enum quality flag, struct reason *r)
{
    const struct reason_limits limits = {.suspect = threshold(p->suspect_threshold),
                                         .fail = threshold(p->fail_threshold)};
    double before = s->value[i - 1], x = s->value[i], behind = s->value[i + 1];
    bool average = p->method == SPIKE_AVERAGE;
    bool above_them = average ? x >= (before + behind) / 2 : x > before;
    reason_put(
        r, "%s liegt %s %s %s (%s um %s, %s um %s); %s.",
        "%s lies %s %s %s (%s at %s, %s at %s); %s.", reason_amount(r, x),
        reason_computed(r, height(p->method, before, x, behind), &limits),
        above_them ? reason_word(r, "über", "above") : reason_word(r, "unter", "below"),
        average
            ? reason_word(r, "dem Mittel der Nachbarn", "the mean of its neighbours")
            : reason_word(r, "dem näheren der Nachbarn", "the nearer of its neighbours"),
        reason_number(r, before), reason_time(r, s, i - 1), reason_number(r, behind),
        reason_time(r, s, i + 1), reason_limit(r, flag, &limits));
}

static void say(const void *settings, const struct stretch *s, size_t i,
                enum quality flag, struct reason *r)
{
    const struct spike_settings *p = settings;
    if (flag == QUALITY_NOT_EVALUATED) {
        say_what_lacks(s, i, r);
    } else if (p->method == SPIKE_DIFFERENTIAL &&
               height(p->method, s->value[i - 1], s->value[i], s->value[i + 1]) == 0) {
        reason_put(r, "%s ragt nicht heraus: davor %s (%s), danach %s (%s).",
                   "%s does not stand out: %s before (%s), %s after (%s).",
                   reason_amount(r, s->value[i]), reason_number(r, s->value[i - 1]),
                   reason_time(r, s, i - 1), reason_number(r, s->value[i + 1]),
                   reason_time(r, s, i + 1));
    } else {
        say_height(p, s, i, flag, r);
    }
}

static enum err check(const void *settings, enum quality_mode mode, struct diag *d)
{
    const struct spike_settings *p = settings;
    bool reversed = p->fail_threshold != 0 && p->fail_threshold < p->suspect_threshold;
    return check_reversed(reversed, mode, d);
}

static unsigned needs(const void *settings, enum quality_mode mode)
{
    (void)settings;
    (void)mode;
    return CHECK_VALUES | CHECK_NEXT;
}

#define FIELD(name) .offset = offsetof(struct spike_settings, name)

static const struct argument arguments[] = {
    {"suspect_threshold", ARGUMENT_AMOUNT, FIELD(suspect_threshold),
     .standard = ARGUMENT_NO_STANDARD, .help = "stands out by more: 3; 0: off"},
    {"fail_threshold", ARGUMENT_AMOUNT, FIELD(fail_threshold),
     .standard = ARGUMENT_NO_STANDARD, .help = "stands out by more: 4; 0: off"},
    {"method", ARGUMENT_CHOICE, FIELD(method), .standard = SPIKE_AVERAGE,
     .help = "how it is measured", .choices = {"average", "differential"}},
    {0},
};

const struct check check_spike = {
    .name = "spike_test",
    .title = "Does one value stand out from the two beside it?",
    .arguments = arguments,
    .settings_size = sizeof(struct spike_settings),
    .check = check,
    .needs = needs,
    .judge = judge,
    .say = say,
};
