/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_SUPERVISOR_H
#define APP_SUPERVISOR_H

/* What the service manager is told: that the hub takes messages, reloads, stops, how it
 * is, and, as long as its threads go on, that it lives. The protocol is that of
 * sd_notify(3): one datagram of lines to the socket that NOTIFY_SOCKET names; where there
 * is none nothing is said. Threads: main; supervisor_reloading and supervisor_ready any
 * once it is open. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct hub_parts;

struct supervisor {
    int fd; /* -1: nobody listens */
    socklen_t size;
    struct sockaddr_un to;
    int64_t watchdog_us; /* without a sign of life for so long the hub is killed; 0: no */
    int64_t sign_us;     /* monotonic: the last sign of life, */
    int64_t status_us;   /* the last look at how it is */
    bool stuck;          /* a thread does not go on, and it was said */
    char status[160];
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. */
void supervisor_open(struct supervisor *s);
void supervisor_close(struct supervisor *s);

void supervisor_ready(const struct supervisor *s); /* after start and after a reload */
void supervisor_reloading(const struct supervisor *s);
void supervisor_stopping(const struct supervisor *s);

/* Every now and then, at least four times in watchdog_us: says how it is, and gives a
 * sign of life unless the pipeline or a gate has been at one step for half that time. */
void supervisor_tick(struct supervisor *s, const struct hub_parts *p);

#endif
