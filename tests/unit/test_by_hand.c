/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/clock.h"
#include "support/assert_close.h"
#include "support/audit_run.h"
#include "support/recompute_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What people note in files of a city, put there and taken away in any order, each change
 * followed by a recomputation of just its station and period: the store comes out as a
 * fresh one under the files that are left. KOGGE_SEED=number repeats the runs. */

enum { RUNS = 3, RUNS_LONG = 200, MESSAGES = 120, SLOTS = 60, START_S = 1780099200 };

static uint64_t random_state;

/* xorshift64*, so that a seed gives the same everywhere */
static uint32_t draw(uint32_t below)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % below;
}

/* From 2026-05-30T00:00:00Z on, ten hours. */
static int64_t slot_s(uint32_t slot)
{
    return START_S + (int64_t)slot * 600;
}

#define T(hour) "2026-05-30T" hour ":00:00Z"
#define SENSOR(parameter, position)                                                      \
    "{\"station\": \"luebeck-a\", \"parameter\": \"" parameter                           \
    "\", \"position\": \"" position "\", "
#define PERIOD(from, to) "\"from\": \"" T(from) "\", \"to\": \"" T(to) "\", "
#define BY "\"by\": \"a\"}"

/* Any of them may stand beside any other. */
static const struct entry {
    const char *file, *station;
    const char *from, *to; /* NULL: open */
    const char *text;
} entries[] = {
    {"luebeck/calibration-1.json", "luebeck-a", T("02"), T("05"),
     SENSOR("water_temperature", "main") PERIOD("02", "05") "\"offset\": 0.5, " BY},
    {"luebeck/calibration-2.json", "luebeck-a", T("05"), T("08"),
     SENSOR("water_temperature", "main")
         PERIOD("05", "08") "\"check\": {\"site_before\": 10, \"site_after\": 10.6, "
                            "\"standards\": [{\"standard\": 12, \"reading\": 11}]}, " BY},
    {"luebeck/calibration-3.json", "luebeck-a", T("01"), T("09"),
     SENSOR("water_temperature", "bottom") PERIOD(
         "01",
         "09") "\"check\": {\"standards\": [{\"standard\": 10, \"reading\": 6}]}, " BY},
    {"luebeck/calibration-4.json", "luebeck-a", T("03"), NULL,
     "{\"device\": \"ttn-1\", \"field\": \"/ec\", \"from\": \"" T(
         "03") "\", \"slope\": 1.5, " BY},
    {"wismar/calibration-5.json", "wismar-a", T("00"), NULL,
     "{\"station\": \"wismar-a\", \"parameter\": \"water_level\", \"from\": \"" T(
         "00") "\", \"offset\": -0.07, " BY},
    {"luebeck/maintenance-1.json", "luebeck-a", T("04"), T("06"),
     "{\"station\": \"luebeck-a\", \"position\": \"main\", " PERIOD(
         "04", "06") "\"reason\": \"cleaned\"}"},
    {"luebeck/maintenance-2.json", "luebeck-a", T("00"), T("07"),
     "{\"station\": \"luebeck-a\", \"position\": \"bottom\", "
     "\"parameter\": \"water_temperature\", " PERIOD("00",
                                                     "07") "\"reason\": \"cleaned\"}"},
    {"luebeck/flag-1.json", "luebeck-a", T("03"), T("07"),
     SENSOR("water_temperature", "main")
         PERIOD("03", "07") "\"flag\": 4, \"reason\": \"dry\"}"},
    {"wismar/flag-2.json", "wismar-a", T("00"), NULL,
     "{\"station\": \"wismar-a\", \"parameter\": \"water_level\", \"from\": \"" T(
         "00") "\", \"flag\": 1, \"state\": \"checked\", \"reason\": \"seen\"}"},
};

enum { ENTRIES = sizeof entries / sizeof *entries };

static int64_t time_of(const char *text)
{
    int64_t time_us = INT64_C(4000000000000000);
    if (text != NULL) {
        assert_int_equal(clock_parse_rfc3339(text, &time_us), ERR_OK);
    }
    return time_us;
}

static void set_entry(struct pipeline_world *w, const struct entry *e, bool there)
{
    char path[600];
    snprintf(path, sizeof path, "%s/cities/%s", w->conf, e->file);
    if (!there) {
        (void)unlink(path);
        return;
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(e->text, f);
    assert_int_equal(fclose(f), 0);
}

static struct batch_scope scope_of(const struct entry *e)
{
    return (struct batch_scope){.from_us = time_of(e->from),
                                .to_us = time_of(e->to),
                                .stations = &e->station,
                                .station_count = 1};
}

/* --- messages --- */

static struct sent messages[MESSAGES];

static struct sent draw_message(void)
{
    char values[200];
    if (draw(4) == 0) { /* a level, at its arrival */
        struct sent gauge = {.source = 3, .topic = "g/gauge-1/W"};
        snprintf(gauge.payload, sizeof gauge.payload, "%u", 500 + draw(30));
        gauge.arrival_us = slot_s(draw(SLOTS)) * 1000000;
        return gauge;
    }
    snprintf(values, sizeof values, "\"temp\": %s%u%s", draw(9) == 0 ? "-12" : "",
             7 + draw(7), draw(2) == 0 ? ", \"ec\": 3.25, \"bat\": 3" : "");
    struct sent m = world_ttn(draw(2) == 0 ? "ttn-1" : "ttn-2", slot_s(draw(SLOTS)),
                              (int)draw(5) - 1, 0, values);
    m.arrival_us = slot_s(SLOTS) * 1000000 + (int64_t)draw(1000) * 1000000;
    return m;
}

static void feed(struct pipeline_world *w, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        world_put(w, &messages[i]);
        if (i % 30 == 29) {
            world_commit(w);
            world_drain(w);
        }
    }
    world_commit(w);
    world_drain(w);
}

static void expect_same(char *expected, char *is)
{
    size_t at = 0;
    while (expected[at] != '\0' && expected[at] == is[at]) {
        at++;
    }
    if (expected[at] != is[at]) {
        while (at > 0 && expected[at - 1] != '\n') {
            at--;
        }
        fail_msg("differs:\n%.400s\n---\n%.400s", expected + at, is + at);
    }
    free(expected);
    free(is);
}

static void begin(struct pipeline_world *w)
{
    world_make(w);
    world_open(w);
    world_connect(w);
}

/* One change after the other, messages in between; then as a fresh store. */
static void run(int64_t *changed)
{
    struct pipeline_world w, fresh;
    bool there[ENTRIES] = {false};
    for (size_t i = 0; i < MESSAGES; i++) {
        messages[i] = draw_message();
    }
    begin(&w);
    feed(&w, 0, MESSAGES / 2);
    size_t fed = MESSAGES / 2;
    for (int step = 0; step < 12; step++) {
        size_t k = draw(ENTRIES);
        struct batch_scope scope = scope_of(&entries[k]);
        there[k] = !there[k];
        set_entry(&w, &entries[k], there[k]);
        world_reload(&w, PIPELINE_FIRST);
        int64_t told = recompute_count(&w, &scope, false);
        assert_int_equal(recompute_count(&w, &scope, true), told);
        assert_int_equal(recompute_count(&w, &recompute_all_times, false), 0);
        *changed += told;
        size_t more = draw(MESSAGES / 12);
        size_t to = fed + more < MESSAGES ? fed + more : MESSAGES;
        feed(&w, fed, to);
        fed = to;
    }
    feed(&w, fed, MESSAGES);
    audit_expect_right(w.folder);
    world_make(&fresh);
    for (size_t k = 0; k < ENTRIES; k++) {
        set_entry(&fresh, &entries[k], there[k]);
    }
    world_open(&fresh);
    world_connect(&fresh);
    feed(&fresh, 0, MESSAGES);
    expect_same(world_dump(&fresh), world_dump(&w));
    world_remove(&fresh);
    world_remove(&w);
}

static void test_any_order_of_entries_gives_a_fresh_store(void **state)
{
    (void)state;
    const char *given = getenv("KOGGE_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    int runs = getenv("KOGGE_LONG") != NULL ? RUNS_LONG : RUNS;
    int64_t changed = 0;
    random_state = seed * 2 + 1;
    print_message("KOGGE_SEED=%llu\n", (unsigned long long)seed);
    for (int k = 0; k < runs; k++) {
        run(&changed);
    }
    assert_in_range(changed, 50, 1000000); /* it did change something */
}

/* Each entry alone: all values it touches, and only those, are others; without it the old
 * bytes are back. */
static void test_each_entry_is_a_layer_that_can_be_taken_off(void **state)
{
    (void)state;
    struct pipeline_world w;
    random_state = 77;
    for (size_t i = 0; i < MESSAGES; i++) {
        messages[i] = draw_message();
    }
    begin(&w);
    feed(&w, 0, MESSAGES);
    for (size_t k = 0; k < ENTRIES; k++) {
        struct batch_scope scope = scope_of(&entries[k]);
        char *before = world_dump(&w);
        set_entry(&w, &entries[k], true);
        world_reload(&w, PIPELINE_FIRST);
        int64_t changed = recompute_count(&w, &scope, true);
        assert_in_range(changed, 1, MESSAGES);
        set_entry(&w, &entries[k], false);
        world_reload(&w, PIPELINE_FIRST);
        assert_int_equal(recompute_count(&w, &scope, true), changed);
        expect_same(before, world_dump(&w));
    }
    world_remove(&w);
}

/* Of a series' first value. */
#define BEFORE_CALIBRATION "attenuated_signal_test:2;"
#define BEHIND_CALIBRATION                                                               \
    "climatology_test:1;flat_line_test:1;gross_range_test:1;rate_of_change_test:1;"      \
    "spike_test:2;time_gap_test:2\t"

/* One value through a calibration: raw stays, the mark is there, flag 4 where the error
 * is beyond what is fit to be published. */
static void test_a_corrected_value_keeps_its_raw_value(void **state)
{
    (void)state;
    struct pipeline_world w;
    int64_t message = 0;
    world_make(&w);
    set_entry(&w, &entries[1], true);
    set_entry(&w, &entries[2], true);
    world_open(&w);
    world_connect(&w);
    int64_t half_s = time_of(T("05")) / 1000000 + 5400; /* of three hours */
    struct sent m = world_ttn("ttn-1", half_s, 1, 0, "\"temp\": 10");
    m.arrival_us = half_s * 1000000;
    world_feed(&w, &m);
    m = world_ttn("ttn-2", time_of(T("08")) / 1000000, 1, 0, "\"temp\": 10");
    m.arrival_us = time_of(T("08"));
    world_feed(&w, &m);
    assert_close(world_held(&w, "water_temperature", half_s * 1000000, &message),
                 10 + 0.5 * (0.6 + 1), 1e-12);
    char *dump = world_dump(&w);
    assert_non_null(strstr(dump,
                           "\tmain\tmeasured\t2026-05-30T06:30:00.000000Z\t10.8\t10\t"
                           "degC\t" BEFORE_CALIBRATION BEHIND_CALIBRATION));
    assert_non_null(
        strstr(dump, "\tbottom\tmeasured\t2026-05-30T08:00:00.000000Z\t10\t10\t"
                     "degC\t" BEFORE_CALIBRATION "calibration:4;" BEHIND_CALIBRATION));
    free(dump);
    assert_int_equal(
        world_number(&w, "SELECT count(*) FROM observations WHERE flags >> 62 = 1"), 1);
    world_remove(&w);
}

/* Nothing else judges it, so 50 degC do not fail; missing stays missing. */
static void test_a_value_under_maintenance_is_not_judged(void **state)
{
    (void)state;
    struct pipeline_world w;
    world_make(&w);
    set_entry(&w, &entries[5], true);
    world_open(&w);
    world_connect(&w);
    static const char *const values[] = {"\"temp\": 50", "\"temp\": -127"};
    for (int i = 0; i < 4; i++) {
        int64_t at_s =
            time_of(T("04")) / 1000000 + (int64_t)(i / 2) * 3600 + (int64_t)(i % 2) * 60;
        struct sent m =
            world_ttn(i / 2 == 0 ? "ttn-1" : "ttn-2", at_s, i, 0, values[i % 2]);
        m.arrival_us = at_s * 1000000;
        world_feed(&w, &m);
    }
    char *dump = world_dump(&w);
    assert_non_null(strstr(dump, "T04:00:00.000000Z\t50\t50\tdegC\tmaintenance:2\t"));
    assert_non_null(strstr(dump, "T04:01:00.000000Z\t\t-127\tdegC\tmaintenance:9\t"));
    assert_non_null(strstr(dump,
                           "T05:00:00.000000Z\t50\t50\tdegC\tattenuated_signal_test:2;"
                           "climatology_test:4;flat_line_test:1;gross_range_test:4;"
                           "rate_of_change_test:1;spike_test:2;time_gap_test:1\t"));
    assert_non_null(strstr(dump,
                           "T05:01:00.000000Z\t\t-127\tdegC\tattenuated_signal_test:9;"
                           "climatology_test:9;flat_line_test:9;gross_range_test:9;"
                           "rate_of_change_test:9;spike_test:9;time_gap_test:9\t"));
    free(dump);
    world_remove(&w);
}

/* The flag by hand stands beside those of the tests, in a window of maintenance too. */
static void test_a_flag_by_hand_stands_above_the_others(void **state)
{
    (void)state;
    struct pipeline_world w;
    world_make(&w);
    set_entry(&w, &entries[5], true);
    set_entry(&w, &entries[7], true);
    world_open(&w);
    world_connect(&w);
    static const char *const values[] = {"\"temp\": 10", "\"temp\": -127"};
    for (int i = 0; i < 4; i++) {
        int64_t at_s =
            time_of(T("03")) / 1000000 + (int64_t)(i / 2) * 3600 + (int64_t)(i % 2) * 60;
        struct sent m = world_ttn("ttn-1", at_s, i, 0, values[i % 2]);
        m.arrival_us = at_s * 1000000;
        world_feed(&w, &m);
    }
    char *dump = world_dump(&w);
    assert_non_null(strstr(dump, "T03:00:00.000000Z\t10\t10\tdegC\t"
                                 "attenuated_signal_test:2;climatology_test:1;"
                                 "flat_line_test:1;gross_range_test:1;manual:4;"
                                 "rate_of_change_test:1;spike_test:2;time_gap_test:1\t"));
    assert_non_null(strstr(dump, "T03:01:00.000000Z\t\t-127\tdegC\t"
                                 "attenuated_signal_test:9;climatology_test:9;"
                                 "flat_line_test:9;gross_range_test:9;manual:9;"
                                 "rate_of_change_test:9;spike_test:9;time_gap_test:9\t"));
    assert_non_null(strstr(dump, "T04:00:00.000000Z\t10\t10\tdegC\t"
                                 "maintenance:2;manual:4\t"));
    free(dump);
    world_remove(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_corrected_value_keeps_its_raw_value),
        cmocka_unit_test(test_a_value_under_maintenance_is_not_judged),
        cmocka_unit_test(test_a_flag_by_hand_stands_above_the_others),
        cmocka_unit_test(test_each_entry_is_a_layer_that_can_be_taken_off),
        cmocka_unit_test(test_any_order_of_entries_gives_a_fresh_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
