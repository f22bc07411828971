/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "export/export.h"
#include "support/fixture.h"
#include "support/synthetic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define HEADER                                                                           \
    "time,city,station,parameter,position,origin,depth_m,value,unit,datum,flag,tests,"   \
    "raw_value,raw_unit,time_source,state,corrected\n"

struct given {
    const struct observation_row *rows;
    size_t count, next;
    bool fault; /* after the last row */
};

static int next_given(void *self, struct observation_row *row)
{
    struct given *g = self;
    if (g->next == g->count) {
        return g->fault ? -1 : 0;
    }
    *row = g->rows[g->next++];
    return 1;
}

struct work {
    char folder[256];
    char path[512];
    struct synthetic_conf conf;
    const char *test_names[QUALITY_TESTS];
};

static int setup(void **state)
{
    static struct work w;
    memset(&w, 0, sizeof w);
    fixture_folder(w.folder);
    snprintf(w.path, sizeof w.path, "%s/a/b/water.csv", w.folder);
    synthetic_conf_init(&w.conf, w.folder);
    w.test_names[0] = "spike_test";
    w.test_names[2] = "gross_range_test";
    w.test_names[5] = "device";
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct work *w = *state;
    fixture_remove(w->folder);
    return 0;
}

static enum err run(struct work *w, const struct observation_row *rows, size_t count,
                    bool fault, struct exported *out)
{
    struct given given = {.rows = rows, .count = count, .fault = fault};
    struct row_source source = {.next = next_given, .self = &given};
    struct export_context context = {&w->conf.c, w->test_names};
    struct diag d = {.text = ""};
    return export_file(export_find_format("csv"), &context, &source, w->path, out, &d);
}

static void assert_file(const struct work *w, const char *expected)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(file_read(w->path, &b), ERR_OK);
    assert_string_equal(buf_text(&b), expected);
    buf_fini(&b);
}

static struct observation_row row_at(const char *time, double value)
{
    quality_tests tests = quality_tests_new(TIME_SOURCE_MESSAGE);
    tests = quality_tests_set(tests, 0, QUALITY_NOT_EVALUATED);
    tests = quality_tests_set(tests, 2, QUALITY_GOOD);
    return (struct observation_row){
        .key = {"luebeck", "luebeck-bauhof", "water_temperature", "main", "measured"},
        .series = 7,
        .time_us = synthetic_time(time),
        .value = value,
        .unit = "degC",
        .raw = value,
        .raw_unit = "°C",
        .tests = tests};
}

static void test_csv_has_the_columns_of_the_model(void **state)
{
    struct observation_row rows[] = {row_at("2026-10-01T00:00:00Z", 11.25),
                                     row_at("2026-10-01T00:10:00.5Z", -0.0),
                                     row_at("2026-10-02T23:59:59.000001Z", 1e-7)};
    struct exported e;
    assert_int_equal(run(*state, rows, 3, false, &e), ERR_OK);
    assert_file(*state, HEADER
                "2026-10-01T00:00:00Z,luebeck,luebeck-bauhof,water_temperature,main,"
                "measured,0.8,11.25,degC,,1,gross_range_test:1;spike_test:2,11.25,°C,"
                "message,provisional,\n"
                "2026-10-01T00:10:00.5Z,luebeck,luebeck-bauhof,water_temperature,main,"
                "measured,0.8,0,degC,,1,gross_range_test:1;spike_test:2,0,°C,"
                "message,provisional,\n"
                "2026-10-02T23:59:59.000001Z,luebeck,luebeck-bauhof,water_temperature,"
                "main,measured,0.8,1e-07,degC,,1,gross_range_test:1;spike_test:2,1e-07,"
                "°C,message,provisional,\n");
    assert_int_equal(e.rows, 3);
    assert_true(e.changed);
    assert_int_equal(e.first_us, rows[0].time_us);
    assert_int_equal(e.last_us, rows[2].time_us);
}

static void test_csv_depth_follows_the_placement_in_force(void **state)
{
    struct observation_row rows[] = {row_at("2026-10-10T11:59:59.999999Z", 1),
                                     row_at("2026-10-10T12:00:00Z", 2)};
    struct exported e;
    assert_int_equal(run(*state, rows, 2, false, &e), ERR_OK);
    struct work *w = *state;
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(file_read(w->path, &b), ERR_OK);
    assert_non_null(strstr(buf_text(&b), ",measured,0.8,1,degC"));
    assert_non_null(strstr(buf_text(&b), ",measured,1.25,2,degC"));
    buf_fini(&b);
}

static void test_csv_says_state_and_what_was_corrected(void **state)
{
    struct work *w = *state;
    const struct parameter *p = &w->conf.parameters[2];
    const struct window states[] = {
        {.period = {synthetic_time("2026-10-01T00:00:00Z"),
                    synthetic_time("2026-10-02T00:00:00Z")},
         .parameter = p,
         .state = STATE_RELEASED},
        {.period = {synthetic_time("2026-10-02T00:00:00Z"), INT64_MAX},
         .parameter = p,
         .position = "main",
         .state = STATE_CHECKED},
        {.period = {0, INT64_MAX}, .parameter = p, .position = "bottom"}};
    w->conf.stations[0].states = (struct windows){states, 3};
    struct observation_row rows[] = {
        row_at("2026-09-30T23:59:59.999999Z", 1), row_at("2026-10-01T00:00:00Z", 2),
        row_at("2026-10-01T23:59:59Z", 3), row_at("2026-10-02T00:00:00Z", 4),
        row_at("2026-10-01T00:00:00Z", 5)};
    rows[1].tests = quality_tests_set_corrected(rows[1].tests);
    rows[4].series = 8;
    rows[4].key.parameter = "water_level";
    struct exported e;
    assert_int_equal(run(w, rows, 5, false, &e), ERR_OK);
    static const char *const ends[] = {
        ",1,°C,message,provisional,\n", ",2,°C,message,released,yes\n",
        ",3,°C,message,released,\n", ",4,°C,message,checked,\n",
        ",5,°C,message,provisional,\n"};
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(file_read(w->path, &b), ERR_OK);
    for (size_t i = 0; i < 5; i++) {
        assert_non_null(strstr(buf_text(&b), ends[i]));
    }
    buf_fini(&b);
}

static void test_csv_missing_value_and_datum(void **state)
{
    struct observation_row rows[] = {row_at("1969-12-31T23:59:59Z", (double)NAN),
                                     row_at("2026-10-01T00:00:00Z", 0.117),
                                     row_at("2026-10-01T00:00:00Z", 5.117)};
    rows[0].tests =
        quality_tests_set(quality_tests_new(TIME_SOURCE_ARRIVAL), 2, QUALITY_MISSING);
    rows[0].raw = -127;
    rows[1].key = (struct series_key){"wismar", "elsewhere", "water_level", "main", "x"};
    rows[1].series = 8;
    rows[1].unit = rows[1].raw_unit = "m";
    rows[1].tests = quality_tests_new(TIME_SOURCE_READING);
    rows[1].raw = (double)NAN;
    rows[1].raw_unit = "";
    rows[2] = rows[1];
    rows[2].key.parameter = "gauge_level";
    rows[2].series = 9;
    rows[2].value = 5.117;
    struct exported e;
    assert_int_equal(run(*state, rows, 3, false, &e), ERR_OK);
    assert_file(*state, HEADER
                "1969-12-31T23:59:59Z,luebeck,luebeck-bauhof,water_temperature,main,"
                "measured,0.8,,degC,,9,gross_range_test:9,-127,°C,arrival,provisional,\n"
                "2026-10-01T00:00:00Z,wismar,elsewhere,water_level,main,x,,0.117,m,NHN,2,"
                ",,,reading,provisional,\n"
                "2026-10-01T00:00:00Z,wismar,elsewhere,gauge_level,main,x,,5.117,m,"
                "gauge zero,2,,,,reading,provisional,\n");
}

static void test_csv_quotes_what_would_break_a_line(void **state)
{
    static char endless[70000];
    memset(endless, 'x', sizeof endless - 1);
    struct observation_row rows[] = {row_at("2026-10-01T00:00:00Z", 1),
                                     row_at("2026-10-01T00:00:01Z", 1)};
    rows[0].raw_unit = "a,\"b\"\nc";
    rows[1].raw_unit = endless;
    struct exported e;
    assert_int_equal(run(*state, rows, 2, false, &e), ERR_OK);
    struct work *w = *state;
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(file_read(w->path, &b), ERR_OK);
    assert_non_null(strstr(buf_text(&b), ",\"a,\"\"b\"\"\nc\",message,"));
    assert_true(b.length < 1200);
    buf_fini(&b);
}

static void test_export_file_leaves_equal_bytes_alone(void **state)
{
    struct work *w = *state;
    struct observation_row rows[] = {row_at("2026-10-01T00:00:00Z", 11.25)};
    struct exported first;
    struct exported again;
    struct stat before;
    struct stat after;
    assert_int_equal(run(w, rows, 1, false, &first), ERR_OK);
    assert_int_equal(stat(w->path, &before), 0);
    assert_int_equal(before.st_mode & 0777, 0644);
    assert_int_equal(run(w, rows, 1, false, &again), ERR_OK);
    assert_int_equal(stat(w->path, &after), 0);
    assert_false(again.changed);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_memory_equal(&first.hash, &again.hash, sizeof first.hash);
    assert_int_equal(first.bytes, before.st_size);
    struct hash of_file;
    assert_int_equal(hash_file(w->path, &of_file), ERR_OK);
    assert_memory_equal(&first.hash, &of_file, sizeof of_file);
    rows[0].value = 11.26;
    assert_int_equal(run(w, rows, 1, false, &again), ERR_OK);
    assert_true(again.changed);
}

static void test_export_file_without_rows_removes_the_file(void **state)
{
    struct work *w = *state;
    struct observation_row rows[] = {row_at("2026-10-01T00:00:00Z", 11.25)};
    struct exported e;
    assert_int_equal(run(w, rows, 0, false, &e), ERR_OK);
    assert_false(e.changed);
    assert_false(file_exists(w->path));
    assert_int_equal(run(w, rows, 1, false, &e), ERR_OK);
    assert_int_equal(run(w, rows, 0, false, &e), ERR_OK);
    assert_true(e.changed);
    assert_int_equal(e.rows, 0);
    assert_int_equal(e.first_us, CLOCK_NONE);
    assert_false(file_exists(w->path));
}

static void test_export_file_keeps_the_old_one_on_a_fault(void **state)
{
    struct work *w = *state;
    struct observation_row rows[] = {row_at("2026-10-01T00:00:00Z", 11.25),
                                     row_at("2026-10-01T00:10:00Z", 11.5)};
    struct exported e;
    assert_int_equal(run(w, rows, 1, false, &e), ERR_OK);
    struct hash before = e.hash;
    assert_int_equal(run(w, rows, 2, true, &e), ERR_IO);
    struct hash after;
    assert_int_equal(hash_file(w->path, &after), ERR_OK);
    assert_memory_equal(&before, &after, sizeof after);
    char aside[600];
    snprintf(aside, sizeof aside, "%s.new", w->path);
    assert_false(file_exists(aside));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_csv_has_the_columns_of_the_model, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_csv_depth_follows_the_placement_in_force,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_csv_says_state_and_what_was_corrected, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_csv_missing_value_and_datum, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_csv_quotes_what_would_break_a_line, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_export_file_leaves_equal_bytes_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_export_file_without_rows_removes_the_file,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_export_file_keeps_the_old_one_on_a_fault,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
