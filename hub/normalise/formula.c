/* SPDX-License-Identifier: EUPL-1.2 */
#include "normalise/formula.h"

#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct formula *formula_find(const char *name)
{
    for (size_t g = 0; formulas_table[g] != NULL; g++) {
        for (size_t i = 0; i < formulas_table[g]->count; i++) {
            if (strcmp(formulas_table[g]->formulas[i].name, name) == 0) {
                return &formulas_table[g]->formulas[i];
            }
        }
    }
    return NULL;
}

size_t formula_names(const char *names[FORMULA_NAMES])
{
    size_t count = 0;
    for (size_t g = 0; formulas_table[g] != NULL; g++) {
        for (size_t i = 0; i < formulas_table[g]->count && count < FORMULA_NAMES; i++) {
            names[count++] = formulas_table[g]->formulas[i].name;
        }
    }
    return count;
}

size_t formula_input_count(const struct formula *f)
{
    size_t count = 0;
    while (count < FORMULA_INPUTS && f->inputs[count].name != NULL) {
        count++;
    }
    return count;
}

/* " degC"; a unit of 1 is not written. */
static const char *spaced_unit(const char *unit, char to[FORMULA_SENTENCE])
{
    snprintf(to, FORMULA_SENTENCE, " %s", unit);
    return strcmp(unit, "1") != 0 ? to : "";
}

const char *formula_range(const struct formula_input *in, char to[FORMULA_SENTENCE])
{
    char least[NUMBER_TEXT], most[NUMBER_TEXT], unit[FORMULA_SENTENCE];
    number_format(in->least, least);
    number_format(in->most, most);
    snprintf(to, FORMULA_SENTENCE, "%s to %s%.64s", least, most,
             spaced_unit(in->unit, unit));
    return to;
}

const char *formula_unit(const struct formula *f)
{
    return strcmp(f->unit, "1") != 0 ? f->unit : "no unit";
}

const char *formula_result(const struct formula *f, double value,
                           char to[FORMULA_SENTENCE])
{
    char unit[FORMULA_SENTENCE];
    snprintf(to, FORMULA_SENTENCE, "%.64s = %.10g%.64s", f->name, value,
             spaced_unit(f->unit, unit));
    return to;
}

static enum err check_input(const struct formula *f, const struct formula_input *in,
                            double value, struct diag *d)
{
    if (value >= in->least && value <= in->most) {
        return ERR_OK;
    }
    char range[FORMULA_SENTENCE], text[NUMBER_TEXT];
    number_format(value, text);
    diag_set(d, "%s holds for %s from %s, not for %s", f->name, in->name,
             formula_range(in, range), isnan(value) ? "a missing value" : text);
    return ERR_RANGE;
}

enum err formula_compute(const struct formula *f, const double *inputs, double *out,
                         struct diag *d)
{
    for (size_t i = 0; i < FORMULA_INPUTS && f->inputs[i].name != NULL; i++) {
        enum err e = check_input(f, &f->inputs[i], inputs[i], d);
        if (e != ERR_OK) {
            return e;
        }
    }
    double value = f->compute != NULL ? f->compute(inputs) : inputs[0] * f->factor;
    if (!isfinite(value)) {
        diag_set(d, "%s gives no number here: %s", f->name, f->limit);
        return ERR_RANGE;
    }
    *out = value;
    return ERR_OK;
}
