/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/quality.h"

#include "quality/ranges.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

static const char *names[QUALITY_TESTS] = {"device", "time", "calibration",
                                           "maintenance"};
static size_t name_count = QUALITY_TEST_FIRST_CHECK;
static pthread_once_t named = PTHREAD_ONCE_INIT;

static void collect_names(void)
{
    for (size_t i = 0; check_table[i] != NULL && name_count < QUALITY_TESTS; i++) {
        names[name_count++] = check_table[i]->name;
    }
}

const char *const *quality_test_names(size_t *count)
{
    pthread_once(&named, collect_names);
    *count = name_count;
    return names;
}

const struct check *check_find(const char *name)
{
    for (size_t i = 0; check_table[i] != NULL; i++) {
        if (strcmp(check_table[i]->name, name) == 0) {
            return check_table[i];
        }
    }
    return NULL;
}

size_t check_names(const char *all[CHECK_NAMES])
{
    size_t count = 0;
    for (; count < CHECK_NAMES && check_table[count] != NULL; count++) {
        all[count] = check_table[count]->name;
    }
    return count;
}

enum quality check_flag(const struct check *check, const void *settings,
                        enum quality_mode mode, const struct stretch *s, size_t i)
{
    bool missing = mode == QUALITY_HUB && s->value != NULL && stretch_is_missing(s, i);
    return missing ? QUALITY_MISSING : check->judge(settings, mode, s, i);
}

enum err check_reversed(bool reversed, enum quality_mode mode, struct diag *d)
{
    if (!reversed) {
        return ERR_OK;
    }
    diag_set_field(d, "fail_threshold");
    diag_set(d, "it is passed before the one for suspect: are the two reversed?");
    return mode == QUALITY_HUB ? ERR_RANGE : ERR_OK;
}

enum quality quality_judge_range(const struct check_input *in)
{
    struct gross_range_settings settings;
    if (!isfinite(in->value)) {
        return QUALITY_MISSING;
    }
    switch (ranges_find(in, &settings)) {
    case RANGES_NONE:
        return QUALITY_NONE;
    case RANGES_NO_REFERENCE:
        return QUALITY_NOT_EVALUATED;
    default:
        break;
    }
    const struct stretch alone = {
        .time_us = &in->time_us, .value = &in->value, .count = 1};
    return gross_range_judge(&settings, QUALITY_HUB, &alone, 0);
}

static quality_tests mark_missing(const struct quality_plan *q, quality_tests tests)
{
    for (size_t i = 0; i < q->count; i++) {
        if (quality_tests_get(tests, q->slots[i]) != QUALITY_NONE) {
            tests = quality_tests_set(tests, q->slots[i], QUALITY_MISSING);
        }
    }
    return tests;
}

quality_tests quality_judge(const struct quality_plan *q, const struct check_input *in,
                            quality_tests tests)
{
    size_t at = QUALITY_TEST_FIRST_CHECK;
    while (at < q->count &&
           check_table[at - QUALITY_TEST_FIRST_CHECK] != &check_gross_range) {
        at++;
    }
    enum quality flag = at < q->count ? quality_judge_range(in) : QUALITY_NONE;
    if (flag != QUALITY_NONE) {
        tests = quality_tests_set(tests, q->slots[at], flag);
    }
    return isfinite(in->value) ? tests : mark_missing(q, tests);
}
