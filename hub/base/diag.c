/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/diag.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void diag_set(struct diag *d, const char *format, ...)
{
    if (d == NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    char text[sizeof d->text * 4];
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_copy(d->text, sizeof d->text, text);
}

void diag_set_field(struct diag *d, const char *field)
{
    if (d != NULL && field != NULL) {
        text_copy(d->field, sizeof d->field, field);
    }
}

const char *diag_format(const struct diag *d, char *to, unsigned long size)
{
    char place[320] = "";
    if (d->source[0] != '\0' && d->line > 0 && d->column > 0) {
        snprintf(place, sizeof place, "%s:%d:%d: ", d->source, d->line, d->column);
    } else if (d->source[0] != '\0' && d->line > 0) {
        snprintf(place, sizeof place, "%s:%d: ", d->source, d->line);
    } else if (d->source[0] != '\0') {
        snprintf(place, sizeof place, "%s: ", d->source);
    }
    snprintf(to, size, "%s%s%s%s", place, d->field, d->field[0] != '\0' ? ": " : "",
             d->text);
    return to;
}
