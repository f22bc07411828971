/* SPDX-License-Identifier: EUPL-1.2 */
/* Tidy CSV, RFC 4180 with LF: one line an observation, what is the same in many lines
 * made once. Columns: model/observation.h and docs. */
#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"
#include "export/export.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum {
    PREFIX_SIZE = 1024, /* city to origin, quoted */
    TESTS_SIZE = 1024,
    TESTS_CACHE = 16, /* power of two */
    FIELD_SIZE = 256, /* longest text of one field; longer ones are cut */
};

struct tests_text {
    bool known;
    quality_tests tests;
    size_t length;
    char text[TESTS_SIZE]; /* "1,gross_range_test:1," */
};

struct csv {
    int order[QUALITY_TESTS]; /* slots by name of their test */
    int slots;
    bool have_series;
    int32_t series;
    const struct station *station;
    char prefix[PREFIX_SIZE]; /* ",city,...,origin," */
    size_t prefix_length;
    char position[FIELD_SIZE];
    bool is_level;
    struct period dated_holds;   /* depth and state */
    char depth[NUMBER_TEXT + 1]; /* "0.8," */
    size_t depth_length;
    const char *parameter; /* as the vocabulary has it; "": not in it */
    char state[16];        /* ",checked," */
    char datum[16];        /* ",NHN," */
    size_t datum_length;
    int64_t day; /* since 1970 */
    char date[11];
    struct tests_text tests[TESTS_CACHE];
};

static const char header[] = "time,city,station,parameter,position,origin,depth_m,value,"
                             "unit,datum,flag,tests,raw_value,raw_unit,time_source,"
                             "state,corrected\n";

/* Appends text as one field; to has room for 2 * FIELD_SIZE + 2. Returns the end. */
static char *put_field(char *to, const char *text)
{
    size_t length = strnlen(text, FIELD_SIZE);
    while (length == FIELD_SIZE || ((unsigned char)text[length] & 0xC0) == 0x80) {
        length--; /* cut, at a whole UTF-8 character */
    }
    if (strcspn(text, ",\"\r\n") >= length) {
        memcpy(to, text, length);
        return to + length;
    }
    *to++ = '"';
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"') {
            *to++ = '"';
        }
        *to++ = text[i];
    }
    *to++ = '"';
    return to;
}

static char *put_text(char *to, const char *text)
{
    size_t length = strlen(text);
    /* No NUL belongs into a file. */
    memcpy(to, text, length); /* NOLINT(bugprone-not-null-terminated-result) */
    return to + length;
}

static char *put_number(char *to, double value)
{
    return isnan(value) ? to : to + number_format(value, to);
}

static void csv_begin(struct export_sink *s, const struct export_context *c)
{
    struct csv *csv = export_memory(s, sizeof *csv);
    if (csv == NULL) {
        return;
    }
    csv->day = INT64_MIN;
    for (int slot = 0; slot < QUALITY_TESTS; slot++) {
        const char *name = c->test_names[slot];
        int at = csv->slots;
        if (name == NULL) {
            continue;
        }
        for (; at > 0 && strcmp(name, c->test_names[csv->order[at - 1]]) < 0; at--) {
            csv->order[at] = csv->order[at - 1];
        }
        csv->order[at] = slot;
        csv->slots++;
    }
    export_put(s, header, sizeof header - 1);
}

static void narrow(struct period *holds, int64_t boundary_us, int64_t time_us)
{
    if (boundary_us <= time_us) {
        holds->from_us = boundary_us > holds->from_us ? boundary_us : holds->from_us;
    } else {
        holds->to_us = boundary_us < holds->to_us ? boundary_us : holds->to_us;
    }
}

/* Depth of the position by one placement at time_us, NAN: it does not say. */
static double depth_by(const struct placement *p, const char *position, int64_t time_us)
{
    if (time_us < p->period.from_us || time_us >= p->period.to_us) {
        return (double)NAN;
    }
    for (size_t i = 0; i < p->position_count; i++) {
        if (strcmp(p->positions[i].as, position) == 0) {
            return p->positions[i].depth_m;
        }
    }
    return (double)NAN;
}

static void find_depth(struct csv *csv, const struct configuration *c, int64_t time_us)
{
    double depth_m = (double)NAN;
    if (csv->is_level) { /* the surface itself */
        csv->depth[0] = ',';
        csv->depth_length = 1;
        return;
    }
    for (size_t i = 0; csv->station != NULL && i < c->device_count; i++) {
        const struct device *device = &c->devices[i];
        for (size_t j = 0; j < device->placement_count; j++) {
            const struct placement *p = &device->placements[j];
            if (p->station != csv->station) {
                continue;
            }
            narrow(&csv->dated_holds, p->period.from_us, time_us);
            narrow(&csv->dated_holds, p->period.to_us, time_us);
            if (isnan(depth_m)) {
                depth_m = depth_by(p, csv->position, time_us);
            }
        }
    }
    char *end = put_number(csv->depth, depth_m);
    *end++ = ',';
    csv->depth_length = (size_t)(end - csv->depth);
}

static void find_state(struct csv *csv, int64_t time_us)
{
    enum data_state state = STATE_PROVISIONAL;
    size_t count = csv->station != NULL ? csv->station->states.count : 0;
    for (size_t i = 0; i < count; i++) {
        const struct window *w = &csv->station->states.rows[i];
        if (!window_is_of(w, csv->parameter, csv->position)) {
            continue;
        }
        narrow(&csv->dated_holds, w->period.from_us, time_us);
        narrow(&csv->dated_holds, w->period.to_us, time_us);
        if (time_us >= w->period.from_us && time_us < w->period.to_us) {
            state = w->state;
        }
    }
    char *end = put_text(csv->state, ",");
    end = put_text(end, data_state_text(state));
    *end++ = ',';
    *end = '\0';
}

/* The depth and the state that hold at time_us, and the longest period without any change
 * around it: so what a row says does not depend on which row came before. */
static void find_dated(struct csv *csv, const struct configuration *c, int64_t time_us)
{
    csv->dated_holds = (struct period){INT64_MIN, INT64_MAX};
    find_depth(csv, c, time_us);
    find_state(csv, time_us);
}

static const char *datum_of(const char *parameter)
{
    if (strcmp(parameter, "water_level") == 0) {
        return "NHN";
    }
    return strcmp(parameter, "gauge_level") == 0 ? "gauge zero" : "";
}

static void new_series(struct csv *csv, const struct configuration *c,
                       const struct observation_row *row)
{
    const char *const fields[] = {row->key.city, row->key.station, row->key.parameter,
                                  row->key.position, row->key.origin};
    char field[2 * FIELD_SIZE + 2];
    size_t length = 1;
    csv->prefix[0] = ',';
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        size_t size = (size_t)(put_field(field, fields[i]) - field);
        if (length + size + 2 <= sizeof csv->prefix) {
            memcpy(csv->prefix + length, field, size);
            length += size;
        }
        csv->prefix[length++] = ',';
    }
    csv->prefix_length = length;
    csv->have_series = true;
    csv->series = row->series;
    csv->station = configuration_station(c, row->key.station);
    text_copy(csv->position, sizeof csv->position, row->key.position);
    char *end = put_text(csv->datum, ",");
    end = put_text(end, datum_of(row->key.parameter));
    csv->is_level = datum_of(row->key.parameter)[0] != '\0';
    *end++ = ',';
    csv->datum_length = (size_t)(end - csv->datum);
    const struct parameter *p = configuration_parameter(c, row->key.parameter);
    csv->parameter = p != NULL ? p->id : "";
    find_dated(csv, c, row->time_us);
}

static char *put_digits(char *to, int digits, int64_t value)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10) {
        to[i] = (char)('0' + value % 10);
    }
    return to + digits;
}

/* As clock_format, with the date made once a day. */
static char *put_time(struct csv *csv, char *to, int64_t time_us)
{
    int64_t day = time_us / CLOCK_US_PER_DAY - (time_us % CLOCK_US_PER_DAY < 0);
    if (day != csv->day) {
        char text[CLOCK_TEXT];
        clock_format(day * CLOCK_US_PER_DAY, text);
        memcpy(csv->date, text, sizeof csv->date); /* with the T */
        csv->day = day;
    }
    int64_t of_day = time_us - day * CLOCK_US_PER_DAY;
    int64_t us = of_day % CLOCK_US_PER_S;
    int64_t second = of_day / CLOCK_US_PER_S;
    memcpy(to, csv->date, sizeof csv->date);
    to = put_digits(to + sizeof csv->date, 2, second / 3600);
    *to++ = ':';
    to = put_digits(to, 2, second / 60 % 60);
    *to++ = ':';
    to = put_digits(to, 2, second % 60);
    if (us != 0) {
        *to++ = '.';
        to = put_digits(to, 6, us);
        while (to[-1] == '0') {
            to--;
        }
    }
    *to++ = 'Z';
    return to;
}

static void make_tests(const struct csv *csv, const struct export_context *c,
                       quality_tests tests, struct tests_text *t)
{
    char *end = put_text(t->text, quality_text(quality_aggregate(tests)));
    *end++ = ',';
    const char *start = end;
    for (int i = 0; i < csv->slots; i++) {
        enum quality q = quality_tests_get(tests, csv->order[i]);
        const char *name = c->test_names[csv->order[i]];
        size_t left = (size_t)(t->text + sizeof t->text - end);
        if (q == QUALITY_NONE || strlen(name) + 6 > left) {
            continue;
        }
        if (end != start) {
            *end++ = ';';
        }
        end = put_text(end, name);
        *end++ = ':';
        end = put_text(end, quality_text(q));
    }
    *end++ = ',';
    t->tests = tests;
    t->known = true;
    t->length = (size_t)(end - t->text);
}

static const struct tests_text *
find_tests(struct csv *csv, const struct export_context *c, quality_tests tests)
{
    tests &= ~(quality_tests)3; /* the time source has a column of its own */
    size_t at = (size_t)(tests * UINT64_C(0x9E3779B97F4A7C15) >> 60) % TESTS_CACHE;
    struct tests_text *t = &csv->tests[at];
    if (!t->known || t->tests != tests) {
        make_tests(csv, c, tests, t);
    }
    return t;
}

static void csv_row(struct export_sink *s, const struct export_context *c,
                    const struct observation_row *row)
{
    struct csv *csv = export_memory(s, sizeof *csv);
    if (csv == NULL) {
        return;
    }
    if (!csv->have_series || csv->series != row->series) {
        new_series(csv, c->configuration, row);
    } else if (row->time_us < csv->dated_holds.from_us ||
               row->time_us >= csv->dated_holds.to_us) {
        find_dated(csv, c->configuration, row->time_us);
    }
    char *start = export_room(s, EXPORT_ROOM);
    char *to = put_time(csv, start, row->time_us);
    memcpy(to, csv->prefix, csv->prefix_length);
    to += csv->prefix_length;
    memcpy(to, csv->depth, csv->depth_length);
    const char *value = to + csv->depth_length;
    to = put_number(to + csv->depth_length, row->value);
    size_t value_length = (size_t)(to - value);
    *to++ = ',';
    to = put_field(to, row->unit);
    memcpy(to, csv->datum, csv->datum_length);
    to += csv->datum_length;
    const struct tests_text *t = find_tests(csv, c, row->tests);
    memcpy(to, t->text, t->length);
    to += t->length;
    if (row->raw == row->value) { /* most sensors send the canonical unit */
        memcpy(to, value, value_length);
        to += value_length;
    } else {
        to = put_number(to, row->raw);
    }
    *to++ = ',';
    to = put_field(to, row->raw_unit);
    *to++ = ',';
    to = put_text(to, time_source_text(quality_tests_time_source(row->tests)));
    to = put_text(to, csv->state);
    to = put_text(to, quality_tests_corrected(row->tests) ? "yes\n" : "\n");
    export_took(s, (size_t)(to - start));
}

static void csv_end(struct export_sink *s, const struct export_context *c)
{
    (void)s;
    (void)c;
}

const struct export_format export_csv = {.name = "csv",
                                         .extension = "csv",
                                         .begin = csv_begin,
                                         .row = csv_row,
                                         .end = csv_end};
