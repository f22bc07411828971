/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/checks/density_inversion.h"

#include <math.h>

static bool is_missing(const struct stretch *s, size_t i)
{
    return stretch_is_missing(s, i) || !isfinite(s->z_m[i]);
}

/* How the density rises with depth from point k to the next. */
static double rise(const struct stretch *s, size_t k)
{
    double down = s->z_m[k + 1] - s->z_m[k];
    double sign = (double)((down > 0) - (down < 0));
    return sign * (s->value[k + 1] - s->value[k]);
}

enum quality density_inversion_judge(const struct density_inversion_settings *p,
                                     enum quality_mode mode, const struct stretch *s,
                                     size_t i)
{
    (void)mode;
    if (s->count < 2 || s->z_m == NULL) {
        return QUALITY_NOT_EVALUATED;
    }
    if (is_missing(s, i) || (i > 0 && is_missing(s, i - 1))) {
        return QUALITY_MISSING;
    }
    double least = i > 0 ? rise(s, i - 1) : (double)INFINITY;
    if (i + 1 < s->count && !is_missing(s, i + 1)) {
        least = fmin(least, rise(s, i));
    }
    if (least < p->fail_threshold) { /* of NAN it is false */
        return QUALITY_FAIL;
    }
    return least < p->suspect_threshold ? QUALITY_SUSPECT : QUALITY_GOOD;
}

static enum quality judge(const void *settings, enum quality_mode mode,
                          const struct stretch *s, size_t i)
{
    return density_inversion_judge(settings, mode, s, i);
}

static enum err check(const void *settings, enum quality_mode mode, struct diag *d)
{
    const struct density_inversion_settings *p = settings;
    return check_reversed(p->fail_threshold > p->suspect_threshold, mode, d);
}

static unsigned needs(const void *settings, enum quality_mode mode)
{
    (void)settings;
    (void)mode;
    return CHECK_VALUES | CHECK_DEPTHS | CHECK_NEXT;
}

#define FIELD(name) .offset = offsetof(struct density_inversion_settings, name)

static const struct argument arguments[] = {
    {"suspect_threshold", ARGUMENT_NUMBER, FIELD(suspect_threshold),
     .standard = ARGUMENT_NO_STANDARD, .help = "kg/m3; rises with depth by less: 3"},
    {"fail_threshold", ARGUMENT_NUMBER, FIELD(fail_threshold),
     .standard = ARGUMENT_NO_STANDARD, .help = "kg/m3; rises with depth by less: 4"},
    {0},
};

const struct check check_density_inversion = {
    .name = "density_inversion_test",
    .title = "Does denser water lie above lighter in a profile?",
    .arguments = arguments,
    .settings_size = sizeof(struct density_inversion_settings),
    .check = check,
    .needs = needs,
    .judge = judge,
};
