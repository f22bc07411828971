/* SPDX-License-Identifier: EUPL-1.2 */
/* Publishes over a raw socket, QoS 1, as fast as the broker takes it.
 * usage: bench_publish PORT json|ttn COUNT START [RATE]
 * Message i comes from device i % 700 and is of START (Unix seconds) + i / 700 * 600 s.
 * RATE: messages a second, where they shall not come as fast as that.
 */
#include "support/bench_message.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    WINDOW = 500,
    TICK_MS = 1,
    ANSWER_S = 10,
    OUT_BYTES = 1 << 20,
    IN_BYTES = 1 << 16
};

struct wire {
    int fd;
    size_t from, to; /* of out */
    size_t got;      /* in in */
    unsigned char out[OUT_BYTES], in[IN_BYTES];
};

static int die(const char *what)
{
    fprintf(stderr, "bench_publish: %s\n", what);
    exit(1);
}

static void put(struct wire *w, const void *bytes, size_t size)
{
    memcpy(w->out + w->to, bytes, size);
    w->to += size;
}

static void put_short(struct wire *w, size_t n)
{
    const unsigned char bytes[] = {(unsigned char)(n >> 8), (unsigned char)(n & 255)};
    put(w, bytes, sizeof bytes);
}

static void put_head(struct wire *w, unsigned char type, size_t rest)
{
    put(w, &type, 1);
    do {
        unsigned char byte = (unsigned char)(rest % 128 | (rest >= 128 ? 128 : 0));
        put(w, &byte, 1);
        rest /= 128;
    } while (rest > 0);
}

static void put_message(struct wire *w, const struct bench_message *m, unsigned packet)
{
    size_t topic = strlen(m->topic);
    put_head(w, 0x32, topic + m->size + 4);
    put_short(w, topic);
    put(w, m->topic, topic);
    put_short(w, packet);
    put(w, m->payload, m->size);
}

/* Number of PUBACKs among what came in. */
static int take_acks(struct wire *w)
{
    int acks = 0;
    size_t at = 0;
    while (w->got - at >= 2 && w->got - at >= w->in[at + 1] + 2U) {
        acks += w->in[at] == 0x40;
        at += w->in[at + 1] + 2U;
    }
    memmove(w->in, w->in + at, w->got - at);
    w->got -= at;
    return acks;
}

/* Sends and takes what can be, or waits for it for at most TICK_MS. Number of PUBACKs. */
static int exchange(struct wire *w)
{
    bool sending = w->from < w->to;
    struct pollfd p = {.fd = w->fd, .events = (short)(POLLIN | (sending ? POLLOUT : 0))};
    if (poll(&p, 1, TICK_MS) <= 0) {
        return 0;
    }
    if ((p.revents & POLLOUT) != 0) {
        ssize_t n = send(w->fd, w->out + w->from, w->to - w->from, MSG_DONTWAIT);
        w->from += n > 0 ? (size_t)n : 0;
        if (w->from == w->to) {
            w->from = w->to = 0;
        }
    }
    if ((p.revents & (POLLIN | POLLHUP)) != 0) {
        ssize_t n = recv(w->fd, w->in + w->got, IN_BYTES - w->got, 0);
        if (n <= 0) {
            return die("the broker closed the connection");
        }
        w->got += (size_t)n;
    }
    return take_acks(w);
}

static void dial(struct wire *w, int port)
{
    static const char id[] = "bench-publisher";
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    w->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(w->fd, (struct sockaddr *)&a, sizeof a) != 0) {
        die("no broker");
    }
    setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    put_head(w, 0x10, 10 + 2 + sizeof id - 1);
    put(w, "\0\4MQTT\4\2\0\0", 10);
    put_short(w, sizeof id - 1);
    put(w, id, sizeof id - 1);
    while (w->from < w->to) {
        exchange(w);
    }
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* How many may have been sent by now. */
static long due(double begin_s, double rate, long count)
{
    double due = rate > 0 ? (now_s() - begin_s) * rate : (double)count;
    return due < (double)count ? (long)due : count;
}

int main(int argc, char **argv)
{
    static struct wire w;
    static struct bench_message m;
    if (argc != 5 && argc != 6) {
        return die("usage: bench_publish PORT json|ttn COUNT START [RATE]");
    }
    long count = strtol(argv[3], NULL, 10);
    int64_t start_s = strtoll(argv[4], NULL, 10);
    double rate = argc == 6 ? strtod(argv[5], NULL) : 0;
    bool ttn = strcmp(argv[2], "ttn") == 0;
    dial(&w, (int)strtol(argv[1], NULL, 10));
    double begin_s = now_s();
    double heard_s = begin_s;
    long sent = 0;
    long acked = 0;
    while (acked < count) {
        while (sent < due(begin_s, rate, count) && sent - acked < WINDOW &&
               w.to + sizeof m + 16 < sizeof w.out) {
            bench_message_make(&m, ttn, sent, start_s);
            put_message(&w, &m, (unsigned)(sent++ % 65535 + 1));
        }
        int more = exchange(&w);
        heard_s = more > 0 || sent == acked ? now_s() : heard_s;
        if (now_s() - heard_s > ANSWER_S) {
            return die("the broker is silent");
        }
        acked += more;
    }
    close(w.fd);
    return 0;
}
