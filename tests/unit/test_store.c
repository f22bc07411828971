/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "base/clock.h"
#include "store/books.h"
#include "store/report.h"
#include "store/schema.h"
#include "store/store.h"
#include "store/writer.h"
#include "support/fixture.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *const tests_one[] = {"device", "time"};
static const char *const tests_more[] = {"gross_range_test", "device", "time"};

struct world {
    char folder[256];
    struct store *store;
    int slots[QUALITY_TESTS];
};

#define OK(call) assert_int_equal((call), ERR_OK)

static void reopen(struct world *w)
{
    store_close(w->store);
    w->store = NULL;
    OK(store_open(w->folder, tests_one, 2, w->slots, &w->store, NULL));
}

static int set_up(void **state)
{
    static struct world w;
    w = (struct world){0};
    fixture_folder(w.folder);
    reopen(&w);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    store_close(w->store);
    fixture_remove(w->folder);
    return 0;
}

static struct parameter parameter_of(int decimals)
{
    return (struct parameter){.id = "p", .unit = "degC", .decimals = decimals};
}

static int32_t series(struct world *w, const char *city, const char *station,
                      int decimals)
{
    char name[8];
    snprintf(name, sizeof name, "p%d", decimals);
    const struct parameter p = parameter_of(decimals);
    const struct series_key key = {city, station, name, "main", "measured"};
    int32_t id = 0;
    OK(store_series(w->store, &key, &p, &id));
    return id;
}

static struct observation observation(int32_t id, int64_t time_us, double value)
{
    return (struct observation){.series = id,
                                .time_us = time_us,
                                .value = value,
                                .raw = value,
                                .raw_unit = "degC",
                                .tests = quality_tests_new(TIME_SOURCE_READING),
                                .message = 7,
                                .index = 0};
}

static void insert(struct world *w, const struct observation *o)
{
    struct held held;
    bool inserted = false;
    OK(store_insert(w->store, o, &inserted, &held));
    assert_true(inserted);
}

static struct store_reader *open_reader(const struct world *w)
{
    struct store_reader *r = NULL;
    OK(store_reader_open(w->folder, &r, NULL));
    return r;
}

static const struct store_query everything = {
    .from_us = INT64_MIN / 2, .to_us = INT64_MAX / 2, .by_dump_order = true};

/* All rows that q asks for; strings of the last one are not to be used. */
static size_t read_rows(struct store_reader *r, const struct store_query *q,
                        struct observation_row *rows, size_t most)
{
    struct row_source source;
    struct diag d = {0};
    size_t n = 0;
    OK(store_rows_open(r, q, &source, &d));
    while (n < most && source.next(source.self, &rows[n]) > 0) {
        n++;
    }
    store_rows_close(r);
    return n;
}

/* --- values --- */

static void test_store_keeps_every_value_bit_for_bit(void **state)
{
    struct world *w = *state;
    static const double odd[] = {0,        -0.001,     12.3456789, -273.15,
                                 1.0 / 3,  -1e300,     5e-324,     9007199254740993.0,
                                 -1e15,    0.1 + 0.2,  1e6,        -999999.999999,
                                 4.999999, 123456.7e3, -0.5,       8.9999e15};
    const size_t count = sizeof odd / sizeof *odd;
    OK(store_begin(w->store));
    for (int decimals = 0; decimals <= 6; decimals++) {
        int32_t id = series(w, "kiel", "a", decimals);
        for (size_t i = 0; i < count; i++) {
            struct observation o = observation(id, (int64_t)i * 1000000, odd[i]);
            insert(w, &o);
        }
        for (int i = -5000; i < 5000; i += 7) { /* what has those decimals exactly */
            struct observation o = observation(id, (5000 + i + 100) * INT64_C(1000000),
                                               i / store_scale(decimals));
            insert(w, &o);
        }
    }
    OK(store_commit(w->store));
    struct store_reader *r = open_reader(w);
    static struct observation_row rows[20000];
    size_t n = read_rows(r, &everything, rows, 20000);
    const size_t each = count + (10000 + 6) / 7;
    assert_int_equal(n, 7 * each);
    for (size_t k = 0; k < n; k++) {
        size_t i = k % each;
        int decimals = (int)(k / each);
        double expected =
            i < count ? odd[i] : (-5000 + 7 * (int)(i - count)) / store_scale(decimals);
        assert_memory_equal(&rows[k].value, &expected, sizeof expected);
        assert_memory_equal(&rows[k].raw, &expected, sizeof expected);
    }
    store_reader_close(r);
}

static void test_store_packs_values_with_the_parameters_decimals(void **state)
{
    struct world *w = *state;
    char command[512];
    OK(store_begin(w->store));
    int32_t id = series(w, "kiel", "a", 3);
    struct observation exact = observation(id, 0, 12.345);
    struct observation finer = observation(id, 1000000, 12.3456);
    insert(w, &exact);
    insert(w, &finer);
    OK(store_commit(w->store));
    snprintf(command, sizeof command,
             "test \"$(sqlite3 %s/hub.db \"SELECT typeof(value), value, raw IS NULL,"
             " raw_unit IS NULL FROM observations ORDER BY s\" | tr '\\n' ' ')\" ="
             " 'integer|12345|1|1 real|12.3456|1|1 '",
             w->folder);
    assert_int_equal(system(command), 0);
}

static void test_store_keeps_raw_values_and_units_that_differ(void **state)
{
    struct world *w = *state;
    OK(store_begin(w->store));
    int32_t id = series(w, "kiel", "a", 3);
    struct observation kelvin = observation(id, 0, 10);
    kelvin.raw = 283.15;
    kelvin.raw_unit = "K";
    struct observation alias = observation(id, 1000000, 11);
    alias.raw_unit = "Cel";
    struct observation missing = observation(id, 2000000, (double)NAN);
    missing.raw = -127;
    struct observation none = observation(id, 3000000, (double)NAN);
    none.raw_unit = "";
    insert(w, &kelvin);
    insert(w, &alias);
    insert(w, &missing);
    insert(w, &none);
    OK(store_commit(w->store));
    struct store_reader *r = open_reader(w);
    struct row_source source;
    struct observation_row row;
    OK(store_rows_open(r, &everything, &source, NULL));
    assert_int_equal(source.next(source.self, &row), 1);
    assert_true(row.value == 10 && row.raw == 283.15);
    assert_string_equal(row.raw_unit, "K");
    assert_string_equal(row.unit, "degC");
    assert_int_equal(source.next(source.self, &row), 1);
    assert_true(row.value == 11 && row.raw == 11);
    assert_string_equal(row.raw_unit, "Cel");
    assert_int_equal(source.next(source.self, &row), 1);
    assert_true(isnan(row.value) && row.raw == -127);
    assert_string_equal(row.raw_unit, "degC");
    assert_int_equal(source.next(source.self, &row), 1);
    assert_true(isnan(row.value) && isnan(row.raw));
    assert_string_equal(row.raw_unit, "");
    assert_int_equal(source.next(source.self, &row), 0);
    store_reader_close(r);
}

static void test_store_keeps_times_before_2020_and_1970(void **state)
{
    struct world *w = *state;
    static const int64_t times[] = {INT64_C(-62135596800000000), /* year 1 */
                                    INT64_C(-86400000001),
                                    INT64_C(-1),
                                    0,
                                    1,
                                    INT64_C(631152000000000),
                                    INT64_C(1577836799999999),
                                    INT64_C(1577836800000000),
                                    INT64_C(1577858399999999),
                                    INT64_C(1577858400000000),
                                    INT64_C(253402300799999999)};
    const size_t count = sizeof times / sizeof *times;
    OK(store_begin(w->store));
    int32_t id = series(w, "kiel", "a", 0);
    for (size_t i = count; i-- > 0;) {
        struct observation o = observation(id, times[i], (double)i);
        insert(w, &o);
    }
    OK(store_commit(w->store));
    struct store_reader *r = open_reader(w);
    struct observation_row rows[32];
    assert_int_equal(read_rows(r, &everything, rows, 32), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rows[i].time_us, times[i]);
        assert_true(rows[i].value == (double)i);
    }
    store_reader_close(r);
}

/* --- order, extent, newest --- */

static void put_grid(struct world *w)
{
    static const char *const cities[] = {"wismar", "kiel", "luebeck"};
    static const char *const stations[] = {"b", "a"};
    OK(store_begin(w->store));
    for (size_t c = 0; c < 3; c++) {
        for (size_t s = 0; s < 2; s++) {
            char station[32];
            snprintf(station, sizeof station, "%s-%s", stations[s], cities[c]);
            int32_t id = series(w, cities[c], station, (int)s);
            for (int k = 0; k < 50; k++) { /* over several chunks, backwards */
                struct observation o = observation(
                    id, INT64_C(1600000000000000) - k * INT64_C(2400000001), (double)k);
                insert(w, &o);
            }
        }
    }
    OK(store_commit(w->store));
}

static int compare_rows(const struct observation_row *a, const struct observation_row *b,
                        bool by_city)
{
    int order = by_city ? strcmp(a->key.city, b->key.city) : 0;
    order = order != 0 ? order : strcmp(a->key.station, b->key.station);
    return order != 0                 ? order
           : a->time_us < b->time_us  ? -1
           : a->time_us == b->time_us ? 0
                                      : 1;
}

static void check_order(struct store_reader *r, bool by_dump_order)
{
    struct store_query q = everything;
    struct row_source source;
    struct observation_row row;
    struct observation_row before = {0};
    int n = 0;
    q.by_dump_order = by_dump_order;
    OK(store_rows_open(r, &q, &source, NULL));
    while (source.next(source.self, &row) > 0) {
        if (n++ > 0) { /* keys stay until the rows are closed */
            assert_true(compare_rows(&before, &row, by_dump_order) < 0);
        }
        before = row;
    }
    store_rows_close(r);
    assert_int_equal(n, 300);
}

static void test_store_rows_come_in_both_orders(void **state)
{
    struct world *w = *state;
    put_grid(w);
    struct store_reader *r = open_reader(w);
    check_order(r, true);
    check_order(r, false);
    store_reader_close(r);
}

static void test_store_rows_extent_and_newest_obey_the_query(void **state)
{
    struct world *w = *state;
    put_grid(w);
    struct store_reader *r = open_reader(w);
    static const char *const kiel[] = {"kiel"};
    const int64_t newest = INT64_C(1600000000000000);
    const int64_t step = INT64_C(2400000001);
    struct store_query q = {.cities = kiel,
                            .city_count = 1,
                            .from_us = newest - 20 * step,
                            .to_us = newest - 3 * step};
    struct observation_row rows[400];
    assert_int_equal(read_rows(r, &q, rows, 400), 34);
    int64_t first = 0;
    int64_t last = 0;
    OK(store_extent(r, &q, &first, &last));
    assert_int_equal(first, newest - 20 * step);
    assert_int_equal(last, newest - 4 * step);
    q.station = "a-kiel";
    assert_int_equal(read_rows(r, &q, rows, 400), 17);
    q.station = "nowhere";
    assert_int_equal(read_rows(r, &q, rows, 400), 0);
    OK(store_extent(r, &q, &first, &last));
    assert_int_equal(first, CLOCK_NONE);
    assert_int_equal(last, CLOCK_NONE);
    store_reader_close(r);
}

struct latest_seen {
    int count;
    int64_t time_us;
    double value;
};

static void see_latest(void *arg, const struct observation_row *o)
{
    struct latest_seen *seen = arg;
    seen->count++;
    seen->time_us = o->time_us;
    seen->value = o->value;
}

static void test_store_latest_is_the_newest_within_the_query(void **state)
{
    struct world *w = *state;
    put_grid(w);
    struct store_reader *r = open_reader(w);
    const int64_t newest = INT64_C(1600000000000000);
    const int64_t step = INT64_C(2400000001);
    struct latest_seen seen = {0};
    struct store_query q = everything;
    OK(store_latest(r, &q, &seen, see_latest));
    assert_int_equal(seen.count, 6);
    assert_int_equal(seen.time_us, newest);
    q.to_us = newest - 2 * step;
    q.station = "b-wismar";
    seen = (struct latest_seen){0};
    OK(store_latest(r, &q, &seen, see_latest));
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.time_us, newest - 3 * step);
    assert_true(seen.value == 3);
    store_reader_close(r);
}

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

static void log_changes(struct world *w, int count)
{
    OK(store_begin(w->store));
    int32_t id = series(w, "kiel", "a", 0);
    for (int i = 0; i < count; i++) {
        OK(store_changed(w->store, id, i * INT64_C(3600000000) - 1,
                         i * INT64_C(3600000000) + 1));
    }
    OK(store_commit(w->store));
}

static void test_store_changes_are_numbered_windows(void **state)
{
    struct world *w = *state;
    struct changes_seen seen = {0};
    int64_t last = -1;
    struct store_reader *r = open_reader(w);
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
    struct world *w = *state;
    struct changes_seen seen = {0};
    int64_t last = 0;
    log_changes(w, 60);
    OK(store_fold(w->store, 50));
    OK(store_fold(w->store, 40));
    struct store_reader *r = open_reader(w);
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
    char command[400];
    snprintf(command, sizeof command, /* 60 hours from 23:59:59 on: days -1 to 2 */
             "test \"$(sqlite3 %s/hub.db 'SELECT group_concat(day) FROM folded')\" ="
             " '-1,0,1,2'",
             w->folder);
    assert_int_equal(system(command), 0);
    store_reader_close(r);
}

/* --- what goes back --- */

static void test_store_rollback_takes_numbers_books_and_series_back(void **state)
{
    struct world *w = *state;
    const int64_t one[OUTCOME_COUNT] = {[OUTCOME_STORED] = 1};
    int64_t epoch = store_number(w->store, STORE_EPOCH);
    for (int round = 0; round < 3; round++) {
        OK(store_begin(w->store));
        int32_t id = series(w, "kiel", round == 1 ? "b" : "a", 0);
        assert_int_equal(id, 1);
        struct observation o = observation(id, 5, 1);
        o.raw_unit = "K";
        insert(w, &o);
        OK(store_book(w->store, round == 1 ? "other" : "src", FATE_STORED, 1, one, 9));
        OK(store_set_number(w->store, STORE_CURSOR, 12));
        store_rollback(w->store);
        assert_int_equal(store_number(w->store, STORE_CURSOR), 0);
        assert_int_equal(store_number(w->store, STORE_EPOCH), epoch);
    }
    OK(store_begin(w->store));
    int32_t id = series(w, "kiel", "c", 0);
    struct observation o = observation(id, 5, 1);
    o.raw_unit = "K";
    insert(w, &o);
    OK(store_book(w->store, "src", FATE_STORED, 1, one, 9));
    OK(store_commit(w->store));
    reopen(w);
    OK(store_begin(w->store));
    assert_int_equal(series(w, "kiel", "c", 0), 1);
    assert_int_equal(series(w, "kiel", "a", 0), 2);
    store_rollback(w->store);
    struct store_reader *r = open_reader(w);
    struct row_source source;
    struct observation_row row;
    OK(store_rows_open(r, &everything, &source, NULL));
    assert_int_equal(source.next(source.self, &row), 1);
    assert_string_equal(row.key.station, "c");
    assert_string_equal(row.raw_unit, "K");
    assert_int_equal(source.next(source.self, &row), 0);
    store_reader_close(r);
}

/* A full disk, by the limit on the size of files. */
static void limit_files(rlim_t most)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = most;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void test_store_failed_commit_leaves_nothing(void **state)
{
    struct world *w = *state;
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    OK(store_begin(w->store));
    int32_t id = series(w, "kiel", "a", 0);
    struct observation o = observation(id, 5, 1);
    insert(w, &o);
    OK(store_set_number(w->store, STORE_CURSOR, 77));
    limit_files(1024);
    enum err e = store_commit(w->store);
    limit_files(RLIM_INFINITY);
    assert_int_not_equal(e, ERR_OK);
    assert_int_equal(err_class(e), ERR_CLASS_RETRY);
    assert_int_equal(store_number(w->store, STORE_CURSOR), 0);
    OK(store_begin(w->store));
    assert_int_equal(series(w, "kiel", "a", 0), 1);
    insert(w, &o);
    OK(store_commit(w->store));
    signal(SIGXFSZ, before);
}

/* --- conflicts, revisions, messages --- */

static void test_store_keeps_conflicts_once(void **state)
{
    struct world *w = *state;
    int64_t count = 0;
    struct observation kept = {0};
    OK(store_begin(w->store));
    int32_t id = series(w, "kiel", "a", 0);
    struct observation o = observation(id, 5, 1.25);
    struct observation missing = observation(id, 5, (double)NAN);
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
    struct world *w = *state;
    struct revision_seen seen = {0};
    OK(store_begin(w->store));
    int32_t id = series(w, "kiel", "a", 3);
    struct observation o = observation(id, 5, 1.125);
    insert(w, &o);
    o.message = 3;
    OK(store_replace(w->store, &o, false));
    o.message = 2;
    o.value = o.raw = 4;
    OK(store_replace(w->store, &o, true));
    OK(store_changed(w->store, id, 5, 5));
    OK(store_commit(w->store));
    struct store_reader *r = open_reader(w);
    OK(report_revisions(r, id, 5, &seen, see_revision));
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.message, 3);
    assert_true(seen.value == 1.125);
    store_reader_close(r);
    char command[400]; /* "at" is the number of the change that ended it */
    snprintf(command, sizeof command,
             "test \"$(sqlite3 %s/hub.db 'SELECT r.at = c.number FROM revisions r,"
             " changes c')\" = 1",
             w->folder);
    assert_int_equal(system(command), 0);
}

static void test_store_message_rows_come_and_go(void **state)
{
    struct world *w = *state;
    struct message_row row = {.id = 4,
                              .source = "src",
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
    struct world *w = *state;
    struct message_row row = {.id = 4,
                              .source = "src",
                              .fate = FATE_EMPTY,
                              .stage = "",
                              .device = "",
                              .reason = ""};
    struct message_row read = {0};
    char command[400];
    OK(store_begin(w->store));
    OK(store_put_message(w->store, &row));
    OK(store_get_message(w->store, 4, &read));
    OK(store_commit(w->store));
    /* "0|..." is what SQLite says when no reader stood in the way of emptying the log */
    snprintf(command, sizeof command,
             "sqlite3 %s/hub.db 'PRAGMA wal_checkpoint(TRUNCATE)' | grep -q '^0|'",
             w->folder);
    assert_int_equal(system(command), 0);
}

/* --- opening --- */

static void test_store_slots_stay_when_tests_are_added(void **state)
{
    struct world *w = *state;
    int slots[QUALITY_TESTS];
    store_close(w->store);
    w->store = NULL;
    OK(store_open(w->folder, tests_more, 3, slots, &w->store, NULL));
    assert_int_equal(slots[1], w->slots[0]);
    assert_int_equal(slots[2], w->slots[1]);
    assert_int_equal(slots[0], 2);
    struct store_reader *r = open_reader(w);
    assert_string_equal(store_test_names(r)[0], "device");
    assert_string_equal(store_test_names(r)[2], "gross_range_test");
    assert_null(store_test_names(r)[3]);
    store_reader_close(r);
}

static void test_store_refuses_what_a_newer_program_wrote(void **state)
{
    struct world *w = *state;
    char command[400];
    struct store *other = NULL;
    struct store_reader *r = NULL;
    struct diag d = {0};
    int slots[QUALITY_TESTS];
    store_close(w->store);
    w->store = NULL;
    snprintf(command, sizeof command, "sqlite3 %s/hub.db 'PRAGMA user_version=99'",
             w->folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(store_open(w->folder, tests_one, 2, slots, &other, &d), ERR_NEWER);
    assert_non_null(strstr(d.text, "newer program"));
    assert_int_equal(store_reader_open(w->folder, &r, &d), ERR_NEWER);
}

static void test_store_refuses_what_is_no_store(void **state)
{
    struct world *w = *state;
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
    assert_int_equal(store_open(w->folder, tests_one, 2, slots, &other, &d), ERR_DAMAGED);
}

static void test_store_view_stays_while_the_writer_goes_on(void **state)
{
    struct world *w = *state;
    struct observation_row rows[8];
    OK(store_begin(w->store));
    int32_t id = series(w, "kiel", "a", 0);
    struct observation o = observation(id, 5, 1);
    insert(w, &o);
    OK(store_commit(w->store));
    struct store_reader *r = open_reader(w);
    OK(store_view_begin(r));
    OK(store_begin(w->store));
    o = observation(id, 6, 1);
    insert(w, &o);
    OK(store_commit(w->store));
    assert_int_equal(read_rows(r, &everything, rows, 8), 1);
    store_view_end(r);
    assert_int_equal(read_rows(r, &everything, rows, 8), 2);
    store_reader_close(r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_keeps_every_value_bit_for_bit),
        TEST(test_store_packs_values_with_the_parameters_decimals),
        TEST(test_store_keeps_raw_values_and_units_that_differ),
        TEST(test_store_keeps_times_before_2020_and_1970),
        TEST(test_store_rows_come_in_both_orders),
        TEST(test_store_rows_extent_and_newest_obey_the_query),
        TEST(test_store_latest_is_the_newest_within_the_query),
        TEST(test_store_changes_are_numbered_windows),
        TEST(test_store_fold_tells_late_consumers_to_read_all),
        TEST(test_store_rollback_takes_numbers_books_and_series_back),
        TEST(test_store_failed_commit_leaves_nothing),
        TEST(test_store_keeps_conflicts_once),
        TEST(test_store_replace_makes_a_revision_only_when_told),
        TEST(test_store_message_rows_come_and_go),
        TEST(test_store_get_message_does_not_hold_the_log),
        TEST(test_store_slots_stay_when_tests_are_added),
        TEST(test_store_refuses_what_a_newer_program_wrote),
        TEST(test_store_refuses_what_is_no_store),
        TEST(test_store_view_stays_while_the_writer_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
