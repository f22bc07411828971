/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/backup_folder.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MANIFEST_MOST = 1 << 16, MANIFEST_VERSION = 1 };

static const char manifest_name[] = "backup.json";

const char *backup_part_name(int part)
{
    return part < STORE_BACKUP_FILES ? store_backup_files[part] : "accepted.json";
}

static void part_path(const char *folder, const char *name, char to[PATH_LENGTH])
{
    snprintf(to, PATH_LENGTH, "%s/%s", folder, name);
}

enum err backup_sync(const char *path, struct diag *d)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool failed = fd < 0 || fsync(fd) != 0;
    if (failed) {
        diag_set(d, "%s can't be synced: %s", path, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    return failed ? ERR_IO : ERR_OK;
}

enum err backup_trim_path(const char *path, char to[PATH_LENGTH], struct diag *d)
{
    enum { ROOM = 128 }; /* for endings and names below it */
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    if (length == 0 || length + ROOM > PATH_LENGTH) {
        diag_set(d, "the name of the folder is %s", length == 0 ? "empty" : "too long");
        return ERR_RANGE;
    }
    memcpy(to, path, length);
    to[length] = '\0';
    return ERR_OK;
}

void backup_parent(const char *path, char to[PATH_LENGTH])
{
    text_copy(to, PATH_LENGTH, path);
    char *slash = strrchr(to, '/');
    if (slash == NULL) {
        text_copy(to, PATH_LENGTH, ".");
    } else {
        *(slash == to ? slash + 1 : slash) = '\0';
    }
}

/* --- writing --- */

static enum err measure(const char *folder, int part, struct backup *b, struct diag *d)
{
    char path[PATH_LENGTH];
    struct stat st;
    struct hash hash;
    part_path(folder, backup_part_name(part), path);
    if (stat(path, &st) != 0) {
        return ERR_OK;
    }
    enum err e = hash_file(path, &hash);
    if (e != ERR_OK) {
        diag_set(d, "%s can't be read", path);
        return e;
    }
    hash_hex(&hash, b->parts[part].sha256);
    b->parts[part].there = true;
    b->parts[part].bytes = st.st_size;
    b->bytes += st.st_size;
    return backup_sync(path, d);
}

static json_t *manifest_of(const struct backup *b)
{
    char taken[CLOCK_TEXT];
    json_t *files = json_object();
    clock_format_us(b->taken_us, taken);
    for (int part = 0; part < BACKUP_PARTS; part++) {
        if (b->parts[part].there) {
            json_object_set_new(files, backup_part_name(part),
                                json_pack("{s:I, s:s}", "bytes",
                                          (json_int_t)b->parts[part].bytes, "sha256",
                                          b->parts[part].sha256));
        }
    }
    return json_pack("{s:i, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "backup",
                     MANIFEST_VERSION, "program", KOGGE_VERSION, "taken", taken, "epoch",
                     (json_int_t)b->facts.epoch, "cursor", (json_int_t)b->facts.cursor,
                     "floor", (json_int_t)b->facts.floor, "last",
                     (json_int_t)b->facts.last, "files", files);
}

enum err backup_seal(const char *folder, struct backup *b, struct diag *d)
{
    char path[PATH_LENGTH];
    enum err e = ERR_OK;
    b->bytes = 0;
    for (int part = 0; part < BACKUP_PARTS && e == ERR_OK; part++) {
        e = measure(folder, part, b, d);
    }
    if (e != ERR_OK) {
        return e;
    }
    json_t *manifest = manifest_of(b);
    char *text = manifest != NULL ? json_dumps(manifest, JSON_INDENT(2)) : NULL;
    part_path(folder, manifest_name, path);
    e = text == NULL ? ERR_MEMORY : file_put(path, text, strlen(text), 0600);
    if (e != ERR_OK) {
        diag_set(d, "%s can't be written", path);
    }
    free(text);
    json_decref(manifest);
    return e;
}

/* --- reading --- */

static bool read_part(json_t *files, int part, struct backup *b)
{
    json_t *file = json_object_get(files, backup_part_name(part));
    const char *sha256 = json_string_value(json_object_get(file, "sha256"));
    if (file == NULL) {
        return part >= STORE_BACKUP_FILES - 1; /* outbox.db, accepted.json */
    }
    if (sha256 == NULL || strlen(sha256) != HASH_HEX - 1) {
        return false;
    }
    b->parts[part].there = true;
    b->parts[part].bytes = json_integer_value(json_object_get(file, "bytes"));
    b->bytes += b->parts[part].bytes;
    text_copy(b->parts[part].sha256, HASH_HEX, sha256);
    return true;
}

static enum err read_manifest(json_t *root, struct backup *b, struct diag *d)
{
    const char *taken = json_string_value(json_object_get(root, "taken"));
    json_int_t version = json_integer_value(json_object_get(root, "backup"));
    if (version > MANIFEST_VERSION) {
        diag_set(d, "written by a newer program (back-up version %lld)", version);
        return ERR_NEWER;
    }
    bool good = version == MANIFEST_VERSION && taken != NULL &&
                clock_parse_rfc3339(taken, &b->taken_us) == ERR_OK;
    for (int part = 0; part < BACKUP_PARTS && good; part++) {
        good = read_part(json_object_get(root, "files"), part, b);
    }
    if (!good) {
        diag_set(d, "damaged: not what kogge backup writes");
        return ERR_DAMAGED;
    }
    b->facts.epoch = json_integer_value(json_object_get(root, "epoch"));
    b->facts.cursor = json_integer_value(json_object_get(root, "cursor"));
    b->facts.floor = json_integer_value(json_object_get(root, "floor"));
    b->facts.last = json_integer_value(json_object_get(root, "last"));
    return ERR_OK;
}

enum err backup_read(const char *folder, struct backup *out, struct diag *d)
{
    char path[PATH_LENGTH];
    struct buf text;
    struct backup b = {.bytes = 0};
    part_path(folder, manifest_name, path);
    buf_init(&text, MANIFEST_MOST);
    enum err e = file_read(path, &text);
    if (e != ERR_OK) {
        diag_set(d,
                 e == ERR_ABSENT ? "%s is no back-up: it has no backup.json"
                                 : "backup.json in %s can't be read",
                 folder);
    } else {
        text_copy(d->source, sizeof d->source, path);
        json_t *root =
            json_loadb(buf_text(&text), text.length, JSON_REJECT_DUPLICATES, NULL);
        e = read_manifest(root, &b, d);
        json_decref(root);
    }
    buf_fini(&text);
    if (e == ERR_OK) {
        *out = b;
    }
    return e;
}

static enum err copy_bytes(int from, int to)
{
    static char bytes[1 << 16];
    ssize_t n;
    while ((n = read(from, bytes, sizeof bytes)) > 0) {
        if (file_write(to, bytes, (size_t)n) != ERR_OK) {
            return ERR_IO;
        }
    }
    return n == 0 && fsync(to) == 0 ? ERR_OK : ERR_IO;
}

static enum err copy_file(const char *from, const char *to, struct diag *d)
{
    enum err e = ERR_IO;
    int source = open(from, O_RDONLY | O_CLOEXEC);
    int copy = source >= 0 ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (copy >= 0) {
        e = copy_bytes(source, copy);
    }
    if (e != ERR_OK) {
        diag_set(d, "%s can't be copied to %s: %s", from, to, strerror(errno));
    }
    if (copy >= 0) {
        close(copy);
    }
    if (source >= 0) {
        close(source);
    }
    return e;
}

static enum err take_part(const char *folder, const struct backup *b, int part,
                          const char *to, struct diag *d)
{
    char from[PATH_LENGTH];
    char copy[PATH_LENGTH];
    char hex[HASH_HEX] = "";
    struct hash hash;
    part_path(folder, backup_part_name(part), from);
    part_path(to, backup_part_name(part), copy);
    if (!file_exists(from)) {
        diag_set(d, "%s is missing in the back-up", from);
        return ERR_DAMAGED;
    }
    enum err e = copy_file(from, copy, d);
    e = e != ERR_OK ? e : hash_file(copy, &hash);
    if (e == ERR_OK && strcmp(hash_hex(&hash, hex), b->parts[part].sha256) != 0) {
        diag_set(d, "%s is not what was backed up: its SHA-256 differs", from);
        e = ERR_DAMAGED;
    }
    return e;
}

enum err backup_take_out(const char *folder, const struct backup *b, const char *to,
                         struct diag *d)
{
    enum err e = ERR_OK;
    for (int part = 0; part < BACKUP_PARTS && e == ERR_OK; part++) {
        if (b->parts[part].there) {
            e = take_part(folder, b, part, to, d);
        }
    }
    return e;
}

void backup_clear(const char *folder)
{
    static const char *const endings[] = {"", "-journal", "-wal", "-shm", ".new"};
    char path[PATH_LENGTH];
    for (int part = 0; part < BACKUP_PARTS; part++) {
        for (size_t k = 0; k < sizeof endings / sizeof *endings; k++) {
            snprintf(path, sizeof path, "%s/%s%s", folder, backup_part_name(part),
                     endings[k]);
            unlink(path);
        }
    }
    part_path(folder, manifest_name, path);
    unlink(path);
}
