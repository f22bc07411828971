/* SPDX-License-Identifier: EUPL-1.2 */
#include "normalise/level.h"

#include <math.h>

double gravity_m_s2(double lat_deg)
{
    double sine = sin(lat_deg * (3.14159265358979323846 / 180));
    double sine2 = sine * sine;
    return 9.780327 * (1 + (5.2792e-3 + 2.32e-5 * sine2) * sine2);
}

double water_depth_m(double pressure_pa, double density_kg_m3, double gravity)
{
    return pressure_pa / (density_kg_m3 * gravity);
}

double level_rounded_m(double level_m)
{
    return fabs(level_m) < 1e6 ? round(level_m * 1e9) / 1e9 : level_m;
}
