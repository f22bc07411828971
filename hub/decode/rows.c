/* SPDX-License-Identifier: EUPL-1.2 */
#include "decode/rows_internal.h"

#include "base/text.h"
#include "decode/decoder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first reason stays. */
void rows_fail_row(struct rows *r, const char *format, ...)
{
    if (r->why[0] == '\0') {
        va_list args;
        va_start(args, format);
        vsnprintf(r->why, sizeof r->why, format, args);
        va_end(args);
    }
}

enum err rows_fail_file(const struct rows *r, struct diag *d, int line,
                        const char *format, ...)
{
    char text[161];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (d != NULL) {
        *d = (struct diag){.line = line};
        text_copy(d->source, sizeof d->source, r->settings.file);
        diag_set(d, "%s", text);
    }
    return ERR_SYNTAX;
}

bool rows_is_empty_line(const char *line, size_t length)
{
    size_t i = 0;
    while (i < length && decode_is_blank(line[i])) {
        i++;
    }
    return i == length;
}

/* --- rows into the message --- */

static void put_bad(struct rows *r)
{
    struct diag d = {.line = r->row_line};
    char text[BAD_TEXT];
    text_escape(text, sizeof text, buf_text(&r->raw), r->raw.length);
    buf_put_format(&r->bad, "%s{\"line\":%d,\"text\":", r->bad.length > 0 ? "," : "",
                   r->row_line);
    buf_put_json_text(&r->bad, text, strlen(text));
    buf_put_text(&r->bad, ",\"problem\":");
    buf_put_json_text(&r->bad, r->why, strlen(r->why));
    buf_put_text(&r->bad, "}");
    text_copy(d.source, sizeof d.source, r->settings.file);
    diag_set(&d, "%s", r->why);
    if (r->settings.bad != NULL) {
        r->settings.bad(r->settings.arg, &d);
    }
    if (r->settings.take != NULL) {
        buf_reset(&r->bad); /* there is no message that tells of it */
    }
}

void rows_finish_row(struct rows *r)
{
    if (r->why[0] == '\0' && r->row.err == ERR_FULL) {
        rows_fail_row(r, "the row is larger than %d KiB", ROW_BYTES >> 10);
    }
    r->first_line = r->count == 0 ? r->row_line : r->first_line;
    r->count++;
    if (r->why[0] != '\0') {
        r->values++;
        put_bad(r);
        return;
    }
    r->err = r->row.err != ERR_OK ? r->row.err : r->err;
    if (r->settings.take != NULL) {
        r->err = r->err != ERR_OK
                     ? r->err
                     : r->settings.take(r->settings.arg, r->row_line, buf_text(&r->row));
        return;
    }
    r->values += r->cells;
    buf_put_text(&r->list, r->list.length > 0 ? "," : "");
    buf_put(&r->list, r->row.bytes, r->row.length);
}

void rows_begin_row(struct rows *r)
{
    buf_reset(&r->row);
    buf_reset(&r->raw);
    r->cells = 0;
    r->filled = false;
    r->why[0] = '\0';
    r->row_line = r->line;
    r->row_open = true;
}

/* --- one JSON object a line --- */

/* Values below node; too deep counts as too many. */
static size_t count_values(const struct tree *node, int depth)
{
    if (depth > DECODE_DEPTH) {
        return ROWS_VALUES + 1;
    }
    size_t count = !tree_is(node, TREE_OBJECT) && !tree_is(node, TREE_ARRAY);
    for (const struct tree *n = tree_first(node); n != NULL; n = n->next) {
        count += count_values(n, depth + 1);
    }
    return count;
}

static enum err take_json(struct rows *r, const char *line, size_t length)
{
    const struct tree *row = NULL;
    struct diag d = {0};
    rows_begin_row(r);
    r->row_open = false;
    buf_put(&r->raw, line, length);
    arena_reset(r->tree);
    enum err e = tree_read(line, length, r->tree, &row, &d);
    if (e == ERR_MEMORY) {
        return e;
    }
    r->cells = count_values(row, 0);
    if (row == NULL) {
        rows_fail_row(r, "%s", d.text);
    } else if (row->kind != TREE_OBJECT) {
        rows_fail_row(r, "not a JSON object");
    } else if (r->cells > ROWS_VALUES) {
        rows_fail_row(r, "more than %d values, or nested deeper than %d levels",
                      ROWS_VALUES, DECODE_DEPTH);
    }
    buf_put(&r->row, line, length);
    rows_finish_row(r);
    return r->err;
}

/* --- what the caller sees --- */

enum err rows_open(const struct rows_settings *settings, struct rows **out)
{
    struct rows *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return ERR_MEMORY;
    }
    r->tree = arena_open_growing(tree_bytes(ROWS_LINE_BYTES));
    if (r->tree == NULL) {
        free(r);
        return ERR_MEMORY;
    }
    r->settings = *settings;
    r->header_done = settings->json;
    buf_init(&r->row, ROW_BYTES);
    buf_init(&r->raw, ROW_BYTES);
    buf_init(&r->list, (size_t)2 * ROWS_MESSAGE_BYTES);
    buf_init(&r->bad, (size_t)2 * ROWS_MESSAGE_BYTES);
    buf_init(&r->message, (size_t)4 * ROWS_MESSAGE_BYTES);
    *out = r;
    return ERR_OK;
}

void rows_close(struct rows *r)
{
    if (r == NULL) {
        return;
    }
    if (r->csv_open) {
        csv_free(&r->csv);
    }
    for (size_t i = 0; i < r->column_count; i++) {
        free(r->columns[i]);
    }
    free(r->columns);
    arena_close(r->tree);
    buf_fini(&r->row);
    buf_fini(&r->raw);
    buf_fini(&r->list);
    buf_fini(&r->bad);
    buf_fini(&r->message);
    free(r);
}

enum err rows_take_line(struct rows *r, const char *line, size_t length, int number,
                        struct diag *d)
{
    static const char mark[] = "\xef\xbb\xbf";
    r->line = number;
    if (number == 1 && length >= 3 && memcmp(line, mark, 3) == 0) {
        line += 3;
        length -= 3;
    }
    if (length > 0 && line[length - 1] == '\r') {
        length--;
    }
    if (length > ROWS_LINE_BYTES) {
        return rows_fail_file(r, d, number,
                              "a line of more than %d KiB: not a file of rows",
                              ROWS_LINE_BYTES >> 10);
    }
    if (r->settings.json) {
        return rows_is_empty_line(line, length) ? ERR_OK : take_json(r, line, length);
    }
    return rows_take_csv(r, line, length, d);
}

enum err rows_end(struct rows *r, struct diag *d)
{
    if (r->row_open) {
        return rows_fail_file(
            r, d, r->row_line,
            "a quote that opens here does not close before the file ends");
    }
    return r->header_done ? ERR_OK : rows_fail_file(r, d, 1, "the header is missing");
}

const char *const *rows_columns(const struct rows *r, size_t *count)
{
    *count = r->header_done ? r->column_count : 0;
    return (const char *const *)r->columns;
}

bool rows_is_whole(const struct rows *r)
{
    return r->header_done && !r->row_open;
}

bool rows_is_full(const struct rows *r)
{
    size_t head = 0;
    for (size_t i = 0; i < r->column_count; i++) {
        head += 6 * strlen(r->columns[i]) + 3;
    }
    return r->count >= ROWS_MESSAGE || r->values >= CUT_VALUES ||
           head + r->list.length + r->bad.length >= CUT_BYTES;
}

/* What comes before the rows. */
static void put_head(struct rows *r, struct buf *b)
{
    const struct rows_settings *s = &r->settings;
    const char *device = s->device != NULL ? s->device : s->device_field;
    buf_put_text(b, s->device != NULL ? "{\"device\":" : "{\"device_field\":");
    buf_put_json_text(b, device, strlen(device));
    buf_put_format(b, ",\"line\":%d%s", r->first_line,
                   s->decimal_comma ? ",\"decimal\":\",\"" : "");
    for (size_t i = 0; i < r->column_count; i++) {
        buf_put_text(b, i == 0 ? ",\"columns\":[" : ",");
        buf_put_json_text(b, r->columns[i], strlen(r->columns[i]));
    }
    buf_put_text(b, r->column_count > 0 ? "],\"rows\":[" : ",\"rows\":[");
}

enum err rows_take_message(struct rows *r, const char **payload, size_t *size,
                           int64_t *count)
{
    *count = r->count;
    if (r->count == 0) {
        return ERR_OK;
    }
    buf_reset(&r->message);
    put_head(r, &r->message);
    buf_put(&r->message, buf_text(&r->list), r->list.length);
    buf_put_text(&r->message, "]");
    if (r->bad.length > 0) {
        buf_put_text(&r->message, ",\"bad\":[");
        buf_put(&r->message, buf_text(&r->bad), r->bad.length);
        buf_put_text(&r->message, "]");
    }
    buf_put_text(&r->message, "}");
    enum err e = r->message.err != ERR_OK ? r->message.err : r->list.err;
    e = e != ERR_OK ? e : r->bad.err;
    *payload = buf_text(&r->message);
    *size = r->message.length;
    buf_reset(&r->list);
    buf_reset(&r->bad);
    r->count = 0;
    r->values = 0;
    return e;
}
