/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/checks/location.h"

#include <math.h>

#define RADIANS (M_PI / 180)

static double square(double x)
{
    return x * x;
}

/* In the order of operations of gsw.distance. */
static double distance_m(const struct stretch *s, size_t from, size_t to)
{
    double lat_a = s->lat[from] * RADIANS, lat_b = s->lat[to] * RADIANS;
    double lon_a = s->lon[from] * RADIANS, lon_b = s->lon[to] * RADIANS;
    double a = square(sin((lat_b - lat_a) / 2)) +
               cos(lat_a) * cos(lat_b) * square(sin((lon_b - lon_a) / 2));
    return LOCATION_EARTH_RADIUS_M * (2 * atan2(sqrt(a), sqrt(1 - a)));
}

static bool is_whole(const struct stretch *s, size_t i)
{
    return isfinite(s->lat[i]) && isfinite(s->lon[i]);
}

enum quality location_judge(const struct location_settings *l, enum quality_mode mode,
                            const struct stretch *s, size_t i)
{
    if (s->lat == NULL || s->lon == NULL) {
        return QUALITY_NOT_EVALUATED;
    }
    double lat = s->lat[i], lon = s->lon[i];
    if (mode == QUALITY_HUB && !isfinite(lat) && !isfinite(lon)) {
        return QUALITY_MISSING;
    }
    if (fabs(lat) > 90 || fabs(lon) > 180) {
        return QUALITY_FAIL;
    }
    if (!is_whole(s, i)) {
        return isnan(lat) && isnan(lon) ? QUALITY_MISSING : QUALITY_FAIL;
    }
    bool far = i > 0 && is_whole(s, i - 1) && distance_m(s, i - 1, i) > l->range_max;
    return far ? QUALITY_SUSPECT : QUALITY_GOOD;
}

static enum quality judge(const void *settings, enum quality_mode mode,
                          const struct stretch *s, size_t i)
{
    return location_judge(settings, mode, s, i);
}

static unsigned needs(const void *settings, enum quality_mode mode)
{
    (void)settings;
    (void)mode;
    return CHECK_POSITIONS;
}

#define FIELD(name) .offset = offsetof(struct location_settings, name)

static const struct argument arguments[] = {
    {"range_max", ARGUMENT_AMOUNT, FIELD(range_max), .standard = ARGUMENT_NO_STANDARD,
     .help = "m; farther from the point before: 3"},
    {"range_method", ARGUMENT_CHOICE, FIELD(range_method), .standard = 0,
     .help = "how distances are measured", .choices = {"haversine"}},
    {0},
};

const struct check check_location = {
    .name = "location_test",
    .title = "Is the position one on Earth, and one that could be reached?",
    .arguments = arguments,
    .settings_size = sizeof(struct location_settings),
    .needs = needs,
    .judge = judge,
};
