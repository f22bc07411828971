/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/power_world.h"

#include "support/assert_close.h"
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A disk that fails (EIO) or is full (ENOSPC) at each call of a run of 200 messages, once
 * or until the hub has been refused ten times. The hub tries again and goes on, and when
 * the power is cut behind the last commit nothing is missing and nothing twice: what a
 * failed sync was to write may not be on the disk though later syncs succeed.
 * KOGGE_SEED=number repeats a run, `test_power_faults KIND NUMBER` one fault of it. */

enum {
    SAMPLE = 60, /* faults a kind, unless KOGGE_LONG asks for all */
    ENOUGH = 20, /* faults of the hub: it need not go on */
};

static const struct kind {
    const char *name;
    enum power_fault fault;
    bool lasts;
} kinds[] = {
    {"EIO-once", POWER_EIO, false},
    {"EIO-lasting", POWER_EIO, true},
    {"ENOSPC-once", POWER_ENOSPC, false},
    {"ENOSPC-lasting", POWER_ENOSPC, true},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static struct power_world world;
static uint64_t seed;

/* What a failure is about. */
static struct {
    const struct kind *kind; /* NULL: none under way */
    long long call;
} now;

static void print_now(const struct kind *kind)
{
    printf("this was: KOGGE_SEED=%llu test_power_faults %s %lld\n",
           (unsigned long long)seed, kind->name, now.call);
}

/* What the cut leaves of what was not synced. */
static enum power_mode mode_of(int64_t call)
{
    static const enum power_mode modes[] = {POWER_LOSE, POWER_REORDER, POWER_TEAR};
    return modes[call % 3];
}

static int64_t run_undisturbed(enum power_fault fault)
{
    power_world_fresh(&world, POWER_LOSE, seed);
    assert_true(power_world_run(&world));
    power_world_stop(&world);
    return power_vfs_calls(fault);
}

/* Gives how often the hub was refused. */
static int fail_at(const struct kind *kind, int64_t call)
{
    int64_t wrong = world.lost + world.doubled;
    now.kind = kind;
    now.call = call;
    power_world_fresh(&world, mode_of(call), seed + (uint64_t)call * 1000003);
    power_vfs_fail_at(kind->fault, call, kind->lasts ? INT32_MAX : 1);
    assert_true(power_world_run(&world));
    int refused = world.refused;
    power_vfs_heal();
    power_vfs_cut();
    power_world_stop(&world);
    power_vfs_restore();
    power_world_check_cut(&world, false);
    assert_true(power_world_run(&world));
    power_world_check_end(&world);
    now.kind = NULL;
    if (world.lost + world.doubled != wrong) {
        print_now(kind);
    }
    return refused;
}

static void test_power_disk_fails_at_each_call(void **state)
{
    (void)state;
    int faults = 0;
    int refused = 0;
    for (size_t i = 0; i < KINDS; i++) {
        int64_t calls = run_undisturbed(kinds[i].fault);
        int before = refused;
        int64_t call = 0;
        assert_true(calls > 500);
        for (int64_t k = 0; power_world_sample(k, calls, SAMPLE, &call) &&
                            world.lost + world.doubled < ENOUGH;
             k++) {
            refused += fail_at(&kinds[i], call);
            faults++;
        }
        printf("power %s: %lld calls, refused %d times\n", kinds[i].name,
               (long long)calls, refused - before);
        assert_true(refused > before);
    }
    printf("power%s: faults %d, kinds %d, refused %d, lost %lld, doubled %lld\n",
           fixture_sample(), faults, KINDS, refused, (long long)world.lost,
           (long long)world.doubled);
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
    if (now.kind != NULL) {
        print_now(now.kind);
        return 0; /* files may be open */
    }
    power_world_end(&world);
    return 0;
}

static int fail_by_hand(const char *name, const char *call)
{
    set_up(NULL);
    for (size_t i = 0; i < KINDS; i++) {
        if (strcmp(name, kinds[i].name) == 0) {
            printf("refused %d times\n", fail_at(&kinds[i], strtoll(call, NULL, 10)));
        }
    }
    tear_down(NULL);
    return world.lost + world.doubled == 0 ? 0 : 1;
}

int main(int count, char **words)
{
    if (count == 3) {
        return fail_by_hand(words[1], words[2]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_disk_fails_at_each_call),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
