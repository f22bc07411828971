/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/ask.h"
#include "app/choose.h"
#include "app/report.h"
#include "base/clock.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct list {
    json_t *json; /* NULL: for people */
    int64_t count;
};

static const char *number_or_missing(double value, char to[NUMBER_TEXT])
{
    if (isnan(value)) {
        return "missing";
    }
    number_format(value, to);
    return to;
}

static void take_row(void *arg, const struct report_conflict *c)
{
    struct list *list = arg;
    char held[NUMBER_TEXT];
    char kept[NUMBER_TEXT];
    list->count++;
    if (list->json != NULL) {
        json_array_append_new(
            list->json,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:I, s:o, s:I, s:b}",
                      "city", c->key.city, "station", c->key.station, "parameter",
                      c->key.parameter, "position", c->key.position, "origin",
                      c->key.origin, "time", report_time(c->time_us), "unit", c->unit,
                      "held", report_number(c->held), "held_message",
                      (json_int_t)c->held_message, "kept", report_number(c->kept),
                      "kept_message", (json_int_t)c->kept_message, "chosen", c->chosen));
        return;
    }
    printf("%s %s %s %s: held %s %s (message %lld)%s, kept aside %s (message %lld)\n",
           c->key.station, c->key.parameter, c->key.position,
           report_time_text(c->time_us), number_or_missing(c->held, held), c->unit,
           (long long)c->held_message, c->chosen ? " by hand" : "",
           number_or_missing(c->kept, kept), (long long)c->kept_message);
}

static int list_conflicts(struct invocation *i)
{
    struct report report;
    int code = report_open(i, &report);
    if (code != EXIT_DONE) {
        return code;
    }
    struct list list = {.json = i->json ? json_array() : NULL};
    enum err e = report_conflicts(report.store, &list, take_row);
    code = e != ERR_OK ? report_fail(&report, e)
                       : (list.count > 0 ? EXIT_FINDINGS : EXIT_DONE);
    if (e == ERR_OK && i->json) {
        report_json("conflicts", list.json);
    } else {
        json_decref(list.json);
    }
    if (e == ERR_OK && list.count == 0) {
        command_say(i, "no conflicts");
    }
    report_close(&report);
    return code;
}

/* A value as conflicts list prints it; NAN: missing. */
static bool read_value(const char *text, double *value)
{
    *value = (double)NAN;
    return strcmp(text, "missing") == 0 || number_parse(text, value);
}

static int read_choice(const struct invocation *i, struct choose_order *o)
{
    const char *message = invocation_value(i, "--message");
    bool rule = invocation_value(i, "--rule") != NULL;
    bool value = i->argument_count == 4;
    char *end = NULL;
    if (value + (message != NULL) + rule != 1) {
        return command_fail(i, EXIT_USAGE,
                            "one of VALUE, --message and --rule says what is held");
    }
    if (value && !read_value(i->arguments[3], &o->value)) {
        return command_fail(i, EXIT_USAGE, "%s is no number, nor \"missing\"",
                            i->arguments[3]);
    }
    if (message != NULL) {
        o->message = strtoll(message, &end, 10);
        if (*end != '\0' || o->message < 1) {
            return command_fail(i, EXIT_USAGE, "%s is no number of a message", message);
        }
    }
    o->by = value ? CHOOSE_VALUE : rule ? CHOOSE_RULE : CHOOSE_MESSAGE;
    return EXIT_DONE;
}

static int choose(struct invocation *i)
{
    const char *position = invocation_value(i, "--position");
    const char *origin = invocation_value(i, "--origin");
    struct choose_order o = {.station = i->arguments[0],
                             .parameter = i->arguments[1],
                             .position = position != NULL ? position : "",
                             .origin = origin != NULL ? origin : "",
                             .value = (double)NAN};
    if (clock_parse_rfc3339(i->arguments[2], &o.time_us) != ERR_OK) {
        return command_fail(i, EXIT_USAGE, "%s is no time like 2026-11-22T12:00:00Z",
                            i->arguments[2]);
    }
    int code = read_choice(i, &o);
    if (code != EXIT_DONE) {
        return code;
    }
    const struct ask_work work = {
        .request = choose_request(&o), .order = &o, .run = choose_run};
    return ask_work(i, &work);
}

static const struct verb verbs[] = {
    {
        .name = "list",
        .arguments = "",
        .summary = "List values that lost against another one for the same time",
        .examples = {"kogge conflicts list"},
        .json = true,
        .run = list_conflicts,
    },
    {
        .name = "choose",
        .arguments = "STATION PARAMETER TIME [VALUE]",
        .summary = "Settle a conflict by hand: this value is held from now on",
        .examples = {"kogge conflicts choose luebeck-bauhof water_temperature "
                     "2026-11-22T12:00:00Z 8.4",
                     "kogge conflicts choose luebeck-bauhof water_temperature "
                     "2026-11-22T12:00:00Z --message 4711",
                     "kogge conflicts choose luebeck-bauhof water_temperature "
                     "2026-11-22T12:00:00Z --rule"},
        .options = {{"--message", "ID", "the value that this message gave"},
                    {"--rule", NULL, "take the choice back: as the rule settles it"},
                    {"--position", "NAME", "of several positions this one"},
                    {"--origin", "NAME", "of several origins this one"}},
        .least = 3,
        .most = 4,
        .run = choose,
    },
};

const struct command command_conflicts = {"conflicts", verbs, 2};
