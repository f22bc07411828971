/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/settings.h"

#include "base/clock.h"

#include <string.h>

static bool fits(const struct test_settings *t, const struct check_input *in,
                 const struct check *check)
{
    if (strcmp(t->test, check->name) != 0) {
        return false;
    }
    if (t->water_type != NULL &&
        (in->station == NULL || in->station->water_type == NULL ||
         strcmp(t->water_type, in->station->water_type) != 0)) {
        return false;
    }
    return t->months == TEST_MONTHS ||
           (t->months >> (clock_date_of(in->time_us).month - 1) & 1) != 0;
}

static const struct test_settings *last_of(const struct test_list *list,
                                           const struct check_input *in,
                                           const struct check *check)
{
    for (size_t i = list->count; i-- > 0;) {
        if (fits(&list->rows[i], in, check)) {
            return &list->rows[i];
        }
    }
    return NULL;
}

const struct test_settings *quality_settings(const struct check_input *in,
                                             const struct check *check)
{
    const struct test_settings *found = NULL;
    size_t count = in->station != NULL ? in->station->tests_count : 0;
    for (size_t i = 0; i < count && found == NULL; i++) {
        if (in->station->tests[i].parameter == in->parameter) {
            found = last_of(&in->station->tests[i].tests, in, check);
        }
    }
    found = found != NULL ? found : last_of(&in->parameter->tests, in, check);
    return found != NULL && found->settings != NULL ? found : NULL;
}
