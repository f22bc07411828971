/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/grid_gaps.h"

#include "app/grid_view.h"
#include "app/table.h"
#include "base/clock.h"
#include "base/text.h"
#include "store/frames_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Why nothing came; what is known for certain stands first. */
enum why {
    WHY_REJECTED, /* messages came and could not be used */
    WHY_WAITING,  /* messages wait for something that can be registered */
    WHY_SESSION,  /* a broker forgot the hub's session, and what waited in it */
    WHY_FRAMES,   /* the device sent, by its counter, and it did not arrive */
    WHY_NOBODY,   /* no message of anyone arrived: the hub or its brokers were down */
    WHY_ABSENT,   /* no device stood there */
    WHY_SILENT,
    WHYS
};

static const char *const names[WHYS] = {"rejected",    "waiting",         "session lost",
                                        "frames lost", "nothing arrived", "no device",
                                        "silent"};

/* Something that happened, and may be the reason of a gap. */
struct cause {
    enum why why;
    int64_t from_us, to_us;
    int64_t count; /* messages, or frames */
    char who[72];  /* source or device */
};

struct gaps {
    struct grid_view *view;
    const char *devices[64]; /* that measure the series, at any time */
    size_t device_count;
    bool counts; /* one of them counts its frames */
    struct cause *causes;
    size_t count, size;
    json_t *list;
    const char *device; /* whose frames are listed */
    enum err err;
};

static void add_cause(struct gaps *g, struct cause c, const char *who)
{
    if (g->count == g->size) {
        size_t size = g->size == 0 ? 64 : 2 * g->size;
        struct cause *grown = realloc(g->causes, size * sizeof *grown);
        if (grown == NULL) {
            g->err = ERR_MEMORY;
            return;
        }
        g->causes = grown;
        g->size = size;
    }
    text_copy(c.who, sizeof c.who, who);
    g->causes[g->count++] = c;
}

/* --- what the stores know --- */

static bool measures_here(const struct gaps *g, const struct placement *p)
{
    const struct series_key *key = &g->view->key;
    return p->station == g->view->station &&
           placement_measures(p, key->parameter, key->position);
}

static void find_devices(struct gaps *g)
{
    const struct configuration *c = g->view->configuration;
    for (size_t k = 0; k < c->device_count; k++) {
        const struct device *d = &c->devices[k];
        bool here = false;
        for (size_t n = 0; n < d->placement_count; n++) {
            here |= measures_here(g, &d->placements[n]);
        }
        if (here && g->device_count < sizeof g->devices / sizeof *g->devices) {
            g->devices[g->device_count++] = d->device;
        }
    }
}

static bool is_ours(const struct gaps *g, const char *device)
{
    for (size_t k = 0; k < g->device_count; k++) {
        if (device != NULL && strcmp(device, g->devices[k]) == 0) {
            return true;
        }
    }
    return false;
}

static void take_message(void *arg, const struct report_message *m)
{
    struct gaps *g = arg;
    struct cause c = {.why = m->fate == FATE_REJECTED ? WHY_REJECTED : WHY_WAITING,
                      .count = 1};
    if (is_ours(g, m->device) &&
        inbox_arrival(g->view->report.inbox, m->id, &c.from_us) == ERR_OK) {
        c.to_us = c.from_us;
        add_cause(g, c, m->device);
    }
}

static void take_hole(void *arg, const struct inbox_hole *h)
{
    struct gaps *g = arg;
    const struct source *s = configuration_source(g->view->configuration, h->source);
    bool foreign = s != NULL && s->city != NULL &&
                   strcmp(s->city, g->view->station->city->city) != 0;
    if (!foreign) {
        add_cause(g, (struct cause){.why = WHY_SESSION, h->from_us, h->to_us, .count = 1},
                  h->source);
    }
}

static void take_frames(void *arg, const struct frames_gap *f)
{
    struct gaps *g = arg;
    if (!f->restart) {
        add_cause(
            g,
            (struct cause){
                .why = WHY_FRAMES, f->from_us, f->to_us, .count = f->last - f->first + 1},
            g->device);
    }
}

static void take_counter(void *arg, const struct frames_device *d)
{
    struct gaps *g = arg;
    g->counts |= d->received > 0;
}

static enum err find_causes(struct gaps *g, struct period window)
{
    const struct report *r = &g->view->report;
    struct frames_query q = {.from_us = window.from_us, .to_us = window.to_us};
    const struct frames_listener to = {
        .arg = g, .gap = take_frames, .device = take_counter};
    find_devices(g);
    enum err e = report_messages(r->store, FATE_REJECTED, INT64_MAX, g, take_message);
    e = e != ERR_OK ? e
                    : report_messages(r->store, FATE_PENDING, INT64_MAX, g, take_message);
    e = e != ERR_OK ? e : inbox_holes(r->inbox, g, take_hole);
    for (size_t k = 0; k < g->device_count && e == ERR_OK; k++) {
        q.device = g->device = g->devices[k];
        e = report_frames(r->store, &q, &to);
    }
    return e != ERR_OK ? e : g->err;
}

/* --- the reason of one gap --- */

static bool stood_there(const struct gaps *g, const struct grid_gap *gap)
{
    const struct configuration *c = g->view->configuration;
    for (size_t k = 0; k < c->device_count; k++) {
        for (size_t n = 0; n < c->devices[k].placement_count; n++) {
            const struct placement *p = &c->devices[k].placements[n];
            if (measures_here(g, p) && p->period.from_us < gap->to_us &&
                p->period.to_us > gap->from_us) {
                return true;
            }
        }
    }
    return false;
}

/* True if no message at all arrived in the gap, though the inbox reaches back to it. */
static bool nobody_spoke(const struct gaps *g, const struct grid_gap *gap)
{
    struct inbox_reader *inbox = g->view->report.inbox;
    int64_t first = 0;
    int64_t last = 0;
    int64_t from = 0;
    int64_t to = 0;
    int64_t first_us = INT64_MAX;
    return inbox_bounds(inbox, &first, &last) == ERR_OK && first > 0 &&
           inbox_arrival(inbox, first, &first_us) == ERR_OK && first_us <= gap->from_us &&
           inbox_since(inbox, gap->from_us + 1, &from) == ERR_OK &&
           inbox_since(inbox, gap->to_us, &to) == ERR_OK && from == to;
}

/* The strongest cause that meets the gap; count: of all such. NULL: none. */
static const struct cause *find_cause(const struct gaps *g, const struct grid_gap *gap,
                                      int64_t *count)
{
    const struct cause *best = NULL;
    *count = 0;
    for (size_t k = 0; k < g->count; k++) {
        const struct cause *c = &g->causes[k];
        if (c->from_us >= gap->to_us || c->to_us <= gap->from_us) {
            continue;
        }
        if (best == NULL || c->why < best->why) {
            best = c;
            *count = 0;
        }
        *count += c->why == best->why ? c->count : 0;
    }
    return best;
}

static enum why say_cause(const struct cause *c, int64_t count, char to[REPORT_PLAIN])
{
    char messages[REPORT_COUNT];
    char frames[REPORT_COUNT];
    report_count(count, "message", messages);
    report_count(count, "frame", frames);
    switch (c->why) {
    case WHY_REJECTED:
        snprintf(to, REPORT_PLAIN,
                 "%s of %s came and could not be used: see kogge "
                 "rejected list",
                 messages, c->who);
        break;
    case WHY_WAITING:
        snprintf(to, REPORT_PLAIN,
                 "%s of %s can't be placed yet: see kogge devices pending", messages,
                 c->who);
        break;
    case WHY_SESSION:
        snprintf(to, REPORT_PLAIN,
                 "the broker of %s forgot the hub's session, and what waited in it",
                 c->who);
        break;
    default:
        snprintf(to, REPORT_PLAIN, "%s that %s sent did not arrive", frames, c->who);
    }
    return c->why;
}

static enum why explain(const struct gaps *g, const struct grid_gap *gap,
                        char to[REPORT_PLAIN])
{
    int64_t count = 0;
    const struct cause *c = find_cause(g, gap, &count);
    if (c != NULL) {
        return say_cause(c, count, to);
    }
    if (!stood_there(g, gap)) {
        snprintf(to, REPORT_PLAIN, "no device that measures it stood there");
        return WHY_ABSENT;
    }
    if (nobody_spoke(g, gap)) {
        snprintf(to, REPORT_PLAIN,
                 "no message of any device arrived: the hub or its brokers were down");
        return WHY_NOBODY;
    }
    snprintf(to, REPORT_PLAIN, "%s",
             g->counts ? "the sensor sent nothing: no frame is missing"
                       : "nothing was heard of the sensor, which counts no frames");
    return WHY_SILENT;
}

/* --- all of them --- */

static void take_gap(void *arg, const struct grid_gap *gap)
{
    struct gaps *g = arg;
    char sentence[REPORT_PLAIN];
    enum why why = explain(g, gap, sentence);
    json_array_append_new(
        g->list, json_pack("{s:o, s:o, s:b, s:b, s:I, s:f, s:s, s:s}", "from",
                           report_time(gap->from_us), "to", report_time(gap->to_us),
                           "began_before", !gap->before, "goes_on", !gap->after,
                           "missing", (json_int_t)gap->missing, "interval_s",
                           gap->interval_s, "why", names[why], "sentence", sentence));
}

static const char *text_of(json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text != NULL ? text : "";
}

static void print_gaps(const struct gaps *g)
{
    static const char *const headings[] = {"FROM", "TO", ">MISSING", "WHY", "", NULL};
    struct table *t = table_open(headings);
    size_t index;
    json_t *row;
    json_array_foreach(g->list, index, row)
    {
        if (t != NULL) {
            table_put(t, "%s", text_of(row, "from"));
            table_put(t, "%s",
                      json_is_true(json_object_get(row, "goes_on")) ? "..."
                                                                    : text_of(row, "to"));
            table_put(t, "%lld",
                      (long long)json_integer_value(json_object_get(row, "missing")));
            table_put(t, "%s", text_of(row, "why"));
            table_put(t, "%s", text_of(row, "sentence"));
        }
    }
    if (t != NULL) {
        table_print(t, stdout);
    }
    table_close(t);
}

static enum err find_gaps(struct gaps *g, struct period window)
{
    struct grid_stretch s;
    enum err e = grid_view_load(g->view, window);
    e = e != ERR_OK ? e : grid_view_stretch(g->view, &s);
    if (e == ERR_OK && window.from_us == CLOCK_NONE && s.count > 0) {
        window.from_us = s.samples[0].time_us; /* before it there is nothing to miss */
    }
    if (e != ERR_OK || window.from_us == CLOCK_NONE || window.from_us >= window.to_us) {
        return e;
    }
    e = find_causes(g, window);
    if (e != ERR_OK) {
        return e;
    }
    if (isnan(grid_stretch_limit_s(&s, window.from_us))) {
        command_say(g->view->report.invocation,
                    "how often it should come is not known: give the device interval_s");
    }
    grid_gaps(&s, window, g, take_gap);
    return g->err;
}

static int gaps_of_series(struct grid_view *v, json_t *row)
{
    struct gaps g = {.view = v, .list = json_array()};
    struct period window = v->window;
    if (window.to_us == CLOCK_NONE || window.to_us > v->now_us) {
        window.to_us = v->now_us;
    }
    enum err e = find_gaps(&g, window);
    if (e == ERR_OK && !v->report.invocation->json) {
        print_gaps(&g);
        if (json_array_size(g.list) == 0) {
            command_say(v->report.invocation, "no gap");
        }
    }
    json_object_set_new(row, "gaps", g.list);
    free(g.causes);
    return e != ERR_OK ? grid_view_fail(v, e) : EXIT_DONE;
}

int grid_show_gaps(struct invocation *i)
{
    return grid_view_run(i, "series", gaps_of_series);
}
