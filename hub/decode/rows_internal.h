/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef DECODE_ROWS_INTERNAL_H
#define DECODE_ROWS_INTERNAL_H

/* What the two halves of rows share: rows_csv.c cuts lines of CSV into cells, rows.c
 * makes messages of them. Private to decode. */

#include "base/buf.h"
#include "decode/decoder.h"
#include "decode/rows.h"

#include <csv.h>

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

/* The row under work can't be read; the first reason stays. */
void rows_fail_row(struct rows *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The file can't be read: ERR_SYNTAX. */
enum err rows_fail_file(const struct rows *r, struct diag *d, int line,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

bool rows_is_empty_line(const char *line, size_t length);
void rows_begin_row(struct rows *r);
void rows_finish_row(struct rows *r); /* into the message, or to settings.take */

enum err rows_take_csv(struct rows *r, const char *line, size_t length, struct diag *d);

#endif
