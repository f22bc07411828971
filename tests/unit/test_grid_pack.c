/* SPDX-License-Identifier: EUPL-1.2 */
#include "grid/pack.h"

#include "base/clock.h"
#include "support/assert_close.h"
#include "support/grid_trial.h"

#define OK(call) assert_int_equal((call), ERR_OK)

struct unpacked {
    const struct grid_cell *wanted;
    size_t count;
};

static void compare_cell(void *arg, const struct grid_cell *c)
{
    struct unpacked *u = arg;
    const struct grid_cell *w = &u->wanted[u->count++];
    static const char *const names[] = {
        "value", "median",     "p90",      "p95",     "min",  "max",     "min_time",
        "n",     "max_time",   "expected", "suspect", "fail", "missing", "not_evaluated",
        "parts", "from_median"};
    assert_int_equal(c->period.from_us, w->period.from_us);
    assert_int_equal(c->valid, w->valid);
    assert_int_equal(c->parts_expected, w->parts_expected);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        assert_close(grid_trial_number(c, names[k]), grid_trial_number(w, names[k]), 0);
    }
    assert_close(c->expected, w->expected, 0);
    assert_close(c->a, w->a, 0);
    assert_close(c->b, w->b, 0);
}

/* Cells of one grid that begin on the day of the first of them. */
static size_t same_block(const struct grid_trial *t, size_t from)
{
    size_t end = from;
    int64_t day_us = grid_period(GRID_DAY, t->cells[from].period.from_us).from_us;
    while (end < t->cell_count && t->cells[end].grid == t->cells[from].grid &&
           t->cells[end].period.from_us < day_us + CLOCK_US_PER_DAY) {
        end++;
    }
    return end;
}

static void test_grid_pack_comes_back_the_same(void **state)
{
    struct grid_trial *t = *state;
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int round = 0; round < 20; round++) {
        grid_trial_series(t);
        for (size_t from = 0, end; from < t->cell_count; from = end) {
            const struct grid_cell *c = &t->cells[from];
            struct unpacked u = {c, 0};
            end = same_block(t, from);
            buf_reset(&b);
            grid_pack(c, end - from, c->period.from_us, &b);
            OK(b.err);
            const struct grid_block block = {c->grid, c->period.from_us, b.bytes,
                                             b.length};
            OK(grid_unpack(&t->rule, &block, &u, compare_cell));
            assert_int_equal(u.count, end - from);
        }
    }
    buf_fini(&b);
}

static void ignore_cell(void *arg, const struct grid_cell *c)
{
    (void)arg;
    (void)c;
}

static void test_grid_unpack_refuses_what_was_cut(void **state)
{
    struct grid_trial *t = *state;
    struct buf b;
    buf_init(&b, 1 << 20);
    grid_trial_begin(t, "mean", 600, 0);
    grid_trial_put(t, grid_trial_time("2026-05-01T00:00:00Z"), "1.5", 1);
    grid_trial_put(t, grid_trial_time("2026-05-01T00:05:00Z"), "2.5", 1);
    grid_trial_run(t);
    grid_pack(t->cells, 1, t->cells[0].period.from_us, &b);
    for (size_t size = 1; size < b.length; size++) {
        const struct grid_block block = {GRID_10MIN, 0, b.bytes, size};
        assert_int_equal(grid_unpack(&t->rule, &block, NULL, ignore_cell), ERR_DAMAGED);
    }
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_grid_pack_comes_back_the_same,
                                        grid_trial_set_up, grid_trial_tear_down),
        cmocka_unit_test_setup_teardown(test_grid_unpack_refuses_what_was_cut,
                                        grid_trial_set_up, grid_trial_tear_down),
    };
    return cmocka_run_group_tests(tests, grid_trial_seed, NULL);
}
