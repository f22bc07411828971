/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/control.h"

#include "app/command.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { REQUEST_MS = 2000, REQUEST_LINE = 4096 };

/* One connection and the thread that serves it. */
struct connection {
    struct control *control;
    pthread_t thread;
    int fd; /* -1: closed */
    bool used, done;
    void *arg;
    void (*serve)(void *arg, const json_t *request, int fd);
};

struct control {
    struct sockaddr_un address;
    int fd;
    pthread_mutex_t mutex; /* guards fd and done of connections */
    struct connection connections[CONTROL_REQUESTS];
};

/* A socket's path is short: 108 bytes on Linux. */
static enum err socket_address(const char *data, struct sockaddr_un *a, struct diag *d)
{
    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    int length = snprintf(a->sun_path, sizeof a->sun_path, "%s/hub.sock", data);
    if (length < 0 || (size_t)length >= sizeof a->sun_path) {
        diag_set(d, "the data folder's name is too long for a socket (%zu bytes at most)",
                 sizeof a->sun_path - sizeof "/hub.sock");
        return ERR_RANGE;
    }
    return ERR_OK;
}

static enum err listen_at(const struct sockaddr_un *a, int *fd, struct diag *d)
{
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(a->sun_path);
    mode_t before = umask(0177);
    bool bound = s >= 0 && bind(s, (const struct sockaddr *)a, sizeof *a) == 0;
    umask(before);
    if (!bound || listen(s, 8) != 0) {
        diag_set(d, "%s: %s", a->sun_path, strerror(errno));
        if (s >= 0) {
            close(s);
        }
        return ERR_IO;
    }
    *fd = s;
    return ERR_OK;
}

enum err control_open(const char *data, struct control **out, struct diag *d)
{
    struct control *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return ERR_MEMORY;
    }
    enum err e = socket_address(data, &c->address, d);
    e = e != ERR_OK ? e : listen_at(&c->address, &c->fd, d);
    if (e != ERR_OK) {
        free(c);
        return e;
    }
    pthread_mutex_init(&c->mutex, NULL);
    *out = c;
    return ERR_OK;
}

void control_stop(struct control *c)
{
    pthread_mutex_lock(&c->mutex);
    for (size_t k = 0; k < CONTROL_REQUESTS; k++) {
        if (c->connections[k].fd >= 0 && c->connections[k].used) {
            shutdown(c->connections[k].fd, SHUT_RD);
        }
    }
    pthread_mutex_unlock(&c->mutex);
    for (size_t k = 0; k < CONTROL_REQUESTS; k++) {
        if (c->connections[k].used) {
            pthread_join(c->connections[k].thread, NULL);
            c->connections[k].used = false;
        }
    }
}

void control_close(struct control *c)
{
    if (c == NULL) {
        return;
    }
    control_stop(c);
    close(c->fd);
    unlink(c->address.sun_path);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}

/* A line that is whole in the buffer; NULL: none. */
static char *take_whole(struct control_lines *l, size_t *length)
{
    char *begin = l->bytes + l->from;
    char *end = memchr(begin, '\n', l->to - l->from);
    if (end != NULL) {
        *end = '\0';
        *length = (size_t)(end - begin);
        l->from += *length + 1;
    }
    return end != NULL ? begin : NULL;
}

enum control_read control_read_line(struct control_lines *l, int wait_ms, char **line,
                                    size_t *length)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    int64_t until_us = clock_monotonic_us() + wait_ms * INT64_C(1000);
    while ((*line = take_whole(l, length)) == NULL) {
        memmove(l->bytes, l->bytes + l->from, l->to - l->from);
        l->to -= l->from;
        l->from = 0;
        int64_t left_us = until_us - clock_monotonic_us();
        int left_ms = wait_ms < 0 ? -1 : left_us > 0 ? (int)((left_us + 999) / 1000) : 0;
        if (l->to == l->size) {
            return CONTROL_ENDED;
        }
        int ready = poll(&p, 1, left_ms);
        if (ready == 0) {
            return CONTROL_NOTHING_YET;
        }
        ssize_t n = ready < 0 ? -1 : read(l->fd, l->bytes + l->to, l->size - l->to);
        if (n <= 0) {
            return CONTROL_ENDED;
        }
        l->to += (size_t)n;
    }
    return CONTROL_READ;
}

static void *run_connection(void *arg)
{
    struct connection *n = arg;
    char bytes[REQUEST_LINE];
    char *line = NULL;
    size_t length = 0;
    struct control_lines lines = {.fd = n->fd, .bytes = bytes, .size = sizeof bytes};
    /* the other side may be slow or hostile */
    if (control_read_line(&lines, REQUEST_MS, &line, &length) == CONTROL_READ) {
        json_t *request = json_loads(line, 0, NULL);
        n->serve(n->arg, request, n->fd);
        json_decref(request);
    }
    pthread_mutex_lock(&n->control->mutex);
    close(n->fd);
    n->fd = -1;
    n->done = true;
    pthread_mutex_unlock(&n->control->mutex);
    return NULL;
}

/* A free place; NULL: all are at work. */
static struct connection *find_place(struct control *c)
{
    for (size_t k = 0; k < CONTROL_REQUESTS; k++) {
        struct connection *n = &c->connections[k];
        pthread_mutex_lock(&c->mutex);
        bool done = n->done;
        pthread_mutex_unlock(&c->mutex);
        if (n->used && done) {
            pthread_join(n->thread, NULL);
            n->used = false;
        }
        if (!n->used) {
            return n;
        }
    }
    return NULL;
}

void control_serve(struct control *c, int wait_ms, void *arg,
                   void (*serve)(void *arg, const json_t *request, int fd))
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    int fd = poll(&p, 1, wait_ms) > 0 ? accept4(c->fd, NULL, NULL, SOCK_CLOEXEC) : -1;
    if (fd < 0) {
        return;
    }
    struct timeval limit = {.tv_sec = REQUEST_MS / 1000};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    struct connection *n = find_place(c);
    if (n != NULL) {
        *n = (struct connection){.control = c, .fd = fd, .arg = arg, .serve = serve};
        n->used = pthread_create(&n->thread, NULL, run_connection, n) == 0;
    }
    if (n == NULL || !n->used) {
        control_finish(fd, "the hub has too many requests under way; try again",
                       EXIT_FAILED);
        close(fd);
    }
}

void control_answer(int fd, const char *line)
{
    /* who does not read its answer does without */
    if (file_write(fd, line, strlen(line)) == ERR_OK &&
        file_write(fd, "\n", 1) != ERR_OK) {
        return;
    }
}

void control_finish(int fd, const char *sentence, int exit_code)
{
    json_t *answer = json_pack("{s:s, s:i}", "result", sentence != NULL ? sentence : "ok",
                               "exit", exit_code);
    char *line = answer != NULL ? json_dumps(answer, JSON_COMPACT) : NULL;
    if (line != NULL) {
        control_answer(fd, line);
    }
    free(line);
    json_decref(answer);
}

struct answer {
    void *arg;
    void (*line)(void *arg, const char *line);
    int exit_code;
    bool finished;
    struct diag *d;
};

static void take_line(struct answer *a, const char *line)
{
    json_t *parsed = json_loads(line, 0, NULL);
    const char *result = json_string_value(json_object_get(parsed, "result"));
    if (result == NULL) {
        a->line(a->arg, line);
    } else {
        a->finished = true;
        a->exit_code = (int)json_integer_value(json_object_get(parsed, "exit"));
        diag_set(a->d, "%s", result);
    }
    json_decref(parsed);
}

static void read_answer(FILE *from, struct answer *a)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    while (!a->finished && (n = getline(&line, &size, from)) > 0) {
        if (line[n - 1] == '\n') {
            line[n - 1] = '\0';
        }
        take_line(a, line);
    }
    free(line);
}

static enum err send_request(int s, const char *request)
{
    char line[REQUEST_LINE];
    int length = snprintf(line, sizeof line,
                          request[0] == '{' ? "%s\n" : "{\"verb\":\"%s\"}\n", request);
    return length > 0 && (size_t)length < sizeof line
               ? file_write(s, line, (size_t)length)
               : ERR_FULL;
}

enum err control_connect(const char *data, int *fd, struct diag *d)
{
    struct sockaddr_un a;
    enum err e = socket_address(data, &a, d);
    if (e != ERR_OK) {
        return e;
    }
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0 || connect(s, (const struct sockaddr *)&a, sizeof a) != 0) {
        diag_set(d, "no hub runs in %s", data);
        if (s >= 0) {
            close(s);
        }
        return ERR_ABSENT;
    }
    *fd = s;
    return ERR_OK;
}

enum err control_ask(const char *data, const char *request, void *arg,
                     void (*line)(void *arg, const char *line), int *exit_code,
                     struct diag *d)
{
    struct answer answer = {.arg = arg, .line = line, .d = d};
    int s = -1;
    enum err e = control_connect(data, &s, d);
    if (e != ERR_OK) {
        return e;
    }
    e = send_request(s, request);
    FILE *from = fdopen(s, "r");
    if (from == NULL) {
        close(s);
        return ERR_MEMORY;
    }
    if (e == ERR_OK) {
        read_answer(from, &answer);
    }
    fclose(from);
    if (!answer.finished) {
        diag_set(d, "the hub in %s gave no answer", data);
        return ERR_IO;
    }
    *exit_code = answer.exit_code;
    return ERR_OK;
}
