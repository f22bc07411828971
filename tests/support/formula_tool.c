/* SPDX-License-Identifier: EUPL-1.2 */
/* Computes formulas for tests that compare them with another program: reads lines
 * "NAME INPUT ..." (all inputs, in their order), writes the result of each, or "-" where
 * the formula gives none. */
#include "base/number.h"
#include "normalise/formula.h"

#include <stdio.h>
#include <string.h>

enum { LINE = 1024 };

static const char *compute(char *line, char to[NUMBER_TEXT])
{
    char *rest = line;
    double inputs[FORMULA_INPUTS] = {0}, value = 0;
    const struct formula *f = formula_find(strsep(&rest, " \n"));
    for (size_t i = 0; f != NULL && i < formula_input_count(f); i++) {
        const char *text = rest != NULL ? strsep(&rest, " \n") : "";
        if (!number_parse(text, &inputs[i])) {
            return NULL;
        }
    }
    if (f == NULL) {
        return NULL;
    }
    if (formula_compute(f, inputs, &value, NULL) != ERR_OK) {
        return "-";
    }
    number_format(value, to);
    return to;
}

int main(void)
{
    char line[LINE], result[NUMBER_TEXT];
    for (int number = 1; fgets(line, sizeof line, stdin) != NULL; number++) {
        const char *text = compute(line, result);
        if (text == NULL) {
            fprintf(stderr, "line %d: no such formula, or an input is no number\n",
                    number);
            return 2;
        }
        puts(text);
    }
    return 0;
}
