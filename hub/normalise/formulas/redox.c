/* SPDX-License-Identifier: EUPL-1.2 */
#include "normalise/formula.h"

static double redox_she(const double *x)
{
    return x[0] + x[1];
}

static const struct formula rows[] = {
    {.name = "redox_she",
     .law = "reference-electrode",
     .title = "Redox potential to the standard hydrogen electrode",
     .inputs = {{"redox_mv", "mV", -2000, 2000, FORMULA_NEEDED, "as measured"},
                {"reference_mv", "mV", 0, 500, FORMULA_NEEDED,
                 "of the reference electrode at the temperature of the water"}},
     .unit = "mV",
     .source = "Definition: the potential measured plus that of the reference electrode",
     .note =
         "At 25 °C: Ag/AgCl in KCl of 3 mol/L 210 mV, of 3.5 mol/L 205 mV, saturated "
         "197 mV; saturated calomel 241 mV. Published values differ by 2 mV; at other "
         "temperatures take the vendor's table.",
     .compute = redox_she,
     .example = {-150, 210},
     .example_result = 60,
     .example_within = 1e-12},
};

const struct formula_group formulas_redox = {"Redox potential", rows,
                                             sizeof rows / sizeof *rows};
