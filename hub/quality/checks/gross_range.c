/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/checks/gross_range.h"

#include "quality/quality.h"

#include <math.h>
#include <string.h>

static bool outside(const struct span *s, double value)
{
    return s->low <= s->high && (value < s->low || value > s->high);
}

enum quality gross_range_judge(double value, const struct range_test *r)
{
    if (!isfinite(value)) {
        return QUALITY_MISSING;
    }
    if (!r->set) {
        return QUALITY_NONE;
    }
    if (outside(&r->fail, value)) {
        return QUALITY_FAIL;
    }
    return outside(&r->suspect, value) ? QUALITY_SUSPECT : QUALITY_GOOD;
}

static const struct range_test *range_of(const struct check_input *in)
{
    size_t count = in->station != NULL ? in->station->range_count : 0;
    for (size_t i = 0; i < count; i++) {
        if (in->station->ranges[i].parameter == in->parameter) {
            return &in->station->ranges[i].range;
        }
    }
    return &in->parameter->gross_range;
}

/* Height of the station's mean water in the datum of the parameter; NAN: not known. */
static double reference_of(const struct check_input *in)
{
    const struct station *s = in->station;
    const struct reference_level *level =
        s != NULL ? station_reference_level(s, in->time_us) : NULL;
    if (level == NULL) {
        return (double)NAN;
    }
    bool above_zero = strcmp(in->parameter->id, "gauge_level") == 0;
    if (above_zero == (level->datum == REFERENCE_GAUGE_ZERO)) {
        return level->value_m;
    }
    const struct gauge_zero *zero = station_gauge_zero(s, in->time_us);
    if (zero == NULL) {
        return (double)NAN;
    }
    return above_zero ? level->value_m - zero->m_nhn : level->value_m + zero->m_nhn;
}

static struct span shifted(struct span s, double by)
{
    return s.low <= s.high ? (struct span){s.low + by, s.high + by} : s;
}

static enum quality judge(const struct check_input *in)
{
    struct range_test r = *range_of(in);
    if (r.set && in->parameter->relative && isfinite(in->value)) {
        double reference = reference_of(in);
        if (isnan(reference)) {
            return QUALITY_NOT_EVALUATED;
        }
        r.fail = shifted(r.fail, reference);
        r.suspect = shifted(r.suspect, reference);
    }
    return gross_range_judge(in->value, &r);
}

const struct check check_gross_range = {.name = "gross_range_test", .judge = judge};
