/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/argument.h"

#include "base/number.h"
#include "base/text.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { NAMES_MOST = 32, SHOWN = 64 };

static void *field_of(const struct argument *a, void *settings)
{
    return (char *)settings + a->offset;
}

void argument_defaults(const struct argument *rows, void *settings)
{
    for (const struct argument *a = rows; a->name != NULL; a++) {
        void *field = field_of(a, settings);
        switch (a->kind) {
        case ARGUMENT_SPAN:
            *(struct span *)field = SPAN_NONE;
            break;
        case ARGUMENT_CHOICE:
            *(int *)field = (int)a->standard;
            break;
        case ARGUMENT_TIMES:
            *(struct time_span *)field = (struct time_span){.numbers = SPAN_NONE};
            break;
        case ARGUMENT_LIST:
            *(struct argument_list *)field = (struct argument_list){0};
            break;
        default:
            *(double *)field = a->standard;
        }
    }
}

const struct argument *argument_find(const struct argument *rows, const char *name,
                                     bool derived)
{
    for (const struct argument *a = rows; a->name != NULL; a++) {
        if (a->derived == derived && strcmp(a->name, name) == 0) {
            return a;
        }
    }
    return NULL;
}

/* What value should have been; NULL: it is so. */
static const char *expected(const struct argument *a, double value)
{
    if (!isfinite(value)) {
        return "a number";
    }
    switch (a->kind) {
    case ARGUMENT_AMOUNT:
        return value >= 0 ? NULL : "0 or more";
    case ARGUMENT_POSITIVE:
        return value > 0 ? NULL : "more than 0";
    case ARGUMENT_COUNT:
        return value >= 1 && value == floor(value) && value < 1e9
                   ? NULL
                   : "a whole number from 1";
    default:
        return NULL;
    }
}

enum err argument_put_number(const struct argument *a, double value, void *settings,
                             struct diag *d)
{
    const char *wanted = expected(a, value);
    if (wanted != NULL) {
        char shown[NUMBER_TEXT];
        number_format(value, shown);
        diag_set_field(d, a->name);
        diag_set(d, "%s, expected %s", shown, wanted);
        return ERR_RANGE;
    }
    *(double *)field_of(a, settings) = value;
    return ERR_OK;
}

enum err argument_put_span(const struct argument *a, double one, double other,
                           void *settings, struct diag *d)
{
    if (!isfinite(one) || !isfinite(other)) {
        diag_set_field(d, a->name);
        diag_set(d, "expected two numbers");
        return ERR_RANGE;
    }
    struct span sorted =
        one <= other ? (struct span){one, other} : (struct span){other, one};
    if (a->kind == ARGUMENT_TIMES) {
        *(struct time_span *)field_of(a, settings) =
            (struct time_span){.numbers = sorted};
    } else {
        *(struct span *)field_of(a, settings) = sorted;
    }
    return ERR_OK;
}

void argument_put_dates(const struct argument *a, int64_t one_us, int64_t other_us,
                        void *settings)
{
    bool risen = one_us <= other_us;
    *(struct time_span *)field_of(a, settings) =
        (struct time_span){.dates = true,
                           .numbers = SPAN_NONE,
                           .from_us = risen ? one_us : other_us,
                           .to_us = risen ? other_us : one_us};
}

enum err argument_put_choice(const struct argument *a, const char *name, void *settings,
                             struct diag *d)
{
    size_t count = 0;
    for (; a->choices[count] != NULL; count++) {
        if (strcmp(a->choices[count], name) == 0) {
            *(int *)field_of(a, settings) = (int)count;
            return ERR_OK;
        }
    }
    char shown[SHOWN];
    text_escape(shown, sizeof shown, name, strlen(name));
    const char *near = text_nearest(name, a->choices, count);
    diag_set_field(d, a->name);
    diag_set(d,
             near != NULL ? "\"%s\" is none of its names; did you mean %s?"
                          : "\"%s\" is none of its names; one is %s",
             shown, near != NULL ? near : a->choices[0]);
    return ERR_UNKNOWN;
}
