/* SPDX-License-Identifier: EUPL-1.2 */
#include "node/decimal.h"

size_t decimal_format(int64_t value, unsigned decimals, char to[DECIMAL_TEXT])
{
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char digits[DECIMAL_TEXT]; /* the last one first */
    size_t n = 0;
    if (decimals > 18) {
        decimals = 18;
    }
    while (decimals > 0 && rest % 10 == 0) {
        rest /= 10;
        decimals--;
    }
    for (unsigned i = 0; rest > 0 || i <= decimals; i++) {
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

void decimal_format_hex(uint64_t value, char to[17])
{
    for (int i = 15; i >= 0; i--) {
        to[i] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
    to[16] = '\0';
}
