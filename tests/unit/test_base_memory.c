/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "support/assert_close.h"
#include "support/fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_a_fixed_arena_ends_at_its_size(void **state)
{
    (void)state;
    struct arena *a = arena_open(256);
    assert_non_null(a);
    unsigned char *first = arena_take(a, 1);
    unsigned char *second = arena_take(a, 100);
    assert_non_null(second);
    assert_int_equal((uintptr_t)first % _Alignof(max_align_t), 0);
    assert_int_equal((uintptr_t)second % _Alignof(max_align_t), 0);
    memset(second, 7, 100);
    size_t used = arena_used(a);
    assert_null(arena_take(a, 256));
    assert_null(arena_take(a, SIZE_MAX));
    assert_null(arena_take_zero(a, SIZE_MAX / 2, 4));
    assert_int_equal(arena_used(a), used);
    assert_int_equal(arena_left(a), 256 - used);
    assert_non_null(arena_take(a, arena_left(a)));
    assert_null(arena_take(a, 1));
    arena_rewind(a, used);
    assert_int_equal(arena_used(a), used);
    arena_reset(a);
    assert_int_equal(arena_used(a), 0);
    assert_ptr_equal(arena_take(a, 256), first);
    arena_close(a);
    arena_close(NULL);
}

static void test_a_growing_arena_ends_at_its_ceiling(void **state)
{
    (void)state;
    enum { CEILING = 1 << 20 };
    struct arena *a = arena_open_growing(CEILING);
    assert_non_null(a);
    size_t taken = 0;
    for (void *p = arena_take(a, 1000); p != NULL; p = arena_take(a, 1000)) {
        memset(p, 1, 1000);
        taken += 1000;
    }
    assert_in_range(taken, CEILING * 9 / 10, CEILING);
    arena_reset(a);
    assert_non_null(arena_take(a, CEILING / 2)); /* a block of its own */
    assert_null(arena_take(a, CEILING));
    arena_close(a);
}

static void test_arena_texts(void **state)
{
    (void)state;
    struct arena *a = arena_open(2048);
    assert_non_null(a);
    assert_string_equal(arena_text(a, "Kogge"), "Kogge");
    assert_string_equal(arena_text_part(a, "Kogge", 3), "Kog");
    assert_string_equal(arena_format(a, "%s %d", "cog", 7), "cog 7");
    assert_int_equal(strlen(arena_format(a, "%0600d", 7)), 600);
    assert_null(arena_format(a, "%05000d", 7));
    const int *zero = arena_take_zero(a, 10, sizeof *zero);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(zero[i], 0);
    }
    arena_close(a);
}

static void test_buf_grows_to_its_ceiling_and_remembers_the_fault(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5000);
    assert_string_equal(buf_text(&b), "");
    for (int i = 0; i < 500; i++) {
        buf_put_format(&b, "%03d;", i);
        buf_put_text(&b, "abcd");
        buf_put(&b, "\n", 1);
    }
    assert_int_equal(b.err, ERR_OK);
    assert_int_equal(b.length, 4500);
    assert_int_equal(strlen(buf_text(&b)), 4500);
    assert_non_null(strstr(buf_text(&b), "499;abcd\n"));
    static const char large[501];
    buf_put(&b, large, sizeof large);
    assert_int_equal(b.err, ERR_FULL);
    assert_int_equal(b.length, 4500);
    buf_put_text(&b, "x");
    assert_int_equal(b.length, 4500);
    buf_reset(&b);
    assert_int_equal(b.err, ERR_OK);
    assert_string_equal(buf_text(&b), "");
    buf_put_format(&b, "%s", "again");
    assert_string_equal(buf_text(&b), "again");
    buf_reset(&b);
    buf_put_json_text(&b, "\"a\\b\"\n\t\xc3\xa4\x7f\0", 11);
    assert_string_equal(buf_text(&b), "\"\\\"a\\\\b\\\"\\n\\u0009\xc3\xa4\x7f\\u0000\"");
    buf_fini(&b);
    assert_string_equal(buf_text(&b), "");
}

static int in_folder(void **state)
{
    static char folder[256];
    fixture_folder(folder);
    *state = folder;
    return 0;
}

static int out_of_folder(void **state)
{
    fixture_remove(*state);
    return 0;
}

static void assert_content(const char *path, const char *expected)
{
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(file_read(path, &b), ERR_OK);
    assert_string_equal(buf_text(&b), expected);
    buf_fini(&b);
}

static void test_file_put_makes_folders_and_replaces_whole_files(void **state)
{
    char path[400], aside[420];
    snprintf(path, sizeof path, "%s/a/b/file.csv", (const char *)*state);
    snprintf(aside, sizeof aside, "%s.new", path);
    assert_false(file_exists(path));
    assert_int_equal(file_put(path, "one", 3, 0644), ERR_OK);
    assert_content(path, "one");
    assert_int_equal(file_put(path, "", 0, 0600), ERR_OK);
    assert_content(path, "");
    struct stat s;
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    assert_int_equal(file_put_new(path, "two", 3, 0644), ERR_BUSY);
    assert_content(path, "");
    assert_false(file_exists(aside));
}

static void test_a_file_aside_is_not_there_until_committed(void **state)
{
    char path[400];
    snprintf(path, sizeof path, "%s/file.csv", (const char *)*state);
    struct file_aside f;
    assert_int_equal(file_aside_open(&f, path, 0644), ERR_OK);
    assert_int_equal(file_write(f.fd, "half", 4), ERR_OK);
    assert_false(file_exists(path));
    file_aside_abandon(&f);
    assert_false(file_exists(f.aside));
    assert_int_equal(file_aside_open(&f, path, 0644), ERR_OK);
    assert_int_equal(file_write(f.fd, "whole", 5), ERR_OK);
    assert_int_equal(file_aside_commit(&f), ERR_OK);
    file_aside_abandon(&f);
    assert_content(path, "whole");
    assert_int_equal(file_write(-1, "x", 1), ERR_IO);
}

static void test_file_read_says_what_is_wrong(void **state)
{
    char path[400];
    struct buf b;
    buf_init(&b, 10);
    snprintf(path, sizeof path, "%s/none", (const char *)*state);
    assert_int_equal(file_read(path, &b), ERR_ABSENT);
    assert_int_equal(file_read(*state, &b), ERR_IO); /* a folder */
    assert_int_equal(file_put(path, "0123456789", 10, 0644), ERR_OK);
    assert_int_equal(file_read(path, &b), ERR_OK);
    buf_reset(&b);
    assert_int_equal(file_put(path, "0123456789a", 11, 0644), ERR_OK);
    assert_int_equal(file_read(path, &b), ERR_FULL);
    buf_fini(&b);
}

static void test_a_folder_below_a_file_fails(void **state)
{
    char path[400], below[420];
    snprintf(path, sizeof path, "%s/file", (const char *)*state);
    snprintf(below, sizeof below, "%s/x/y", path);
    assert_int_equal(file_put(path, "", 0, 0644), ERR_OK);
    assert_int_equal(file_make_folder(below, 0755), ERR_IO);
    assert_int_equal(file_put(below, "x", 1, 0644), ERR_IO);
    assert_int_equal(file_make_folder(*state, 0755), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_fixed_arena_ends_at_its_size),
        cmocka_unit_test(test_a_growing_arena_ends_at_its_ceiling),
        cmocka_unit_test(test_arena_texts),
        cmocka_unit_test(test_buf_grows_to_its_ceiling_and_remembers_the_fault),
        cmocka_unit_test_setup_teardown(
            test_file_put_makes_folders_and_replaces_whole_files, in_folder,
            out_of_folder),
        cmocka_unit_test_setup_teardown(test_a_file_aside_is_not_there_until_committed,
                                        in_folder, out_of_folder),
        cmocka_unit_test_setup_teardown(test_file_read_says_what_is_wrong, in_folder,
                                        out_of_folder),
        cmocka_unit_test_setup_teardown(test_a_folder_below_a_file_fails, in_folder,
                                        out_of_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
