/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef NODE_SCHEDULE_H
#define NODE_SCHEDULE_H

/* When to sample and when to send. Time is an argument. All instants are multiples of the
 * interval since 1970, so that stations of one interval measure together. */

#include <stdbool.h>
#include <stdint.h>

struct schedule {
    int64_t sample_every_us, send_every_us;
    int64_t next_sample_us, next_send_us;
};

enum { SCHEDULE_INTERVAL_MAX_S = 86400 };

/* Intervals in seconds, 1 to a day; others are set to the nearest of these. The first
 * instants are the first ones at or after now. */
void schedule_init(struct schedule *s, int32_t sample_every_s, int32_t send_every_s,
                   int64_t now_us);

/* True, once for each instant, when it is due; at_us is then the instant. Instants that
 * passed unseen are not made up for. A clock that was set back by more than one interval
 * starts anew from there. */
bool schedule_sample_due(struct schedule *s, int64_t now_us, int64_t *at_us);
bool schedule_send_due(struct schedule *s, int64_t now_us);

/* The earlier of the next two instants. */
int64_t schedule_next(const struct schedule *s);

#endif
