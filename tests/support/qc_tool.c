/* SPDX-License-Identifier: EUPL-1.2 */
/* Judges many series for tests that compare our flags with another program: reads flag
 * vectors (support/qc_series.h) whose config holds tests, one JSON document after the
 * other, with a member "mode"; writes for each a line {"<test>": [flags], "aggregate":
 * [flags]}, or {"problem": "why it is refused"}. */
#include "support/qc_series.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void judge(const struct tests_file *t, enum quality_mode mode,
                  const struct stretch *s, json_t *answer)
{
    json_t *all = json_array();
    for (size_t k = 0; k < t->count; k++) {
        if (t->rows[k].check->derive != NULL) {
            t->rows[k].check->derive(t->rows[k].settings, s);
        }
        json_object_set_new(answer, t->rows[k].check->name, json_array());
    }
    for (size_t i = 0; i < s->count; i++) {
        quality_tests tests = quality_tests_new(TIME_SOURCE_READING);
        for (size_t k = 0; k < t->count; k++) {
            const struct check *check = t->rows[k].check;
            enum quality flag = check_flag(check, t->rows[k].settings, mode, s, i);
            tests = quality_tests_set(tests, (int)k, flag);
            json_array_append_new(json_object_get(answer, check->name),
                                  json_integer((json_int_t)flag));
        }
        json_array_append_new(all, json_integer((json_int_t)quality_aggregate(tests)));
    }
    json_object_set_new(answer, "aggregate", all);
}

static void answer_one(const json_t *one)
{
    const char *named = json_string_value(json_object_get(one, "mode"));
    enum quality_mode mode =
        named != NULL && strcmp(named, "hub") == 0 ? QUALITY_HUB : QUALITY_REFERENCE;
    json_t *answer = json_object();
    struct tests_file t;
    char why[161];
    if (qc_tests_read(one, "aggregate", mode, &t, why) != ERR_OK) {
        json_object_set_new(answer, "problem", json_string(why));
    } else {
        struct qc_series s;
        qc_series_open(&s, one);
        s.stretch.interval_s = t.interval_s > 0 ? t.interval_s : s.stretch.interval_s;
        judge(&t, mode, &s.stretch, answer);
        qc_series_close(&s);
        tests_file_fini(&t);
    }
    json_dumpf(answer, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(answer);
}

int main(void)
{
    json_error_t error;
    json_t *one;
    while ((one = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, &error)) != NULL) {
        answer_one(one);
        json_decref(one);
    }
    bool ended =
        feof(stdin) && json_error_code(&error) == json_error_premature_end_of_input;
    if (!ended) {
        fprintf(stderr, "line %d: %s\n", error.line, error.text);
    }
    return ended ? 0 : 2;
}
