/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/checks/rate_of_change.h"

#include "quality/reason.h"

#include <float.h>
#include <math.h>

/* Rounded down, so -1.9 s is -2. */
static int64_t whole_seconds(int64_t us)
{
    return us / STRETCH_US_PER_S - (us % STRETCH_US_PER_S < 0);
}

/* As numpy divides masked arrays: by what is next to nothing it does not divide. */
static double rate(double change, double dt_s)
{
    return fabs(fabs(change) * DBL_MIN >= fabs(dt_s) ? change : change / dt_s);
}

enum quality rate_of_change_judge(const struct rate_of_change_settings *r,
                                  enum quality_mode mode, const struct stretch *s,
                                  size_t i)
{
    if (stretch_is_missing(s, i)) {
        return QUALITY_MISSING;
    }
    if (i == 0) {
        return QUALITY_GOOD;
    }
    int64_t dt_s = whole_seconds(s->time_us[i] - s->time_us[i - 1]);
    if (mode == QUALITY_HUB && (dt_s == 0 || stretch_is_missing(s, i - 1))) {
        return QUALITY_NOT_EVALUATED;
    }
    /* NAN after a missing value, which is above no threshold */
    double found = rate(s->value[i] - s->value[i - 1], (double)dt_s);
    if (found > r->fail_threshold) { /* of NAN it is false */
        return QUALITY_FAIL;
    }
    return found > r->threshold ? QUALITY_SUSPECT : QUALITY_GOOD;
}

static enum quality judge(const void *settings, enum quality_mode mode,
                          const struct stretch *s, size_t i)
{
    return rate_of_change_judge(settings, mode, s, i);
}

static void say(const void *settings, const struct stretch *s, size_t i,
                enum quality flag, struct reason *r)
{
    const struct rate_of_change_settings *c = settings;
    const struct reason_limits limits = {
        .suspect = c->threshold, .fail = c->fail_threshold, .a_second = true};
    if (i == 0) {
        reason_put(
            r,
            "Davor steht kein Wert (Beginn der Reihe, oder nach einer Pause); das gilt "
            "als gut.",
            "No value stands before it (start of the series, or after a pause), which "
            "passes.");
        return;
    }
    int64_t dt_s = whole_seconds(s->time_us[i] - s->time_us[i - 1]);
    if (stretch_is_missing(s, i - 1)) {
        reason_put(r, "Der Wert davor (%s) fehlt.",
                   "The value before it (%s) is missing.", reason_time(r, s, i - 1));
    } else if (dt_s == 0) {
        reason_put(r, "Seit dem Wert davor (%s) ist keine ganze Sekunde vergangen.",
                   "No whole second has passed since the value before it (%s).",
                   reason_time(r, s, i - 1));
    } else {
        double change = s->value[i] - s->value[i - 1];
        reason_put(r, "%s nach %s (%s) in %s: %s; %s.", "%s after %s (%s) in %s: %s; %s.",
                   reason_amount(r, s->value[i]), reason_number(r, s->value[i - 1]),
                   reason_time(r, s, i - 1), reason_seconds(r, (double)dt_s),
                   reason_computed(r, rate(change, (double)dt_s), &limits),
                   reason_limit(r, flag, &limits));
    }
}

static enum err check(const void *settings, enum quality_mode mode, struct diag *d)
{
    const struct rate_of_change_settings *r = settings;
    return check_reversed(r->fail_threshold < r->threshold, mode, d);
}

static unsigned needs(const void *settings, enum quality_mode mode)
{
    (void)settings;
    (void)mode;
    return CHECK_VALUES;
}

#define FIELD(name) .offset = offsetof(struct rate_of_change_settings, name)

static const struct argument arguments[] = {
    {"threshold", ARGUMENT_AMOUNT, FIELD(threshold), .required = true,
     .standard = ARGUMENT_NO_STANDARD, .help = "a second; changes faster: 3"},
    {"fail_threshold", ARGUMENT_AMOUNT, FIELD(fail_threshold),
     .standard = ARGUMENT_NO_STANDARD, .help = "a second; changes faster: 4"},
    {0},
};

const struct check check_rate_of_change = {
    .name = "rate_of_change_test",
    .title = "Did the value change faster than water can?",
    .arguments = arguments,
    .settings_size = sizeof(struct rate_of_change_settings),
    .check = check,
    .needs = needs,
    .judge = judge,
    .say = say,
};
