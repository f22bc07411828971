/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"

#include "base/number.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void config_faults_fini(struct config_faults *f)
{
    free(f->faults);
    *f = (struct config_faults){0};
}

size_t config_faults_count(const struct config_faults *f, bool findings)
{
    size_t count = 0;
    for (size_t i = 0; i < f->count; i++) {
        count += f->faults[i].finding == findings;
    }
    return count;
}

void place_file(struct parse *p, const struct config_file *file)
{
    if (p->file != file) {
        p->file_faults = 0;
    }
    p->file = file;
    p->length = 0;
    p->pointer[0] = '\0';
}

/* A pointer that is too long stays at the last place that had room. */
size_t place_enter(struct parse *p, const char *key)
{
    size_t mark = p->length;
    size_t length = text_pointer_append(p->pointer, sizeof p->pointer, mark, key);
    p->length = length > 0 ? length : mark;
    p->pointer[p->length] = '\0';
    return mark;
}

size_t place_enter_item(struct parse *p, size_t i)
{
    char number[24];
    snprintf(number, sizeof number, "%zu", i);
    return place_enter(p, number);
}

void place_leave(struct parse *p, size_t mark)
{
    p->length = mark;
    p->pointer[mark] = '\0';
}

static struct config_fault *new_fault(struct parse *p, bool is_finding)
{
    struct config_faults *f = p->faults;
    p->invalid = p->invalid || !is_finding;
    size_t *count = is_finding ? &p->finding_count : &p->fault_count;
    size_t most = is_finding ? FINDINGS_OF_ALL : FAULTS_OF_ALL;
    if (p->no_memory || *count >= most || p->file_faults > FAULTS_OF_FILE) {
        return NULL;
    }
    if (f->count == f->size) {
        size_t size = f->size == 0 ? 16 : f->size * 2;
        struct config_fault *faults = realloc(f->faults, size * sizeof *faults);
        if (faults == NULL) {
            p->no_memory = true;
            return NULL;
        }
        f->faults = faults;
        f->size = size;
    }
    ++*count;
    p->file_faults++;
    struct config_fault *new = &f->faults[f->count++];
    *new = (struct config_fault){.finding = is_finding};
    if (p->file != NULL) {
        text_copy(new->diag.source, sizeof new->diag.source, p->file->name);
    }
    if (*count == most || p->file_faults > FAULTS_OF_FILE) {
        diag_set(&new->diag, "there are more of them; those behind are not shown");
        return NULL;
    }
    return new;
}

bool has_fault(struct parse *p, const char *key)
{
    size_t mark = place_enter(p, key);
    bool found = false;
    for (size_t i = p->faults->count; i > 0 && p->file != NULL && !found; i--) {
        const struct config_fault *f = &p->faults->faults[i - 1];
        if (strcmp(f->diag.source, p->file->name) != 0) {
            break;
        }
        found = !f->finding && strcmp(f->diag.field, p->pointer) == 0;
    }
    place_leave(p, mark);
    return found;
}

static void add(struct parse *p, bool is_finding, const char *key, const char *text)
{
    struct config_fault *new = new_fault(p, is_finding);
    if (new == NULL) {
        return;
    }
    size_t mark = key != NULL ? place_enter(p, key) : p->length;
    diag_set(&new->diag, "%s", text);
    diag_set_field(&new->diag, p->pointer);
    if (p->file != NULL) {
        new->diag.line = place_line(p->file->text, p->file->size, p->pointer);
    }
    place_leave(p, mark);
}

void fault(struct parse *p, const char *key, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add(p, false, key, text);
}

void finding(struct parse *p, const char *key, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add(p, true, key, text);
}

void fault_syntax(struct parse *p, int line, int column, const char *text)
{
    struct config_fault *new = new_fault(p, false);
    if (new != NULL) {
        new->diag.line = line;
        new->diag.column = column;
        diag_set(&new->diag, "%s", text);
    }
}

const char *shown_text(const char *text, char to[SHOWN_SIZE])
{
    char escaped[SHOWN_SIZE - 16];
    text_escape(escaped, sizeof escaped, text, strlen(text));
    snprintf(to, SHOWN_SIZE, "\"%s\"", escaped);
    return to;
}

const char *shown(const json_t *value, char to[SHOWN_SIZE])
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return shown_text(json_string_value(value), to);
    case JSON_REAL:
    case JSON_INTEGER: {
        char number[NUMBER_TEXT];
        number_format(json_number_value(value), number);
        return text_copy(to, SHOWN_SIZE, number);
    }
    case JSON_OBJECT:
        return text_copy(to, SHOWN_SIZE, "an object");
    case JSON_ARRAY:
        return text_copy(to, SHOWN_SIZE, "a list");
    case JSON_TRUE:
        return text_copy(to, SHOWN_SIZE, "true");
    case JSON_FALSE:
        return text_copy(to, SHOWN_SIZE, "false");
    default:
        return text_copy(to, SHOWN_SIZE, "null");
    }
}

const char *near_name(const char *name, const char *const *names, size_t count,
                      char to[SHOWN_SIZE + 24])
{
    const char *nearest = names != NULL ? text_nearest(name, names, count) : NULL;
    to[0] = '\0';
    if (nearest != NULL) {
        char quoted[SHOWN_SIZE];
        snprintf(to, SHOWN_SIZE + 24, "; did you mean %s?", shown_text(nearest, quoted));
    }
    return to;
}
