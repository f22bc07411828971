/* SPDX-License-Identifier: EUPL-1.2 */
#include "ingest/dial.h"

#include "base/clock.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LOOKUP_MS = 10000,
    CONNECT_MS = 3000,      /* an address */
    UNANSWERED_MS = 30000,  /* bytes sent that nobody acknowledges end the connection */
    ADDRESSES_S = 5,        /* how long an answer of the name server is used */
    LOOKUP_STACK = 1 << 18, /* bytes; what getaddrinfo needs, amply */
};

/* A question to the name server, in a thread of its own: getaddrinfo can't be stopped, so
 * whoever asks may go away and leave the rest to the thread. Freed by the last of both.
 */
struct lookup {
    pthread_mutex_t mutex;
    int users;
    int done; /* eventfd, readable when answered */
    char host[sizeof((struct address *)NULL)->host];
    char port[8];
    struct addrinfo *result;
    int fault; /* of getaddrinfo */
};

struct dial {
    struct address broker;
    char name[ADDRESS_TEXT];
    struct addrinfo *addresses;
    int64_t looked_up_us; /* monotonic */
};

static void lookup_leave(struct lookup *l)
{
    pthread_mutex_lock(&l->mutex);
    bool last = --l->users == 0;
    pthread_mutex_unlock(&l->mutex);
    if (!last) {
        return;
    }
    if (l->result != NULL) {
        freeaddrinfo(l->result);
    }
    if (l->done >= 0) {
        close(l->done);
    }
    pthread_mutex_destroy(&l->mutex);
    free(l);
}

static int resolve(const char *host, const char *port, int flags, struct addrinfo **out)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = flags | AI_NUMERICSERV,
    };
    return getaddrinfo(host, port, &hints, out);
}

static void *lookup_main(void *arg)
{
    struct lookup *l = arg;
    struct addrinfo *result = NULL;
    int fault = resolve(l->host, l->port, AI_ADDRCONFIG, &result);
    pthread_mutex_lock(&l->mutex);
    l->result = fault == 0 ? result : NULL;
    l->fault = fault;
    pthread_mutex_unlock(&l->mutex);
    eventfd_write(l->done, 1);
    lookup_leave(l);
    return NULL;
}

static struct lookup *lookup_new(const struct address *a)
{
    struct lookup *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return NULL;
    }
    pthread_mutex_init(&l->mutex, NULL);
    l->users = 1;
    l->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    memcpy(l->host, a->host, sizeof l->host);
    snprintf(l->port, sizeof l->port, "%u", (unsigned)a->port);
    if (l->done < 0) {
        lookup_leave(l);
        return NULL;
    }
    return l;
}

static bool lookup_start(struct lookup *l)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, LOOKUP_STACK);
    l->users = 2;
    bool started = pthread_create(&thread, &attributes, lookup_main, l) == 0;
    if (!started) {
        l->users = 1;
    }
    pthread_attr_destroy(&attributes);
    return started;
}

/* Waits for events on fd. ERR_BUSY: wake; ERR_NETWORK: time is over. */
static enum err await(int fd, short events, int wake, int timeout_ms)
{
    struct pollfd polled[2] = {{.fd = wake, .events = POLLIN},
                               {.fd = fd, .events = events}};
    int64_t end_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
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

static enum err lookup(struct dial *d, int wake, char why[DIAL_WHY])
{
    struct lookup *l = lookup_new(&d->broker);
    if (l == NULL || !lookup_start(l)) {
        snprintf(why, DIAL_WHY, "%s: no memory to look up the name", d->name);
        if (l != NULL) {
            lookup_leave(l);
        }
        return ERR_NETWORK;
    }
    enum err e = await(l->done, POLLIN, wake, LOOKUP_MS);
    pthread_mutex_lock(&l->mutex);
    if (e == ERR_NETWORK) {
        snprintf(why, DIAL_WHY, "%s: the name server does not answer", d->name);
    } else if (e == ERR_OK && l->fault != 0) {
        snprintf(why, DIAL_WHY, "%s: %s", d->name, gai_strerror(l->fault));
        e = ERR_NETWORK;
    } else if (e == ERR_OK) {
        d->addresses = l->result;
        l->result = NULL;
    }
    pthread_mutex_unlock(&l->mutex);
    lookup_leave(l);
    return e;
}

static enum err find_addresses(struct dial *d, int wake, char why[DIAL_WHY])
{
    int64_t now_us = clock_monotonic_us();
    if (d->addresses != NULL && now_us - d->looked_up_us < ADDRESSES_S * CLOCK_US_PER_S) {
        return ERR_OK;
    }
    if (d->addresses != NULL) {
        freeaddrinfo(d->addresses);
        d->addresses = NULL;
    }
    d->looked_up_us = now_us;
    char port[8];
    snprintf(port, sizeof port, "%u", (unsigned)d->broker.port);
    if (resolve(d->broker.host, port, AI_NUMERICHOST, &d->addresses) == 0) {
        return ERR_OK;
    }
    d->addresses = NULL;
    return lookup(d, wake, why);
}

enum err dial_open(const struct address *broker, struct dial **out)
{
    struct dial *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return ERR_MEMORY;
    }
    d->broker = *broker;
    address_format(broker, d->name);
    *out = d;
    return ERR_OK;
}

void dial_close(struct dial *d)
{
    if (d == NULL) {
        return;
    }
    if (d->addresses != NULL) {
        freeaddrinfo(d->addresses);
    }
    free(d);
}

/* errno of the connect; 0: connected; -1: woken. */
static int connect_one(int fd, const struct addrinfo *a, int wake)
{
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return errno;
    }
    enum err e = await(fd, POLLOUT, wake, CONNECT_MS);
    if (e != ERR_OK) {
        return e == ERR_BUSY ? -1 : ETIMEDOUT;
    }
    int fault = 0;
    socklen_t size = sizeof fault;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size) == 0 ? fault : errno;
}

/* A port of this machine nobody listens on may be given to the very socket that calls it:
 * TCP then connects the socket with itself. */
static bool is_itself(int fd)
{
    struct sockaddr_storage here = {0};
    struct sockaddr_storage there = {0};
    socklen_t size = sizeof here;
    socklen_t other = sizeof there;
    return getsockname(fd, (struct sockaddr *)&here, &size) == 0 &&
           getpeername(fd, (struct sockaddr *)&there, &other) == 0 && size == other &&
           memcmp(&here, &there, size) == 0;
}

static int open_socket(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        const int on = 1;
        const unsigned unanswered_ms = UNANSWERED_MS;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms,
                   sizeof unanswered_ms);
    }
    return fd;
}

enum err dial_run(struct dial *d, int wake, int *fd, char why[DIAL_WHY])
{
    enum err e = find_addresses(d, wake, why);
    if (e != ERR_OK) {
        return e;
    }
    for (const struct addrinfo *a = d->addresses; a != NULL; a = a->ai_next) {
        int tried = open_socket(a);
        int fault = tried < 0 ? errno : connect_one(tried, a, wake);
        fault = fault == 0 && is_itself(tried) ? ECONNREFUSED : fault;
        if (fault == 0) {
            *fd = tried;
            return ERR_OK;
        }
        if (tried >= 0) {
            close(tried);
        }
        if (fault < 0) {
            return ERR_BUSY;
        }
        char text[96];
        snprintf(why, DIAL_WHY, "%s: %s", d->name, strerror_r(fault, text, sizeof text));
    }
    return ERR_NETWORK;
}
