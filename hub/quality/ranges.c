/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/ranges.h"

#include "quality/settings.h"

#include <math.h>
#include <string.h>

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

enum ranges ranges_find(const struct check_input *in, struct gross_range_settings *out)
{
    const struct test_settings *found = quality_settings(in, &check_gross_range);
    if (found == NULL) {
        return RANGES_NONE;
    }
    const struct gross_range_settings *r = found->settings;
    double by = in->parameter->relative ? reference_of(in) : 0;
    if (isnan(by)) {
        return RANGES_NO_REFERENCE;
    }
    *out = (struct gross_range_settings){shifted(r->fail_span, by), shifted(r->suspect_span, by)};
    return RANGES_FOUND;
}
