/* SPDX-License-Identifier: EUPL-1.2 */
#include "normalise/formula.h"

#include <math.h>

#define ATM_HPA 1013.25
#define MMHG_PER_ATM 760.0
#define MG_PER_ML 1.42905 /* of oxygen gas */
#define MG_PER_UMOL 0.0319988

/* Solubility in mg/L under 1 atm of air saturated with water. */
static double benson_krause(double temperature_c, double salinity)
{
    double t = 1 / (temperature_c + 273.15);
    double fresh =
        -139.34411 +
        t * (1.575701e5 + t * (-6.642308e7 + t * (1.243800e10 + t * -8.621949e11)));
    return exp(fresh - salinity * (0.017674 + t * (-10.754 + t * 2140.7)));
}

/* What the pressure of the air changes; both pressures in atm. */
static double pressure_factor(double temperature_c, double air, double vapour)
{
    double theta = 0.000975 + temperature_c * (-1.426e-5 + temperature_c * 6.436e-8);
    return (air - vapour) * (1 - theta * air) / ((1 - vapour) * (1 - theta));
}

static double vapour_usgs(double temperature_c)
{
    double t = 1 / (temperature_c + 273.15);
    return exp(11.8571 + t * (-3840.70 + t * -216961));
}

static double vapour_green_carritt(double temperature_c, double salinity)
{
    double t = (temperature_c + 273.15) / 373.16;
    double fresh = 18.1973 * (1 - 1 / t) + 3.1813e-7 * (1 - exp(26.1205 * (1 - t))) -
                   0.018726 * (1 - exp(8.03945 * (1 - 1 / t))) - 5.02802 * log(t);
    return (1 - 0.000537 * salinity) * exp(fresh);
}

static double solubility(const double *x)
{
    return benson_krause(x[0], x[1]) *
           pressure_factor(x[0], x[2] / ATM_HPA, vapour_usgs(x[0]));
}

static double oxygen_solubility(const double *x)
{
    return solubility(x);
}

static double oxygen_solubility_green_carritt(const double *x)
{
    return benson_krause(x[0], x[1]) *
           pressure_factor(x[0], x[2] / ATM_HPA, vapour_green_carritt(x[0], x[1]));
}

/* The variable in which Garcia and Gordon fit. */
static double scaled_temperature(double temperature_c)
{
    return log((298.15 - temperature_c) / (273.15 + temperature_c));
}

static double oxygen_solubility_garcia_gordon(const double *x)
{
    double t = scaled_temperature(x[0]);
    double s = x[1];
    double ml_l =
        2.00907 +
        t * (3.22014 + t * (4.05010 + t * (4.94457 + t * (-2.56847e-1 + t * 3.88767)))) +
        s * (-6.24523e-3 + t * (-7.37614e-3 + t * (-1.03410e-2 + t * -8.17083e-3))) +
        s * s * -4.88682e-7;
    double vapour_mmhg = pow(10, 8.10765 - 1750.286 / (235 + x[0]));
    double air_mmhg = x[2] / ATM_HPA * MMHG_PER_ATM;
    return exp(ml_l) * MG_PER_ML * (air_mmhg - vapour_mmhg) /
           (MMHG_PER_ATM - vapour_mmhg);
}

static double oxygen_solubility_umol_kg(const double *x)
{
    double t = scaled_temperature(x[0] * 1.00024);
    double s = x[1];
    double umol_kg =
        5.80871 +
        t * (3.20291 + t * (4.17887 + t * (5.10006 + t * (-9.86643e-2 + t * 3.80369)))) +
        s * (-7.01577e-3 + t * (-7.70028e-3 + t * (-1.13864e-2 + t * -9.51519e-3)) +
             s * -2.75915e-7);
    return exp(umol_kg);
}

static double oxygen_saturation(const double *x)
{
    return 100 * x[0] / solubility(x + 1);
}

static double oxygen_from_saturation(const double *x)
{
    return x[0] / 100 * solubility(x + 1);
}

#define TEMPERATURE                                                                      \
    {                                                                                    \
        "temperature_c", "degC", 0, 40, FORMULA_NEEDED, NULL                             \
    }
#define SALINITY                                                                         \
    {                                                                                    \
        "salinity", "1", 0, 42, FORMULA_NEEDED, "practical salinity; 0 is fresh water"   \
    }
#define AIR_PRESSURE                                                                     \
    {                                                                                    \
        "air_pressure_hpa", "hPa", 500, 1100, FORMULA_NEEDED,                            \
            "at the station, not reduced to sea level"                                   \
    }
#define OXYGEN                                                                           \
    {                                                                                    \
        "oxygen_mg_l", "mg/L", 0, 60, FORMULA_NEEDED, NULL                               \
    }
#define USGS                                                                             \
    "Benson and Krause (1980, 1984), Limnol. Oceanogr. 25 and 29, as adopted by the "    \
    "USGS "                                                                              \
    "Office of Water Quality technical memorandum 2011.03"

static const struct formula rows[] = {
    {.name = "oxygen_solubility",
     .law = "usgs-2011",
     .title = "Oxygen in water that is in balance with the air",
     .inputs = {TEMPERATURE, SALINITY, AIR_PRESSURE},
     .unit = "mg/L",
     .source = USGS,
     .compute = oxygen_solubility,
     .example = {20, 0, 1013.25},
     .example_result = 9.092,
     .example_within = 0.0005},
    {.name = "oxygen_saturation",
     .law = "usgs-2011",
     .title = "Saturation of oxygen from its concentration",
     .inputs = {OXYGEN, TEMPERATURE, SALINITY, AIR_PRESSURE},
     .unit = "%",
     .source = USGS,
     .note = "Of water in balance with the air of the moment. The mg/L of a sensor "
             "that is set to salinity 0 are about 10 % too much at salinity 15.",
     .compute = oxygen_saturation,
     .example = {9.092, 20, 0, 1013.25},
     .example_result = 100,
     .example_within = 0.005},
    {.name = "oxygen_from_saturation",
     .law = "usgs-2011",
     .title = "Concentration of oxygen from its saturation",
     .inputs = {{"saturation_pct", "%", 0, 500, FORMULA_NEEDED, NULL},
                TEMPERATURE,
                SALINITY,
                AIR_PRESSURE},
     .unit = "mg/L",
     .source = USGS,
     .compute = oxygen_from_saturation,
     .example = {100, 20, 0, 1013.25},
     .example_result = 9.092,
     .example_within = 0.0005},
    {.name = "oxygen_solubility_garcia_gordon",
     .law = "garcia-gordon-1992",
     .title = "Oxygen in balance with the air by Garcia and Gordon; for comparison",
     .inputs = {TEMPERATURE, SALINITY, AIR_PRESSURE},
     .unit = "mg/L",
     .source = "Garcia and Gordon (1992), Oxygen solubility in seawater: better fitting "
               "equations, Limnol. Oceanogr. 37, constants for the data of Benson and "
               "Krause; vapour pressure by Antoine's equation; 1 mL is 1.42905 mg",
     .note = "Up to 0.004 mg/L from oxygen_solubility.",
     .compute = oxygen_solubility_garcia_gordon,
     .example = {20, 0, 1013.25},
     .example_result = 9.092,
     .example_within = 0.003},
    {.name = "oxygen_solubility_green_carritt",
     .law = "benson-krause-1984",
     .title = "Oxygen in balance with the air, vapour pressure over salt water; for "
              "comparison",
     .inputs = {TEMPERATURE, SALINITY, AIR_PRESSURE},
     .unit = "mg/L",
     .source = "Benson and Krause (1984), Limnol. Oceanogr. 29; vapour pressure by Green "
               "and Carritt (1967), J. Mar. Res. 25",
     .note = "Up to 0.001 mg/L from oxygen_solubility at 950 to 1050 hPa, none at "
             "1013.25 hPa.",
     .compute = oxygen_solubility_green_carritt,
     .example = {20, 0, 1013.25},
     .example_result = 9.092,
     .example_within = 0.0005},
    {.name = "oxygen_solubility_umol_kg",
     .law = "garcia-gordon-1992",
     .title = "Oxygen in a kilogram of sea water in balance with the air at 1 atm",
     .inputs = {{"potential_temperature_c", "degC", -2, 40, FORMULA_NEEDED,
                 "near the surface that of the water"},
                SALINITY},
     .unit = "umol/kg",
     .source =
         "Garcia and Gordon (1992), Limnol. Oceanogr. 37, constants for the data of "
         "Benson and Krause; gsw_o2sol_sp_pt of TEOS-10",
     .note = "Times the density of the water it is umol/m3.",
     .compute = oxygen_solubility_umol_kg,
     .example = {9.997601, 35},
     .example_result = 274.610,
     .example_within = 5e-4},
    {.name = "oxygen_from_ml_l",
     .law = "molar",
     .title = "Concentration of oxygen from its volume as a gas",
     .inputs = {{"oxygen_ml_l", "mL/L", 0, 42, FORMULA_NEEDED, NULL}},
     .unit = "mg/L",
     .source = "USGS Office of Water Quality technical memorandum 2011.03",
     .factor = MG_PER_ML,
     .example = {2},
     .example_result = 2.8581,
     .example_within = 1e-12},
    {.name = "oxygen_from_umol_l",
     .law = "molar",
     .title = "Concentration of oxygen from its amount",
     .inputs = {{"oxygen_umol_l", "umol/L", 0, 2000, FORMULA_NEEDED, NULL}},
     .unit = "mg/L",
     .source = "Atomic weight of oxygen, 15.9994 g/mol",
     .factor = MG_PER_UMOL,
     .example = {250},
     .example_result = 7.9997,
     .example_within = 1e-12},
};

const struct formula_group formulas_oxygen = {"Oxygen", rows, sizeof rows / sizeof *rows};
