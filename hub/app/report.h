/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_REPORT_H
#define APP_REPORT_H

/* What reporting verbs share: opening the stores read-only, JSON with a schema version,
 * texts for people. Threads: main. */

#include "app/context.h"
#include "store/inbox_reader.h"
#include "store/report.h"
#include "store/store.h"

#include <jansson.h>

enum { REPORT_SCHEMA = 1 };

struct report {
    const struct invocation *invocation;
    char data[PATH_LENGTH];
    struct store_reader *store;
    struct inbox_reader *inbox;
};

/* EXIT_DONE, or the code of a failure that was said. Close with report_close. */
int report_open(const struct invocation *i, struct report *r);
void report_close(struct report *r);

/* Says why reading failed. */
int report_fail(const struct report *r, enum err e);

/* Prints {"schema": 1, name: list} and takes list. */
void report_json(const char *name, json_t *list);

/* Numbers as JSON; NAN is null. Times as text; CLOCK_NONE is null. Yours. */
json_t *report_number(double value);
json_t *report_time(int64_t time_us);

/* Text of a time for people; "never" for CLOCK_NONE. Borrowed until the fourth call
 * after.
 */
const char *report_time_text(int64_t time_us);

/* A message with its payload: text, or hex digits where it is no UTF-8. Yours. */
json_t *report_message_json(const struct message *m);

/* How long ago, for people: "4 s ago", "2 h ago"; "never" for CLOCK_NONE. Gives to. */
enum { REPORT_AGE = 32 };
const char *report_age(int64_t time_us, int64_t now_us, char to[REPORT_AGE]);

/* Text from outside for a terminal: control characters escaped, cut. Gives to. */
enum { REPORT_PLAIN = 320 };
const char *report_plain(const char *text, char to[REPORT_PLAIN]);

/* "1 message", "7 messages". Gives to. */
enum { REPORT_COUNT = 64 };
const char *report_count(int64_t count, const char *noun, char to[REPORT_COUNT]);

/* One line of the heights that a level was made with, as trace tells them; nothing if
 * there are none. */
void report_print_level(json_t *level);

#endif
