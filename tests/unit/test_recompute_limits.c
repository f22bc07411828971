/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/quality.h"
#include "store/books.h"
#include "store/writer.h"
#include "support/assert_close.h"
#include "support/audit_run.h"
#include "support/database.h"
#include "support/recompute_run.h"

/* What a recomputation does not touch, and what it refuses. */

enum { START_S = 1780100000 };

static void raise_floor(struct pipeline_world *w, int64_t id)
{
    size_t count = 0;
    int slots[QUALITY_TESTS];
    const char *const *names = quality_test_names(&count);
    struct store *s = NULL;
    world_close(w);
    assert_int_equal(store_open(w->folder, names, count, slots, &s, NULL), ERR_OK);
    assert_int_equal(store_raise_floor(s, id), ERR_OK);
    store_close(s);
    world_open(w);
    assert_int_equal(inbox_trim(w->inbox, id), ERR_OK);
}

/* What lies below the floor is neither altered nor withdrawn, and counted. */
static void test_recompute_leaves_alone_what_was_given_up(void **state)
{
    struct pipeline_world w;
    struct recompute_result r;
    (void)state;
    world_begin(&w);
    for (int k = 0; k < 10; k++) {
        const struct sent m = world_ttn("ttn-1", START_S + k, k, 0, "\"temp\": 10");
        world_feed(&w, &m);
    }
    /* a message above the floor that disagrees with one below it */
    const struct sent m = world_ttn("ttn-1", START_S, 11, 0, "\"temp\": 12");
    world_feed(&w, &m);
    raise_floor(&w, 5);
    world_reload(&w, PIPELINE_CHANGED);
    r = recompute_run(&w, &recompute_all_times, true);
    assert_int_equal(r.left_alone, 4);
    assert_int_equal(r.changes[DIFFERENCE_VALUE], 6);
    assert_int_equal(r.changes[DIFFERENCE_WITHDRAWN] + r.changes[DIFFERENCE_NEW], 0);
    recompute_result_fini(&r);
    assert_int_equal(
        world_number(&w, "SELECT count(*) FROM observations WHERE value > 0"), 4);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM revisions"), 6);
    audit_expect_right(w.folder);
    assert_int_equal(recompute_count(&w, &recompute_all_times, false), 0);
    world_remove(&w);
}

/* One that killed the hub is not worked on by a recomputation either. */
static void test_recompute_passes_over_what_was_set_aside(void **state)
{
    struct pipeline_world w;
    struct recompute_result r;
    (void)state;
    world_begin(&w);
    for (int k = 0; k < 5; k++) {
        const struct sent m = world_ttn("ttn-1", START_S + k, k, 0, "\"temp\": 10");
        world_feed(&w, &m);
    }
    world_close(&w);
    /* as if 3 had been set aside: rejected by "work", and it holds nothing */
    database_run(w.folder, "hub.db", "DELETE FROM observations WHERE message = 3");
    database_run(
        w.folder, "hub.db",
        "INSERT INTO messages SELECT 3, 1, 2, x'0000000000000000000000000000000000"
        "0000000000000000000000000000000100000000000000000000000000000000000000"
        "00000000', 'work', '', 'under work at three crashes'");
    world_open(&w);
    r = recompute_run(&w, &recompute_all_times, true);
    assert_int_equal(r.messages, 4);
    /* what was taken away by hand was a neighbour: its flags, and nothing else */
    assert_int_equal(recompute_different(&r), r.changes[DIFFERENCE_FLAG]);
    recompute_result_fini(&r);
    assert_int_equal(recompute_count(&w, &recompute_all_times, false), 0);
    assert_int_equal(world_number(&w, "SELECT count(*) FROM observations"), 4);
    world_remove(&w);
}

static void test_recompute_of_an_unknown_station(void **state)
{
    struct pipeline_world w;
    const char *const stations[] = {"luebeck-b"};
    struct recompute_order order = {.scope = recompute_all_times};
    struct recompute_result r;
    struct diag d = {0};
    (void)state;
    order.scope.stations = stations;
    order.scope.station_count = 1;
    world_begin(&w);
    assert_int_equal(
        pipeline_recompute(w.pipeline, &order, NULL, recompute_no_progress, &r, &d),
        ERR_UNKNOWN);
    assert_string_equal(d.text, "no station or device is named luebeck-b; did you mean "
                                "luebeck-a?");
    world_remove(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recompute_leaves_alone_what_was_given_up),
        cmocka_unit_test(test_recompute_passes_over_what_was_set_aside),
        cmocka_unit_test(test_recompute_of_an_unknown_station),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
