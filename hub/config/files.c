/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/bundle.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    FILE_CEILING = 4 << 20,
    ALL_CEILING = 64 << 20,
    COUNT_CEILING = 100000,
    MEMORY_CEILING = 192 << 20,
    PATH_SIZE = 2048,
};

/* Files as they are found; rows grow in heap and move to the arena at the end. */
struct reader {
    struct config_files *files;
    struct config_file *rows;
    size_t count, size, bytes;
    struct buf text;
    struct diag *d;
};

static enum err add_row(struct reader *r, const char *name, bool shipped)
{
    if (r->count == r->size) {
        size_t size = r->size == 0 ? 256 : r->size * 2;
        struct config_file *rows = realloc(r->rows, size * sizeof *rows);
        if (rows == NULL) {
            return ERR_MEMORY;
        }
        r->rows = rows;
        r->size = size;
    }
    struct config_file *row = &r->rows[r->count];
    *row = (struct config_file){
        .name = arena_text(r->files->memory, name),
        .text = arena_text_part(r->files->memory, buf_text(&r->text), r->text.length),
        .size = r->text.length,
        .shipped = shipped,
    };
    if (row->name == NULL || row->text == NULL) {
        return ERR_MEMORY;
    }
    r->count++;
    return ERR_OK;
}

static enum err read_file(struct reader *r, const char *path, const char *name,
                          bool shipped)
{
    buf_reset(&r->text);
    enum err e = file_read(path, &r->text);
    r->bytes += r->text.length;
    if (e == ERR_FULL) {
        diag_set(r->d, "the file is larger than 4 MiB");
    } else if (e != ERR_OK) {
        diag_set(r->d, "the file cannot be read: %s", strerror(errno));
        e = e == ERR_ABSENT ? ERR_IO : e;
    } else if (r->bytes > ALL_CEILING) {
        diag_set(r->d, "the files of the configuration are larger than 64 MiB");
        e = ERR_FULL;
    } else if (r->count >= COUNT_CEILING) {
        diag_set(r->d, "the configuration has more than 100000 files");
        e = ERR_FULL;
    } else {
        e = add_row(r, name, shipped);
    }
    if (e != ERR_OK && r->d != NULL) {
        text_copy(r->d->source, sizeof r->d->source, path);
    }
    return e;
}

static bool has_row(const struct reader *r, size_t count, const char *name)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, r->rows[middle].name);
        if (order == 0) {
            return true;
        }
        *(order < 0 ? &high : &low) = order < 0 ? middle : middle + 1;
    }
    return false;
}

static int is_wanted(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 5 &&
           strcmp(entry->d_name + length - 5, ".json") == 0;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void free_entries(struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++) {
        free(entries[i]);
    }
    free(entries);
}

static bool is_kind(const char *path, mode_t kind)
{
    struct stat s;
    return stat(path, &s) == 0 && (s.st_mode & S_IFMT) == kind;
}

/* Joins; false: too long to be one of ours. */
static bool join(char to[PATH_SIZE], const char *folder, const char *name)
{
    int n = folder[0] == '\0' ? snprintf(to, PATH_SIZE, "%s", name)
                              : snprintf(to, PATH_SIZE, "%s/%s", folder, name);
    return n > 0 && n < PATH_SIZE;
}

/* What stands in folder; none if it is not there. under: its name in sentences. */
static enum err list_folder(struct reader *r, const char *folder, const char *under,
                            int (*filter)(const struct dirent *entry),
                            struct dirent ***entries, int *count)
{
    // cppcheck-suppress nullPointer ; NULL is no comparison: they are sorted later
    int found = scandir(folder, entries, filter, NULL);
    if (found < 0 && errno != ENOENT && errno != ENOTDIR) {
        diag_set(r->d, "the folder %.80s cannot be read: %s", under, strerror(errno));
        return ERR_IO;
    }
    *count = found < 0 ? 0 : found;
    return ERR_OK;
}

/* The JSON files right in root/under. known: the first so many rows are sorted, and a
 * name that is among them is left out. */
static enum err read_folder(struct reader *r, const char *root, const char *under,
                            bool shipped, size_t known)
{
    char folder[PATH_SIZE], name[PATH_SIZE], path[PATH_SIZE];
    if (!join(folder, root, under)) {
        return ERR_FULL;
    }
    struct dirent **entries = NULL;
    int count = 0;
    enum err e = list_folder(r, folder, under, is_wanted, &entries, &count);
    for (int i = 0; i < count && e == ERR_OK; i++) {
        if (join(name, under, entries[i]->d_name) && join(path, root, name) &&
            !has_row(r, known, name) && is_kind(path, S_IFREG)) {
            e = read_file(r, path, name, shipped);
        }
    }
    free_entries(entries, count);
    return e;
}

static enum err read_cities(struct reader *r, const char *root)
{
    char path[PATH_SIZE], name[PATH_SIZE];
    struct dirent **entries = NULL;
    if (!join(path, root, "cities")) {
        return ERR_FULL;
    }
    int count = 0;
    enum err e = list_folder(r, path, "cities", is_visible, &entries, &count);
    for (int i = 0; i < count && e == ERR_OK; i++) {
        if (join(name, "cities", entries[i]->d_name) && join(path, root, name) &&
            is_kind(path, S_IFDIR)) {
            e = read_folder(r, root, name, false, 0);
        }
    }
    free_entries(entries, count);
    return e;
}

static int compare_file(const void *a, const void *b)
{
    return strcmp(((const struct config_file *)a)->name,
                  ((const struct config_file *)b)->name);
}

static void sort_rows(struct reader *r)
{
    if (r->count > 1) {
        qsort(r->rows, r->count, sizeof *r->rows, compare_file);
    }
}

/* The files that describe water and sensors, where the folder lacks them. */
static enum err read_shipped(struct reader *r, const char *shipped)
{
    static const char *const names[] = {"parameters.json", "units.json"};
    char path[PATH_SIZE];
    size_t known = r->count;
    enum err e = ERR_OK;
    for (size_t i = 0; i < 2 && e == ERR_OK; i++) {
        if (!has_row(r, known, names[i]) && join(path, shipped, names[i]) &&
            is_kind(path, S_IFREG)) {
            e = read_file(r, path, names[i], true);
        }
    }
    return e == ERR_OK ? read_folder(r, shipped, "devices", true, known) : e;
}

static enum err read_all(struct reader *r, const char *folder, const char *shipped)
{
    enum err e = read_folder(r, folder, "", false, 0);
    sort_rows(r);
    if (e == ERR_OK && !has_row(r, r->count, "hub.json")) {
        diag_set(r->d, "there is no hub.json in this folder");
        return ERR_ABSENT;
    }
    e = e != ERR_OK ? e : read_folder(r, folder, "devices", false, 0);
    e = e != ERR_OK ? e : read_folder(r, folder, "datasets", false, 0);
    e = e != ERR_OK ? e : read_folder(r, folder, "cities", false, 0);
    e = e != ERR_OK ? e : read_cities(r, folder);
    sort_rows(r);
    if (e == ERR_OK && shipped != NULL) {
        e = read_shipped(r, shipped);
        sort_rows(r);
    }
    return e;
}

static enum err keep_rows(struct reader *r)
{
    struct config_files *f = r->files;
    f->files = arena_take_zero(f->memory, r->count + 1, sizeof *f->files);
    if (f->files == NULL) {
        return ERR_MEMORY;
    }
    memcpy(f->files, r->rows, r->count * sizeof *r->rows);
    f->count = r->count;
    return ERR_OK;
}

enum err config_files_open(const char *folder, struct config_files **out)
{
    struct config_files *f = calloc(1, sizeof *f);
    struct arena *memory = arena_open_growing(MEMORY_CEILING);
    const char *kept = memory != NULL ? arena_text(memory, folder) : NULL;
    if (f == NULL || kept == NULL) {
        arena_close(memory);
        free(f);
        return ERR_MEMORY;
    }
    f->memory = memory;
    f->folder = kept;
    *out = f;
    return ERR_OK;
}

enum err config_files_read(const char *folder, const char *shipped,
                           struct config_files **out, struct diag *d)
{
    char absolute[PATH_MAX];
    struct reader r = {.d = d};
    if (d != NULL) {
        text_copy(d->source, sizeof d->source, folder);
    }
    if (realpath(folder, absolute) == NULL || !is_kind(absolute, S_IFDIR)) {
        diag_set(d, "there is no such folder");
        return ERR_ABSENT;
    }
    buf_init(&r.text, FILE_CEILING);
    enum err e = config_files_open(absolute, &r.files);
    e = e != ERR_OK ? e : read_all(&r, absolute, shipped);
    e = e != ERR_OK ? e : keep_rows(&r);
    if (e == ERR_OK) {
        *out = r.files;
    } else {
        config_files_close(r.files);
    }
    buf_fini(&r.text);
    free(r.rows);
    return e;
}

void config_files_close(struct config_files *f)
{
    if (f != NULL) {
        arena_close(f->memory);
        free(f);
    }
}
