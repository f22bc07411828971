/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/file.h"

#include "support/assert_close.h"
#include "support/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the disk was told, in its order. The two functions stand before libc's. */
enum step { STEP_SYNC_FILE, STEP_SYNC_FOLDER, STEP_RENAME };

static enum step steps[16];
static size_t step_count;
static off_t synced_bytes; /* size of the file at its last sync */
static bool disk_fails;

static void note(enum step step)
{
    assert_true(step_count < sizeof steps / sizeof *steps);
    steps[step_count++] = step;
}

int fsync(int fd)
{
    struct stat s;
    assert_int_equal(fstat(fd, &s), 0);
    note(S_ISDIR(s.st_mode) ? STEP_SYNC_FOLDER : STEP_SYNC_FILE);
    synced_bytes = S_ISDIR(s.st_mode) ? synced_bytes : s.st_size;
    if (disk_fails) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to)
{
    note(STEP_RENAME);
    return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

static int set_up(void **state)
{
    static char folder[256];
    fixture_folder(folder);
    step_count = 0;
    synced_bytes = -1;
    disk_fails = false;
    *state = folder;
    return 0;
}

static int tear_down(void **state)
{
    fixture_remove(*state);
    return 0;
}

/* After a power cut a name must not stand for a file that is not whole. */
static void test_file_put_syncs_before_and_after_the_rename(void **state)
{
    const enum step expected[] = {STEP_SYNC_FILE, STEP_RENAME, STEP_SYNC_FOLDER};
    char path[300];
    snprintf(path, sizeof path, "%s/new/file", (const char *)*state);
    assert_int_equal(file_put(path, "whole", 5, 0644), ERR_OK);
    assert_int_equal(step_count, 3);
    assert_memory_equal(steps, expected, sizeof expected);
    assert_int_equal(synced_bytes, 5);
}

static void test_file_put_keeps_the_old_file_if_the_disk_fails(void **state)
{
    char path[300];
    struct buf b;
    snprintf(path, sizeof path, "%s/file", (const char *)*state);
    assert_int_equal(file_put(path, "old", 3, 0644), ERR_OK);
    disk_fails = true;
    assert_int_equal(file_put(path, "new one", 7, 0644), ERR_IO);
    buf_init(&b, 100);
    assert_int_equal(file_read(path, &b), ERR_OK);
    assert_string_equal(buf_text(&b), "old");
    buf_fini(&b);
    assert_int_equal(file_put_new(path, "new one", 7, 0644), ERR_BUSY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_file_put_syncs_before_and_after_the_rename),
        TEST(test_file_put_keeps_the_old_file_if_the_disk_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
