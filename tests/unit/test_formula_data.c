/* SPDX-License-Identifier: EUPL-1.2 */
/* Every row of the reference data on derived quantities, within the target each file
 * states. */
#include "support/assert_close.h"
#include "support/fixture.h"

#include "normalise/formula.h"

#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define T68_PER_T90 1.00024
#define ATM_HPA 1013.25

enum { CONSTANT = -1 };

/* An input: a cell of the row times a factor, or the factor alone. */
struct cell {
    int column;
    double times;
};

/* One result of each row of a file: cell result is what formula gives of inputs. */
struct replay {
    const char *file, *formula;
    struct cell inputs[FORMULA_INPUTS];
    struct cell result;
};

/* The temperatures of density_eos80 are what a function of ITS-90 was given. Those of the
 * factors of ISO 7888 are judged at 100 uS/cm, a conductivity for which it holds. */
static const struct replay replays[] = {
    {"density_eos80", "density", {{0, 1}, {1, 1}}, {2, 1}},
    {"density_unesco44", "density", {{0, 1}, {1, 1 / T68_PER_T90}}, {3, 1}},
    {"distance_to_level", "level_from_distance", {{0, 1}, {1, 1}}, {3, 1}},
    {"distance_to_level", "gauge_reading", {{3, 1}, {2, 1}}, {4, 1}},
    {"distance_to_level", "level_from_gauge_reading", {{4, 1}, {2, 1}}, {3, 1}},
    {"do_percent_saturation",
     "oxygen_saturation",
     {{0, 1}, {1, 1}, {2, 1}, {3, 1}},
     {4, 1}},
    {"do_percent_saturation",
     "oxygen_from_saturation",
     {{4, 1}, {1, 1}, {2, 1}, {3, 1}},
     {0, 1}},
    {"do_sat_benson_krause_usgs",
     "oxygen_solubility",
     {{0, 1}, {1, 1}, {2, ATM_HPA}},
     {3, 1}},
    {"do_sat_en25814_printed",
     "oxygen_solubility",
     {{0, 1}, {CONSTANT, 0}, {CONSTANT, ATM_HPA}},
     {1, 1}},
    {"do_sat_garcia_benson",
     "oxygen_solubility_garcia_gordon",
     {{0, 1}, {1, 1}, {2, ATM_HPA}},
     {3, 1}},
    {"do_sat_oxysol_wql",
     "oxygen_solubility_green_carritt",
     {{0, 1}, {1, 1}, {2, ATM_HPA}},
     {3, 1}},
    {"ec25_iso7888_formula", "ec25_iso7888", {{CONSTANT, 100}, {0, 1}}, {1, 100}},
    {"ec25_iso7888_table", "ec25_iso7888", {{CONSTANT, 100}, {0, 1}}, {1, 100}},
    {"ec25_linear", "ec25_linear", {{0, 1}, {1, 1}, {2, 1}}, {3, 1}},
    {"ec25_linear", "conductivity_from_ec25_linear", {{3, 1}, {1, 1}, {2, 1}}, {0, 1}},
    {"ec25_sp",
     "conductivity_from_salinity",
     {{0, 1}, {CONSTANT, 25}, {CONSTANT, 0}},
     {1, 1}},
    {"ec25_sp", "practical_salinity", {{3, 1}, {CONSTANT, 25}, {CONSTANT, 0}}, {2, 1}},
    {"gravity", "gravity", {{0, 1}}, {1, 1}},
    {"o2sol_gsw", "oxygen_solubility_umol_kg", {{1, 1}, {0, 1}}, {2, 1}},
    {"pressure_to_depth", "density", {{2, 1}, {3, 1}}, {5, 1}},
    {"pressure_to_depth",
     "depth_from_pressure",
     {{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}},
     {7, 1}},
    {"pressure_to_depth",
     "level_from_pressure",
     {{CONSTANT, 0}, {0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}},
     {7, 1}},
    {"sa_baltic", "absolute_salinity_baltic", {{0, 1}, {2, 1}, {1, 1}}, {3, 1}},
    {"sp_from_c_gsw", "practical_salinity", {{0, 1}, {1, 1}, {2, 1}}, {3, 1}},
    {"sp_from_c_gsw", "conductivity_from_salinity", {{3, 1}, {1, 1}, {2, 1}}, {0, 1}},
    {"sp_from_c_gswc_check_cast", "practical_salinity", {{0, 1}, {1, 1}, {2, 1}}, {3, 1}},
    {"sp_hill_plain_wql",
     "practical_salinity_hill1986",
     {{0, 1}, {1, 1 / T68_PER_T90}, {2, 1}},
     {3, 1}},
    {"sp_unesco44",
     "practical_salinity",
     {{0, 42.9140}, {1, 1 / T68_PER_T90}, {2, 1}},
     {3, 1}},
};

/* Files whose rows are judged by a test of their own, below. */
static const char *const by_name[] = {"do_sat_usgs_from_sc", "molar_to_mass",
                                      "nutrient_factors", "redox_she_25C"};

static json_t *open_file(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, SHARED_DATA "/derived/%s.json", name);
    json_t *file = json_load_file(path, 0, NULL);
    assert_non_null(file);
    assert_in_range(json_array_size(json_object_get(file, "rows")), 3, 10000);
    return file;
}

static double tolerance(const json_t *file, double expected, double times)
{
    const json_t *target = json_object_get(file, "accuracy_target");
    double rel = json_number_value(json_object_get(target, "rel"));
    double abs = json_number_value(json_object_get(target, "abs"));
    assert_true(rel > 0 || abs > 0);
    return fmax(rel * fabs(expected), abs * times);
}

static double value_of(const json_t *row, const struct cell *c)
{
    if (c->column == CONSTANT) {
        return c->times;
    }
    json_t *cell = json_array_get(row, (size_t)c->column);
    return json_is_null(cell) ? (double)NAN : json_number_value(cell) * c->times;
}

/* expected NAN: the reference gives no number, and so must we. */
static void assert_gives(const char *name, const double *inputs, double expected,
                         double within, size_t row)
{
    struct diag d = {.text = ""};
    double out = (double)NAN;
    const struct formula *f = formula_find(name);
    assert_non_null(f);
    enum err e = formula_compute(f, inputs, &out, &d);
    if ((e != ERR_OK) != isnan(expected)) {
        fail_msg("%s, row %zu: %s", name, row, d.text);
    }
    if (e == ERR_OK && !(fabs(out - expected) <= within)) {
        fail_msg("%s, row %zu: %.17g, the reference gives %.17g", name, row, out,
                 expected);
    }
}

static void replay_file(const struct replay *r)
{
    json_t *file = open_file(r->file);
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(file, "rows"), i, row)
    {
        double inputs[FORMULA_INPUTS];
        for (size_t k = 0; k < FORMULA_INPUTS; k++) {
            inputs[k] = value_of(row, &r->inputs[k]);
        }
        double expected = value_of(row, &r->result);
        assert_gives(r->formula, inputs, expected,
                     tolerance(file, expected, r->result.times), i);
    }
    json_decref(file);
}

static void test_every_row_of_the_reference_is_met(void **state)
{
    (void)state;
    if (!fixture_shared_data("test_every_row_of_the_reference_is_met")) {
        skip();
    }
    for (size_t i = 0; i < sizeof replays / sizeof *replays; i++) {
        replay_file(&replays[i]);
    }
}

/* kappa20 is kappaT * F(T) / F(20), so the factors to 20 degC are a ratio of two. */
static void test_factors_of_iso7888_to_20_degrees(void **state)
{
    (void)state;
    if (!fixture_shared_data("test_factors_of_iso7888_to_20_degrees")) {
        skip();
    }
    json_t *file = open_file("ec25_iso7888_formula");
    double at_20 = 0, at_t = 0;
    const struct formula *f = formula_find("ec25_iso7888");
    size_t i;
    json_t *row;
    assert_int_equal(formula_compute(f, (const double[]){100, 20}, &at_20, NULL), ERR_OK);
    json_array_foreach(json_object_get(file, "rows"), i, row)
    {
        double t = json_number_value(json_array_get(row, 0));
        double expected = json_number_value(json_array_get(row, 2));
        assert_int_equal(formula_compute(f, (const double[]){100, t}, &at_t, NULL),
                         ERR_OK);
        assert_close(at_t / at_20, expected, tolerance(file, expected, 1));
    }
    json_decref(file);
}

static void test_oxygen_by_specific_conductance(void **state)
{
    (void)state;
    if (!fixture_shared_data("test_oxygen_by_specific_conductance")) {
        skip();
    }
    json_t *file = open_file("do_sat_usgs_from_sc");
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(file, "rows"), i, row)
    {
        double ec25 = json_number_value(json_array_get(row, 1)), salinity = 0;
        assert_int_equal(
            formula_compute(formula_find("salinity_from_ec25"), &ec25, &salinity, NULL),
            ERR_OK);
        double inputs[] = {json_number_value(json_array_get(row, 0)), salinity,
                           json_number_value(json_array_get(row, 2)) * ATM_HPA};
        double expected = json_number_value(json_array_get(row, 3));
        assert_gives("oxygen_solubility", inputs, expected, tolerance(file, expected, 1),
                     i);
    }
    json_decref(file);
}

/* What the reference names in words, and our formula for it. */
static const struct {
    const char *file, *text, *formula;
} words[] = {
    {"molar_to_mass", "N", "nitrogen_from_umol_l"},
    {"molar_to_mass", "P", "phosphorus_from_umol_l"},
    {"molar_to_mass", "Si", "silicon_from_umol_l"},
    {"molar_to_mass", "O2", "oxygen_from_umol_l"},
    {"molar_to_mass", "NO3", "nitrate_from_umol_l"},
    {"molar_to_mass", "PO4", "phosphate_from_umol_l"},
    {"molar_to_mass", "NH4", "ammonium_from_umol_l"},
    {"nutrient_factors", "nitrate as NO3", "nitrate_n_from_nitrate"},
    {"nutrient_factors", "nitrite as NO2", "nitrite_n_from_nitrite"},
    {"nutrient_factors", "ammonium as NH4", "ammonium_n_from_ammonium"},
    {"nutrient_factors", "ammonia as NH3", "ammonia_n_from_ammonia"},
    {"nutrient_factors", "phosphate as PO4", "phosphate_p_from_phosphate"},
    {"nutrient_factors", "silica as SiO2", "silica_si_from_silica"},
};

static const char *formula_of(const char *file, const char *text)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].file, file) == 0 && strcmp(words[i].text, text) == 0) {
            return words[i].formula;
        }
    }
    fail_msg("%s names %s, for which there is no formula", file, text);
    return "";
}

static void test_masses_of_nutrients(void **state)
{
    (void)state;
    if (!fixture_shared_data("test_masses_of_nutrients")) {
        skip();
    }
    static const char *const files[] = {"molar_to_mass", "nutrient_factors"};
    for (size_t k = 0; k < 2; k++) {
        json_t *file = open_file(files[k]);
        size_t i;
        json_t *row;
        json_array_foreach(json_object_get(file, "rows"), i, row)
        {
            const char *text = json_string_value(json_array_get(row, 0));
            double amount = k == 0 ? json_number_value(json_array_get(row, 1)) : 1;
            double expected = json_number_value(json_array_get(row, 2));
            assert_gives(formula_of(files[k], text), &amount, expected,
                         tolerance(file, expected, 1), i);
        }
        json_decref(file);
    }
}

static void test_redox_to_the_hydrogen_electrode(void **state)
{
    (void)state;
    if (!fixture_shared_data("test_redox_to_the_hydrogen_electrode")) {
        skip();
    }
    static const struct {
        const char *text;
        double mv;
    } electrodes[] = {{"Ag/AgCl KCl 3 mol/L", 210},
                      {"Ag/AgCl KCl 3.5 mol/L (with liquid junction)", 205},
                      {"Ag/AgCl KCl saturated", 197},
                      {"calomel saturated", 241}};
    json_t *file = open_file("redox_she_25C");
    size_t i, judged = 0;
    json_t *row;
    json_array_foreach(json_object_get(file, "rows"), i, row)
    {
        for (size_t k = 0; k < sizeof electrodes / sizeof *electrodes; k++) {
            if (strcmp(json_string_value(json_array_get(row, 0)), electrodes[k].text) ==
                0) {
                double inputs[] = {json_number_value(json_array_get(row, 1)),
                                   electrodes[k].mv};
                double expected = json_number_value(json_array_get(row, 2));
                assert_gives("redox_she", inputs, expected, tolerance(file, expected, 1),
                             i);
                judged++;
            }
        }
    }
    assert_int_equal(judged, json_array_size(json_object_get(file, "rows")));
    json_decref(file);
}

static bool is_replayed(const char *name)
{
    for (size_t i = 0; i < sizeof replays / sizeof *replays; i++) {
        if (strcmp(replays[i].file, name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof by_name / sizeof *by_name; i++) {
        if (strcmp(by_name[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void test_no_file_of_the_reference_is_left_out(void **state)
{
    (void)state;
    if (!fixture_shared_data("test_no_file_of_the_reference_is_left_out")) {
        skip();
    }
    DIR *folder = opendir(SHARED_DATA "/derived");
    assert_non_null(folder);
    size_t files = 0;
    // cppcheck-suppress readdirCalled ; one thread
    for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder)) {
        char *end = strstr(e->d_name, ".json");
        if (end != NULL) {
            *end = '\0';
            files++;
            if (!is_replayed(e->d_name)) {
                fail_msg("nothing replays %s.json", e->d_name);
            }
        }
    }
    closedir(folder);
    assert_in_range(files, 20, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_of_the_reference_is_met),
        cmocka_unit_test(test_factors_of_iso7888_to_20_degrees),
        cmocka_unit_test(test_oxygen_by_specific_conductance),
        cmocka_unit_test(test_masses_of_nutrients),
        cmocka_unit_test(test_redox_to_the_hydrogen_electrode),
        cmocka_unit_test(test_no_file_of_the_reference_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
