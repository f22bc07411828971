/* SPDX-License-Identifier: EUPL-1.2 */
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
    int found;
    bool full; /* show the whole payload */
};

static const char *value_text(double value, char to[NUMBER_TEXT])
{
    if (isnan(value)) {
        return "missing";
    }
    number_format(value, to);
    return to;
}

static void print_revision(void *arg, const struct report_revision *v)
{
    char value[NUMBER_TEXT];
    (void)arg;
    printf("  before     %s (message %lld)\n", value_text(v->value, value),
           (long long)v->message);
}

static void print_flags(const struct tracing *t, quality_tests tests)
{
    const char *const *names = store_test_names(t->report.store);
    printf("  flag       %s", quality_text(quality_aggregate(tests)));
    for (int slot = 0; slot < QUALITY_TESTS; slot++) {
        enum quality q = quality_tests_get(tests, slot);
        if (names[slot] != NULL && q != QUALITY_NONE) {
            printf("  %s:%s", names[slot], quality_text(q));
        }
    }
    putchar('\n');
}

/* The reading of the message that made the row, as the steps see it now. */
static void print_steps(struct tracing *t, const struct observation_row *row,
                        const struct message *m)
{
    struct work work;
    const struct work_rules rules = {
        .source = configuration_source(t->configuration, m->source)};
    if (rules.source == NULL ||
        work_message(&t->worker, m, &rules, t->arena, &work) != ERR_OK) {
        printf("  steps      the source %s is not configured any more\n", m->source);
        return;
    }
    for (size_t k = 0; k < work.decoded.count; k++) {
        const struct work_item *item = &work.items[k];
        const struct reading *r = item->reading;
        if (item->outcome != OUTCOME_STORED || r->time_us != row->time_us ||
            strcmp(item->value.parameter->id, row->key.parameter) != 0 ||
            strcmp(item->place.position, row->key.position) != 0) {
            continue;
        }
        char raw[NUMBER_TEXT];
        char value[NUMBER_TEXT];
        char field[REPORT_PLAIN];
        char unit[REPORT_PLAIN];
        printf("  decode     %s: %s = %s %s, time from the %s\n", work.decoded.format,
               report_plain(r->field, field),
               r->kind == VALUE_NUMBER ? value_text(r->value, raw) : "missing",
               report_plain(r->unit != NULL ? r->unit : "", unit),
               time_source_text(r->time_source));
        printf("  resolve    device %s, model %s\n", r->device,
               item->place.device->model->model);
        printf("  normalise  %s %s\n", value_text(item->value.value, value),
               item->value.parameter->unit);
    }
}

static void print_payload(const struct tracing *t, const struct message *m)
{
    size_t size = t->full ? 4 * m->size + 8 : SHOWN;
    char *text = malloc(size);
    if (text == NULL) {
        return;
    }
    text_escape(text, size, m->payload, m->size);
    size_t length = strlen(text);
    bool cut = length + 8 >= size && strcmp(text + length - 3, "...") == 0;
    printf("  payload    %s\n", text);
    if (cut && !t->full) {
        printf("             %zu bytes in all; --full shows them\n", m->full_size);
    }
    free(text);
}

static void print_message(struct tracing *t, const struct observation_row *row)
{
    struct message m;
    arena_reset(t->arena);
    enum err e = inbox_get(t->report.inbox, row->message, t->arena, &m);
    if (e != ERR_OK) {
        printf("  message    %lld was given up: it was older than what the inbox keeps\n",
               (long long)row->message);
        return;
    }
    print_steps(t, row, &m);
    char topic[REPORT_PLAIN];
    printf("  message    %lld on %s, from %s at %s\n", (long long)m.id,
           report_plain(m.topic, topic), m.source, report_time_text(m.arrival_us));
    print_payload(t, &m);
}

static enum err print_row(struct tracing *t, const struct observation_row *row)
{
    char value[NUMBER_TEXT];
    char raw[NUMBER_TEXT];
    char unit[REPORT_PLAIN];
    t->found++;
    printf("%s %s %s %s %s\n", row->key.station, row->key.parameter, row->key.position,
           row->key.origin, report_time_text(row->time_us));
    printf("  value      %s %s\n", value_text(row->value, value), row->unit);
    printf("  received   %s %s\n", value_text(row->raw, raw),
           report_plain(row->raw_unit, unit));
    print_flags(t, row->tests);
    enum err e = report_revisions(t->report.store, row->series, row->time_us, NULL,
                                  print_revision);
    print_message(t, row);
    return e;
}

static int trace_rows(const struct invocation *i, struct tracing *t, int64_t time_us)
{
    struct row_source rows;
    struct observation_row row;
    const char *parameter = i->arguments[1];
    const struct store_query q = {.parameters = &parameter,
                                  .parameter_count = 1,
                                  .station = i->arguments[0],
                                  .from_us = time_us,
                                  .to_us = time_us + 1};
    enum err e = store_rows_open(t->report.store, &q, &rows, NULL);
    while (e == ERR_OK && rows.next(rows.self, &row) > 0) {
        e = print_row(t, &row);
    }
    store_rows_close(t->report.store);
    if (e != ERR_OK) {
        return report_fail(&t->report, e);
    }
    if (t->found == 0) {
        return command_fail(i, EXIT_FAILED, "no %s at %s at that very time", parameter,
                            i->arguments[0]);
    }
    return EXIT_DONE;
}

static int trace(struct invocation *i)
{
    struct tracing t = {.found = 0};
    struct diag d = {0};
    int64_t time_us = 0;
    int slots[QUALITY_TESTS] = {0};
    if (clock_parse_rfc3339(i->arguments[2], &time_us) != ERR_OK) {
        return command_fail(i, EXIT_USAGE, "%s is no time like 2026-11-22T12:00:00Z",
                            i->arguments[2]);
    }
    int code = report_open(i, &t.report);
    if (code != EXIT_DONE) {
        return code;
    }
    t.full = invocation_value(i, "--full") != NULL;
    t.arena = arena_open(MESSAGE_BYTES);
    enum err e = t.arena == NULL ? ERR_MEMORY
                                 : context_accepted(t.report.data, &t.configuration, &d);
    e = e != ERR_OK ? e : worker_init(&t.worker, t.configuration, slots, &d);
    code = e != ERR_OK ? command_fail_diag(i, context_exit_code(e), &d)
                       : trace_rows(i, &t, time_us);
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
    .options = {{"--full", NULL, "the whole payload, not only its beginning"}},
    .least = 3,
    .most = 3,
    .run = trace,
}};

const struct command command_trace = {"trace", verbs, 1};
