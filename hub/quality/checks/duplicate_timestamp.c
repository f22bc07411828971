/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/checks/duplicate_timestamp.h"

#include "quality/reason.h"

/* Index of the first time in rising_us that is not before time_us. */
static size_t find(const struct stretch *s, int64_t time_us)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->rising_us[middle] < time_us) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

enum quality duplicate_timestamp_judge(enum quality_mode mode, const struct stretch *s,
                                       size_t i)
{
    (void)mode;
    const int64_t *t = s->rising_us != NULL ? s->rising_us : s->time_us;
    size_t at = s->rising_us != NULL ? find(s, s->time_us[i]) : i;
    bool twice = (at > 0 && t[at - 1] == t[at]) || /* only where at is i */
                 (at + 1 < s->count && t[at + 1] == t[at]);
    return twice ? QUALITY_SUSPECT : QUALITY_GOOD;
}

static enum quality judge(const void *settings, enum quality_mode mode,
                          const struct stretch *s, size_t i)
{
    (void)settings;
    return duplicate_timestamp_judge(mode, s, i);
}

static void say(const void *settings, const struct stretch *s, size_t i,
                enum quality flag, struct reason *r)
{
    (void)settings;
    if (flag == QUALITY_SUSPECT) {
        reason_put(r, "%s steht mehr als einmal in der Reihe.",
                   "%s stands in the series more than once.", reason_time(r, s, i));
    } else {
        reason_put(r, "%s steht nur einmal in der Reihe.",
                   "%s stands in the series only once.", reason_time(r, s, i));
    }
}

static unsigned needs(const void *settings, enum quality_mode mode)
{
    (void)settings;
    (void)mode;
    return CHECK_NEXT;
}

static const struct argument arguments[] = {{0}};

const struct check check_duplicate_timestamp = {
    .name = "duplicate_timestamp_test",
    .title = "Do two points claim the same time?",
    .arguments = arguments,
    .settings_size = 0,
    .needs = needs,
    .judge = judge,
    .say = say,
};
