/* SPDX-License-Identifier: EUPL-1.2 */
#include "export/export.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SINK_SIZE = 1 << 18 }; /* above 2 * EXPORT_ROOM: few writes, stays in cache */

struct export_sink {
    int fd;
    enum err err; /* of the first write that failed */
    size_t used;
    int64_t bytes; /* written to fd */
    void *memory;  /* of the format */
    char buffer[SINK_SIZE];
};

extern const struct export_format *const export_table[];

const struct export_format *export_find_format(const char *name)
{
    for (size_t i = 0; export_table[i] != NULL; i++) {
        if (strcmp(export_table[i]->name, name) == 0) {
            return export_table[i];
        }
    }
    return NULL;
}

static void sink_flush(struct export_sink *s)
{
    if (s->err == ERR_OK) {
        s->err = file_write(s->fd, s->buffer, s->used);
    }
    s->bytes += (int64_t)s->used;
    s->used = 0;
}

char *export_room(struct export_sink *s, size_t size)
{
    if (s->used + size > sizeof s->buffer) {
        sink_flush(s);
    }
    return s->buffer + s->used;
}

void export_took(struct export_sink *s, size_t size)
{
    s->used += size;
}

void export_put(struct export_sink *s, const void *bytes, size_t size)
{
    const char *from = bytes;
    while (size > 0) {
        size_t part = size < EXPORT_ROOM ? size : EXPORT_ROOM;
        memcpy(export_room(s, part), from, part);
        export_took(s, part);
        from += part;
        size -= part;
    }
}

void *export_memory(struct export_sink *s, size_t size)
{
    if (s->memory == NULL) {
        s->memory = calloc(1, size);
        if (s->memory == NULL && s->err == ERR_OK) {
            s->err = ERR_MEMORY;
        }
    }
    return s->memory;
}

/* All rows through the format; counts them in e. */
static enum err write_rows(const struct export_format *f, const struct export_context *c,
                           struct row_source *rows, struct export_sink *s,
                           struct exported *e)
{
    struct observation_row row;
    int more;
    f->begin(s, c);
    while (s->err == ERR_OK && (more = rows->next(rows->self, &row)) != 0) {
        if (more < 0) {
            return ERR_IO;
        }
        f->row(s, c, &row);
        if (e->rows++ == 0 || row.time_us < e->first_us) {
            e->first_us = row.time_us;
        }
        e->last_us = e->rows == 1 || row.time_us > e->last_us ? row.time_us : e->last_us;
    }
    if (s->err == ERR_OK) {
        f->end(s, c);
    }
    sink_flush(s);
    e->bytes = s->bytes;
    return s->err;
}

static bool same_bytes(const char *path, const struct exported *e)
{
    struct stat st;
    struct hash there;
    return stat(path, &st) == 0 && st.st_size == e->bytes &&
           hash_file(path, &there) == ERR_OK &&
           memcmp(&there, &e->hash, sizeof there) == 0;
}

static enum err finish(struct file_aside *f, struct exported *e)
{
    if (e->rows == 0) {
        file_aside_abandon(f);
        *e = (struct exported){.first_us = CLOCK_NONE, .last_us = CLOCK_NONE};
        e->changed = unlink(f->path) == 0;
        return e->changed || errno == ENOENT ? ERR_OK : ERR_IO;
    }
    enum err err = hash_file(f->aside, &e->hash);
    if (err != ERR_OK) {
        return err;
    }
    e->changed = !same_bytes(f->path, e);
    if (!e->changed) {
        file_aside_abandon(f);
        return ERR_OK;
    }
    return file_aside_commit(f);
}

enum err export_file(const struct export_format *f, const struct export_context *c,
                     struct row_source *rows, const char *path, struct exported *out,
                     struct diag *d)
{
    struct exported e = {.first_us = CLOCK_NONE, .last_us = CLOCK_NONE};
    struct file_aside aside;
    struct export_sink *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return ERR_MEMORY;
    }
    enum err err = file_aside_open(&aside, path, 0644);
    if (err != ERR_OK) {
        diag_set(d, "%s cannot be written: %s", path, strerror(errno));
        free(s);
        return err;
    }
    s->fd = aside.fd;
    err = write_rows(f, c, rows, s, &e);
    bool unread = err != ERR_OK && s->err == ERR_OK;
    if (err == ERR_OK) {
        err = finish(&aside, &e);
    }
    if (err == ERR_OK) {
        *out = e;
    } else {
        diag_set(d, "%s was left as it is: %s", path,
                 unread ? "its rows could not be read to the end" : err_text(err));
    }
    file_aside_abandon(&aside);
    free(s->memory);
    free(s);
    return err;
}
