/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/checks/time_gap.h"

#include "quality/reason.h"

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

static void say(const void *settings, const struct stretch *s, size_t i,
                enum quality flag, struct reason *r)
{
    const struct time_gap_settings *g = settings;
    if (flag == QUALITY_NOT_EVALUATED) {
        reason_put(r, "Weder davor noch danach steht eine Zeit der Reihe.",
                   "The series has no time before it, nor yet one behind.");
        return;
    }
    size_t later = i > 0 ? i : 1;
    int64_t step_us = s->time_us[later] - s->time_us[later - 1];
    const char *step = reason_seconds(r, (double)step_us / STRETCH_US_PER_S);
    const char *most = reason_seconds(r, trunc(g->fail_span * S_PER_H));
    const char *is = flag == QUALITY_FAIL
                         ? reason_word(r, "mehr als", "more than")
                         : reason_word(r, "nicht mehr als", "no more than");
    if (i > 0) {
        reason_put(r, "%s nach der Zeit davor (%s), %s %s.",
                   "%s after the time before it (%s), %s %s.", step,
                   reason_time(r, s, i - 1), is, most);
    } else {
        reason_put(
            r,
            "Davor steht keine Zeit (Beginn der Reihe, oder nach einer Pause); bis zur "
            "nächsten (%s) sind es %s, %s %s.",
            "No time stands before it (start of the series, or after a pause); to the "
            "next one (%s) it is %s, %s %s.",
            reason_time(r, s, 1), step, is, most);
    }
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
    .say = say,
};
