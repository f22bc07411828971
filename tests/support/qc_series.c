/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/qc_series.h"

#include "base/clock.h"
#include "base/text.h"
#include "support/assert_close.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double read_value(const json_t *v)
{
    if (json_is_string(v)) {
        bool negative = json_string_value(v)[0] == '-';
        return negative ? -(double)INFINITY : (double)INFINITY;
    }
    return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

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
        column[i] = read_value(json_array_get(list, i));
    }
    return column;
}

static int64_t read_time(const json_t *v)
{
    int64_t time_us = 0;
    if (json_is_string(v)) {
        assert_int_equal(clock_parse_rfc3339(json_string_value(v), &time_us), ERR_OK);
        return time_us;
    }
    assert_true(json_is_number(v));
    return llround(json_number_value(v) * 1e6);
}

static int compare_times(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

void qc_series_open(struct qc_series *s, const json_t *one)
{
    static const char *const names[] = {"value", "z", "lat", "lon"};
    const json_t *times = json_object_get(one, "time");
    size_t count = json_array_size(times);
    *s = (struct qc_series){.stretch = {.count = count}};
    s->time_us = calloc(count + 1, sizeof *s->time_us);
    s->rising_us = calloc(count + 1, sizeof *s->rising_us);
    assert_non_null(s->time_us);
    assert_non_null(s->rising_us);
    for (size_t i = 0; i < count; i++) {
        s->time_us[i] = read_time(json_array_get(times, i));
    }
    int64_t interval_s = stretch_interval_s(s->time_us, count, s->rising_us);
    memcpy(s->rising_us, s->time_us, count * sizeof *s->time_us);
    qsort(s->rising_us, count, sizeof *s->time_us, compare_times);
    for (size_t k = 0; k < 4; k++) {
        s->columns[k] = read_column(one, names[k], count);
    }
    s->stretch = (struct stretch){.time_us = s->time_us,
                                  .rising_us = s->rising_us,
                                  .value = s->columns[0],
                                  .z_m = s->columns[1],
                                  .lat = s->columns[2],
                                  .lon = s->columns[3],
                                  .count = count,
                                  .interval_s = interval_s};
}

void qc_series_close(struct qc_series *s)
{
    free(s->time_us);
    free(s->rising_us);
    for (size_t k = 0; k < 4; k++) {
        free(s->columns[k]);
    }
}

enum err qc_tests_read(const json_t *one, const char *test, enum quality_mode mode,
                       struct tests_file *t, char why[161])
{
    json_t *config = json_object_get(one, "config");
    json_t *all = strcmp(test, "aggregate") == 0 ? json_copy(config)
                                                 : json_pack("{s:O}", test, config);
    json_t *derived = json_object_get(one, "derived");
    if (derived != NULL) {
        json_object_set(all, "derived", derived);
    }
    char *text = json_dumps(all, 0);
    assert_non_null(text);
    const struct config_file file = {.name = test, .text = text, .size = strlen(text)};
    struct config_faults faults = {0};
    enum err e = tests_file_parse(&file, mode, t, &faults);
    text_copy(why, 161, faults.count > 0 ? faults.faults[0].diag.text : "");
    config_faults_fini(&faults);
    free(text);
    json_decref(all);
    return e;
}
