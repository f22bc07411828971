/* SPDX-License-Identifier: EUPL-1.2 */
#include "normalise/formula.h"

#include <math.h>
#include <stdbool.h>

/* The Practical Salinity Scale 1978: C(35, 15 degC IPTS-68, 0) in mS/cm, and IPTS-68 for
 * a temperature of ITS-90, as TEOS-10 takes them. */
#define C3515_MS_CM 42.9140
#define T68_PER_T90 1.00024

static const double pss_a[] = {0.0080, -0.1692, 25.3851, 14.0941, -7.0261, 2.7081};
static const double pss_b[] = {0.0005, -0.0056, -0.0066, -0.0375, 0.0636, -0.0144};

static double polynomial(const double a[6], double x)
{
    return a[0] + x * (a[1] + x * (a[2] + x * (a[3] + x * (a[4] + x * a[5]))));
}

static double slope(const double a[6], double x)
{
    return a[1] + x * (2 * a[2] + x * (3 * a[3] + x * (4 * a[4] + x * 5 * a[5])));
}

/* What the difference from 15 degC weighs, in IPTS-68. */
static double temperature_weight(double t68)
{
    return (t68 - 15) / (1 + 0.0162 * (t68 - 15));
}

/* Salinity by PSS-78 of the square root of the conductivity ratio Rt. */
static double pss78(double root, double weight)
{
    return polynomial(pss_a, root) + weight * polynomial(pss_b, root);
}

/* Square root of Rt, the ratio to water of salinity 35 at the same temperature and
 * pressure; NAN below 0. */
static double conductivity_ratio_root(double conductivity_ms_cm, double t68, double p)
{
    double r = conductivity_ms_cm / C3515_MS_CM;
    double rt35 =
        0.6766097 +
        t68 * (2.00564e-2 + t68 * (1.104259e-4 + t68 * (-6.9698e-7 + t68 * 1.0031e-9)));
    double rp =
        1 + p * (2.070e-5 + p * (-6.370e-10 + p * 3.989e-15)) /
                (1 + t68 * (3.426e-2 + t68 * 4.464e-4) + (4.215e-1 - 3.107e-3 * t68) * r);
    return sqrt(r / (rp * rt35));
}

/* Takes off what PSS-78 gives too much below 2 (Hill, Dauphinee and Woods 1986). */
static double hill1986(double salinity, double root, double weight)
{
    double x = 400 * root * root;
    double y = 10 * root;
    return salinity - pss_a[0] / (1 + x * (1.5 + x)) -
           pss_b[0] * weight / (1 + y * (1 + y * (1 + y)));
}

/* What Hill's curve is multiplied by to meet PSS-78 at salinity 2: there the root is
 * found by Newton's rule, from within 1e-3 of it. */
static double hill_scale(double t68, double weight)
{
    double root = 0.2641 + 2.0e-4 * t68;
    for (int i = 0; i < 3; i++) {
        root -= (pss78(root, weight) - 2) /
                (slope(pss_a, root) + weight * slope(pss_b, root));
    }
    return 2 / hill1986(2, root, weight);
}

static double salinity_of(double conductivity_ms_cm, double temperature_c,
                          double pressure_dbar)
{
    double t68 = temperature_c * T68_PER_T90;
    double weight = temperature_weight(t68);
    double root = conductivity_ratio_root(conductivity_ms_cm, t68, pressure_dbar);
    double salinity = pss78(root, weight);
    if (salinity < 2) {
        salinity = hill_scale(t68, weight) * hill1986(salinity, root, weight);
    }
    return salinity >= 0 ? salinity : (double)NAN;
}

static double up_to_42(double salinity)
{
    return salinity <= 42 ? salinity : (double)NAN;
}

static double practical_salinity(const double *x)
{
    return up_to_42(salinity_of(x[0], x[1], x[2]));
}

static double practical_salinity_hill1986(const double *x)
{
    double t68 = x[1] * T68_PER_T90;
    double weight = temperature_weight(t68);
    double root = conductivity_ratio_root(x[0], t68, x[2]);
    double salinity = pss78(root, weight);
    salinity = salinity < 2 ? hill1986(salinity, root, weight) : salinity;
    return salinity >= 0 ? up_to_42(salinity) : (double)NAN;
}

/* The inverse, by halving until the interval holds no number more; salinity grows with
 * conductivity, and where it is NAN the conductivity is too low. */
static double conductivity_from_salinity(const double *x)
{
    double low = 0, high = 200;
    double middle = high / 2;
    while (middle > low && middle < high) {
        if (salinity_of(middle, x[1], x[2]) >= x[0]) {
            high = middle;
        } else {
            low = middle;
        }
        middle = low + (high - low) / 2;
    }
    return x[0] > 0 ? high : 0;
}

static double salinity_from_ec25(const double *x)
{
    return x[0] * (5.572e-4 + x[0] * 2.02e-9);
}

/* Longitude of the line through two points at latitude lat, all in degrees. */
static double border(double lat, double lat_a, double lon_a, double lat_b, double lon_b)
{
    return lon_a + (lat - lat_a) / (lat_b - lat_a) * (lon_b - lon_a);
}

/* The Baltic of TEOS-10: west of it a line from (50 N, 12.6 E) by (59 N, 7 E) to (69 N,
 * 26 E), east of it one from (50 N, 45 E) to (69 N, 26 E). */
static double absolute_salinity_baltic(const double *x)
{
    double lat = x[1], lon = x[2];
    double west = lat < 59 ? border(lat, 50, 12.6, 59, 7) : border(lat, 59, 7, 69, 26);
    double east = border(lat, 50, 45, 69, 26);
    bool inside = lat > 50 && lat < 69 && lon >= west && lon <= east;
    return inside ? (35.16504 - 0.087) / 35 * x[0] + 0.087 : (double)NAN;
}

#define TEMPERATURE                                                                      \
    {                                                                                    \
        "temperature_c", "degC", -2, 35, FORMULA_NEEDED, NULL                            \
    }
#define CONDUCTIVITY                                                                     \
    {                                                                                    \
        "conductivity_ms_cm", "mS/cm", 0, 200, FORMULA_NEEDED,                           \
            "at the temperature of the water, not compensated"                           \
    }
#define NO_SALINITY "the conductivity fits no salinity from 0 to 42"
#define SEA_PRESSURE                                                                     \
    {                                                                                    \
        "pressure_dbar", "dbar", 0, 10000, 0, "of the water alone"                       \
    }

static const struct formula rows[] = {
    {.name = "practical_salinity",
     .law = "pss-78",
     .title = "Practical salinity from conductivity",
     .inputs = {CONDUCTIVITY, TEMPERATURE, SEA_PRESSURE},
     .unit = "1",
     .limit = NO_SALINITY,
     .source =
         "Practical Salinity Scale 1978: Fofonoff and Millard (1983), Algorithms for "
         "computation of fundamental properties of seawater, UNESCO technical papers in "
         "marine science 44; below 2 Hill, Dauphinee and Woods (1986), The extension of "
         "the Practical Salinity Scale 1978 to low salinities, IEEE J. Oceanic Eng. 11, "
         "scaled to meet it at 2 as gsw_sp_from_c of TEOS-10 does",
     .note = "Never from conductivity at 25 °C, unless it was made with this law: then "
             "give it with temperature_c=25.",
     .compute = practical_salinity,
     .example = {51.4968, 19.995201, 2000},
     .example_result = 37.245628,
     .example_within = 5e-07},
    {.name = "practical_salinity_hill1986",
     .law = "hill-1986",
     .title = "Practical salinity, not scaled below 2; for comparison",
     .inputs = {CONDUCTIVITY, TEMPERATURE, SEA_PRESSURE},
     .unit = "1",
     .limit = NO_SALINITY,
     .source =
         "Hill, Dauphinee and Woods (1986), The extension of the Practical Salinity "
         "Scale 1978 to low salinities, IEEE J. Oceanic Eng. 11",
     .note = "Up to 0.0004 from practical_salinity below 2, and the same above.",
     .compute = practical_salinity_hill1986,
     .example = {42.914, 14.996401, 0},
     .example_result = 35,
     .example_within = 5e-7},
    {.name = "conductivity_from_salinity",
     .law = "pss-78",
     .title = "Conductivity of water of a practical salinity",
     .inputs = {{"salinity", "1", 0, 42, FORMULA_NEEDED, "practical salinity"},
                TEMPERATURE,
                SEA_PRESSURE},
     .unit = "mS/cm",
     .source = "The inverse of practical_salinity",
     .note = "With temperature_c=25 the conductivity at 25 °C by the law of PSS-78.",
     .compute = conductivity_from_salinity,
     .example = {35, 14.996401, 0},
     .example_result = 42.914,
     .example_within = 5e-7},
    {.name = "salinity_from_ec25",
     .law = "usgs-2011",
     .title = "Salinity from specific conductance, for the solubility of oxygen",
     .inputs = {{"ec25_us_cm", "uS/cm", 0, 60000, FORMULA_NEEDED, NULL}},
     .unit = "1",
     .source = "USGS Office of Water Quality technical memorandum 2011.03",
     .note = "An estimate for correcting oxygen; a salinity to publish comes from "
             "conductivity at the temperature of the water.",
     .compute = salinity_from_ec25,
     .example = {1000},
     .example_result = 0.55922,
     .example_within = 1e-12},
    {.name = "absolute_salinity_baltic",
     .law = "teos-10-baltic",
     .title = "Absolute salinity of water of the Baltic",
     .inputs = {{"salinity", "1", 0, 42, FORMULA_NEEDED, "practical salinity"},
                {"latitude_deg", "degree", -90, 90, FORMULA_NEEDED, NULL},
                {"longitude_deg", "degree", -180, 180, FORMULA_NEEDED, NULL}},
     .unit = "g/kg",
     .limit = "the place lies outside the Baltic",
     .source = "Feistel et al. (2010), Density and Absolute Salinity of the Baltic Sea "
               "2006-2009, Ocean Science 6; gsw_sa_from_sp_baltic of TEOS-10",
     .compute = absolute_salinity_baltic,
     .example = {35, 54.37, 10.14},
     .example_result = 35.16504,
     .example_within = 1e-12},
};

const struct formula_group formulas_salinity = {"Salinity", rows,
                                                sizeof rows / sizeof *rows};
