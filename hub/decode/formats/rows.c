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
    const struct tree *document = decode_document(w);
    return tree_is(tree_member(document, "rows"), TREE_ARRAY) &&
                   (tree_member(document, "device") != NULL ||
                    tree_member(document, "device_field") != NULL)
               ? SNIFF_LIKELY
               : SNIFF_NO;
}

/* What all rows share. */
struct rows {
    const char *device, *device_field; /* device NULL: each row has its own */
    bool comma;
    size_t columns;
    struct tree *cells; /* of the row under work, by its columns */
};

/* A cell where the decimal comma was stated: "12,3" is 12.3, and "1.234" is no number. */
static void take_comma(struct decode_work *w, struct tree *cell)
{
    const char *text = tree_text(cell);
    char copy[64];
    double number;
    if (text == NULL || strlen(text) >= sizeof copy - 32) {
        return;
    }
    text_copy(copy, sizeof copy, text);
    char *comma = strchr(copy, ',');
    if (comma != NULL) {
        *comma = '.';
        cell->text = number_parse(copy, &number) ? decode_keep(w, copy) : text;
    } else if (strchr(copy, '.') != NULL && number_parse(copy, &number)) {
        cell->text = decode_say(w, "%s (a point, not a comma)", copy);
    }
}

/* The cells as an object. */
static struct tree row_object(const struct rows *r)
{
    return (struct tree){.kind = TREE_OBJECT,
                         .count = r->columns,
                         .first = r->columns > 0 ? r->cells : NULL};
}

/* Makes the cells, which get their values row by row. */
static enum err take_columns(struct decode_work *w, const struct tree *columns,
                             struct rows *r)
{
    r->columns = tree_is(columns, TREE_ARRAY) ? columns->count : 0;
    r->cells = arena_take_zero(w->arena, r->columns, sizeof *r->cells);
    bool no_room = r->cells == NULL;
    size_t i = 0;
    for (const struct tree *n = no_room ? NULL : tree_first(columns); n != NULL;
         n = n->next) {
        if (n->kind != TREE_TEXT) {
            diag_set(w->diag, "column %zu has no text for a name", i + 1);
            return ERR_SYNTAX;
        }
        r->cells[i].key = n->text;
        r->cells[i].key_length = strlen(n->text);
        r->cells[i].next = n->next != NULL ? &r->cells[i + 1] : NULL;
        i++;
    }
    const struct tree object = row_object(r);
    const struct tree *twin =
        no_room ? NULL : tree_find_twin(&object, w->arena, &no_room);
    if (no_room) {
        w->full = true;
        return ERR_FULL;
    }
    if (twin != NULL) {
        char shown[64];
        text_escape(shown, sizeof shown, twin->key, twin->key_length);
        diag_set(w->diag, "column \"%s\" stands twice in \"columns\"", shown);
        return ERR_SYNTAX;
    }
    return ERR_OK;
}

/* row, an array of as many values as there are columns. */
static void fill_cells(struct decode_work *w, const struct rows *r,
                       const struct tree *row)
{
    struct tree *cell = r->cells;
    for (const struct tree *n = row->first; n != NULL; n = n->next) {
        struct tree filled = *n;
        filled.key = cell->key;
        filled.key_length = cell->key_length;
        filled.next = cell->next;
        *cell = filled;
        if (r->comma) {
            take_comma(w, cell);
        }
        cell++;
    }
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

static enum err read_bad(struct decode_work *w, const struct tree *list)
{
    enum err err = ERR_OK;
    size_t i = 0;
    for (const struct tree *bad = tree_first(list); err == ERR_OK && bad != NULL;
         bad = bad->next) {
        const struct tree *line = tree_member(bad, "line");
        const char *text = tree_text(tree_member(bad, "text"));
        const char *problem = tree_text(tree_member(bad, "problem"));
        char field[32];
        snprintf(field, sizeof field, "/bad/%zu", i++);
        err = put_bad(w, w->out.device, decode_keep(w, field), text != NULL ? text : "",
                      decode_say(w, "line %.0f: %s",
                                 tree_is(line, TREE_NUMBER) ? line->number : 0,
                                 problem != NULL ? problem : "it could not be read"));
    }
    return err;
}

static const char *device_of(struct decode_work *w, const struct rows *r,
                             const struct tree *row)
{
    if (r->device != NULL || r->device_field == NULL) {
        return r->device != NULL ? r->device : "";
    }
    const struct tree *node = decode_find(row, r->device_field);
    if (tree_is(node, TREE_NUMBER)) {
        char text[NUMBER_TEXT];
        number_format(node->number, text);
        return decode_keep(w, text);
    }
    return tree_is(node, TREE_TEXT) ? decode_keep(w, tree_text(node)) : "";
}

static enum err read_object(struct decode_work *w, const struct rows *r,
                            const struct tree *row, const char *prefix)
{
    const char *device = device_of(w, r, row);
    w->time = (struct decode_time){w->m->arrival_us, TIME_SOURCE_ARRIVAL, NULL};
    if (decode_find_model(w, device) != NULL) {
        w->time = (struct decode_time){CLOCK_NONE, TIME_SOURCE_READING,
                                       "the row has no time where the model names it"};
    }
    return decode_read_values(w, row, prefix, device);
}

static enum err read_row(struct decode_work *w, const struct rows *r,
                         const struct tree *row, size_t index)
{
    char field[32];
    snprintf(field, sizeof field, "/rows/%zu", index);
    const char *prefix = decode_keep(w, field);
    if (row->kind == TREE_OBJECT) {
        return read_object(w, r, row, prefix);
    }
    if (row->kind != TREE_ARRAY) {
        return put_bad(w, w->out.device, prefix, "", "a row is neither object nor array");
    }
    if (row->count != r->columns) {
        return put_bad(w, w->out.device, prefix, "",
                       decode_say(w, "%zu values, expected %zu", row->count, r->columns));
    }
    fill_cells(w, r, row);
    const struct tree object = row_object(r);
    return read_object(w, r, &object, prefix);
}

static enum err rows_decode(struct decode_work *w)
{
    const struct tree *document;
    enum err err = decode_need_document(w, &document);
    if (err != ERR_OK) {
        return err;
    }
    const struct tree *list = tree_member(document, "rows");
    const char *device = decode_find_text(document, "/device");
    const char *decimal = tree_text(tree_member(document, "decimal"));
    struct rows rows = {.device_field = tree_text(tree_member(document, "device_field")),
                        .device = device != NULL ? decode_keep(w, device) : NULL,
                        .comma = text_equal(decimal, ",")};
    if (!tree_is(list, TREE_ARRAY)) {
        diag_set(w->diag, "no array \"rows\": not rows of a file");
        return ERR_SYNTAX;
    }
    w->out.device = rows.device != NULL ? rows.device : "";
    err = take_columns(w, tree_member(document, "columns"), &rows);
    size_t i = 0;
    for (const struct tree *row = tree_first(list); err == ERR_OK && row != NULL;
         row = row->next) {
        err = read_row(w, &rows, row, i++);
    }
    return err == ERR_OK ? read_bad(w, tree_member(document, "bad")) : err;
}

const struct decoder decode_rows = {"rows", rows_sniff, rows_decode};
