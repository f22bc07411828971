/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/ask.h"
#include "app/device_gaps.h"
#include "app/report.h"
#include "app/table.h"
#include "base/clock.h"
#include "base/number.h"

#include <stdlib.h>
#include <string.h>

/* --- list --- */

/* What the store knows of one device. */
struct seen {
    int64_t last_us; /* of its newest reading; CLOCK_NONE: none */
    json_t *device;  /* its housekeeping; NULL: none */
};

/* A device that stood at a station once. */
struct stay {
    const char *station;
    size_t device; /* in configuration.devices */
};

struct listing {
    struct report report;
    struct configuration *configuration;
    struct seen *seen;  /* by device */
    struct stay *stays; /* sorted by station */
    size_t stay_count;
};

static int compare_stays(const void *a, const void *b)
{
    return strcmp(((const struct stay *)a)->station, ((const struct stay *)b)->station);
}

static enum err make_listing(struct listing *l)
{
    const struct configuration *c = l->configuration;
    l->seen = calloc(c->device_count + 1, sizeof *l->seen);
    l->stays = calloc(c->placement_count + 1, sizeof *l->stays);
    if (l->seen == NULL || l->stays == NULL) {
        return ERR_MEMORY;
    }
    for (size_t k = 0; k < c->device_count; k++) {
        const struct device *d = &c->devices[k];
        l->seen[k].last_us = CLOCK_NONE;
        for (size_t n = 0; n < d->placement_count; n++) {
            l->stays[l->stay_count++] =
                (struct stay){d->placements[n].station->station, k};
        }
    }
    qsort(l->stays, l->stay_count, sizeof *l->stays, compare_stays);
    return ERR_OK;
}

static void take_time(struct seen *seen, int64_t time_us)
{
    seen->last_us = time_us > seen->last_us ? time_us : seen->last_us;
}

static void take_housekeeping(struct listing *l, const struct observation_row *o)
{
    const struct configuration *c = l->configuration;
    const struct device *d = configuration_device(c, o->key.city, o->key.station, NULL);
    if (d == NULL) {
        return;
    }
    struct seen *seen = &l->seen[d - c->devices];
    take_time(seen, o->time_us);
    seen->device = seen->device != NULL ? seen->device : json_object();
    json_object_set_new(seen->device, o->key.parameter,
                        json_pack("{s:o, s:s, s:o}", "value", report_number(o->value),
                                  "unit", o->unit, "time", report_time(o->time_us)));
}

/* The newest observation of a series: whose was it? Water does not name the device; it
 * stood there then, and its model measures that. */
static void take_latest(void *arg, const struct observation_row *o)
{
    struct listing *l = arg;
    if (strcmp(o->key.position, "device") == 0) {
        take_housekeeping(l, o);
        return;
    }
    const struct stay key = {.station = o->key.station};
    const struct stay *found =
        bsearch(&key, l->stays, l->stay_count, sizeof key, compare_stays);
    const struct stay *end = l->stays + l->stay_count;
    while (found != NULL && found > l->stays && compare_stays(found - 1, &key) == 0) {
        found--;
    }
    for (; found != NULL && found < end && compare_stays(found, &key) == 0; found++) {
        const struct device *d = &l->configuration->devices[found->device];
        const struct placement *p = device_placement(d, o->time_us);
        if (p != NULL && strcmp(p->station->station, o->key.station) == 0 &&
            placement_measures(p, o->key.parameter, o->key.position)) {
            take_time(&l->seen[found->device], o->time_us);
        }
    }
}

static const char *station_now(const struct device *d)
{
    const struct placement *p = device_placement(d, clock_now_us());
    return p != NULL ? p->station->station : NULL;
}

static void print_devices_json(const struct listing *l)
{
    json_t *list = json_array();
    for (size_t k = 0; k < l->configuration->device_count; k++) {
        const struct device *d = &l->configuration->devices[k];
        const struct seen *seen = &l->seen[k];
        json_t *none = json_object();
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s?, s:o, s:O}", "city", d->city->city,
                            "device", d->device, "model", d->model->model, "station",
                            station_now(d), "last_reading", report_time(seen->last_us),
                            "housekeeping", seen->device != NULL ? seen->device : none));
        json_decref(none);
    }
    report_json("devices", list);
}

static void note_housekeeping(struct table *t, json_t *housekeeping)
{
    char note[600] = "";
    size_t length = 0;
    const char *parameter;
    json_t *row;
    json_object_foreach(housekeeping, parameter, row)
    {
        char value[NUMBER_TEXT] = "missing";
        if (json_is_number(json_object_get(row, "value"))) {
            number_format(json_number_value(json_object_get(row, "value")), value);
        }
        if (length < sizeof note) {
            length += (size_t)snprintf(note + length, sizeof note - length, "%s%s %s %s",
                                       length > 0 ? ", " : "", parameter, value,
                                       json_string_value(json_object_get(row, "unit")));
        }
    }
    if (length > 0) {
        table_note(t, "%s", note);
    }
}

static enum err print_devices(const struct listing *l)
{
    static const char *const headings[] = {"CITY",    "DEVICE",       "MODEL",
                                           "STATION", "LAST READING", NULL};
    struct table *t = table_open(headings);
    for (size_t k = 0; t != NULL && k < l->configuration->device_count; k++) {
        const struct device *d = &l->configuration->devices[k];
        const char *station = station_now(d);
        char age[REPORT_AGE];
        table_put(t, "%s", d->city->city);
        table_put(t, "%s", d->device);
        table_put(t, "%s", d->model->model);
        table_put(t, "%s", station != NULL ? station : "not placed now");
        table_put(t, "%s", report_age(l->seen[k].last_us, clock_now_us(), age));
        note_housekeeping(t, l->seen[k].device);
    }
    if (t != NULL) {
        table_print(t, stdout);
    }
    table_close(t);
    return t != NULL ? ERR_OK : ERR_MEMORY;
}

static enum err list_all(struct listing *l, bool json)
{
    const struct store_query all = {.from_us = INT64_MIN / 2, .to_us = INT64_MAX / 2};
    enum err e = make_listing(l);
    e = e != ERR_OK ? e : store_latest(l->report.store, &all, l, take_latest);
    if (e == ERR_OK && json) {
        print_devices_json(l);
    } else if (e == ERR_OK && l->configuration->device_count == 0) {
        command_say(l->report.invocation, "no device is registered: kogge devices new");
    } else if (e == ERR_OK) {
        e = print_devices(l);
    }
    return e;
}

static int list_devices(struct invocation *i)
{
    struct listing l = {.seen = NULL};
    struct diag d = {0};
    int code = report_open(i, &l.report);
    if (code != EXIT_DONE) {
        return code;
    }
    enum err e = context_accepted(l.report.data, &l.configuration, &d);
    if (e != ERR_OK) {
        report_close(&l.report);
        return command_fail_diag(i, context_exit_code(e), &d);
    }
    e = list_all(&l, i->json);
    code = e != ERR_OK ? report_fail(&l.report, e) : EXIT_DONE;
    for (size_t k = 0; l.seen != NULL && k < l.configuration->device_count; k++) {
        json_decref(l.seen[k].device);
    }
    free(l.seen);
    free(l.stays);
    configuration_free(l.configuration);
    report_close(&l.report);
    return code;
}

/* --- pending --- */

struct pending_list {
    const struct configuration *configuration; /* NULL: none is accepted */
    json_t *devices;                           /* as --json prints them */
    json_t *current;
    int64_t strangers; /* devices that are not registered */
};

static const struct device *find_device(const struct pending_list *l,
                                        const struct report_pending *p)
{
    const struct configuration *c = l->configuration;
    const struct source *s = c != NULL ? configuration_source(c, p->source) : NULL;
    return s != NULL ? configuration_device(c, s->city, p->device, NULL) : NULL;
}

static void take_pending(void *arg, const struct report_pending *p)
{
    struct pending_list *l = arg;
    if (p->field[0] != '\0') {
        json_array_append_new(json_object_get(l->current, "fields"),
                              json_string(p->field));
        json_object_set_new(json_object_get(l->current, "reasons"), p->field,
                            json_string(p->reason));
        return;
    }
    const struct device *d = find_device(l, p);
    l->strangers += d == NULL;
    l->current = json_pack(
        "{s:s, s:s, s:s?, s:s, s:I, s:o, s:o, s:[], s:{}}", "device", p->device, "source",
        p->source, "registered", d != NULL ? d->city->city : NULL, "reason", p->reason,
        "messages", (json_int_t)p->count, "first", report_time(p->first_us), "last",
        report_time(p->last_us), "fields", "reasons");
    json_array_append_new(l->devices, l->current);
}

static const char *member(json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text != NULL ? text : "";
}

static void print_pending(json_t *row)
{
    char plain[REPORT_PLAIN];
    char count[REPORT_COUNT];
    const char *field;
    json_t *reason;
    int64_t messages = json_integer_value(json_object_get(row, "messages"));
    printf("%s  from %s: %s, ", report_plain(member(row, "device"), plain),
           member(row, "source"), report_count(messages, "message", count));
    if (messages > 1) {
        printf("first %s, last ", member(row, "first"));
    }
    printf("%s\n", member(row, "last"));
    bool registered = json_is_string(json_object_get(row, "registered"));
    if (registered) {
        printf("    registered in %s, but:\n", member(row, "registered"));
    } else {
        puts("    not registered; it sends:");
    }
    json_object_foreach(json_object_get(row, "reasons"), field, reason)
    {
        printf("    %s", report_plain(field, plain));
        if (registered) {
            printf(": %s", report_plain(json_string_value(reason), plain));
        }
        putchar('\n');
    }
}

static void print_all_pending(const struct invocation *i, const struct pending_list *l)
{
    size_t index;
    json_t *row;
    size_t count = json_array_size(l->devices);
    json_array_foreach(l->devices, index, row)
    {
        print_pending(row);
    }
    if (count == 0) {
        command_say(i, "no device waits");
    }
    if (l->strangers > 0) {
        command_say(i, "kogge devices new DEVICE registers one; what waited is then "
                       "taken in");
    }
    if ((int64_t)count > l->strangers) {
        command_say(i, "add what a registered device lacks, then kogge reload takes in "
                       "what waited");
    }
}

static int list_pending(struct invocation *i)
{
    struct report report;
    struct configuration *c = NULL;
    int code = report_open(i, &report);
    if (code != EXIT_DONE) {
        return code;
    }
    if (context_accepted(report.data, &c, NULL) != ERR_OK) {
        c = NULL;
    }
    struct pending_list l = {.configuration = c, .devices = json_array()};
    enum err e = report_pending(report.store, &l, take_pending);
    bool any = json_array_size(l.devices) > 0;
    code = e != ERR_OK ? report_fail(&report, e) : any ? EXIT_FINDINGS : EXIT_DONE;
    if (e == ERR_OK && !i->json) {
        print_all_pending(i, &l);
    }
    if (i->json) {
        report_json("pending", json_incref(l.devices));
    }
    json_decref(l.devices);
    configuration_free(c);
    report_close(&report);
    return code;
}

/* --- new --- */

static int new_device(struct invocation *i)
{
    char path[PATH_LENGTH];
    struct diag d = {0};
    const struct new_device n = {
        .city = invocation_value(i, "--city"),
        .device = i->arguments[0],
        .model = invocation_value(i, "--model"),
        .station = invocation_value(i, "--station"),
        .from = invocation_value(i, "--from"),
        .to = invocation_value(i, "--to"),
        .height_nhn = invocation_value(i, "--height-nhn"),
        .height_gauge = invocation_value(i, "--height-gauge"),
        .serial = invocation_value(i, "--serial"),
        .depth = invocation_value(i, "--depth"),
        .interval_s = invocation_value(i, "--interval"),
        .pressure = invocation_value(i, "--pressure"),
        .shipped = context_shipped_folder(),
    };
    enum err e = config_new_device(context_config_folder(i), &n, path, &d);
    if (e != ERR_OK) {
        return command_fail_diag(i, e == ERR_ABSENT ? EXIT_USAGE : EXIT_CONFIG, &d);
    }
    printf("%s\n", path);
    return ask_reload(i, NULL);
}

static const struct verb verbs[] = {
    {
        .name = "list",
        .arguments = "",
        .summary = "List registered devices: last reading, battery and radio",
        .examples = {"kogge devices"},
        .json = true,
        .run = list_devices,
    },
    {
        .name = "pending",
        .arguments = "",
        .summary = "List devices whose messages wait, and why",
        .examples = {"kogge devices pending"},
        .json = true,
        .run = list_pending,
    },
    {
        .name = "gaps",
        .arguments = "[DEVICE]",
        .summary = "Show frames that did not come, by their counters",
        .examples = {"kogge devices gaps", "kogge devices gaps 70b3d57ed0060001"},
        .options = {{"--since", "TIME", "from this time on (default: 24 hours ago)"}},
        .most = 1,
        .json = true,
        .run = device_gaps,
    },
    {
        .name = "new",
        .arguments = "DEVICE",
        .summary = "Register a device: write its file and let the hub take it in",
        .examples = {"kogge devices new 70b3d57ed0060001 --city luebeck --model "
                     "acme-ctd5 --station luebeck-bauhof --from "
                     "2026-11-01T00:00:00Z --height-nhn 1.25"},
        .options = {{"--city", "CITY", "its city"},
                    {"--model", "NAME", "its sensor model, a file in devices/"},
                    {"--station", "STATION", "where it stands"},
                    {"--from", "TIME", "since when"},
                    {"--to", "TIME", "until when (default: it still stands there)"},
                    {"--height-nhn", "M", "height of the sensor, m NHN"},
                    {"--height-gauge", "M", "height of the sensor, m above gauge zero"},
                    {"--serial", "TEXT", "serial number"},
                    {"--depth", "M", "depth of the sensor below the surface"},
                    {"--interval", "S", "seconds between readings"},
                    {"--pressure", "KIND",
                     "vented or absolute, where its model does not say"}},
        .least = 1,
        .most = 1,
        .run = new_device,
    },
};

const struct command command_devices = {"devices", verbs, 4};
