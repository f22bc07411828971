/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef NODE_PORT_H
#define NODE_PORT_H

/* What a port (a Linux process, a board) provides. The node calls nothing else, and only
 * from within node_step. The clock is not here: the port says the time with each step. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct port {
    void *arg; /* handed to each call */

    /* Reads one channel; time_us is the instant for which it is asked. The value is
     * fixed-point by the channel's decimals. False: the sensor gave none. */
    bool (*read)(void *arg, size_t channel, int64_t time_us, int32_t *value);

    /* Hands one pack to the link, QoS 1. The payload is the node's and stays as it is
     * until the port calls node_confirm, node_link_up or node_link_down. False: the link
     * takes none now. Whether the pack arrived is told later, by node_confirm. */
    bool (*publish)(void *arg, const char *payload, size_t length);
};

#endif
