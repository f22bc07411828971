/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef DECODE_ROWS_H
#define DECODE_ROWS_H

/* Cuts a file of rows, CSV (RFC 4180) or one JSON object a line, into messages of format
 * rows (formats/rows.c). Pure: it is given lines. What comes out depends on the lines and
 * the settings only, so the same file gives the same messages again. A row that can't be
 * read goes along as bad and is told of; ERR_SYNTAX ends the file. CSV is read by libcsv.
 * Threads: one owner at a time. */

#include "base/diag.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ROWS_MESSAGE = 1000,            /* most rows of a message */
    ROWS_MESSAGE_BYTES = 256 << 10, /* most bytes of a message */
    ROWS_LINE_BYTES = 32 << 10,     /* most bytes of a row, and of the header */
    ROWS_VALUES = 5000,             /* most columns, or values of an object */
};

struct rows; /* opaque */

/* All texts are borrowed until rows_close. */
struct rows_settings {
    const char *file;         /* for sentences */
    bool json;                /* objects, one a line; else CSV with a header */
    char separator;           /* of CSV; 0: as the header shows */
    bool decimal_comma;       /* stated by the user */
    const char *device;       /* of all rows; NULL: each has its own, */
    const char *device_field; /* at this pointer */
    void *arg;
    void (*bad)(void *arg, const struct diag *d); /* a row that can't be read */
    /* CSV only: each row goes here, and none into a message. cells: as many texts as
     * there are columns, each with its NUL, one behind the other; borrowed for the call.
     * What it gives ends the file if it is no ERR_OK. NULL: rows go into messages. */
    enum err (*take)(void *arg, int line, const char *cells);
};

MUST_USE enum err rows_open(const struct rows_settings *settings, struct rows **out);
void rows_close(struct rows *r); /* r may be NULL */

/* Takes the next line of the file, without its end. number counts from 1. ERR_SYNTAX: the
 * file can't be read on; ERR_MEMORY. */
MUST_USE enum err rows_take_line(struct rows *r, const char *line, size_t length,
                                 int number, struct diag *d);

/* The end of the file. ERR_SYNTAX: in the middle of a row, or before the header. */
MUST_USE enum err rows_end(struct rows *r, struct diag *d);

/* Names of the columns, none before the header was read and of JSON; borrowed. */
const char *const *rows_columns(const struct rows *r, size_t *count);

/* True between two rows, when the header is read. */
bool rows_is_whole(const struct rows *r);

/* True when the message is to be taken; between two rows only. */
bool rows_is_full(const struct rows *r);

/* The message so far, a JSON document on one line, and the next one begins. *count: its
 * rows, the bad ones too; 0: there is none, and nothing else is set. Borrowed until the
 * next line is taken. */
MUST_USE enum err rows_take_message(struct rows *r, const char **payload, size_t *size,
                                    int64_t *count);

#endif
