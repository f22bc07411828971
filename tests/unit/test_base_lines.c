/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/lines.h"

#include "support/assert_close.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int file_of(const char *bytes, size_t size)
{
    int fd = memfd_create("lines", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void expect(struct lines *l, const char *bytes, size_t size, int number)
{
    const char *line = NULL;
    size_t length = 0;
    assert_int_equal(lines_next(l, &line, &length), ERR_OK);
    assert_int_equal(length, size);
    assert_memory_equal(line, bytes, size);
    assert_int_equal(l->number, number);
}

static void test_lines_come_with_their_ends_whatever_they_hold(void **state)
{
    (void)state;
    static const char bytes[] = "a\n\nb\0c\r\nlast";
    int fd = file_of(bytes, sizeof bytes - 1);
    struct lines l;
    assert_int_equal(lines_open(&l, fd), ERR_OK);
    for (int pass = 0; pass < 2; pass++) {
        expect(&l, "a\n", 2, 1);
        expect(&l, "\n", 1, 2);
        expect(&l, "b\0c\r\n", 5, 3);
        assert_int_equal(l.offset, 8);
        expect(&l, "last", 4, 4);
        expect(&l, "", 0, 4);
        assert_int_equal(lines_rewind(&l), ERR_OK);
    }
    lines_close(&l);
    lines_close(&l);
    close(fd);
}

static void test_a_line_beyond_the_most_comes_in_pieces(void **state)
{
    (void)state;
    const size_t size = LINES_MOST + 3;
    char *bytes = malloc(size);
    assert_non_null(bytes);
    memset(bytes, 'x', size);
    bytes[size - 1] = '\n';
    int fd = file_of(bytes, size);
    struct lines l;
    assert_int_equal(lines_open(&l, fd), ERR_OK);
    expect(&l, bytes, LINES_MOST, 1);
    expect(&l, "xx\n", 3, 2);
    expect(&l, "", 0, 2);
    lines_close(&l);
    close(fd);
    free(bytes);
}

static void test_what_can_not_be_read_is_an_error(void **state)
{
    (void)state;
    struct lines l;
    const char *line = NULL;
    size_t length = 0;
    assert_int_equal(lines_open(&l, -1), ERR_OK);
    assert_int_equal(lines_next(&l, &line, &length), ERR_IO);
    assert_int_equal(lines_rewind(&l), ERR_IO);
    lines_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_come_with_their_ends_whatever_they_hold),
        cmocka_unit_test(test_a_line_beyond_the_most_comes_in_pieces),
        cmocka_unit_test(test_what_can_not_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
