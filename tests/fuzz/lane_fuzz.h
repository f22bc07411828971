/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef FUZZ_LANE_FUZZ_H
#define FUZZ_LANE_FUZZ_H

/* One direction of a tunnel: what was sent, and what must come out. */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { LANE_STEP = 7 * 255, LANE_WAIT_MS = 10000 };

struct lane_fuzz {
    int from, to;
    size_t sent, seen;
};

static inline char lane_byte(size_t at)
{
    return (char)(at * 31 + at / 251);
}

static inline void lane_send(struct lane_fuzz *l, size_t length)
{
    char bytes[LANE_STEP] = {0};
    for (size_t i = 0; i < length; i++) {
        bytes[i] = lane_byte(l->sent + i);
    }
    if (send(l->from, bytes, length, MSG_NOSIGNAL) != (ssize_t)length) {
        abort();
    }
    l->sent += length;
}

/* Waits for all that was sent, and no more. */
static inline void lane_drain(struct lane_fuzz *l)
{
    char bytes[LANE_STEP];
    struct pollfd polled = {.fd = l->to, .events = POLLIN};
    while (l->seen < l->sent) {
        int ready = poll(&polled, 1, LANE_WAIT_MS);
        if (ready < 0 && errno == EINTR) {
            continue; /* the fuzzer looks at the time */
        }
        ssize_t got = ready == 1 ? recv(l->to, bytes, sizeof bytes, 0) : -1;
        if (got <= 0 || l->seen + (size_t)got > l->sent) {
            fprintf(stderr, "sent %zu, seen %zu, now %zd\n", l->sent, l->seen, got);
            abort();
        }
        for (ssize_t i = 0; i < got; i++) {
            if (bytes[i] != lane_byte(l->seen++)) {
                abort();
            }
        }
    }
}

#endif
