/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/ranges.h"

#include "quality/settings.h"

#include <math.h>
#include <string.h>

/* Height of the station's mean water in the datum of the parameter; NAN: not known. */
static double reference_of(const struct check_input *in)
{
    bool above_zero = strcmp(in->parameter->id, "gauge_level") == 0;
    return in->station == NULL
               ? (double)NAN
               : station_mean_water_m(in->station, above_zero, in->time_us);
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
    *out = (struct gross_range_settings){shifted(r->fail_span, by),
                                         shifted(r->suspect_span, by)};
    return RANGES_FOUND;
}
