/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/file.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum err file_read(const char *path, struct buf *b)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? ERR_ABSENT : ERR_IO;
    }
    char bytes[1 << 14];
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) > 0 && b->err == ERR_OK) {
        buf_put(b, bytes, (size_t)n);
    }
    close(fd);
    return n < 0 ? ERR_IO : b->err;
}

static bool make_one(const char *path, mode_t mode)
{
    return mkdir(path, mode) == 0 ? chmod(path, mode) == 0 : errno == EEXIST;
}

enum err file_make_folder(const char *path, mode_t mode)
{
    char part[1024];
    text_copy(part, sizeof part, path);
    for (char *p = part + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            if (!make_one(part, mode)) {
                return err_of_errno(errno);
            }
            *p = '/';
        }
    }
    return make_one(part, mode) ? ERR_OK : err_of_errno(errno);
}

static void folder_of(const char *path, char folder[1024])
{
    text_copy(folder, 1024, path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        text_copy(folder, 1024, ".");
    } else {
        *(slash == folder ? slash + 1 : slash) = '\0';
    }
}

enum err file_aside_open(struct file_aside *f, const char *path, mode_t mode)
{
    char folder[1024];
    text_copy(f->path, sizeof f->path, path);
    snprintf(f->aside, sizeof f->aside, "%s.new", path);
    folder_of(path, folder);
    f->fd = -1;
    enum err e = file_make_folder(folder, (mode & S_IROTH) != 0 ? 0755 : 0700);
    if (e != ERR_OK) {
        return e;
    }
    f->fd = open(f->aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (f->fd < 0 || fchmod(f->fd, mode) != 0) {
        e = err_of_errno(errno);
        file_aside_abandon(f);
    }
    return e;
}

static enum err sync_folder(const char *path)
{
    char folder[1024];
    folder_of(path, folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_of_errno(errno);
    }
    enum err e = fsync(fd) == 0 ? ERR_OK : err_of_errno(errno);
    close(fd);
    return e;
}

enum err file_aside_commit(struct file_aside *f)
{
    enum err e = fsync(f->fd) == 0 ? ERR_OK : err_of_errno(errno);
    if (close(f->fd) != 0 && e == ERR_OK) {
        e = err_of_errno(errno);
    }
    f->fd = -1;
    if (e == ERR_OK && rename(f->aside, f->path) != 0) {
        e = err_of_errno(errno);
    }
    if (e != ERR_OK) {
        unlink(f->aside);
        return e;
    }
    return sync_folder(f->path);
}

void file_aside_abandon(struct file_aside *f)
{
    if (f->fd >= 0) {
        close(f->fd);
        f->fd = -1;
        unlink(f->aside);
    }
}

enum err file_write(int fd, const void *bytes, size_t size)
{
    const char *p = bytes;
    while (size > 0) {
        ssize_t n = write(fd, p, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return err_of_errno(errno);
        }
        p += n;
        size -= (size_t)n;
    }
    return ERR_OK;
}

enum err file_put(const char *path, const void *bytes, size_t size, mode_t mode)
{
    struct file_aside f;
    enum err e = file_aside_open(&f, path, mode);
    if (e != ERR_OK) {
        return e;
    }
    e = file_write(f.fd, bytes, size);
    if (e != ERR_OK) {
        file_aside_abandon(&f);
        return e;
    }
    return file_aside_commit(&f);
}

enum err file_put_new(const char *path, const void *bytes, size_t size, mode_t mode)
{
    if (file_exists(path)) {
        return ERR_BUSY;
    }
    return file_put(path, bytes, size, mode);
}

enum err file_check_room(const char *path, off_t bytes)
{
    char probe[1048];
    snprintf(probe, sizeof probe, "%s.room-XXXXXX", path);
    int fd = mkostemp(probe, O_CLOEXEC);
    if (fd < 0) {
        return err_of_errno(errno);
    }
    unlink(probe);
    int failed = posix_fallocate(fd, 0, bytes);
    close(fd);
    return failed == 0 ? ERR_OK : err_of_errno(failed);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}
