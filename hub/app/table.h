/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_TABLE_H
#define APP_TABLE_H

/* A table for people: headings, cells, columns as wide as they need be. A heading that
 * begins with '>' is of a column of numbers, which stand at the right. Control
 * characters in cells and notes come out escaped. Threads: main. */

#include <stdio.h>

struct table; /* opaque */

enum { TABLE_COLUMNS = 12, TABLE_CELL = 240 }; /* most columns; most bytes of a cell */

/* headings ends with NULL; borrowed until the table is closed. NULL: no memory. */
struct table *table_open(const char *const *headings);
void table_close(struct table *t); /* t may be NULL */

/* Puts the next cell, row by row. Where memory runs out the table ends, and says so. */
void table_put(struct table *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* One more line of text below the row under way, which must be whole. A note that finds
 * no memory is left out. */
void table_note(struct table *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints headings and rows; nothing if there is no row. */
void table_print(const struct table *t, FILE *to);

#endif
