/* SPDX-License-Identifier: EUPL-1.2 */
/* Rows of a batch in the order of the store's key, against qsort by the whole key. */
#include "app/batch.h"
#include "app/order.h"
#include "support/assert_close.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ROWS = 5000 };

static unsigned seed = 20260301;

static unsigned draw(unsigned below)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

static int compare(const void *a, const void *b)
{
    const struct batch_row *x = a;
    const struct batch_row *y = b;
    const int64_t of_x[] = {x->chunk, x->o.series, x->o.time_us, x->o.message,
                            x->o.index};
    const int64_t of_y[] = {y->chunk, y->o.series, y->o.time_us, y->o.message,
                            y->o.index};
    for (size_t i = 0; i < sizeof of_x / sizeof *of_x; i++) {
        if (of_x[i] != of_y[i]) {
            return of_x[i] < of_y[i] ? -1 : 1;
        }
    }
    return 0;
}

/* Messages in order of id, times in any order, chunks also before 1970. */
static void make_rows(struct batch_row *rows, size_t count, unsigned chunks,
                      unsigned series)
{
    memset(rows, 0, count * sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        rows[i].chunk = (int64_t)draw(chunks) - chunks / 2;
        rows[i].o.series = 1 + (int32_t)draw(series);
        rows[i].o.time_us = rows[i].chunk * 1000 + draw(7);
        rows[i].o.message = 1 + (int64_t)i / 3;
        rows[i].o.index = (int)(i % 3);
        rows[i].o.value = (double)i;
    }
}

static void check(size_t count, unsigned chunks, unsigned series)
{
    static struct batch_row rows[ROWS];
    static struct batch_row expected[ROWS];
    struct order *o = order_open(ROWS);
    assert_non_null(o);
    make_rows(rows, count, chunks, series);
    memcpy(expected, rows, sizeof expected);
    qsort(expected, count, sizeof *expected, compare);
    order_rows(o, rows, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(compare(&rows[i], &expected[i]), 0);
        assert_true(rows[i].o.value == expected[i].o.value);
    }
    order_close(o);
}

static void test_rows_stand_in_the_order_of_the_key(void **state)
{
    (void)state;
    check(0, 1, 1);
    check(1, 1, 1);
    check(2, 1, 1);
    check(ROWS, 1, 1);
    check(ROWS, 4, 300);
    check(ROWS, 14000000, 70000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_stand_in_the_order_of_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
