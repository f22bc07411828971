/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/current.h"

#include "base/arena.h"
#include "support/assert_close.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct configuration *made(int64_t keep_days)
{
    struct arena *a = arena_open_growing(1 << 20);
    assert_non_null(a);
    struct configuration *c = arena_take_zero(a, 1, sizeof *c);
    assert_non_null(c);
    c->memory = a;
    c->keep_days = keep_days;
    return c;
}

static void set(struct current *c, int64_t keep_days)
{
    assert_true(current_reserve(c));
    current_set(c, made(keep_days));
}

static void test_current_keeps_what_is_in_use(void **state)
{
    (void)state;
    struct current *c = current_open(made(1));
    const struct configuration *first = current_take(c);
    const struct configuration *again = current_take(c);
    set(c, 2);
    const struct configuration *second = current_take(c);
    assert_ptr_equal(first, again);
    assert_int_equal(first->keep_days,
                     1); /* still there: a sanitizer would see it gone */
    assert_int_equal(second->keep_days, 2);
    current_give(c, first);
    assert_int_equal(again->keep_days, 1);
    set(c, 3);
    assert_int_equal(again->keep_days, 1);
    assert_int_equal(second->keep_days, 2);
    current_give(c, second); /* out of order */
    assert_int_equal(again->keep_days, 1);
    current_give(c, again);
    const struct configuration *third = current_take(c);
    assert_int_equal(third->keep_days, 3);
    current_give(c, third);
    current_close(c);
}

static void test_current_close_frees_what_nobody_took(void **state)
{
    (void)state;
    struct current *c = current_open(made(1));
    set(c, 2);
    set(c, 3);
    assert_true(current_reserve(c));
    assert_true(current_reserve(c)); /* one spare is enough */
    current_close(c);
    current_close(NULL);
}

struct shared {
    struct current *current;
    atomic_bool stop;
};

static void *use(void *arg)
{
    struct shared *s = arg;
    int64_t newest = 0;
    while (!atomic_load(&s->stop)) {
        const struct configuration *c = current_take(s->current);
        if (c->keep_days < newest) {
            return s;
        }
        newest = c->keep_days;
        current_give(s->current, c);
    }
    return NULL;
}

static void test_current_is_shared_by_threads(void **state)
{
    (void)state;
    struct shared s = {.current = current_open(made(0))};
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use, &s), 0);
    }
    for (int64_t i = 1; i <= 500; i++) {
        set(s.current, i);
    }
    atomic_store(&s.stop, true);
    for (size_t i = 0; i < 3; i++) {
        void *failed = &s;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    current_close(s.current);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_current_keeps_what_is_in_use),
        cmocka_unit_test(test_current_close_frees_what_nobody_took),
        cmocka_unit_test(test_current_is_shared_by_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
