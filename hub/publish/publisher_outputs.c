/* SPDX-License-Identifier: EUPL-1.2 */
/* Which of a dataset's files a portal is to hold: the whole ones that fit, else pieces.
 */
#include "base/clock.h"
#include "base/text.h"
#include "publish/dataset.h"
#include "publish/publisher_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 240 };

/* A file there is, or a resource of the ledger; strings of its own. */
struct file {
    char name[NAME_SIZE], path[DATASET_PATH], period[DATASET_PERIOD];
    char city[OUTBOX_NAME], parameter[OUTBOX_NAME], id[128], stamp[64];
    int64_t rows, bytes, first_us, last_us;
    struct hash hash, read;
    bool is_read;
};

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void remember_file(void *arg, const struct outbox_file *f)
{
    struct publish_list *list = arg;
    struct file *to = publish_list_add(list, sizeof *to);
    if (to == NULL) {
        return;
    }
    text_copy(to->name, sizeof to->name, file_name(f->path));
    text_copy(to->path, sizeof to->path, f->path);
    text_copy(to->period, sizeof to->period, f->period);
    text_copy(to->city, sizeof to->city, f->city);
    text_copy(to->parameter, sizeof to->parameter, f->parameter);
    to->rows = f->rows;
    to->bytes = f->bytes;
    to->hash = f->hash;
    to->first_us = f->first_us;
    to->last_us = f->last_us;
}

static void remember_resource(void *arg, const struct outbox_resource *r)
{
    struct publish_list *list = arg;
    struct file *to = publish_list_add(list, sizeof *to);
    if (to == NULL) {
        return;
    }
    text_copy(to->name, sizeof to->name, r->name);
    text_copy(to->id, sizeof to->id, r->id);
    text_copy(to->stamp, sizeof to->stamp, r->stamp);
    to->hash = r->sent;
    to->read = r->read;
    to->is_read = r->is_read;
}

static bool has_pieces(const struct publish_list *files, const struct file *of)
{
    const struct file *f = files->items;
    bool found = false;
    if (of->parameter[0] != '\0') {
        return false;
    }
    for (size_t i = 0; i < files->count && !found; i++) {
        bool below = of->city[0] == '\0'
                         ? f[i].city[0] != '\0'
                         : strcmp(f[i].city, of->city) == 0 && f[i].parameter[0] != '\0';
        found = below && strcmp(f[i].period, of->period) == 0;
    }
    return found;
}

static const struct file *find_piece(const struct publish_list *files,
                                     const struct file *of, const char *city)
{
    const struct file *f = files->items;
    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(f[i].period, of->period) == 0 && strcmp(f[i].city, city) == 0 &&
            f[i].parameter[0] == '\0') {
            return &f[i];
        }
    }
    return NULL;
}

/* A file goes up if it is the largest that fits: nothing above it does, or it has no
 * pieces and is the least there is. */
static bool is_output(const struct publish_list *files, const struct file *f,
                      int64_t limit)
{
    bool split = f->bytes > limit && has_pieces(files, f);
    if (split) {
        return false;
    }
    const struct file *whole = f->city[0] != '\0' ? find_piece(files, f, "") : NULL;
    if (whole != NULL && whole->bytes <= limit) {
        return false;
    }
    const struct file *city =
        f->parameter[0] != '\0' ? find_piece(files, f, f->city) : NULL;
    return city == NULL || city->bytes > limit;
}

static const struct file *in_ledger(const struct publish_list *ledger, const char *name)
{
    const struct file *f = ledger->items;
    for (size_t i = 0; i < ledger->count; i++) {
        if (strcmp(f[i].name, name) == 0) {
            return &f[i];
        }
    }
    return NULL;
}

static void add_output(const struct publisher *p, struct publish_outputs *x,
                       const struct file *f, int64_t limit)
{
    struct publish_output *o = publish_list_add(&x->outputs, sizeof *o);
    char path[1400];
    if (o == NULL) {
        return;
    }

    snprintf(path, sizeof path, "%s/%s", p->export_folder, f->path);
    const struct file *known = in_ledger(&x->ledger, f->name);
    *o = (struct publish_output){.name = f->name,
                                 .path = strdup(path),
                                 .period = f->period,
                                 .city = f->city,
                                 .parameter = f->parameter,
                                 .rows = f->rows,
                                 .bytes = f->bytes,
                                 .hash = f->hash,
                                 .too_large = f->bytes > limit,
                                 .id = known != NULL ? known->id : "",
                                 .stamp = known != NULL ? known->stamp : ""};
    o->proven = known != NULL && known->is_read &&
                memcmp(&known->hash, &f->hash, sizeof f->hash) == 0 &&
                memcmp(&known->read, &f->hash, sizeof f->hash) == 0;
    x->outputs.failed = x->outputs.failed || o->path == NULL;
}

static void widen_job(struct publish_job *job, const struct file *f)
{
    bool first = job->first_us == CLOCK_NONE;
    job->first_us = first || f->first_us < job->first_us ? f->first_us : job->first_us;
    job->last_us = first || f->last_us > job->last_us ? f->last_us : job->last_us;
}

enum err publish_outputs_collect(struct publisher *p, struct publish_job *job,
                                 struct publish_outputs *x)
{
    const char *id = job->dataset->dataset;
    enum err e = outbox_files(p->outbox, id, NULL, &x->files, remember_file);
    if (e == ERR_OK) {
        e = outbox_resources(p->outbox, id, job->target->target, &x->ledger,
                             remember_resource);
    }
    if (e != ERR_OK || x->files.failed || x->ledger.failed) {
        return e != ERR_OK ? e : ERR_MEMORY;
    }
    const struct file *files = x->files.items;
    int64_t limit = dataset_limit_bytes(job->target);
    for (size_t i = 0; i < x->files.count; i++) {
        if (files[i].city[0] == '\0') {
            widen_job(job, &files[i]);
        }
        if (is_output(&x->files, &files[i], limit)) {
            add_output(p, x, &files[i], limit);
        }
    }
    job->outputs = x->outputs.items;
    job->output_count = x->outputs.count;
    return x->outputs.failed ? ERR_MEMORY : ERR_OK;
}

void publish_outputs_fini(struct publish_outputs *x)
{
    struct publish_output *outputs = x->outputs.items;
    for (size_t i = 0; i < x->outputs.count; i++) {
        free((void *)(uintptr_t)outputs[i].path);
    }
    free(x->outputs.items);
    free(x->files.items);
    free(x->ledger.items);
}
