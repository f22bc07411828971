/* SPDX-License-Identifier: EUPL-1.2 */
/* Every flag vector of SHARED_DATA/qc, made by running ioos_qc 3.0.0, against our tests
 * in reference mode. */
#include "quality/quality.h"
#include "support/assert_close.h"
#include "support/fixture.h"

#include <glob.h>
#include <jansson.h>
#include <math.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A series as a vector file has it. */
struct series {
    int64_t *time_us;
    double *columns[4]; /* value, z, lat, lon */
    struct stretch stretch;
};

static double *read_column(const json_t *one, const char *name, size_t count)
{
    const json_t *list = json_object_get(one, name);
    if (list == NULL) {
        return NULL;
    }
    assert_int_equal(json_array_size(list), count);
    double *column = calloc(count + 1, sizeof *column);
    assert_non_null(column);
    for (size_t i = 0; i < count; i++) {
        const json_t *v = json_array_get(list, i);
        column[i] = json_is_number(v) ? json_number_value(v) : (double)NAN;
    }
    return column;
}

static void series_open(struct series *s, const json_t *one)
{
    static const char *const names[] = {"value", "z", "lat", "lon"};
    const json_t *times = json_object_get(one, "time");
    const json_t *interval =
        json_object_get(json_object_get(one, "derived"), "median_interval_s");
    const size_t count = json_array_size(json_object_get(one, "flags"));
    *s = (struct series){.stretch = {.count = count}};
    s->time_us = calloc(count + 1, sizeof *s->time_us);
    assert_non_null(s->time_us);
    for (size_t i = 0; i < count; i++) {
        double seconds = json_number_value(json_array_get(times, i));
        s->time_us[i] = llround(seconds * 1e6);
    }
    for (size_t k = 0; k < 4; k++) {
        s->columns[k] = read_column(one, names[k], count);
    }
    s->stretch.time_us = s->time_us;
    s->stretch.value = s->columns[0];
    s->stretch.z_m = s->columns[1];
    s->stretch.lat = s->columns[2];
    s->stretch.lon = s->columns[3];
    s->stretch.interval_s = (int64_t)json_number_value(interval);
}

static void series_close(struct series *s)
{
    free(s->time_us);
    for (size_t k = 0; k < 4; k++) {
        free(s->columns[k]);
    }
}

static void read_settings(const struct check *check, const json_t *config, void *settings)
{
    const char *name;
    json_t *value;
    assert_in_range(check->settings_size, 1, CHECK_SETTINGS_BYTES);
    argument_defaults(check->arguments, settings);
    json_object_foreach((json_t *)(uintptr_t)config, name, value)
    {
        const struct argument *a = argument_find(check->arguments, name, false);
        assert_non_null(a);
        enum err e = ERR_OK;
        if (json_is_string(value)) {
            e = argument_put_choice(a, json_string_value(value), settings, NULL);
        } else if (json_is_array(value)) {
            e = argument_put_span(a, json_number_value(json_array_get(value, 0)),
                                  json_number_value(json_array_get(value, 1)), settings,
                                  NULL);
        } else if (!json_is_null(value)) {
            e = argument_put_number(a, json_number_value(value), settings, NULL);
        }
        assert_int_equal(e, ERR_OK);
    }
}

/* Replays one case of a test; returns the number of points. */
static size_t replay(const struct check *check, const json_t *one, const char *name)
{
    alignas(max_align_t) char settings[CHECK_SETTINGS_BYTES] = {0};
    const json_t *flags = json_object_get(one, "flags");
    struct series s;
    series_open(&s, one);
    read_settings(check, json_object_get(one, "config"), settings);
    size_t count = s.stretch.count;
    for (size_t i = 0; i < count; i++) {
        enum quality flag = check->judge(settings, QUALITY_REFERENCE, &s.stretch, i);
        enum quality wanted = (enum quality)json_integer_value(json_array_get(flags, i));
        if (flag != wanted) {
            print_error("%s: point %zu is %u, the reference gives %u\n", name, i, flag,
                        wanted);
        }
        assert_int_equal(flag, wanted);
    }
    series_close(&s);
    return count;
}

struct replayed {
    size_t files, cases, points;
};

static void replay_file(const char *path, struct replayed *r)
{
    json_t *json = json_load_file(path, 0, NULL);
    assert_non_null(json);
    const json_t *cases = json_object_get(json, "cases");
    const struct check *check =
        check_find(json_string_value(json_object_get(json, "test")));
    if (check != NULL) {
        size_t count = json_is_array(cases) ? json_array_size(cases) : 1;
        for (size_t k = 0; k < count; k++) {
            const json_t *one = cases != NULL ? json_array_get(cases, k) : json;
            r->points += replay(check, one, path);
        }
        r->files++;
        r->cases += count;
    }
    json_decref(json);
}

static void test_checks_give_the_flags_of_the_reference(void **state)
{
    (void)state;
    if (!fixture_shared_data("test_checks_give_the_flags_of_the_reference")) {
        skip();
    }
    glob_t files = {0};
    struct replayed r = {0};
    assert_int_equal(glob(SHARED_DATA "/qc/*.json", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        replay_file(files.gl_pathv[i], &r);
    }
    globfree(&files);
    print_message("%zu files, %zu cases, %zu points\n", r.files, r.cases, r.points);
    assert_in_range(r.files, 60, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checks_give_the_flags_of_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
