/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/ask.h"
#include "app/report.h"
#include "app/table.h"
#include "base/clock.h"
#include "base/number.h"

#include <string.h>

/* --- list --- */

struct listing {
    struct report report;
    struct configuration *configuration;
    json_t *json;        /* NULL: for people */
    json_t *current;     /* housekeeping of the device under way */
    struct table *table; /* for people */
    char note[600];      /* the same in words */
};

static void take_housekeeping(void *arg, const struct observation_row *o)
{
    struct listing *l = arg;
    char value[NUMBER_TEXT];
    if (l->json != NULL) {
        json_object_set_new(l->current, o->key.parameter,
                            json_pack("{s:o, s:s, s:o}", "value", report_number(o->value),
                                      "unit", o->unit, "time", report_time(o->time_us)));
        return;
    }
    size_t length = strlen(l->note);
    char age[REPORT_AGE];
    number_format(o->value, value);
    snprintf(l->note + length, sizeof l->note - length, "%s%s %s %s (%s)",
             length > 0 ? ", " : "", o->key.parameter, value, o->unit,
             report_age(o->time_us, clock_now_us(), age));
}

static void begin_device(struct listing *l, const struct device *d,
                         const struct placement *p)
{
    const char *station = p != NULL ? p->station->station : NULL;
    l->note[0] = '\0';
    if (l->json == NULL) {
        table_put(l->table, "%s", d->city->city);
        table_put(l->table, "%s", d->device);
        table_put(l->table, "%s", d->model->model);
        table_put(l->table, "%s", station != NULL ? station : "not placed now");
        return;
    }
    l->current = json_object();
    json_array_append_new(l->json,
                          json_pack("{s:s, s:s, s:s, s:s?, s:o}", "city", d->city->city,
                                    "device", d->device, "model", d->model->model,
                                    "station", station, "housekeeping", l->current));
}

static enum err list_all(struct listing *l)
{
    const struct configuration *c = l->configuration;
    enum err e = store_view_begin(l->report.store);
    for (size_t k = 0; k < c->device_count && e == ERR_OK; k++) {
        const struct device *d = &c->devices[k];
        const char *city = d->city->city;
        const struct store_query q = {.cities = &city,
                                      .city_count = 1,
                                      .station = d->device,
                                      .position = "device",
                                      .from_us = INT64_MIN / 2,
                                      .to_us = INT64_MAX / 2};
        begin_device(l, d, device_placement(d, clock_now_us()));
        e = store_latest(l->report.store, &q, l, take_housekeeping);
        if (l->note[0] != '\0') {
            table_note(l->table, "%s", l->note);
        }
    }
    store_view_end(l->report.store);
    return e;
}

static int list_devices(struct invocation *i)
{
    static const char *const headings[] = {"CITY", "DEVICE", "MODEL", "STATION", NULL};
    struct listing l = {.json = NULL};
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
    l.json = i->json ? json_array() : NULL;
    l.table = table_open(headings);
    e = l.table == NULL ? ERR_MEMORY : list_all(&l);
    code = e != ERR_OK ? report_fail(&l.report, e) : EXIT_DONE;
    if (i->json) {
        report_json("devices", l.json);
    } else if (e == ERR_OK) {
        table_print(l.table, stdout);
    }
    table_close(l.table);
    configuration_free(l.configuration);
    report_close(&l.report);
    return code;
}

/* --- pending --- */

struct pending_list {
    json_t *json, *fields; /* NULL: for people */
    int64_t count;
};

static void take_pending(void *arg, const struct report_pending *p)
{
    struct pending_list *l = arg;
    bool is_device = p->field[0] == '\0';
    l->count += is_device;
    if (l->json == NULL && is_device) {
        char count[REPORT_COUNT];
        char device[REPORT_PLAIN];
        report_plain(p->device, device);
        report_count(p->count, "message", count);
        if (p->count == 1) {
            printf("%s  from %s: %s, %s\n", device, p->source, count,
                   report_time_text(p->last_us));
        } else {
            printf("%s  from %s: %s, first %s, last %s\n", device, p->source, count,
                   report_time_text(p->first_us), report_time_text(p->last_us));
        }
    } else if (l->json == NULL) {
        char field[REPORT_PLAIN];
        printf("    %s\n", report_plain(p->field, field));
    } else if (is_device) {
        l->fields = json_array();
        json_array_append_new(
            l->json, json_pack("{s:s, s:s, s:I, s:o, s:o, s:o}", "device", p->device,
                               "source", p->source, "messages", (json_int_t)p->count,
                               "first", report_time(p->first_us), "last",
                               report_time(p->last_us), "fields", l->fields));
    } else {
        json_array_append_new(l->fields, json_string(p->field));
    }
}

static int list_pending(struct invocation *i)
{
    struct report report;
    int code = report_open(i, &report);
    if (code != EXIT_DONE) {
        return code;
    }
    struct pending_list l = {.json = i->json ? json_array() : NULL};
    enum err e = report_pending(report.store, &l, take_pending);
    code =
        e != ERR_OK ? report_fail(&report, e) : (l.count > 0 ? EXIT_FINDINGS : EXIT_DONE);
    if (i->json) {
        report_json("pending", l.json);
    }
    if (e == ERR_OK && l.count == 0) {
        command_say(i, "no device waits");
    } else if (e == ERR_OK) {
        command_say(i, "kogge devices new DEVICE registers one; what waited is then "
                       "taken in");
    }
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
        .height_nhn = invocation_value(i, "--height-nhn"),
        .height_gauge = invocation_value(i, "--height-gauge"),
        .serial = invocation_value(i, "--serial"),
        .depth = invocation_value(i, "--depth"),
        .interval_s = invocation_value(i, "--interval"),
        .shipped = context_shipped_folder(),
    };
    enum err e = config_new_device(context_config_folder(i), &n, path, &d);
    if (e != ERR_OK) {
        return command_fail_diag(i, e == ERR_ABSENT ? EXIT_USAGE : EXIT_CONFIG, &d);
    }
    printf("%s\n", path);
    return ask_reload(i);
}

static const struct verb verbs[] = {
    {
        .name = "list",
        .arguments = "",
        .summary = "List registered devices with battery and radio",
        .examples = {"kogge devices"},
        .json = true,
        .run = list_devices,
    },
    {
        .name = "pending",
        .arguments = "",
        .summary = "List devices that send but are not registered",
        .examples = {"kogge devices pending"},
        .json = true,
        .run = list_pending,
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
                    {"--height-nhn", "M", "height of the sensor, m NHN"},
                    {"--height-gauge", "M", "height of the sensor, m above gauge zero"},
                    {"--serial", "TEXT", "serial number"},
                    {"--depth", "M", "depth of the sensor below the surface"},
                    {"--interval", "S", "seconds between readings"}},
        .least = 1,
        .most = 1,
        .run = new_device,
    },
};

const struct command command_devices = {"devices", verbs, 3};
