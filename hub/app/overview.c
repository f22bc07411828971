/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/overview.h"

#include "app/control.h"
#include "base/clock.h"
#include "store/outbox.h"

#include <stdlib.h>
#include <string.h>

enum {
    WAITING_MOST = 200000, /* looked at to say whose messages wait */
    HOLES_SHOWN = 10,      /* of a source, the last ones */
};

static void set_count(json_t *row, const char *name, int64_t count)
{
    json_object_set_new(row, name, json_integer(count));
}

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

static const char *const counted[] = {"messages", "readings", "stored", "rejected",
                                      "pending",  "waiting",  "lag_s"};
enum { COUNTED = sizeof counted / sizeof *counted };

/* The counts that each source and each city has, at nothing. */
static void clear_counts(json_t *row)
{
    for (size_t k = 0; k < COUNTED; k++) {
        set_count(row, counted[k], 0);
    }
}

static int64_t sum(const int64_t *counts, int n)
{
    int64_t total = 0;
    for (int k = 0; k < n; k++) {
        total += counts[k];
    }
    return total;
}

static void set_books(json_t *row, const struct report_source *s)
{
    json_object_set_new(row, "last_message", report_time(s->arrival_us));
    set_count(row, "messages", sum(s->fates, FATE_COUNT));
    for (int f = FATE_PENDING; f < FATE_COUNT; f++) {
        set_count(row, fate_text((enum fate)f), s->fates[f]);
    }
    set_count(row, "readings", sum(s->outcomes, OUTCOME_COUNT));
    json_t *outcomes = json_object();
    for (int k = 0; k < OUTCOME_COUNT; k++) {
        set_count(outcomes, outcome_text((enum outcome)k), s->outcomes[k]);
    }
    json_object_set_new(row, "outcomes", outcomes);
}

static json_t *source_row(struct overview *o, const char *name)
{
    json_t *row = find_row(o->sources, "source", name);
    if (row == NULL) {
        const struct source *s = o->configuration != NULL
                                     ? configuration_source(o->configuration, name)
                                     : NULL;
        row = json_pack("{s:s, s:s?, s:b, s:n, s:[]}", "source", name, "city",
                        s != NULL ? s->city : NULL, "configured", s != NULL,
                        "last_message", "holes");
        clear_counts(row);
        set_books(row, &(struct report_source){.arrival_us = CLOCK_NONE});
        json_array_append_new(o->sources, row);
    }
    return row;
}

static void take_books(void *arg, const struct report_source *s)
{
    struct overview *o = arg;
    set_books(source_row(o, s->source), s);
    o->findings |= s->fates[FATE_PENDING] + s->fates[FATE_REJECTED] > 0;
}

static void take_connection(void *arg, const struct inbox_source *s)
{
    struct overview *o = arg;
    json_t *row = source_row(o, s->source);
    json_object_set_new(row, "last_connected", report_time(s->connected_us));
    set_count(row, "lost_sessions", s->holes);
}

/* Between the two times a broker had forgotten the session: what came then is not known.
 */
static void take_hole(void *arg, const struct inbox_hole *h)
{
    json_t *holes = json_object_get(source_row(arg, h->source), "holes");
    if (json_array_size(holes) == HOLES_SHOWN) {
        json_array_remove(holes, 0);
    }
    json_array_append_new(holes, json_pack("{s:o, s:o}", "from", report_time(h->from_us),
                                           "to", report_time(h->to_us)));
}

static void take_live(void *arg, const char *line)
{
    struct overview *o = arg;
    json_t *live = json_loads(line, 0, NULL);
    size_t index;
    json_t *source;
    const char *warning = json_string_value(json_object_get(live, "warning"));
    json_object_set(o->hub, "started", json_object_get(live, "started"));
    json_object_set_new(o->hub, "warning",
                        warning != NULL && warning[0] != '\0' ? json_string(warning)
                                                              : json_null());
    json_t *troubles = json_object_get(live, "troubles");
    json_array_extend(json_object_get(o->hub, "troubles"), troubles);
    o->findings |=
        (warning != NULL && warning[0] != '\0') || json_array_size(troubles) > 0;
    json_array_foreach(json_object_get(live, "sources"), index, source)
    {
        const char *name = json_string_value(json_object_get(source, "source"));
        if (name == NULL) {
            continue;
        }
        json_t *row = source_row(o, name);
        json_object_set(row, "connected", json_object_get(source, "connected"));
        json_object_set(row, "since", json_object_get(source, "since"));
        json_object_set(row, "error", json_object_get(source, "error"));
        o->findings |= !json_is_true(json_object_get(source, "connected"));
    }
    json_decref(live);
}

/* The hub is asked while it runs. */
static void ask_live(struct overview *o)
{
    struct diag d = {0};
    int code = EXIT_DONE;
    enum err e = control_ask(o->report.data, "status", o, take_live, &code, &d);
    o->running = e == ERR_OK;
    json_object_set_new(o->hub, "running", json_boolean(o->running));
    if (json_object_get(o->hub, "warning") == NULL) {
        json_object_set_new(o->hub, "warning",
                            e == ERR_OK || e == ERR_ABSENT ? json_null()
                                                           : json_string(d.text));
    }
}

static void take_waiting(void *arg, const struct inbox_waiting *w)
{
    struct overview *o = arg;
    json_t *row = source_row(o, w->source);
    int64_t lag_s = (clock_now_us() - w->oldest_us) / CLOCK_US_PER_S;
    set_count(row, "waiting", w->count);
    set_count(row, "lag_s", lag_s > 0 ? lag_s : 0);
    if (lag_s > json_integer_value(json_object_get(o->hub, "lag_s"))) {
        set_count(o->hub, "lag_s", lag_s);
    }
}

static enum err take_lag(struct overview *o)
{
    int64_t first = 0;
    int64_t last = 0;
    int64_t cursor = 0;
    enum err e = inbox_bounds(o->report.inbox, &first, &last);
    e = e != ERR_OK ? e : report_cursor(o->report.store, &cursor);
    set_count(o->hub, "waiting", last > cursor ? last - cursor : 0);
    set_count(o->hub, "lag_s", 0);
    return e != ERR_OK
               ? e
               : inbox_waiting(o->report.inbox, cursor, WAITING_MOST, o, take_waiting);
}

static void take_latest(void *arg, const struct observation_row *seen)
{
    struct overview *o = arg;
    json_t *row = find_row(o->cities, "city", seen->key.city);
    if (row == NULL) {
        return;
    }
    set_count(row, "series", json_integer_value(json_object_get(row, "series")) + 1);
    const char *before = json_string_value(json_object_get(row, "last_observation"));
    const char *now = report_time_text(seen->time_us);
    if (before == NULL || strcmp(before, now) < 0) {
        json_object_set_new(row, "last_observation", json_string(now));
    }
}

static void add_city_counts(const struct overview *o, json_t *row, const char *city)
{
    size_t index;
    json_t *source;
    json_array_foreach(o->sources, index, source)
    {
        const char *of = json_string_value(json_object_get(source, "city"));
        if (of == NULL || strcmp(of, city) != 0) {
            continue;
        }
        for (size_t k = 0; k < COUNTED; k++) {
            int64_t before = json_integer_value(json_object_get(row, counted[k]));
            int64_t more = json_integer_value(json_object_get(source, counted[k]));
            bool is_lag = strcmp(counted[k], "lag_s") == 0;
            set_count(row, counted[k],
                      !is_lag         ? before + more
                      : before > more ? before
                                      : more);
        }
        const char *last = json_string_value(json_object_get(source, "last_message"));
        const char *before = json_string_value(json_object_get(row, "last_message"));
        if (last != NULL && (before == NULL || strcmp(before, last) < 0)) {
            json_object_set_new(row, "last_message", json_string(last));
        }
    }
}

static enum err take_cities(struct overview *o)
{
    const struct store_query all = {.from_us = INT64_MIN / 2, .to_us = INT64_MAX / 2};
    for (size_t k = 0; o->configuration != NULL && k < o->configuration->city_count;
         k++) {
        const char *city = o->configuration->cities[k].city;
        json_t *row = json_pack("{s:s, s:i, s:n, s:n}", "city", city, "series", 0,
                                "last_observation", "last_message");
        clear_counts(row);
        json_array_append_new(o->cities, row);
        add_city_counts(o, row, city);
    }
    return store_latest(o->report.store, &all, o, take_latest);
}

static json_t *portal_row(struct overview *o, const char *name)
{
    json_t *row = find_row(o->portals, "portal", name);
    if (row == NULL) {
        row = json_pack("{s:s, s:n, s:i, s:i, s:[]}", "portal", name, "last_success",
                        "waiting", 0, "refused", 0, "datasets");
        json_array_append_new(o->portals, row);
    }
    return row;
}

static void raise_count(json_t *row, const char *name, bool by_one)
{
    set_count(row, name, json_integer_value(json_object_get(row, name)) + by_one);
}

static void take_push(void *arg, const struct outbox_push *p)
{
    struct overview *o = arg;
    json_t *portal = portal_row(o, p->target);
    json_t *datasets = json_object_get(portal, "datasets");
    json_t *success = report_time(p->success_us);
    const char *before = json_string_value(json_object_get(portal, "last_success"));
    json_array_append_new(datasets,
                          json_pack("{s:s, s:s, s:O, s:s}", "dataset", p->dataset,
                                    "state", outbox_state_text(p->state), "last_success",
                                    success, "sentence", p->sentence));
    if (json_is_string(success) &&
        (before == NULL || strcmp(before, json_string_value(success)) < 0)) {
        json_object_set(portal, "last_success", success);
    }
    json_decref(success);
    raise_count(portal, "waiting",
                p->state == OUTBOX_WAITING || p->state == OUTBOX_FAILED);
    raise_count(portal, "refused", p->state == OUTBOX_PARKED);
    o->findings |= p->state == OUTBOX_FAILED || p->state == OUTBOX_PARKED;
}

static enum err take_portals(struct overview *o)
{
    struct outbox *outbox = NULL;
    for (size_t k = 0; o->configuration != NULL && k < o->configuration->target_count;
         k++) {
        portal_row(o, o->configuration->targets[k].target);
    }
    enum err e = outbox_open(o->report.data, true, &outbox, NULL);
    if (e == ERR_ABSENT) {
        return ERR_OK;
    }
    e = e != ERR_OK ? e : outbox_pushes(outbox, o, take_push);
    outbox_close(outbox);
    return e;
}

static enum err gather(struct overview *o)
{
    struct diag d = {0};
    if (context_accepted(o->report.data, &o->configuration, &d) != ERR_OK) {
        o->configuration = NULL;
    }
    for (size_t k = 0; o->configuration != NULL && k < o->configuration->source_count;
         k++) {
        source_row(o, o->configuration->sources[k].source);
    }
    enum err e = report_sources(o->report.store, o, take_books);
    e = e != ERR_OK ? e : inbox_sources(o->report.inbox, o, take_connection);
    e = e != ERR_OK ? e : inbox_holes(o->report.inbox, o, take_hole);
    e = e != ERR_OK ? e : take_lag(o);
    ask_live(o);
    e = e != ERR_OK ? e : take_cities(o);
    return e != ERR_OK ? e : take_portals(o);
}

int overview_init(const struct invocation *i, struct overview *o)
{
    *o = (struct overview){.hub = json_pack("{s:[]}", "troubles"),
                           .sources = json_array(),
                           .cities = json_array(),
                           .portals = json_array()};
    int code = report_open(i, &o->report);
    if (code != EXIT_DONE) {
        return code;
    }
    enum err e = gather(o);
    return e != ERR_OK ? report_fail(&o->report, e) : EXIT_DONE;
}

void overview_fini(struct overview *o)
{
    json_decref(o->hub);
    json_decref(o->sources);
    json_decref(o->cities);
    json_decref(o->portals);
    configuration_free(o->configuration);
    report_close(&o->report);
}
