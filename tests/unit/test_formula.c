/* SPDX-License-Identifier: EUPL-1.2 */
/* Laws that every formula keeps, and printed check values. */
#include "support/assert_close.h"

#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "normalise/formula.h"
#include "normalise/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT_MOST = 1 << 20, POINTS = 2000, CELLS = FORMULA_INPUTS + 3 };

static uint64_t random_state;

/* In [0, 1]. */
static double fraction(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740991.0;
}

static int seed(void **state)
{
    (void)state;
    const char *given = getenv("KOGGE_SEED");
    random_state = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) | 1;
    printf("KOGGE_SEED=%llu\n", (unsigned long long)random_state);
    return 0;
}

static const struct formula *formula(const char *name)
{
    const struct formula *f = formula_find(name);
    if (f == NULL) {
        fail_msg("no formula %s", name);
    }
    return f;
}

static double compute(const char *name, const double *inputs)
{
    struct diag d = {.text = ""};
    double out = 0;
    if (formula_compute(formula(name), inputs, &out, &d) != ERR_OK) {
        fail_msg("%s", d.text);
    }
    return out;
}
#define COMPUTE(name, ...) compute(name, (const double[FORMULA_INPUTS]){__VA_ARGS__})

static void random_inputs(const struct formula *f, double to[FORMULA_INPUTS])
{
    for (size_t i = 0; i < formula_input_count(f); i++) {
        double range = f->inputs[i].most - f->inputs[i].least;
        to[i] = fmin(f->inputs[i].least + fraction() * range, f->inputs[i].most);
    }
}

static void for_each(void (*check)(const struct formula *f))
{
    const char *names[FORMULA_NAMES];
    size_t count = formula_names(names);
    assert_in_range(count, 40, FORMULA_NAMES - 1);
    for (size_t i = 0; i < count; i++) {
        check(formula(names[i]));
    }
}

static void check_row(const struct formula *f)
{
    const char *names[FORMULA_NAMES];
    size_t count = formula_names(names), same = 0;
    for (size_t i = 0; i < count; i++) {
        same += strcmp(names[i], f->name) == 0;
    }
    assert_int_equal(same, 1);
    assert_int_equal(strspn(f->name, "abcdefghijklmnopqrstuvwxyz0123456789_"),
                     strlen(f->name));
    assert_int_equal(strspn(f->law, "abcdefghijklmnopqrstuvwxyz0123456789-"),
                     strlen(f->law));
    assert_true(strlen(f->title) <= 90 && f->title[strlen(f->title) - 1] != '.');
    assert_true(strlen(f->source) > 10 && f->source[strlen(f->source) - 1] != '.');
    assert_true((f->compute == NULL) == (f->factor != 0));
    assert_in_range(formula_input_count(f), 1, FORMULA_INPUTS);
    for (size_t i = 0; i < formula_input_count(f); i++) {
        const struct formula_input *in = &f->inputs[i];
        assert_true(in->least < in->most);
        assert_true(isnan(in->standard) ||
                    (in->standard >= in->least && in->standard <= in->most && in->help));
    }
}

static void test_rows_are_sound(void **state)
{
    (void)state;
    for_each(check_row);
    assert_null(formula_find("practical"));
    assert_null(formula_find(""));
}

static void test_units_are_known_to_the_hub(void **state)
{
    (void)state;
    const struct configuration none = {.alias_count = 0};
    const char *names[FORMULA_NAMES];
    size_t count = formula_names(names);
    struct diag d = {.text = ""};
    struct units *u = NULL;
    assert_int_equal(units_open(&none, &u, &d), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        const struct formula *f = formula(names[i]);
        for (size_t k = 0; k <= formula_input_count(f); k++) {
            const char *unit = k > 0 ? f->inputs[k - 1].unit : f->unit;
            if (unit_check(u, unit, &d) != ERR_OK) {
                fail_msg("%s: %s", f->name, d.text);
            }
        }
    }
    units_close(u);
}

static void check_example(const struct formula *f)
{
    assert_close(compute(f->name, f->example), f->example_result, f->example_within);
}

static void test_examples_give_what_was_published(void **state)
{
    (void)state;
    for_each(check_example);
}

/* value in place i of inputs that are else those of the example: no result, and d says
 * so. */
static void assert_refused(const struct formula *f, size_t i, double value)
{
    double inputs[FORMULA_INPUTS], out = 42;
    struct diag d = {.text = ""};
    memcpy(inputs, f->example, sizeof inputs);
    inputs[i] = value;
    assert_int_equal(formula_compute(f, inputs, &out, &d), ERR_RANGE);
    assert_true(out == 42);
    assert_non_null(strstr(d.text, f->name));
    assert_non_null(strstr(d.text, f->inputs[i].name));
    assert_int_equal(formula_compute(f, inputs, &out, NULL), ERR_RANGE);
}

static void check_edges(const struct formula *f)
{
    for (size_t i = 0; i < formula_input_count(f); i++) {
        const struct formula_input *in = &f->inputs[i];
        assert_refused(f, i, nextafter(in->least, -(double)INFINITY));
        assert_refused(f, i, nextafter(in->most, (double)INFINITY));
        assert_refused(f, i, (double)NAN);
        assert_refused(f, i, (double)INFINITY);
        assert_refused(f, i, -(double)INFINITY);
        assert_refused(f, i, 1e308);
    }
}

static void test_outside_the_range_of_an_input_there_is_no_number(void **state)
{
    (void)state;
    for_each(check_edges);
}

/* A number, or the sentence of the limit; nothing else, nowhere in the ranges. */
static void check_inside(const struct formula *f)
{
    size_t count = formula_input_count(f), corners = (size_t)1 << count;
    for (size_t n = 0; n < corners + POINTS; n++) {
        double inputs[FORMULA_INPUTS], out = (double)NAN;
        struct diag d = {.text = ""};
        random_inputs(f, inputs);
        for (size_t i = 0; n < corners && i < count; i++) {
            inputs[i] = n >> i & 1 ? f->inputs[i].most : f->inputs[i].least;
        }
        if (formula_compute(f, inputs, &out, &d) == ERR_OK) {
            assert_true(isfinite(out));
        } else if (f->limit == NULL || strstr(d.text, f->limit) == NULL) {
            fail_msg("%s refuses what is in its ranges: %s", f->name, d.text);
        }
    }
}

static void test_inside_the_ranges_there_is_a_number_or_the_limit(void **state)
{
    (void)state;
    for_each(check_inside);
}

/* f grows with input i, or falls (sign -1), wherever it gives numbers. */
static void assert_monotonic(const char *name, size_t i, int sign)
{
    const struct formula *f = formula(name);
    double range = f->inputs[i].most - f->inputs[i].least;
    int judged = 0;
    for (int n = 0; n < 10 * POINTS; n++) {
        double inputs[FORMULA_INPUTS], first, second;
        random_inputs(f, inputs);
        inputs[i] = fmin(inputs[i], f->inputs[i].most - range * 1e-6);
        enum err e = formula_compute(f, inputs, &first, NULL);
        inputs[i] += range * 1e-6;
        if (e != ERR_OK || formula_compute(f, inputs, &second, NULL) != ERR_OK) {
            continue;
        }
        judged++;
        if ((second - first) * sign <= 0) {
            fail_msg("%s: %.17g then %.17g at %s = %.17g", name, first, second,
                     f->inputs[i].name, inputs[i]);
        }
    }
    assert_true(judged > POINTS);
}

static void test_formulas_grow_and_fall_as_water_does(void **state)
{
    (void)state;
    assert_monotonic("practical_salinity", 0, 1);
    assert_monotonic("practical_salinity", 1, -1);
    assert_monotonic("conductivity_from_salinity", 0, 1);
    assert_monotonic("conductivity_from_salinity", 1, 1);
    assert_monotonic("ec25_linear", 0, 1);
    assert_monotonic("ec25_iso7888", 1, -1);
    assert_monotonic("density", 0, 1);
    assert_monotonic("oxygen_solubility", 0, -1);
    assert_monotonic("oxygen_solubility", 1, -1);
    assert_monotonic("oxygen_solubility", 2, 1);
    assert_monotonic("oxygen_solubility_umol_kg", 0, -1);
    assert_monotonic("oxygen_saturation", 0, 1);
    assert_monotonic("depth_from_pressure", 0, 1);
    assert_monotonic("depth_from_pressure", 1, -1);
    assert_monotonic("level_from_distance", 1, -1);
}

/* there(x, rest) given to back as its first input, with the same rest, is x again. */
static void assert_round_trip(const char *there, const char *back, double within)
{
    const struct formula *f = formula(there);
    int judged = 0;
    for (int n = 0; n < POINTS; n++) {
        double inputs[FORMULA_INPUTS] = {0}, middle, again;
        random_inputs(f, inputs);
        double first = inputs[0];
        if (formula_compute(f, inputs, &middle, NULL) != ERR_OK) {
            continue;
        }
        inputs[0] = middle;
        if (formula_compute(formula(back), inputs, &again, NULL) == ERR_OK) {
            judged++;
            assert_close(again, first, within * fmax(1, fabs(first)));
        }
    }
    assert_true(judged > POINTS / 20);
}

static void test_there_and_back_is_the_same(void **state)
{
    (void)state;
    assert_round_trip("conductivity_from_salinity", "practical_salinity", 1e-12);
    assert_round_trip("practical_salinity", "conductivity_from_salinity", 1e-12);
    assert_round_trip("ec25_linear", "conductivity_from_ec25_linear", 1e-13);
    assert_round_trip("ec25_iso7888", "conductivity_from_ec25_iso7888", 1e-13);
    assert_round_trip("oxygen_saturation", "oxygen_from_saturation", 1e-13);
    assert_round_trip("gauge_reading", "level_from_gauge_reading", 1e-9);
    assert_round_trip("nitrate_n_from_nitrate", "nitrate_from_nitrate_n", 1e-13);
    assert_round_trip("nitrite_n_from_nitrite", "nitrite_from_nitrite_n", 1e-13);
    assert_round_trip("ammonium_n_from_ammonium", "ammonium_from_ammonium_n", 1e-13);
    assert_round_trip("phosphate_p_from_phosphate", "phosphate_from_phosphate_p", 1e-13);
}

static void test_salinity_has_no_step_at_two(void **state)
{
    (void)state;
    for (int n = 0; n < POINTS; n++) {
        double t = -2 + 37 * fraction(), p = 10000 * fraction();
        double c = COMPUTE("conductivity_from_salinity", 2, t, p);
        double below = COMPUTE("practical_salinity", c * (1 - 1e-12), t, p);
        double above = COMPUTE("practical_salinity", c * (1 + 1e-12), t, p);
        assert_close(below, 2, 1e-10);
        assert_close(above, 2, 1e-10);
        double plain = COMPUTE("practical_salinity_hill1986", c * 1.001, t, p);
        assert_close(plain, COMPUTE("practical_salinity", c * 1.001, t, p), 0);
    }
}

static void test_laws_for_comparison_stay_near(void **state)
{
    (void)state;
    for (int n = 0; n < POINTS; n++) {
        double t = 40 * fraction(), s = 40 * fraction(), p = 950 + 100 * fraction();
        double usgs = COMPUTE("oxygen_solubility", t, s, p);
        assert_close(COMPUTE("oxygen_solubility_green_carritt", t, s, p), usgs, 1e-3);
        assert_close(COMPUTE("oxygen_solubility_green_carritt", t, s, 1013.25),
                     COMPUTE("oxygen_solubility", t, s, 1013.25), 1e-12);
        assert_close(COMPUTE("oxygen_solubility_garcia_gordon", t, s, p), usgs, 0.004);
        double c = 0.01 + 4 * fraction(), t_c = -2 + 37 * fraction();
        assert_close(COMPUTE("practical_salinity_hill1986", c, t_c, 0),
                     COMPUTE("practical_salinity", c, t_c, 0), 4e-4);
    }
}

/* --- tests/vectors/formula/published.tsv --- */

static size_t split(char *line, const char *cells[CELLS])
{
    size_t count = 0;
    char *rest = line;
    while (rest != NULL && count < CELLS) {
        cells[count++] = strsep(&rest, "\t");
    }
    return count;
}

static double number(const char *text)
{
    double value = 0;
    if (text == NULL || !number_parse(text, &value)) {
        fail_msg("\"%s\" is no number", text != NULL ? text : "");
    }
    return value;
}

static const struct formula *replay_line(char *line)
{
    const char *cells[CELLS] = {NULL};
    size_t count = split(line, cells);
    const struct formula *f = formula(cells[0]);
    size_t inputs = formula_input_count(f);
    double given[FORMULA_INPUTS], out = 0;
    struct diag d = {.text = ""};
    assert_true(count >= inputs + 2);
    for (size_t i = 0; i < inputs; i++) {
        given[i] = number(cells[i + 1]);
    }
    enum err e = formula_compute(f, given, &out, &d);
    if (text_equal(cells[inputs + 1], "-")) {
        assert_int_equal(e, ERR_RANGE);
        assert_int_equal(count, inputs + 2);
        return f;
    }
    assert_int_equal(count, inputs + 3);
    assert_int_equal(e, ERR_OK);
    if (!(fabs(out - number(cells[inputs + 1])) <= number(cells[inputs + 2]))) {
        fail_msg("%s gives %.12g, printed is %s", f->name, out, cells[inputs + 1]);
    }
    return f;
}

static void test_printed_check_values(void **state)
{
    (void)state;
    const char *names[FORMULA_NAMES];
    bool seen[FORMULA_NAMES] = {false};
    size_t count = formula_names(names);
    struct buf b;
    buf_init(&b, TEXT_MOST);
    assert_int_equal(file_read(TEST_VECTORS "/formula/published.tsv", &b), ERR_OK);
    char *rest = b.bytes;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        const struct formula *f =
            line[0] != '#' && line[0] != '\0' ? replay_line(line) : NULL;
        for (size_t i = 0; i < count; i++) {
            seen[i] = seen[i] || formula_find(names[i]) == f;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!seen[i]) {
            fail_msg("no vector for %s", names[i]);
        }
    }
    buf_fini(&b);
}

static void test_docs_are_made_of_the_table(void **state)
{
    (void)state;
    struct buf made, there;
    buf_init(&made, TEXT_MOST);
    buf_init(&there, TEXT_MOST);
    formula_write_reference(&made);
    assert_int_equal(made.err, ERR_OK);
    enum err e = file_read(TEST_VECTORS "/../../docs/formulas.md", &there);
    bool same = e == ERR_OK && strcmp(buf_text(&made), buf_text(&there)) == 0;
    if (!same) {
        assert_int_equal(file_put("made-formulas.md", made.bytes, made.length, 0644),
                         ERR_OK);
    }
    buf_fini(&made);
    buf_fini(&there);
    if (!same) {
        fail_msg("docs/formulas.md is not what the formulas make; look at "
                 "made-formulas.md and copy it");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_sound),
        cmocka_unit_test(test_units_are_known_to_the_hub),
        cmocka_unit_test(test_examples_give_what_was_published),
        cmocka_unit_test(test_outside_the_range_of_an_input_there_is_no_number),
        cmocka_unit_test(test_inside_the_ranges_there_is_a_number_or_the_limit),
        cmocka_unit_test(test_formulas_grow_and_fall_as_water_does),
        cmocka_unit_test(test_there_and_back_is_the_same),
        cmocka_unit_test(test_salinity_has_no_step_at_two),
        cmocka_unit_test(test_laws_for_comparison_stay_near),
        cmocka_unit_test(test_printed_check_values),
        cmocka_unit_test(test_docs_are_made_of_the_table),
    };
    return cmocka_run_group_tests(tests, seed, NULL);
}
