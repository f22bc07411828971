/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/command.h"
#include "app/context.h"
#include "app/table.h"
#include "app/topic_filter.h"
#include "app/work.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "decode/decode.h"
#include "resolve/resolve.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORK_BYTES = 64 << 20, PAYLOAD_MOST = 16 << 20 };

/* What one reading comes to, registered or not. */
struct shown {
    const struct reading *reading;
    const struct work_item *item;
    const char *station, *parameter, *position;
    double value; /* canonical; NAN: not known */
    const char *unit;
    enum quality flag; /* QUALITY_NONE: not judged */
    bool usable;       /* a number with a known unit */
    const char *problem;
    char unnamed[300]; /* for people: the model does not name the field; "": it does */
};

struct trying {
    struct worker worker;
    const struct configuration *configuration;
    const struct work_rules *rules;
    bool json;
    bool ran_out; /* of memory: something could not be printed */
    int usable;
};

/* A device that is not registered: what its value would be, as far as that needs no
 * station. */
static void convert_alone(struct trying *t, struct shown *s)
{
    const struct reading *r = s->reading;
    const struct sensor_field *entry = r->entry;
    if (entry == NULL || entry->parameter == NULL) {
        return;
    }
    s->unit = entry->parameter->unit;
    if (r->kind != VALUE_NUMBER) {
        return;
    }
    const char *unit = r->scaled_unit != NULL ? r->scaled_unit : r->unit;
    double value = r->scaled_unit != NULL ? r->value * r->scale : r->value;
    double converted = (double)NAN;
    if (unit == NULL) {
        s->value = strcmp(s->unit, "1") == 0 ? value : (double)NAN;
    } else if (unit_convert(t->worker.normaliser.units, value, unit, s->unit, &converted,
                            NULL) == ERR_OK) {
        s->value = converted;
    }
}

/* Parameter and position as far as the model says them. */
static void name_alone(struct shown *s)
{
    const struct sensor_field *entry = s->reading->entry;
    const struct parameter *p = entry != NULL ? entry->parameter : NULL;
    s->parameter = p != NULL ? p->id : NULL;
    if (p != NULL && p->kind == PARAMETER_HOUSEKEEPING) {
        s->position = "device";
    } else if (p != NULL || (entry != NULL && entry->quantity != QUANTITY_NONE)) {
        s->position = entry->position;
    }
}

static bool has_known_unit(struct trying *t, const struct reading *r)
{
    if (r->unit != NULL && r->unit[0] != '\0') {
        struct units *units = t->worker.normaliser.units;
        return unit_check(units, r->unit, NULL) == ERR_OK ||
               (r->entry != NULL && r->entry->parameter != NULL &&
                unit_same(units, r->unit, r->entry->parameter->unit));
    }
    return r->entry != NULL && r->entry->parameter != NULL &&
           strcmp(r->entry->parameter->unit, "1") == 0;
}

static const struct sensor_model *model_of(const struct trying *t,
                                           const struct reading *r)
{
    const char *city = t->rules->source->city;
    const struct device *d =
        r->device != NULL ? configuration_device(t->configuration, city, r->device, NULL)
                          : NULL;
    return t->rules->model != NULL ? t->rules->model : d != NULL ? d->model : NULL;
}

/* A field that its model neither names nor ignores: a slip of the pen, perhaps. */
static void name_nearest(const struct trying *t, struct shown *s)
{
    enum { NAMES = 256 };
    const char *names[NAMES];
    const char *key = s->reading->key;
    const struct sensor_model *m = model_of(t, s->reading);
    size_t count = 0;
    if (m == NULL || key == NULL || s->reading->entry != NULL) {
        return;
    }
    for (size_t k = 0; k < m->ignore_count; k++) {
        if (text_pointer_below(key, m->ignore[k])) {
            return;
        }
    }
    for (size_t k = 0; k < m->field_count && count < NAMES; k++) {
        names[count++] = m->fields[k].field;
    }
    const char *near = text_nearest(key, names, count);
    snprintf(s->unnamed, sizeof s->unnamed,
             "the sensor model %.80s does not name %.80s%s%.80s%s", m->model, key,
             near != NULL ? "; did you mean " : "", near != NULL ? near : "",
             near != NULL ? "?" : "");
}

static struct shown look_at(struct trying *t, const struct work_item *item)
{
    const struct reading *r = item->reading;
    const char *problem = NULL;
    struct shown s = {
        .reading = r, .item = item, .value = (double)NAN, .problem = item->problem};
    name_alone(&s);
    s.usable = resolve_usable(r, &problem) != OUTCOME_REJECTED &&
               r->kind == VALUE_NUMBER && has_known_unit(t, r);
    if (item->outcome != OUTCOME_STORED) {
        convert_alone(t, &s);
        if (item->outcome == OUTCOME_IGNORED) {
            name_nearest(t, &s);
        }
        return s;
    }
    s.station = item->place.station != NULL ? item->place.station->station
                                            : item->place.device->device;
    s.parameter = item->value.parameter->id;
    s.position = item->place.position;
    s.value = item->value.value;
    s.unit = item->value.parameter->unit;
    s.flag = quality_aggregate(item->tests);
    return s;
}

/* Numbers in their shortest form that reads back the same, which jansson does not give.
 */
static void put_number(const char *name, double value)
{
    char text[NUMBER_TEXT];
    number_format(value, text);
    printf(",\"%s\":%s", name, isfinite(value) ? text : "null");
}

static void put_text(struct trying *t, const char *name, const char *text)
{
    json_t *s = text != NULL && text[0] != '\0' ? json_string(text) : json_null();
    char *dumped = json_dumps(s, JSON_ENCODE_ANY);
    t->ran_out = t->ran_out || dumped == NULL;
    printf("%s\"%s\":%s", strcmp(name, "device") == 0 ? "{" : ",", name,
           dumped != NULL ? dumped : "null");
    free(dumped);
    json_decref(s);
}

static void print_json(struct trying *t, const struct shown *s)
{
    const struct reading *r = s->reading;
    char time[CLOCK_TEXT];
    clock_format_us(r->time_us, time);
    put_text(t, "device", r->device);
    put_text(t, "field", r->field);
    put_text(t, "time", r->time_us == CLOCK_NONE ? NULL : time);
    put_text(t, "time_source", time_source_text(r->time_source));
    put_number("value", r->kind == VALUE_NUMBER ? r->value : (double)NAN);
    put_text(t, "unit", r->unit);
    put_text(t, "station", s->station);
    put_text(t, "parameter", s->parameter);
    put_text(t, "position", s->position);
    put_number("canonical_value", s->value);
    put_text(t, "canonical_unit", s->unit);
    printf(",\"flag\":%s", s->flag != QUALITY_NONE ? quality_text(s->flag) : "null");
    put_text(t, "outcome", outcome_text(s->item->outcome));
    put_text(t, "problem", s->problem);
    puts("}");
}

static const char *const headings[] = {
    "DEVICE", "FIELD", "TIME", "RECEIVED", "BECOMES", "STATION", "FLAG", "OUTCOME", NULL};

static void put_received(struct table *table, const struct reading *r)
{
    char value[NUMBER_TEXT] = "missing";
    char shown[64];
    if (r->kind == VALUE_NUMBER) {
        number_format(r->value, value);
    }
    if (r->kind == VALUE_TEXT) {
        table_put(table, "\"%s\"",
                  text_escape(shown, sizeof shown, r->text, strlen(r->text)));
    } else {
        table_put(table, "%s%s%s", value, r->unit != NULL ? " " : "",
                  r->unit != NULL ? r->unit : "");
    }
}

static void put_text_row(struct table *table, const struct shown *s)
{
    const struct reading *r = s->reading;
    char time[CLOCK_TEXT] = "none";
    char value[NUMBER_TEXT];
    if (r->time_us != CLOCK_NONE) {
        clock_format(r->time_us, time);
    }
    table_put(table, "%s", r->device);
    table_put(table, "%s", r->field);
    table_put(table, "%s (%s)", time, time_source_text(r->time_source));
    put_received(table, r);
    if (isnan(s->value) || s->unit == NULL) {
        table_put(table, "%s", s->parameter != NULL ? s->parameter : "-");
    } else {
        number_format(s->value, value);
        bool bare = strcmp(s->unit, "1") == 0;
        table_put(table, "%s %s%s%s", s->parameter, value, bare ? "" : " ",
                  bare ? "" : s->unit);
    }
    table_put(table, "%s", s->station != NULL ? s->station : "-");
    table_put(table, "%s", s->flag != QUALITY_NONE ? quality_text(s->flag) : "-");
    table_put(table, "%s", outcome_text(s->item->outcome));
    if (s->problem != NULL || s->unnamed[0] != '\0') {
        table_note(table, "%s", s->problem != NULL ? s->problem : s->unnamed);
    }
}

static void show(struct trying *t, const struct work *work)
{
    struct table *table = t->json ? NULL : table_open(headings);
    t->ran_out = !t->json && table == NULL;
    for (size_t k = 0; k < work->decoded.count; k++) {
        struct shown s = look_at(t, &work->items[k]);
        t->usable += s.usable;
        if (t->json) {
            print_json(t, &s);
        } else if (table != NULL) {
            put_text_row(table, &s);
        }
    }
    if (table != NULL) {
        table_print(table, stdout);
    }
    table_close(table);
    t->ran_out = units_ran_out(t->worker.normaliser.units) || t->ran_out;
}

static enum err read_payload(const char *name, struct buf *payload)
{
    if (strcmp(name, "-") != 0) {
        return file_read(name, payload);
    }
    return file_read("/dev/stdin", payload);
}

enum naming { NAMES_SOURCES, NAMES_MODELS };

static int unknown_name(const struct invocation *i, const struct configuration *c,
                        enum naming what, const char *given)
{
    size_t count = what == NAMES_SOURCES ? c->source_count : c->model_count;
    const char **names = calloc(count + 1, sizeof *names);
    for (size_t k = 0; names != NULL && k < count; k++) {
        names[k] = what == NAMES_SOURCES ? c->sources[k].source : c->models[k].model;
    }
    int code = command_fail_name(i, what == NAMES_SOURCES ? "source" : "sensor model",
                                 given, names, names != NULL ? count : 0);
    free(names);
    return code;
}

static int check_format(const struct invocation *i, const char *format)
{
    size_t count = 0;
    const char *const *names = decode_format_names(&count);
    for (size_t k = 0; k < count; k++) {
        if (strcmp(names[k], format) == 0) {
            return EXIT_DONE;
        }
    }
    return command_fail_name(i, "format", format, names, count);
}

/* A source of our own where none is named: any city, format by the bytes. */
static int find_rules(const struct invocation *i, const struct configuration *c,
                      struct source *source, struct work_rules *rules)
{
    const char *source_name = invocation_value(i, "--source");
    const char *model = invocation_value(i, "--model");
    const char *format = invocation_value(i, "--format");
    int code = format != NULL ? check_format(i, format) : EXIT_DONE;
    *source = (struct source){.source = "", .format = "auto", .take_retained = true};
    if (source_name != NULL) {
        const struct source *found = configuration_source(c, source_name);
        if (found == NULL) {
            return unknown_name(i, c, NAMES_SOURCES, source_name);
        }
        *source = *found;
    }
    if (format != NULL) {
        source->format = format;
    }
    *rules = (struct work_rules){.source = source};
    if (model != NULL) {
        rules->model = configuration_model(c, model);
        if (rules->model == NULL) {
            return unknown_name(i, c, NAMES_MODELS, model);
        }
    }
    return code;
}

/* A message on this topic would never reach the source. */
static void check_topic(const struct invocation *i, const struct source *source)
{
    const char *topic = invocation_value(i, "--topic");
    bool taken = source->subscribe_count == 0; /* a source of our own */
    for (size_t k = 0; k < source->subscribe_count; k++) {
        taken = taken || topic_filter_takes(topic_filter_of(source->subscribe[k]), topic);
    }
    if (!taken) {
        command_say(i, "source %s does not subscribe to %s: no such message will come",
                    source->source, topic);
    }
}

static int work_one(const struct invocation *i, struct trying *t, const struct message *m)
{
    struct work work;
    struct arena *a = arena_open(WORK_BYTES);
    enum err e = a == NULL ? ERR_MEMORY : work_message(&t->worker, m, t->rules, a, &work);
    if (e != ERR_OK) {
        arena_close(a);
        return command_fail(i, EXIT_FAILED, "the message can't be worked on: %s",
                            err_text(e));
    }
    show(t, &work);
    if (t->ran_out) {
        arena_close(a);
        return command_fail(i, EXIT_FAILED, "%s for all of it", err_text(ERR_MEMORY));
    }
    if (work.decoded.count == 0) {
        command_fail(i, EXIT_FINDINGS, "%s",
                     work.reason != NULL ? work.reason : "the message holds no reading");
    }
    arena_close(a);
    return t->usable > 0 ? EXIT_DONE : EXIT_FINDINGS;
}

/* Nothing is wrong with a configuration that there was no memory for. */
static int fail_because(const struct invocation *i, enum err e, struct diag *d)
{
    bool ours = err_class(e) == ERR_CLASS_RETRY;
    if (d->text[0] == '\0') {
        diag_set(d, "%s", err_text(e));
    }
    return command_fail_diag(i, ours ? EXIT_FAILED : EXIT_CONFIG, d);
}

static int try_with(const struct invocation *i, const struct configuration *c)
{
    struct trying t = {.configuration = c, .json = i->json};
    struct source source;
    struct work_rules rules;
    struct diag d = {0};
    struct buf payload;
    int64_t arrival_us = clock_now_us();
    const char *at = invocation_value(i, "--at");
    if (at != NULL && clock_parse_rfc3339(at, &arrival_us) != ERR_OK) {
        return command_fail(i, EXIT_USAGE, "--at %s is no time like 2026-11-22T12:00:00Z",
                            at);
    }
    int code = find_rules(i, c, &source, &rules);
    if (code != EXIT_DONE) {
        return code;
    }
    check_topic(i, &source);
    t.rules = &rules;
    int slots[QUALITY_TESTS];
    for (int k = 0; k < QUALITY_TESTS; k++) {
        slots[k] = k;
    }
    buf_init(&payload, PAYLOAD_MOST);
    enum err e = worker_init(&t.worker, c, slots, &d);
    bool made = e == ERR_OK;
    e = made ? read_payload(i->arguments[0], &payload) : e;
    if (!made || e == ERR_MEMORY) {
        code = fail_because(i, e, &d);
    } else if (e != ERR_OK) {
        code = command_fail(i, EXIT_FAILED, "%s can't be read", i->arguments[0]);
    } else {
        const struct message m = {.id = 1,
                                  .source = source.source,
                                  .topic = invocation_value(i, "--topic"),
                                  .payload = buf_text(&payload),
                                  .size = payload.length,
                                  .full_size = payload.length,
                                  .arrival_us = arrival_us};
        code = work_one(i, &t, &m);
    }
    worker_fini(&t.worker);
    buf_fini(&payload);
    return code;
}

static int try_message(struct invocation *i)
{
    struct diag d = {0};
    struct config_files *files = NULL;
    struct configuration *c = NULL;
    struct config_faults faults = {0};
    int code = EXIT_CONFIG;
    if (invocation_value(i, "--topic") == NULL) {
        return command_fail(i, EXIT_USAGE, "--topic TOPIC is needed; see --help");
    }
    enum err e = context_read(context_config_folder(i), &files, &c, &faults, &d);
    if (e == ERR_OK) {
        code = try_with(i, c);
    } else if (e == ERR_CONFIG) {
        context_print_faults(stderr, &faults);
        command_fail(i, code, "the configuration is faulty");
    } else {
        code = fail_because(i, e, &d);
    }
    config_faults_fini(&faults);
    config_files_close(files);
    configuration_free(c);
    return code;
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "FILE|-",
    .summary = "Show what the hub would make of one message; nothing is written",
    .examples =
        {"kogge try --config /etc/kogge --topic v3/app/devices/d1/up message.json",
         "mosquitto_sub -C 1 -t 'buoy/#' | kogge try --topic buoy/7 --model "
         "acme-ctd5 -"},
    .options = {{"--topic", "TOPIC", "topic that the message came on"},
                {"--at", "TIME", "time of arrival (default: now)"},
                {"--source", "NAME", "read it as this source would"},
                {"--model", "NAME", "read it by this sensor model, registered or not"},
                {"--format", "NAME", "format (default: auto)"}},
    .least = 1,
    .most = 1,
    .json = true,
    .run = try_message,
}};

const struct command command_try = {"try", verbs, 1};
