/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/store_world.h"

#include "base/clock.h"
#include "store/books.h"
#include "store/report.h"
#include "support/assert_close.h"
#include "support/database.h"
#include "support/fixture.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define OK(call) assert_int_equal((call), ERR_OK)

static const char *const tests_more[] = {"gross_range_test", "device", "time"};

/* --- changes --- */

struct changes_seen {
    int count;
    struct store_change last;
    char station[32];
};

static void see_change(void *arg, const struct store_change *c)
{
    struct changes_seen *seen = arg;
    seen->count++;
    seen->last = *c;
    snprintf(seen->station, sizeof seen->station, "%s", c->key.station);
}

static void log_changes(struct store_world *w, int count)
{
    OK(store_begin(w->store));
    int32_t id = store_world_series(w, "kiel", "a", 0);
    for (int i = 0; i < count; i++) {
        OK(store_changed(w->store, id, i * INT64_C(3600000000) - 1,
                         i * INT64_C(3600000000) + 1));
    }
    OK(store_commit(w->store));
}

static void test_store_changes_are_numbered_windows(void **state)
{
    struct store_world *w = *state;
    struct changes_seen seen = {0};
    int64_t last = -1;
    struct store_reader *r = store_world_reader(w);
    OK(store_changes(r, 0, &seen, see_change, &last));
    assert_int_equal(seen.count, 0);
    assert_int_equal(last, 0);
    log_changes(w, 3);
    OK(store_changes(r, 1, &seen, see_change, &last));
    assert_int_equal(seen.count, 2);
    assert_int_equal(last, 3);
    assert_string_equal(seen.station, "a");
    assert_int_equal(seen.last.from_us, INT64_C(7199000000)); /* seconds, rounded out */
    assert_int_equal(seen.last.to_us, INT64_C(7200999999));
    OK(store_last_change(r, &last));
    assert_int_equal(last, 3);
    store_reader_close(r);
}

static void test_store_fold_tells_late_consumers_to_read_all(void **state)
{
    struct store_world *w = *state;
    struct changes_seen seen = {0};
    int64_t last = 0;
    log_changes(w, 60);
    OK(store_fold(w->store, 50));
    OK(store_fold(w->store, 40));
    struct store_reader *r = store_world_reader(w);
    assert_int_equal(store_changes(r, 49, &seen, see_change, &last), ERR_ABSENT);
    OK(store_changes(r, 50, &seen, see_change, &last));
    assert_int_equal(seen.count, 10);
    assert_int_equal(last, 60);
    /* a number that this store never gave folds no more than there is, and the next
     * change goes on from there */
    OK(store_fold(w->store, 1000000));
    assert_int_equal(store_number(w->store, STORE_FOLD), 60);
    log_changes(w, 1);
    seen.count = 0;
    OK(store_changes(r, 60, &seen, see_change, &last));
    assert_int_equal(seen.count, 1);
    assert_int_equal(last, 61);
    char days[512]; /* 60 hours from 23:59:59 on: days -1 to 2 */
    database_text(w->folder, "hub.db", "SELECT day FROM folded ORDER BY day", days);
    assert_string_equal(days, "-1 0 1 2 ");
    store_reader_close(r);
}

/* --- what goes back --- */

static void test_store_rollback_takes_numbers_books_and_series_back(void **state)
{
    struct store_world *w = *state;
    const int64_t one[OUTCOME_COUNT] = {[OUTCOME_STORED] = 1};
    int64_t epoch = store_number(w->store, STORE_EPOCH);
    for (int round = 0; round < 3; round++) {
        OK(store_begin(w->store));
        int32_t id = store_world_series(w, "kiel", round == 1 ? "b" : "a", 0);
        assert_int_equal(id, 1);
        struct observation o = store_world_observation(id, 5, 1);
        o.raw_unit = "K";
        store_world_insert(w, &o);
        const struct booking of = {round == 1 ? "other" : "src", "", 9};
        OK(store_book(w->store, &of, FATE_STORED, 1, one));
        OK(store_set_number(w->store, STORE_CURSOR, 12));
        store_rollback(w->store);
        assert_int_equal(store_number(w->store, STORE_CURSOR), 0);
        assert_int_equal(store_number(w->store, STORE_EPOCH), epoch);
    }
    OK(store_begin(w->store));
    int32_t id = store_world_series(w, "kiel", "c", 0);
    struct observation o = store_world_observation(id, 5, 1);
    o.raw_unit = "K";
    store_world_insert(w, &o);
    const struct booking of = {"src", "", 9};
    OK(store_book(w->store, &of, FATE_STORED, 1, one));
    OK(store_commit(w->store));
    store_world_reopen(w);
    OK(store_begin(w->store));
    assert_int_equal(store_world_series(w, "kiel", "c", 0), 1);
    assert_int_equal(store_world_series(w, "kiel", "a", 0), 2);
    store_rollback(w->store);
    struct store_reader *r = store_world_reader(w);
    struct row_source source;
    struct observation_row row;
    OK(store_rows_open(r, &store_world_all, &source, NULL));
    assert_int_equal(source.next(source.self, &row), 1);
    assert_string_equal(row.key.station, "c");
    assert_string_equal(row.raw_unit, "K");
    assert_int_equal(source.next(source.self, &row), 0);
    store_reader_close(r);
}

static void test_store_failed_commit_leaves_nothing(void **state)
{
    struct store_world *w = *state;
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    OK(store_begin(w->store));
    int32_t id = store_world_series(w, "kiel", "a", 0);
    struct observation o = store_world_observation(id, 5, 1);
    store_world_insert(w, &o);
    OK(store_set_number(w->store, STORE_CURSOR, 77));
    fixture_limit_files(1024);
    enum err e = store_commit(w->store);
    fixture_limit_files(RLIM_INFINITY);
    assert_int_not_equal(e, ERR_OK);
    assert_int_equal(err_class(e), ERR_CLASS_RETRY);
    assert_int_equal(store_number(w->store, STORE_CURSOR), 0);
    OK(store_begin(w->store));
    assert_int_equal(store_world_series(w, "kiel", "a", 0), 1);
    store_world_insert(w, &o);
    OK(store_commit(w->store));
    signal(SIGXFSZ, before);
}

/* --- conflicts, revisions, messages --- */

static void test_store_keeps_conflicts_once(void **state)
{
    struct store_world *w = *state;
    int64_t count = 0;
    struct observation kept = {0};
    OK(store_begin(w->store));
    int32_t id = store_world_series(w, "kiel", "a", 0);
    struct observation o = store_world_observation(id, 5, 1.25);
    struct observation missing = store_world_observation(id, 5, (double)NAN);
    missing.message = 8;
    missing.index = 3;
    OK(store_keep(w->store, &o));
    OK(store_keep(w->store, &o));
    OK(store_keep(w->store, &missing));
    OK(store_kept_count(w->store, id, 5, &count));
    assert_int_equal(count, 2);
    OK(store_get_kept(w->store, id, 5, (double)NAN, &kept));
    assert_int_equal(kept.message, 8);
    assert_int_equal(kept.index, 3);
    assert_int_equal(store_get_kept(w->store, id, 5, 7, &kept), ERR_ABSENT);
    OK(store_unkeep(w->store, &o));
    assert_int_equal(store_get_kept(w->store, id, 5, 1.25, &kept), ERR_ABSENT);
    OK(store_commit(w->store));
}

static void see_conflict(void *arg, const struct report_conflict *c)
{
    (void)c;
    ++*(int *)arg;
}

/* Nulls over the first page of observations. */
static void damage_observations(const struct store_world *w)
{
    static const char nulls[4096];
    char path[300];
    int64_t page =
        database_number(w->folder, "hub.db",
                        "SELECT rootpage FROM sqlite_schema WHERE name = 'observations'");
    snprintf(path, sizeof path, "%s/hub.db", w->folder);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)(page - 1) * (long)sizeof nulls, SEEK_SET), 0);
    assert_int_equal(fwrite(nulls, 1, sizeof nulls, file), sizeof nulls);
    assert_int_equal(fclose(file), 0);
}

static void test_report_conflicts_tells_a_fault_from_a_missing_value(void **state)
{
    struct store_world *w = *state;
    int seen = 0;
    OK(store_begin(w->store));
    int32_t id = store_world_series(w, "kiel", "a", 3);
    struct observation o = store_world_observation(id, 5, 1.125);
    store_world_insert(w, &o);
    o.value = 2;
    o.message = 3;
    OK(store_keep(w->store, &o));
    OK(store_commit(w->store));
    store_close(w->store); /* all of it goes into hub.db */
    w->store = NULL;
    struct store_reader *r = store_world_reader(w);
    OK(report_conflicts(r, &seen, see_conflict));
    assert_int_equal(seen, 1);
    store_reader_close(r);
    damage_observations(w);
    r = store_world_reader(w);
    assert_int_equal(report_conflicts(r, &seen, see_conflict), ERR_DAMAGED);
    assert_int_equal(seen, 1);
    store_reader_close(r);
}

struct revision_seen {
    int count;
    double value;
    int64_t message;
};

static void see_revision(void *arg, const struct report_revision *v)
{
    struct revision_seen *seen = arg;
    seen->count++;
    seen->value = v->value;
    seen->message = v->message;
}

static void test_store_replace_makes_a_revision_only_when_told(void **state)
{
    struct store_world *w = *state;
    struct revision_seen seen = {0};
    struct held before;
    OK(store_begin(w->store));
    int32_t id = store_world_series(w, "kiel", "a", 3);
    struct observation o = store_world_observation(id, 5, 1.125);
    store_world_insert(w, &o);
    o.message = 3;
    OK(store_replace(w->store, &o, NULL));
    OK(store_held_of(w->store, &o, &before));
    o.message = 2;
    o.value = o.raw = 4;
    OK(store_replace(w->store, &o, &before));
    OK(store_changed(w->store, id, 5, 5));
    OK(store_commit(w->store));
    struct store_reader *r = store_world_reader(w);
    OK(report_revisions(r, id, 5, &seen, see_revision));
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.message, 3);
    assert_true(seen.value == 1.125);
    store_reader_close(r);
    /* "at" is the number of the change that ended it */
    assert_int_equal(
        database_number(w->folder, "hub.db",
                        "SELECT r.at = c.number FROM revisions r, changes c"),
        1);
}

static void test_store_message_rows_come_and_go(void **state)
{
    struct store_world *w = *state;
    struct message_row row = {.id = 4,
                              .source = "src",
                              .city = "",
                              .fate = FATE_REJECTED,
                              .outcomes = {[OUTCOME_REJECTED] = 2},
                              .stage = "decode",
                              .device = "d",
                              .reason = "why"};
    struct message_row read = {0};
    int64_t ids[4];
    size_t count = 0;
    OK(store_begin(w->store));
    OK(store_put_message(w->store, &row));
    OK(store_get_message(w->store, 4, &read));
    assert_string_equal(read.source, "src");
    assert_string_equal(read.reason, "why");
    assert_int_equal(read.outcomes[OUTCOME_REJECTED], 2);
    OK(store_list_messages(w->store, FATE_REJECTED, 3, ids, 4, &count));
    assert_int_equal(count, 1);
    OK(store_list_messages(w->store, FATE_REJECTED, 4, ids, 4, &count));
    assert_int_equal(count, 0);
    row.fate = FATE_STORED;
    OK(store_put_message(w->store, &row));
    assert_int_equal(store_get_message(w->store, 4, &read), ERR_ABSENT);
    OK(store_commit(w->store));
}

static void test_store_get_message_does_not_hold_the_log(void **state)
{
    struct store_world *w = *state;
    struct message_row row = {.id = 4,
                              .source = "src",
                              .city = "",
                              .fate = FATE_EMPTY,
                              .stage = "",
                              .device = "",
                              .reason = ""};
    struct message_row read = {0};
    OK(store_begin(w->store));
    OK(store_put_message(w->store, &row));
    OK(store_get_message(w->store, 4, &read));
    OK(store_commit(w->store));
    /* 0: no reader stood in the way of emptying the log */
    assert_int_equal(
        database_number(w->folder, "hub.db", "PRAGMA wal_checkpoint(TRUNCATE)"), 0);
}

/* --- opening --- */

static void test_store_slots_stay_when_tests_are_added(void **state)
{
    struct store_world *w = *state;
    int slots[QUALITY_TESTS];
    store_close(w->store);
    w->store = NULL;
    OK(store_open(w->folder, tests_more, 3, slots, &w->store, NULL));
    assert_int_equal(slots[1], w->slots[0]);
    assert_int_equal(slots[2], w->slots[1]);
    assert_int_equal(slots[0], 2);
    struct store_reader *r = store_world_reader(w);
    assert_string_equal(store_test_names(r)[0], "device");
    assert_string_equal(store_test_names(r)[2], "gross_range_test");
    assert_null(store_test_names(r)[3]);
    store_reader_close(r);
}

static void test_store_refuses_what_a_newer_program_wrote(void **state)
{
    struct store_world *w = *state;
    struct store *other = NULL;
    struct store_reader *r = NULL;
    struct diag d = {0};
    int slots[QUALITY_TESTS];
    store_close(w->store);
    w->store = NULL;
    database_run(w->folder, "hub.db", "PRAGMA user_version=99");
    assert_int_equal(store_open(w->folder, store_world_tests, 2, slots, &other, &d),
                     ERR_NEWER);
    assert_non_null(strstr(d.text, "newer program"));
    assert_int_equal(store_reader_open(w->folder, &r, &d), ERR_NEWER);
}

static void test_store_refuses_what_is_no_store(void **state)
{
    struct store_world *w = *state;
    char path[300];
    struct store *other = NULL;
    struct store_reader *r = NULL;
    struct diag d = {0};
    int slots[QUALITY_TESTS];
    store_close(w->store);
    w->store = NULL;
    snprintf(path, sizeof path, "%s/hub.db", w->folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(store_reader_open(w->folder, &r, &d), ERR_ABSENT);
    FILE *f = fopen(path, "w");
    fprintf(f, "%4096s", "this is no database");
    fclose(f);
    assert_int_equal(store_open(w->folder, store_world_tests, 2, slots, &other, &d),
                     ERR_DAMAGED);
}

static void test_store_refuses_a_slot_that_is_none(void **state)
{
    struct store_world *w = *state;
    static const char *const slots_set[] = {"20", "-1", "9223372036854775807"};
    store_close(w->store);
    w->store = NULL;
    for (size_t k = 0; k < sizeof slots_set / sizeof *slots_set; k++) {
        struct store *other = NULL;
        struct diag d = {0};
        int slots[QUALITY_TESTS];
        char sql[100];
        snprintf(sql, sizeof sql, "UPDATE tests SET slot=%s WHERE name='%s'",
                 slots_set[k], store_world_tests[0]);
        database_run(w->folder, "hub.db", sql);
        assert_int_equal(store_open(w->folder, store_world_tests, 2, slots, &other, &d),
                         ERR_DAMAGED);
        assert_true(d.text[0] != '\0');
    }
}

static void test_store_view_stays_while_the_writer_goes_on(void **state)
{
    struct store_world *w = *state;
    struct observation_row rows[8];
    OK(store_begin(w->store));
    int32_t id = store_world_series(w, "kiel", "a", 0);
    struct observation o = store_world_observation(id, 5, 1);
    store_world_insert(w, &o);
    OK(store_commit(w->store));
    struct store_reader *r = store_world_reader(w);
    OK(store_view_begin(r));
    OK(store_begin(w->store));
    o = store_world_observation(id, 6, 1);
    store_world_insert(w, &o);
    OK(store_commit(w->store));
    assert_int_equal(store_world_read(r, &store_world_all, rows, 8), 1);
    store_view_end(r);
    assert_int_equal(store_world_read(r, &store_world_all, rows, 8), 2);
    store_reader_close(r);
}

#define TEST(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, store_world_set_up, store_world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_changes_are_numbered_windows),
        TEST(test_store_fold_tells_late_consumers_to_read_all),
        TEST(test_store_rollback_takes_numbers_books_and_series_back),
        TEST(test_store_failed_commit_leaves_nothing),
        TEST(test_store_keeps_conflicts_once),
        TEST(test_report_conflicts_tells_a_fault_from_a_missing_value),
        TEST(test_store_replace_makes_a_revision_only_when_told),
        TEST(test_store_message_rows_come_and_go),
        TEST(test_store_get_message_does_not_hold_the_log),
        TEST(test_store_slots_stay_when_tests_are_added),
        TEST(test_store_refuses_what_a_newer_program_wrote),
        TEST(test_store_refuses_what_is_no_store),
        TEST(test_store_refuses_a_slot_that_is_none),
        TEST(test_store_view_stays_while_the_writer_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
