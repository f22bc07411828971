/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/import_sink.h"

#include "app/context.h"
#include "app/control.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WINDOW = 64 }; /* messages under way to the hub */

struct import_sink {
    const char *source, *settings;
    struct import_mark *marks;
    size_t mark_count;
    enum err err; /* of keeping a mark */
    int64_t put, queued;
    /* no hub runs */
    int lock;
    struct inbox *inbox;
    struct inbox_import *import;
    /* a hub runs */
    FILE *hub;
    char *line;
    size_t line_size;
    bool ready;
};

static void keep_mark(void *arg, const struct import_mark *m)
{
    struct import_sink *s = arg;
    struct import_mark *more = realloc(s->marks, (s->mark_count + 1) * sizeof *more);
    if (more == NULL) {
        s->err = ERR_MEMORY;
        return;
    }
    s->marks = more;
    more[s->mark_count++] = *m;
}

/* --- the hub --- */

static void take_mark(struct import_sink *s, const json_t *o)
{
    struct import_mark m = {.bytes = json_integer_value(json_object_get(o, "bytes")),
                            .rows = json_integer_value(json_object_get(o, "rows"))};
    const char *digest = json_string_value(json_object_get(o, "digest"));
    text_copy(m.digest, sizeof m.digest, digest != NULL ? digest : "");
    keep_mark(s, &m);
}

/* Reads one line of the hub. *done: it was the last one. */
static enum err read_answer(struct import_sink *s, bool *done, struct diag *d)
{
    *done = false;
    if (getline(&s->line, &s->line_size, s->hub) <= 0) {
        diag_set(d, "the hub ended while it took the rows; run the import again");
        return ERR_IO;
    }
    json_t *o = json_loads(s->line, 0, NULL);
    const char *result = json_string_value(json_object_get(o, "result"));
    enum err e = ERR_OK;
    if (json_object_get(o, "mark") != NULL) {
        take_mark(s, json_object_get(o, "mark"));
    } else if (json_object_get(o, "queued") != NULL) {
        s->queued = json_integer_value(json_object_get(o, "queued"));
    } else if (result != NULL) {
        *done = true;
        if (strcmp(result, "ok") != 0) {
            diag_set(d, "the hub can't take the rows: %s", result);
            e = ERR_REFUSED;
        }
    }
    s->ready = s->ready || json_object_get(o, "ready") != NULL;
    json_decref(o);
    return e;
}

/* Writes what o says, then more if not NULL. A hub that closed has said why. */
static enum err send(struct import_sink *s, json_t *o, const void *more, size_t size,
                     struct diag *d)
{
    char *line = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    if (line == NULL) {
        return ERR_MEMORY;
    }
    int fd = fileno(s->hub);
    enum err e = file_write(fd, line, strlen(line));
    e = e != ERR_OK ? e : file_write(fd, "\n", 1);
    e = e != ERR_OK || more == NULL ? e : file_write(fd, more, size);
    e = e != ERR_OK || more == NULL ? e : file_write(fd, "\n", 1);
    free(line);
    for (bool done = false; e == ERR_IO && !done;) {
        enum err said = read_answer(s, &done, d);
        done = done || said != ERR_OK;
    }
    return e;
}

static enum err open_hub(struct import_sink *s, const char *data, struct diag *d)
{
    int fd = -1;
    enum err e = control_connect(data, &fd, d);
    if (e != ERR_OK) {
        return e;
    }
    s->hub = fdopen(fd, "r");
    if (s->hub == NULL) {
        close(fd);
        return ERR_MEMORY;
    }
    e = send(s,
             json_pack("{s:s, s:s, s:s}", "verb", "import", "source", s->source,
                       "settings", s->settings),
             NULL, 0, d);
    for (bool done = false; e == ERR_OK && !s->ready;) {
        e = read_answer(s, &done, d);
    }
    return e;
}

static enum err put_hub(struct import_sink *s, const struct message *m, const char *from,
                        const struct import_mark *to, struct diag *d)
{
    enum err e = send(s,
                      json_pack("{s:s, s:s, s:s, s:I, s:I}", "topic", m->topic, "from",
                                from, "digest", to->digest, "bytes",
                                (json_int_t)to->bytes, "rows", (json_int_t)to->rows),
                      m->payload, m->size, d);
    s->put += e == ERR_OK;
    for (bool done = false; e == ERR_OK && s->put - s->queued >= WINDOW;) {
        e = read_answer(s, &done, d);
    }
    return e;
}

/* --- no hub --- */

static enum err open_inbox(struct import_sink *s, const char *data, struct diag *d)
{
    *d = (struct diag){0};
    enum err e = context_lock(data, &s->lock, d);
    e = e != ERR_OK ? e : inbox_open(data, &s->inbox, d);
    e = e != ERR_OK ? e
                    : inbox_import_open(s->inbox, s->source, s->settings, clock_now_us(),
                                        &s->import);
    return e != ERR_OK ? e : inbox_import_marks(s->import, s, keep_mark);
}

static enum err put_inbox(struct import_sink *s, const struct message *m,
                          const char *from, const struct import_mark *to)
{
    struct message stamped = *m;
    stamped.arrival_us = clock_now_us();
    return inbox_import_put(s->import, &stamped, from, to);
}

/* --- both --- */

static void say_failure(enum err e, struct diag *d)
{
    if (e != ERR_OK && d->text[0] == '\0') {
        diag_set(d, "the rows can't be put into the inbox: %s", err_text(e));
    }
}

enum err import_sink_open(const char *data, const char *source, const char *settings,
                          struct import_sink **out, struct diag *d)
{
    struct import_sink *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return ERR_MEMORY;
    }
    s->lock = -1;
    s->source = source;
    s->settings = settings;
    enum err e = open_hub(s, data, d);
    if (e == ERR_ABSENT) {
        e = open_inbox(s, data, d);
    }
    e = e != ERR_OK ? e : s->err;
    if (e != ERR_OK) {
        say_failure(e, d);
        import_sink_close(s);
        return e;
    }
    *out = s;
    return ERR_OK;
}

void import_sink_close(struct import_sink *s)
{
    if (s == NULL) {
        return;
    }
    if (s->hub != NULL) {
        fclose(s->hub);
    }
    inbox_import_close(s->import, clock_now_us());
    inbox_close(s->inbox);
    if (s->lock >= 0) {
        close(s->lock);
    }
    free(s->line);
    free(s->marks);
    free(s);
}

const struct import_mark *import_sink_marks(const struct import_sink *s, size_t *count)
{
    *count = s->mark_count;
    return s->marks;
}

enum err import_sink_put(struct import_sink *s, const struct message *m, const char *from,
                         const struct import_mark *to, struct diag *d)
{
    enum err e = s->hub != NULL ? put_hub(s, m, from, to, d) : put_inbox(s, m, from, to);
    say_failure(e, d);
    return e;
}

enum err import_sink_finish(struct import_sink *s, struct diag *d)
{
    enum err e = ERR_OK;
    if (s->hub != NULL) {
        bool done = false;
        e = send(s, json_pack("{s:b}", "end", 1), NULL, 0, d);
        while (e == ERR_OK && !done) {
            e = read_answer(s, &done, d);
        }
    } else {
        e = inbox_import_commit(s->import);
    }
    say_failure(e, d);
    return e;
}
