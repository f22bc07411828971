/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/control.h"
#include "app/report.h"
#include "base/clock.h"
#include "store/outbox.h"

#include <stdlib.h>
#include <string.h>

/* All of it is gathered as JSON; people get the same as lines. */
struct gathering {
    struct report report;
    struct configuration *configuration; /* NULL: none accepted */
    json_t *hub, *sources, *cities, *portals;
    bool findings;
};

static json_t *find_row(json_t *list, const char *key, const char *name)
{
    size_t index;
    json_t *row;
    json_array_foreach(list, index, row)
    {
        const char *value = json_string_value(json_object_get(row, key));
        if (value != NULL && strcmp(value, name) == 0) {
            return row;
        }
    }
    return NULL;
}

static json_t *source_row(struct gathering *g, const char *name)
{
    json_t *row = find_row(g->sources, "source", name);
    if (row == NULL) {
        const struct source *s = g->configuration != NULL
                                     ? configuration_source(g->configuration, name)
                                     : NULL;
        row = json_pack("{s:s, s:s?, s:b}", "source", name, "city",
                        s != NULL ? s->city : NULL, "configured", s != NULL);
        json_array_append_new(g->sources, row);
    }
    return row;
}

static void set_count(json_t *row, const char *name, int64_t count)
{
    json_object_set_new(row, name, json_integer(count));
}

static int64_t sum(const int64_t *counts, int n)
{
    int64_t total = 0;
    for (int k = 0; k < n; k++) {
        total += counts[k];
    }
    return total;
}

static void take_books(void *arg, const struct report_source *s)
{
    struct gathering *g = arg;
    json_t *row = source_row(g, s->source);
    json_object_set_new(row, "last_message", report_time(s->arrival_us));
    set_count(row, "messages", sum(s->fates, FATE_COUNT));
    for (int f = FATE_PENDING; f < FATE_COUNT; f++) {
        set_count(row, fate_text((enum fate)f), s->fates[f]);
    }
    set_count(row, "readings", sum(s->outcomes, OUTCOME_COUNT));
    json_t *outcomes = json_object();
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        set_count(outcomes, outcome_text((enum outcome)o), s->outcomes[o]);
    }
    json_object_set_new(row, "outcomes", outcomes);
    g->findings |= s->fates[FATE_PENDING] + s->fates[FATE_REJECTED] > 0;
}

static void take_connection(void *arg, const struct inbox_source *s)
{
    struct gathering *g = arg;
    json_t *row = source_row(g, s->source);
    json_object_set_new(row, "last_connected", report_time(s->connected_us));
    set_count(row, "lost_sessions", s->holes);
}

static void take_live(void *arg, const char *line)
{
    struct gathering *g = arg;
    json_t *live = json_loads(line, 0, NULL);
    size_t index;
    json_t *source;
    const char *warning = json_string_value(json_object_get(live, "warning"));
    json_object_set(g->hub, "started", json_object_get(live, "started"));
    json_object_set_new(g->hub, "warning",
                        warning != NULL && warning[0] != '\0' ? json_string(warning)
                                                              : json_null());
    g->findings |= warning != NULL && warning[0] != '\0';
    json_array_foreach(json_object_get(live, "sources"), index, source)
    {
        const char *name = json_string_value(json_object_get(source, "source"));
        if (name == NULL) {
            continue;
        }
        json_t *row = source_row(g, name);
        json_object_set(row, "connected", json_object_get(source, "connected"));
        json_object_set(row, "since", json_object_get(source, "since"));
        json_object_set(row, "error", json_object_get(source, "error"));
        g->findings |= !json_is_true(json_object_get(source, "connected"));
    }
    json_decref(live);
}

/* The hub is asked while it runs; *running says whether it does. */
static void ask_live(struct gathering *g, bool *running)
{
    struct diag d = {0};
    int code = EXIT_DONE;
    *running = control_ask(g->report.data, "status", g, take_live, &code, &d) == ERR_OK;
    json_object_set_new(g->hub, "running", json_boolean(*running));
}

static enum err take_lag(struct gathering *g)
{
    int64_t first = 0;
    int64_t last = 0;
    int64_t cursor = 0;
    enum err e = inbox_bounds(g->report.inbox, &first, &last);
    e = e != ERR_OK ? e : report_cursor(g->report.store, &cursor);
    set_count(g->hub, "waiting", last > cursor ? last - cursor : 0);
    return e;
}

static void take_latest(void *arg, const struct observation_row *o)
{
    struct gathering *g = arg;
    json_t *row = find_row(g->cities, "city", o->key.city);
    if (row == NULL) {
        return;
    }
    set_count(row, "series", json_integer_value(json_object_get(row, "series")) + 1);
    const char *before = json_string_value(json_object_get(row, "last_observation"));
    const char *now = report_time_text(o->time_us);
    if (before == NULL || strcmp(before, now) < 0) {
        json_object_set_new(row, "last_observation", json_string(now));
    }
}

static const char *const city_counts[] = {"messages", "readings", "stored", "rejected",
                                          "pending"};

static void add_city_counts(const struct gathering *g, json_t *row, const char *city)
{
    size_t index;
    json_t *source;
    json_array_foreach(g->sources, index, source)
    {
        const char *of = json_string_value(json_object_get(source, "city"));
        if (of == NULL || strcmp(of, city) != 0) {
            continue;
        }
        for (size_t k = 0; k < sizeof city_counts / sizeof *city_counts; k++) {
            const char *name = city_counts[k];
            set_count(row, name,
                      json_integer_value(json_object_get(row, name)) +
                          json_integer_value(json_object_get(source, name)));
        }
        const char *last = json_string_value(json_object_get(source, "last_message"));
        const char *before = json_string_value(json_object_get(row, "last_message"));
        if (last != NULL && (before == NULL || strcmp(before, last) < 0)) {
            json_object_set_new(row, "last_message", json_string(last));
        }
    }
}

static enum err take_cities(struct gathering *g)
{
    const struct store_query all = {.from_us = INT64_MIN / 2, .to_us = INT64_MAX / 2};
    for (size_t k = 0; g->configuration != NULL && k < g->configuration->city_count;
         k++) {
        const char *city = g->configuration->cities[k].city;
        json_t *row = json_pack("{s:s, s:i}", "city", city, "series", 0);
        json_array_append_new(g->cities, row);
        add_city_counts(g, row, city);
    }
    return store_latest(g->report.store, &all, g, take_latest);
}

static void take_push(void *arg, const struct outbox_push *p)
{
    struct gathering *g = arg;
    json_array_append_new(g->portals,
                          json_pack("{s:s, s:s, s:s, s:o, s:s}", "portal", p->target,
                                    "dataset", p->dataset, "state",
                                    outbox_state_text(p->state), "last_success",
                                    report_time(p->success_us), "sentence", p->sentence));
    g->findings |= p->state == OUTBOX_FAILED || p->state == OUTBOX_PARKED;
}

static enum err take_portals(struct gathering *g)
{
    struct outbox *outbox = NULL;
    enum err e = outbox_open(g->report.data, true, &outbox, NULL);
    if (e == ERR_ABSENT) {
        return ERR_OK;
    }
    e = e != ERR_OK ? e : outbox_pushes(outbox, g, take_push);
    outbox_close(outbox);
    return e;
}

static enum err gather(struct gathering *g, bool *running)
{
    struct diag d = {0};
    if (context_accepted(g->report.data, &g->configuration, &d) != ERR_OK) {
        g->configuration = NULL;
    }
    for (size_t k = 0; g->configuration != NULL && k < g->configuration->source_count;
         k++) {
        source_row(g, g->configuration->sources[k].source);
    }
    enum err e = report_sources(g->report.store, g, take_books);
    e = e != ERR_OK ? e : inbox_sources(g->report.inbox, g, take_connection);
    e = e != ERR_OK ? e : take_lag(g);
    ask_live(g, running);
    e = e != ERR_OK ? e : take_cities(g);
    return e != ERR_OK ? e : take_portals(g);
}

/* --- for people --- */

static const char *text_of(json_t *row, const char *name, const char *standard)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text != NULL ? text : standard;
}

static long long count_of(json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

static void print_sources(const struct gathering *g, bool running)
{
    size_t index;
    json_t *row;
    json_array_foreach(g->sources, index, row)
    {
        const char *error = text_of(row, "error", NULL);
        bool connected = json_is_true(json_object_get(row, "connected"));
        printf("source %-18s %s; last message %s; %lld messages, %lld readings, "
               "%lld rejected, %lld pending, %lld lost sessions\n",
               text_of(row, "source", ""),
               !running    ? "hub is down"
               : connected ? "connected"
                           : "not connected",
               text_of(row, "last_message", "never"), count_of(row, "messages"),
               count_of(row, "readings"), count_of(row, "rejected"),
               count_of(row, "pending"), count_of(row, "lost_sessions"));
        if (error != NULL) {
            printf("    %s\n", error);
        }
    }
}

static void print_text(const struct gathering *g, bool running)
{
    size_t index;
    json_t *row;
    const char *warning = text_of(g->hub, "warning", NULL);
    printf("hub    %s%s; %lld messages wait\n",
           running ? "running since " : "does not run", text_of(g->hub, "started", ""),
           count_of(g->hub, "waiting"));
    if (warning != NULL) {
        printf("    %s\n", warning);
    }
    print_sources(g, running);
    json_array_foreach(g->cities, index, row)
    {
        printf("city   %-18s %lld series, last observation %s; %lld messages, %lld "
               "rejected, %lld pending\n",
               text_of(row, "city", ""), count_of(row, "series"),
               text_of(row, "last_observation", "never"), count_of(row, "messages"),
               count_of(row, "rejected"), count_of(row, "pending"));
    }
    json_array_foreach(g->portals, index, row)
    {
        const char *sentence = text_of(row, "sentence", "");
        printf("portal %-18s %s: %s, last success %s%s%s\n", text_of(row, "portal", ""),
               text_of(row, "dataset", ""), text_of(row, "state", ""),
               text_of(row, "last_success", "never"), sentence[0] != '\0' ? "; " : "",
               sentence);
    }
}

static void print_json(struct gathering *g)
{
    json_t *out =
        json_pack("{s:i, s:O, s:O, s:O, s:O}", "schema", REPORT_SCHEMA, "hub", g->hub,
                  "sources", g->sources, "cities", g->cities, "portals", g->portals);
    json_dumpf(out, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(out);
}

static int status(struct invocation *i)
{
    struct gathering g = {.findings = false};
    bool running = false;
    int code = report_open(i, &g.report);
    if (code != EXIT_DONE) {
        return code;
    }
    g.hub = json_object();
    g.sources = json_array();
    g.cities = json_array();
    g.portals = json_array();
    enum err e = gather(&g, &running);
    if (e != ERR_OK) {
        code = report_fail(&g.report, e);
    } else if (i->json) {
        print_json(&g);
    } else {
        print_text(&g, running);
    }
    if (e == ERR_OK) {
        code = !running ? EXIT_NOT_REACHED : g.findings ? EXIT_FINDINGS : EXIT_DONE;
    }
    json_decref(g.hub);
    json_decref(g.sources);
    json_decref(g.cities);
    json_decref(g.portals);
    configuration_free(g.configuration);
    report_close(&g.report);
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
