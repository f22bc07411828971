/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/import_file.h"

#include "base/hash.h"
#include "base/lines.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct import_file {
    const char *path;
    int fd;
    int64_t bytes;
    bool json;
    struct lines lines;
    struct hash_stream *hash;
};

/* The next line with its end, if it has one. *length 0: the file is at its end. */
static enum err next_line(struct import_file *f, const char **line, size_t *length)
{
    enum err e = lines_next(&f->lines, line, length);
    if (e == ERR_OK) {
        hash_stream_put(f->hash, *line, *length);
    }
    return e;
}

static enum err rewind_file(struct import_file *f)
{
    hash_stream_close(f->hash);
    f->hash = NULL;
    enum err e = lines_rewind(&f->lines);
    return e != ERR_OK ? e : hash_stream_open(&f->hash);
}

static enum err look_into(struct import_file *f)
{
    const char *line = NULL;
    size_t length = 0;
    enum err e = rewind_file(f);
    e = e != ERR_OK ? e : next_line(f, &line, &length);
    while (length > 0 && strchr(" \t\r\n\xef\xbb\xbf", *line) != NULL && *line != '\0') {
        line++;
        length--;
    }
    f->json = length > 0 && *line == '{';
    return e;
}

static enum err open_at(struct import_file *f, const char *path, struct diag *d)
{
    struct stat s;
    f->path = path;
    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0 || fstat(f->fd, &s) != 0) {
        diag_set(d, "%s can't be read: %s", path, strerror(errno));
        return ERR_ABSENT;
    }
    if (!S_ISREG(s.st_mode)) {
        diag_set(d, "%s is no file", path);
        return ERR_ABSENT;
    }
    f->bytes = s.st_size;
    enum err e = lines_open(&f->lines, f->fd);
    return e != ERR_OK ? e : look_into(f);
}

enum err import_file_open(const char *path, struct import_file **out, struct diag *d)
{
    struct import_file *f = calloc(1, sizeof *f);
    enum err e = f == NULL ? ERR_MEMORY : open_at(f, path, d);
    if (e != ERR_OK) {
        import_file_close(f);
        return e;
    }
    *out = f;
    return ERR_OK;
}

void import_file_close(struct import_file *f)
{
    if (f != NULL) {
        hash_stream_close(f->hash);
        if (f->fd >= 0) {
            close(f->fd);
        }
        lines_close(&f->lines);
        free(f);
    }
}

int64_t import_file_bytes(const struct import_file *f)
{
    return f->bytes;
}

bool import_file_is_json(const struct import_file *f)
{
    return f->json;
}

static enum err digest_of(struct import_file *f, char to[HASH_HEX])
{
    struct hash h;
    enum err e = hash_stream_get(f->hash, &h);
    if (e == ERR_OK) {
        hash_hex(&h, to);
    }
    return e;
}

enum err import_file_find(struct import_file *f, const struct import_mark *marks,
                          size_t count, struct import_mark *out)
{
    const char *line = NULL;
    size_t length = 1;
    size_t next = 0;
    struct import_mark found = {.bytes = 0};
    enum err e = rewind_file(f);
    /* marks stand at ends of lines: one that does not is of another file */
    while (e == ERR_OK && length > 0 && next < count && marks[next].bytes <= f->bytes) {
        e = next_line(f, &line, &length);
        for (; e == ERR_OK && next < count && marks[next].bytes <= f->lines.offset;
             next++) {
            char digest[HASH_HEX];
            if (marks[next].bytes == f->lines.offset) {
                e = digest_of(f, digest);
                found = e == ERR_OK && strcmp(digest, marks[next].digest) == 0
                            ? marks[next]
                            : found;
            }
        }
    }
    if (e == ERR_OK) {
        *out = found;
    }
    return e;
}

/* Where reading stands. */
struct reading_on {
    struct import_file *file;
    const struct import_reader *reader;
    struct rows *rows;
    struct import_mark mark; /* before the message under work */
    bool header_told;
};

static enum err give_part(struct reading_on *on, struct diag *d)
{
    struct import_part part = {.from = on->mark.digest};
    enum err e = rows_take_message(on->rows, &part.payload, &part.size, &part.rows);
    if (e != ERR_OK || part.rows == 0) {
        return e;
    }
    part.to.bytes = on->file->lines.offset;
    part.to.rows = on->mark.rows + part.rows;
    e = digest_of(on->file, part.to.digest);
    e = e != ERR_OK ? e : on->reader->part(on->reader->arg, &part, d);
    on->mark = part.to;
    return e;
}

static enum err take_line(struct reading_on *on, const char *line, size_t length,
                          struct diag *d)
{
    size_t end = length - (line[length - 1] == '\n');
    enum err e = rows_take_line(on->rows, line, end, on->file->lines.number, d);
    if (e == ERR_OK && !on->header_told && rows_is_whole(on->rows)) {
        size_t count = 0;
        const char *const *columns = rows_columns(on->rows, &count);
        on->header_told = true;
        e = on->reader->header(on->reader->arg, columns, count, d);
    }
    if (e == ERR_OK && rows_is_whole(on->rows) && rows_is_full(on->rows)) {
        e = give_part(on, d);
    }
    return e;
}

static enum err read_lines(struct reading_on *on, struct diag *d)
{
    struct import_file *f = on->file;
    const int64_t start = on->mark.bytes;
    const char *line = NULL;
    size_t length = 1;
    enum err e = rewind_file(f);
    while (e == ERR_OK && length > 0) {
        bool wanted = f->lines.offset >= start || !rows_is_whole(on->rows);
        e = next_line(f, &line, &length);
        if (e == ERR_OK && length > 0 && wanted) {
            e = take_line(on, line, length, d);
        }
    }
    e = e != ERR_OK ? e : rows_end(on->rows, d);
    return e != ERR_OK ? e : give_part(on, d);
}

enum err import_file_read(struct import_file *f, const struct import_reader *r,
                          const struct import_mark *start, struct diag *d)
{
    struct rows_settings settings = r->rows;
    settings.file = f->path;
    settings.json = f->json;
    struct reading_on on = {.file = f, .reader = r, .mark = *start};
    enum err e = rows_open(&settings, &on.rows);
    if (e == ERR_OK) {
        e = read_lines(&on, d);
    }
    rows_close(on.rows);
    return e;
}
