/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/quality.h"

#include <math.h>
#include <pthread.h>

static const char *names[QUALITY_TESTS] = {"device", "time"};
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
    for (size_t i = QUALITY_TEST_FIRST_CHECK; i < q->count; i++) {
        const struct check *check = check_table[i - QUALITY_TEST_FIRST_CHECK];
        if (check == NULL) {
            break;
        }
        enum quality flag = check->judge(in);
        if (flag != QUALITY_NONE) {
            tests = quality_tests_set(tests, q->slots[i], flag);
        }
    }
    return isfinite(in->value) ? tests : mark_missing(q, tests);
}
