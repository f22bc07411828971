/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "base/buf.h"
#include "base/file.h"
#include "config/config.h"
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SOUND TEST_VECTORS "/config/sound"

/* A copy of hub.json and the cities; what describes sensors comes from SOUND. */
static void copy_sound(char folder[256])
{
    char command[1024];
    fixture_folder(folder);
    snprintf(command, sizeof command, "cp -r '%s/hub.json' '%s/cities' '%s'", SOUND,
             SOUND, folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): our own folders */
}

static void assert_text(const char *path, const char *expected)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    assert_int_equal(file_read(path, &b), ERR_OK);
    assert_string_equal(buf_text(&b), expected);
    buf_fini(&b);
}

static const struct new_device full = {
    .city = "altstadt",
    .device = "70b3d57ed0000001",
    .model = "probe",
    .station = "altstadt-bridge",
    .from = "2026-11-01T00:00:00+01:00",
    .height_nhn = "53.9000",
    .serial = "A \"1\"",
    .interval_s = "6e2",
    .shipped = SOUND,
};

static void test_config_new_device_writes_one_correct_file(void **state)
{
    (void)state;
    char folder[256], path[1024] = "", name[1024];
    struct diag d = {0};
    struct stat s;
    struct new_device n = full;
    copy_sound(folder);
    n.depth = "0.1";
    n.height_gauge = "-.5";
    assert_int_equal(config_new_device(folder, &n, path, &d), ERR_OK);
    snprintf(name, sizeof name, "%s/cities/altstadt/device-70b3d57ed0000001.json",
             folder);
    assert_string_equal(path, name);
    assert_text(path, "{ \"device\": \"70b3d57ed0000001\",\n"
                      "  \"model\": \"probe\",\n"
                      "  \"serial\": \"A \\\"1\\\"\",\n"
                      "  \"at\": [ {\"station\": \"altstadt-bridge\",\n"
                      "           \"from\": \"2026-11-01T00:00:00+01:00\",\n"
                      "           \"to\": null,\n"
                      "           \"mounting\": {\"height_m_nhn\": 53.9, "
                      "\"height_m_gauge\": -0.5},\n"
                      "           \"positions\": {\"main\": {\"depth_m\": 0.1}},\n"
                      "           \"interval_s\": 600} ] }\n");
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0644);
    struct config_files *f = NULL;
    struct config_faults faults = {0};
    struct configuration *c = NULL;
    assert_int_equal(config_files_read(folder, SOUND, &f, &d), ERR_OK);
    assert_int_equal(config_parse(f, NULL, &c, &faults), ERR_OK);
    const struct device *device =
        configuration_device(c, "altstadt", "70b3d57ed0000001", NULL);
    assert_close(device->placements[0].height_m_gauge, -0.5, 0);
    configuration_free(c);
    config_files_close(f);
    config_faults_fini(&faults);
    fixture_remove(folder);
}

static void assert_refused(const char *folder, const struct new_device *n,
                           enum err expected, const char *sentence)
{
    char path[1024] = "";
    struct diag d = {0};
    assert_int_equal(config_new_device(folder, n, path, &d), expected);
    assert_string_equal(d.text, sentence);
    assert_string_equal(path, "");
}

static void test_config_new_device_says_what_is_missing_or_wrong(void **state)
{
    (void)state;
    char folder[256];
    struct new_device n = {.city = "altstadt", .device = "x", .from = ""};
    copy_sound(folder);
    assert_refused(folder, &n, ERR_ABSENT, "still missing: --model, --station, --from");
    n = full;
    n.height_nhn = "4,1";
    assert_refused(
        folder, &n, ERR_SYNTAX,
        "--height-nhn: \"4,1\" is not a number (written with a point, no unit)");
    n = full;
    n.serial = "\xff";
    assert_refused(folder, &n, ERR_SYNTAX, "--serial is not valid UTF-8");
    fixture_remove(folder);
}

static void test_config_new_device_judges_it_among_the_others(void **state)
{
    (void)state;
    char folder[256], path[1024] = "";
    struct diag d = {0};
    struct new_device n = full;
    copy_sound(folder);
    n.city = "../altstadt";
    assert_refused(folder, &n, ERR_UNKNOWN,
                   "city: \"../altstadt\" is not an id of a city");
    n.city = "altstad";
    assert_refused(
        folder, &n, ERR_CONFIG,
        "the folder cities/altstad has no file cities/altstad.json; did you mean "
        "\"altstadt\"?");
    n = full;
    n.model = "levl";
    assert_refused(
        folder, &n, ERR_CONFIG,
        "there is no sensor model \"levl\" (devices/<model>.json); did you mean "
        "\"level\"?");
    n = full;
    n.station = "demo-neustadt";
    assert_refused(folder, &n, ERR_CONFIG,
                   "\"demo-neustadt\" is a station of neustadt, not of altstadt");
    n = full;
    n.to = "2026-10-01T00:00:00Z";
    assert_refused(folder, &n, ERR_CONFIG,
                   "\"2026-10-01T00:00:00Z\" is not after \"from\" "
                   "\"2026-11-01T00:00:00+01:00\"");
    n = full;
    n.from = "2026-11-01";
    assert_refused(folder, &n, ERR_CONFIG,
                   "\"2026-11-01\" is not an RFC 3339 time with offset, like "
                   "2026-03-01T00:00:00Z");
    n = full;
    n.device = "10e2073a01080001";
    assert_refused(folder, &n, ERR_CONFIG,
                   "\"10e2073a01080001\" is the device of cities/altstadt/device-1.json "
                   "already");
    n = full;
    n.model = "level";
    assert_refused(
        folder, &n, ERR_CONFIG,
        "\"pressure\" is missing: the model level does not say \"reference\", so "
        "say vented or absolute here");
    n.pressure = "vented";
    assert_int_equal(config_new_device(folder, &n, path, &d), ERR_OK);
    assert_text(path, "{ \"device\": \"70b3d57ed0000001\",\n"
                      "  \"model\": \"level\",\n"
                      "  \"serial\": \"A \\\"1\\\"\",\n"
                      "  \"at\": [ {\"station\": \"altstadt-bridge\",\n"
                      "           \"from\": \"2026-11-01T00:00:00+01:00\",\n"
                      "           \"to\": null,\n"
                      "           \"mounting\": {\"height_m_nhn\": 53.9},\n"
                      "           \"interval_s\": 600,\n"
                      "           \"pressure\": \"vented\"} ] }\n");
    fixture_remove(folder);
}

static void test_config_new_device_never_touches_a_file(void **state)
{
    (void)state;
    char folder[256], path[1024] = "", again[1024] = "";
    struct diag d = {0};
    struct new_device n = full;
    copy_sound(folder);
    n.device = "urn:dev:1";
    assert_int_equal(config_new_device(folder, &n, path, &d), ERR_OK);
    const char *file = strstr(path, "/device-urn-dev-1-");
    assert_non_null(file);
    assert_int_equal(strlen(file), strlen("/device-urn-dev-1-01234567.json"));
    n.device = "urn-dev:1";
    assert_int_equal(config_new_device(folder, &n, again, &d), ERR_OK);
    assert_string_not_equal(path, again);
    assert_int_equal(file_put(path, "mine", 4, 0644), ERR_OK);
    n.device = "urn:dev:1";
    assert_int_equal(config_new_device(folder, &n, again, &d), ERR_BUSY);
    assert_string_equal(d.text, "this file is there already; it is not touched");
    assert_text(path, "mine");
    fixture_remove(folder);
}

static void test_config_new_city_writes_one_correct_file(void **state)
{
    (void)state;
    char folder[256], path[1024] = "";
    struct diag d = {0};
    struct new_city n = {.city = "wismar",
                         .title_de = "Wismar",
                         .title_en = "Wismar",
                         .publisher = "Hansestadt \"Wismar\"",
                         .licence = "dl-zero-de/2.0"};
    copy_sound(folder);
    assert_int_equal(config_new_city(folder, &n, path, &d), ERR_OK);
    assert_text(path, "{ \"city\": \"wismar\",\n"
                      "  \"title\": {\"de\": \"Wismar\", \"en\": \"Wismar\"},\n"
                      "  \"publisher\": {\"name\": \"Hansestadt \\\"Wismar\\\"\"},\n"
                      "  \"licence\": \"dl-zero-de/2.0\",\n"
                      "  \"stations\": [] }\n");
    assert_int_equal(config_new_city(folder, &n, path, &d), ERR_BUSY);
    n.city = "kiel";
    n.key = "010020000000";
    n.publisher_url = "https://kiel.example";
    n.contact_name = "Umweltamt";
    n.contact_email = "wasser@kiel.example";
    assert_int_equal(config_new_city(folder, &n, path, &d), ERR_OK);
    assert_text(path,
                "{ \"city\": \"kiel\",\n"
                "  \"title\": {\"de\": \"Wismar\", \"en\": \"Wismar\"},\n"
                "  \"key\": \"010020000000\",\n"
                "  \"publisher\": {\"name\": \"Hansestadt \\\"Wismar\\\"\", \"url\": "
                "\"https://kiel.example\"},\n"
                "  \"contact\": {\"name\": \"Umweltamt\", \"email\": "
                "\"wasser@kiel.example\"},\n"
                "  \"licence\": \"dl-zero-de/2.0\",\n"
                "  \"stations\": [] }\n");
    fixture_remove(folder);
}

static void test_config_new_city_says_what_is_missing_or_wrong(void **state)
{
    (void)state;
    char folder[256], path[1024] = "";
    struct diag d = {0};
    struct new_city n = {.city = "kiel", .title_de = "Kiel"};
    copy_sound(folder);
    assert_int_equal(config_new_city(folder, &n, path, &d), ERR_ABSENT);
    assert_string_equal(d.text, "still missing: --title-en, --publisher, --licence");
    n.title_en = "Kiel";
    n.publisher = "Stadt Kiel";
    n.licence = "public";
    assert_int_equal(config_new_city(folder, &n, path, &d), ERR_CONFIG);
    assert_string_equal(
        d.text,
        "\"public\" is none of: dl-by-de/2.0, dl-zero-de/2.0, cc-by/4.0, cc-zero");
    assert_string_equal(d.field, "/licence");
    n.licence = "cc-zero";
    n.key = "1";
    assert_int_equal(config_new_city(folder, &n, path, &d), ERR_CONFIG);
    assert_string_equal(d.text, "\"1\" is not a regional key of 12 digits");
    n.key = NULL;
    n.city = "Kiel";
    assert_int_equal(config_new_city(folder, &n, path, &d), ERR_SYNTAX);
    assert_string_equal(path, "");
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_new_device_writes_one_correct_file),
        cmocka_unit_test(test_config_new_device_says_what_is_missing_or_wrong),
        cmocka_unit_test(test_config_new_device_judges_it_among_the_others),
        cmocka_unit_test(test_config_new_device_never_touches_a_file),
        cmocka_unit_test(test_config_new_city_writes_one_correct_file),
        cmocka_unit_test(test_config_new_city_says_what_is_missing_or_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
