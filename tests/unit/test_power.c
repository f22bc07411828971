/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/power_world.h"

#include "support/assert_close.h"
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The power is cut at each write and sync of a run of 200 messages, in each way in which
 * a disk may lose what was not synced. Whatever was acknowledged, or shown as stored,
 * must be there, nothing twice, and what comes out at the end must be what comes out
 * without a cut. KOGGE_SEED=number repeats a run, `test_power MODE NUMBER` one cut of it.
 */

enum {
    SAMPLE = 80, /* cuts a mode, unless KOGGE_LONG asks for all */
    ENOUGH = 20, /* faults of the hub: it need not go on */
};

static struct power_world world;
static uint64_t seed;

/* What a failure is about. */
static struct {
    bool under_way;
    enum power_mode mode;
    long long cut;
} now;

static void print_now(void)
{
    printf("this was: KOGGE_SEED=%llu test_power %s %lld\n", (unsigned long long)seed,
           power_mode_names[now.mode], now.cut);
}

static int64_t run_undisturbed(enum power_mode mode)
{
    power_world_fresh(&world, mode, seed);
    assert_true(power_world_run(&world));
    power_world_stop(&world);
    return power_vfs_changes();
}

/* Once more, early in the work that the first cut left behind. */
static void cut_again(uint64_t cut)
{
    power_vfs_cut_at(power_vfs_changes() + 1 + (int64_t)(cut * 7 % 60));
    if (!power_world_run(&world)) {
        power_vfs_restore();
        power_world_check_cut(&world, false);
    }
    power_vfs_cut_at(0);
}

static void cut_at(enum power_mode mode, int64_t cut)
{
    int64_t wrong = world.lost + world.doubled;
    now.under_way = true;
    now.mode = mode;
    now.cut = cut;
    power_world_fresh(&world, mode, seed + (uint64_t)cut * 1000003);
    power_vfs_cut_at(cut);
    if (power_world_run(&world)) {
        power_world_stop(&world);
    }
    assert_true(power_vfs_is_off());
    power_vfs_restore();
    power_world_check_cut(&world, true);
    if (cut % 4 == 0) {
        cut_again((uint64_t)cut);
    }
    assert_true(power_world_run(&world));
    power_world_check_end(&world);
    now.under_way = false;
    if (world.lost + world.doubled != wrong) {
        print_now();
    }
}

static void test_power_cut_at_each_write_and_sync(void **state)
{
    (void)state;
    int cuts = 0;
    for (int mode = 0; mode < POWER_MODES; mode++) {
        int64_t changes = run_undisturbed((enum power_mode)mode);
        assert_true(changes > 500);
        int64_t cut = 0;
        for (int64_t k = 0; power_world_sample(k, changes, SAMPLE, &cut) &&
                            world.lost + world.doubled < ENOUGH;
             k++) {
            cut_at((enum power_mode)mode, cut);
            cuts++;
        }
        printf("power %s: %lld writes and syncs\n", power_mode_names[mode],
               (long long)changes);
    }
    printf("power%s: cuts %d, modes %d, lost %lld, doubled %lld\n", fixture_sample(),
           cuts, POWER_MODES, (long long)world.lost, (long long)world.doubled);
    assert_int_equal(world.lost, 0);
    assert_int_equal(world.doubled, 0);
}

static int set_up(void **state)
{
    (void)state;
    seed = power_world_seed();
    power_world_begin(&world);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (now.under_way) {
        print_now();
        return 0; /* files may be open */
    }
    power_world_end(&world);
    return 0;
}

static int cut_by_hand(const char *mode, const char *cut)
{
    set_up(NULL);
    for (int m = 0; m < POWER_MODES; m++) {
        if (strcmp(mode, power_mode_names[m]) == 0) {
            cut_at((enum power_mode)m, strtoll(cut, NULL, 10));
        }
    }
    tear_down(NULL);
    return world.lost + world.doubled == 0 ? 0 : 1;
}

int main(int count, char **words)
{
    if (count == 3) {
        return cut_by_hand(words[1], words[2]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_cut_at_each_write_and_sync),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
