/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef NODE_DECIMAL_H
#define NODE_DECIMAL_H

/* Fixed-point numbers as text, without printf, locale or floating point. */

#include <stddef.h>
#include <stdint.h>

enum { DECIMAL_TEXT = 24 }; /* sign, 19 digits, "0.", NUL, and room */

/* value / 10^decimals in the fewest digits ("-0.5", "12", never "-0" or "1.0"), with a
 * NUL behind. decimals at most 18; more is read as 18. Returns the length. */
size_t decimal_format(int64_t value, unsigned decimals, char to[DECIMAL_TEXT]);

/* 16 hexadecimal digits in lower case and a NUL. */
void decimal_format_hex(uint64_t value, char to[17]);

#endif
