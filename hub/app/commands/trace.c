/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/by_hand.h"
#include "app/reasons_report.h"
#include "app/report.h"
#include "app/work.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_BYTES = 64 << 20, SHOWN = 400 };

struct tracing {
    struct report report;
    struct configuration *configuration;
    struct worker worker;
    struct arena *arena;
    struct reasons *reasons;
    json_t *stories;
    bool full; /* show the whole payload */
    enum language language;
};

/* --- what is told, as JSON --- */

static void tell_revision(void *arg, const struct report_revision *v)
{
    json_array_append_new(arg, json_pack("{s:o, s:I}", "value", report_number(v->value),
                                         "message", (json_int_t)v->message));
}

static json_t *tell_tests(const struct tracing *t, quality_tests tests)
{
    const char *const *names = store_test_names(t->report.store);
    json_t *out = json_object();
    for (int slot = 0; slot < QUALITY_TESTS; slot++) {
        enum quality q = quality_tests_get(tests, slot);
        if (names[slot] != NULL && q != QUALITY_NONE) {
            json_object_set_new(out, names[slot], json_integer((int)q));
        }
    }
    return out;
}

/* What a level was made with; null: it was no distance, depth, pressure or W. */
static json_t *tell_level(const struct work_item *item)
{
    const struct place *p = &item->place;
    if (item->reading->entry->quantity == QUANTITY_NONE || p->placement == NULL) {
        return json_null();
    }
    const struct gauge_zero *zero =
        station_gauge_zero(p->station, item->reading->time_us);
    return json_pack("{s:o, s:o, s:o, s:s?, s:o, s:o}", "sensor_m_nhn",
                     report_number(p->placement->height_m_nhn), "sensor_m_gauge",
                     report_number(p->placement->height_m_gauge), "gauge_zero_m_nhn",
                     report_number(zero != NULL ? zero->m_nhn : (double)NAN),
                     "gauge_zero_datum", zero != NULL ? zero->datum : NULL,
                     "gauge_zero_epoch",
                     report_number(zero != NULL ? zero->epoch : (double)NAN),
                     "density_kg_m3", report_number(p->station->density_kg_m3));
}

static json_t *tell_step(const struct work *work, const struct work_item *item)
{
    const struct reading *r = item->reading;
    double value = r->kind == VALUE_NUMBER ? r->value : (double)NAN;
    return json_pack(
        "{s:s, s:s, s:o, s:s?, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o}", "format",
        work->decoded.format, "field", r->field, "value", report_number(value), "unit",
        r->unit, "time_source", time_source_text(r->time_source), "device", r->device,
        "model", item->place.device->model->model, "canonical_value",
        report_number(item->value.value), "canonical_unit", item->value.parameter->unit,
        "level", tell_level(item), "settings", by_hand_settings(item->place.placement),
        "calibration", by_hand_calibration(&item->value));
}

/* The reading of the message that made the row, as the steps see it now; null: none, as
 * the configuration has changed. */
static json_t *tell_steps(struct tracing *t, const struct observation_row *row,
                          const struct message *m)
{
    struct work work;
    const struct work_rules rules = {
        .source = configuration_source(t->configuration, m->source)};
    if (rules.source == NULL ||
        work_message(&t->worker, m, &rules, t->arena, &work) != ERR_OK) {
        return json_null();
    }
    for (size_t k = 0; k < work.decoded.count; k++) {
        const struct work_item *item = &work.items[k];
        if (item->outcome == OUTCOME_STORED && item->reading->time_us == row->time_us &&
            strcmp(item->value.parameter->id, row->key.parameter) == 0 &&
            strcmp(item->place.position, row->key.position) == 0) {
            return tell_step(&work, item);
        }
    }
    return json_null();
}

/* Steps and message; both null if the message was given up. */
static void tell_message(struct tracing *t, const struct observation_row *row,
                         json_t *story)
{
    struct message m;
    arena_reset(t->arena);
    if (inbox_get(t->report.inbox, row->message, t->arena, &m) == ERR_OK) {
        json_object_set_new(story, "steps", tell_steps(t, row, &m));
        json_object_set_new(story, "message", report_message_json(&m));
    }
}

static enum err tell_row(struct tracing *t, const struct observation_row *row)
{
    json_t *revisions = json_array();
    json_t *reasons = json_object();
    json_t *story = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:s, s:i, s:o, s:O, s:O, s:n, "
        "s:n, "
        "s:I, s:n}",
        "city", row->key.city, "station", row->key.station, "parameter",
        row->key.parameter, "position", row->key.position, "origin", row->key.origin,
        "time", report_time(row->time_us), "value", report_number(row->value), "unit",
        row->unit, "raw_value", report_number(row->raw), "raw_unit", row->raw_unit,
        "flag", (int)quality_aggregate(row->tests), "tests", tell_tests(t, row->tests),
        "reasons", reasons, "revisions", revisions, "chosen_message_id", "steps",
        "message_id", (json_int_t)row->message, "message");
    enum err e = report_revisions(t->report.store, row->series, row->time_us, revisions,
                                  tell_revision);
    e = e != ERR_OK ? e : reasons_tell(t->reasons, row, reasons, reasons_put_json);
    json_decref(reasons);
    json_decref(revisions);
    int64_t chosen = 0;
    e = e != ERR_OK ? e
                    : report_choice(t->report.store, row->series, row->time_us, &chosen);
    if (story == NULL) {
        return ERR_MEMORY;
    }
    if (chosen != 0) {
        json_object_set_new(story, "chosen_message_id", json_integer(chosen));
    }
    json_object_set_new(
        story, "by_hand",
        by_hand_windows(configuration_station(t->configuration, row->key.station), row));
    tell_message(t, row, story);
    json_array_append_new(t->stories, story);
    return e;
}

/* --- the same for people --- */

static const char *text_of(json_t *object, const char *name, char to[REPORT_PLAIN])
{
    const char *text = json_string_value(json_object_get(object, name));
    return report_plain(text != NULL ? text : "", to);
}

static const char *number_of(json_t *object, const char *name, char to[NUMBER_TEXT])
{
    json_t *number = json_object_get(object, name);
    if (!json_is_number(number)) {
        return "missing";
    }
    number_format(json_number_value(number), to);
    return to;
}

static long long count_of(json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void print_value(const struct tracing *t, json_t *story)
{
    char number[NUMBER_TEXT];
    char text[REPORT_PLAIN];
    const char *name;
    json_t *flag;
    size_t index;
    json_t *revision;
    static const char *const key[] = {"station", "parameter", "position", "origin",
                                      "time"};
    for (size_t k = 0; k < sizeof key / sizeof *key; k++) {
        printf("%s%s", k > 0 ? " " : "", text_of(story, key[k], text));
    }
    printf("\n  value      %s %s\n", number_of(story, "value", number),
           text_of(story, "unit", text));
    printf("  received   %s %s\n", number_of(story, "raw_value", number),
           text_of(story, "raw_unit", text));
    printf("  flag       %lld", count_of(story, "flag"));
    json_object_foreach(json_object_get(story, "tests"), name, flag)
    {
        printf("  %s:%lld", name, (long long)json_integer_value(flag));
    }
    putchar('\n');
    reasons_print(json_object_get(story, "reasons"), t->language);
    by_hand_print_windows(json_object_get(story, "by_hand"));
    json_array_foreach(json_object_get(story, "revisions"), index, revision)
    {
        printf("  before     %s (message %lld)\n", number_of(revision, "value", number),
               count_of(revision, "message"));
    }
    if (json_is_integer(json_object_get(story, "chosen_message_id"))) {
        printf("  chosen     by hand, as message %lld has it; kogge conflicts choose"
               " --rule takes the choice back\n",
               count_of(story, "chosen_message_id"));
    }
}

/* What is stored stays as it is until it is recomputed. */
static bool is_as_stored(json_t *story, json_t *steps)
{
    return json_equal(json_object_get(story, "value"),
                      json_object_get(steps, "canonical_value")) != 0;
}

static void print_steps(json_t *story)
{
    json_t *steps = json_object_get(story, "steps");
    char number[NUMBER_TEXT];
    char text[REPORT_PLAIN];
    char more[REPORT_PLAIN];
    if (!json_is_object(steps)) {
        puts("  steps      by today's configuration the message gives no such value");
        return;
    }
    printf("  decode     %s: %s", text_of(steps, "format", text),
           text_of(steps, "field", more));
    printf(" = %s %s, time from the %s\n", number_of(steps, "value", number),
           text_of(steps, "unit", text), text_of(steps, "time_source", more));
    printf("  resolve    device %s, model %s\n", text_of(steps, "device", text),
           text_of(steps, "model", more));
    report_print_level(json_object_get(steps, "level"));
    by_hand_print_settings(json_object_get(steps, "settings"));
    by_hand_print_calibration(json_object_get(steps, "calibration"));
    printf("  normalise  %s %s%s\n", number_of(steps, "canonical_value", number),
           text_of(steps, "canonical_unit", text),
           is_as_stored(story, steps) ? ""
                                      : " by today's configuration; see kogge recompute");
}

static void print_payload(json_t *message, bool full)
{
    const char *payload = json_string_value(json_object_get(message, "payload"));
    const char *hex = json_string_value(json_object_get(message, "payload_hex"));
    const char *shown = payload != NULL ? payload : hex;
    size_t length = shown != NULL ? strlen(shown) : 0;
    size_t size = full ? 4 * length + 8 : SHOWN;
    char *text = malloc(size);
    if (text == NULL) {
        return;
    }
    text_escape(text, size, shown != NULL ? shown : "", length);
    printf("  payload    %s%s\n", hex != NULL ? "hex " : "", text);
    if (!full && length + 4 > SHOWN) {
        printf("             %lld bytes in all; --full shows them\n",
               count_of(message, "bytes"));
    }
    free(text);
}

static void print_story(const struct tracing *t, json_t *story)
{
    char text[REPORT_PLAIN];
    char more[REPORT_PLAIN];
    json_t *message = json_object_get(story, "message");
    print_value(t, story);
    if (!json_is_object(message)) {
        printf("  message    %lld was given up: it was older than what the inbox keeps\n",
               count_of(story, "message_id"));
        return;
    }
    print_steps(story);
    printf("  message    %lld on %s", count_of(story, "message_id"),
           text_of(message, "topic", text));
    printf(", from %s at %s\n", text_of(message, "source", text),
           text_of(message, "arrived", more));
    print_payload(message, t->full);
}

static void print_all(const struct invocation *i, struct tracing *t)
{
    size_t index;
    json_t *story;
    if (i->json) {
        report_json("observations", json_incref(t->stories));
        return;
    }
    json_array_foreach(t->stories, index, story)
    {
        print_story(t, story);
    }
}

/* Stations, and devices, which housekeeping names in their place. */
static int unknown_station(const struct invocation *i, const struct configuration *c,
                           const char *given)
{
    size_t count = 0;
    size_t room = c->device_count;
    for (size_t k = 0; k < c->city_count; k++) {
        room += c->cities[k].station_count;
    }
    const char **names = calloc(room + 1, sizeof *names);
    for (size_t k = 0; names != NULL && k < c->city_count; k++) {
        for (size_t n = 0; n < c->cities[k].station_count; n++) {
            names[count++] = c->cities[k].stations[n].station;
        }
    }
    for (size_t k = 0; names != NULL && k < c->device_count; k++) {
        names[count++] = c->devices[k].device;
    }
    int code = command_fail_name(i, "station", given, names, count);
    free(names);
    return code;
}

static int unknown_parameter(const struct invocation *i, const struct configuration *c,
                             const char *given)
{
    const char **names = calloc(c->parameter_count + 1, sizeof *names);
    for (size_t k = 0; names != NULL && k < c->parameter_count; k++) {
        names[k] = c->parameters[k].id;
    }
    int code = command_fail_name(i, "parameter", given, names,
                                 names != NULL ? c->parameter_count : 0);
    free(names);
    return code;
}

static struct store_query query_between(const struct tracing *t, int64_t from_us,
                                        int64_t to_us)
{
    const char *const *arguments = t->report.invocation->arguments;
    return (struct store_query){.parameters = &arguments[1],
                                .parameter_count = 1,
                                .station = arguments[0],
                                .from_us = from_us,
                                .to_us = to_us};
}

/* Time of the observation that is nearest to time_us within a day; CLOCK_NONE: none. */
static int64_t find_nearest(const struct tracing *t, int64_t time_us)
{
    struct row_source rows;
    struct observation_row row;
    int64_t near_us = CLOCK_NONE;
    const struct store_query q =
        query_between(t, time_us - CLOCK_US_PER_DAY, time_us + CLOCK_US_PER_DAY);
    enum err e = store_rows_open(t->report.store, &q, &rows, NULL);
    while (e == ERR_OK && rows.next(rows.self, &row) > 0) {
        if (near_us == CLOCK_NONE ||
            llabs(row.time_us - time_us) < llabs(near_us - time_us)) {
            near_us = row.time_us;
        }
    }
    store_rows_close(t->report.store);
    return near_us;
}

/* What stood there once; "": nothing did. */
static enum err say_withdrawn(const struct tracing *t, int64_t time_us, char *to,
                              size_t size)
{
    const char *const *arguments = t->report.invocation->arguments;
    struct report_revision v;
    char number[NUMBER_TEXT] = "missing";
    enum err e =
        report_withdrawn(t->report.store, arguments[0], arguments[1], time_us, &v);
    if (e == ERR_OK) {
        if (!isnan(v.value)) {
            number_format(v.value, number);
        }
        snprintf(to, size, " any more: %s of message %lld was withdrawn", number,
                 (long long)v.message);
    }
    return e == ERR_ABSENT ? ERR_OK : e;
}

/* Nothing was found: is it a name that is nearly right, or a time? */
static int say_nothing_there(const struct invocation *i, const struct tracing *t,
                             int64_t time_us)
{
    const struct configuration *c = t->configuration;
    const char *station = i->arguments[0];
    const char *parameter = i->arguments[1];
    if (configuration_station(c, station) == NULL &&
        configuration_device(c, NULL, station, NULL) == NULL) {
        return unknown_station(i, c, station);
    }
    if (configuration_parameter(c, parameter) == NULL) {
        return unknown_parameter(i, c, parameter);
    }
    char withdrawn[128] = "";
    enum err e = say_withdrawn(t, time_us, withdrawn, sizeof withdrawn);
    if (e != ERR_OK) {
        return report_fail(&t->report, e);
    }
    int64_t near_us = find_nearest(t, time_us);
    return command_fail(i, EXIT_FAILED, "no %s at %s at that very time%s%s%s", parameter,
                        station, withdrawn,
                        near_us != CLOCK_NONE ? "; the nearest one is of " : "",
                        near_us != CLOCK_NONE ? report_time_text(near_us) : "");
}

static int trace_rows(const struct invocation *i, struct tracing *t, int64_t time_us)
{
    struct row_source rows;
    struct observation_row row;
    const struct store_query q = query_between(t, time_us, time_us + 1);
    enum err e = store_rows_open(t->report.store, &q, &rows, NULL);
    while (e == ERR_OK && rows.next(rows.self, &row) > 0) {
        e = tell_row(t, &row);
    }
    store_rows_close(t->report.store);
    if (e != ERR_OK) {
        return report_fail(&t->report, e);
    }
    if (json_array_size(t->stories) == 0) {
        return say_nothing_there(i, t, time_us);
    }
    print_all(i, t);
    return EXIT_DONE;
}

static int trace(struct invocation *i)
{
    struct tracing t = {.stories = json_array()};
    struct diag d = {0};
    int64_t time_us = 0;
    int slots[QUALITY_TESTS] = {0};
    if (clock_parse_rfc3339(i->arguments[2], &time_us) != ERR_OK) {
        json_decref(t.stories);
        return command_fail(i, EXIT_USAGE, "%s is no time like 2026-11-22T12:00:00Z",
                            i->arguments[2]);
    }
    if (!reasons_language(i, &t.language)) {
        json_decref(t.stories);
        return command_fail(i, EXIT_USAGE,
                            "%s is no language that is spoken here: de, en",
                            invocation_value(i, "--language"));
    }
    int code = report_open(i, &t.report);
    if (code != EXIT_DONE) {
        json_decref(t.stories);
        return code;
    }
    t.full = invocation_value(i, "--full") != NULL;
    t.arena = arena_open(MESSAGE_BYTES);
    enum err e = t.arena == NULL ? ERR_MEMORY
                                 : context_accepted(t.report.data, &t.configuration, &d);
    e = e != ERR_OK ? e : worker_init(&t.worker, t.configuration, slots, &d);
    e = e != ERR_OK ? e : reasons_open(t.report.store, t.configuration, &t.reasons);
    code = e != ERR_OK ? command_fail_diag(i, context_exit_code(e), &d)
                       : trace_rows(i, &t, time_us);
    json_decref(t.stories);
    reasons_close(t.reasons);
    worker_fini(&t.worker);
    configuration_free(t.configuration);
    arena_close(t.arena);
    report_close(&t.report);
    return code;
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "STATION PARAMETER TIME",
    .summary = "Show where a value comes from: every step, and the original message",
    .examples = {"kogge trace luebeck-bauhof water_level 2026-11-22T12:00:00Z"},
    .options = {{"--full", NULL, "the whole payload, not only its beginning"},
                {"--language", "LANGUAGE",
                 "of the reasons: de or en (default: that of the "
                 "environment)"}},
    .least = 3,
    .most = 3,
    .json = true,
    .run = trace,
}};

const struct command command_trace = {"trace", verbs, 1};
