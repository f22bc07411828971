/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "base/clock.h"
#include "base/file.h"
#include "publish/ckan_answer.h"
#include "publish/ckan_dataset.h"
#include "support/fixture.h"
#include "support/synthetic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err parse(long status, const char *type, const char *body, char text[321])
{
    struct http_answer a;
    http_answer_init(&a);
    a.status = status;
    snprintf(a.type, sizeof a.type, "%s", type);
    buf_put_text(&a.body, body);
    enum err e = ckan_parse_answer(&a, "package_create water", NULL, text, 321);
    http_answer_fini(&a);
    return e;
}

struct recorded {
    const char *file;
    long status;
    enum err expected;
    const char *says; /* part of the sentence */
};

static const struct recorded recorded[] = {
    {"package_show.json", 200, ERR_OK, ""},
    {"package_delete.json", 200, ERR_OK, ""},
    {"resource_patch_upload.json", 200, ERR_OK, ""},
    {"package_show_missing.json", 404, ERR_ABSENT, "Not found"},
    {"bad_token_403.json", 403, ERR_REFUSED, "does the token have the right?"},
    {"no_token_403.json", 403, ERR_REFUSED, "not authorized"},
    {"package_create_duplicate.json", 409, ERR_CONFIG, "name: That URL"},
    {"package_create_bad_name.json", 409, ERR_CONFIG, "name: Must be purely"},
    {"package_create_no_org.json", 409, ERR_CONFIG, "owner_org: An organization"},
    {"resource_upload_too_large.json", 409, ERR_FULL, "upload: File upload too large"},
    {"revise_match_fail.json", 409, ERR_CONFIG, "match: notes"},
    {"unknown_action.json", 400, ERR_CONFIG, "Action name not known"},
    {"bad_json.json", 400, ERR_CONFIG, "JSON Error"},
    {"ds_bad_type.json", 409, ERR_CONFIG, "records: invalid input syntax"},
};

static void test_ckan_parse_answer_takes_recorded_ones(void **state)
{
    (void)state;
    if (!fixture_shared_data("test_ckan_parse_answer_takes_recorded_ones")) {
        skip();
    }
    for (size_t i = 0; i < sizeof recorded / sizeof *recorded; i++) {
        char path[600];
        char text[321];
        struct buf body;
        buf_init(&body, 1 << 20);
        snprintf(path, sizeof path, SHARED_DATA "/portal/ckan-2.11.5/%s",
                 recorded[i].file);
        assert_int_equal(file_read(path, &body), ERR_OK);
        enum err e = parse(recorded[i].status, "application/json", buf_text(&body), text);
        if (e != recorded[i].expected || strstr(text, recorded[i].says) == NULL) {
            fail_msg("%s: %s, \"%s\"", recorded[i].file, err_text(e), text);
        }
        buf_fini(&body);
    }
}

static const struct recorded answers[] = {
    {"{\"success\": false, \"error\": {\"__type\": \"Search Index Error\", \"message\": "
     "\"Unable to add package to search index\"}}",
     500, ERR_NETWORK, "search index"},
    {"{\"success\": false, \"error\": {\"__type\": \"Internal Server Error\", "
     "\"message\": \"Internal Server Error\"}}",
     500, ERR_NETWORK, "Internal"},
    {"{\"success\": false}", 200, ERR_CONFIG, "no reason given"},
    {"{}", 200, ERR_CONFIG, "no reason given"},
    {"[]", 200, ERR_CONFIG, "no reason given"},
    {"null", 200, ERR_CONFIG, "no reason given"},
    {"{\"success\": true", 200, ERR_NETWORK, "cannot be read"},
    {"", 200, ERR_NETWORK, "cannot be read"},
    {"{\"success\": true, \"result\": {}}", 201, ERR_CONFIG, "HTTP 201"},
    {"{\"success\": true, \"result\": {}}", 503, ERR_NETWORK, "HTTP 503"},
    {"{\"success\": false, \"error\": {\"name\": [\"Diese URL ist schon vergeben.\"], "
     "\"__type\": \"Validation Error\"}}",
     409, ERR_CONFIG, "name: Diese URL"},
    {"{\"success\": false, \"error\": {\"name\": [\"a\\u001b[31m\\nb\", 7], \"x\": {}}}",
     409, ERR_CONFIG, "a\\x1B[31m\\x0Ab"},
};

static void test_ckan_parse_answer_takes_odd_ones(void **state)
{
    (void)state;
    char text[321];
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        enum err e = parse(answers[i].status, "application/json", answers[i].file, text);
        if (e != answers[i].expected || strstr(text, answers[i].says) == NULL) {
            fail_msg("%s: %s, \"%s\"", answers[i].file, err_text(e), text);
        }
    }
}

static void test_ckan_parse_answer_recognises_pages(void **state)
{
    (void)state;
    char text[321];
    static const char page[] = "<!DOCTYPE html><html><body>Error</body></html>";
    assert_int_equal(parse(413, "text/html", page, text), ERR_FULL);
    assert_non_null(strstr(text, "no request of that size"));
    assert_int_equal(parse(404, "text/html", page, text), ERR_CONFIG);
    assert_non_null(strstr(text, "see the target's url"));
    assert_int_equal(parse(301, "text/html", page, text), ERR_CONFIG);
    assert_non_null(strstr(text, "has moved"));
    assert_int_equal(parse(502, "text/html", page, text), ERR_NETWORK);
    assert_int_equal(parse(200, "text/html", page, text), ERR_NETWORK);
    assert_int_equal(parse(403, "text/plain", "no", text), ERR_REFUSED);
    assert_int_equal(parse(429, "", "", text), ERR_NETWORK);
}

static void test_ckan_parse_answer_bears_deep_nesting(void **state)
{
    (void)state;
    static char deep[200001];
    char text[321];
    memset(deep, '[', sizeof deep - 1);
    assert_int_equal(parse(200, "application/json", deep, text), ERR_NETWORK);
    assert_int_equal(parse(409, "application/json", deep, text), ERR_CONFIG);
}

static void test_ckan_format_tag(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"Wasserstand", "Wasserstand"},
        {" Pegel/Trave ", "Pegel-Trave"},
        {"Gewässergüte", "Gewässergüte"},
        {"pH 7.2_x-y", "pH 7.2_x-y"},
        {"a×b", "a-b"},
        {"€ 5", "- 5"},
    };
    char to[101 * 4];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(ckan_format_tag(cases[i][0], to));
        assert_string_equal(to, cases[i][1]);
    }
    assert_false(ckan_format_tag("", to));
    assert_false(ckan_format_tag("x", to));
    char longer[301];
    memset(longer, 'x', 300);
    longer[300] = '\0';
    assert_true(ckan_format_tag(longer, to));
    assert_int_equal(strlen(to), 100);
}

static void test_ckan_is_our_file(void **state)
{
    (void)state;
    assert_true(ckan_is_our_file("water", "water-2026-11.csv"));
    assert_true(ckan_is_our_file("water", "water-2026-11-luebeck-water_level.csv"));
    assert_true(ckan_is_our_file("water", "water-current.csv"));
    assert_true(ckan_is_our_file("water", "water-current-kiel.csv"));
    assert_false(ckan_is_our_file("water", "water-currently.csv"));
    assert_false(ckan_is_our_file("water", "water-2026.csv"));
    assert_false(ckan_is_our_file("water", "water-2026-11.pdf"));
    assert_false(ckan_is_our_file("water", "waters-2026-11.csv"));
    assert_false(ckan_is_our_file("water", "water-manual.csv"));
    assert_false(ckan_is_our_file("water", "Handbuch"));
    assert_false(ckan_is_our_file("water", ""));
}

struct work {
    struct synthetic_conf conf;
    struct publish_job job;
};

static int setup(void **state)
{
    static struct work w;
    synthetic_conf_init(&w.conf, "/nowhere");
    w.job = (struct publish_job){.configuration = &w.conf.c,
                                 .dataset = &w.conf.datasets[0],
                                 .target = &w.conf.targets[0],
                                 .first_us = synthetic_time("2026-10-01T00:00:00Z"),
                                 .last_us = synthetic_time("2026-11-20T23:50:00Z")};
    *state = &w;
    return 0;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text != NULL ? text : "";
}

static const char *extra_of(const json_t *package, const char *key)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(package, "extras"), i, one)
    {
        if (strcmp(text_of(one, "key"), key) == 0) {
            return text_of(one, "value");
        }
    }
    return "";
}

static void test_ckan_make_dataset_says_what_portals_ask_for(void **state)
{
    struct work *w = *state;
    json_t *o = ckan_make_dataset(&w->job);
    assert_string_equal(text_of(o, "name"), "water");
    assert_string_equal(text_of(o, "title"), "Wasserdaten der Hansestädte");
    assert_string_equal(text_of(o, "author"), "Hansestadt Lübeck, Hansestadt Wismar");
    assert_string_equal(text_of(o, "license_id"), "dl-de-zero-2.0");
    assert_string_equal(text_of(o, "maintainer_email"), "wasser@luebeck.example");
    assert_string_equal(extra_of(o, "temporal_end"), "2026-11-20");
    assert_string_equal(extra_of(o, "temporal_resolution"), "PT10M");
    assert_string_equal(extra_of(o, "spatial_uri"), "");
    assert_non_null(strstr(extra_of(o, "spatial_uris"), "regionalKey/130740087087"));
    assert_non_null(strstr(extra_of(o, "spatial_bbox"), "[10.703,53.893]"));
    assert_non_null(strstr(extra_of(o, "hvd_category"), "c_43f88346"));
    assert_null(strstr(text_of(o, "notes"), "Vorführung"));
    json_decref(o);
    w->conf.datasets[0].city_count = 1;
    w->conf.datasets[0].demonstration = true;
    const struct licence_name licence = {"dl-zero-de/2.0", "dl-de/zero-2-0"};
    w->conf.targets[0].licences = &licence;
    w->conf.targets[0].licence_count = 1;
    o = ckan_make_dataset(&w->job);
    assert_string_equal(text_of(o, "license_id"), "dl-de/zero-2-0");
    assert_string_equal(
        extra_of(o, "spatial_uri"),
        "http://dcat-ap.de/def/politicalGeocoding/regionalKey/010030000000");
    assert_string_equal(extra_of(o, "hvd_category"), "");
    assert_non_null(strstr(text_of(o, "notes"), "Vorführung"));
    json_decref(o);
}

static void test_ckan_make_resource_follows_the_profile(void **state)
{
    struct work *w = *state;
    struct publish_output out = {
        .name = "water-2026-11.csv", .period = "2026-11", .city = "", .parameter = ""};
    json_t *o = ckan_make_resource(&w->job, &out);
    assert_string_equal(text_of(o, "format"), "CSV");
    assert_string_equal(text_of(o, "mimetype"), "text/csv");
    assert_int_equal(strlen(text_of(o, "hash")), 64);
    assert_string_equal(text_of(o, "description"),
                        "Messwerte November 2026. Observations of November 2026.");
    json_decref(o);
    w->conf.targets[0].format_csv =
        "http://publications.europa.eu/resource/authority/file-type/CSV";
    o = ckan_make_resource(&w->job, &out);
    assert_string_equal(text_of(o, "mimetype"),
                        "https://www.iana.org/assignments/media-types/text/csv");
    json_decref(o);
}

static void test_ckan_make_patch_keeps_what_others_added(void **state)
{
    struct work *w = *state;
    json_t *wanted = ckan_make_dataset(&w->job);
    json_t *there = json_deep_copy(wanted);
    json_t *patch = ckan_make_patch(wanted, there);
    assert_int_equal(json_object_size(patch), 0);
    json_decref(patch);
    json_array_append_new(json_object_get(there, "tags"),
                          json_pack("{s:s,s:s}", "name", "Theirs", "id", "1"));
    json_array_append_new(json_object_get(there, "extras"),
                          json_pack("{s:s,s:s}", "key", "theirs", "value", "1"));
    patch = ckan_make_patch(wanted, there);
    assert_int_equal(json_object_size(patch), 0);
    json_decref(patch);
    json_array_remove(json_object_get(there, "tags"), 0);
    json_array_remove(json_object_get(there, "extras"), 0);
    json_object_set_new(there, "title", json_string("Other"));
    patch = ckan_make_patch(wanted, there);
    assert_int_equal(json_object_size(patch), 3);
    assert_true(ckan_has_name(json_object_get(patch, "tags"), "Theirs"));
    assert_true(ckan_has_name(json_object_get(patch, "tags"), "Wasserstand"));
    assert_int_equal(json_array_size(json_object_get(patch, "tags")), 3);
    assert_string_equal(extra_of(patch, "theirs"), "1");
    assert_string_equal(extra_of(patch, "publisher_name"), text_of(wanted, "author"));
    json_decref(patch);
    json_decref(there);
    there = json_pack("{s:s,s:n,s:i}", "tags", "no list", "extras", "title", 5);
    patch = ckan_make_patch(wanted, there);
    assert_true(json_object_size(patch) > 5);
    json_decref(patch);
    json_decref(there);
    json_decref(wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ckan_parse_answer_takes_recorded_ones),
        cmocka_unit_test(test_ckan_parse_answer_takes_odd_ones),
        cmocka_unit_test(test_ckan_parse_answer_recognises_pages),
        cmocka_unit_test(test_ckan_parse_answer_bears_deep_nesting),
        cmocka_unit_test(test_ckan_format_tag),
        cmocka_unit_test(test_ckan_is_our_file),
        cmocka_unit_test_setup(test_ckan_make_dataset_says_what_portals_ask_for, setup),
        cmocka_unit_test_setup(test_ckan_make_resource_follows_the_profile, setup),
        cmocka_unit_test_setup(test_ckan_make_patch_keeps_what_others_added, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
