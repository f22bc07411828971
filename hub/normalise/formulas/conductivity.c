/* SPDX-License-Identifier: EUPL-1.2 */
#include "normalise/formula.h"

#include <math.h>

/* Conductivity at a temperature over that at 25 degC, growing by alpha % a kelvin. */
static double linear(double temperature_c, double alpha_pct_per_k)
{
    return 1 + alpha_pct_per_k / 100 * (temperature_c - 25);
}

/* F of ISO 7888: natural water at 25 degC over that at a temperature, times a constant.
 */
static double iso7888(double temperature_c)
{
    double viscosity =
        -0.198058 + exp(-1.992186 + 231.17628 / (temperature_c + 86.39123));
    return (1 - 0.962144) + 0.962144 * pow(viscosity, 0.965078);
}

static double ec25_linear(const double *x)
{
    return x[0] / linear(x[1], x[2]);
}

static double conductivity_from_ec25_linear(const double *x)
{
    return x[0] * linear(x[1], x[2]);
}

static double ec25_iso7888(const double *x)
{
    return x[0] * (iso7888(x[1]) / iso7888(25));
}

static double conductivity_from_ec25_iso7888(const double *x)
{
    return x[0] / (iso7888(x[1]) / iso7888(25));
}

#define CONDUCTIVITY(least, most)                                                        \
    {                                                                                    \
        "conductivity_us_cm", "uS/cm", least, most, FORMULA_NEEDED,                      \
            "at the temperature of the water"                                            \
    }
#define ALPHA                                                                            \
    {                                                                                    \
        "alpha_pct_per_k", "%/K", 0, 3, FORMULA_NEEDED,                                  \
            "as the sensor has it: 1.91 or 2.0"                                          \
    }
#define LINEAR "As the manuals of sensors print it: k25 = kT/(1 + alpha/100 (T - 25))"
#define ISO7888 "ISO 7888:1985 (EN 27888), natural water"
#define NEVER_MIXED                                                                      \
    "The laws differ by up to 5 %: never compare conductivities at 25 °C by different " \
    "ones, nor by different alpha."

static const struct formula rows[] = {
    {.name = "ec25_linear",
     .law = "linear",
     .title = "Conductivity at 25 °C, linear compensation",
     .inputs = {CONDUCTIVITY(0, 200000),
                {"temperature_c", "degC", -2, 40, FORMULA_NEEDED, NULL},
                ALPHA},
     .unit = "uS/cm",
     .source = LINEAR,
     .note = NEVER_MIXED,
     .compute = ec25_linear,
     .example = {12000, 30, 2},
     .example_result = 12000 / 1.1,
     .example_within = 1e-09},
    {.name = "ec25_iso7888",
     .law = "iso-7888",
     .title = "Conductivity at 25 °C, non-linear compensation (nLF) of fresh water",
     .inputs = {CONDUCTIVITY(60, 1000),
                {"temperature_c", "degC", 0, 36, FORMULA_NEEDED, NULL}},
     .unit = "uS/cm",
     .source = ISO7888,
     .note =
         "For lakes and rivers; brackish water is compared by its salinity. " NEVER_MIXED,
     .compute = ec25_iso7888,
     .example = {1000, 0},
     .example_result = 1918,
     .example_within = 0.5},
    {.name = "conductivity_from_ec25_linear",
     .law = "linear",
     .title = "Conductivity at the temperature of the water, linear compensation undone",
     .inputs = {{"ec25_us_cm", "uS/cm", 0, 200000, FORMULA_NEEDED, NULL},
                {"temperature_c", "degC", -2, 40, FORMULA_NEEDED, NULL},
                ALPHA},
     .unit = "uS/cm",
     .source = LINEAR,
     .note = "The way to the salinity of a sensor that only sends conductivity at 25 °C.",
     .compute = conductivity_from_ec25_linear,
     .example = {12000, 15, 2},
     .example_result = 9600,
     .example_within = 1e-09},
    {.name = "conductivity_from_ec25_iso7888",
     .law = "iso-7888",
     .title = "Conductivity at the temperature of the water, nLF compensation undone",
     .inputs = {{"ec25_us_cm", "uS/cm", 60, 2000, FORMULA_NEEDED, NULL},
                {"temperature_c", "degC", 0, 36, FORMULA_NEEDED, NULL}},
     .unit = "uS/cm",
     .source = ISO7888,
     .compute = conductivity_from_ec25_iso7888,
     .example = {1918, 0},
     .example_result = 1000,
     .example_within = 0.5},
};

const struct formula_group formulas_conductivity = {"Conductivity", rows,
                                                    sizeof rows / sizeof *rows};
