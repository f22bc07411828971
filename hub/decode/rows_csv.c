/* SPDX-License-Identifier: EUPL-1.2 */
#include "decode/rows_internal.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void put_cell(struct rows *r, const char *text, size_t length)
{
    if (r->settings.take != NULL) {
        buf_put(&r->row, text, length);
        buf_put(&r->row, "", 1);
        return;
    }
    buf_put_text(&r->row, r->cells == 1 ? "[" : ",");
    buf_put_json_text(&r->row, text, length);
}

static void take_cell(void *bytes, size_t length, void *arg)
{
    struct rows *r = arg;
    const char *text = bytes != NULL ? bytes : "";
    bool utf8 = text_is_utf8(text, length);
    r->cells++;
    r->filled = r->filled || length > 0;
    if (!utf8 || memchr(text, '\0', length) != NULL) {
        rows_fail_row(r, "column %zu is not UTF-8%s", r->cells,
                      utf8 ? ": it holds a zero byte"
                           : " (Latin-1?); iconv -f latin1 -t utf-8 makes it so");
    } else if (r->cells > ROWS_VALUES) {
        rows_fail_row(r, "more than %d columns", ROWS_VALUES);
    } else if (r->header_done) {
        put_cell(r, text, length);
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
            return rows_fail_file(r, d, r->line,
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
        return rows_fail_file(r, d, r->row_line, "the header: %s", r->why);
    }
    for (size_t i = 0; i < r->column_count; i++) {
        for (size_t k = 0; k < i; k++) {
            char shown[64];
            if (strcmp(r->columns[i], r->columns[k]) == 0) {
                return rows_fail_file(r, d, r->row_line,
                                      "column \"%s\" stands in the header twice",
                                      text_escape(shown, sizeof shown, r->columns[i],
                                                  strlen(r->columns[i])));
            }
        }
    }
    r->header_done = true;
    return ERR_OK;
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
        rows_fail_row(r, "%zu column%s, expected %zu", r->cells, r->cells == 1 ? "" : "s",
                      r->column_count);
    }
    if (r->settings.take == NULL) {
        buf_put_text(&r->row, "]");
    }
    rows_finish_row(r);
    return r->err;
}

/* A quote that stands where none may: the row is bad, the next line begins a new one. */
static enum err give_up_row(struct rows *r, struct diag *d)
{
    csv_free(&r->csv);
    r->csv_open = false;
    rows_fail_row(r, "a quote stands inside a value, or text behind its end");
    r->row_open = false;
    enum err e = open_csv(r);
    if (e == ERR_OK && !r->header_done) {
        return check_header(r, d);
    }
    rows_finish_row(r);
    return e != ERR_OK ? e : r->err;
}

static enum err take_cells(struct rows *r, const char *line, size_t length,
                           struct diag *d)
{
    if (!r->row_open) {
        if (rows_is_empty_line(line, length)) {
            return ERR_OK;
        }
        rows_begin_row(r);
    }
    if (r->raw.length + length > ROWS_LINE_BYTES) {
        return rows_fail_file(r, d, r->row_line,
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

enum err rows_take_csv(struct rows *r, const char *line, size_t length, struct diag *d)
{
    if (!r->csv_open) {
        enum err e =
            r->settings.separator == '\0' ? find_separator(r, line, length, d) : ERR_OK;
        e = e != ERR_OK ? e : open_csv(r);
        if (e != ERR_OK) {
            return e;
        }
    }
    return take_cells(r, line, length, d);
}
