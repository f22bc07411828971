/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/report.h"

#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int report_open(const struct invocation *i, struct report *r)
{
    struct diag d = {0};
    *r = (struct report){.invocation = i};
    enum err e = context_data_folder(i, r->data, &d);
    e = e != ERR_OK ? e : store_reader_open(r->data, &r->store, &d);
    e = e != ERR_OK ? e : inbox_reader_open(r->data, &r->inbox, &d);
    if (e == ERR_OK) {
        return EXIT_DONE;
    }
    report_close(r);
    return command_fail_diag(i, context_exit_code(e), &d);
}

void report_close(struct report *r)
{
    store_reader_close(r->store);
    inbox_reader_close(r->inbox);
    r->store = NULL;
    r->inbox = NULL;
}

int report_fail(const struct report *r, enum err e)
{
    return command_fail(r->invocation, EXIT_FAILED, "the store can't be read: %s",
                        err_text(e));
}

void report_json(const char *name, json_t *list)
{
    json_t *out = json_pack("{s:i, s:o}", "schema", REPORT_SCHEMA, name, list);
    json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    putchar('\n');
    json_decref(out);
}

json_t *report_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *report_time(int64_t time_us)
{
    char text[CLOCK_TEXT];
    if (time_us == CLOCK_NONE) {
        return json_null();
    }
    clock_format(time_us, text);
    return json_string(text);
}

const char *report_time_text(int64_t time_us)
{
    static char texts[4][CLOCK_TEXT];
    static unsigned next;
    if (time_us == CLOCK_NONE) {
        return "never";
    }
    char *text = texts[next++ % 4];
    clock_format(time_us, text);
    return text;
}

static void set_payload(json_t *to, const struct message *m)
{
    if (text_is_utf8(m->payload, m->size)) {
        json_object_set_new(to, "payload", json_stringn(m->payload, m->size));
        return;
    }
    const unsigned char *bytes = m->payload;
    char *hex = malloc(2 * m->size + 1);
    if (hex == NULL) {
        return;
    }
    for (size_t k = 0; k < m->size; k++) {
        snprintf(hex + 2 * k, 3, "%02x", bytes[k]);
    }
    json_object_set_new(to, "payload_hex", json_stringn(hex, 2 * m->size));
    free(hex);
}

json_t *report_message_json(const struct message *m)
{
    json_t *out =
        json_pack("{s:I, s:s, s:s, s:o, s:I}", "id", (json_int_t)m->id, "topic", m->topic,
                  "source", m->source, "arrived", report_time(m->arrival_us), "bytes",
                  (json_int_t)m->full_size);
    if (out != NULL) {
        set_payload(out, m);
    }
    return out;
}

const char *report_age(int64_t time_us, int64_t now_us, char to[REPORT_AGE])
{
    static const struct {
        int64_t below_s, unit_s;
        const char *name;
    } steps[] = {{120, 1, "s"},
                 {7200, 60, "min"},
                 {172800, 3600, "h"},
                 {INT64_MAX, 86400, "days"}};
    if (time_us == CLOCK_NONE) {
        snprintf(to, REPORT_AGE, "never");
        return to;
    }
    int64_t age_s = (now_us - time_us) / CLOCK_US_PER_S;
    if (age_s < 0) {
        clock_format(time_us, to);
        return to;
    }
    size_t k = 0;
    while (age_s >= steps[k].below_s) {
        k++;
    }
    snprintf(to, REPORT_AGE, "%lld %s ago", (long long)(age_s / steps[k].unit_s),
             steps[k].name);
    return to;
}

const char *report_plain(const char *text, char to[REPORT_PLAIN])
{
    return text_escape(to, REPORT_PLAIN, text, strlen(text));
}

const char *report_count(int64_t count, const char *noun, char to[REPORT_COUNT])
{
    snprintf(to, REPORT_COUNT, "%lld %s%s", (long long)count, noun,
             count == 1 ? "" : "s");
    return to;
}

void report_print_level(json_t *level)
{
    static const struct {
        const char *name, *text, *unit;
    } parts[] = {{"sensor_m_nhn", "sensor at", "m NHN"},
                 {"sensor_m_gauge", "sensor at", "m above gauge zero"},
                 {"gauge_zero_m_nhn", "gauge zero at", "m NHN"},
                 {"gauge_zero_epoch", "levelled in", ""},
                 {"density_kg_m3", "density", "kg/m3"}};
    const char *before = "  level      ";
    char number[NUMBER_TEXT];
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        if (json_is_number(json_object_get(level, parts[k].name))) {
            number_format(json_number_value(json_object_get(level, parts[k].name)),
                          number);
            printf("%s%s %s%s%s", before, parts[k].text, number,
                   parts[k].unit[0] != '\0' ? " " : "", parts[k].unit);
            before = ", ";
        }
    }
    if (before[0] == ',') {
        putchar('\n');
    }
}
