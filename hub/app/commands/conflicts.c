/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/report.h"
#include "base/number.h"

#include <math.h>

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
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:I, s:o, s:I}", "city",
                      c->key.city, "station", c->key.station, "parameter",
                      c->key.parameter, "position", c->key.position, "origin",
                      c->key.origin, "time", report_time(c->time_us), "unit", c->unit,
                      "held", report_number(c->held), "held_message",
                      (json_int_t)c->held_message, "kept", report_number(c->kept),
                      "kept_message", (json_int_t)c->kept_message));
        return;
    }
    printf("%s %s %s %s: held %s %s (message %lld), kept aside %s (message %lld)\n",
           c->key.station, c->key.parameter, c->key.position,
           report_time_text(c->time_us), number_or_missing(c->held, held), c->unit,
           (long long)c->held_message, number_or_missing(c->kept, kept),
           (long long)c->kept_message);
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

static const struct verb verbs[] = {{
    .name = "list",
    .arguments = "",
    .summary = "List values that lost against another one for the same time",
    .examples = {"kogge conflicts list"},
    .json = true,
    .run = list_conflicts,
}};

const struct command command_conflicts = {"conflicts", verbs, 1};
