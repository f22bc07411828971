/* SPDX-License-Identifier: EUPL-1.2 */
#include "normalise/level.h"
#include "normalise/formula.h"

#include <math.h>

/* Density in kg/m3 at 1 atm. */
static double eos80(double salinity, double temperature_c)
{
    double t = temperature_c * 1.00024; /* IPTS-68 */
    double s = salinity;
    double fresh =
        999.842594 + t * (6.793952e-2 +
                          t * (-9.095290e-3 +
                               t * (1.001685e-4 + t * (-1.120083e-6 + t * 6.536332e-9))));
    double a = 8.24493e-1 +
               t * (-4.0899e-3 + t * (7.6438e-5 + t * (-8.2467e-7 + t * 5.3875e-9)));
    double b = -5.72466e-3 + t * (1.0227e-4 + t * -1.6546e-6);
    return fresh + s * (a + b * sqrt(s) + s * 4.8314e-4);
}

static double density(const double *x)
{
    return eos80(x[0], x[1]);
}

static double gravity(const double *x)
{
    return gravity_m_s2(x[0]);
}

/* Below the surface there is no negative pressure. */
static double depth(double pressure_hpa, const double *water)
{
    return pressure_hpa >= 0
               ? water_depth_m(pressure_hpa * 100, eos80(water[0], water[1]),
                               gravity_m_s2(water[2]))
               : (double)NAN;
}

static double depth_from_pressure(const double *x)
{
    return depth(x[0] - x[1], x + 2);
}

static double depth_from_vented_pressure(const double *x)
{
    return depth(x[0], x + 1);
}

static double depth_from_density(const double *x)
{
    return water_depth_m(x[0] * 100, x[1], gravity_m_s2(x[2]));
}

static double level_from_distance(const double *x)
{
    return level_rounded_m(x[0] - x[1]);
}

static double level_from_depth(const double *x)
{
    return level_rounded_m(x[0] + x[1]);
}

static double level_from_pressure(const double *x)
{
    return level_rounded_m(x[0] + depth(x[1] - x[2], x + 3));
}

static double gauge_reading(const double *x)
{
    return level_rounded_m((x[0] - x[1]) * 100);
}

static double level_from_gauge_reading(const double *x)
{
    return level_rounded_m(x[0] / 100 + x[1]);
}

#define SALINITY                                                                         \
    {                                                                                    \
        "salinity", "1", 0, 42, FORMULA_NEEDED, "practical salinity; 0 is fresh water"   \
    }
#define TEMPERATURE                                                                      \
    {                                                                                    \
        "temperature_c", "degC", -2, 40, FORMULA_NEEDED, NULL                            \
    }
#define LATITUDE                                                                         \
    {                                                                                    \
        "latitude_deg", "degree", -90, 90, FORMULA_NEEDED, NULL                          \
    }
#define ABSOLUTE                                                                         \
    {                                                                                    \
        "pressure_hpa", "hPa", 0, 20000, FORMULA_NEEDED, "absolute, at the sensor"       \
    }
#define VENTED                                                                           \
    {                                                                                    \
        "pressure_hpa", "hPa", 0, 20000, FORMULA_NEEDED, "above that of the air"         \
    }
#define AIR_PRESSURE                                                                     \
    {                                                                                    \
        "air_pressure_hpa", "hPa", 500, 1100, FORMULA_NEEDED,                            \
            "at the station in the same minute, not reduced to sea level"                \
    }
#define SENSOR_HEIGHT                                                                    \
    {                                                                                    \
        "sensor_height_m", "m", -500, 9000, FORMULA_NEEDED, "of the sensor above NHN"    \
    }
#define GAUGE_ZERO                                                                       \
    {                                                                                    \
        "gauge_zero_m", "m", -500, 9000, FORMULA_NEEDED, "above NHN"                     \
    }
#define HYDROSTATIC                                                                      \
    "Hydrostatic balance, one density from top to bottom, by density and gravity"

static const struct formula rows[] = {
    {.name = "density",
     .law = "eos-80",
     .title = "Density of water at the surface",
     .inputs = {SALINITY, TEMPERATURE},
     .unit = "kg/m3",
     .source = "International one-atmosphere equation of state 1980: Millero and Poisson "
               "(1981), Deep-Sea Research 28A; Fofonoff and Millard (1983), UNESCO "
               "technical papers in marine science 44",
     .compute = density,
     .example = {35, 4.9988},
     .example_result = 1027.67547,
     .example_within = 5e-06},
    {.name = "gravity",
     .law = "teos-10",
     .title = "Acceleration of gravity at the level of the sea",
     .inputs = {LATITUDE},
     .unit = "m/s2",
     .source = "IOC, SCOR and IAPSO (2010), The international thermodynamic equation of "
               "seawater - 2010, appendix D, equation D.3",
     .compute = gravity,
     .example = {0},
     .example_result = 9.780327,
     .example_within = 1e-12},
    {.name = "depth_from_pressure",
     .law = "hydrostatic",
     .title = "Water above a sensor of absolute pressure",
     .inputs = {ABSOLUTE, AIR_PRESSURE, SALINITY, TEMPERATURE, LATITUDE},
     .unit = "m",
     .limit = "the air weighs more than air and water together",
     .source = HYDROSTATIC,
     .note = "1 hPa of air is 1 cm of water; 1000 instead of 1011 kg/m3 is 22 mm in 2 m.",
     .compute = depth_from_pressure,
     .example = {1213.25, 1013.25, 0, 3.98, 45},
     .example_result = 20000 / (999.975 * 9.8062),
     .example_within = 1e-05},
    {.name = "depth_from_vented_pressure",
     .law = "hydrostatic",
     .title = "Water above a sensor of vented pressure",
     .inputs = {VENTED, SALINITY, TEMPERATURE, LATITUDE},
     .unit = "m",
     .source = HYDROSTATIC,
     .compute = depth_from_vented_pressure,
     .example = {200, 0, 3.98, 45},
     .example_result = 20000 / (999.975 * 9.8062),
     .example_within = 1e-05},
    {.name = "depth_from_density",
     .law = "hydrostatic",
     .title = "Water above a sensor of vented pressure, at a stated density",
     .inputs = {VENTED,
                {"density_kg_m3", "kg/m3", 900, 1100, FORMULA_NEEDED,
                 "density_kg_m3 of the station"},
                LATITUDE},
     .unit = "m",
     .source = HYDROSTATIC,
     .note =
         "How the hub makes water levels of pressures; of absolute ones it first takes "
         "off the air pressure in the same message.",
     .compute = depth_from_density,
     .example = {98.32186206, 1000, 90},
     .example_result = 1,
     .example_within = 1e-9},
    {.name = "level_from_distance",
     .law = "definition",
     .title = "Water level from the distance down to the water",
     .inputs = {SENSOR_HEIGHT,
                {"distance_m", "m", 0, 100, FORMULA_NEEDED,
                 "from the sensor to the water"}},
     .unit = "m",
     .source = "Definition: height of the sensor minus distance, to 1e-9 m",
     .compute = level_from_distance,
     .example = {4.127, 1.234},
     .example_result = 2.893,
     .example_within = 1e-12},
    {.name = "level_from_depth",
     .law = "definition",
     .title = "Water level from the water above the sensor",
     .inputs = {SENSOR_HEIGHT, {"depth_m", "m", 0, 200, FORMULA_NEEDED, NULL}},
     .unit = "m",
     .source = "Definition: height of the sensor plus depth, to 1e-9 m",
     .compute = level_from_depth,
     .example = {-1.5, 1.75},
     .example_result = 0.25,
     .example_within = 1e-12},
    {.name = "level_from_pressure",
     .law = "hydrostatic",
     .title = "Water level from a sensor of absolute pressure",
     .inputs = {SENSOR_HEIGHT, ABSOLUTE, AIR_PRESSURE, SALINITY, TEMPERATURE, LATITUDE},
     .unit = "m",
     .limit = "the air weighs more than air and water together",
     .source = HYDROSTATIC,
     .compute = level_from_pressure,
     .example = {-2, 1213.25, 1013.25, 0, 3.98, 45},
     .example_result = 20000 / (999.975 * 9.8062) - 2,
     .example_within = 1e-05},
    {.name = "gauge_reading",
     .law = "definition",
     .title = "Reading of a gauge (W) from the water level",
     .inputs = {{"water_level_m", "m", -500, 9000, FORMULA_NEEDED, "above NHN"},
                GAUGE_ZERO},
     .unit = "cm",
     .source = "Definition: water level minus gauge zero",
     .compute = gauge_reading,
     .example = {0.117, -5},
     .example_result = 511.7,
     .example_within = 1e-09},
    {.name = "level_from_gauge_reading",
     .law = "definition",
     .title = "Water level from the reading of a gauge (W)",
     .inputs = {{"reading_cm", "cm", -10000, 100000, FORMULA_NEEDED, NULL}, GAUGE_ZERO},
     .unit = "m",
     .source = "Definition: gauge zero plus reading, to 1e-9 m",
     .compute = level_from_gauge_reading,
     .example = {511.7, -5},
     .example_result = 0.117,
     .example_within = 1e-12},
};

const struct formula_group formulas_level = {"Density, depth and level", rows,
                                             sizeof rows / sizeof *rows};
