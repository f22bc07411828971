/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/overview.h"

#include "app/control.h"
#include "base/clock.h"
#include "base/text.h"
#include "store/frames_report.h"
#include "store/outbox.h"

#include <stdlib.h>
#include <string.h>

enum {
    WAITING_MOST = 200000, /* looked at to say whose messages wait */
    HOLES_SHOWN = 10,      /* of a source, the last ones */
    WARN_DAYS = 30,        /* before messages that were not used are given up */
    GAPS_MOST = 5,
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
        if (text_equal(json_string_value(json_object_get(row, key)), name)) {
            return row;
        }
    }
    return NULL;
}

static void add_count(json_t *row, const char *name, int64_t more)
{
    set_count(row, name, json_integer_value(json_object_get(row, name)) + more);
}

/* Text of a time in row, if it is later than what stands there. */
static void take_later(json_t *row, const char *name, int64_t time_us)
{
    const char *before = json_string_value(json_object_get(row, name));
    if (time_us != CLOCK_NONE &&
        (before == NULL || strcmp(before, report_time_text(time_us)) < 0)) {
        json_object_set_new(row, name, report_time(time_us));
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

/* Adds to what each source and each city has. */
static void add_books(json_t *row, const struct report_books *b)
{
    json_t *outcomes = json_object_get(row, "outcomes");
    take_later(row, "last_message", b->arrival_us);
    add_count(row, "messages", sum(b->fates, FATE_COUNT));
    for (int f = FATE_PENDING; f < FATE_COUNT; f++) {
        add_count(row, fate_text((enum fate)f), b->fates[f]);
    }
    add_count(row, "readings", sum(b->outcomes, OUTCOME_COUNT));
    for (int k = 0; k < OUTCOME_COUNT; k++) {
        add_count(outcomes, outcome_text((enum outcome)k), b->outcomes[k]);
    }
}

/* Frames with a counter, of the last 24 h by their own time. */
static void add_frames(json_t *row, const struct frames_device *d)
{
    json_t *frames = json_object_get(row, "frames");
    add_count(frames, "received", d->received);
    add_count(frames, "expected", d->received + d->missing);
    add_count(frames, "missing", d->missing);
    add_count(frames, "repeated", d->repeated);
    add_count(frames, "restarts", d->restarts);
}

static void begin_counts(json_t *row)
{
    const struct frames_device no_frames = {.received = 0};
    const struct report_books none = {.arrival_us = CLOCK_NONE};
    json_object_set_new(row, "last_message", json_null());
    json_object_set_new(row, "outcomes", json_object());
    set_count(row, "waiting", 0);
    set_count(row, "lag_s", 0);
    add_books(row, &none);
    json_object_set_new(row, "frames", json_object());
    add_frames(row, &no_frames);
}

static json_t *source_row(struct overview *o, const char *name)
{
    json_t *row = find_row(o->sources, "source", name);
    if (row == NULL) {
        const struct source *s = o->configuration != NULL
                                     ? configuration_source(o->configuration, name)
                                     : NULL;
        row = json_pack("{s:s, s:s?, s:b, s:[]}", "source", name, "city",
                        s != NULL ? s->city : NULL, "configured", s != NULL, "holes");
        begin_counts(row);
        json_array_append_new(o->sources, row);
    }
    return row;
}

/* city NULL: what belongs to no city that is known. */
static json_t *city_row(struct overview *o, const char *city)
{
    json_t *row = find_row(o->cities, "city", city);
    if (row == NULL) {
        row =
            json_pack("{s:s?, s:i, s:n}", "city", city, "series", 0, "last_observation");
        begin_counts(row);
        json_array_append_new(o->cities, row);
    }
    return row;
}

static void take_books(void *arg, const struct report_books *b)
{
    struct overview *o = arg;
    json_t *source = source_row(o, b->source);
    const char *of_source = json_string_value(json_object_get(source, "city"));
    add_books(source, b);
    add_books(city_row(o, b->city[0] != '\0' ? b->city : of_source), b);
    o->findings |= b->fates[FATE_PENDING] + b->fates[FATE_REJECTED] > 0;
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
        json_object_set(row, "slowed_since", json_object_get(source, "slowed_since"));
        o->findings |= !json_is_true(json_object_get(source, "connected")) ||
                       json_is_string(json_object_get(source, "error")) ||
                       json_is_string(json_object_get(source, "slowed_since"));
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

static const struct device *find_device(const struct overview *o,
                                        const struct frames_device *d)
{
    const struct configuration *c = o->configuration;
    const struct source *s = c != NULL ? configuration_source(c, d->source) : NULL;
    return s != NULL ? configuration_device(c, s->city, d->device, NULL) : NULL;
}

static void take_frames(void *arg, const struct frames_device *d)
{
    struct overview *o = arg;
    const struct device *device = find_device(o, d);
    const char *city = device != NULL ? device->city->city : NULL;
    json_t *source = source_row(o, d->source);
    add_frames(source, d);
    if (city == NULL) {
        city = json_string_value(json_object_get(source, "city"));
    }
    add_frames(city_row(o, city), d);
    size_t at = 0;
    while (at < json_array_size(o->gaps) &&
           json_integer_value(json_object_get(json_array_get(o->gaps, at), "missing")) >=
               d->missing) {
        at++;
    }
    if (d->missing > 0 && at < GAPS_MOST) {
        json_array_insert_new(o->gaps, at,
                              json_pack("{s:s, s:s, s:s?, s:I, s:I, s:I}", "device",
                                        d->device, "source", d->source, "city", city,
                                        "received", (json_int_t)d->received, "expected",
                                        (json_int_t)d->received + d->missing, "missing",
                                        (json_int_t)d->missing));
        json_array_remove(o->gaps, GAPS_MOST);
    }
}

static enum err take_day_of_frames(struct overview *o)
{
    int64_t now_us = clock_now_us();
    const struct frames_query day = {.from_us = now_us - CLOCK_US_PER_DAY,
                                     .to_us = now_us + 1};
    const struct frames_listener to = {.arg = o, .device = take_frames};
    return report_frames(o->report.store, &day, &to);
}

static void take_lag_s(json_t *row, int64_t lag_s)
{
    if (lag_s > json_integer_value(json_object_get(row, "lag_s"))) {
        set_count(row, "lag_s", lag_s);
    }
}

static void take_waiting(void *arg, const struct inbox_waiting *w)
{
    struct overview *o = arg;
    json_t *source = source_row(o, w->source);
    json_t *city = city_row(o, json_string_value(json_object_get(source, "city")));
    int64_t lag_s = (clock_now_us() - w->oldest_us) / CLOCK_US_PER_S;
    add_count(source, "waiting", w->count);
    add_count(city, "waiting", w->count);
    take_later(source, "last_message", w->newest_us);
    take_later(city, "last_message", w->newest_us);
    take_lag_s(source, lag_s);
    take_lag_s(city, lag_s);
    take_lag_s(o->hub, lag_s);
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
    add_count(row, "series", 1);
    take_later(row, "last_observation", seen->time_us);
}

static enum err take_cities(struct overview *o)
{
    const struct store_query all = {.from_us = INT64_MIN / 2, .to_us = INT64_MAX / 2};
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
    add_count(portal, "waiting", p->state == OUTBOX_WAITING || p->state == OUTBOX_FAILED);
    add_count(portal, "refused", p->state == OUTBOX_PARKED);
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

/* Messages of that fate that will soon be older than the inbox keeps them. */
static enum err take_expiring(struct overview *o, enum fate fate, int64_t below)
{
    int64_t count = 0;
    int64_t first = 0;
    int64_t arrival_us = 0;
    enum err e = report_count_below(o->report.store, fate, below, &count, &first);
    if (e != ERR_OK || count == 0) {
        return e;
    }
    e = inbox_arrival(o->report.inbox, first, &arrival_us);
    if (e == ERR_OK) {
        int64_t from_us = arrival_us + o->configuration->keep_days * CLOCK_US_PER_DAY;
        json_array_append_new(
            o->expiring, json_pack("{s:s, s:I, s:o}", "fate", fate_text(fate), "messages",
                                   (json_int_t)count, "from", report_time(from_us)));
        o->findings = true;
    }
    return e == ERR_ABSENT ? ERR_OK : e;
}

static enum err take_all_expiring(struct overview *o)
{
    int64_t below = 0;
    if (o->configuration == NULL) {
        return ERR_OK;
    }
    int64_t days = o->configuration->keep_days - WARN_DAYS;
    enum err e =
        inbox_since(o->report.inbox, clock_now_us() - days * CLOCK_US_PER_DAY, &below);
    e = e != ERR_OK ? e : take_expiring(o, FATE_PENDING, below);
    return e != ERR_OK ? e : take_expiring(o, FATE_REJECTED, below);
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
    for (size_t k = 0; o->configuration != NULL && k < o->configuration->city_count;
         k++) {
        city_row(o, o->configuration->cities[k].city);
    }
    enum err e = report_books(o->report.store, o, take_books);
    e = e != ERR_OK ? e : inbox_sources(o->report.inbox, o, take_connection);
    e = e != ERR_OK ? e : inbox_holes(o->report.inbox, o, take_hole);
    e = e != ERR_OK ? e : take_lag(o);
    e = e != ERR_OK ? e : take_all_expiring(o);
    e = e != ERR_OK ? e : take_day_of_frames(o);
    ask_live(o);
    e = e != ERR_OK ? e : take_cities(o);
    return e != ERR_OK ? e : take_portals(o);
}

int overview_init(const struct invocation *i, struct overview *o)
{
    *o = (struct overview){.hub = json_pack("{s:[]}", "troubles"),
                           .sources = json_array(),
                           .cities = json_array(),
                           .portals = json_array(),
                           .gaps = json_array(),
                           .expiring = json_array()};
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
    json_decref(o->gaps);
    json_decref(o->expiring);
    configuration_free(o->configuration);
    report_close(&o->report);
}
