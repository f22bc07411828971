/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Values of sensors have few decimals: value * 10^k is then an integer whose quotient
 * gives the same double back, and its digits are the shortest ones. */
static size_t format_decimal(double value, char *to)
{
    static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
    double size = fabs(value);
    if (!(size < 1e9) || (size != 0 && size < 1e-4)) { /* %g turns to exponents there */
        return 0;
    }
    for (int decimals = 0; decimals <= 6; decimals++) {
        double scaled = nearbyint(size * power[decimals]);
        if (scaled / power[decimals] != size || scaled >= 1e15) {
            continue;
        }
        char digits[NUMBER_TEXT];
        size_t n = 0;
        uint64_t rest = (uint64_t)scaled;
        for (int i = 0; rest > 0 || i <= decimals; i++) {
            if (i == decimals && decimals > 0) {
                digits[n++] = '.';
            }
            digits[n++] = (char)('0' + rest % 10);
            rest /= 10;
        }
        size_t length = 0;
        if (value < 0) {
            to[length++] = '-';
        }
        while (n > 0) {
            to[length++] = digits[--n];
        }
        to[length] = '\0';
        return length;
    }
    return 0;
}

/* snprintf and strtod follow the locale; this program never sets one, so it is "C". */
size_t number_format(double value, char to[NUMBER_TEXT])
{
    size_t length = format_decimal(value == 0 ? 0 : value, to);
    for (int digits = 15; length == 0; digits++) {
        int n = snprintf(to, NUMBER_TEXT, "%.*g", digits, value);
        if (digits >= 17 || !isfinite(value) || strtod(to, NULL) == value) {
            length = (size_t)n;
        }
    }
    return length;
}

/* Digits and a point: up to 15 digits and their power of ten are exact as doubles, so the
 * quotient is rounded once, to what strtod gives (Clinger 1990, How to Read Floating
 * Point Numbers Accurately). */
static bool parse_decimal(const char *text, size_t length, double *value)
{
    static const double power[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool negative = length > 0 && text[0] == '-';
    bool point = false;
    int64_t whole = 0;
    size_t digits = 0, decimals = 0;
    for (size_t i = negative; i < length; i++) {
        if (text[i] >= '0' && text[i] <= '9' && digits < 15) {
            whole = whole * 10 + (text[i] - '0');
            digits++;
            decimals += point;
        } else if (text[i] == '.' && !point) {
            point = true;
        } else {
            return false;
        }
    }
    if (digits == 0) {
        return false;
    }
    double size = (double)whole / power[decimals];
    *value = negative ? -size : size;
    return true;
}

bool number_parse_part(const char *text, size_t length, double *value)
{
    char copy[NUMBER_LONGEST + 1];
    while (length > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        length--;
    }
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t')) {
        length--;
    }
    if (parse_decimal(text, length, value)) {
        return true;
    }
    if (length == 0 || length > NUMBER_LONGEST) {
        return false;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (strspn(copy, "+-0123456789.eE") != length) {
        return false;
    }
    char *end;
    double parsed = strtod(copy, &end);
    if (*end != '\0' || end == copy || !isfinite(parsed)) {
        return false;
    }
    *value = parsed;
    return true;
}

bool number_parse(const char *text, double *value)
{
    return number_parse_part(text, strlen(text), value);
}
