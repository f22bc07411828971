/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "base/file.h"
#include "config/config.h"

#include <stdio.h>
#include <string.h>

#define ROOT TEST_VECTORS "/../.."

enum { TEXT_CEILING = 1 << 20 };

/* A difference leaves the text as it should be in the folder of the test, so that a look
 * and a cp settle it. */
static void assert_file(const char *name, const struct buf *made)
{
    char path[1024], copy[256];
    struct buf b;
    buf_init(&b, TEXT_CEILING);
    snprintf(path, sizeof path, "%s/%s", ROOT, name);
    enum err e = file_read(path, &b);
    bool same = e == ERR_OK && strcmp(buf_text(&b), buf_text(made)) == 0;
    buf_fini(&b);
    if (!same) {
        const char *slash = strrchr(name, '/');
        snprintf(copy, sizeof copy, "made%s", slash);
        assert_int_equal(file_put(copy, made->bytes, made->length, 0644), ERR_OK);
        fail_msg("%s is not what the table of options makes; look at %s and copy it",
                 name, copy);
    }
}

static void test_config_write_schema_makes_the_files_of_schemas(void **state)
{
    (void)state;
    size_t count;
    const char *const *kinds = config_schema_kinds(&count);
    assert_int_equal(count, 11);
    for (size_t i = 0; i < count; i++) {
        char name[64];
        struct buf b;
        buf_init(&b, TEXT_CEILING);
        assert_int_equal(config_write_schema(kinds[i], &b), ERR_OK);
        snprintf(name, sizeof name, "schemas/%s.schema.json", kinds[i]);
        assert_file(name, &b);
        buf_fini(&b);
    }
}

static void test_config_write_schema_refuses_unknown_kinds(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, TEXT_CEILING);
    assert_int_equal(config_write_schema("station", &b), ERR_UNKNOWN);
    assert_int_equal(b.length, 0);
    buf_fini(&b);
    buf_init(&b, 10);
    assert_int_equal(config_write_schema("hub", &b), ERR_FULL);
    buf_fini(&b);
}

static void test_config_write_reference_makes_the_file_of_docs(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, TEXT_CEILING);
    config_write_reference(&b);
    assert_int_equal(b.err, ERR_OK);
    assert_file("docs/configuration.md", &b);
    buf_fini(&b);
}

static void test_config_options_are_sound_rows(void **state)
{
    (void)state;
    size_t count;
    const struct option *o = config_options(&count);
    for (size_t i = 0; i < count; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s.%s", o[i].kind, o[i].name);
        assert_ptr_equal(config_option_find(name, 0), &o[i]);
        assert_null(config_option_find(name, 1));
        assert_true(o[i].help[strlen(o[i].help) - 1] == '.');
        assert_null(strpbrk(o[i].help, "|\"\\"));
        assert_false(o[i].required && o[i].standard != NULL);
    }
}

static void test_config_option_find_knows_names_and_kinds(void **state)
{
    (void)state;
    assert_string_equal(config_option_find("broker", 0)->kind, "source");
    assert_null(config_option_find("broker", 1));
    assert_string_equal(config_option_find("city", 0)->kind, "city");
    assert_string_equal(config_option_find("city", 1)->kind, "city");
    assert_string_equal(config_option_find("licence", 0)->kind, "city");
    assert_string_equal(config_option_find("licence", 1)->kind, "dataset");
    assert_null(config_option_find("licence", 2));
    assert_null(config_option_find("source.brocker", 0));
    assert_string_equal(config_option_nearest("source.brocker"), "broker");
    assert_string_equal(config_option_nearest("sorce"), "source");
    assert_null(config_option_nearest("entirely else"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_write_schema_makes_the_files_of_schemas),
        cmocka_unit_test(test_config_write_schema_refuses_unknown_kinds),
        cmocka_unit_test(test_config_write_reference_makes_the_file_of_docs),
        cmocka_unit_test(test_config_options_are_sound_rows),
        cmocka_unit_test(test_config_option_find_knows_names_and_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
