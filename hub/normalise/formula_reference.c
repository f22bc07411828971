/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/number.h"
#include "normalise/formula.h"

#include <math.h>

static const char intro[] =
    "<!-- SPDX-License-Identifier: EUPL-1.2 -->\n"
    "<!-- Made from hub/normalise/formulas/; a test compares. -->\n"
    "# Derived quantities\n\n"
    "What can be computed from what was measured: each formula with its inputs, their\n"
    "units and ranges, and where it comes from. `kogge calc NAME input=value ...` "
    "computes "
    "one,\n"
    "`kogge calc list` prints this list, and `--json` gives 15 digits to programs. "
    "Outside\n"
    "its ranges a formula says so and gives no number (exit code 3).\n\n"
    "Temperatures are ITS-90. Pressure of water counts from the surface, except where it "
    "says\n"
    "absolute. Air pressure is that of the station, not reduced to sea level. Salinity "
    "is\n"
    "practical salinity, a number without unit. Every example below is a published check "
    "value\n"
    "or worked by hand, and a test computes it again.\n";

/* "ec25_linear conductivity_us_cm=12000 ..." */
static void put_call(struct buf *b, const struct formula *f)
{
    char value[NUMBER_TEXT];
    buf_put_format(b, "kogge calc %s", f->name);
    for (size_t i = 0; i < formula_input_count(f); i++) {
        number_format(f->example[i], value);
        buf_put_format(b, " %s=%s", f->inputs[i].name, value);
    }
    buf_put_text(b, "\n");
}

static void put_input(struct buf *b, const struct formula_input *in)
{
    char range[FORMULA_SENTENCE], standard[NUMBER_TEXT];
    const char *help = in->help != NULL ? in->help : "";
    buf_put_format(b, "| `%s` | %s | %s", in->name, formula_range(in, range), help);
    if (!isnan(in->standard)) {
        number_format(in->standard, standard);
        buf_put_format(b, "%s%s if left out", help[0] != '\0' ? "; " : "", standard);
    }
    buf_put_text(b, " |\n");
}

static void put_formula(struct buf *b, const struct formula *f)
{
    char result[FORMULA_SENTENCE] = "";
    double value;
    buf_put_format(b, "\n### %s\n\n%s (%s). Law: `%s`.\n\n", f->name, f->title,
                   formula_unit(f), f->law);
    buf_put_text(b, "| input | range | |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < formula_input_count(f); i++) {
        put_input(b, &f->inputs[i]);
    }
    if (f->limit != NULL) {
        buf_put_format(b, "\nNo number where %s.\n", f->limit);
    }
    if (f->note != NULL) {
        buf_put_format(b, "\n%s\n", f->note);
    }
    buf_put_format(b, "\nSource: %s.\n\n```sh\n", f->source);
    put_call(b, f);
    if (formula_compute(f, f->example, &value, NULL) == ERR_OK) {
        formula_result(f, value, result);
    }
    buf_put_format(b, "```\n```text\n%s\n```\n", result);
}

void formula_write_reference(struct buf *b)
{
    buf_put_text(b, intro);
    for (size_t g = 0; formulas_table[g] != NULL; g++) {
        buf_put_format(b, "\n## %s\n", formulas_table[g]->title);
        for (size_t i = 0; i < formulas_table[g]->count; i++) {
            put_formula(b, &formulas_table[g]->formulas[i]);
        }
    }
}
