/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"

#include "base/number.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static enum time_form time_form(const char *text)
{
    static const char *const forms[] = {"rfc3339", "unix_s", "unix_ms", "unix_us",
                                        "local"};
    for (size_t i = 0; text != NULL && i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(forms[i], text) == 0) {
            return (enum time_form)i;
        }
    }
    return TIME_FORM_RFC3339;
}

static struct time_field parse_time_field(struct parse *p, const json_t *o)
{
    const json_t *time = read_object(o, "time");
    struct time_field out = {.field = read_text(p, time, "field"),
                             .form = time_form(peek_text(time, "form")),
                             .zone = read_text(p, time, "zone")};
    size_t mark = place_enter(p, "time");
    bool zone = json_object_get(time, "zone") != NULL;
    if (out.form == TIME_FORM_LOCAL && !zone) {
        fault(p, NULL, "\"zone\" is missing: a local time needs one, like Europe/Berlin");
    } else if (out.form != TIME_FORM_LOCAL && zone) {
        fault(p, "zone", "a zone belongs only to the form local");
    }
    place_leave(p, mark);
    return out;
}

static const char *scalar_text(struct parse *p, const json_t *value)
{
    char number[NUMBER_TEXT];
    if (json_is_string(value)) {
        return keep_text(p, json_string_value(value));
    }
    if (json_is_number(value)) {
        number_format(json_number_value(value), number);
        return keep_text(p, number);
    }
    return json_is_true(value) ? "true" : "false";
}

static struct device_status parse_status(struct parse *p, const json_t *o)
{
    const json_t *status = read_object(o, "status");
    const json_t *list = read_list(status, "good");
    struct device_status out = {.field = read_text(p, status, "field")};
    if (out.field == NULL) {
        return out;
    }
    const char **good = take(p, json_array_size(list), sizeof *good);
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (good != NULL) {
            good[out.good_count++] = scalar_text(p, item);
        }
    }
    out.good = good;
    int64_t otherwise = (int64_t)standard_number("status", "else");
    out.otherwise = (enum quality)read_whole(status, "else", otherwise);
    return out;
}

static enum quantity quantity_of(const char *text)
{
    static const char *const names[] = {"W", "distance", "depth", "pressure"};
    for (size_t i = 0; text != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], text) == 0) {
            return (enum quantity)(QUANTITY_W + (int)i);
        }
    }
    return QUANTITY_NONE;
}

static enum pressure_reference reference_of(const char *text)
{
    return text_equal(text, "vented")     ? PRESSURE_VENTED
           : text_equal(text, "absolute") ? PRESSURE_ABSOLUTE
                                          : PRESSURE_UNSTATED;
}

static void parse_sentinels(struct parse *p, const json_t *o, struct sensor_field *out)
{
    const json_t *list = read_list(o, "sentinels");
    struct span *spans = take(p, json_array_size(list), sizeof *spans);
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        struct span span;
        bool number = json_is_number(item);
        if (number) {
            span = (struct span){json_number_value(item), json_number_value(item)};
        }
        if (spans != NULL && (number || read_span(item, &span))) {
            spans[out->sentinel_count++] = span;
        }
    }
    out->sentinels = spans;
}

static const struct parameter *parse_parameter_id(struct parse *p, const json_t *o)
{
    const char *id = peek_text(o, "parameter");
    const struct configuration *c = p->c;
    if (id == NULL || c->parameter_count == 0) {
        return NULL;
    }
    const struct parameter *found = configuration_parameter(c, id);
    if (found == NULL) {
        char text[SHOWN_SIZE], near[SHOWN_SIZE + 24];
        const char *const *names =
            names_of(p, c->parameters, c->parameter_count, sizeof *c->parameters);
        fault(p, "parameter", "%s is no parameter of parameters.json%s",
              shown_text(id, text), near_name(id, names, c->parameter_count, near));
    }
    return found;
}

static void check_unit(struct parse *p, const json_t *o, const struct sensor_field *f)
{
    bool given = json_object_get(o, "unit") != NULL || f->unit_field != NULL;
    bool pressure = f->quantity == QUANTITY_PRESSURE;
    const char *what = peek_text(o, "quantity"),
               *in = pressure ? "a unit of pressure" : "a unit of length";
    const char *to = pressure ? "Pa" : "m";
    if (f->parameter != NULL) {
        what = f->parameter->id;
        in = to = f->parameter->unit;
    } else if (f->quantity == QUANTITY_NONE) {
        return;
    }
    judge_unit(p, "unit", f->unit, to);
    if (!given && strcmp(to, "1") != 0) {
        fault(p, NULL,
              "\"unit\" is missing: %s is in %s, so an entry without \"unit\" or "
              "\"unit_field\" says nothing",
              what, in);
    }
}

static void check_field(struct parse *p, const json_t *o, const struct sensor_field *f)
{
    bool quantity = json_object_get(o, "quantity") != NULL;
    if (quantity && json_object_get(o, "parameter") != NULL) {
        fault(p, "quantity",
              "an entry has either \"parameter\" or \"quantity\", not both");
    }
    if (json_object_get(o, "reference") != NULL && f->quantity != QUANTITY_PRESSURE) {
        fault(p, "reference", "only the quantity pressure has a reference");
    }
    check_unit(p, o, f);
    if (strcmp(f->position, "device") == 0) {
        fault(p, "position", "\"device\" is kept for housekeeping; take another name");
    }
}

static void parse_field(struct parse *p, const json_t *o, struct sensor_field *out)
{
    const char *position = read_text(p, o, "position");
    const char *statistic = peek_text(o, "statistic");
    *out = (struct sensor_field){
        .field = read_text(p, o, "field"),
        .unit_field = read_text(p, o, "unit_field"),
        .parameter = parse_parameter_id(p, o),
        .quantity = quantity_of(peek_text(o, "quantity")),
        .reference = reference_of(peek_text(o, "reference")),
        .unit = read_text(p, o, "unit"),
        .position = position != NULL ? position : standard_text("field", "position"),
        .origin = "measured",
        .rank = (int)read_whole(o, "rank", (int64_t)standard_number("field", "rank")),
    };
    if (statistic != NULL) {
        const char *origin = arena_format(p->memory, "measured:%s", statistic);
        p->no_memory = p->no_memory || origin == NULL;
        out->origin = origin != NULL ? origin : "";
    }
    parse_sentinels(p, o, out);
    out->status = parse_status(p, o);
    check_field(p, o, out);
}

/* All quantities become a level, so at one position they are one series. */
static bool is_one_series(const struct sensor_field *a, const struct sensor_field *b)
{
    bool judged = a->parameter != NULL || a->quantity != QUANTITY_NONE;
    return judged && a->parameter == b->parameter &&
           (a->quantity != QUANTITY_NONE) == (b->quantity != QUANTITY_NONE) &&
           strcmp(a->position, b->position) == 0 && strcmp(a->origin, b->origin) == 0;
}

static void check_pair(struct parse *p, const struct sensor_field *a,
                       const struct sensor_field *b)
{
    char text[SHOWN_SIZE];
    if (strcmp(a->field, b->field) == 0) {
        if (a->unit == NULL || b->unit == NULL || strcmp(a->unit, b->unit) == 0) {
            fault(p, "field",
                  "%s stands here a second time; such entries are told apart "
                  "by different \"unit\"",
                  shown_text(b->field, text));
        }
    } else if (is_one_series(a, b) && a->rank == b->rank) {
        fault(p, NULL,
              "%.60s is one series with entry %zu: give them different \"rank\", "
              "\"position\" or \"statistic\"",
              b->parameter != NULL ? b->parameter->id : "the level", a->index);
    }
}

static void check_fields(struct parse *p, const struct sensor_model *m,
                         const size_t *places)
{
    for (size_t i = 0; i < m->field_count; i++) {
        size_t mark = place_enter_item(p, places[i]);
        for (size_t j = 0; j < i; j++) {
            check_pair(p, &m->fields[j], &m->fields[i]);
        }
        place_leave(p, mark);
    }
}

static void parse_fields(struct parse *p, const json_t *root, struct sensor_model *m)
{
    enum { MOST_FIELDS = 1000 }; /* more are a fault of shape */
    const json_t *list = read_list(root, "fields");
    size_t room = json_array_size(list);
    room = room < MOST_FIELDS ? room : MOST_FIELDS;
    struct sensor_field *fields = take(p, room, sizeof *fields);
    size_t *places = take_scratch(p, room, sizeof *places);
    if (fields == NULL || places == NULL) {
        return;
    }
    size_t mark = place_enter(p, "fields");
    for (size_t i = 0; i < room; i++) {
        const json_t *item = json_array_get(list, i);
        size_t inner = place_enter_item(p, i);
        if (peek_text(item, "field") != NULL) {
            parse_field(p, item, &fields[m->field_count]);
            fields[m->field_count].index = m->field_count;
            places[m->field_count++] = i;
        }
        place_leave(p, inner);
    }
    m->fields = fields;
    check_fields(p, m, places);
    place_leave(p, mark);
}

void parse_model(struct parse *p, json_t *root)
{
    char stem[256], text[SHOWN_SIZE];
    struct sensor_model m = {.model = read_text(p, root, "model")};
    file_stem(p, stem);
    if (m.model != NULL && strcmp(m.model, stem) != 0) {
        fault(p, "model", "%s does not fit the name of its file, devices/<model>.json",
              shown_text(m.model, text));
    }
    m.model = keep_text(p, stem);
    m.vendor = read_text(p, root, "vendor");
    read_bilingual(p, root, "title", &m.title_de, &m.title_en);
    m.formats = read_texts(p, root, "formats", &m.format_count);
    m.ignore = read_texts(p, root, "ignore", &m.ignore_count);
    m.time = parse_time_field(p, root);
    m.status = parse_status(p, root);
    const json_t *records = read_object(root, "records");
    size_t mark = place_enter(p, "records");
    m.records.field = read_text(p, records, "field");
    m.records.time = parse_time_field(p, records);
    place_leave(p, mark);
    const json_t *pairs = read_object(root, "pairs");
    m.pairs.field = read_text(p, pairs, "field");
    m.pairs.key = read_text(p, pairs, "key");
    m.pairs.value = read_text(p, pairs, "value");
    m.pairs.unit = read_text(p, pairs, "unit");
    parse_fields(p, root, &m);
    struct sensor_model *rows = rows_of(p->c->models);
    rows[p->c->model_count++] = m;
}

static int compare_model(const void *a, const void *b)
{
    return strcmp(((const struct sensor_model *)a)->model,
                  ((const struct sensor_model *)b)->model);
}

void settle_models(struct parse *p)
{
    struct sensor_model *rows = rows_of(p->c->models);
    qsort(rows, p->c->model_count, sizeof *rows, compare_model);
    for (size_t i = 0; i < p->c->model_count; i++) {
        rows[i].index = i;
    }
}
