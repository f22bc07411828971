/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/shadow.h"

#include "base/arena.h"
#include "base/clock.h"
#include "support/assert_close.h"
#include "support/fixture.h"
#include "support/store_world.h"

#include <math.h>
#include <string.h>

#define OK(call) assert_int_equal((call), ERR_OK)

enum { MOST = 64, FIRST_US = 1000000, DAY_S = 86400 };

/* Two stores in one world: what is put into w goes into the first or into the shadow. */
struct both {
    struct store_world *w;
    struct store *first, *shadow;
    int32_t series;
};

static void open_shadow(struct both *b, void **state)
{
    struct store_world *w = *state;
    *b = (struct both){.w = w, .first = w->store};
    OK(store_begin(w->store));
    b->series = store_world_series(w, "kiel", "a", 2);
    OK(store_commit(w->store));
    OK(store_shadow_open(w->folder, store_world_tests, 2, &b->shadow, NULL));
}

static void close_shadow(struct both *b)
{
    b->w->store = b->first;
    store_shadow_close(b->w->folder, b->shadow);
}

/* Into one of them, by a transaction of its own. */
static void put(struct both *b, struct store *into, const struct observation *o)
{
    b->w->store = into;
    OK(store_begin(into));
    store_world_insert(b->w, o);
    OK(store_commit(into));
    b->w->store = b->first;
}

static struct observation at(const struct both *b, int number, double value)
{
    return store_world_observation(b->series, FIRST_US * (int64_t)(number + 1), value);
}

/* All differences of all times, some rows a step. */
static size_t walk_all(const struct both *b, struct store_walk *w, size_t step,
                       struct store_difference *out)
{
    size_t all = 0;
    while (!w->finished) {
        size_t count = 0;
        OK(store_walk_on(b->first, b->shadow, w, &out[all], step, &count));
        all += count;
        assert_true(all <= MOST);
    }
    return all;
}

struct world_walk {
    struct store_walk walk;
    bool wanted[4];
    int64_t same[4];
};

static void begin_walk(struct world_walk *w, int32_t known)
{
    *w = (struct world_walk){.wanted = {true, true, true, true}};
    w->walk = (struct store_walk){.from_us = 0,
                                  .to_us = DAY_S * (int64_t)CLOCK_US_PER_S,
                                  .wanted = w->wanted,
                                  .wanted_count = known,
                                  .same = w->same,
                                  .texts = arena_open_growing(1 << 20)};
    assert_non_null(w->walk.texts);
}

/* One place of each kind. */
static void put_each_kind(struct both *b)
{
    struct observation o = at(b, 0, 1);
    put(b, b->first, &o);
    put(b, b->shadow, &o);
    o = at(b, 1, 1);
    put(b, b->first, &o);
    o.value = 2.25;
    put(b, b->shadow, &o);
    o = at(b, 2, 3);
    put(b, b->first, &o);
    o.tests = quality_tests_set(o.tests, b->w->slots[0], QUALITY_FAIL);
    put(b, b->shadow, &o);
    o = at(b, 3, 4);
    put(b, b->first, &o);
    o.message = 8;
    put(b, b->shadow, &o);
    o = at(b, 4, 5);
    put(b, b->first, &o);
    o = at(b, 5, (double)NAN);
    put(b, b->shadow, &o);
}

static void test_store_walk_tells_each_kind_of_difference(void **state)
{
    static const enum difference wanted[] = {DIFFERENCE_VALUE, DIFFERENCE_FLAG,
                                             DIFFERENCE_SOURCE, DIFFERENCE_WITHDRAWN,
                                             DIFFERENCE_NEW};
    struct store_difference found[MOST];
    struct both b;
    open_shadow(&b, state);
    put_each_kind(&b);
    for (size_t step = 1; step < 8; step += 3) {
        struct world_walk w;
        begin_walk(&w, 1);
        assert_int_equal(walk_all(&b, &w.walk, step, found), 5);
        for (size_t i = 0; i < 5; i++) {
            assert_int_equal(found[i].change, wanted[i]);
            assert_int_equal(found[i].time_us, FIRST_US * (int64_t)(i + 2));
        }
        assert_int_equal(w.same[0], 1);
        assert_true(found[0].before.value == 1 && found[0].after.value == 2.25);
        assert_true(found[0].after.raw == 1);
        assert_true(isnan(found[4].before.value) && isnan(found[4].after.value));
        arena_close(w.walk.texts);
    }
    close_shadow(&b);
}

/* A unit that neither knew at first has a number of its own in each. */
static void test_store_walk_compares_texts_of_late_units(void **state)
{
    static const char *const units[] = {"degC", "K", "mK", "degF"};
    struct store_difference found[MOST];
    struct world_walk w;
    struct both b;
    open_shadow(&b, state);
    for (int i = 0; i < 4; i++) { /* in another order */
        struct observation o = at(&b, i, i);
        o.raw_unit = units[i];
        put(&b, b.first, &o);
        o = at(&b, 3 - i, 3 - i);
        o.raw_unit = units[3 - i];
        put(&b, b.shadow, &o);
    }
    struct observation o = at(&b, 4, 4);
    o.raw_unit = "K";
    put(&b, b.first, &o);
    o.raw_unit = "mK";
    put(&b, b.shadow, &o);
    begin_walk(&w, 1);
    assert_int_equal(walk_all(&b, &w.walk, MOST, found), 1);
    assert_int_equal(found[0].change, DIFFERENCE_SOURCE);
    assert_string_equal(found[0].before.raw_unit, "K");
    assert_string_equal(found[0].after.raw_unit, "mK");
    assert_int_equal(w.same[0], 4);
    arena_close(w.walk.texts);
    close_shadow(&b);
}

/* Both got a series after the shadow was made: the same id, but not the same series. */
static void test_store_walk_keeps_later_series_apart(void **state)
{
    struct store_difference found[MOST];
    struct world_walk w;
    struct both b;
    open_shadow(&b, state);
    for (int i = 0; i < 2; i++) {
        b.w->store = i == 0 ? b.first : b.shadow;
        OK(store_begin(b.w->store));
        int32_t id = store_world_series(b.w, "kiel", i == 0 ? "here" : "there", 2);
        OK(store_commit(b.w->store));
        assert_int_equal(id, 2);
        struct observation o = store_world_observation(id, FIRST_US, 1);
        put(&b, b.w->store, &o);
    }
    begin_walk(&w, 1);
    assert_int_equal(walk_all(&b, &w.walk, MOST, found), 1);
    assert_int_equal(found[0].change, DIFFERENCE_NEW);
    assert_int_equal(found[0].series, 2);
    arena_close(w.walk.texts);
    close_shadow(&b);
}

static void test_store_next_kept_finds_the_next_time(void **state)
{
    struct both b;
    int64_t next_us = 0;
    open_shadow(&b, state);
    struct observation o = at(&b, 4, 1);
    OK(store_begin(b.first));
    OK(store_keep(b.first, &o));
    OK(store_commit(b.first));
    OK(store_next_kept(b.first, b.series, o.time_us - 7, &next_us));
    assert_int_equal(next_us, o.time_us);
    OK(store_next_kept(b.first, b.series, o.time_us, &next_us));
    assert_int_equal(next_us, o.time_us);
    OK(store_next_kept(b.first, b.series, o.time_us + 1, &next_us));
    assert_true(next_us == INT64_MAX);
    OK(store_next_kept(b.first, b.series + 1, 0, &next_us));
    assert_true(next_us == INT64_MAX);
    close_shadow(&b);
}

#define TEST(f)                                                                          \
    cmocka_unit_test_setup_teardown(f, store_world_set_up, store_world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_walk_tells_each_kind_of_difference),
        TEST(test_store_walk_compares_texts_of_late_units),
        TEST(test_store_walk_keeps_later_series_apart),
        TEST(test_store_next_kept_finds_the_next_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
