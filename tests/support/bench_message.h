/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_BENCH_MESSAGE_H
#define SUPPORT_BENCH_MESSAGE_H

/* The messages that all benches share: 4 readings of one of 700 devices, as plain JSON of
 * about 250 bytes or in the frame of The Things Stack, 2.2 kB. Threads: any. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_DEVICES = 700, BENCH_INTERVAL_S = 600 };

struct bench_message {
    char topic[128];
    char payload[4096];
    size_t size;
};

/* Message i, of start_s (Unix seconds) + i / 700 * 600 s. */
void bench_message_make(struct bench_message *m, bool ttn, long i, int64_t start_s);

#endif
