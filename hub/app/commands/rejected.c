/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/ask.h"
#include "app/replaying.h"
#include "app/report.h"
#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { LISTED = 100, LISTED_MOST = 1000000, MESSAGE_BYTES = 32 << 20, SHOWN = 4096 };

struct list {
    const struct report *report;
    json_t *json; /* NULL: for people */
    int64_t count;
};

/* What became of a message that has no reason of its own. */
static const char *const stories[FATE_COUNT] = {
    [FATE_WAITING] = "it is not worked on yet",
    [FATE_CONFLICT] = "another message has another value: kogge conflicts",
    [FATE_STORED] = "each reading that is wanted is an observation",
    [FATE_DUPLICATE] = "all its readings were there already",
    [FATE_EMPTY] = "it holds no reading that its sensor model wants",
};

static json_t *message_json(const struct report_message *m)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "id", (json_int_t)m->id, "source",
                     m->source, "fate", fate_text(m->fate), "stage", m->stage, "device",
                     m->device, "reason", m->reason);
}

static void take_row(void *arg, const struct report_message *m)
{
    struct list *list = arg;
    int64_t arrival_us = CLOCK_NONE;
    list->count++;
    if (inbox_arrival(list->report->inbox, m->id, &arrival_us) != ERR_OK) {
        arrival_us = CLOCK_NONE;
    }
    if (list->json != NULL) {
        json_t *row = message_json(m);
        json_object_set_new(row, "arrived", report_time(arrival_us));
        json_array_append_new(list->json, row);
        return;
    }
    char device[REPORT_PLAIN];
    printf("%lld  %.19sZ  %s  %s%s%s\n", (long long)m->id, report_time_text(arrival_us),
           m->source, report_plain(m->device, device), m->device[0] != '\0' ? ": " : "",
           m->reason);
}

static int list_rejected(struct invocation *i)
{
    struct report report;
    const char *most = invocation_value(i, "--most");
    int64_t rows = most != NULL ? strtoll(most, NULL, 10) : LISTED;
    if (rows < 1 || rows > LISTED_MOST) {
        return command_fail(i, EXIT_USAGE, "--most %s is no number from 1 to %d", most,
                            LISTED_MOST);
    }
    int code = report_open(i, &report);
    if (code != EXIT_DONE) {
        return code;
    }
    struct list list = {.report = &report, .json = i->json ? json_array() : NULL};
    enum err e = report_messages(report.store, FATE_REJECTED, rows, &list, take_row);
    code = e != ERR_OK ? report_fail(&report, e)
                       : (list.count > 0 ? EXIT_FINDINGS : EXIT_DONE);
    if (e == ERR_OK && i->json) {
        report_json("rejected", list.json);
    } else {
        json_decref(list.json);
    }
    if (e == ERR_OK && list.count == 0) {
        command_say(i, "no rejected messages");
    } else if (e == ERR_OK && list.count == rows) {
        command_say(i, "the newest %lld; --most N shows more", (long long)rows);
    }
    if (e == ERR_OK && list.count > 0) {
        command_say(i,
                    "kogge rejected show ID shows one; once the cause is mended, kogge "
                    "rejected replay works on them again");
    }
    report_close(&report);
    return code;
}

static void print_message(const struct message *m)
{
    char *text = malloc(SHOWN);
    char topic[REPORT_PLAIN];
    printf("topic    %s\nsource   %s\narrived  %s\nbytes    %zu\n\n",
           report_plain(m->topic, topic), m->source, report_time_text(m->arrival_us),
           m->full_size);
    if (text != NULL) {
        puts(text_escape(text, SHOWN, m->payload, m->size));
    }
    free(text);
}

static void print_story(void *arg, const struct report_message *m)
{
    char device[REPORT_PLAIN];
    (void)arg;
    printf("message  %lld, %s\n", (long long)m->id, fate_text(m->fate));
    if (m->reason[0] != '\0') {
        printf("reason   %s%s%s (%s)\n", report_plain(m->device, device),
               m->device[0] != '\0' ? ": " : "", m->reason, m->stage);
    } else if (stories[m->fate] != NULL) {
        printf("reason   %s\n", stories[m->fate]);
    }
}

static void take_story(void *arg, const struct report_message *m)
{
    json_object_update_new(arg, message_json(m));
}

static enum err print_one(const struct report *report, const struct message *m, bool json)
{
    json_t *story = json ? report_message_json(m) : NULL;
    void (*take)(void *, const struct report_message *) = json ? take_story : print_story;
    int64_t cursor = 0;
    enum err e = report_message(report->store, m->id, story, take);
    if (e == ERR_ABSENT) { /* only exceptions have a row */
        e = report_cursor(report->store, &cursor);
        const struct report_message plain = {.id = m->id,
                                             .source = m->source,
                                             .fate = m->id > cursor ? FATE_WAITING
                                                                    : FATE_STORED,
                                             .stage = "",
                                             .device = "",
                                             .reason = ""};
        take(story, &plain);
    }
    if (json) {
        report_json("message", story);
    } else {
        print_message(m);
    }
    return e;
}

static int show_rejected(struct invocation *i)
{
    struct report report;
    struct message m;
    char *end = NULL;
    int64_t id = strtoll(i->arguments[0], &end, 10);
    if (*end != '\0' || id < 1) {
        return command_fail(i, EXIT_USAGE, "%s is no number of a message",
                            i->arguments[0]);
    }
    int code = report_open(i, &report);
    if (code != EXIT_DONE) {
        return code;
    }
    struct arena *arena = arena_open(MESSAGE_BYTES);
    enum err e = arena == NULL ? ERR_MEMORY : inbox_get(report.inbox, id, arena, &m);
    if (e == ERR_OK) {
        e = print_one(&report, &m, i->json);
    }
    if (e == ERR_ABSENT) {
        code = command_fail(i, EXIT_FAILED, "there is no message %lld", (long long)id);
    } else if (e != ERR_OK) {
        code = report_fail(&report, e);
    }
    arena_close(arena);
    report_close(&report);
    return code;
}

static int replay_rejected(struct invocation *i)
{
    const char *reason = invocation_value(i, "--reason");
    const char *since = invocation_value(i, "--since");
    struct replay_filter filter = {.fate = FATE_REJECTED,
                                   .reason = reason != NULL ? reason : "",
                                   .since_us = INT64_MIN};
    if (since != NULL && clock_parse_rfc3339(since, &filter.since_us) != ERR_OK) {
        return command_fail(i, EXIT_USAGE,
                            "--since %s is no time like 2026-11-22T12:00:00Z", since);
    }
    if (strlen(filter.reason) > REPLAY_REASON) {
        return command_fail(i, EXIT_USAGE, "--reason has more than %d bytes",
                            REPLAY_REASON);
    }
    const struct ask_work work = {
        .request = replaying_request(&filter), .order = &filter, .run = replaying_run};
    return ask_work(i, &work);
}

static const struct verb verbs[] = {
    {
        .name = "list",
        .arguments = "",
        .summary = "List messages that were rejected, the newest first",
        .examples = {"kogge rejected", "kogge rejected list --json"},
        .options = {{"--most", "N", "at most so many (default: 100)"}},
        .json = true,
        .run = list_rejected,
    },
    {
        .name = "show",
        .arguments = "ID",
        .summary = "Show one message with its story, whatever became of it",
        .examples = {"kogge rejected show 4711", "kogge rejected show 4711 --json"},
        .least = 1,
        .most = 1,
        .json = true,
        .run = show_rejected,
    },
    {
        .name = "replay",
        .arguments = "",
        .summary = "Work on rejected messages once more, after the cause was mended",
        .examples = {"kogge rejected replay",
                     "kogge rejected replay --reason sentinel --since "
                     "2026-11-01T00:00:00Z"},
        .options = {{"--reason", "TEXT", "only those whose reason holds this text"},
                    {"--since", "TIME", "only those that arrived at or after it"}},
        .run = replay_rejected,
    },
};

const struct command command_rejected = {"rejected", verbs, 3};
