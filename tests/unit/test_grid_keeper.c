/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/grid_keeper.h"

#include "app/grid_series.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "grid/grid.h"
#include "grid/pack.h"
#include "store/grids.h"
#include "store/sqlite.h"
#include "support/assert_close.h"
#include "support/database.h"
#include "support/fixture.h"
#include "support/grid_trial.h"
#include "support/store_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OK(call) assert_int_equal((call), ERR_OK)
#define STEP_US (600 * CLOCK_US_PER_S)

enum {
    STATIONS = 40,
    PARAMETERS = 7,
    SERIES = STATIONS * PARAMETERS,
    TEXT_MOST = 32 << 20
};

/* --- a configuration: p0 to p4 by each rule, p5 not in it, p6 housekeeping; at station
 * s0 p0 is expected every 10 minutes, or every 15 --- */

static const char *const stations[STATIONS] = {
    "s0",  "s1",  "s2",  "s3",  "s4",  "s5",  "s6",  "s7",  "s8",  "s9",
    "s10", "s11", "s12", "s13", "s14", "s15", "s16", "s17", "s18", "s19",
    "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29",
    "s30", "s31", "s32", "s33", "s34", "s35", "s36", "s37", "s38", "s39"};
static struct parameter parameters[] = {
    {.id = "p0", .aggregate = AGGREGATE_MEAN},
    {.id = "p1", .aggregate = AGGREGATE_MEDIAN},
    {.id = "p2", .aggregate = AGGREGATE_DIRECTION},
    {.id = "p3", .aggregate = AGGREGATE_LOG10, .detection_limit = 1},
    {.id = "p4", .aggregate = AGGREGATE_SUM},
    {.id = "p6", .kind = PARAMETER_HOUSEKEEPING},
};
static const struct sensor_field field = {.parameter = &parameters[0],
                                          .position = "main"};
static const struct sensor_model model = {.fields = &field, .field_count = 1};
static const struct station station = {.station = "s0"};
static struct device device = {.model = &model};
static const struct placement placements[2] = {
    {{INT64_MIN, INT64_MAX}, &device, .station = &station, .interval_s = 600},
    {{INT64_MIN, INT64_MAX}, &device, .station = &station, .interval_s = 900}};
static const struct device devices[2] = {
    {.model = &model, .placements = &placements[0], .placement_count = 1},
    {.model = &model, .placements = &placements[1], .placement_count = 1}};

static struct configuration configuration_of(int which)
{
    return (struct configuration){.parameters = parameters,
                                  .parameter_count = 6,
                                  .devices = &devices[which],
                                  .device_count = 1};
}

/* --- what is kept, as text --- */

static enum err put_block(void *arg, int64_t start_us, const void *bytes, size_t size)
{
    struct buf *b = arg;
    buf_put_format(b, "%lld:", (long long)start_us);
    for (size_t k = 0; k < size; k++) {
        buf_put_format(b, "%02x", ((const unsigned char *)bytes)[k]);
    }
    buf_put_text(b, "\n");
    return b->err;
}

static char *kept_of(const char *folder)
{
    struct grids *g = NULL;
    struct buf b;
    buf_init(&b, TEXT_MOST);
    OK(grids_open(folder, true, &g, NULL));
    for (int32_t s = 1; s <= SERIES; s++) {
        for (int grid = 0; grid < GRIDS; grid++) {
            const struct grids_range all = {s, grid, INT64_MIN, INT64_MAX};
            buf_put_format(&b, "%d %s\n", (int)s, grid_names[grid]);
            OK(grids_read(g, &all, &b, put_block));
        }
    }
    grids_close(g);
    char *text = strdup(buf_text(&b));
    buf_fini(&b);
    assert_non_null(text);
    return text;
}

/* --- rounds, broken off or not --- */

static int commits_left;
static bool by_death;
static atomic_bool stop;

static int before_commit(void *arg)
{
    (void)arg;
    if (commits_left-- == 0) {
        if (by_death) {
            _exit(77); /* as kill -9: nothing more of this process happens */
        }
        atomic_store(&stop, true);
    }
    return 0;
}

static int watch_commits(sqlite3 *db, const char **message, const void *api)
{
    (void)message;
    (void)api;
    const char *name = sqlite3_db_filename(db, "main");
    if (name != NULL && strstr(name, "grids.db") != NULL) {
        sqlite3_commit_hook(db, before_commit, NULL);
    }
    return SQLITE_OK;
}

static void watch(bool on)
{
    union {
        int (*f)(sqlite3 *db, const char **message, const void *api);
        void (*any)(void);
    } entry = {.f = watch_commits};
    if (on) {
        sqlite3_auto_extension(entry.any);
    } else {
        sqlite3_cancel_auto_extension(entry.any);
    }
}

/* A round by a keeper that opens and closes; broken off at a commit unless that is -1. */
static enum err round_of(const char *folder, int which, int commit)
{
    const struct configuration c = configuration_of(which);
    const struct grid_work w = {&c, false, &stop};
    struct grid_keeper *k = NULL;
    struct grid_done done;
    commits_left = commit;
    atomic_store(&stop, false);
    watch(true);
    OK(grid_keeper_open(folder, &k, NULL));
    enum err e = grid_keeper_round(k, &w, &done);
    grid_keeper_close(k);
    watch(false);
    return e;
}

static void killed_round(const char *folder, int which, int commit)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        by_death = true;
        _exit(round_of(folder, which, commit) == ERR_OK ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77);
}

/* The same store, but nothing kept yet. */
static char *kept_from_nothing(const struct store_world *w, int which)
{
    char folder[256];
    char from[300];
    char to[300];
    fixture_folder(folder);
    snprintf(from, sizeof from, "%s/hub.db", w->folder);
    snprintf(to, sizeof to, "%s/hub.db", folder);
    assert_int_equal(symlink(from, to), 0);
    OK(round_of(folder, which, -1));
    char *text = kept_of(folder);
    fixture_remove(folder);
    return text;
}

static void judge(const struct store_world *w, int which)
{
    OK(round_of(w->folder, which, -1));
    char *kept = kept_of(w->folder);
    char *nothing = kept_from_nothing(w, which);
    assert_true(strlen(kept) > 10000);
    if (strcmp(kept, nothing) != 0) {
        size_t at = 0;
        while (kept[at] == nothing[at]) {
            at++;
        }
        fail_msg("kept differs from byte %zu on: %.60s instead of %.60s", at, kept + at,
                 nothing + at);
    }
    free(kept);
    free(nothing);
}

/* --- the store changes --- */

static int32_t series[SERIES];

static void make_series(struct store_world *w)
{
    OK(store_begin(w->store));
    for (int k = 0; k < SERIES; k++) {
        series[k] =
            store_world_series(w, "luebeck", stations[k / PARAMETERS], k % PARAMETERS);
        assert_int_equal(series[k], k + 1);
    }
    OK(store_commit(w->store));
}

static quality_tests random_flags(const struct store_world *w)
{
    static const enum quality flags[] = {QUALITY_NOT_EVALUATED, QUALITY_SUSPECT,
                                         QUALITY_FAIL};
    uint64_t chance = grid_trial_random(40);
    return quality_tests_set(quality_tests_new(TIME_SOURCE_READING), w->slots[0],
                             chance < 3 ? flags[chance] : QUALITY_GOOD);
}

/* One observation, or a conflict with the one that stands there, or its end. */
static void put_one(struct store_world *w, int32_t id, int64_t time_us)
{
    struct held held;
    bool inserted = false;
    struct observation o =
        store_world_observation(id, time_us, (double)grid_trial_random(3000) / 10);
    o.tests = random_flags(w);
    if (grid_trial_random(60) == 0) {
        o.value = o.raw = (double)NAN;
        o.tests = quality_tests_set(o.tests, w->slots[0], QUALITY_MISSING);
    }
    OK(store_insert(w->store, &o, &inserted, &held));
    if (!inserted && grid_trial_random(3) == 0) {
        OK(store_withdraw(w->store, &o));
    } else if (!inserted) { /* a conflict, or a duplicate with other flags */
        o.value = grid_trial_random(2) == 0 ? held.value : o.value;
        OK(store_replace(w->store, &o, &held));
    }
}

/* Some runs of observations of the last days, some of earlier ones, in no order. */
static void put_batch(struct store_world *w, int64_t now_us)
{
    OK(store_begin(w->store));
    for (uint64_t runs = 1 + grid_trial_random(12); runs > 0; runs--) {
        int32_t id = series[grid_trial_random(3) > 0 ? grid_trial_random(14)
                                                     : grid_trial_random(SERIES)];
        int64_t back = (int64_t)grid_trial_random(grid_trial_random(4) == 0 ? 5000 : 200);
        int64_t first_us = now_us - back * STEP_US;
        int64_t count = 1 + (int64_t)grid_trial_random(150);
        for (int64_t k = 0; k < count; k++) {
            int64_t jitter_us = grid_trial_random(9) == 0 ? 17 * CLOCK_US_PER_S : 0;
            put_one(w, id, first_us + k * STEP_US + jitter_us);
        }
        OK(store_changed(w->store, id, first_us, first_us + count * STEP_US));
    }
    OK(store_commit(w->store));
}

/* The consumer falls behind what is folded, or does not. */
static void fold_some(struct store_world *w)
{
    struct store_reader *r = store_world_reader(w);
    int64_t last = 0;
    OK(store_last_change(r, &last));
    store_reader_close(r);
    OK(store_fold(w->store, last - (int64_t)grid_trial_random(30)));
}

static void test_kept_grids_equal_those_made_from_nothing(void **state)
{
    struct store_world *w = *state;
    int64_t now_us = grid_trial_time("2025-10-25T00:00:00Z");
    int rounds = getenv("KOGGE_LONG") != NULL ? 600 : 60;
    int which = 0;
    make_series(w);
    for (int k = 0; k < rounds; k++) {
        put_batch(w, now_us);
        now_us += (int64_t)grid_trial_random(150) * STEP_US;
        uint64_t chance = grid_trial_random(12);
        which = chance == 0 ? 1 - which : which;
        if (chance < 4) {
            killed_round(w->folder, which, (int)grid_trial_random(4));
        } else if (chance < 6) {
            enum err e = round_of(w->folder, which, (int)grid_trial_random(3));
            assert_true(e == ERR_OK || e == ERR_BUSY);
        } else if (chance == 6) {
            store_world_reopen(w);
            fold_some(w);
        } else if (chance < 10) {
            OK(round_of(w->folder, which, -1));
        }
        if (k % 15 == 14) {
            judge(w, which);
        }
    }
    judge(w, which);
}

/* --- what is done, and what isn't --- */

static void test_keeper_makes_again_only_what_changed(void **state)
{
    struct store_world *w = *state;
    const struct configuration c = configuration_of(0);
    const struct configuration other = configuration_of(1);
    struct grid_work work = {&c, false, NULL};
    struct grid_keeper *k = NULL;
    struct grid_done done;
    int64_t number = -1;
    int64_t last = 0;
    make_series(w);
    put_batch(w, grid_trial_time("2026-01-20T00:00:00Z"));
    OK(grid_keeper_open(w->folder, &k, NULL));
    OK(grid_keeper_round(k, &work, &done));
    assert_int_equal(done.whole, STATIONS * 5); /* not p5 and p6 */
    OK(grid_keeper_round(k, &work, &done));
    assert_int_equal(done.whole + done.touched, 0);
    OK(store_begin(w->store));
    put_one(w, series[0], grid_trial_time("2026-01-25T00:00:00Z"));
    OK(store_changed(w->store, series[0], grid_trial_time("2026-01-25T00:00:00Z"),
                     grid_trial_time("2026-01-25T00:00:00Z")));
    OK(store_commit(w->store));
    OK(grid_keeper_round(k, &work, &done));
    assert_int_equal(done.whole, 0);
    assert_int_equal(done.touched, 1);
    struct store_reader *r = store_world_reader(w);
    OK(store_last_change(r, &last));
    store_reader_close(r);
    OK(grid_keeper_consumed(k, &number));
    assert_int_equal(number, last);
    /* another interval at s0: p0 of it and nothing else */
    work = (struct grid_work){&other, true, NULL};
    OK(grid_keeper_round(k, &work, &done));
    assert_int_equal(done.whole, 1);
    grid_keeper_close(k);
}

static void put_at(struct store_world *w, int32_t id, const char *time)
{
    int64_t time_us = grid_trial_time(time);
    const struct observation o = store_world_observation(id, time_us, 3);
    OK(store_begin(w->store));
    store_world_insert(w, &o);
    OK(store_changed(w->store, id, time_us, time_us));
    OK(store_commit(w->store));
}

/* A file that is no database, and blocks that are no blocks. */
static void test_keeper_makes_anew_what_is_damaged(void **state)
{
    struct store_world *w = *state;
    char path[300];
    make_series(w);
    for (int k = 0; k < 20; k++) {
        put_batch(w, grid_trial_time("2026-01-20T00:00:00Z"));
    }
    put_at(w, series[0], "2026-03-05T00:00:00Z");
    put_at(w, series[0], "2026-03-10T00:00:00Z");
    OK(round_of(w->folder, 0, -1));
    char *sound = kept_of(w->folder);
    snprintf(path, sizeof path, "%s/grids.db", w->folder);
    OK(file_put(path, "nonsense, and more of it", 24, 0600));
    OK(round_of(w->folder, 0, -1));
    char *again = kept_of(w->folder);
    assert_string_equal(again, sound);
    free(again);
    database_run(w->folder, "grids.db",
                 "UPDATE blocks SET cells = x'0100' WHERE (key >> 28) % 8 = 2");
    put_at(w, series[0], "2026-03-12T00:00:00Z"); /* its month needs the 5th, too */
    judge(w, 0);
    free(sound);
}

/* What is kept unpacks to what is computed from the rows. */
static void take_cell(void *arg, const struct grid_cell *c)
{
    struct grid_trial *t = arg;
    if (c->grid == GRID_DAY) {
        t->cells[t->cell_count++] = *c;
    }
}

static enum err unpack_day(void *arg, int64_t start_us, const void *bytes, size_t size)
{
    struct grid_trial *t = arg;
    const struct grid_block b = {GRID_DAY, start_us, bytes, size};
    return grid_unpack(&t->rule, &b, t, take_cell);
}

static void test_kept_days_are_those_of_the_rows(void **state)
{
    struct store_world *w = *state;
    static struct grid_trial t;
    static struct grid_cell cells[2 * 40];
    static const struct grid_step step = {CLOCK_NONE, 600};
    struct grids *g = NULL;
    int64_t start_us = grid_trial_time("2026-01-20T00:00:00Z");
    t.cells = cells;
    t.rule = (struct grid_rule){.steps = &step, .step_count = 1};
    make_series(w);
    OK(store_begin(w->store));
    struct grid_builder *b = grid_open(&t.rule, &t, take_cell);
    for (int k = 0; k < 144 * 30; k++) {
        struct observation o =
            store_world_observation(series[0], start_us + k * STEP_US, k % 7);
        o.tests = quality_tests_set(o.tests, w->slots[0], QUALITY_GOOD);
        const struct grid_sample s = {o.time_us, o.value, QUALITY_GOOD};
        store_world_insert(w, &o);
        OK(grid_put(b, &s));
    }
    OK(store_changed(w->store, series[0], start_us, start_us + 30 * CLOCK_US_PER_DAY));
    OK(store_commit(w->store));
    OK(grid_finish(b));
    grid_close(b);
    assert_int_equal(t.cell_count, 30);
    OK(round_of(w->folder, 0, -1));
    OK(grids_open(w->folder, true, &g, NULL));
    const struct grids_range all = {series[0], GRID_DAY, INT64_MIN, INT64_MAX};
    OK(grids_read(g, &all, &t, unpack_day));
    grids_close(g);
    assert_int_equal(t.cell_count, 60);
    for (int k = 0; k < 30; k++) {
        assert_true(cells[k].valid);
        assert_close(cells[k].value, cells[30 + k].value, 0);
        assert_int_equal(cells[k].n, cells[30 + k].n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept_grids_equal_those_made_from_nothing,
                                        store_world_set_up, store_world_tear_down),
        cmocka_unit_test_setup_teardown(test_keeper_makes_again_only_what_changed,
                                        store_world_set_up, store_world_tear_down),
        cmocka_unit_test_setup_teardown(test_keeper_makes_anew_what_is_damaged,
                                        store_world_set_up, store_world_tear_down),
        cmocka_unit_test_setup_teardown(test_kept_days_are_those_of_the_rows,
                                        store_world_set_up, store_world_tear_down),
    };
    return cmocka_run_group_tests(tests, grid_trial_seed, NULL);
}
