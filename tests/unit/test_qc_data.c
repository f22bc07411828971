/* SPDX-License-Identifier: EUPL-1.2 */
/* Every flag vector of SHARED_DATA/qc, made by running ioos_qc 3.0.0, against our tests
 * in reference mode; settings are read as kogge qc reads them. */
#include "support/assert_close.h"
#include "support/fixture.h"
#include "support/qc_series.h"

#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct replayed {
    size_t files, cases, points;
};

static void expect_flag(enum quality flag, const json_t *flags, size_t i,
                        const char *name, const char *test)
{
    enum quality wanted = (enum quality)json_integer_value(json_array_get(flags, i));
    if (flag != wanted) {
        fail_msg("%s: %s of point %zu is %u, the reference gives %u", name, test, i, flag,
                 wanted);
    }
}

/* The flags of one test, as it is and with what hangs on the whole series worked out
 * before. */
static void replay_test(const struct tests_file_row *row, const struct stretch *s,
                        const json_t *flags, const char *name)
{
    const struct check *check = row->check;
    for (int derived = 0; derived <= (check->derive != NULL ? 1 : 0); derived++) {
        if (derived) {
            check->derive(row->settings, s);
        }
        for (size_t i = 0; i < s->count; i++) {
            enum quality flag = check->judge(row->settings, QUALITY_REFERENCE, s, i);
            expect_flag(flag, flags, i, name, check->name);
        }
    }
}

static void replay_aggregate(const struct tests_file *t, const struct stretch *s,
                             const json_t *one, const char *name)
{
    const json_t *by_test = json_object_get(one, "flags_by_test");
    for (size_t k = 0; k < t->count; k++) {
        replay_test(&t->rows[k], s, json_object_get(by_test, t->rows[k].check->name),
                    name);
    }
    for (size_t i = 0; i < s->count; i++) {
        quality_tests all = quality_tests_new(TIME_SOURCE_READING);
        for (size_t k = 0; k < t->count; k++) {
            enum quality flag =
                t->rows[k].check->judge(t->rows[k].settings, QUALITY_REFERENCE, s, i);
            all = quality_tests_set(all, (int)k, flag);
        }
        expect_flag(quality_aggregate(all), json_object_get(one, "flags"), i, name,
                    "aggregate");
    }
}

static void replay_compare(const json_t *one, struct replayed *r)
{
    const json_t *vectors = json_object_get(one, "vectors");
    const json_t *flags = json_object_get(one, "flags");
    for (size_t i = 0; i < json_array_size(flags); i++) {
        quality_tests all = quality_tests_new(TIME_SOURCE_READING);
        for (size_t k = 0; k < json_array_size(vectors); k++) {
            const json_t *flag = json_array_get(json_array_get(vectors, k), i);
            all = quality_tests_set(all, (int)k, (enum quality)json_integer_value(flag));
        }
        expect_flag(quality_aggregate(all), flags, i, "compare_all", "aggregate");
    }
    r->points += json_array_size(flags);
}

static void replay_case(const json_t *one, const char *test, const char *name,
                        struct replayed *r)
{
    r->cases++;
    if (strcmp(test, "qartod_compare") == 0) {
        replay_compare(one, r);
        return;
    }
    struct tests_file t;
    struct qc_series s;
    char why[161];
    qc_series_open(&s, one);
    if (qc_tests_read(one, test, QUALITY_REFERENCE, &t, why) != ERR_OK) {
        fail_msg("%s: %s", name, why);
    }
    if (t.interval_s > 0 && s.stretch.interval_s > 0) {
        assert_int_equal(t.interval_s, s.stretch.interval_s);
    }
    if (strcmp(test, "aggregate") == 0) {
        replay_aggregate(&t, &s.stretch, one, name);
    } else {
        replay_test(&t.rows[0], &s.stretch, json_object_get(one, "flags"), name);
    }
    r->points += s.stretch.count;
    tests_file_fini(&t);
    qc_series_close(&s);
}

static void replay_file(const char *path, struct replayed *r)
{
    json_t *json = json_load_file(path, 0, NULL);
    assert_non_null(json);
    const char *test = json_string_value(json_object_get(json, "test"));
    const json_t *cases = json_object_get(json, "cases");
    size_t count = cases != NULL ? json_array_size(cases) : 1;
    assert_non_null(test);
    for (size_t k = 0; k < count; k++) {
        replay_case(cases != NULL ? json_array_get(cases, k) : json, test, path, r);
    }
    r->files++;
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
    assert_int_equal(r.files, files.gl_pathc);
    assert_in_range(r.files, 161, 10000);
    assert_in_range(r.cases, 500, 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checks_give_the_flags_of_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
