/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/overview.h"
#include "app/table.h"
#include "base/clock.h"

#include <string.h>

static const char *text_of(json_t *row, const char *name, const char *standard)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text != NULL ? text : standard;
}

static long long count_of(json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

/* "4 s ago"; "never" */
static const char *age_of(json_t *row, const char *name, char to[REPORT_AGE])
{
    int64_t time_us = CLOCK_NONE;
    const char *text = text_of(row, name, NULL);
    if (text != NULL && clock_parse_rfc3339(text, &time_us) != ERR_OK) {
        time_us = CLOCK_NONE;
    }
    return report_age(time_us, clock_now_us(), to);
}

static void print_table(struct table *t)
{
    putchar('\n');
    table_print(t, stdout);
    table_close(t);
}

static void put_counts(struct table *t, json_t *row)
{
    static const char *const names[] = {"messages", "readings", "rejected", "pending",
                                        "waiting"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        table_put(t, "%lld", count_of(row, names[k]));
    }
}

/* Received of expected, by their counters. */
static void put_frames(struct table *t, json_t *row)
{
    json_t *frames = json_object_get(row, "frames");
    if (count_of(frames, "expected") == 0) {
        table_put(t, "-");
    } else {
        table_put(t, "%lld of %lld", count_of(frames, "received"),
                  count_of(frames, "expected"));
    }
}

static const char *state_of(const struct overview *o, json_t *row)
{
    if (!json_is_true(json_object_get(row, "configured"))) {
        return "not configured";
    }
    if (!o->running) {
        return "hub is down";
    }
    json_t *connected = json_object_get(row, "connected");
    if (connected == NULL) {
        return "takes files";
    }
    return json_is_true(connected) ? "connected" : "not connected";
}

/* The last sessions that were lost. */
static void note_holes(struct table *t, json_t *source)
{
    enum { SHOWN = 3 };
    json_t *holes = json_object_get(source, "holes");
    size_t count = json_array_size(holes);
    for (size_t k = count > SHOWN ? count - SHOWN : 0; k < count; k++) {
        json_t *hole = json_array_get(holes, k);
        table_note(t,
                   "what came from %s to %s is unknown: the broker forgot the session, "
                   "or a back-up was restored",
                   text_of(hole, "from", "?"), text_of(hole, "to", "?"));
    }
}

static void print_sources(const struct overview *o)
{
    static const char *const headings[] = {"SOURCE",       "STATE",     "LAST MESSAGE",
                                           ">MESSAGES",    ">READINGS", ">REJECTED",
                                           ">PENDING",     ">WAITING",  ">LOST SESSIONS",
                                           ">FRAMES 24 H", NULL};
    struct table *t = table_open(headings);
    size_t index;
    json_t *row;
    char age[REPORT_AGE];
    if (t == NULL || json_array_size(o->sources) == 0) {
        table_close(t);
        return;
    }
    json_array_foreach(o->sources, index, row)
    {
        const char *error = text_of(row, "error", NULL);
        table_put(t, "%s", text_of(row, "source", ""));
        table_put(t, "%s", state_of(o, row));
        table_put(t, "%s", age_of(row, "last_message", age));
        put_counts(t, row);
        table_put(t, "%lld", count_of(row, "lost_sessions"));
        put_frames(t, row);
        if (error != NULL && error[0] != '\0') {
            table_note(t, "%s", error);
        }
        note_holes(t, row);
        if (text_of(row, "slowed_since", NULL) != NULL) {
            table_note(t, "slowed since %s: more comes than its ceiling allows",
                       text_of(row, "slowed_since", ""));
        }
    }
    print_table(t);
}

static void print_cities(const struct overview *o)
{
    static const char *const headings[] = {
        "CITY",      "LAST OBSERVATION", ">SERIES",  ">MESSAGES",    ">READINGS",
        ">REJECTED", ">PENDING",         ">WAITING", ">FRAMES 24 H", NULL};
    struct table *t = table_open(headings);
    size_t index;
    json_t *row;
    char age[REPORT_AGE];
    if (t == NULL || json_array_size(o->cities) == 0) {
        table_close(t);
        return;
    }
    json_array_foreach(o->cities, index, row)
    {
        table_put(t, "%s", text_of(row, "city", "city not known"));
        table_put(t, "%s", age_of(row, "last_observation", age));
        table_put(t, "%lld", count_of(row, "series"));
        put_counts(t, row);
        put_frames(t, row);
    }
    print_table(t);
}

static void put_portal(struct table *t, json_t *portal)
{
    size_t index;
    json_t *row;
    char age[REPORT_AGE];
    json_array_foreach(json_object_get(portal, "datasets"), index, row)
    {
        const char *sentence = text_of(row, "sentence", "");
        table_put(t, "%s", text_of(portal, "portal", ""));
        table_put(t, "%s", text_of(row, "dataset", ""));
        table_put(t, "%s", text_of(row, "state", ""));
        table_put(t, "%s", age_of(row, "last_success", age));
        if (sentence[0] != '\0') {
            table_note(t, "%s", sentence);
        }
    }
    if (json_array_size(json_object_get(portal, "datasets")) == 0) {
        table_put(t, "%s", text_of(portal, "portal", ""));
        table_put(t, "-");
        table_put(t, "nothing sent yet");
        table_put(t, "never");
    }
}

static void print_portals(const struct overview *o)
{
    static const char *const headings[] = {"PORTAL", "DATASET", "STATE", "LAST SUCCESS",
                                           NULL};
    struct table *t = table_open(headings);
    size_t index;
    json_t *portal;
    if (t == NULL || json_array_size(o->portals) == 0) {
        table_close(t);
        return;
    }
    json_array_foreach(o->portals, index, portal)
    {
        put_portal(t, portal);
    }
    print_table(t);
}

static void print_gaps(const struct overview *o)
{
    static const char *const headings[] = {"FRAMES MISSING", "SOURCE",   ">RECEIVED",
                                           ">EXPECTED",      ">MISSING", NULL};
    struct table *t = table_open(headings);
    size_t index;
    json_t *row;
    if (t == NULL || json_array_size(o->gaps) == 0) {
        table_close(t);
        return;
    }
    json_array_foreach(o->gaps, index, row)
    {
        table_put(t, "%s", text_of(row, "device", ""));
        table_put(t, "%s", text_of(row, "source", ""));
        table_put(t, "%lld", count_of(row, "received"));
        table_put(t, "%lld", count_of(row, "expected"));
        table_put(t, "%lld", count_of(row, "missing"));
    }
    print_table(t);
}

static void print_expiring(const struct overview *o)
{
    size_t index;
    json_t *row;
    json_array_foreach(o->expiring, index, row)
    {
        long long count = count_of(row, "messages");
        printf("warning  %lld %s message%s will be given up from %.10s on, when the "
               "inbox no longer keeps %s\n",
               count, text_of(row, "fate", ""), count == 1 ? "" : "s",
               text_of(row, "from", ""), count == 1 ? "it" : "them");
    }
}

static void print_text(const struct overview *o)
{
    char age[REPORT_AGE];
    size_t index;
    json_t *trouble;
    const char *warning = text_of(o->hub, "warning", NULL);
    long long waiting = count_of(o->hub, "waiting");
    if (o->running) {
        printf("hub      started %s", age_of(o->hub, "started", age));
    } else {
        printf("hub      is down");
    }
    if (waiting > 0) {
        printf(", %lld message%s, the oldest for %lld s", waiting,
               waiting == 1 ? " waits" : "s wait", count_of(o->hub, "lag_s"));
    } else {
        printf(", no message waits");
    }
    printf("\n%s%s%s", warning != NULL ? "warning  " : "", warning != NULL ? warning : "",
           warning != NULL ? "\n" : "");
    json_array_foreach(json_object_get(o->hub, "troubles"), index, trouble)
    {
        printf("trouble  %s\n", json_string_value(trouble));
    }
    print_expiring(o);
    print_sources(o);
    print_cities(o);
    print_gaps(o);
    print_portals(o);
}

static bool any_has(json_t *rows, const char *count)
{
    size_t index;
    json_t *row;
    json_array_foreach(rows, index, row)
    {
        if (count_of(row, count) > 0) {
            return true;
        }
    }
    return false;
}

/* Where to look next. */
static void say_next(const struct invocation *i, const struct overview *o)
{
    if (any_has(o->sources, "rejected")) {
        command_say(i, "kogge rejected lists what could not be used, and why");
    }
    if (any_has(o->sources, "pending")) {
        command_say(i, "kogge devices pending says what waits, and for what");
    }
}

static void print_json(const struct overview *o)
{
    json_t *out =
        json_pack("{s:i, s:O, s:O, s:O, s:O, s:O, s:O}", "schema", REPORT_SCHEMA, "hub",
                  o->hub, "expiring", o->expiring, "sources", o->sources, "cities",
                  o->cities, "gaps", o->gaps, "portals", o->portals);
    json_dumpf(out, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(out);
}

static int status(struct invocation *i)
{
    struct overview o;
    int code = overview_init(i, &o);
    if (code == EXIT_DONE && i->json) {
        print_json(&o);
    } else if (code == EXIT_DONE) {
        print_text(&o);
        say_next(i, &o);
    }
    if (code == EXIT_DONE) {
        code = !o.running ? EXIT_NOT_REACHED : o.findings ? EXIT_FINDINGS : EXIT_DONE;
    }
    overview_fini(&o);
    return code;
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "",
    .summary = "Show how the hub is: sources, cities, portals, what waits",
    .examples = {"kogge status", "kogge status --json"},
    .json = true,
    .run = status,
}};

const struct command command_status = {"status", verbs, 1};
