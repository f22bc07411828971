/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "normalise/unit.h"
#include "support/assert_close.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct unit_alias aliases[] = {
    {.raw = "Cel", .canonical = "degC"},
    {.raw = "us/cm", .canonical = "uS/cm"},
    {.raw = "C", .canonical = "degC"},
    {.raw = "mg N/l", .canonical = "mg/L"},
    {.raw = "kN\xC2\xB2", .canonical = "knot"},
    {.raw = "{NTU}", .canonical = "NTU"},
    {.raw = "\xC2\xB5M", .canonical = "umol/L"},
    {.raw = "PSU", .canonical = "1"},
    {.raw = "dB", .reason = "a logarithm of a ratio"},
    {.raw = "dH"},
};
static const char *const own[] = {"NTU", "FNU", "TE/F"};
static const struct configuration table = {.aliases = aliases,
                                           .alias_count =
                                               sizeof aliases / sizeof *aliases,
                                           .own_units = own,
                                           .own_unit_count = sizeof own / sizeof *own};

static int open_units(void **state)
{
    struct diag d = {.text = ""};
    struct units *u = NULL;
    if (units_open(&table, &u, &d) != ERR_OK) {
        print_error("%s\n", d.text);
        return -1;
    }
    *state = u;
    return 0;
}

static int close_units(void **state)
{
    units_close(*state);
    return 0;
}

static double convert(struct units *u, double value, const char *text, const char *to)
{
    struct diag d = {.text = ""};
    double out = 0;
    enum err e = unit_convert(u, value, text, to, &out, &d);
    if (e != ERR_OK) {
        print_error("%s to %s: %s\n", text, to, d.text);
    }
    assert_int_equal(e, ERR_OK);
    return out;
}

static void assert_refused(struct units *u, const char *text, const char *to,
                           const char *sentence)
{
    struct diag d = {.text = ""};
    double out = 42;
    assert_int_equal(unit_convert(u, 1, text, to, &out, &d), ERR_UNIT);
    assert_true(out == 42);
    if (strstr(d.text, sentence) == NULL) {
        print_error("\"%s\" lacks \"%s\"\n", d.text, sentence);
    }
    assert_non_null(strstr(d.text, sentence));
}

static void assert_fold(const char *text, const char *expected)
{
    char folded[65];
    assert_string_equal(unit_fold(text, folded, sizeof folded), expected);
}

static void test_unit_look_up_says_how_a_text_is_found(void **state)
{
    struct unit_look look;
    unit_look_up(*state, "us/cm", &look);
    assert_string_equal(look.alias->canonical, "uS/cm");
    assert_true(look.as_received && !look.own);
    unit_look_up(*state, " us/cm", &look);
    assert_string_equal(look.folded, "us/cm");
    assert_string_equal(look.alias->raw, "us/cm");
    assert_true(!look.as_received && !look.own);
    unit_look_up(*state, "{NTU}", &look);
    assert_true(look.alias != NULL && look.own);
    unit_look_up(*state, "FNU ", &look);
    assert_true(look.alias == NULL && look.own);
    unit_look_up(*state, "dB", &look);
    assert_null(look.alias->canonical);
    unit_look_up(*state, "degC", &look);
    assert_true(look.alias == NULL && !look.as_received && !look.own);
    unit_look_up(*state, "", &look);
    assert_true(look.alias == NULL && !look.own && look.folded[0] == '\0');
}

static void test_unit_fold_follows_the_rule_for_look_ups(void **state)
{
    (void)state;
    assert_fold("  deg \t C ", "deg C");
    assert_fold("100\xC2\xA0\xE2\x80\xAFml", "100 ml");
    assert_fold("mg\xC2\xB7L\xE2\x81\xBB\xC2\xB9", "mg.L-1");
    assert_fold("mg\xE2\x8B\x85L", "mg.L");
    assert_fold("m\xC2\xB3/s\xC2\xB2", "m^3/s^2");
    assert_fold("10\xE2\x81\xB6 m\xC2\xB9\xE2\x81\xB0", "10^6 m^10");
    assert_fold("s\xE2\x81\xBB\xC2\xB9\xC2\xB2", "s-12");
    assert_fold("\xCE\xBCS/cm", "\xC2\xB5S/cm");
    assert_fold("\xC2\xB5S/cm", "\xC2\xB5S/cm");
    assert_fold("", "");
    assert_fold(" \xC2\xA0", "");
    assert_fold("m\xC2", "m\xC2");
}

static void test_unit_fold_cuts_at_whole_characters(void **state)
{
    (void)state;
    char folded[5];
    assert_string_equal(unit_fold("abcdefgh", folded, sizeof folded), "abcd");
    assert_string_equal(unit_fold("abc\xC2\xB5z", folded, sizeof folded), "abc");
    assert_string_equal(unit_fold("abc d", folded, sizeof folded), "abc ");
    assert_string_equal(unit_fold("a", folded, 1), "");
}

static void test_unit_convert_gives_the_vectors(void **state)
{
    FILE *file = fopen(TEST_VECTORS "/unit/convert.tsv", "re");
    assert_non_null(file);
    char line[256], value[32], text[64], to[64], result[32];
    int rows = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#') {
            continue;
        }
        assert_int_equal(
            sscanf(line, "%31[^\t]\t%63[^\t]\t%63[^\t]\t%31s", value, text, to, result),
            4);
        double in = 0, expected = 0;
        assert_true(number_parse(value, &in));
        if (strcmp(result, "-") == 0) {
            assert_refused(*state, text, to, "can't be converted");
        } else {
            assert_true(number_parse(result, &expected));
            assert_close(convert(*state, in, text, to), expected, 1e-12 * fabs(expected));
        }
        rows++;
    }
    fclose(file);
    assert_in_range(rows, 15, 1000);
}

static void test_unit_convert_keeps_decimals(void **state)
{
    struct units *u = *state;
    for (int mm = -3000; mm < 9000; mm++) {
        char text[32];
        double expected = 0;
        snprintf(text, sizeof text, "%s%d.%03d", mm < 0 ? "-" : "", abs(mm) / 1000,
                 abs(mm) % 1000);
        assert_true(number_parse(text, &expected));
        assert_true(convert(u, mm, "mm", "m") == expected);
        assert_true(convert(u, mm, "m", "km") == expected);
        assert_true(convert(u, mm, "\xC2\xB5S/cm", "mS/cm") == expected);
    }
}

static void test_unit_convert_there_and_back_is_the_same(void **state)
{
    static const char *const groups[][5] = {
        {"m", "cm", "mm", "ft", "inch"},
        {"degC", "K", "degF", "Cel", "\u00B0C"},
        {"Pa", "hPa", "dbar", "psi", "mmHg"},
        {"mS/cm", "us/cm", "S/m", "mS m-1", "\xC2\xB5S/cm"},
        {"mg/L", "g/m3", "ug/l", "kg m-3", "mg N/l"},
        {"m3/s", "l/s", "m\xC2\xB3/h", "ft3/s", "l/min"},
    };
    uint64_t random = 88172645463325252ULL;
    for (int i = 0; i < 20000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        const char *const *group = groups[random % 6];
        const char *a = group[random / 64 % 5];
        const char *b = group[random / 1024 % 5];
        double value = (double)(int64_t)(random % 2000001) / 1000 - 1000;
        double back = convert(*state, convert(*state, value, a, b), b, a);
        assert_close(back, value, 1e-12 * (fabs(value) + 1000));
        assert_true(unit_fits(*state, a, b) && unit_fits(*state, b, a));
    }
}

static void test_alias_goes_before_udunits(void **state)
{
    struct units *u = *state;
    assert_close(convert(u, 21.5, "C", "degC"), 21.5, 0);
    assert_close(convert(u, 3, "mg N/l", "ug/L"), 3000, 0);
    assert_close(convert(u, 3, "mg  N/l ", "ug/L"), 3000, 0);
    assert_close(convert(u, 10, "kN\xC2\xB2", "knot"), 10, 0);
    assert_close(convert(u, 10, "kN^2", "knot"), 10, 0);
    assert_close(convert(u, 10, "\xCE\xBCM", "umol/L"), 10, 0);
    assert_close(convert(u, 8, "PSU", "1"), 8, 0);
}

static void test_refused_and_unknown_units_are_told_apart(void **state)
{
    struct units *u = *state;
    assert_refused(u, "dB", "dBm", "a logarithm of a ratio");
    assert_refused(u, "dH", "mmol/L", "refuse");
    assert_refused(u, "NTUU", "NTU", "\"NTU\" meant");
    assert_refused(u, "furlongs per moon", "m/s", "is not known");
    assert_refused(u, "", "m", "empty");
    assert_refused(u, " \t", "m", "empty");
    assert_refused(u, "m\xFF", "m", "UTF-8");
    assert_int_equal(unit_compare(u, "dH", "mmol/L"), UNIT_REFUSED);
    assert_int_equal(unit_compare(u, "NTUU", "NTU"), UNIT_UNKNOWN);
    assert_int_equal(unit_compare(u, "m", "hPa"), UNIT_OTHER);
    assert_int_equal(unit_compare(u, "m", "cm"), UNIT_FITS);
    assert_int_equal(unit_compare(u, "Cel", "degC"), UNIT_SAME);
    assert_int_equal(unit_compare(u, "s", "Hz"), UNIT_OTHER);
    assert_int_equal(unit_compare(u, "dB", "dB"), UNIT_SAME);
    assert_int_equal(unit_compare(u, " dB", "dB"), UNIT_SAME);
    assert_int_equal(unit_compare(u, "V", "dB"), UNIT_OTHER);
}

static void test_dimensionless_units_fit_only_by_name(void **state)
{
    struct units *u = *state;
    assert_int_equal(unit_compare(u, "%", "1"), UNIT_RATIO);
    assert_int_equal(unit_compare(u, "1", "%"), UNIT_RATIO);
    assert_int_equal(unit_compare(u, "1e-3", "1"), UNIT_RATIO);
    assert_int_equal(unit_compare(u, "1", "degree"), UNIT_OTHER);
    assert_int_equal(unit_compare(u, "%", "degree"), UNIT_OTHER);
    assert_int_equal(unit_compare(u, "radian", "degree"), UNIT_OTHER);
    assert_int_equal(unit_compare(u, "1", "NTU"), UNIT_OTHER);
    assert_true(unit_fits(u, "percent", "%"));
    assert_true(unit_fits(u, "degrees", "degree"));
    assert_true(unit_fits(u, "{NTU}", "NTU"));
    assert_false(unit_fits(u, "FNU", "NTU"));
    assert_false(unit_fits(u, "%", "1"));
    assert_close(convert(u, 55, "%", "1"), 0.55, 0);
}

static void test_unit_check_takes_units_only(void **state)
{
    struct diag d = {.text = ""};
    static const char *const good[] = {"degC", "Cel", "TE/F", "NTU", "m3/s", "1", "%"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(unit_check(*state, good[i], &d), ERR_OK);
    }
    static const char *const bad[] = {"", "dB", "dH", "NTUU", "m^999", "1e999", "0 m"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(unit_check(*state, bad[i], &d), ERR_UNIT);
        assert_int_equal(unit_check(*state, bad[i], NULL), ERR_UNIT);
    }
}

static void test_units_too_long_are_refused(void **state)
{
    char text[200];
    memset(text, 'm', sizeof text);
    text[UNIT_TEXT_MOST + 1] = '\0';
    assert_refused(*state, text, "m", "longer than 64");
    text[UNIT_TEXT_MOST] = '\0';
    assert_int_equal(unit_compare(*state, text, "m"), UNIT_UNKNOWN);
}

static void test_hostile_units_do_not_push_out_the_truth(void **state)
{
    static const char letters[] = "mMsSkKgGlLhH%19.^-*/()@ #{}\xC2\xB5\xC2\xB2\"'\\";
    struct units *u = *state;
    uint64_t random = 88172645463325252ULL;
    for (int i = 0; i < 20000; i++) {
        char text[UNIT_TEXT_MOST + 1];
        size_t length = 0;
        for (; length < 1 + (size_t)(i % UNIT_TEXT_MOST); length++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            text[length] = letters[random % (sizeof letters - 1)];
        }
        text[length] = '\0';
        struct diag d = {.text = ""};
        double out = 42;
        enum err e = unit_convert(u, 1, text, "m", &out, &d);
        assert_true(e == ERR_OK || (e == ERR_UNIT && out == 42 && d.text[0] != '\0'));
        assert_true(text_is_utf8(d.text, strlen(d.text)));
        if (i % 100 == 0) {
            assert_close(convert(u, 512, "cm", "m"), 5.12, 0);
            assert_refused(u, "dH", "m", "refuse");
        }
    }
}

static void test_units_of_two_configurations_are_apart(void **state)
{
    static const struct configuration none = {.alias_count = 0};
    struct units *other = NULL;
    assert_int_equal(units_open(&none, &other, NULL), ERR_OK);
    assert_int_equal(unit_compare(other, "NTU", "m"), UNIT_UNKNOWN);
    assert_close(convert(other, 1, "m", "cm"), 100, 0);
    units_close(other);
    assert_close(convert(*state, 1, "m", "cm"), 100, 0);
    assert_true(unit_same(*state, "{NTU}", "NTU"));
}

/* The shipped alias table and the reference data. */
struct shipped {
    json_t *json;
    struct configuration c;
    struct unit_alias *aliases;
    const char *own[64];
    struct units *units;
};

static json_t *read_json(const char *path)
{
    json_error_t fault;
    json_t *json = json_load_file(path, 0, &fault);
    if (json == NULL) {
        print_error("%s: %s\n", path, fault.text);
    }
    assert_non_null(json);
    return json;
}

/* False: something is missing, SKIP is said. */
static bool open_shipped(struct shipped *s, const char *name, const char *data)
{
    const char *const needed[] = {SOURCE_CONF "/units.json", data};
    for (size_t i = 0; i < 2; i++) {
        if (!file_exists(needed[i])) {
            printf("SKIP %s: no %s\n", name, needed[i]);
            return false;
        }
    }
    s->json = read_json(needed[0]);
    json_t *rows = json_object_get(s->json, "aliases");
    json_t *units = json_object_get(s->json, "own_units");
    s->aliases = calloc(json_array_size(rows) + 1, sizeof *s->aliases);
    assert_non_null(s->aliases);
    assert_in_range(json_array_size(units), 1, 64);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        s->aliases[i] = (struct unit_alias){
            .raw = json_string_value(json_object_get(row, "raw")),
            .canonical = json_string_value(json_object_get(row, "unit")),
            .reason = json_string_value(json_object_get(row, "refuse"))};
        assert_non_null(s->aliases[i].raw);
    }
    json_array_foreach(units, i, row)
    {
        s->own[i] = json_string_value(row);
    }
    s->c = (struct configuration){.aliases = s->aliases,
                                  .alias_count = json_array_size(rows),
                                  .own_units = s->own,
                                  .own_unit_count = json_array_size(units)};
    assert_int_equal(units_open(&s->c, &s->units, NULL), ERR_OK);
    return true;
}

static void close_shipped(struct shipped *s)
{
    units_close(s->units);
    free(s->aliases);
    json_decref(s->json);
}

/* A row of the alias data; true if it behaves. */
static bool row_behaves(struct units *u, const json_t *row)
{
    const char *raw = json_string_value(json_object_get(row, "raw"));
    const char *canonical = json_string_value(json_object_get(row, "canonical"));
    const char *base = json_string_value(json_object_get(row, "udunits2_base"));
    bool ok = text_equal(json_string_value(json_object_get(row, "udunits2")), "ok");
    double out = 0;
    if (canonical[0] == '\0') {
        return unit_check(u, raw, NULL) == ERR_UNIT;
    }
    if (unit_check(u, raw, NULL) != ERR_OK || !unit_same(u, raw, canonical)) {
        return false;
    }
    if (json_is_true(json_object_get(row, "own_unit"))) {
        return !unit_fits(u, raw, "1") && unit_convert(u, 1, raw, "m", &out, NULL) != 0;
    }
    if (!ok || base == NULL || strchr(base, '(') != NULL) {
        return true; /* what UDUNITS-2 makes of it is not what we want, or a logarithm */
    }
    double there = 0;
    return unit_convert(u, 7.25, raw, base, &there, NULL) == ERR_OK &&
           unit_convert(u, there, base, canonical, &out, NULL) == ERR_OK &&
           fabs(there - 7.25) <= 1e-9 && fabs(out - 7.25) <= 1e-9;
}

static void test_every_alias_of_the_data_behaves(void **state)
{
    (void)state;
    static const char data[] = SHARED_DATA "/units/aliases.json";
    struct shipped s = {.json = NULL};
    if (!open_shipped(&s, "test_every_alias_of_the_data_behaves", data)) {
        skip();
    }
    json_t *json = read_json(data);
    json_t *rows = json_object_get(json, "units");
    int bad = 0;
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (!row_behaves(s.units, row)) {
            print_error("row of \"%s\"\n",
                        json_string_value(json_object_get(row, "raw")));
            bad++;
        }
    }
    assert_int_equal(bad, 0);
    assert_in_range(i, 200, 10000);
    json_decref(json);
    close_shipped(&s);
}

/* Texts that an alias gives another meaning than UDUNITS-2, which made the data. */
static bool means_other(const struct shipped *s, const char *text)
{
    for (size_t i = 0; i < s->c.alias_count; i++) {
        if (text_equal(s->aliases[i].raw, text)) {
            return !text_equal(s->aliases[i].canonical, text);
        }
    }
    return false;
}

static void test_every_conversion_of_the_data_is_met(void **state)
{
    (void)state;
    static const char data[] = SHARED_DATA "/units/conversions.json";
    struct shipped s = {.json = NULL};
    if (!open_shipped(&s, "test_every_conversion_of_the_data_is_met", data)) {
        skip();
    }
    json_t *json = read_json(data);
    int met = 0, left_out = 0;
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(json, "rows"), i, row)
    {
        const char *from = json_string_value(json_array_get(row, 0));
        const char *to = json_string_value(json_array_get(row, 1));
        json_t *result = json_array_get(row, 3);
        double out = 0;
        if (means_other(&s, from)) {
            left_out++;
            continue;
        }
        enum err e = unit_convert(s.units, json_number_value(json_array_get(row, 2)),
                                  from, to, &out, NULL);
        assert_int_equal(e, json_is_null(result) ? ERR_UNIT : ERR_OK);
        if (e == ERR_OK) {
            double expected = json_number_value(result);
            assert_close(out, expected, 1e-12 + 1e-12 * fabs(expected));
        }
        met++;
    }
    assert_in_range(met, 150, 10000);
    assert_in_range(left_out, 0, 3);
    json_decref(json);
    close_shipped(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unit_look_up_says_how_a_text_is_found),
        cmocka_unit_test(test_unit_fold_follows_the_rule_for_look_ups),
        cmocka_unit_test(test_unit_fold_cuts_at_whole_characters),
        cmocka_unit_test(test_unit_convert_gives_the_vectors),
        cmocka_unit_test(test_unit_convert_keeps_decimals),
        cmocka_unit_test(test_unit_convert_there_and_back_is_the_same),
        cmocka_unit_test(test_alias_goes_before_udunits),
        cmocka_unit_test(test_refused_and_unknown_units_are_told_apart),
        cmocka_unit_test(test_dimensionless_units_fit_only_by_name),
        cmocka_unit_test(test_unit_check_takes_units_only),
        cmocka_unit_test(test_units_too_long_are_refused),
        cmocka_unit_test(test_hostile_units_do_not_push_out_the_truth),
        cmocka_unit_test(test_units_of_two_configurations_are_apart),
        cmocka_unit_test(test_every_alias_of_the_data_behaves),
        cmocka_unit_test(test_every_conversion_of_the_data_is_met),
    };
    return cmocka_run_group_tests(tests, open_units, close_units);
}
