/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "base/arena.h"
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOUND TEST_VECTORS "/config/sound"

struct edit {
    const char *file;
    const char *from; /* NULL: a new file with the text to */
    const char *to;
};

static void apply(struct config_files *f, const struct edit *e)
{
    if (e->from == NULL) {
        struct config_file *rows = arena_take_zero(f->memory, f->count + 1, sizeof *rows);
        memcpy(rows, f->files, f->count * sizeof *rows);
        rows[f->count++] =
            (struct config_file){.name = e->file, .text = e->to, .size = strlen(e->to)};
        f->files = rows;
        return;
    }
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->files[i].name, e->file) == 0) {
            const char *text = f->files[i].text, *at = strstr(text, e->from);
            assert_non_null(at);
            f->files[i].text = arena_format(f->memory, "%.*s%s%s", (int)(at - text), text,
                                            e->to, at + strlen(e->from));
            f->files[i].size = strlen(f->files[i].text);
            return;
        }
    }
    fail_msg("no file %s", e->file);
}

static struct configuration *parse_with(const struct edit *e)
{
    struct config_files *f = NULL;
    struct diag d = {0};
    struct config_faults faults = {0};
    struct configuration *c = NULL;
    assert_int_equal(config_files_read(SOUND, NULL, &f, &d), ERR_OK);
    if (e != NULL) {
        apply(f, e);
    }
    enum err result = config_parse(f, NULL, &c, &faults);
    if (result != ERR_OK) {
        char line[1024];
        fail_msg("%s", diag_format(&faults.faults[0].diag, line, sizeof line));
    }
    config_faults_fini(&faults);
    config_files_close(f);
    return c;
}

/* why NULL: the edit only adds. */
static void assert_why(const struct edit *e, const char *why)
{
    struct configuration *before = parse_with(NULL), *after = parse_with(e);
    char found[161] = "untouched";
    bool adds = config_only_adds(before, after, found);
    assert_string_equal(found, why != NULL ? why : "");
    assert_int_equal(adds, why == NULL);
    configuration_free(before);
    configuration_free(after);
}

static void test_config_only_adds_is_true_for_additions(void **state)
{
    (void)state;
    static const struct edit edits[] = {
        {"hub.json", "128", "256"},
        {"hub.json", "mqtts://broker.example", "mqtts://other.example"},
        {"hub.json", "\"sources\": [",
         "\"sources\": [{\"source\": \"new\", \"city\": \"altstadt\", \"broker\": "
         "\"mqtt://b\", \"client_id\": \"k\", \"subscribe\": [\"#\"], \"format\": "
         "\"json\"},"},
        {"cities/drittstadt.json", NULL,
         "{\"city\": \"drittstadt\", \"title\": {\"de\": \"D\", \"en\": \"D\"}, "
         "\"publisher\": {\"name\": \"D\"}, \"licence\": \"cc-zero\"}"},
        {"cities/neustadt.json", "\"stations\": [",
         "\"stations\": [{\"station\": \"new\", \"title\": {\"de\": \"N\", \"en\": "
         "\"N\"}},"},
        {"cities/altstadt/device-9.json", NULL,
         "{\"device\": \"new\", \"model\": \"probe\"}"},
        {"cities/altstadt/device-1.json", "\"at\": [",
         "\"at\": [{\"station\": \"altstadt-pier\", \"from\": \"2024-01-01T00:00:00Z\", "
         "\"to\": \"2025-01-01T00:00:00Z\"},"},
        {"cities/altstadt/device-1.json", "\"interval_s\": 600", "\"interval_s\": 900"},
        {"cities/altstadt/device-1.json", "\"serial\": \"A-0017\",", ""},
        {"devices/new.json", NULL, "{\"model\": \"new\", \"fields\": []}"},
        {"units.json", "\"aliases\": [",
         "\"aliases\": [{\"raw\": \"C\", \"unit\": \"degC\"},"},
        {"cities/neustadt.json", "cc-by/4.0", "cc-zero"},
        {"datasets/water.json", "\"10MIN\"", "\"HOURLY\""},
        {"cities/altstadt.json", "\"verified\": false}", "\"verified\": true}"},
        {"cities/neustadt.json", "\"demonstration\": true}",
         "\"demonstration\": true, \"density_kg_m3\": 1000}"},
        {"parameters.json", "\"title\": {\"de\": \"pH-Wert\"",
         "\"title\": {\"de\": \"pH\""},
        {"cities/altstadt/flag-2.json", "released", "checked"},
        {"cities/altstadt/flag-1.json", "hung dry", "lay dry"},
        {"cities/altstadt/maintenance-1.json", "A. Person", "B. Person"},
    };
    assert_why(NULL, NULL);
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        assert_why(&edits[i], NULL);
    }
}

static const struct {
    struct edit edit;
    const char *why;
} changes[] = {
    {{"hub.json", "\"format\": \"number\"", "\"format\": \"json\""},
     "messages of the source altstadt-plain are read otherwise"},
    {{"hub.json", "\"take_retained\": true", "\"take_retained\": false"},
     "messages of the source neustadt-json are read otherwise"},
    {{"hub.json", "\"source\": \"neustadt-json\"", "\"source\": \"other\""},
     "the source neustadt-json is gone"},
    {{"parameters.json", "\"fail_span\": [-3, 4]", "\"fail_span\": [-3, 5]"},
     "quality tests of water_level changed"},
    {{"parameters.json", "\"decimals\": 4", "\"decimals\": 3"},
     "unit, kind, decimals or relative_to of water_level changed"},
    {{"units.json", "\"unit\": \"degC\"", "\"unit\": \"K\""},
     "the unit alias \"Cel\" means another unit"},
    {{"units.json", "\"raw\": \"Cel\"", "\"raw\": \"cel\""},
     "the unit alias \"Cel\" is gone"},
    {{"units.json", "\"aliases\": [",
      "\"aliases\": [{\"raw\": \"F\", \"refuse\": \"no\"},"},
     "the unit \"F\" is refused now"},
    {{"units.json", "[\"NTU\"]", "[\"NTU\", \"FNU\"]"}, "own_units changed"},
    {{"devices/probe.json", "{\"field\": \"/spare\"}",
      "{\"field\": \"/spare\"}, {\"field\": \"/more\"}"},
     "the sensor model probe has other fields"},
    {{"devices/probe.json", "[80, 90]", "[80, 91]"},
     "the sensor model probe has other fields"},
    {{"devices/probe.json", "\"/crc\"", "\"/sum\""},
     "the sensor model probe is read otherwise"},
    {{"devices/probe.json", "Europe/Berlin", "UTC"},
     "the sensor model probe is read otherwise"},
    {{"devices/probe.json", "\"else\": 4", "\"else\": 3"},
     "the sensor model probe is read otherwise"},
    {{"cities/altstadt.json", "\"m_nhn\": -5.01", "\"m_nhn\": -5.02"},
     "the gauge zero of altstadt-pier changed"},
    {{"cities/altstadt.json", "\"shift_m\": 0.012", "\"shift_m\": 0.013"},
     "the gauge zero of altstadt-pier changed"},
    {{"cities/neustadt.json", "\"demonstration\": true}",
      "\"demonstration\": true, \"gauge_zero\": [{\"m_nhn\": -5, \"datum\": "
      "\"DHHN2016\", \"from\": \"2026-01-01T00:00:00Z\"}]}"},
     "the gauge zero of demo-neustadt changed"},
    {{"cities/altstadt.json", "5.117", "5.118"},
     "the reference level of altstadt-pier changed"},
    {{"cities/altstadt.json", "[-1, 35]", "[-1, 36]"},
     "quality tests of altstadt-pier changed"},
    {{"cities/altstadt.json", "1008", "1009"}, "the density at altstadt-pier changed"},
    {{"cities/altstadt/device-1.json", "\"as\": \"surface\", ", ""},
     "the placement of 10e2073a01080001 from 2026-03-01T00:00:00Z on changed"},
    {{"cities/altstadt/device-1.json", "\"to\": null",
      "\"to\": \"2026-09-01T00:00:00Z\""},
     "the placement of 10e2073a01080001 from 2026-03-01T00:00:00Z on changed"},
    {{"cities/altstadt/device-2.json", "4.127", "4.128"},
     "the placement of urn:dev:level-2 from 2026-03-01T00:00:00Z on changed"},
    {{"cities/altstadt/device-2.json", "\"absolute\"", "\"vented\""},
     "the placement of urn:dev:level-2 from 2026-03-01T00:00:00Z on changed"},
    {{"cities/altstadt/calibration-1.json", "24.8", "24.9"},
     "the calibrations at altstadt-pier changed"},
    {{"cities/altstadt/calibration-2.json", "1.002", "1.003"},
     "the calibrations at altstadt-pier changed"},
    {{"cities/altstadt/calibration-3.json", "-0.05", "-0.06"},
     "the calibrations of the device 10e2073a01080001 changed"},
    {{"cities/altstadt/calibration-4.json", NULL,
      "{\"station\": \"altstadt-bridge\", \"parameter\": \"ph\", \"from\": "
      "\"2026-01-01T00:00:00Z\", \"offset\": 1, \"by\": \"B\"}"},
     "the calibrations at altstadt-bridge changed"},
    {{"parameters.json", "\"tests\": null",
      "\"tests\": null, \"correction_limits\": {\"publish_to\": 1}"},
     "the correction_limits of ph changed"},
    {{"cities/altstadt/maintenance-1.json", "T09:00", "T09:30"},
     "the maintenance at altstadt-pier changed"},
    {{"cities/altstadt/flag-1.json", "\"flag\": 4", "\"flag\": 3"},
     "flags set by hand at altstadt-pier changed"},
    {{"cities/altstadt/device-2.json", "urn:dev:level-2", "urn:dev:level-3"},
     "the device urn:dev:level-2 is gone"},
    {{"cities/neustadt/device-9.json", NULL,
      "{\"device\": \"urn:dev:level-2\", \"model\": \"probe\"}"},
     "the device urn:dev:level-2 was known only in altstadt, now in neustadt too"},
};

static void test_config_only_adds_names_what_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        assert_why(&changes[i].edit, changes[i].why);
    }
}

/* A model that no device had may change; of a device it may not. */
static void test_config_only_adds_looks_at_models_in_use(void **state)
{
    (void)state;
    static const struct edit one = {"devices/new.json", NULL,
                                    "{\"model\": \"new\", \"fields\": []}"};
    static const struct edit two = {
        "devices/new.json", NULL,
        "{\"model\": \"new\", \"fields\": [{\"field\": \"/a\"}]}"};
    struct configuration *before = parse_with(&one), *after = parse_with(&two);
    struct configuration *without = parse_with(NULL);
    char why[161];
    assert_true(config_only_adds(before, after, why));
    assert_true(config_only_adds(before, without, why));
    configuration_free(before);
    configuration_free(after);
    configuration_free(without);
}

/* Without a height levels were pending; with one they were not. */
static void test_config_only_adds_lets_a_first_height_in(void **state)
{
    (void)state;
    static const struct edit none = {
        "cities/altstadt/device-2.json",
        "\"mounting\": {\"height_m_nhn\": 4.127, \"height_m_gauge\": 9.137},", ""};
    static const struct edit gauge = {"cities/altstadt/device-2.json",
                                      "\"height_m_nhn\": 4.127, ", ""};
    struct configuration *without = parse_with(&none), *one = parse_with(&gauge);
    struct configuration *both = parse_with(NULL);
    char why[161];
    assert_true(config_only_adds(without, one, why));
    assert_true(config_only_adds(without, both, why));
    assert_false(config_only_adds(one, both, why));
    assert_false(config_only_adds(both, without, why));
    configuration_free(without);
    configuration_free(one);
    configuration_free(both);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_only_adds_is_true_for_additions),
        cmocka_unit_test(test_config_only_adds_names_what_changed),
        cmocka_unit_test(test_config_only_adds_looks_at_models_in_use),
        cmocka_unit_test(test_config_only_adds_lets_a_first_height_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
