/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/import_serve.h"

#include "app/command.h"
#include "app/control.h"
#include "base/clock.h"
#include "base/text.h"
#include "decode/rows.h"

#include <stdlib.h>
#include <string.h>

enum { BUFFER = ROWS_MESSAGE_BYTES + 4096 };

struct serving {
    struct inbox_import *import;
    struct control_lines lines;
    int64_t told; /* messages of which was said that they are on disk */
};

static void send_answer(int fd, json_t *answer)
{
    char *line = answer != NULL ? json_dumps(answer, JSON_COMPACT) : NULL;
    if (line != NULL) {
        control_answer(fd, line);
    }
    free(line);
    json_decref(answer);
}

static void send_mark(void *arg, const struct import_mark *m)
{
    send_answer(*(const int *)arg,
                json_pack("{s:{s:s, s:I, s:I}}", "mark", "digest", m->digest, "bytes",
                          (json_int_t)m->bytes, "rows", (json_int_t)m->rows));
}

static void tell_queued(struct serving *s)
{
    int64_t count = inbox_import_count(s->import);
    if (count > s->told) {
        s->told = count;
        send_answer(s->lines.fd, json_pack("{s:I}", "queued", (json_int_t)count));
    }
}

static const char *text_at(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));
    return text != NULL ? text : "";
}

/* One message: what was said of it, and the line that follows. */
static enum err take_message(struct serving *s, const json_t *head)
{
    char *payload = NULL;
    size_t size = 0;
    if (control_read_line(&s->lines, -1, &payload, &size) != CONTROL_READ) {
        return ERR_ABSENT;
    }
    struct import_mark to = {.bytes = json_integer_value(json_object_get(head, "bytes")),
                             .rows = json_integer_value(json_object_get(head, "rows"))};
    text_copy(to.digest, sizeof to.digest, text_at(head, "digest"));
    const struct message m = {.topic = text_at(head, "topic"),
                              .payload = payload,
                              .size = size,
                              .full_size = size,
                              .arrival_us = clock_now_us()};
    enum err e = inbox_import_put(s->import, &m, text_at(head, "from"), &to);
    tell_queued(s);
    return e;
}

/* The next line; where there is none yet, what came is committed meanwhile. *end: no more
 * will come. */
static enum err serve_line(struct serving *s, bool *end)
{
    char *line = NULL;
    size_t length = 0;
    enum control_read read = control_read_line(&s->lines, 0, &line, &length);
    if (read == CONTROL_NOTHING_YET) {
        enum err e = inbox_import_commit(s->import);
        if (e != ERR_OK) {
            return e;
        }
        tell_queued(s);
        read = control_read_line(&s->lines, -1, &line, &length);
    }
    if (read != CONTROL_READ) {
        return ERR_ABSENT;
    }
    json_t *head = json_loads(line, 0, NULL);
    *end = json_object_get(head, "end") != NULL;
    enum err e = *end ? ERR_OK : take_message(s, head);
    json_decref(head);
    return e;
}

static enum err serve_lines(struct serving *s)
{
    enum err e = inbox_import_marks(s->import, &s->lines.fd, send_mark);
    send_answer(s->lines.fd, json_pack("{s:b}", "ready", 1));
    for (bool end = false; !end && e == ERR_OK;) {
        e = serve_line(s, &end);
    }
    /* what came whole stays, also if the other side is gone */
    enum err last =
        e == ERR_OK || e == ERR_ABSENT ? inbox_import_commit(s->import) : ERR_OK;
    return e != ERR_OK ? e : last;
}

static void drop_rest(struct control_lines *lines)
{
    char *line = NULL;
    size_t length = 0;
    while (control_read_line(lines, 2000, &line, &length) == CONTROL_READ) {
    }
}

void import_serve(struct inbox *inbox, struct current *current, const json_t *request,
                  int fd)
{
    struct serving s = {.lines = {.fd = fd, .size = BUFFER}};
    const char *source = text_at(request, "source");
    const struct configuration *c = current_take(current);
    bool known = configuration_source(c, source) != NULL;
    current_give(current, c);
    if (!known) {
        control_finish(fd, "the hub has no such source", EXIT_USAGE);
        return;
    }
    s.lines.bytes = malloc(BUFFER);
    enum err e = s.lines.bytes == NULL
                     ? ERR_MEMORY
                     : inbox_import_open(inbox, source, text_at(request, "settings"),
                                         clock_now_us(), &s.import);
    e = e != ERR_OK ? e : serve_lines(&s);
    inbox_import_close(s.import, clock_now_us());
    const char *why =
        e == ERR_IO ? "the inbox can't be written; is the disk full?" : err_text(e);
    control_finish(fd, e == ERR_OK ? NULL : why, e == ERR_OK ? EXIT_DONE : EXIT_FAILED);
    if (e != ERR_OK && s.lines.bytes != NULL) {
        drop_rest(&s.lines); /* else the other side could not read why */
    }
    free(s.lines.bytes);
}
