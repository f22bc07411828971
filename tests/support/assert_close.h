/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_ASSERT_CLOSE_H
#define SUPPORT_ASSERT_CLOSE_H

/* What cmocka needs before its header, and doubles, which it compares only as float. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Fails unless |actual - expected| <= tolerance; two NAN are close. */
void assert_close_at(double actual, double expected, double tolerance, const char *file,
                     int line);
#define assert_close(actual, expected, tolerance)                                        \
    assert_close_at(actual, expected, tolerance, __FILE__, __LINE__)

#endif
