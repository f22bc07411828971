/* SPDX-License-Identifier: EUPL-1.2 */
#include "ingest/pace.h"

enum {
    DEBT_S = 4,         /* more is forgiven: the broker must not be left alone */
    CALM_US = 10000000, /* since reading was held back, until it no longer counts */
    WAIT_MOST_US = 5000000,
    WAIT_LEAST_US = 1000,
    SETTLE_US = 50000, /* within which messages come to light */
    SMALL = 64,        /* bytes of a message before one is known */
    SEEN_MOST = 1000,  /* messages that the mean remembers */
};

static double mean_bytes(const struct pace *p)
{
    double mean = p->seen_messages > 0 ? p->seen_bytes / p->seen_messages : SMALL;
    return mean > 1 ? mean : 1;
}

void pace_begin(struct pace *p, int64_t now_us)
{
    *p = (struct pace){.messages_per_s = p->messages_per_s,
                       .bytes_per_s = p->bytes_per_s,
                       .messages = (double)p->messages_per_s,
                       .bytes = (double)p->bytes_per_s,
                       .at_us = now_us,
                       .read_us = now_us};
}

static void add_tokens(double *tokens, int64_t per_s, double passed_s)
{
    double most = (double)per_s;
    double more = *tokens + most * passed_s;
    *tokens = more < most ? more : most;
}

static void take(double *tokens, int64_t per_s, double count)
{
    double least = -(double)per_s * DEBT_S;
    *tokens = *tokens - count > least ? *tokens - count : least;
}

/* All that was read is counted by now. */
static void settle(struct pace *p)
{
    p->messages += p->charged - p->counted;
    p->seen_bytes += p->read;
    p->seen_messages += p->counted;
    if (p->seen_messages > SEEN_MOST) {
        p->seen_bytes /= 2;
        p->seen_messages /= 2;
    }
    p->charged = p->counted = p->read = 0;
}

size_t pace_room(struct pace *p, int64_t now_us)
{
    if (p->messages_per_s == 0 && p->bytes_per_s == 0) {
        return SIZE_MAX;
    }
    if (now_us - p->read_us >= SETTLE_US) {
        settle(p);
    }
    double passed_s = (double)(now_us - p->at_us) / 1e6;
    add_tokens(&p->messages, p->messages_per_s, passed_s);
    add_tokens(&p->bytes, p->bytes_per_s, passed_s);
    p->at_us = now_us;
    double room = 1e9;
    if (p->messages_per_s > 0) {
        room = p->messages < 1 ? 0 : p->messages * mean_bytes(p);
    }
    if (p->bytes_per_s > 0 && p->bytes < room) {
        room = p->bytes;
    }
    /* once closed, it opens when the account is settled: small portions, one hard after
     * the other, would never be */
    bool unsettled = now_us - p->read_us < SETTLE_US;
    bool held = room < 1 || (p->closed && unsettled && p->messages_per_s > 0);
    p->closed = held;
    p->held_us = held ? now_us : p->held_us;
    p->held = held || (p->held && now_us - p->held_us < CALM_US);
    return held ? 0 : (size_t)room;
}

void pace_read(struct pace *p, size_t bytes, int64_t now_us)
{
    double messages = (double)bytes / mean_bytes(p);
    p->read += (double)bytes;
    p->charged += messages;
    p->read_us = now_us;
    take(&p->messages, p->messages_per_s, messages);
    take(&p->bytes, p->bytes_per_s, (double)bytes);
}

void pace_count(struct pace *p, int64_t messages)
{
    p->counted += (double)messages;
    if (p->counted > p->charged) {
        take(&p->messages, p->messages_per_s, p->counted - p->charged);
        p->charged = p->counted;
    }
}

static int64_t us_until(double tokens, int64_t per_s, double wanted)
{
    return per_s > 0 && tokens < wanted
               ? (int64_t)((wanted - tokens) / (double)per_s * 1e6) + 1
               : 0;
}

int64_t pace_wait_us(const struct pace *p, int64_t now_us)
{
    int64_t by_messages = us_until(p->messages, p->messages_per_s, 1);
    int64_t by_bytes = us_until(p->bytes, p->bytes_per_s, 1);
    int64_t settled_us = p->read_us + SETTLE_US - now_us;
    int64_t wait_us = p->held_us + CALM_US - now_us;
    if (p->closed && p->messages_per_s > 0 && settled_us > 0) {
        wait_us = settled_us; /* some of it may come back then */
    } else if (p->closed) {
        wait_us = by_messages > by_bytes ? by_messages : by_bytes;
    }
    wait_us = wait_us < WAIT_MOST_US ? wait_us : WAIT_MOST_US;
    return wait_us > WAIT_LEAST_US ? wait_us : WAIT_LEAST_US;
}
