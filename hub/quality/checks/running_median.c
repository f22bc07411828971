/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/checks/running_median.h"

#include "quality/reason.h"

#include <math.h>

/* The median is found without sorting or copying, in Torben Mogensen's way: a guess
 * halves the range that it must lie in, and the ends of the range go on to values that
 * there are.
 */
struct side {
    size_t count; /* valid values of at most the guess */
    double below; /* the largest of them */
    double above; /* the smallest of the others */
};

static struct side split(const double *x, size_t count, double guess)
{
    struct side side = {0, -(double)INFINITY, (double)INFINITY};
    for (size_t k = 0; k < count; k++) {
        if (!isfinite(x[k])) {
            continue;
        }
        if (x[k] <= guess) {
            side.count++;
            side.below = x[k] > side.below ? x[k] : side.below;
        } else {
            side.above = x[k] < side.above ? x[k] : side.above;
        }
    }
    return side;
}

/* Halfway, but below high: so each step comes nearer. */
static double between(double low, double high)
{
    double guess = low / 2 + high / 2;
    return guess >= low && guess < high ? guess : low;
}

/* Of valid > 0 values among count. */
static double median_of(const double *x, size_t count, size_t valid)
{
    size_t rank = (valid + 1) / 2; /* of the lower one in the middle, from 1 */
    double low = split(x, count, -(double)INFINITY).above;
    double high = split(x, count, (double)INFINITY).below;
    while (low < high) {
        struct side side = split(x, count, between(low, high));
        if (side.count >= rank) {
            high = side.below;
        } else {
            low = side.above;
        }
    }
    struct side side = split(x, count, low);
    double upper = valid % 2 == 0 && side.count == rank ? side.above : low;
    return low / 2 + upper / 2;
}

double running_median(const struct running_median_settings *r, const struct stretch *s,
                      size_t i)
{
    size_t first = stretch_first(s, i, r->test_period);
    const double *x = s->value + first;
    size_t count = i + 1 - first;
    size_t valid = split(x, count, (double)INFINITY).count;
    return valid == 0 || (double)valid < r->min_obs ? (double)NAN
                                                    : median_of(x, count, valid);
}

enum quality running_median_judge(const struct running_median_settings *r,
                                  const struct stretch *s, size_t i)
{
    if (stretch_is_missing(s, i)) {
        return QUALITY_MISSING;
    }
    if (s->open && s->time_us[0] > s->time_us[i] - stretch_us(r->test_period)) {
        return QUALITY_NONE;
    }
    double m = running_median(r, s, i);
    if (isnan(m)) {
        return QUALITY_NOT_EVALUATED;
    }
    double distance = fabs(s->value[i] - m); /* more than NAN: false */
    if (distance > r->fail_threshold) {
        return QUALITY_FAIL;
    }
    return distance > r->suspect_threshold || span_excludes(&r->suspect_span, m)
               ? QUALITY_SUSPECT
               : QUALITY_GOOD;
}

static enum quality judge(const void *settings, enum quality_mode mode,
                          const struct stretch *s, size_t i)
{
    (void)mode;
    return running_median_judge(settings, s, i);
}

static void say(const void *settings, const struct stretch *s, size_t i,
                enum quality flag, struct reason *r)
{
    const struct running_median_settings *m = settings;
    const struct reason_limits limits = {.suspect = m->suspect_threshold,
                                         .fail = m->fail_threshold};
    const char *period = reason_seconds(r, m->test_period);
    double median = running_median(m, s, i);
    double distance = fabs(s->value[i] - median);
    if (flag == QUALITY_NOT_EVALUATED) {
        reason_put(r, "In den letzten %s stehen weniger als %s Werte.",
                   "The last %s hold fewer than %s values.", period,
                   reason_number(r, m->min_obs));
    } else if (flag == QUALITY_SUSPECT && !(distance > m->suspect_threshold)) {
        reason_put(r, "Der Median der letzten %s, %s, liegt außerhalb von %s bis %s.",
                   "The median of the last %s, %s, lies outside of %s to %s.", period,
                   reason_amount(r, median), reason_number(r, m->suspect_span.low),
                   reason_amount(r, m->suspect_span.high));
    } else {
        reason_put(r, "%s liegt %s neben dem Median der letzten %s, %s; %s.",
                   "%s lies %s from the median of the last %s, %s; %s.",
                   reason_amount(r, s->value[i]), reason_computed(r, distance, &limits),
                   period, reason_amount(r, median), reason_limit(r, flag, &limits));
    }
}

static enum err check(const void *settings, enum quality_mode mode, struct diag *d)
{
    const struct running_median_settings *r = settings;
    if (!span_is_set(&r->suspect_span) && isnan(r->suspect_threshold) &&
        isnan(r->fail_threshold)) {
        diag_set(d, "it flags nothing: give suspect_span or a threshold");
        return ERR_RANGE;
    }
    return check_reversed(r->fail_threshold < r->suspect_threshold, mode, d);
}

static unsigned needs(const void *settings, enum quality_mode mode)
{
    (void)settings;
    (void)mode;
    return CHECK_VALUES | CHECK_ORDER;
}

static int64_t reach(const void *settings, enum quality_mode mode, int64_t interval_s)
{
    const struct running_median_settings *r = settings;
    (void)mode;
    (void)interval_s;
    return stretch_us(r->test_period);
}

#define FIELD(name) .offset = offsetof(struct running_median_settings, name)

static const struct argument arguments[] = {
    {"test_period", ARGUMENT_POSITIVE, FIELD(test_period), .required = true,
     .standard = ARGUMENT_NO_STANDARD, .help = "s, the window of the median"},
    {"min_obs", ARGUMENT_COUNT, FIELD(min_obs), .required = true,
     .standard = ARGUMENT_NO_STANDARD, .help = "values that the window must hold"},
    {"suspect_span", ARGUMENT_SPAN, FIELD(suspect_span), .help = "median outside: 3"},
    {"suspect_threshold", ARGUMENT_AMOUNT, FIELD(suspect_threshold),
     .standard = ARGUMENT_NO_STANDARD, .help = "farther from the median: 3"},
    {"fail_threshold", ARGUMENT_AMOUNT, FIELD(fail_threshold),
     .standard = ARGUMENT_NO_STANDARD, .help = "farther from the median: 4"},
    {0},
};

const struct check check_running_median = {
    .name = "running_median_test",
    .title = "Does a value, or do hours of them, lie where this water hardly is?",
    .arguments = arguments,
    .settings_size = sizeof(struct running_median_settings),
    .ours = true,
    .check = check,
    .needs = needs,
    .judge = judge,
    .say = say,
    .reach = reach,
};
