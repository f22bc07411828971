/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/table.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct row {
    char *cells[TABLE_COLUMNS];
    char *notes; /* lines as they are printed; NULL: none */
};

struct table {
    const char *const *headings;
    int columns;
    int next; /* column of the next cell */
    struct row *rows;
    size_t count, room;
    bool cut; /* memory ran out: what comes later is left out */
};

struct table *table_open(const char *const *headings)
{
    struct table *t = calloc(1, sizeof *t);
    if (t != NULL) {
        t->headings = headings;
        while (t->columns < TABLE_COLUMNS && headings[t->columns] != NULL) {
            t->columns++;
        }
    }
    return t;
}

void table_close(struct table *t)
{
    if (t == NULL) {
        return;
    }
    for (size_t k = 0; k < t->count; k++) {
        for (int c = 0; c < t->columns; c++) {
            free(t->rows[k].cells[c]);
        }
        free(t->rows[k].notes);
    }
    free(t->rows);
    free(t);
}

static struct row *add_row(struct table *t)
{
    if (t->count == t->room) {
        size_t room = t->room == 0 ? 16 : t->room * 2;
        struct row *more = realloc(t->rows, room * sizeof *more);
        if (more == NULL) {
            return NULL;
        }
        t->rows = more;
        t->room = room;
    }
    t->rows[t->count] = (struct row){.notes = NULL};
    return &t->rows[t->count++];
}

void table_put(struct table *t, const char *format, ...)
{
    char text[TABLE_CELL];
    char plain[TABLE_CELL];
    struct row *row = t->cut ? NULL : t->next == 0 ? add_row(t) : &t->rows[t->count - 1];
    if (row == NULL) {
        t->cut = true;
        return;
    }
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    free(row->cells[t->next]);
    row->cells[t->next] = strdup(text_escape(plain, sizeof plain, text, strlen(text)));
    t->cut = row->cells[t->next] == NULL;
    t->next = (t->next + 1) % t->columns;
}

void table_note(struct table *t, const char *format, ...)
{
    char text[1024];
    char plain[1024];
    if (t->count == 0 || t->cut) {
        return;
    }
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_escape(plain, sizeof plain, text, strlen(text));
    struct row *row = &t->rows[t->count - 1];
    size_t before = row->notes != NULL ? strlen(row->notes) : 0;
    size_t size = before + strlen(plain) + sizeof "    \n";
    char *notes = realloc(row->notes, size);
    t->cut = notes == NULL;
    if (notes != NULL) {
        snprintf(notes + before, size - before, "    %s\n", plain);
        row->notes = notes;
    }
}

/* Characters, not bytes: names carry umlauts. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

static const char *heading(const struct table *t, int column, bool *right)
{
    const char *text = t->headings[column];
    *right = text[0] == '>';
    return *right ? text + 1 : text;
}

static const char *cell(const struct table *t, size_t row, int column)
{
    const char *text = t->rows[row].cells[column];
    return text != NULL ? text : "";
}

static void print_cell(FILE *to, const char *text, int width, bool right, bool last)
{
    int blanks = width - width_of(text);
    if (right) {
        fprintf(to, "%*s%s", blanks, "", text);
    } else if (last) {
        fputs(text, to);
    } else {
        fprintf(to, "%s%*s", text, blanks, "");
    }
    fputs(last ? "\n" : "  ", to);
}

static void find_widths(const struct table *t, int widths[TABLE_COLUMNS])
{
    for (int c = 0; c < t->columns; c++) {
        bool right;
        widths[c] = width_of(heading(t, c, &right));
        for (size_t k = 0; k < t->count; k++) {
            int width = width_of(cell(t, k, c));
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
}

void table_print(const struct table *t, FILE *to)
{
    int widths[TABLE_COLUMNS];
    bool right;
    if (t->cut) {
        fputs("memory ran out: the table is not whole\n", to);
    }
    if (t->count == 0) {
        return;
    }
    find_widths(t, widths);
    for (int c = 0; c < t->columns; c++) {
        const char *text = heading(t, c, &right);
        print_cell(to, text, widths[c], right, c == t->columns - 1);
    }
    for (size_t k = 0; k < t->count; k++) {
        for (int c = 0; c < t->columns; c++) {
            (void)heading(t, c, &right);
            print_cell(to, cell(t, k, c), widths[c], right, c == t->columns - 1);
        }
        if (t->rows[k].notes != NULL) {
            fputs(t->rows[k].notes, to);
        }
    }
}
