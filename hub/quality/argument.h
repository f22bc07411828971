/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_ARGUMENT_H
#define QUALITY_ARGUMENT_H

/* The arguments of a test as rows, named as ioos_qc names them: what reads settings (a
 * tests file, parameters.json, a station) goes by these rows and knows no test. Each row
 * says which field of the test's settings it fills. Threads: any, rows are constant. */

#include "base/diag.h"
#include "base/err.h"
#include "model/parameter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum argument_kind {
    ARGUMENT_NUMBER,   /* double; NAN: absent */
    ARGUMENT_AMOUNT,   /* double, 0 or more; NAN: absent */
    ARGUMENT_POSITIVE, /* double, more than 0: a window; NAN: absent */
    ARGUMENT_COUNT,    /* double, whole, 1 or more; NAN: absent */
    ARGUMENT_SPAN,     /* struct span, two numbers in any order; SPAN_NONE: absent */
    ARGUMENT_CHOICE,   /* int, the index of one of choices */
    ARGUMENT_TIMES,    /* struct time_span: two dates, or two numbers of a period */
    ARGUMENT_LIST,     /* struct argument_list: objects with arguments of their own */
};

/* Two numbers, or two times where dates. Sorted. */
struct time_span {
    bool dates;
    struct span numbers;
    int64_t from_us, to_us; /* both inclusive */
};

struct argument_list {
    void *items; /* count of them, each of the size that the row says */
    size_t count;
};

enum { ARGUMENT_CHOICES = 10, ARGUMENT_ITEMS = 1000 };

struct argument {
    const char *name; /* "suspect_threshold"; NULL ends the rows */
    enum argument_kind kind;
    bool required;
    bool derived;    /* no argument: what the reference works out from the whole series */
    size_t offset;   /* of the field, in the settings */
    double standard; /* taken where there is none; of ARGUMENT_CHOICE always */
    const char *help;
    const char *choices[ARGUMENT_CHOICES]; /* ends with NULL */
    const struct argument *rows;           /* of ARGUMENT_LIST */
    size_t size;                           /* of its items */
};

#define ARGUMENT_NO_STANDARD ((double)NAN)

/* Fills settings with what the rows take where nothing is given. */
void argument_defaults(const struct argument *rows, void *settings);

/* The row of that name; NULL: none. derived: of those that are no argument. */
const struct argument *argument_find(const struct argument *rows, const char *name,
                                     bool derived);

/* Puts a number into the field of a row that holds one. ERR_RANGE: it is none of the kind
 * (d, with the field set, says what is expected). */
MUST_USE enum err argument_put_number(const struct argument *a, double value,
                                      void *settings, struct diag *d);

/* Puts one of choices. ERR_UNKNOWN: none of that name; d names the nearest. */
MUST_USE enum err argument_put_choice(const struct argument *a, const char *name,
                                      void *settings, struct diag *d);

/* Puts two times, in any order, into ARGUMENT_TIMES. */
void argument_put_dates(const struct argument *a, int64_t one_us, int64_t other_us,
                        void *settings);

/* Puts two numbers, in any order, into ARGUMENT_SPAN or ARGUMENT_TIMES. ERR_RANGE. */
MUST_USE enum err argument_put_span(const struct argument *a, double one, double other,
                                    void *settings, struct diag *d);

#endif
