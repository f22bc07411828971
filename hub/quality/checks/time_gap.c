/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/checks/time_gap.h"

#include <math.h>

enum { S_PER_H = 3600 };

enum quality time_gap_judge(const struct time_gap_settings *g, enum quality_mode mode,
                            const struct stretch *s, size_t i)
{
    (void)mode;
    if (s->count < 2) {
        return QUALITY_NOT_EVALUATED;
    }
    size_t later = i > 0 ? i : 1;
    int64_t step_us = s->time_us[later] - s->time_us[later - 1];
    int64_t most_us = stretch_us(trunc(g->fail_span * S_PER_H));
    return step_us > most_us ? QUALITY_FAIL : QUALITY_GOOD;
}

static enum quality judge(const void *settings, enum quality_mode mode,
                          const struct stretch *s, size_t i)
{
    return time_gap_judge(settings, mode, s, i);
}

static enum err check(const void *settings, enum quality_mode mode, struct diag *d)
{
    const struct time_gap_settings *g = settings;
    if (trunc(g->fail_span * S_PER_H) > 0) {
        return ERR_OK;
    }
    diag_set_field(d, "fail_span");
    diag_set(d, "it is in hours, and this is less than a second");
    return mode == QUALITY_HUB ? ERR_RANGE : ERR_OK;
}

static unsigned needs(const void *settings, enum quality_mode mode)
{
    (void)settings;
    (void)mode;
    return CHECK_NEXT;
}

static const struct argument arguments[] = {
    {"fail_span", ARGUMENT_POSITIVE,
     .offset = offsetof(struct time_gap_settings, fail_span), .standard = 2,
     .help = "h; more since the point before: 4"},
    {0},
};

const struct check check_time_gap = {
    .name = "time_gap_test",
    .title = "Did the series fall silent before this point?",
    .arguments = arguments,
    .settings_size = sizeof(struct time_gap_settings),
    .check = check,
    .needs = needs,
    .judge = judge,
};
