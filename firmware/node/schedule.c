/* SPDX-License-Identifier: EUPL-1.2 */
#include "node/schedule.h"

static int64_t interval_us(int32_t s)
{
    if (s < 1) {
        s = 1;
    } else if (s > SCHEDULE_INTERVAL_MAX_S) {
        s = SCHEDULE_INTERVAL_MAX_S;
    }
    return INT64_C(1000000) * s;
}

/* The last instant at or before now. */
static int64_t floor_to(int64_t now_us, int64_t every_us)
{
    int64_t over = now_us % every_us;
    return now_us - (over < 0 ? over + every_us : over);
}

static int64_t first_instant(int64_t now_us, int64_t every_us)
{
    int64_t floor_us = floor_to(now_us, every_us);
    return floor_us == now_us ? now_us : floor_us + every_us;
}

void schedule_init(struct schedule *s, int32_t sample_every_s, int32_t send_every_s,
                   int64_t now_us)
{
    s->sample_every_us = interval_us(sample_every_s);
    s->send_every_us = interval_us(send_every_s);
    s->next_sample_us = first_instant(now_us, s->sample_every_us);
    s->next_send_us = first_instant(now_us, s->send_every_us);
}

static bool due(int64_t *next_us, int64_t every_us, int64_t now_us, int64_t *at_us)
{
    if (now_us < *next_us - every_us) {
        *next_us = first_instant(now_us, every_us);
    }
    if (now_us < *next_us) {
        return false;
    }
    *at_us = floor_to(now_us, every_us);
    *next_us = *at_us + every_us;
    return true;
}

bool schedule_sample_due(struct schedule *s, int64_t now_us, int64_t *at_us)
{
    return due(&s->next_sample_us, s->sample_every_us, now_us, at_us);
}

bool schedule_send_due(struct schedule *s, int64_t now_us)
{
    int64_t at_us;
    return due(&s->next_send_us, s->send_every_us, now_us, &at_us);
}

int64_t schedule_next(const struct schedule *s)
{
    return s->next_sample_us < s->next_send_us ? s->next_sample_us : s->next_send_us;
}
