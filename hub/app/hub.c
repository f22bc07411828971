/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/hub.h"

#include "app/control.h"
#include "app/current.h"
#include "app/gridding.h"
#include "app/pipeline.h"
#include "app/publishing.h"
#include "app/requests.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "ingest/ingest.h"
#include "store/inbox.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TICK_MS = 200 };

struct hub {
    struct hub_parts parts; /* what requests work on */
    int lock, signals;
    struct control *control;
    struct gridding *gridding;
    pthread_t control_thread;
    bool control_runs;
    enum err inbox_trouble; /* as it was said */
    atomic_bool stop;
    atomic_bool hang_up; /* SIGHUP came: the control thread reloads */
};

static enum err make_data_folder(const char *data, struct diag *d)
{
    if (file_make_folder(data, 0711) != ERR_OK || chmod(data, 0711) != 0) {
        diag_set(d, "the data folder %s can't be made: %s", data, strerror(errno));
        return ERR_IO;
    }
    return ERR_OK;
}

/* Comes before any thread starts: threads inherit the mask, and one that does not block
 * SIGTERM would be ended by it, and the hub with it. */
static enum err watch_signals(struct hub *h)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    h->signals = signalfd(-1, &set, SFD_CLOEXEC);
    return h->signals >= 0 ? ERR_OK : ERR_IO;
}

/* The list of what starts, in order; hub_close is the same list backwards. */
static enum err open_parts(struct hub *h, struct configuration *c, struct diag *d)
{
    struct hub_parts *p = &h->parts;
    p->current = current_open(c);
    if (p->current == NULL) {
        return ERR_MEMORY;
    }
    enum err e = watch_signals(h);
    e = e != ERR_OK ? e : make_data_folder(p->data, d);
    e = e != ERR_OK ? e : context_lock(p->data, &h->lock, d);
    e = e != ERR_OK ? e : inbox_open(p->data, &p->inbox, d);
    e = e != ERR_OK ? e : pipeline_open(p->data, p->inbox, p->current, &p->pipeline, d);
    e = e != ERR_OK
            ? e
            : publishing_open(p->data, p->current, p->pipeline, &p->publishing, d);
    e = e != ERR_OK
            ? e
            : gridding_open(p->data, p->current, p->pipeline, p->inbox, &h->gridding, d);
    e = e != ERR_OK ? e : ingest_open(p->inbox, &p->ingest, d);
    return e != ERR_OK ? e : control_open(p->data, &h->control, d);
}

enum err hub_open(const struct hub_settings *settings, struct hub **out, struct diag *d)
{
    struct hub *h = calloc(1, sizeof *h);
    if (h == NULL) {
        configuration_free(settings->configuration);
        return ERR_MEMORY;
    }
    h->lock = h->signals = -1;
    requests_init(&h->parts);
    supervisor_open(&h->parts.supervisor);
    h->parts.folder = settings->folder;
    text_copy(h->parts.data, sizeof h->parts.data, settings->data);
    if (settings->warning != NULL) {
        text_copy(h->parts.warning, sizeof h->parts.warning, settings->warning);
    }
    enum err e = open_parts(h, settings->configuration, d);
    if (e != ERR_OK) {
        hub_close(h);
        return e;
    }
    *out = h;
    return ERR_OK;
}

void hub_close(struct hub *h)
{
    if (h == NULL) {
        return;
    }
    struct hub_parts *p = &h->parts;
    control_close(h->control);
    ingest_close(p->ingest);
    gridding_close(h->gridding);
    publishing_close(p->publishing);
    pipeline_close(p->pipeline);
    inbox_close(p->inbox);
    current_close(p->current);
    supervisor_close(&p->supervisor);
    if (h->lock >= 0) {
        close(h->lock);
    }
    if (h->signals >= 0) {
        close(h->signals);
    }
    requests_fini(p);
    free(h);
}

static void *run_control(void *arg)
{
    struct hub *h = arg;
    pthread_setname_np(pthread_self(), "control");
    while (!atomic_load(&h->stop)) {
        control_serve(h->control, TICK_MS, &h->parts, request_serve);
        if (atomic_exchange(&h->hang_up, false) && !request_hup(&h->parts)) {
            atomic_store(&h->hang_up, true); /* when what is under way has ended */
        }
    }
    return NULL;
}

static enum err start(struct hub *h, struct diag *d)
{
    struct hub_parts *p = &h->parts;
    enum err e = pipeline_start(p->pipeline);
    e = e != ERR_OK ? e : publishing_start(p->publishing);
    e = e != ERR_OK ? e : gridding_start(h->gridding);
    if (e == ERR_OK) {
        const struct configuration *c = current_take(p->current);
        e = ingest_set_sources(p->ingest, c->sources, c->source_count,
                               c->payload_ceiling_bytes, d);
        current_give(p->current, c);
    }
    /* last: from now on requests work on the parts, and nobody else changes them */
    if (e == ERR_OK && pthread_create(&h->control_thread, NULL, run_control, h) != 0) {
        e = ERR_MEMORY;
    }
    h->control_runs = e == ERR_OK;
    return e;
}

static void stop(struct hub *h)
{
    struct hub_parts *p = &h->parts;
    atomic_store(&h->stop, true);
    publishing_stop(p->publishing); /* a round that a request does ends, too */
    gridding_stop(h->gridding);
    pipeline_interrupt(p->pipeline);
    if (h->control_runs) {
        pthread_join(h->control_thread, NULL);
    }
    control_stop(h->control);
    /* what the brokers were told is on disk, the rest comes again */
    ingest_close(p->ingest);
    p->ingest = NULL;
    pipeline_stop(p->pipeline);
}

/* True: time to stop. */
static bool take_signal(struct hub *h)
{
    struct signalfd_siginfo info;
    if (read(h->signals, &info, sizeof info) != (ssize_t)sizeof info) {
        return false;
    }
    if (info.ssi_signo != SIGHUP) {
        log_line(LOG_INFO, "hub", "stopping");
        return true;
    }
    atomic_store(&h->hang_up, true);
    return false;
}

/* A full disk ends all sources at once: it is said once, here. */
static void watch_inbox(struct hub *h)
{
    enum err now = inbox_trouble(h->parts.inbox);
    if (now != ERR_OK && h->inbox_trouble == ERR_OK) {
        log_line(LOG_ERROR, "inbox",
                 "no message is taken: %s; the brokers keep them (data in %s)",
                 err_text(now), h->parts.data);
    } else if (now == ERR_OK && h->inbox_trouble != ERR_OK) {
        log_line(LOG_INFO, "inbox", "messages are taken again");
    }
    h->inbox_trouble = now;
}

enum err hub_run(struct hub *h, struct diag *d)
{
    h->parts.started_us = clock_now_us();
    enum err e = start(h, d);
    struct pollfd fd = {.fd = h->signals, .events = POLLIN};
    if (e == ERR_OK) {
        supervisor_ready(&h->parts.supervisor);
        log_line(LOG_INFO, "hub", "running; data in %s", h->parts.data);
    }
    for (bool done = e != ERR_OK; !done;) {
        watch_inbox(h);
        if (poll(&fd, 1, TICK_MS) > 0) {
            done = take_signal(h);
        } else if (pipeline_has_failed(h->parts.pipeline)) {
            diag_set(d,
                     "messages can't be stored; what was acknowledged is in the inbox");
            e = ERR_INTERNAL;
            done = true;
        }
        supervisor_tick(&h->parts.supervisor, &h->parts);
    }
    supervisor_stopping(&h->parts.supervisor);
    stop(h);
    return e;
}
