/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef FUZZ_GATE_FUZZ_H
#define FUZZ_GATE_FUZZ_H

#include "ingest/gate_proxy.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static inline struct gate_proxy *gate_fuzz_proxy(void)
{
    static struct gate_proxy p = {.listener = -1};
    const struct address broker = {.host = "127.0.0.1", .port = 1883};
    if (p.listener < 0 && gate_proxy_open(&p, &broker) != ERR_OK) {
        abort();
    }
    return &p;
}

/* data with "@" and "!" replaced by what only the client knows. Gives the length. */
static inline size_t gate_fuzz_request(const struct gate_proxy *p, const uint8_t *data,
                                       size_t size, char *to, size_t room)
{
    size_t length = 0;
    for (size_t i = 0; i < size && length + 128 < room; i++) {
        if (data[i] == '@') {
            length += (size_t)snprintf(to + length, 128, "%s", p->request);
        } else if (data[i] == '!') {
            length += (size_t)snprintf(
                to + length, 128, "\r\nProxy-authorization: Basic %s", p->credentials);
        } else {
            to[length++] = (char)data[i];
        }
    }
    return length;
}

/* Connects, sends, and says that no more comes. -1: it can't. */
static inline int gate_fuzz_send(const struct gate_proxy *p, const char *bytes,
                                 size_t length)
{
    struct sockaddr_in there;
    socklen_t size = sizeof there;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (getsockname(p->listener, (struct sockaddr *)&there, &size) != 0 ||
        connect(fd, (struct sockaddr *)&there, size) != 0 ||
        send(fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length ||
        shutdown(fd, SHUT_WR) != 0) {
        close(fd); /* the fuzzer looks at the time, or there is no port */
        return -1;
    }
    return fd;
}

/* At once: thousands a second would use up all ports. */
static inline void gate_fuzz_close(int fd)
{
    const struct linger none = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close(fd);
}

#endif
