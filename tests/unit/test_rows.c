/* SPDX-License-Identifier: EUPL-1.2 */
#include "decode/rows.h"

#include "support/assert_close.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bads {
    int count;
    struct diag last;
};

static void take_bad(void *arg, const struct diag *d)
{
    struct bads *b = arg;
    b->count++;
    b->last = *d;
}

static struct rows *open_rows(struct rows_settings s, struct bads *bads)
{
    struct rows *r = NULL;
    s.file = "a.csv";
    s.device = s.device_field == NULL ? "b1" : NULL;
    s.arg = bads;
    s.bad = take_bad;
    *bads = (struct bads){0};
    assert_int_equal(rows_open(&s, &r), ERR_OK);
    return r;
}

/* Gives all lines of text; ERR_OK, or where it ends. */
static enum err give(struct rows *r, const char *text, struct diag *d)
{
    enum err e = ERR_OK;
    int number = 0;
    while (*text != '\0' && e == ERR_OK) {
        size_t length = strcspn(text, "\n");
        e = rows_take_line(r, text, length, ++number, d);
        text += length + (text[length] == '\n');
    }
    return e != ERR_OK ? e : rows_end(r, d);
}

static void assert_message(struct rows *r, const char *expected, int rows)
{
    const char *payload = NULL;
    size_t size = 0;
    int64_t count = 0;
    assert_int_equal(rows_take_message(r, &payload, &size, &count), ERR_OK);
    assert_int_equal(count, rows);
    assert_int_equal(size, strlen(payload));
    assert_string_equal(payload, expected);
}

/* What text becomes by s, whole. */
static void check(struct rows_settings s, const char *text, int rows, int bad,
                  const char *expected)
{
    struct bads bads;
    struct diag d = {0};
    struct rows *r = open_rows(s, &bads);
    enum err e = give(r, text, &d);
    if (e != ERR_OK) {
        fail_msg("%s: %s", err_text(e), d.text);
    }
    assert_message(r, expected, rows);
    assert_int_equal(bads.count, bad);
    rows_close(r);
}

static void test_rows_read_csv_as_rfc_4180_has_it(void **state)
{
    (void)state;
    check((struct rows_settings){0},
          "\xef\xbb\xbftime,t\r\n1,\"2,5\"\r\n\r\n \n2, 7 \r\n", 2, 0,
          "{\"device\":\"b1\",\"line\":2,\"columns\":[\"time\",\"t\"],"
          "\"rows\":[[\"1\",\"2,5\"],[\"2\",\"7\"]]}");
    check((struct rows_settings){.decimal_comma = true},
          "time;t;\n1;2,5;\n;;\n2;;\"a\"\"\nb\"", 2, 0,
          "{\"device\":\"b1\",\"line\":2,\"decimal\":\",\",\"columns\":[\"time\",\"t\","
          "\"column 3\"],\"rows\":[[\"1\",\"2,5\",\"\"],[\"2\",\"\",\"a\\\"\\nb\"]]}");
    check((struct rows_settings){.device_field = "/id"}, "id\tt\nb1\t-\\1\n", 1, 0,
          "{\"device_field\":\"/id\",\"line\":2,\"columns\":[\"id\",\"t\"],"
          "\"rows\":[[\"b1\",\"-\\\\1\"]]}");
    check((struct rows_settings){.separator = ';'}, "a,b;c\n1;2\n", 1, 0,
          "{\"device\":\"b1\",\"line\":2,\"columns\":[\"a,b\",\"c\"],"
          "\"rows\":[[\"1\",\"2\"]]}");
    check((struct rows_settings){0}, "a;\"b,c\"\n1;2\n", 1, 0,
          "{\"device\":\"b1\",\"line\":2,\"columns\":[\"a\",\"b,c\"],"
          "\"rows\":[[\"1\",\"2\"]]}");
}

static void test_rows_keep_a_bad_row_and_go_on(void **state)
{
    (void)state;
    check((struct rows_settings){0}, "a,b\n1\n1,2\n\"x\"y,1\n3,\xfc\n", 4, 3,
          "{\"device\":\"b1\",\"line\":2,\"columns\":[\"a\",\"b\"],\"rows\":"
          "[[\"1\",\"2\"]],\"bad\":["
          "{\"line\":2,\"text\":\"1\",\"problem\":\"1 column, expected 2\"},"
          "{\"line\":4,\"text\":\"\\\"x\\\"y,1\",\"problem\":\"a quote stands inside a "
          "value, or text behind its end\"},"
          "{\"line\":5,\"text\":\"3,\\\\xFC\",\"problem\":\"column 2 is not UTF-8 "
          "(Latin-1?); iconv -f latin1 -t utf-8 makes it so\"}]}");
    check(
        (struct rows_settings){.json = true},
        "{\"a\": 1}\n7\n{\"a\":1,\"a\":2}\n{\"a\":1e999}\n\n{\"b\":[2]}", 5, 3,
        "{\"device\":\"b1\",\"line\":1,\"rows\":[{\"a\": 1},{\"b\":[2]}],\"bad\":["
        "{\"line\":2,\"text\":\"7\",\"problem\":\"not a JSON object\"},"
        "{\"line\":3,\"text\":\"{\\\"a\\\":1,\\\"a\\\":2}\",\"problem\":\"not JSON: "
        "the key \\\"a\\\" stands twice in one object, after '{\\\"a\\\":1,\\\"a\\\"'\"},"
        "{\"line\":4,\"text\":\"{\\\"a\\\":1e999}\",\"problem\":\"not JSON: a number "
        "too large, after '{\\\"a\\\":1e999'\"}]}");
}

static void refuse(struct rows_settings s, const char *text, int line, const char *part)
{
    struct bads bads;
    struct diag d = {0};
    struct rows *r = open_rows(s, &bads);
    assert_int_equal(give(r, text, &d), ERR_SYNTAX);
    assert_string_equal(d.source, "a.csv");
    assert_int_equal(d.line, line);
    if (strstr(d.text, part) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", d.text, part);
    }
    rows_close(r);
}

static void test_rows_refuse_what_is_no_file_of_rows(void **state)
{
    (void)state;
    static char large[40000];
    refuse((struct rows_settings){0}, "", 1, "header is missing");
    refuse((struct rows_settings){0}, "a;b,c\n", 1, "--separator");
    refuse((struct rows_settings){0}, "a,b,a\n", 1, "\"a\" stands in the header twice");
    refuse((struct rows_settings){0},
           "a,\xb0"
           "C\n",
           1, "not UTF-8 (Latin-1?)");
    refuse((struct rows_settings){0}, "a,\"b\"c\n", 1, "quote");
    refuse((struct rows_settings){0}, "a,b\n1,2\n3,\"4\n5,6\n", 3,
           "before the file ends");
    memset(large, 'x', sizeof large - 1);
    refuse((struct rows_settings){0}, large, 1, "more than 32 KiB");
    refuse((struct rows_settings){.json = true}, large, 1, "more than 32 KiB");
    for (size_t i = 10; i < sizeof large - 1; i += 80) {
        large[i] = '\n';
    }
    memcpy(large, "a,b\n1,\"", 7);
    refuse((struct rows_settings){0}, large, 2, "does not close within");
}

/* The messages of count rows, cut when full; their number and most bytes. */
static int cut(struct rows *r, int count, const char *row, size_t *most)
{
    struct diag d = {0};
    const char *payload = NULL;
    size_t size = 0;
    int64_t rows = 0, all = 0;
    int messages = 0;
    for (int i = 0; i < count; i++) {
        assert_int_equal(rows_take_line(r, row, strlen(row), i + 2, &d), ERR_OK);
        if (rows_is_full(r) || i + 1 == count) {
            assert_int_equal(rows_take_message(r, &payload, &size, &rows), ERR_OK);
            *most = size > *most ? size : *most;
            all += rows;
            messages++;
            assert_false(rows_is_full(r));
        }
    }
    assert_int_equal(all, count);
    return messages;
}

static void test_rows_cut_messages_by_rows_values_and_bytes(void **state)
{
    (void)state;
    static char wide[12000], row[12000], large[30000];
    struct bads bads;
    struct diag d = {0};
    size_t most = 0;
    struct rows *r = open_rows((struct rows_settings){0}, &bads);
    assert_int_equal(rows_take_line(r, "a,b", 3, 1, &d), ERR_OK);
    assert_int_equal(cut(r, 2500, "1,2", &most), 3);
    snprintf(large, sizeof large, "1,%029990d", 7);
    assert_int_equal(cut(r, 100, large, &most), 15); /* 7 rows of 30 kB a message */
    memset(large + 2, '"', 20000);
    assert_int_equal(cut(r, 1000, "1", &most), 1); /* bad ones count, too */
    memset(large, '\x01', 29000);
    large[29000] = '\0';
    large[1] = ',';
    assert_int_equal(cut(r, 50, large, &most), 1); /* too large as JSON: kept as bad */
    assert_int_equal(bads.count, 1050);
    assert_non_null(strstr(bads.last.text, "larger than 48 KiB"));
    rows_close(r);
    for (int i = 0; i < 1000; i++) {
        snprintf(wide + strlen(wide), sizeof wide - strlen(wide), "%s%d", i ? "," : "",
                 i);
        snprintf(row + strlen(row), sizeof row - strlen(row), "%s1", i ? "," : "");
    }
    r = open_rows((struct rows_settings){0}, &bads);
    assert_int_equal(rows_take_line(r, wide, strlen(wide), 1, &d), ERR_OK);
    assert_int_equal(cut(r, 45, row, &most), 3); /* 15 rows of 1000 values */
    assert_int_equal(bads.count, 0);
    rows_close(r);
    assert_true(most <= ROWS_MESSAGE_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_read_csv_as_rfc_4180_has_it),
        cmocka_unit_test(test_rows_keep_a_bad_row_and_go_on),
        cmocka_unit_test(test_rows_refuse_what_is_no_file_of_rows),
        cmocka_unit_test(test_rows_cut_messages_by_rows_values_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
