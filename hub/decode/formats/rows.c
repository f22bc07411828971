/* SPDX-License-Identifier: EUPL-1.2 */
/* Rows of a file, as `kogge import` cuts them (decode/rows.h):
 *   {"device": "b1", "columns": ["time", "temp"], "rows": [["2020-...", "12.3"], ...]}
 *   {"device_field": "/id", "rows": [{"id": "b1", "time": "2020-...", "temp": 12.3},
 * ...]} Values: each row, an object, or an array in the order of columns. Device: device
 * for all rows, else the text or number at device_field of the row. Time: only from the
 * sensor model; a row without one is rejected, never given the time of arrival: it would
 * be another reading each time. "decimal": "," says that numbers in texts have a comma; a
 * number with a point is none then. bad: rows that could not be read, {"line", "text",
 * "problem"}; each becomes a rejected reading. */
#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"
#include "decode/value.h"

#include <stdio.h>
#include <string.h>

static enum decode_sniff rows_sniff(struct decode_work *w)
{
    json_t *document = decode_document(w);
    return json_is_array(json_object_get(document, "rows")) &&
                   (json_object_get(document, "device") != NULL ||
                    json_object_get(document, "device_field") != NULL)
               ? SNIFF_LIKELY
               : SNIFF_NO;
}

/* A cell where the decimal comma was stated: "12,3" is 12.3, and "1.234" is no number. */
static json_t *comma_cell(json_t *cell)
{
    const char *text = json_string_value(cell);
    char copy[64];
    double number;
    if (text == NULL || strlen(text) >= sizeof copy - 32) {
        return json_incref(cell);
    }
    text_copy(copy, sizeof copy, text);
    char *comma = strchr(copy, ',');
    if (comma != NULL) {
        *comma = '.';
        return number_parse(copy, &number) ? json_string(copy) : json_incref(cell);
    }
    if (strchr(copy, '.') == NULL || !number_parse(copy, &number)) {
        return json_incref(cell);
    }
    return json_sprintf("%s (a point, not a comma)", copy);
}

/* The row as an object; yours. NULL: no memory. */
static json_t *row_object(json_t *row, json_t *columns, bool comma)
{
    if (!json_is_array(row)) {
        return json_incref(row);
    }
    json_t *object = json_object();
    for (size_t i = 0; object != NULL && i < json_array_size(row); i++) {
        const char *column = json_string_value(json_array_get(columns, i));
        json_t *cell = json_array_get(row, i);
        if (column != NULL &&
            json_object_set_new(object, column,
                                comma ? comma_cell(cell) : json_incref(cell)) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

/* A row that can't be read, as a reading that is rejected for it. */
static enum err put_bad(struct decode_work *w, const char *device, const char *field,
                        const char *text, const char *problem)
{
    const struct decode_scope scope = {.device = device,
                                       .time = {CLOCK_NONE, TIME_SOURCE_READING, NULL}};
    const struct decode_slot slot = {.field = field, .key = field, .problem = problem};
    const struct decode_value v = {.kind = DECODE_TEXT, .text = text};
    return decode_put_reading(w, &scope, &slot, &v);
}

static enum err read_bad(struct decode_work *w, json_t *list)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < json_array_size(list); i++) {
        json_t *bad = json_array_get(list, i);
        const char *text = json_string_value(json_object_get(bad, "text"));
        const char *problem = json_string_value(json_object_get(bad, "problem"));
        char field[32];
        snprintf(field, sizeof field, "/bad/%zu", i);
        err = put_bad(w, w->out.device, decode_keep(w, field), text != NULL ? text : "",
                      decode_say(w, "line %.0f: %s",
                                 json_number_value(json_object_get(bad, "line")),
                                 problem != NULL ? problem : "it could not be read"));
    }
    return err;
}

/* What all rows share. */
struct rows {
    json_t *columns, *device_field;
    const char *device; /* NULL: each row has its own */
    bool comma;
};

static const char *device_of(struct decode_work *w, const struct rows *r, json_t *row)
{
    const char *at = json_string_value(r->device_field);
    if (r->device != NULL || at == NULL) {
        return r->device != NULL ? r->device : "";
    }
    json_t *node = decode_find(row, at);
    if (json_is_number(node)) {
        char text[NUMBER_TEXT];
        number_format(json_number_value(node), text);
        return decode_keep(w, text);
    }
    return json_is_string(node) ? decode_keep(w, json_string_value(node)) : "";
}

static enum err read_object(struct decode_work *w, const struct rows *r, json_t *row,
                            const char *prefix)
{
    const char *device = device_of(w, r, row);
    w->time = (struct decode_time){w->m->arrival_us, TIME_SOURCE_ARRIVAL, NULL};
    if (decode_find_model(w, device) != NULL) {
        w->time = (struct decode_time){CLOCK_NONE, TIME_SOURCE_READING,
                                       "the row has no time where the model names it"};
    }
    return decode_read_values(w, row, prefix, device);
}

static enum err read_row(struct decode_work *w, const struct rows *r, json_t *row,
                         size_t index)
{
    char field[32];
    snprintf(field, sizeof field, "/rows/%zu", index);
    const char *prefix = decode_keep(w, field);
    size_t count = json_array_size(row);
    size_t expected = json_array_size(r->columns);
    if (json_is_array(row) && count != expected) {
        return put_bad(w, w->out.device, prefix, "",
                       decode_say(w, "%zu values, expected %zu", count, expected));
    }
    json_t *object = row_object(row, r->columns, r->comma);
    if (object == NULL) {
        return ERR_MEMORY;
    }
    enum err err = json_is_object(object) ? read_object(w, r, object, prefix)
                                          : put_bad(w, w->out.device, prefix, "",
                                                    "a row is neither object nor array");
    json_decref(object);
    return err;
}

static enum err rows_decode(struct decode_work *w)
{
    json_t *document;
    enum err err = decode_need_document(w, &document);
    if (err != ERR_OK) {
        return err;
    }
    json_t *list = json_object_get(document, "rows");
    const char *device = decode_find_text(document, "/device");
    const char *decimal = json_string_value(json_object_get(document, "decimal"));
    struct rows rows = {.columns = json_object_get(document, "columns"),
                        .device_field = json_object_get(document, "device_field"),
                        .device = device != NULL ? decode_keep(w, device) : NULL,
                        .comma = text_equal(decimal, ",")};
    if (!json_is_array(list)) {
        diag_set(w->diag, "no array \"rows\": not rows of a file");
        return ERR_SYNTAX;
    }
    w->out.device = rows.device != NULL ? rows.device : "";
    for (size_t i = 0; err == ERR_OK && i < json_array_size(list); i++) {
        err = read_row(w, &rows, json_array_get(list, i), i);
    }
    return err == ERR_OK ? read_bad(w, json_object_get(document, "bad")) : err;
}

const struct decoder decode_rows = {"rows", rows_sniff, rows_decode};
