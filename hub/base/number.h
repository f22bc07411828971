/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

/* Numbers as text, always with a point, whatever the locale. Threads: any. */

#include <stdbool.h>
#include <stddef.h>

enum {
    NUMBER_TEXT = 32,    /* bytes that hold any number as we write it */
    NUMBER_LONGEST = 511 /* characters that are read as a number */
};

/* The fewest digits of %.15g to %.17g that read back the same double (so 1000, not 1e+03;
 * 15 digits always come back as they were typed); -0 as "0"; "nan", "inf" and
 * "-inf" as such. Returns the length. */
size_t number_format(double value, char to[NUMBER_TEXT]);

/* A decimal number and nothing else: blanks around it are allowed, a sign, an exponent;
 * no hexadecimal, no "inf", no "nan", no comma, no number too large for a double or
 * longer than NUMBER_LONGEST. Untouched on failure. */
bool number_parse(const char *text, double *value);

/* The same for length bytes that need no NUL behind them. */
bool number_parse_part(const char *text, size_t length, double *value);

#endif
