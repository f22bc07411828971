/* SPDX-License-Identifier: EUPL-1.2 */
/* Why a value has its flag: each sentence of each test in both languages, by a table;
 * that no flag lacks one; that what is computed is shown on the right side of the limit.
 */
#include "quality/reason.h"

#include "base/number.h"
#include "base/text.h"
#include "support/assert_close.h"
#include "support/qc_series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const languages[LANGUAGES] = {
    [LANGUAGE_DE] = "de", [LANGUAGE_EN] = "en"};

/* A vector, ready to be asked about its points. */
struct world {
    struct tests_file tests;
    struct qc_series series;
    const struct tests_file_row *row;
};

/* False: the hub takes no such settings. */
static bool open_world(struct world *w, const json_t *one, const char *test)
{
    char why[161];
    if (qc_tests_read(one, test, QUALITY_HUB, &w->tests, why) != ERR_OK) {
        return false;
    }
    qc_series_open(&w->series, one);
    const json_t *interval = json_object_get(one, "interval_s");
    w->series.stretch.interval_s = interval != NULL
                                       ? (int64_t)json_integer_value(interval)
                                       : w->series.stretch.interval_s;
    w->row = &w->tests.rows[0];
    return true;
}

static void close_world(struct world *w)
{
    qc_series_close(&w->series);
    tests_file_fini(&w->tests);
}

static enum quality ask(const struct world *w, size_t i, const char *unit,
                        enum language language, struct reason *r)
{
    *r = (struct reason){.language = language, .unit = unit};
    enum quality flag =
        check_flag(w->row->check, w->row->settings, QUALITY_HUB, &w->series.stretch, i);
    reason_say(r, w->row->check, w->row->settings, &w->series.stretch, i, flag);
    return flag;
}

static void check_sentence(const struct world *w, const json_t *one, const json_t *wanted)
{
    size_t i = (size_t)json_integer_value(json_object_get(wanted, "point"));
    const char *unit = json_string_value(json_object_get(one, "unit"));
    for (size_t k = 0; k < LANGUAGES; k++) {
        struct reason r;
        enum quality flag = ask(w, i, unit, (enum language)k, &r);
        assert_int_equal(flag, json_integer_value(json_object_get(wanted, "flag")));
        assert_string_equal(r.text,
                            json_string_value(json_object_get(wanted, languages[k])));
    }
}

static void test_sentences_are_those_of_the_table(void **state)
{
    (void)state;
    size_t sentences = 0;
    json_t *all = json_load_file(TEST_VECTORS "/quality/reasons.json", 0, NULL);
    size_t i, k;
    json_t *one, *wanted;
    assert_non_null(all);
    json_array_foreach(all, i, one)
    {
        struct world w;
        const char *test = json_string_value(json_object_get(one, "test"));
        assert_true(open_world(&w, one, test));
        json_array_foreach(json_object_get(one, "said"), k, wanted)
        {
            check_sentence(&w, one, wanted);
            sentences++;
        }
        close_world(&w);
    }
    json_decref(all);
    assert_in_range(sentences, 30, 1000);
}

/* Points of a vector that have a sentence. */
static size_t check_all_points(const json_t *one, const struct check *check)
{
    struct world w;
    size_t said = 0;
    if (!open_world(&w, one, check->name)) {
        return 0;
    }
    for (size_t i = 0; i < w.series.stretch.count; i++) {
        for (size_t k = 0; k < LANGUAGES; k++) {
            struct reason r;
            if (ask(&w, i, "µS/cm", (enum language)k, &r) == QUALITY_NONE) {
                continue;
            }
            size_t length = strlen(r.text);
            assert_in_range(length, 10, sizeof r.text - 2);
            assert_int_equal(r.text[length - 1], '.');
            assert_true(text_is_utf8(r.text, length));
            assert_null(strstr(r.text, "nan"));
            assert_null(strstr(r.text, "inf "));
            said++;
        }
    }
    close_world(&w);
    return said;
}

static void test_no_flag_of_the_vectors_lacks_a_sentence(void **state)
{
    (void)state;
    size_t said = 0;
    for (size_t k = 0; check_table[k] != NULL; k++) {
        char path[512];
        size_t i;
        json_t *one;
        snprintf(path, sizeof path, "%s/qc/%s.json", TEST_VECTORS, check_table[k]->name);
        json_t *json = json_load_file(path, 0, NULL);
        assert_non_null(json);
        json_array_foreach(json, i, one)
        {
            said += check_all_points(one, check_table[k]);
        }
        json_decref(json);
    }
    assert_in_range(said, 200, 100000);
}

static void test_tests_of_the_hub_have_words(void **state)
{
    (void)state;
    static const char *const names[] = {"attenuated_signal_test",
                                        "climatology_test",
                                        "duplicate_timestamp_test",
                                        "flat_line_test",
                                        "gross_range_test",
                                        "rate_of_change_test",
                                        "spike_test",
                                        "time_gap_test"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        assert_non_null(check_find(names[k])->say);
    }
}

static void test_what_is_computed_stands_on_the_right_side(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252ULL;
    for (int i = 0; i < 20000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        double limit = (double)(random % 1000) / 1000;
        double x = limit;
        for (int step = (int)(random >> 32 & 7); step > 0; step--) {
            x = nextafter(x, (random >> 40 & 1) != 0 ? 2 : -1);
        }
        const struct reason_limits limits = {.suspect = limit, .fail = (double)NAN};
        struct reason r = {.language = LANGUAGE_EN, .unit = "1"};
        const char *text = reason_computed(&r, x, &limits);
        double shown = 0;
        assert_true(number_parse(text, &shown));
        assert_true((shown > limit) == (x > limit) && (shown < limit) == (x < limit));
    }
}

static void test_a_long_unit_does_not_break_a_sentence(void **state)
{
    (void)state;
    const struct reason_limits limits = {.suspect = 1e-300, .fail = 2e-300};
    char unit[301] = {0};
    for (size_t i = 0; i + 2 < sizeof unit; i += 2) {
        memcpy(unit + i, "µ", 2);
    }
    struct reason r = {.language = LANGUAGE_DE, .unit = unit};
    reason_put(&r, "%s; %s.", "%s; %s.", reason_amount(&r, -1.2345678901234567e-300),
               reason_limit(&r, QUALITY_FAIL, &limits));
    assert_true(text_is_utf8(r.text, strlen(r.text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences_are_those_of_the_table),
        cmocka_unit_test(test_no_flag_of_the_vectors_lacks_a_sentence),
        cmocka_unit_test(test_tests_of_the_hub_have_words),
        cmocka_unit_test(test_what_is_computed_stands_on_the_right_side),
        cmocka_unit_test(test_a_long_unit_does_not_break_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
