/* SPDX-License-Identifier: EUPL-1.2 */
#include "ports/host/options.h"
#include "ports/host/stations.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct fleet {
    struct station *stations;
    size_t count;
    int wake_fd, signal_fd;
};

/* Steps all; returns how long to wait, in ms, at most 1000: the clock may be set. */
static int step_all(struct fleet *f, bool *idle)
{
    int64_t utc_us = clock_us(CLOCK_REALTIME);
    int64_t mono_us = clock_us(CLOCK_MONOTONIC);
    int64_t next_us = utc_us + 1000000;
    *idle = true;
    for (size_t i = 0; i < f->count; i++) {
        int64_t at_us = station_step(&f->stations[i], utc_us, mono_us);
        next_us = at_us < next_us ? at_us : next_us;
        *idle = *idle && node_is_idle(&f->stations[i].node);
    }
    int64_t wait_us = next_us - utc_us;
    return wait_us <= 0 ? 0 : (int)(wait_us / 1000 + 1);
}

/* Waits for an event of a link, a signal or the time. True: a signal to end. */
static bool wait_for_event(const struct fleet *f, int wait_ms)
{
    struct pollfd polls[] = {{f->wake_fd, POLLIN, 0}, {f->signal_fd, POLLIN, 0}};
    if (poll(polls, 2, wait_ms) < 0 && errno != EINTR) {
        perror("kogge-node: poll");
        return true;
    }
    uint64_t events;
    if ((polls[0].revents & POLLIN) != 0 &&
        read(f->wake_fd, &events, sizeof events) < 0) {
        perror("kogge-node: eventfd");
        return true;
    }
    return (polls[1].revents & POLLIN) != 0;
}

/* Until a signal or the end of --for. True: ended by a signal. */
static bool run(struct fleet *f, int32_t for_s)
{
    int64_t end_us =
        for_s < 0 ? INT64_MAX : clock_us(CLOCK_MONOTONIC) + (int64_t)for_s * 1000000;
    bool idle;
    while (clock_us(CLOCK_MONOTONIC) < end_us) {
        int wait_ms = step_all(f, &idle);
        int64_t left_ms = (end_us - clock_us(CLOCK_MONOTONIC)) / 1000 + 1;
        if (wait_for_event(f, wait_ms < left_ms ? wait_ms : (int)left_ms)) {
            return true;
        }
    }
    return false;
}

/* Sends what is held, for a few seconds at most. */
static bool drain(struct fleet *f, int seconds)
{
    int64_t end_us = clock_us(CLOCK_MONOTONIC) + INT64_C(1000000) * seconds;
    for (size_t i = 0; i < f->count; i++) {
        node_finish(&f->stations[i].node);
    }
    bool idle = false;
    int wait_ms = step_all(f, &idle);
    while (!idle && clock_us(CLOCK_MONOTONIC) < end_us) {
        struct pollfd wake = {f->wake_fd, POLLIN, 0};
        uint64_t events;
        if (poll(&wake, 1, wait_ms) > 0 && read(f->wake_fd, &events, sizeof events) < 0) {
            break;
        }
        wait_ms = step_all(f, &idle);
    }
    return idle;
}

static int run_fleet(struct fleet *f, const struct options *o)
{
    bool by_signal = run(f, o->for_s);
    bool all_sent = drain(f, by_signal ? 2 : 5);
    uint64_t sent = 0;
    uint64_t held = 0;
    uint64_t dropped = 0;
    for (size_t i = 0; i < f->count; i++) {
        sent += f->stations[i].sent;
        held += f->stations[i].node.queue.count;
        dropped += f->stations[i].node.queue.dropped;
    }
    if (!o->plan.quiet || !all_sent || dropped > 0) {
        fprintf(stderr,
                "kogge-node: %zu station%s, %llu samples sent, %llu not sent, %llu "
                "dropped by a full queue\n",
                f->count, f->count == 1 ? "" : "s", (unsigned long long)sent,
                (unsigned long long)held, (unsigned long long)dropped);
    }
    return all_sent || by_signal ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool open_fleet(struct fleet *f, const struct station_setup *setups, size_t count,
                       const struct station_plan *plan)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL); /* before paho starts threads */
    f->signal_fd = signalfd(-1, &ends, SFD_CLOEXEC);
    f->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    f->stations = calloc(count, sizeof *f->stations);
    if (f->signal_fd < 0 || f->wake_fd < 0 || f->stations == NULL) {
        perror("kogge-node");
        return false;
    }
    int64_t now_us = clock_us(CLOCK_REALTIME);
    for (size_t i = 0; i < count; i++) {
        f->count = i + 1;
        if (!station_open(&f->stations[i], &setups[i], plan, f->wake_fd, now_us)) {
            return false;
        }
    }
    return true;
}

static void close_fleet(struct fleet *f)
{
    for (size_t i = 0; i < f->count; i++) {
        station_close(&f->stations[i]);
    }
    free(f->stations);
    if (f->wake_fd >= 0) {
        close(f->wake_fd);
    }
    if (f->signal_fd >= 0) {
        close(f->signal_fd);
    }
}

int main(int argc, char **argv)
{
    struct options o;
    if (!options_parse(argc, argv, &o)) {
        fputs("kogge-node: \"kogge-node --help\" shows examples\n", stderr);
        return EXIT_USAGE;
    }
    struct station_setup *list = NULL;
    struct station_setup *setups = &o.one;
    size_t count = 1;
    if (o.stations != NULL) {
        if (!stations_read(o.stations, &list, &count)) {
            return EXIT_USAGE;
        }
        setups = list;
    }
    struct fleet fleet = {.wake_fd = -1, .signal_fd = -1};
    int code = EXIT_FAILURE;
    if (open_fleet(&fleet, setups, count, &o.plan)) {
        code = run_fleet(&fleet, &o);
    }
    close_fleet(&fleet);
    free(list);
    return code;
}
