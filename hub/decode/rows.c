/* SPDX-License-Identifier: EUPL-1.2 */
#include "decode/rows.h"

#include "base/buf.h"
#include "base/text.h"
#include "decode/decoder.h"

#include <csv.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROW_BYTES = 48 << 10, /* of one row as JSON */
    CUT_BYTES = ROWS_MESSAGE_BYTES - ROW_BYTES - 4096,
    CUT_VALUES = DECODE_READINGS - ROWS_VALUES,
    BAD_TEXT = 256, /* of a row that can't be read */
};

struct rows {
    struct rows_settings settings;
    struct csv_parser csv;
    bool csv_open, header_done, row_open;
    char **columns;
    size_t column_count;
    struct buf row;       /* the row under work, as JSON */
    struct buf raw;       /* and as it stands in the file */
    struct buf bad, list; /* of the message */
    struct buf message;   /* whole */
    size_t cells;         /* of the row under work */
    bool filled;          /* one of them is not empty */
    char why[161];        /* why the row can't be read; "": it can */
    int line, row_line;   /* now; where the row began */
    int first_line;       /* of the message */
    int64_t count;        /* rows of the message */
    size_t values;        /* in them */
    enum err err;         /* of a callback */
    struct arena *tree;   /* of a row in JSON */
};

static void fail_row(struct rows *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The first reason stays. */
static void fail_row(struct rows *r, const char *format, ...)
{
    if (r->why[0] == '\0') {
        va_list args;
        va_start(args, format);
        vsnprintf(r->why, sizeof r->why, format, args);
        va_end(args);
    }
}

static enum err fail_file(const struct rows *r, struct diag *d, int line,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));

static enum err fail_file(const struct rows *r, struct diag *d, int line,
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

static bool is_empty_line(const char *line, size_t length)
{
    size_t i = 0;
    while (i < length && decode_is_blank(line[i])) {
        i++;
    }
    return i == length;
}

/* --- CSV --- */

static void add_column(struct rows *r, const char *name, size_t length)
{
    char made[32];
    char **more = realloc(r->columns, (r->column_count + 1) * sizeof *more);
    if (more == NULL) {
        r->err = ERR_MEMORY;
        return;
    }
    r->columns = more;
    if (length == 0) {
        length = (size_t)snprintf(made, sizeof made, "column %zu", r->column_count + 1);
        name = made;
    }
    more[r->column_count] = strndup(name, length);
    r->err = more[r->column_count] == NULL ? ERR_MEMORY : r->err;
    r->column_count += more[r->column_count] != NULL;
}

static void take_cell(void *bytes, size_t length, void *arg)
{
    struct rows *r = arg;
    const char *text = bytes != NULL ? bytes : "";
    bool utf8 = text_is_utf8(text, length);
    r->cells++;
    r->filled = r->filled || length > 0;
    if (!utf8 || memchr(text, '\0', length) != NULL) {
        fail_row(r, "column %zu is not UTF-8%s", r->cells,
                 utf8 ? ": it holds a zero byte"
                      : " (Latin-1?); iconv -f latin1 -t utf-8 makes it so");
    } else if (r->cells > ROWS_VALUES) {
        fail_row(r, "more than %d columns", ROWS_VALUES);
    } else if (r->header_done) {
        buf_put_text(&r->row, r->cells == 1 ? "[" : ",");
        buf_put_json_text(&r->row, text, length);
    } else {
        add_column(r, text, length);
    }
}

static void end_row(int ended_by, void *arg)
{
    (void)ended_by;
    ((struct rows *)arg)->row_open = false;
}

static int is_blank(unsigned char c)
{
    return c == CSV_SPACE || c == CSV_TAB;
}

static int is_line_feed(unsigned char c)
{
    return c == CSV_LF;
}

static enum err open_csv(struct rows *r)
{
    if (csv_init(&r->csv, CSV_STRICT | CSV_APPEND_NULL) != 0) {
        return ERR_MEMORY;
    }
    r->csv_open = true;
    csv_set_delim(&r->csv, (unsigned char)r->settings.separator);
    csv_set_space_func(&r->csv, is_blank);
    csv_set_term_func(&r->csv, is_line_feed);
    return ERR_OK;
}

static const char *separator_name(char c)
{
    return c == '\t' ? "a tab" : c == ';' ? "\";\"" : "\",\"";
}

/* The one separator that the header shows; two kinds are not guessed between. */
static enum err find_separator(struct rows *r, const char *line, size_t length,
                               struct diag *d)
{
    static const char known[] = ",;\t";
    char found = '\0';
    bool quoted = false;
    for (size_t i = 0; i < length; i++) {
        quoted = quoted != (line[i] == '"');
        if (quoted || line[i] == '\0' || strchr(known, line[i]) == NULL ||
            line[i] == found) {
            continue;
        }
        if (found != '\0') {
            return fail_file(r, d, r->line,
                             "the header has %s and %s: say which is the separator "
                             "(--separator)",
                             separator_name(found), separator_name(line[i]));
        }
        found = line[i];
    }
    r->settings.separator = found != '\0' ? found : ',';
    return ERR_OK;
}

static enum err check_header(struct rows *r, struct diag *d)
{
    if (r->why[0] != '\0') {
        return fail_file(r, d, r->row_line, "the header: %s", r->why);
    }
    for (size_t i = 0; i < r->column_count; i++) {
        for (size_t k = 0; k < i; k++) {
            char shown[64];
            if (strcmp(r->columns[i], r->columns[k]) == 0) {
                return fail_file(r, d, r->row_line,
                                 "column \"%s\" stands in the header twice",
                                 text_escape(shown, sizeof shown, r->columns[i],
                                             strlen(r->columns[i])));
            }
        }
    }
    r->header_done = true;
    return ERR_OK;
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
}

static void finish_row(struct rows *r)
{
    if (r->why[0] == '\0' && r->row.err == ERR_FULL) {
        fail_row(r, "the row is larger than %d KiB", ROW_BYTES >> 10);
    }
    r->first_line = r->count == 0 ? r->row_line : r->first_line;
    r->count++;
    if (r->why[0] != '\0') {
        r->values++;
        put_bad(r);
        return;
    }
    r->err = r->row.err != ERR_OK ? r->row.err : r->err;
    r->values += r->cells;
    buf_put_text(&r->list, r->list.length > 0 ? "," : "");
    buf_put(&r->list, r->row.bytes, r->row.length);
}

static void begin_row(struct rows *r)
{
    buf_reset(&r->row);
    buf_reset(&r->raw);
    r->cells = 0;
    r->filled = false;
    r->why[0] = '\0';
    r->row_line = r->line;
    r->row_open = true;
}

static enum err end_csv_row(struct rows *r, struct diag *d)
{
    if (!r->header_done) {
        return check_header(r, d);
    }
    if (!r->filled) {
        return ERR_OK; /* as spreadsheets leave behind */
    }
    if (r->cells != r->column_count) {
        fail_row(r, "%zu column%s, expected %zu", r->cells, r->cells == 1 ? "" : "s",
                 r->column_count);
    }
    buf_put_text(&r->row, "]");
    finish_row(r);
    return r->err;
}

/* A quote that stands where none may: the row is bad, the next line begins a new one. */
static enum err give_up_row(struct rows *r, struct diag *d)
{
    csv_free(&r->csv);
    r->csv_open = false;
    fail_row(r, "a quote stands inside a value, or text behind its end");
    r->row_open = false;
    enum err e = open_csv(r);
    if (e == ERR_OK && !r->header_done) {
        return check_header(r, d);
    }
    finish_row(r);
    return e != ERR_OK ? e : r->err;
}

static enum err take_csv(struct rows *r, const char *line, size_t length, struct diag *d)
{
    if (!r->row_open) {
        if (is_empty_line(line, length)) {
            return ERR_OK;
        }
        begin_row(r);
    }
    if (r->raw.length + length > ROWS_LINE_BYTES) {
        return fail_file(r, d, r->row_line,
                         "a quote that opens here does not close within %d KiB",
                         ROWS_LINE_BYTES >> 10);
    }
    buf_put(&r->raw, line, length);
    if (csv_parse(&r->csv, line, length, take_cell, end_row, r) != length ||
        csv_parse(&r->csv, "\n", 1, take_cell, end_row, r) != 1) {
        return csv_error(&r->csv) == CSV_EPARSE ? give_up_row(r, d) : ERR_MEMORY;
    }
    if (r->row_open) {
        buf_put_text(&r->raw, "\n");
        return r->err;
    }
    return r->err != ERR_OK ? r->err : end_csv_row(r, d);
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
    begin_row(r);
    r->row_open = false;
    buf_put(&r->raw, line, length);
    arena_reset(r->tree);
    enum err e = tree_read(line, length, r->tree, &row, &d);
    if (e == ERR_MEMORY) {
        return e;
    }
    r->cells = count_values(row, 0);
    if (row == NULL) {
        fail_row(r, "%s", d.text);
    } else if (row->kind != TREE_OBJECT) {
        fail_row(r, "not a JSON object");
    } else if (r->cells > ROWS_VALUES) {
        fail_row(r, "more than %d values, or nested deeper than %d levels", ROWS_VALUES,
                 DECODE_DEPTH);
    }
    buf_put(&r->row, line, length);
    finish_row(r);
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
        return fail_file(r, d, number, "a line of more than %d KiB: not a file of rows",
                         ROWS_LINE_BYTES >> 10);
    }
    if (r->settings.json) {
        return is_empty_line(line, length) ? ERR_OK : take_json(r, line, length);
    }
    if (!r->csv_open) {
        enum err e =
            r->settings.separator == '\0' ? find_separator(r, line, length, d) : ERR_OK;
        e = e != ERR_OK ? e : open_csv(r);
        if (e != ERR_OK) {
            return e;
        }
    }
    return take_csv(r, line, length, d);
}

enum err rows_end(struct rows *r, struct diag *d)
{
    if (r->row_open) {
        return fail_file(r, d, r->row_line,
                         "a quote that opens here does not close before the file ends");
    }
    return r->header_done ? ERR_OK : fail_file(r, d, 1, "the header is missing");
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
