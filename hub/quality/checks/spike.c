/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/checks/spike.h"

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
};
