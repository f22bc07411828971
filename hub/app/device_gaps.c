/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/device_gaps.h"

#include "app/report.h"
#include "app/table.h"
#include "base/clock.h"
#include "store/frames_report.h"

#include <stdlib.h>
#include <string.h>

struct listing {
    json_t *devices;
    json_t *gaps, *hours; /* of the device under way */
    bool findings;
};

/* --- what is told, as JSON --- */

static void take_gap(void *arg, const struct frames_gap *g)
{
    struct listing *l = arg;
    json_array_append_new(
        l->gaps,
        json_pack("{s:o, s:o, s:I, s:I, s:b}", "from", report_time(g->from_us), "to",
                  report_time(g->to_us), "missing", (json_int_t)g->last - g->first + 1,
                  "first", (json_int_t)g->first, "restart", g->restart));
}

static void take_hour(void *arg, const struct frames_hour *h)
{
    struct listing *l = arg;
    json_array_append_new(
        l->hours, json_pack("{s:o, s:I, s:I, s:I, s:I}", "hour", report_time(h->hour_us),
                            "received", (json_int_t)h->received, "expected",
                            (json_int_t)h->received + h->missing, "missing",
                            (json_int_t)h->missing, "repeated", (json_int_t)h->repeated));
}

static void take_device(void *arg, const struct frames_device *d)
{
    struct listing *l = arg;
    json_t *row = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "source", d->source,
                            "device", d->device, "received", (json_int_t)d->received,
                            "expected", (json_int_t)d->received + d->missing, "missing",
                            (json_int_t)d->missing, "repeated", (json_int_t)d->repeated,
                            "restarts", (json_int_t)d->restarts);
    if (l->gaps != NULL) {
        json_object_set_new(row, "gaps", l->gaps);
        json_object_set_new(row, "hours", l->hours);
        l->gaps = json_array();
        l->hours = json_array();
    }
    l->findings |= d->missing > 0;
    json_array_append_new(l->devices, row);
}

/* --- the same for people --- */

static long long count_of(json_t *row, const char *name)
{
    return json_integer_value(json_object_get(row, name));
}

static const char *text_of(json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text != NULL ? text : "";
}

static void put_counts(struct table *t, json_t *row)
{
    static const char *const names[] = {"received", "expected", "missing", "repeated"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        table_put(t, "%lld", count_of(row, names[k]));
    }
}

static void end_table(struct table *t)
{
    if (t != NULL) {
        table_print(t, stdout);
    }
    table_close(t);
}

static void print_devices(const struct invocation *i, json_t *devices)
{
    static const char *const headings[] = {"SOURCE",    "DEVICE",   ">RECEIVED",
                                           ">EXPECTED", ">MISSING", ">REPEATED",
                                           ">RESTARTS", NULL};
    struct table *t = table_open(headings);
    size_t index;
    json_t *row;
    size_t shown = 0;
    json_array_foreach(devices, index, row)
    {
        if (t != NULL && count_of(row, "missing") + count_of(row, "restarts") > 0) {
            table_put(t, "%s", text_of(row, "source"));
            table_put(t, "%s", text_of(row, "device"));
            put_counts(t, row);
            table_put(t, "%lld", count_of(row, "restarts"));
            shown++;
        }
    }
    end_table(t);
    if (shown == 0) {
        command_say(i, "no frame is missing, of %zu device%s that count%s them",
                    json_array_size(devices), json_array_size(devices) == 1 ? "" : "s",
                    json_array_size(devices) == 1 ? "s" : "");
    }
}

static void print_gaps(json_t *gaps)
{
    static const char *const headings[] = {"LAST BEFORE", "FIRST AFTER", ">MISSING",
                                           "FRAMES", NULL};
    struct table *t = table_open(headings);
    size_t index;
    json_t *gap;
    json_array_foreach(gaps, index, gap)
    {
        long long first = count_of(gap, "first");
        long long missing = count_of(gap, "missing");
        bool restart = json_is_true(json_object_get(gap, "restart"));
        if (t == NULL) {
            break;
        }
        table_put(t, "%s", text_of(gap, "from"));
        table_put(t, "%s", text_of(gap, "to"));
        if (restart) {
            table_put(t, "-");
            table_put(t, "the counter began again with %lld", first);
        } else {
            table_put(t, "%lld", missing);
            table_put(t, missing > 1 ? "%lld to %lld" : "%lld", first,
                      first + missing - 1);
        }
    }
    end_table(t);
}

static void print_hours(json_t *hours)
{
    static const char *const headings[] = {"HOUR",     ">RECEIVED", ">EXPECTED",
                                           ">MISSING", ">REPEATED", NULL};
    struct table *t = table_open(headings);
    size_t index;
    json_t *hour;
    json_array_foreach(hours, index, hour)
    {
        if (t != NULL) {
            table_put(t, "%.13s:00Z", text_of(hour, "hour"));
            put_counts(t, hour);
        }
    }
    end_table(t);
}

static void print_one(json_t *row)
{
    char device[REPORT_PLAIN];
    printf("%s  from %s: %lld of %lld frames received, %lld missing, %lld repeated\n",
           report_plain(text_of(row, "device"), device), text_of(row, "source"),
           count_of(row, "received"), count_of(row, "expected"), count_of(row, "missing"),
           count_of(row, "repeated"));
    if (json_array_size(json_object_get(row, "gaps")) > 0) {
        putchar('\n');
        print_gaps(json_object_get(row, "gaps"));
    }
    putchar('\n');
    print_hours(json_object_get(row, "hours"));
}

/* Nothing was counted: is it a name that is nearly right? */
static int say_nothing(const struct invocation *i, const struct report *r,
                       const char *device)
{
    struct configuration *c = NULL;
    int code = EXIT_DONE;
    if (context_accepted(r->data, &c, NULL) == ERR_OK &&
        configuration_device(c, NULL, device, NULL) == NULL) {
        const char **names = calloc(c->device_count + 1, sizeof *names);
        for (size_t k = 0; names != NULL && k < c->device_count; k++) {
            names[k] = c->devices[k].device;
        }
        code = command_fail_name(i, "device", device, names,
                                 names != NULL ? c->device_count : 0);
        free(names);
    } else {
        command_say(i, "no message of %s with a frame counter came in that time", device);
    }
    configuration_free(c);
    return code;
}

static int print_all(const struct invocation *i, const struct report *r,
                     const struct listing *l, const char *device)
{
    size_t index;
    json_t *row;
    int code = l->findings ? EXIT_FINDINGS : EXIT_DONE;
    if (device != NULL && json_array_size(l->devices) == 0) {
        code = say_nothing(i, r, device);
    }
    if (i->json) {
        report_json("devices", json_incref(l->devices));
    } else if (device == NULL) {
        print_devices(i, l->devices);
    }
    json_array_foreach(l->devices, index, row)
    {
        if (!i->json && device != NULL) {
            print_one(row);
        }
    }
    return code;
}

int device_gaps(struct invocation *i)
{
    const char *since = invocation_value(i, "--since");
    const char *device = i->argument_count > 0 ? i->arguments[0] : NULL;
    struct frames_query q = {.device = device, .to_us = clock_now_us() + 1};
    struct report r;
    q.from_us = q.to_us - CLOCK_US_PER_DAY;
    if (since != NULL && clock_parse_rfc3339(since, &q.from_us) != ERR_OK) {
        return command_fail(i, EXIT_USAGE,
                            "--since %s is no time like 2026-11-22T12:00:00Z", since);
    }
    int code = report_open(i, &r);
    if (code != EXIT_DONE) {
        return code;
    }
    struct listing l = {.devices = json_array(),
                        .gaps = device != NULL ? json_array() : NULL,
                        .hours = device != NULL ? json_array() : NULL};
    const struct frames_listener to = {.arg = &l,
                                       .gap = device != NULL ? take_gap : NULL,
                                       .hour = device != NULL ? take_hour : NULL,
                                       .device = take_device};
    enum err e = report_frames(r.store, &q, &to);
    code = e != ERR_OK ? report_fail(&r, e) : print_all(i, &r, &l, device);
    json_decref(l.devices);
    json_decref(l.gaps);
    json_decref(l.hours);
    report_close(&r);
    return code;
}
