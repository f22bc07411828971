/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/report.h"
#include "base/number.h"
#include "base/text.h"
#include "normalise/formula.h"

#include <math.h>
#include <string.h>

enum { SHOWN = 80 };

static int unknown_formula(const struct invocation *i, const char *given)
{
    char shown[SHOWN];
    const char *names[FORMULA_NAMES];
    size_t count = formula_names(names);
    text_escape(shown, sizeof shown, given, strlen(given));
    if (text_nearest(given, names, count) == NULL) {
        return command_fail(i, EXIT_USAGE,
                            "no formula is named %s; kogge calc list prints all of them",
                            shown);
    }
    return command_fail_name(i, "formula", shown, names, count);
}

/* --- kogge calc list --- */

static void print_input(const struct formula_input *in)
{
    char range[FORMULA_SENTENCE], standard[NUMBER_TEXT];
    printf("    %-24s ", in->name);
    if (in->help == NULL) {
        printf("%s\n", formula_range(in, range));
    } else if (isnan(in->standard)) {
        printf("%-22s %s\n", formula_range(in, range), in->help);
    } else {
        number_format(in->standard, standard);
        printf("%-22s %s; %s if left out\n", formula_range(in, range), in->help,
               standard);
    }
}

static void print_formula(const struct formula *f)
{
    printf("%s: %s (%s)\n", f->name, f->title, formula_unit(f));
    for (size_t k = 0; k < formula_input_count(f); k++) {
        print_input(&f->inputs[k]);
    }
    printf("    Law: %s. Source: %s.\n", f->law, f->source);
    if (f->limit != NULL) {
        printf("    No number where %s.\n", f->limit);
    }
    if (f->note != NULL) {
        printf("    %s\n", f->note);
    }
}

static json_t *input_json(const struct formula_input *in)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:s?}", "name", in->name, "unit",
                     in->unit, "least", report_number(in->least), "most",
                     report_number(in->most), "default", report_number(in->standard),
                     "help", in->help);
}

static json_t *formula_json(const struct formula *f, const char *subject)
{
    json_t *inputs = json_array();
    for (size_t k = 0; k < formula_input_count(f); k++) {
        json_array_append_new(inputs, input_json(&f->inputs[k]));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:s?, s:s, s:s?}", "name", f->name,
                     "subject", subject, "law", f->law, "title", f->title, "inputs",
                     inputs, "unit", f->unit, "limit", f->limit, "source", f->source,
                     "note", f->note);
}

/* The formulas of a group, or only that one of them; to list, which is NULL for people.
 */
static void put_group(const struct formula_group *group, const struct formula *only,
                      json_t *list)
{
    if (list == NULL && only == NULL) {
        printf("%s%s\n\n", group == formulas_table[0] ? "" : "\n", group->title);
    }
    for (size_t k = 0; k < group->count; k++) {
        const struct formula *f = &group->formulas[k];
        if (only != NULL && only != f) {
            continue;
        }
        if (list != NULL) {
            json_array_append_new(list, formula_json(f, group->title));
        } else {
            fputs(k > 0 && only == NULL ? "\n" : "", stdout);
            print_formula(f);
        }
    }
}

static int list_formulas(struct invocation *i)
{
    const struct formula *only =
        i->argument_count > 0 ? formula_find(i->arguments[0]) : NULL;
    if (i->argument_count > 0 && only == NULL) {
        return unknown_formula(i, i->arguments[0]);
    }
    json_t *list = i->json ? json_array() : NULL;
    for (size_t g = 0; formulas_table[g] != NULL; g++) {
        put_group(formulas_table[g], only, list);
    }
    if (i->json) {
        report_json("formulas", list);
    }
    return EXIT_DONE;
}

/* --- kogge calc NAME INPUT=VALUE ... --- */

/* The names of f's inputs for a sentence. */
static const char *input_list(const struct formula *f, char to[FORMULA_SENTENCE])
{
    size_t length = 0;
    to[0] = '\0';
    for (size_t k = 0; k < formula_input_count(f) && length < FORMULA_SENTENCE; k++) {
        length += (size_t)snprintf(to + length, FORMULA_SENTENCE - length, "%s%s",
                                   k > 0 ? ", " : "", f->inputs[k].name);
    }
    return to;
}

static int unknown_input(const struct invocation *i, const struct formula *f,
                         const char *given)
{
    char list[FORMULA_SENTENCE];
    const char *names[FORMULA_INPUTS];
    size_t count = formula_input_count(f);
    for (size_t k = 0; k < count; k++) {
        names[k] = f->inputs[k].name;
    }
    const char *near = text_nearest(given, names, count);
    /* the name without its unit, or a part of it, is nearer than any spelling */
    for (size_t k = 0; k < count && near == NULL && given[0] != '\0'; k++) {
        near = strstr(names[k], given) != NULL ? names[k] : NULL;
    }
    if (near != NULL) {
        return command_fail(i, EXIT_USAGE, "%s has no input %s; did you mean %s?",
                            f->name, given, near);
    }
    return command_fail(i, EXIT_USAGE, "%s has no input %s; it takes %s", f->name, given,
                        input_list(f, list));
}

/* Reads "temperature_c=12.5" to the place of that input. */
static int take_input(const struct invocation *i, const struct formula *f,
                      const char *argument, double values[FORMULA_INPUTS],
                      bool given[FORMULA_INPUTS])
{
    char name[SHOWN], shown[SHOWN], list[FORMULA_SENTENCE], range[FORMULA_SENTENCE];
    const char *equals = strchr(argument, '=');
    size_t length = equals != NULL ? (size_t)(equals - argument) : strlen(argument);
    text_escape(name, sizeof name, argument, length);
    if (equals == NULL) {
        return command_fail(i, EXIT_USAGE,
                            "\"%s\" is not of the form INPUT=VALUE; %s "
                            "takes %s",
                            name, f->name, input_list(f, list));
    }
    size_t k = 0, count = formula_input_count(f);
    while (k < count && strcmp(f->inputs[k].name, name) != 0) {
        k++;
    }
    if (k == count) {
        return unknown_input(i, f, name);
    }
    if (given[k]) {
        return command_fail(i, EXIT_USAGE, "%s is given twice", name);
    }
    given[k] = true;
    if (!number_parse(equals + 1, &values[k])) {
        text_escape(shown, sizeof shown, equals + 1, strlen(equals + 1));
        return command_fail(i, EXIT_USAGE,
                            "%s is \"%s\", expected a number like 12.5 from %s", name,
                            shown, formula_range(&f->inputs[k], range));
    }
    return EXIT_DONE;
}

static int take_inputs(const struct invocation *i, const struct formula *f,
                       double values[FORMULA_INPUTS])
{
    bool given[FORMULA_INPUTS] = {false};
    char range[FORMULA_SENTENCE];
    for (int k = 1; k < i->argument_count; k++) {
        int code = take_input(i, f, i->arguments[k], values, given);
        if (code != EXIT_DONE) {
            return code;
        }
    }
    for (size_t k = 0; k < formula_input_count(f); k++) {
        const struct formula_input *in = &f->inputs[k];
        if (!given[k] && isnan(in->standard)) {
            return command_fail(i, EXIT_USAGE, "%s needs %s, a number from %s", f->name,
                                in->name, formula_range(in, range));
        }
        values[k] = given[k] ? values[k] : in->standard;
    }
    return EXIT_DONE;
}

/* value NAN: none, for the reason that problem says. */
static void print_json(const struct formula *f, const double *values, double value,
                       const char *problem)
{
    json_t *inputs = json_object();
    for (size_t k = 0; k < formula_input_count(f); k++) {
        json_object_set_new(inputs, f->inputs[k].name, report_number(values[k]));
    }
    report_json("calc",
                json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s?}", "name", f->name, "law",
                          f->law, "inputs", inputs, "value", report_number(value), "unit",
                          f->unit, "source", f->source, "problem", problem));
}

static int calc(struct invocation *i)
{
    double values[FORMULA_INPUTS] = {0}, value = (double)NAN;
    char result[FORMULA_SENTENCE];
    struct diag d = {.text = ""};
    if (i->argument_count == 0) {
        return list_formulas(i);
    }
    const struct formula *f = formula_find(i->arguments[0]);
    if (f == NULL) {
        return unknown_formula(i, i->arguments[0]);
    }
    int code = take_inputs(i, f, values);
    if (code != EXIT_DONE) {
        return code;
    }
    bool computed = formula_compute(f, values, &value, &d) == ERR_OK;
    if (i->json) {
        print_json(f, values, value, computed ? NULL : d.text);
    } else if (computed) {
        puts(formula_result(f, value, result));
    }
    return computed ? EXIT_DONE : command_fail_diag(i, EXIT_FINDINGS, &d);
}

static const struct verb verbs[] = {
    {
        .name = "",
        .arguments = "NAME INPUT=VALUE...",
        .summary = "Compute a derived quantity, such as salinity, by a formula with its "
                   "source",
        .examples = {"kogge calc practical_salinity conductivity_ms_cm=15.2 "
                     "temperature_c=12.5",
                     "kogge calc oxygen_saturation oxygen_mg_l=9.1 temperature_c=18 "
                     "salinity=8 air_pressure_hpa=1009",
                     "kogge calc ec25_linear conductivity_us_cm=512 temperature_c=8.4 "
                     "alpha_pct_per_k=1.91 --json"},
        .most = FORMULA_INPUTS + 1,
        .json = true,
        .run = calc,
    },
    {
        .name = "list",
        .arguments = "[NAME]",
        .summary = "List formulas with inputs, units, ranges and source",
        .examples = {"kogge calc list", "kogge calc list density",
                     "kogge calc list --json"},
        .most = 1,
        .json = true,
        .run = list_formulas,
    },
};

const struct command command_calc = {"calc", verbs, 2};
