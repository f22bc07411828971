/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/backup_folder.h"
#include "app/command.h"
#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct restoring {
    const char *from;
    char data[PATH_LENGTH], aside[PATH_LENGTH], before[PATH_LENGTH];
    bool was_there, held_store; /* the data folder */
    struct stat owner;          /* of the data folder that was there */
    int lock, aside_lock;
    int64_t now_us, epoch;
    struct backup backup;
};

static bool holds_store(const char *folder)
{
    char path[PATH_LENGTH + 16];
    for (int file = 0; file < STORE_BACKUP_FILES; file++) {
        snprintf(path, sizeof path, "%s/%s", folder, store_backup_files[file]);
        if (file_exists(path)) {
            return true;
        }
    }
    return false;
}

/* No hub may work in the old folder, nor start in it from now on. */
static enum err take_old(struct restoring *r, bool force, struct diag *d)
{
    char resolved[PATH_MAX];
    if (stat(r->data, &r->owner) != 0) {
        return ERR_OK;
    }
    r->was_there = true;
    if (realpath(r->data, resolved) == NULL ||
        backup_trim_path(resolved, r->data, d) != ERR_OK) {
        diag_set(d, "the data folder can't be reached");
        return ERR_IO;
    }
    enum err e = context_lock(r->data, &r->lock, d);
    r->held_store = e == ERR_OK && holds_store(r->data);
    if (r->held_store && !force) {
        diag_set(d, "%s holds a store; --force keeps it beside and restores", r->data);
        return ERR_BUSY;
    }
    return e;
}

/* The new folder is locked too: once it stands in its place, no hub may start in it
 * before this is done. */
static enum err open_aside(struct restoring *r, struct diag *d)
{
    char parent[PATH_LENGTH];
    snprintf(r->aside, sizeof r->aside, "%.*s.restoring", PATH_LENGTH - 12, r->data);
    backup_parent(r->data, parent);
    if (file_make_folder(parent, 0711) != ERR_OK ||
        (mkdir(r->aside, 0711) != 0 && errno != EEXIST)) {
        diag_set(d, "%s can't be made: %s", r->aside, strerror(errno));
        return ERR_IO;
    }
    enum err e = context_lock(r->aside, &r->aside_lock, d);
    if (e == ERR_LOCKED) {
        diag_set(d, "another restore is writing %s", r->aside);
    }
    if (e == ERR_OK) {
        backup_clear(r->aside);
        if (chmod(r->aside, 0711) != 0) {
            e = ERR_IO;
        }
    }
    return e;
}

/* Files that root restores belong to whom the old ones belonged. */
static enum err give_to_owner(const struct restoring *r, struct diag *d)
{
    static const char *const others[] = {".", "hub.lock"};
    char path[PATH_LENGTH + 16];
    if (geteuid() != 0 || !r->was_there) {
        return ERR_OK;
    }
    for (int k = 0; k < BACKUP_PARTS + 2; k++) {
        snprintf(path, sizeof path, "%s/%s", r->aside,
                 k < BACKUP_PARTS ? backup_part_name(k) : others[k - BACKUP_PARTS]);
        if (lchown(path, r->owner.st_uid, r->owner.st_gid) != 0 && errno != ENOENT) {
            diag_set(d, "%s can't be given to its owner: %s", path, strerror(errno));
            return ERR_IO;
        }
    }
    return ERR_OK;
}

static void name_before(struct restoring *r)
{
    time_t at = (time_t)(r->now_us / CLOCK_US_PER_S);
    do {
        struct tm utc;
        char stamp[32];
        gmtime_r(&at, &utc);
        strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
        snprintf(r->before, sizeof r->before, "%.*s.before-%s", PATH_LENGTH - 40, r->data,
                 stamp);
        at++;
    } while (file_exists(r->before));
}

/* Without that, a kill between the two leaves no data folder, but both stores whole. */
static int exchange_by_two(const struct restoring *r)
{
    if (rename(r->data, r->before) != 0) {
        return -1;
    }
    if (rename(r->aside, r->data) == 0) {
        return 0;
    }
    int why = errno;
    if (rename(r->before, r->data) == 0) {
        errno = why;
    }
    return -1;
}

/* Old and new change names at once where the file system can do that. The new one takes
 * its last name first, so that what lies aside is never the old store. */
static int exchange(const struct restoring *r)
{
    if (rename(r->aside, r->before) != 0) {
        return -1;
    }
    if (renameat2(AT_FDCWD, r->before, AT_FDCWD, r->data, RENAME_EXCHANGE) == 0) {
        return 0;
    }
    int why = errno;
    if (rename(r->before, r->aside) != 0) {
        return -1;
    }
    errno = why;
    return why == EINVAL || why == ENOSYS ? exchange_by_two(r) : -1;
}

static enum err put_in_place(struct restoring *r, struct diag *d)
{
    char parent[PATH_LENGTH];
    enum err e = backup_sync(r->aside, d);
    if (e != ERR_OK) {
        return e;
    }
    name_before(r);
    int failed = r->was_there ? exchange(r) : rename(r->aside, r->data);
    if (failed != 0) {
        diag_set(d, "%s can't be put in the place of %s: %s", r->aside, r->data,
                 strerror(errno));
        return ERR_IO;
    }
    backup_parent(r->data, parent);
    return backup_sync(parent, d);
}

/* A folder that held nothing but the lock that was taken in it. */
static void drop_if_empty(struct restoring *r)
{
    char lock[PATH_LENGTH + 16];
    snprintf(lock, sizeof lock, "%s/hub.lock", r->before);
    unlink(lock);
    r->was_there = rmdir(r->before) != 0;
}

/* Only what this verb may have made in it. */
static void remove_folder(const char *folder)
{
    char lock[PATH_LENGTH + 16];
    snprintf(lock, sizeof lock, "%s/hub.lock", folder);
    backup_clear(folder);
    unlink(lock);
    rmdir(folder);
}

static enum err fill_aside(struct restoring *r, struct diag *d)
{
    enum err e = open_aside(r, d);
    e = e != ERR_OK ? e : backup_take_out(r->from, &r->backup, r->aside, d);
    e = e != ERR_OK
            ? e
            : store_backup_revive(r->aside, r->backup.taken_us, r->now_us, &r->epoch, d);
    e = e != ERR_OK ? e : give_to_owner(r, d);
    e = e != ERR_OK ? e : put_in_place(r, d);
    if (e == ERR_OK && r->was_there && !r->held_store) {
        drop_if_empty(r);
    }
    if (e != ERR_OK && r->aside_lock >= 0) {
        remove_folder(r->aside);
    }
    return e;
}

static void say_done(const struct invocation *i, const struct restoring *r)
{
    char taken[CLOCK_TEXT];
    clock_format(r->backup.taken_us, taken);
    printf("%s  %lld bytes, messages up to %lld, worked off up to %lld\n", r->data,
           (long long)r->backup.bytes, (long long)r->backup.facts.last,
           (long long)r->backup.facts.cursor);
    if (r->was_there) {
        command_say(i, "what was there lies in %s", r->before);
    }
    command_say(i,
                "what came since %s is not in it: status shows a lost session for each "
                "source; let the publishers send again what they still have",
                taken);
}

static int restore(struct invocation *i)
{
    char data[PATH_LENGTH];
    char from[PATH_LENGTH];
    struct diag d = {0};
    struct restoring r = {.from = from, .lock = -1, .aside_lock = -1};
    r.now_us = clock_now_us();
    enum err e = context_data_folder(i, data, &d);
    e = e != ERR_OK ? e : backup_trim_path(data, r.data, &d);
    e = e != ERR_OK ? e : backup_trim_path(i->arguments[0], from, &d);
    e = e != ERR_OK ? e : backup_read(from, &r.backup, &d);
    e = e != ERR_OK ? e : take_old(&r, invocation_value(i, "--force") != NULL, &d);
    e = e != ERR_OK ? e : fill_aside(&r, &d);
    if (e == ERR_OK) {
        say_done(i, &r);
    } else if (d.text[0] == '\0') {
        diag_set(&d, "%s", err_text(e));
    }
    int code = e == ERR_OK ? EXIT_DONE : command_fail_diag(i, context_exit_code(e), &d);
    if (r.lock >= 0) {
        close(r.lock);
    }
    if (r.aside_lock >= 0) {
        close(r.aside_lock);
    }
    return code;
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "DIR",
    .summary = "Make a back-up the store again, while no hub runs",
    .examples = {"kogge restore /backup/kogge-monday",
                 "kogge restore /backup/kogge-monday --force"},
    .options = {{"--force", NULL,
                 "also where a store lies; it is kept beside as DATA.before-TIME"}},
    .least = 1,
    .most = 1,
    .run = restore,
}};

const struct command command_restore = {"restore", verbs, 1};
