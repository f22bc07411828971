/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/diag.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/text.h"
#include "support/assert_close.h"
#include "support/fixture.h"

#include <stdio.h>
#include <string.h>

static void test_copy_cuts_at_whole_characters(void **state)
{
    (void)state;
    char to[6];
    assert_string_equal(text_copy(to, sizeof to, "short"), "short");
    assert_string_equal(text_copy(to, sizeof to, "longer"), "longe");
    assert_string_equal(text_copy(to, sizeof to, "aaaa\xC3\xBC"), "aaaa");
    assert_string_equal(text_copy(to, sizeof to, "aaa\xC3\xBC"), "aaa\xC3\xBC");
    assert_string_equal(text_copy(to, 1, "x"), "");
}

static void test_equal_takes_null(void **state)
{
    (void)state;
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal(NULL, ""));
    assert_false(text_equal("", NULL));
    assert_true(text_equal("a", (char[]){"a"}));
    assert_false(text_equal("a", "b"));
}

static void test_utf8_follows_rfc_3629(void **state)
{
    (void)state;
    static const char *const good[] = {
        "", "a", "\xC3\xBC", "\xE2\x80\xAF", "\xF0\x9F\x8C\x8A", "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80",
                                      "\xC3",
                                      "\xC0\xAF",
                                      "\xC1\xBF",
                                      "\xE0\x80\xAF",
                                      "\xED\xA0\x80",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xE2\x80",
                                      "\xC3(",
                                      "\xFF",
                                      "a\xC3\xBC\xBC"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(text_is_utf8(good[i], strlen(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(text_is_utf8(bad[i], strlen(bad[i])));
    }
    assert_true(text_is_utf8("a\0b", 3));
    char text[] = "twenty-four bytes, ASCII";
    for (size_t i = 0; i < 24; i++) {
        char kept = text[i];
        text[i] = '\xFF';
        assert_int_equal(text_utf8_size(text, 24), i);
        text[i] = kept;
    }
    assert_int_equal(text_utf8_size(text, 24), 24);
}

static void test_escape_shows_bytes_that_terminals_obey(void **state)
{
    (void)state;
    char to[24];
    assert_string_equal(text_escape(to, sizeof to, "a\x1b[0m\n", 6), "a\\x1B[0m\\x0A");
    assert_string_equal(text_escape(to, sizeof to, "\xC3\xBC\xFF\x7F", 4),
                        "\xC3\xBC\\xFF\\x7F");
    assert_string_equal(text_escape(to, sizeof to, "a\0b", 3), "a\\x00b");
    text_escape(to, sizeof to, "0123456789012345678901234567890123456789", 40);
    assert_int_equal(strncmp(to, "01234567890123", 14), 0);
    assert_string_equal(to + strlen(to) - 3, "...");
    for (size_t size = 8; size < sizeof to; size++) {
        to[size] = '!';
        text_escape(to, size, "\x01\x02\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC", 10);
        assert_true(strlen(to) < size && to[size] == '!');
    }
}

static void test_nearest_names_what_was_meant(void **state)
{
    (void)state;
    static const char *const names[] = {"water_temperature", "water_level", "ph"};
    assert_string_equal(text_nearest("water_temprature", names, 3), "water_temperature");
    assert_string_equal(text_nearest("waterlevel", names, 3), "water_level");
    assert_string_equal(text_nearest("pH", names, 3), "ph");
    assert_string_equal(text_nearest("water_temp", names, 3), "water_temperature");
    assert_string_equal(text_nearest("wat", names, 3), "water_level");
    assert_null(text_nearest("wa", names, 3));
    assert_string_equal(text_nearest("hp", names, 3), "ph");
    assert_null(text_nearest("hq", names, 3));
    assert_null(text_nearest("salinity", names, 3));
    assert_null(text_nearest("water_level", names, 0));
    char large[5000];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    assert_null(text_nearest(large, names, 3));
}

static void test_pointers_are_below_by_whole_tokens(void **state)
{
    (void)state;
    assert_true(text_pointer_below("/a/b", "/a"));
    assert_true(text_pointer_below("/a", "/a"));
    assert_true(text_pointer_below("/a", ""));
    assert_false(text_pointer_below("/ab", "/a"));
    assert_false(text_pointer_below("/a", "/a/b"));
}

static void test_pointer_append_escapes_and_keeps_its_bounds(void **state)
{
    (void)state;
    char to[12] = "";
    size_t length = text_pointer_append(to, sizeof to, 0, "a/b");
    assert_string_equal(to, "/a~1b");
    length = text_pointer_append(to, sizeof to, length, "~");
    assert_string_equal(to, "/a~1b/~0");
    assert_int_equal(length, 8);
    assert_int_equal(text_pointer_append(to, sizeof to, length, "abc"), 0);
    assert_int_equal(text_pointer_append(to, sizeof to, length, "ab"), 11);
    assert_int_equal(text_pointer_append(to, sizeof to, 11, ""), 0);
}

static void test_lower_and_id(void **state)
{
    (void)state;
    char text[] = "AbZ-19\xC3\x9C";
    assert_string_equal(text_lower(text), "abz-19\xC3\x9C");
    assert_true(text_is_id("luebeck-bauhof"));
    assert_true(text_is_id("3a"));
    assert_false(text_is_id(""));
    assert_false(text_is_id("-a"));
    assert_false(text_is_id("A"));
    assert_false(text_is_id("a_b"));
    assert_false(text_is_id("../a"));
    char large[66];
    memset(large, 'a', 65);
    large[65] = '\0';
    assert_false(text_is_id(large));
    large[64] = '\0';
    assert_true(text_is_id(large));
}

static void test_diag_says_what_is_known_and_cuts(void **state)
{
    (void)state;
    char shown[700];
    struct diag d = {.line = 0};
    diag_set(&d, "value %d is too large", 7);
    assert_string_equal(diag_format(&d, shown, sizeof shown), "value 7 is too large");
    diag_set_field(&d, "/a/b");
    diag_set_field(&d, NULL);
    text_copy(d.source, sizeof d.source, "hub.json");
    assert_string_equal(diag_format(&d, shown, sizeof shown),
                        "hub.json: /a/b: value 7 is too large");
    d.line = 3;
    assert_non_null(strstr(diag_format(&d, shown, sizeof shown), "hub.json:3: /a/b"));
    d.column = 5;
    assert_non_null(strstr(diag_format(&d, shown, sizeof shown), "hub.json:3:5: /a/b"));
    char large[1000];
    for (size_t i = 0; i + 1 < sizeof large; i += 2) {
        memcpy(large + i, "\xC3\xBC", 2);
    }
    large[sizeof large - 2] = '\0';
    diag_set(&d, "x%s", large);
    assert_int_equal(strlen(d.text), 159);
    assert_true(text_is_utf8(d.text, strlen(d.text)));
    diag_set(NULL, "nobody asked");
    diag_set_field(NULL, "/a");
}

static void test_every_error_has_class_and_text(void **state)
{
    (void)state;
    for (int e = ERR_OK; e < ERR_COUNT; e++) {
        assert_true(strlen(err_text((enum err)e)) > 3);
        assert_int_equal(err_class((enum err)e) == ERR_CLASS_OK, e == ERR_OK);
    }
    assert_int_equal(err_class((enum err)999), ERR_CLASS_STOP);
    assert_string_equal(err_text((enum err)999), "unknown error");
}

static void assert_hash(const struct hash *h, const char *expected)
{
    char hex[HASH_HEX];
    assert_string_equal(hash_hex(h, hex), expected);
}

/* FIPS 180-4 examples: "abc" and the empty message. */
static const char of_abc[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char of_nothing[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void test_hash_is_sha256(void **state)
{
    (void)state;
    struct hash h, same;
    assert_int_equal(hash_bytes("abc", 3, &h), ERR_OK);
    assert_hash(&h, of_abc);
    assert_int_equal(hash_bytes("", 0, &h), ERR_OK);
    assert_hash(&h, of_nothing);
    assert_int_equal(hash_message("t", "ab", 2, &h), ERR_OK);
    assert_int_equal(hash_bytes("t\0ab", 4, &same), ERR_OK);
    assert_memory_equal(&h, &same, sizeof h);
    assert_int_equal(hash_message("ta", "b", 1, &same), ERR_OK);
    assert_memory_not_equal(&h, &same, sizeof h);
}

static void test_hash_text_is_fnv_1a(void **state)
{
    (void)state;
    assert_true(hash_text(HASH_TEXT_START, "") == UINT64_C(0xcbf29ce484222325));
    assert_true(hash_text(HASH_TEXT_START, "foobar") == UINT64_C(0x85944171f73967e8));
    assert_true(hash_text(hash_text(HASH_TEXT_START, "foo"), "bar") ==
                hash_text(HASH_TEXT_START, "foobar"));
}

static void test_hash_of_a_file_is_that_of_its_bytes(void **state)
{
    (void)state;
    char folder[256], path[300];
    fixture_folder(folder);
    snprintf(path, sizeof path, "%s/bytes", folder);
    static char bytes[200000];
    memset(bytes, 'k', sizeof bytes);
    static const size_t sizes[] = {0, 3, 65536, 131072, 200000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, sizes[i], file), sizes[i]);
        fclose(file);
        struct hash of_file, of_bytes;
        assert_int_equal(hash_file(path, &of_file), ERR_OK);
        assert_int_equal(hash_bytes(bytes, sizes[i], &of_bytes), ERR_OK);
        assert_memory_equal(&of_file, &of_bytes, sizeof of_file);
    }
    struct hash untouched = {{1}};
    fixture_remove(folder);
    assert_int_equal(hash_file(path, &untouched), ERR_IO);
    assert_int_equal(untouched.bytes[0], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy_cuts_at_whole_characters),
        cmocka_unit_test(test_equal_takes_null),
        cmocka_unit_test(test_utf8_follows_rfc_3629),
        cmocka_unit_test(test_escape_shows_bytes_that_terminals_obey),
        cmocka_unit_test(test_nearest_names_what_was_meant),
        cmocka_unit_test(test_pointers_are_below_by_whole_tokens),
        cmocka_unit_test(test_pointer_append_escapes_and_keeps_its_bounds),
        cmocka_unit_test(test_lower_and_id),
        cmocka_unit_test(test_diag_says_what_is_known_and_cuts),
        cmocka_unit_test(test_every_error_has_class_and_text),
        cmocka_unit_test(test_hash_is_sha256),
        cmocka_unit_test(test_hash_text_is_fnv_1a),
        cmocka_unit_test(test_hash_of_a_file_is_that_of_its_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
