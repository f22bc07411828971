/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/backup_folder.h"
#include "app/command.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIGURATION_MOST = 256 << 20 };

struct backing_up {
    char data[PATH_LENGTH], to[PATH_LENGTH], aside[PATH_LENGTH];
    bool terminal;
    int width; /* of the line that stands on the terminal */
    struct backup backup;
};

static void wipe(struct backing_up *b)
{
    if (b->width > 0) {
        fprintf(stderr, "\r%*s\r", b->width, "");
        b->width = 0;
    }
}

static void show_step(void *arg, const char *file, int64_t done, int64_t of)
{
    struct backing_up *b = arg;
    if (!b->terminal || of < 1) {
        return;
    }
    wipe(b);
    b->width = fprintf(stderr, "backup: %s, %d %%%s", file, (int)(done * 100 / of),
                       done == of ? ", being checked" : "");
    fflush(stderr);
}

/* An empty folder may be taken, and stays should the back-up fail. */
static enum err check_target(const char *to, struct diag *d)
{
    struct stat st;
    if (lstat(to, &st) == 0 &&
        (!S_ISDIR(st.st_mode) || rmdir(to) != 0 || mkdir(to, 0700) != 0)) {
        diag_set(d, "%s is there already: name a folder that is new or empty", to);
        return ERR_BUSY;
    }
    return ERR_OK;
}

/* The folder under work; what a back-up that was killed left there is removed. */
static enum err open_aside(struct backing_up *b, int *lock, struct diag *d)
{
    char parent[PATH_LENGTH];
    backup_parent(b->to, parent);
    if (file_make_folder(parent, 0700) != ERR_OK ||
        (mkdir(b->aside, 0700) != 0 && errno != EEXIST)) {
        diag_set(d, "%s can't be made: %s", b->aside, strerror(errno));
        return ERR_IO;
    }
    int fd = open(b->aside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        diag_set(d, "%s can't be opened: %s", b->aside, strerror(errno));
        return ERR_IO;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        diag_set(d, "another back-up is writing %s", b->aside);
        return ERR_LOCKED;
    }
    backup_clear(b->aside);
    *lock = fd;
    return ERR_OK;
}

static enum err copy_configuration(const struct backing_up *b, struct diag *d)
{
    char path[PATH_LENGTH + 16];
    struct buf text;
    buf_init(&text, CONFIGURATION_MOST);
    snprintf(path, sizeof path, "%s/accepted.json", b->data);
    enum err e = file_read(path, &text);
    if (e == ERR_OK) {
        snprintf(path, sizeof path, "%s/accepted.json", b->aside);
        e = file_put(path, buf_text(&text), text.length, 0600);
    }
    buf_fini(&text);
    if (e == ERR_ABSENT) {
        return ERR_OK; /* a store without a hub: nothing was accepted yet */
    }
    if (e != ERR_OK) {
        diag_set(d, "accepted.json can't be copied");
    }
    return e;
}

static enum err put_in_place(const struct backing_up *b, struct diag *d)
{
    char parent[PATH_LENGTH];
    enum err e = backup_sync(b->aside, d);
    if (e == ERR_OK && rename(b->aside, b->to) != 0) {
        diag_set(d, "%s can't be renamed to %s: %s", b->aside, b->to, strerror(errno));
        e = ERR_IO;
    }
    backup_parent(b->to, parent);
    return e != ERR_OK ? e : backup_sync(parent, d);
}

static enum err make(struct backing_up *b, struct diag *d)
{
    const struct store_backup_watch watch = {b, show_step};
    int lock = -1;
    enum err e = open_aside(b, &lock, d);
    if (e != ERR_OK) {
        return e;
    }
    b->backup.taken_us = clock_now_us();
    e = store_backup_copy(b->data, b->aside, &watch, &b->backup.facts, d);
    wipe(b);
    e = e != ERR_OK ? e : copy_configuration(b, d);
    e = e != ERR_OK ? e : backup_seal(b->aside, &b->backup, d);
    e = e != ERR_OK ? e : put_in_place(b, d);
    if (e != ERR_OK) {
        backup_clear(b->aside);
        rmdir(b->aside);
    }
    close(lock);
    return e;
}

static int back_up(struct invocation *i)
{
    struct backing_up b = {.terminal = !i->quiet && isatty(STDERR_FILENO)};
    struct diag d = {0};
    enum err e = context_data_folder(i, b.data, &d);
    e = e != ERR_OK ? e : backup_trim_path(i->arguments[0], b.to, &d);
    e = e != ERR_OK ? e : check_target(b.to, &d);
    if (e == ERR_OK) {
        snprintf(b.aside, sizeof b.aside, "%.*s.part", PATH_LENGTH - 6, b.to);
        e = make(&b, &d);
    }
    if (e != ERR_OK) {
        if (d.text[0] == '\0') {
            diag_set(&d, "%s", err_text(e));
        }
        return command_fail_diag(i, context_exit_code(e), &d);
    }
    printf("%s  %lld bytes, messages up to %lld, worked off up to %lld\n", b.to,
           (long long)b.backup.bytes, (long long)b.backup.facts.last,
           (long long)b.backup.facts.cursor);
    return EXIT_DONE;
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "DIR",
    .summary = "Copy the store into a new folder, whole and checked, while the hub runs",
    .examples = {"kogge backup /backup/kogge-monday"},
    .least = 1,
    .most = 1,
    .run = back_up,
}};

const struct command command_backup = {"backup", verbs, 1};
