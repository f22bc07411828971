/* SPDX-License-Identifier: EUPL-1.2 */
#include "decode/tree.h"

#include "base/buf.h"
#include "support/assert_close.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 64 << 20 };

static struct arena *arena;
static struct diag diag;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_open(ARENA_BYTES);
    return arena == NULL;
}

static int close_arena(void **state)
{
    (void)state;
    arena_close(arena);
    return 0;
}

/* NULL: it is no JSON. */
static const struct tree *read_bytes(const char *bytes, size_t size)
{
    const struct tree *document = NULL;
    arena_reset(arena);
    diag = (struct diag){0};
    enum err err = tree_read(bytes, size, arena, &document, &diag);
    assert_true(err == ERR_OK || err == ERR_SYNTAX);
    assert_true((err == ERR_OK) == (document != NULL));
    assert_true((err == ERR_OK) == (diag.text[0] == '\0'));
    assert_true(arena_used(arena) <= tree_bytes(size));
    return document;
}

static const struct tree *read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void test_a_tree_holds_the_document_in_its_order(void **state)
{
    (void)state;
    const struct tree *t = read_text(
        " {\"b\":[1,-0.5e1,{}],\"\":null, \"a\\u00e9\\n\":\"x\\ud83d\\ude00\\\\u0000\","
        "\"t\":true,\"f\":false}\r\n\t ");
    assert_true(tree_is(t, TREE_OBJECT));
    assert_int_equal(t->count, 5);
    const struct tree *b = tree_first(t);
    assert_string_equal(b->key, "b");
    assert_int_equal(b->count, 3);
    assert_close(tree_element(b, 0)->number, 1, 0);
    assert_close(tree_element(b, 1)->number, -5, 0);
    assert_true(tree_is(tree_element(b, 2), TREE_OBJECT));
    assert_null(tree_first(tree_element(b, 2)));
    assert_null(tree_element(b, 3));
    assert_null(tree_element(t, 0));
    assert_true(tree_is(b->next, TREE_NULL));
    assert_int_equal(b->next->key_length, 0);
    assert_ptr_equal(tree_member(t, ""), b->next);
    assert_string_equal(tree_text(tree_member(t, "a\xc3\xa9\n")),
                        "x\xf0\x9f\x98\x80\\u0000");
    assert_true(tree_is(tree_member(t, "t"), TREE_TRUE));
    assert_true(tree_is(tree_member(t, "f"), TREE_FALSE));
    assert_null(tree_member(t, "f")->next);
    assert_null(tree_member(t, "c"));
    assert_null(tree_member(b, "0"));
    assert_null(tree_text(b));
    assert_null(tree_text(NULL));
    assert_null(tree_first(NULL));
}

static void test_any_value_is_a_document(void **state)
{
    (void)state;
    assert_close(read_text("12.5")->number, 12.5, 0);
    assert_close(read_text(" 7 ")->number, 7, 0);
    assert_string_equal(tree_text(read_text("\"\"")), "");
    assert_true(tree_is(read_text("null"), TREE_NULL));
    assert_true(tree_is(read_text("[]"), TREE_ARRAY));
}

static void test_numbers_are_those_of_strtod(void **state)
{
    (void)state;
    assert_close(read_text("0.1")->number, 0.1, 0);
    assert_close(read_text("123456789012345678901234567890")->number,
                 1.2345678901234568e29, 0);
    assert_close(read_text("2.2250738585072014e-308")->number, 2.2250738585072014e-308,
                 0);
    assert_close(read_text("1e-999")->number, 0, 0);
    assert_true(signbit(read_text("-0")->number) != 0);
}

/* What is refused, why, and where. */
static const struct {
    const char *text;
    int line, column;
    const char *why;
} refused[] = {
    {"{\"d\":1e999}", 1, 10, "a number too large, after '{\"d\":1e999'"},
    {"-1e999", 1, 6, "a number too large, after '-1e999'"},
    {"{\"d\":NaN}", 1, 6, "invalid char in json text, after '{\"d\":N'"},
    {"[1,\n 2,]", 2, 4, "unallowed token at this point in JSON text, after ' 2,]'"},
    {"[1 2]", 1, 4, "after array element, I expect ',' or ']', after '[1 2'"},
    {"{\"a\" 1}", 1, 6,
     "object key and value must be separated by a colon (':'), after '{\"a\" 1'"},
    {"{a:1}", 1, 2, "invalid char in json text, after '{a'"},
    {"{1:1}", 1, 2, "invalid object key (must be a string), after '{1'"},
    {"[01]", 1, 3, "after array element, I expect ',' or ']', after '[01'"},
    {"[.5]", 1, 2, "invalid char in json text, after '[.'"},
    {"[+5]", 1, 2, "invalid char in json text, after '[+'"},
    {"[0x10]", 1, 3, "invalid char in json text, after '[0x'"},
    {"[1", 1, 2, "premature EOF, after '[1'"},
    {"tru", 1, 3, "invalid string in json text, after 'tru'"},
    {"\"ab", 1, 3, "premature EOF, after '\"ab'"},
    {"  \n", 2, 1, "premature EOF"},
    {"/* */ 1", 1, 1, "probable comment found in input text, comments are not enabled"},
    {"{\"a\":1}}", 1, 7, "something stands behind the document, after '{\"a\":1}'"},
    {"{} \"ab", 1, 3, "something stands behind the document, after '{} '"},
    {"1 2", 1, 2, "something stands behind the document, after '1 '"},
    {"{\"d\":1,\"d\":2}", 1, 10, "the key \"d\" stands twice in one object, after '"},
    {"{\"d\":1,\"\\u0064\":2}", 1, 15, "the key \"d\" stands twice in one object"},
    {"[\"\\u0000\"]", 1, 2, "the character NUL (\\u0000), after '[\"'"},
    {"{\"a\\u0000\":1}", 1, 3, "the character NUL (\\u0000), after '{\"a'"},
    {"[\"\\ud800\"]", 1, 2, "half a surrogate pair, after '[\"'"},
    {"[\"\\ud800\\u0041\"]", 1, 2, "half a surrogate pair"},
    {"[\"\\ud800\\ud800\"]", 1, 2, "half a surrogate pair"},
    {"[\"\\\\\\udC00\"]", 1, 4, "half a surrogate pair, after '[\"\\\\'"},
    {"[\"\\u12g4\"]", 1, 6,
     "invalid (non-hex) character occurs after '\\u' inside string"},
    {"[\"\\x\"]", 1, 3,
     "inside a string, '\\' occurs before a character which it may not"},
    {"[\"a\nb\"]", 1, 3, "invalid character inside string, after '[\"a'"},
    {"[1,\v2]", 1, 3, "a control character, after '[1,'"},
    {"[1]\f", 1, 3, "a control character, after '[1]'"},
    {"\xef\xbb\xbf[1]", 1, 1, "invalid char in json text"},
    {"[\"\xc3\xa4\xff\"]", 1, 3, "not UTF-8, after '[\"\xc3\xa4'"},
    {"[\"\xc0\xaf\"]", 1, 2, "not UTF-8"},
    {"[\"\xed\xa0\x80\"]", 1, 2, "not UTF-8"},
    {"[\"\xf4\x90\x80\x80\"]", 1, 2, "not UTF-8"},
    {"\x81\xa0", 1, 1, "not UTF-8"},
};

static void test_what_is_no_json_is_refused_with_its_place(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char expected[200];
        snprintf(expected, sizeof expected, "not JSON: %s", refused[i].why);
        if (read_text(refused[i].text) != NULL || diag.line != refused[i].line ||
            diag.column != refused[i].column ||
            strncmp(diag.text, expected, strlen(expected)) != 0) {
            print_error("%s: %d:%d: %s, expected %d:%d: %s\n", refused[i].text, diag.line,
                        diag.column, diag.text, refused[i].line, refused[i].column,
                        expected);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
    assert_null(read_bytes("[1]\0", 4));
    assert_null(read_bytes("[\"a\0b\"]", 7));
    assert_null(read_bytes("\0", 1));
}

/* What is true of the whole document is true of all its beginnings: none is JSON, and
 * none is read beyond its end (asan sees that). */
static void test_no_beginning_of_a_document_is_one(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1.5e+3,true,false,null,"
                               "\"\\u00e9\\ud83d\\ude00\\\"\",{\"\xc3\xa4\":-0}]}";
    assert_non_null(read_text(text));
    for (size_t size = 1; size < sizeof text - 1; size++) {
        char *part = malloc(size);
        assert_non_null(part);
        memcpy(part, text, size);
        assert_null(read_bytes(part, size));
        free(part);
    }
}

static void put_members(struct buf *b, int count, int twin)
{
    buf_reset(b);
    for (int i = 0; i < count; i++) {
        buf_put_format(b, "%s\"key %d\":0", i == 0 ? "{" : ",", i);
    }
    buf_put_format(b, ",\"key %d\":0}", twin);
    assert_int_equal(b->err, ERR_OK);
}

static void test_twins_are_found_in_objects_of_any_size(void **state)
{
    (void)state;
    static const int counts[] = {1, 2, 15, 16, 17, 18, 100, 20000};
    struct buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int count = counts[i];
        put_members(&b, count, count);
        assert_int_equal(read_text(buf_text(&b))->count, count + 1);
        const int twins[] = {0, count / 2, count - 1};
        for (size_t k = 0; k < 3; k++) {
            char expected[64];
            snprintf(expected, sizeof expected, "the key \"key %d\" stands twice",
                     twins[k]);
            put_members(&b, count, twins[k]);
            assert_null(read_text(buf_text(&b)));
            assert_non_null(strstr(diag.text, expected));
        }
    }
    buf_fini(&b);
}

static void put_nested(struct buf *b, int depth, const char *open, const char *close)
{
    buf_reset(b);
    for (int i = 0; i < depth; i++) {
        buf_put_text(b, open);
    }
    for (int i = 0; i < depth; i++) {
        buf_put_text(b, close);
    }
    assert_int_equal(b->err, ERR_OK);
}

static void test_a_tree_has_a_deepest_level(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 20);
    put_nested(&b, TREE_DEPTH, "[", "]");
    assert_non_null(read_text(buf_text(&b)));
    put_nested(&b, TREE_DEPTH + 1, "[", "]");
    assert_null(read_text(buf_text(&b)));
    assert_non_null(strstr(diag.text, "nested deeper than 2048 levels"));
    put_nested(&b, TREE_DEPTH + 1, "{\"a\":", "}");
    assert_null(read_text(buf_text(&b)));
    assert_non_null(strstr(diag.text, "nested deeper than 2048 levels"));
    put_nested(&b, 100000, "[", "");
    assert_null(read_text(buf_text(&b)));
    buf_fini(&b);
}

/* begin, count times part, end. */
static const struct tree *read_long(struct buf *b, const char *begin, const char *part,
                                    int count, const char *end)
{
    buf_reset(b);
    buf_put_text(b, begin);
    for (int i = 0; i < count; i++) {
        buf_put_text(b, part);
    }
    buf_put_text(b, end);
    assert_int_equal(b->err, ERR_OK);
    return read_bytes(buf_text(b), b->length);
}

static void test_long_documents_keep_to_their_memory(void **state)
{
    (void)state;
    static const int counts[] = {500, 1023, 1024, 1025, 2047, 2048, 2049, 5000, 100000};
    struct buf b;
    buf_init(&b, 8 << 20);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int n = counts[i];
        assert_int_equal(strlen(tree_text(read_long(&b, "\"", "\\n", n, "\""))), n);
        assert_int_equal(strlen(tree_text(read_long(&b, "\"", "x", n, "\""))), n);
        assert_null(read_long(&b, "[\"\\n", "x", n, ""));
        assert_null(read_long(&b, "[\"", "\\n", n, "\",\""));
        assert_null(read_long(&b, "{\"", "\\n", n, "\":\""));
        assert_int_equal(read_long(&b, "[", "1,", n, "1]")->count, n + 1);
        assert_int_equal(read_long(&b, "[", "\"\",", n, "1]")->count, n + 1);
        assert_int_equal(read_long(&b, "[", "[],", n, "1]")->count, n + 1);
        assert_int_equal(read_long(&b, "[", "{\"\":0},", n, "1]")->count, n + 1);
    }
    assert_non_null(read_long(&b, "0.", "1", 509, ""));
    assert_null(read_long(&b, "0.", "1", 510, ""));
    assert_non_null(strstr(diag.text, "a number of 512 characters"));
    assert_null(read_long(&b, "", "9", 400, ""));
    assert_non_null(strstr(diag.text, "a number too large"));
    buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_tree_holds_the_document_in_its_order),
        cmocka_unit_test(test_any_value_is_a_document),
        cmocka_unit_test(test_numbers_are_those_of_strtod),
        cmocka_unit_test(test_what_is_no_json_is_refused_with_its_place),
        cmocka_unit_test(test_no_beginning_of_a_document_is_one),
        cmocka_unit_test(test_twins_are_found_in_objects_of_any_size),
        cmocka_unit_test(test_a_tree_has_a_deepest_level),
        cmocka_unit_test(test_long_documents_keep_to_their_memory),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
