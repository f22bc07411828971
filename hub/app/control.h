/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_CONTROL_H
#define APP_CONTROL_H

/* The control socket: Unix, mode 0600, in the data folder. A request is one line of JSON,
 * {"verb": "reload"}, at most 4 KiB, with what else the verb takes; the answer is one or
 * more lines, the last has "result": "ok" or a sentence. Each request is served by a
 * thread of its own, so that a long one holds up no other. Threads: control_serve has
 * one, hub.c's; anybody may ask. */

#include "base/diag.h"
#include "base/err.h"

#include <jansson.h>

enum { CONTROL_REQUESTS = 8 }; /* served at a time; one more is told to come again */

struct control; /* opaque */

/* Listens in data/hub.sock (an old one is replaced: the lock is held). */
MUST_USE enum err control_open(const char *data, struct control **out, struct diag *d);
/* Waits for the requests under way; who is sent to reads an end. Then nobody is served.
 */
void control_stop(struct control *c);
void control_close(struct control *c); /* stops it; c may be NULL */

/* Waits up to wait_ms for one connection and starts the thread that reads its request
 * and hands it to serve, which writes the answer to fd by control_answer; request may be
 * NULL. serve is called by several threads at once. */
void control_serve(struct control *c, int wait_ms, void *arg,
                   void (*serve)(void *arg, const json_t *request, int fd));
/* Lines that come on fd, as many as there are; bytes of size are yours, room for the
 * longest line and one byte. */
struct control_lines {
    int fd;
    char *bytes;
    size_t size, from, to;
};
enum control_read { CONTROL_READ, CONTROL_NOTHING_YET, CONTROL_ENDED };

/* Reads the next line, which ends with a NUL in the place of its line feed, within
 * wait_ms (-1: no limit). CONTROL_ENDED: there is no more, or the line is too long. */
enum control_read control_read_line(struct control_lines *l, int wait_ms, char **line,
                                    size_t *length);

void control_answer(int fd, const char *line); /* adds the line's end */
/* {"result": sentence}; "ok" if sentence is NULL. exit_code for the asking verb. */
void control_finish(int fd, const char *sentence, int exit_code);

/* Connects to the hub that works in data, for a request of more than one line.
 * ERR_ABSENT: no hub runs there. */
MUST_USE enum err control_connect(const char *data, int *fd, struct diag *d);

/* Asks the hub that works in data; request is a verb, or the whole object as text; line
 * is called for each line of the answer but the last. *exit_code: what the last says; d:
 * its sentence. ERR_ABSENT: no hub runs there. */
MUST_USE enum err control_ask(const char *data, const char *request, void *arg,
                              void (*line)(void *arg, const char *line), int *exit_code,
                              struct diag *d);

#endif
