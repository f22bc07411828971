/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/bundle.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#include <jansson.h>
#include <string.h>

/* {"kogge_configuration": 1, "folder": "...",
 *  "files": [{"name": "...", "shipped": false, "text": "..."}]} */
enum { BUNDLE_VERSION = 1, BUNDLE_CEILING = 200 << 20 };

/* True if path holds these very bytes: then two syncs are saved at every start. */
static bool holds(const char *path, const struct buf *b)
{
    struct buf there;
    buf_init(&there, BUNDLE_CEILING);
    bool same = file_read(path, &there) == ERR_OK && there.length == b->length &&
                memcmp(buf_text(&there), buf_text(b), b->length) == 0;
    buf_fini(&there);
    return same;
}

enum err config_files_save(const struct config_files *f, const char *path)
{
    struct buf b;
    buf_init(&b, BUNDLE_CEILING);
    buf_put_format(&b, "{\"kogge_configuration\": %d,\n\"folder\": ", BUNDLE_VERSION);
    buf_put_json_text(&b, f->folder, strlen(f->folder));
    buf_put_text(&b, ",\n\"files\": [");
    enum err e = text_is_utf8(f->folder, strlen(f->folder)) ? ERR_OK : ERR_SYNTAX;
    for (size_t i = 0; i < f->count && e == ERR_OK; i++) {
        const struct config_file *file = &f->files[i];
        bool sound = text_is_utf8(file->text, file->size) &&
                     text_is_utf8(file->name, strlen(file->name)) &&
                     memchr(file->text, '\0', file->size) == NULL;
        e = sound ? ERR_OK : ERR_SYNTAX;
        buf_put_text(&b, i == 0 ? "\n{\"name\": " : ",\n{\"name\": ");
        buf_put_json_text(&b, file->name, strlen(file->name));
        buf_put_format(&b,
                       ", \"shipped\": %s, \"text\": ", file->shipped ? "true" : "false");
        buf_put_json_text(&b, file->text, file->size);
        buf_put_text(&b, "}");
    }
    buf_put_text(&b, "\n]}\n");
    e = e != ERR_OK ? e : b.err;
    if (e == ERR_OK && !holds(path, &b)) {
        e = file_put(path, b.bytes, b.length, 0600);
    }
    buf_fini(&b);
    return e;
}

static enum err load_rows(struct config_files *f, const json_t *list)
{
    struct arena *a = f->memory;
    f->files = arena_take_zero(a, json_array_size(list) + 1, sizeof *f->files);
    if (f->files == NULL) {
        return ERR_MEMORY;
    }
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *name = json_string_value(json_object_get(item, "name"));
        const json_t *text = json_object_get(item, "text");
        if (name == NULL || !json_is_string(text)) {
            return ERR_DAMAGED;
        }
        size_t size = json_string_length(text);
        f->files[i] = (struct config_file){
            .name = arena_text(a, name),
            .text = arena_text_part(a, json_string_value(text), size),
            .size = size,
            .shipped = json_is_true(json_object_get(item, "shipped")),
        };
        if (f->files[i].name == NULL || f->files[i].text == NULL) {
            return ERR_MEMORY;
        }
        f->count++;
    }
    return ERR_OK;
}

static enum err load(const json_t *root, struct config_files **out, struct diag *d)
{
    const char *folder = json_string_value(json_object_get(root, "folder"));
    const json_t *version = json_object_get(root, "kogge_configuration");
    const json_t *list = json_object_get(root, "files");
    if (json_integer_value(version) > BUNDLE_VERSION) {
        diag_set(d, "the accepted configuration was written by a newer program");
        return ERR_NEWER;
    }
    struct config_files *f = NULL;
    enum err e = ERR_DAMAGED;
    if (folder != NULL && json_is_integer(version) && json_is_array(list)) {
        e = config_files_open(folder, &f);
    }
    e = e != ERR_OK ? e : load_rows(f, list);
    if (e == ERR_OK) {
        *out = f;
    } else {
        diag_set(d, "the accepted configuration is damaged: it is no bundle of files");
        config_files_close(f);
    }
    return e;
}

enum err config_files_load(const char *path, struct config_files **out, struct diag *d)
{
    struct buf b;
    buf_init(&b, BUNDLE_CEILING);
    if (d != NULL) {
        text_copy(d->source, sizeof d->source, path);
    }
    enum err e = file_read(path, &b);
    if (e != ERR_OK) {
        diag_set(d, "the accepted configuration cannot be read: %s", err_text(e));
        buf_fini(&b);
        return e;
    }
    json_error_t error;
    (void)memory_ran_out();
    json_t *root = json_loadb(buf_text(&b), b.length, JSON_REJECT_DUPLICATES, &error);
    buf_fini(&b);
    if (memory_ran_out()) {
        json_decref(root);
        return ERR_MEMORY;
    }
    if (root == NULL) {
        diag_set(d, "the accepted configuration is damaged at line %d", error.line);
        return ERR_DAMAGED;
    }
    e = load(root, out, d);
    json_decref(root);
    return e;
}
