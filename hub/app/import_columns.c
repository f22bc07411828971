/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/import_columns.h"

#include "base/text.h"

#include <stdbool.h>
#include <string.h>

enum { NAMES_MOST = 256, POINTER = 512 };

static bool is_at(const char *pointer, const char *column)
{
    char own[POINTER];
    return pointer != NULL && text_pointer_append(own, sizeof own, 0, column) > 0 &&
           strcmp(own, pointer) == 0;
}

static bool has_column(const struct import_columns *c, const char *pointer)
{
    for (size_t i = 0; i < c->count; i++) {
        if (is_at(pointer, c->columns[i])) {
            return true;
        }
    }
    return false;
}

enum err import_columns_check(const struct import_columns *c, struct diag *d)
{
    const struct sensor_model *m = c->model;
    const char *wanted = m != NULL ? m->time.field : c->device_field;
    if (has_column(c, wanted)) {
        return ERR_OK;
    }
    char shown[64];
    const char *near = text_nearest(wanted + (*wanted == '/'), c->columns, c->count);
    *d = (struct diag){.line = 1};
    text_copy(d->source, sizeof d->source, c->file);
    if (near != NULL) {
        text_escape(shown, sizeof shown, near, strlen(near));
    }
    diag_set(d, "no column is %s, the %s%s%s%s%s%s", wanted + (*wanted == '/'),
             m != NULL ? "time of the sensor model " : "device (see --device)",
             m != NULL ? m->model : "", near != NULL ? "; is it \"" : "",
             near != NULL ? shown : "", near != NULL ? "\"?" : "",
             c->count == 1 ? " (one column only: see --separator)" : "");
    return ERR_UNKNOWN;
}

static bool is_ignored(const struct sensor_model *m, const char *column)
{
    char own[POINTER];
    if (text_pointer_append(own, sizeof own, 0, column) == 0) {
        return false;
    }
    for (size_t i = 0; i < m->ignore_count; i++) {
        if (text_pointer_below(own, m->ignore[i])) {
            return true;
        }
    }
    return false;
}

static bool is_named(const struct import_columns *c, const char *column)
{
    const struct sensor_model *m = c->model;
    bool named = is_at(m->time.field, column) || is_at(m->status.field, column) ||
                 is_at(c->device_field, column) || is_ignored(m, column);
    for (size_t i = 0; i < m->field_count && !named; i++) {
        const struct sensor_field *f = &m->fields[i];
        named = is_at(f->field, column) || is_at(f->unit_field, column) ||
                is_at(f->status.field, column);
    }
    return named;
}

/* Names of the model that no column has. */
static size_t list_missing(const struct import_columns *c, const char *names[NAMES_MOST])
{
    size_t count = 0;
    for (size_t i = 0; i < c->model->field_count && count < NAMES_MOST; i++) {
        const char *field = c->model->fields[i].field;
        if (!has_column(c, field)) {
            names[count++] = field + (*field == '/');
        }
    }
    return count;
}

void import_columns_print_unnamed(const struct import_columns *c, FILE *to)
{
    const char *names[NAMES_MOST];
    size_t count = c->model != NULL ? list_missing(c, names) : 0;
    for (size_t i = 0; c->model != NULL && i < c->count; i++) {
        const char *column = c->columns[i];
        char shown[100];
        if (is_named(c, column)) {
            continue;
        }
        const char *near = text_nearest(column, names, count);
        fprintf(to, "%s:1: the sensor model %s does not name column \"%s\": ignored",
                c->file, c->model->model,
                text_escape(shown, sizeof shown, column, strlen(column)));
        fprintf(to, "%s%s%s\n", near != NULL ? "; is it its \"" : "",
                near != NULL ? near : "", near != NULL ? "\"?" : "");
    }
}
