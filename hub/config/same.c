/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/same.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool same_parameter(const struct parameter *a, const struct parameter *b)
{
    return text_equal(a != NULL ? a->id : NULL, b != NULL ? b->id : NULL);
}

static bool same_check(const struct field_check *a, const struct field_check *b)
{
    bool same = a->set == b->set && same_number(a->site_before, b->site_before) &&
                same_number(a->site_after, b->site_after) &&
                same_number(a->meter_before, b->meter_before) &&
                same_number(a->meter_after, b->meter_after) &&
                a->standard_count == b->standard_count;
    for (size_t i = 0; same && i < a->standard_count; i++) {
        same = a->standards[i].standard == b->standards[i].standard &&
               a->standards[i].reading == b->standards[i].reading;
    }
    return same;
}

bool same_correction_limits(const struct correction_limits *a,
                            const struct correction_limits *b)
{
    return same_number(a->correct_above, b->correct_above) &&
           same_number(a->correct_above_percent, b->correct_above_percent) &&
           same_number(a->publish_to, b->publish_to) &&
           same_number(a->publish_to_percent, b->publish_to_percent);
}

bool same_calibrations(const struct calibration *a, size_t a_count,
                       const struct calibration *b, size_t b_count)
{
    bool same = a_count == b_count;
    for (size_t i = 0; same && i < a_count; i++) {
        same = a[i].period.from_us == b[i].period.from_us &&
               a[i].period.to_us == b[i].period.to_us &&
               same_parameter(a[i].parameter, b[i].parameter) &&
               strcmp(a[i].position, b[i].position) == 0 &&
               text_equal(a[i].field, b[i].field) && a[i].offset == b[i].offset &&
               a[i].slope == b[i].slope && same_check(&a[i].check, &b[i].check) &&
               a[i].has_limits == b[i].has_limits &&
               same_correction_limits(&a[i].limits, &b[i].limits);
    }
    return same;
}

bool same_windows(const struct windows *a, const struct windows *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        const struct window *x = &a->rows[i], *y = &b->rows[i];
        same = x->period.from_us == y->period.from_us &&
               x->period.to_us == y->period.to_us &&
               same_parameter(x->parameter, y->parameter) &&
               text_equal(x->position, y->position) && x->flag == y->flag &&
               x->state == y->state;
    }
    return same;
}
