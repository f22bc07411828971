/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/number.h"
#include "support/assert_close.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void assert_format(double value, const char *expected)
{
    char text[NUMBER_TEXT];
    size_t length = number_format(value, text);
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
}

static void test_number_format_gives_shortest_text(void **state)
{
    (void)state;
    assert_format(0.1, "0.1");
    assert_format(-0.0, "0");
    assert_format(53.9, "53.9");
    assert_format(1234567, "1234567");
    assert_format(1.0 / 3, "0.3333333333333333");
    assert_format(5e-324, "4.94065645841247e-324");
    assert_format(-6.805646932770577e+38, "-6.805646932770577e+38");
    assert_format((double)INFINITY, "inf");
    assert_format(0.00001, "1e-05");
}

static void test_number_format_is_the_shortest_of_printf(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252ULL;
    for (int i = 0; i < 200000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        double value = (double)(int64_t)(random % 2000001) / 1000 - 1000;
        if (i % 4 == 0) {
            memcpy(&value, &random, sizeof value);
        }
        if (!isfinite(value)) {
            continue;
        }
        char expected[64];
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(expected, sizeof expected, "%.*g", digits, value == 0 ? 0.0 : value);
            if (strtod(expected, NULL) == value) {
                break;
            }
        }
        assert_format(value, expected);
    }
}

static void test_number_parse_takes_only_decimal_numbers(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    " ",     "1,5",   "0x10", "nan",
                                      "inf", "1e999", "1.2.3", "--1",  "1 2",
                                      "e5",  ".",     "-",     "-."};
    double value = 7;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(number_parse(bad[i], &value));
        assert_true(value == 7);
    }
    assert_true(number_parse(" 25.30 ", &value));
    assert_true(value == 25.3);
    assert_true(number_parse("-1.6e1", &value));
    assert_true(value == -16);
}

/* Every form of a decimal gives what the library gives for it. */
static void test_number_parse_is_strtod(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252ULL;
    for (int i = 0; i < 300000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        char text[64];
        int decimals = (int)((random >> 32) % 18);
        int length = snprintf(text, sizeof text, "%s%lld", i % 3 == 0 ? "-" : "",
                              (long long)(random >> (i % 63 + 1)));
        if (i % 2 == 0 && decimals < length) {
            memmove(text + length - decimals + 1, text + length - decimals,
                    (size_t)decimals + 1);
            text[length - decimals] = '.';
        }
        double value = 7;
        char *end;
        double expected = strtod(text, &end);
        assert_int_equal(number_parse(text, &value), *end == '\0');
        if (*end == '\0' && (value != expected || signbit(value) != signbit(expected))) {
            fail_msg("%s gives %.17g, expected %.17g", text, value, expected);
        }
    }
    double zero = 7;
    assert_true(number_parse("-0", &zero) && zero == 0 && signbit(zero) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number_format_gives_shortest_text),
        cmocka_unit_test(test_number_format_is_the_shortest_of_printf),
        cmocka_unit_test(test_number_parse_takes_only_decimal_numbers),
        cmocka_unit_test(test_number_parse_is_strtod),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
