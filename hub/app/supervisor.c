/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/supervisor.h"

#include "app/requests.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STATUS_S = 5 };

/* Nothing can be done about a datagram that is lost. */
static void say(const struct supervisor *s, const char *text)
{
    if (s->fd >= 0) {
        (void)sendto(s->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
                     (const struct sockaddr *)&s->to, s->size);
    }
}

/* The watchdog's time, if it is meant for this process. */
static int64_t read_watchdog_us(void)
{
    const char *us = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    bool ours = us != NULL && (pid == NULL || strtoll(pid, NULL, 10) == getpid());
    int64_t given_us = ours ? strtoll(us, NULL, 10) : 0;
    return given_us > 0 ? given_us : 0;
}

void supervisor_open(struct supervisor *s)
{
    *s = (struct supervisor){.fd = -1, .to.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t length = path != NULL ? strlen(path) : 0;
    if (length < 2 || length >= sizeof s->to.sun_path) {
        return;
    }
    text_copy(s->to.sun_path, sizeof s->to.sun_path, path);
    if (path[0] == '@') {
        s->to.sun_path[0] = '\0'; /* a name without a file */
    }
    s->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    s->watchdog_us = read_watchdog_us();
}

void supervisor_close(struct supervisor *s)
{
    if (s->fd >= 0) {
        close(s->fd);
        s->fd = -1;
    }
}

void supervisor_ready(const struct supervisor *s)
{
    say(s, "READY=1");
}

void supervisor_reloading(const struct supervisor *s)
{
    char text[64];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)clock_monotonic_us());
    say(s, text);
}

void supervisor_stopping(const struct supervisor *s)
{
    say(s, "STOPPING=1\nSTATUS=stopping");
}

struct sources {
    int all, connected;
    int64_t step_us; /* monotonic: the oldest step of a gate */
};

static void add_source(void *arg, const struct ingest_status *status)
{
    struct sources *sources = arg;
    sources->all++;
    sources->connected += status->connected;
    if (status->step_us < sources->step_us) {
        sources->step_us = status->step_us;
    }
}

static void tell_status(struct supervisor *s, const struct hub_parts *p,
                        const struct sources *sources)
{
    char text[sizeof s->status];
    int64_t waiting = inbox_last(p->inbox) - pipeline_cursor(p->pipeline);
    snprintf(text, sizeof text, "STATUS=%d of %d sources connected, %lld messages wait",
             sources->connected, sources->all, (long long)(waiting > 0 ? waiting : 0));
    if (strcmp(text, s->status) != 0) {
        text_copy(s->status, sizeof s->status, text);
        say(s, text);
    }
}

static void watch(struct supervisor *s, const struct hub_parts *p,
                  const struct sources *sources, int64_t now_us)
{
    int64_t of_pipeline_us = now_us - pipeline_step_us(p->pipeline);
    int64_t of_gates_us = now_us - sources->step_us;
    bool is_gate = of_gates_us > of_pipeline_us;
    int64_t longest_us = is_gate ? of_gates_us : of_pipeline_us;
    bool stuck = longest_us > s->watchdog_us / 2;
    if (stuck && !s->stuck) {
        log_line(LOG_ERROR, "hub",
                 "%s does not go on, for %.1f s now: the service manager gets no sign of "
                 "life",
                 is_gate ? "the gate of a source" : "the pipeline",
                 (double)longest_us / 1e6);
    } else if (!stuck && s->stuck) {
        log_line(LOG_INFO, "hub", "all threads go on again");
    }
    s->stuck = stuck;
    if (!stuck && now_us - s->sign_us >= s->watchdog_us / 4) {
        s->sign_us = now_us;
        say(s, "WATCHDOG=1");
    }
}

void supervisor_tick(struct supervisor *s, const struct hub_parts *p)
{
    if (s->fd < 0) {
        return;
    }
    int64_t now_us = clock_monotonic_us();
    struct sources sources = {.step_us = now_us};
    ingest_status(p->ingest, &sources, add_source);
    if (s->watchdog_us > 0) {
        watch(s, p, &sources, now_us);
    }
    if (now_us - s->status_us >= STATUS_S * CLOCK_US_PER_S) {
        s->status_us = now_us;
        tell_status(s, p, &sources);
    }
}
