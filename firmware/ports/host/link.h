/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef HOST_LINK_H
#define HOST_LINK_H

/* One node's connection to a broker, by paho: QoS 1, last will, connects again by itself.
 * Paho's threads only note what happened and write to a file descriptor; all else is
 * called by one thread. */

#include <MQTTAsync.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINK_TOPIC = 192, LINK_WILL = 256 };

struct link {
    MQTTAsync client;
    int wake_fd; /* an eventfd of the caller */
    char topic_up[LINK_TOPIC], topic_status[LINK_TOPIC], will[LINK_WILL];
    atomic_bool came_up, went_down, confirmed;
    bool is_up, connecting;
    int64_t retry_at_us, backoff_us; /* monotonic */
};

enum link_event { LINK_NOTHING, LINK_UP, LINK_DOWN, LINK_REFUSED, LINK_CONFIRMED };

/* broker "mqtt://host:port". The will is published by the broker, retained, when the
 * connection breaks. False: paho has no memory or takes no such broker. */
bool link_open(struct link *l, const char *broker, const char *city, const char *device,
               const char *will, int wake_fd);

/* The next event, and connects if it is time. now_us is monotonic; *next_us is lowered to
 * the time of the next attempt. Call until it gives LINK_NOTHING. */
enum link_event link_step(struct link *l, int64_t now_us, int64_t *next_us);

/* Both copy the payload. False: not connected. A pack is followed by LINK_CONFIRMED. */
bool link_send_pack(struct link *l, const char *payload, size_t length);
bool link_send_status(struct link *l, const char *payload, size_t length);

/* Publishes the last status, if connected, and disconnects; waits 2 s at most. */
void link_close(struct link *l, const char *status, size_t length);

#endif
