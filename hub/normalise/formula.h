/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef NORMALISE_FORMULA_H
#define NORMALISE_FORMULA_H

/* Derived quantities: each formula is one row with its inputs, units, ranges and source,
 * and one function of numbers. The files of formulas/ hold the rows by subject
 * (formulas_salinity for salinity.c); the build makes the list. kogge calc,
 * docs/formulas.md and the tests all read these rows. Pure. Threads: any, rows are
 * constant.
 *
 * Temperatures are ITS-90, pressures of water are sea pressure (0 at the surface),
 * station pressure is the pressure of the air at the place, not reduced to sea level. */

#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"

#include <math.h>
#include <stddef.h>

enum { FORMULA_INPUTS = 6, FORMULA_SENTENCE = 256 };

#define FORMULA_NEEDED ((double)NAN)

struct formula_input {
    const char *name;   /* with its unit: "temperature_c" */
    const char *unit;   /* as UDUNITS-2 reads it: "degC" */
    double least, most; /* inclusive; outside there is no result */
    double standard;    /* taken where none is given, or FORMULA_NEEDED */
    const char
        *help; /* a few words, never NULL with a standard; NULL: the name says it */
};

struct formula {
    const char *name;  /* "practical_salinity" */
    const char *law;   /* for the origin of a series, derived:<law>: "pss-78" */
    const char *title; /* one line, ends without a point */
    struct formula_input inputs[FORMULA_INPUTS]; /* ends with name NULL */
    const char *unit;                            /* of the result */
    const char *limit;  /* what is wrong with inputs that compute refuses; NULL: none */
    const char *source; /* citation */
    const char *note;   /* what a user must know; NULL: nothing */
    double factor;      /* where compute is NULL the result is the only input times it */
    /* The result for inputs in their ranges, in their order; NAN: limit. */
    double (*compute)(const double *x);
    double example[FORMULA_INPUTS]; /* published, or worked by hand */
    double example_result;          /* as published */
    double example_within;          /* by the digits that were published */
};

/* Formulas of one subject, in the order in which they are shown. */
struct formula_group {
    const char *title; /* "Salinity" */
    const struct formula *formulas;
    size_t count;
};

/* Made by the build: one row a file in formulas/, NULL at the end. */
extern const struct formula_group *const formulas_table[];

/* The formula of that name, NULL: none. */
const struct formula *formula_find(const char *name);

/* All names, in the order of the table; borrowed for ever. */
enum { FORMULA_NAMES = 64 };
size_t formula_names(const char *names[FORMULA_NAMES]);

size_t formula_input_count(const struct formula *f);

/* Computes f of inputs, one for each of its inputs, in their order.
 *   out    in f->unit; untouched on failure
 * ERR_RANGE  an input is no number or outside its range, or f->limit (REJECT; d, which
 * may be NULL, names the input, its value and the range) */
MUST_USE enum err formula_compute(const struct formula *f, const double *inputs,
                                  double *out, struct diag *d);

/* "0 to 42", "-2 to 35 degC"; a unit of 1 is not written. Gives to. */
const char *formula_range(const struct formula_input *in, char to[FORMULA_SENTENCE]);

/* "mS/cm"; of a number without one "no unit". */
const char *formula_unit(const struct formula *f);

/* "practical_salinity = 37.24562889", with the unit; 10 digits, which are more than any
 * sensor has. Gives to. */
const char *formula_result(const struct formula *f, double value,
                           char to[FORMULA_SENTENCE]);

/* Appends docs/formulas.md. */
void formula_write_reference(struct buf *b);

#endif
