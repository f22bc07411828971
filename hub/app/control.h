/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_CONTROL_H
#define APP_CONTROL_H

/* The control socket: Unix, mode 0600, in the data folder. A request is one line of JSON,
 * {"verb": "reload"}, at most 4 KiB, with what else the verb takes; the answer is one or
 * more lines, the last has "result": "ok" or a sentence. Threads: the server is main's;
 * anybody may ask. */

#include "base/diag.h"
#include "base/err.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { CONTROL_LINE = 1 << 20 }; /* ceiling of a line */

/* Listens in data/hub.sock (an old one is replaced: the lock is held). */
MUST_USE enum err control_open(const char *data, int *fd, struct diag *d);
void control_close(const char *data, int fd);

/* Takes one connection that waits, reads its request and hands it to serve, which writes
 * the answer to fd by control_answer. */
void control_serve(int fd, void *arg,
                   void (*serve)(void *arg, const json_t *request, int fd));
void control_answer(int fd, const char *line); /* adds the line's end */
/* {"result": sentence}; "ok" if sentence is NULL. exit_code for the asking verb. */
void control_finish(int fd, const char *sentence, int exit_code);

/* Asks the hub that works in data; request is a verb, or the whole object as text; line
 * is called for each line of the answer but the last. *exit_code: what the last says; d:
 * its sentence. ERR_ABSENT: no hub runs there. */
MUST_USE enum err control_ask(const char *data, const char *request, void *arg,
                              void (*line)(void *arg, const char *line), int *exit_code,
                              struct diag *d);

#endif
