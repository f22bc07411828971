/* SPDX-License-Identifier: EUPL-1.2 */
#include "ingest/gate_proxy.h"

#include "base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MS = 5000, SECRET = 16 };

/* Base64 of length bytes, a multiple of 3. */
static void encode(const char *from, size_t length, char *to)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i + 2 < length; i += 3) {
        uint32_t three = (uint32_t)(unsigned char)from[i] << 16 |
                         (uint32_t)(unsigned char)from[i + 1] << 8 |
                         (uint32_t)(unsigned char)from[i + 2];
        for (int k = 18; k >= 0; k -= 6) {
            *to++ = letters[three >> k & 63];
        }
    }
    *to = '\0';
}

/* "hub:" and 32 hexadecimal digits; 36 bytes need no padding in base64. */
static bool make_secret(char to[2 * SECRET + 5])
{
    unsigned char bytes[SECRET];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        return false;
    }
    int length = snprintf(to, 5, "hub:");
    for (size_t i = 0; i < sizeof bytes; i++) {
        length += snprintf(to + length, 3, "%02x", (unsigned)bytes[i]);
    }
    return true;
}

static bool listen_here(int fd, uint16_t *port)
{
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    bool done = bind(fd, (struct sockaddr *)&here, size) == 0 && listen(fd, 8) == 0 &&
                getsockname(fd, (struct sockaddr *)&here, &size) == 0;
    *port = ntohs(here.sin_port);
    return done;
}

enum err gate_proxy_open(struct gate_proxy *p, const struct address *broker)
{
    char secret[2 * SECRET + 5];
    char encoded[64];
    char name[ADDRESS_TEXT];
    uint16_t port = 0;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->listener < 0 || !listen_here(p->listener, &port) || !make_secret(secret)) {
        gate_proxy_close(p);
        return ERR_IO;
    }
    encode(secret, strlen(secret), encoded);
    for (int tls = 0; tls < 2; tls++) {
        snprintf(p->url[tls], sizeof p->url[tls], "http%s://%s@127.0.0.1:%u",
                 tls == 1 ? "s" : "", secret, (unsigned)port);
    }
    snprintf(p->request, sizeof p->request, "CONNECT %s ", address_format(broker, name));
    snprintf(p->credentials, sizeof p->credentials, "%s\r\n", encoded);
    return ERR_OK;
}

void gate_proxy_close(struct gate_proxy *p)
{
    if (p->listener >= 0) {
        close(p->listener);
        p->listener = -1;
    }
}

/* Without a hint, by its time, how much of the secret was right. */
static bool equal_secret(const char *a, const char *b)
{
    unsigned differs = 0;
    for (; *b != '\0'; b++) {
        differs |= (unsigned)(*a ^ *b);
        a += *a != '\0';
    }
    return differs == 0;
}

/* request ends with an empty line. */
static bool is_allowed(const struct gate_proxy *p, const char *request)
{
    static const char header[] = "\r\nProxy-authorization: Basic ";
    const char *given = strcasestr(request, header);
    return strncmp(request, p->request, strlen(p->request)) == 0 && given != NULL &&
           equal_secret(given + sizeof header - 1, p->credentials);
}

/* Waits until fd can be read. ERR_NETWORK: time is over. */
static enum err await(int fd, int wake, int64_t end_us)
{
    struct pollfd polled[2] = {{.fd = wake, .events = POLLIN},
                               {.fd = fd, .events = POLLIN}};
    int ready = 0;
    do {
        int64_t left_us = end_us - clock_monotonic_us();
        ready = poll(polled, 2, left_us > 0 ? (int)(left_us / 1000) + 1 : 0);
    } while (ready < 0 && errno == EINTR);
    if (polled[0].revents != 0) {
        return ERR_BUSY;
    }
    return ready > 0 ? ERR_OK : ERR_NETWORK;
}

/* Reads up to the empty line and a bit more. length: of all that was read. */
static enum err read_request(int fd, int wake, char to[PROXY_REQUEST + 1], size_t *length)
{
    int64_t end_us = clock_monotonic_us() + (int64_t)REQUEST_MS * 1000;
    size_t have = 0;
    to[0] = '\0';
    while (strstr(to, "\r\n\r\n") == NULL) {
        enum err e = have < PROXY_REQUEST ? await(fd, wake, end_us) : ERR_NETWORK;
        if (e != ERR_OK) {
            return e;
        }
        ssize_t got = recv(fd, to + have, PROXY_REQUEST - have, 0);
        if (got <= 0) {
            return ERR_NETWORK;
        }
        have += (size_t)got;
        to[have] = '\0';
    }
    *length = have;
    return ERR_OK;
}

static enum err let_in(const struct gate_proxy *p, int fd, int wake,
                       char rest[PROXY_REQUEST], size_t *rest_length)
{
    /* The answer goes out before the question is read: paho looks for it once and, if it
     * is not there, sleeps for 250 ms with its lock held, and with it stand the clients
     * of all other brokers. Nothing is promised by it: who may not pass is closed. */
    static const char answer[] = "HTTP/1.1 200 OK\r\n\r\n";
    char request[PROXY_REQUEST + 1];
    size_t length = 0;
    if (send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) != (ssize_t)sizeof answer - 1) {
        return ERR_NETWORK;
    }
    if (p->answered != NULL) {
        p->answered(p->arg);
    }
    enum err e = read_request(fd, wake, request, &length);
    if (e == ERR_OK && !is_allowed(p, request)) {
        e = ERR_REFUSED;
    }
    if (e == ERR_OK) {
        const char *body = strstr(request, "\r\n\r\n") + 4;
        *rest_length = length - (size_t)(body - request);
        memcpy(rest, body, *rest_length);
    }
    return e;
}

enum err gate_proxy_accept(struct gate_proxy *p, int wake, int timeout_ms, int *client,
                           char rest[PROXY_REQUEST], size_t *rest_length)
{
    int64_t end_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    for (;;) {
        enum err e = await(p->listener, wake, end_us);
        if (e != ERR_OK) {
            return e;
        }
        int fd = accept4(p->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
            return ERR_NETWORK;
        }
        if (fd < 0) {
            continue;
        }
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        e = let_in(p, fd, wake, rest, rest_length);
        if (e == ERR_OK) {
            *client = fd;
            return ERR_OK;
        }
        close(fd);
        if (e == ERR_BUSY) {
            return e;
        }
    }
}

void gate_proxy_refuse(struct gate_proxy *p)
{
    int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        close(fd);
    }
}
