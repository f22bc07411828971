/* SPDX-License-Identifier: EUPL-1.2 */
/* From the change log to files. First what changed is written down as periods to be
 * written again, in one transaction with how far the log was read; then the periods are
 * worked off one by one. */
#include "base/clock.h"
#include "publish/dataset.h"
#include "publish/publisher_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALL_PERIODS "*"
enum { MONTHS_OF_ONE_CHANGE = 2400 };

/* --- what is to be written again --- */

struct marking {
    struct publisher *p;
    const struct configuration *configuration;
    enum err err;
};

static void mark_months(struct marking *m, const struct dataset *dataset,
                        const struct store_change *c)
{
    struct dataset_period month = dataset_month(c->from_us);
    for (int i = 0; month.from_us <= c->to_us && m->err == ERR_OK; i++) {
        if (i == MONTHS_OF_ONE_CHANGE) { /* two centuries */
            m->err = outbox_put_dirty(m->p->outbox, dataset->dataset, ALL_PERIODS);
            return;
        }
        m->err = outbox_put_dirty(m->p->outbox, dataset->dataset, month.name);
        month = dataset_next_month(&month);
    }
}

static void mark_change(void *arg, const struct store_change *c)
{
    struct marking *m = arg;
    for (size_t i = 0; i < m->configuration->dataset_count && m->err == ERR_OK; i++) {
        const struct dataset *dataset = &m->configuration->datasets[i];
        if (dataset_has(m->configuration, dataset, &c->key)) {
            mark_months(m, dataset, c);
        }
    }
}

/* A dataset that is new, or whose files would now be made otherwise: all of it. */
static enum err mark_dataset(struct publisher *p, const struct publish_work *w,
                             const struct dataset *dataset, bool all)
{
    struct hash now;
    struct hash then;
    enum err e = publish_fingerprint(w->configuration, dataset, &now);
    if (e != ERR_OK) {
        return e;
    }
    e = outbox_get_fingerprint(p->outbox, dataset->dataset, &then);
    if (e != ERR_OK && e != ERR_ABSENT) {
        return e;
    }
    bool same = e == ERR_OK && memcmp(&now, &then, sizeof now) == 0;
    if (same && !all) {
        return ERR_OK;
    }
    e = outbox_put_dirty(p->outbox, dataset->dataset, ALL_PERIODS);
    return e == ERR_OK ? outbox_put_fingerprint(p->outbox, dataset->dataset, &now) : e;
}

static enum err mark(struct publisher *p, const struct publish_work *w)
{
    const struct publish_source *source = w->source;
    struct marking m = {p, w->configuration, ERR_OK};
    struct outbox_progress progress;
    int64_t epoch = 0;
    int64_t last = 0;
    enum err e = outbox_get_progress(p->outbox, &progress);
    e = e == ERR_OK ? source->epoch(source->self, &epoch) : e;
    /* Asked before anything is read: what comes later is read by the next round. */
    e = e == ERR_OK ? source->last_change(source->self, &last) : e;
    bool all = w->everything || progress.epoch != epoch;
    if (e == ERR_OK && !all) {
        e = source->changes(source->self, progress.change, &m, mark_change, &last);
        all = e == ERR_ABSENT;
        e = e == ERR_ABSENT ? ERR_OK : e;
        e = e == ERR_OK ? m.err : e;
    }
    for (size_t i = 0; e == ERR_OK && i < w->configuration->dataset_count; i++) {
        e = mark_dataset(p, w, &w->configuration->datasets[i], all);
    }
    if (e == ERR_OK && (progress.epoch != epoch || progress.change != last)) {
        progress = (struct outbox_progress){epoch, last};
        e = outbox_put_progress(p->outbox, &progress);
    }
    return e;
}

static enum err mark_in_one(struct publisher *p, const struct publish_work *w)
{
    enum err e = outbox_begin(p->outbox);
    if (e != ERR_OK) {
        return e;
    }
    e = w->source->view_begin(w->source->self);
    if (e == ERR_OK) {
        e = mark(p, w);
        w->source->view_end(w->source->self);
    }
    if (e == ERR_OK) {
        return outbox_commit(p->outbox);
    }
    outbox_rollback(p->outbox);
    return e;
}

/* --- writing it --- */

struct path {
    char text[DATASET_PATH];
    bool kept;
};

struct period_name {
    char text[DATASET_PERIOD];
};

struct writing {
    struct publisher *p;
    const struct publish_work *w;
    struct publish_report *r;
    const struct dataset *dataset;
    struct publish_list before; /* struct path: files of the period so far */
};

static void remember_file(void *arg, const struct outbox_file *f)
{
    struct publish_list *list = arg;
    struct path *path = publish_list_add(list, sizeof *path);
    if (path != NULL) {
        snprintf(path->text, sizeof path->text, "%s", f->path);
    }
}

static void remember_period(void *arg, const char *name)
{
    struct publish_list *list = arg;
    struct period_name *period = publish_list_add(list, sizeof *period);
    if (period != NULL) {
        snprintf(period->text, sizeof period->text, "%.15s", name);
    }
}

static void remember_period_of_file(void *arg, const struct outbox_file *f)
{
    if (strcmp(f->period, DATASET_CURRENT) != 0) {
        remember_period(arg, f->period);
    }
}

static void tell(const struct writing *x, const char *path, const struct exported *e)
{
    char whole[1400];
    snprintf(whole, sizeof whole, "%s/%s", x->p->export_folder, path);
    x->r->files_removed += e->rows == 0 && e->changed;
    x->r->files_changed += e->rows > 0 && e->changed;
    x->r->files_same += e->rows > 0 && !e->changed;
    if (x->r->file != NULL && (e->rows > 0 || e->changed)) {
        x->r->file(x->r->arg, x->dataset, whole, e);
    }
}

static enum err take_file(void *arg, const struct dataset_file *f)
{
    struct writing *x = arg;
    struct path *before = x->before.items;
    for (size_t i = 0; i < x->before.count; i++) {
        if (f->exported.rows > 0 && strcmp(before[i].text, f->path) == 0) {
            before[i].kept = true;
        }
    }
    tell(x, f->path, &f->exported);
    if (f->exported.rows == 0) {
        return outbox_delete_file(x->p->outbox, x->dataset->dataset, f->path);
    }
    struct outbox_file row = {.dataset = x->dataset->dataset,
                              .period = f->period->name,
                              .city = f->city,
                              .parameter = f->parameter,
                              .path = f->path,
                              .rows = f->exported.rows,
                              .bytes = f->exported.bytes,
                              .hash = f->exported.hash,
                              .first_us = f->exported.first_us,
                              .last_us = f->exported.last_us};
    return outbox_put_file(x->p->outbox, &row);
}

/* Files of the period that are no longer made: pieces of a month that fits again. */
static enum err remove_rest(struct writing *x)
{
    enum err e = ERR_OK;
    const struct path *before = x->before.items;
    for (size_t i = 0; i < x->before.count && e == ERR_OK; i++) {
        if (before[i].kept) {
            continue;
        }
        char whole[1400];
        snprintf(whole, sizeof whole, "%s/%s", x->p->export_folder, before[i].text);
        struct exported gone = {.changed = unlink(whole) == 0};
        tell(x, before[i].text, &gone);
        e = outbox_delete_file(x->p->outbox, x->dataset->dataset, before[i].text);
    }
    return e;
}

static enum err write_period(struct writing *x, const struct dataset_export *how,
                             const struct dataset_period *period, struct diag *d)
{
    x->before.count = 0;
    enum err e = outbox_files(x->p->outbox, x->dataset->dataset, period->name, &x->before,
                              remember_file);
    e = e == ERR_OK && x->before.failed ? ERR_MEMORY : e;
    e = e == ERR_OK ? dataset_export_period(how, period, x, take_file, d) : e;
    return e == ERR_OK ? remove_rest(x) : e;
}

/* "*" becomes the months one by one, so that a long work goes on where it stopped. */
static enum err unfold(struct writing *x, int64_t first_us, int64_t last_us)
{
    struct publish_list known = {.items = NULL};
    const char *id = x->dataset->dataset;
    enum err e = outbox_files(x->p->outbox, id, NULL, &known, remember_period_of_file);
    e = e == ERR_OK && known.failed ? ERR_MEMORY : e;
    e = e == ERR_OK ? outbox_begin(x->p->outbox) : e;
    if (e != ERR_OK) {
        free(known.items);
        return e;
    }
    const struct period_name *names = known.items;
    for (size_t i = 0; i < known.count && e == ERR_OK; i++) {
        e = outbox_put_dirty(x->p->outbox, id, names[i].text);
    }
    if (first_us != CLOCK_NONE) {
        struct dataset_period month = dataset_month(first_us);
        for (; e == ERR_OK && month.from_us <= last_us;
             month = dataset_next_month(&month)) {
            e = outbox_put_dirty(x->p->outbox, id, month.name);
        }
    }
    e = e == ERR_OK ? outbox_delete_dirty(x->p->outbox, id, ALL_PERIODS) : e;
    free(known.items);
    if (e == ERR_OK) {
        return outbox_commit(x->p->outbox);
    }
    outbox_rollback(x->p->outbox);
    return e;
}

static bool reaches_current(const struct publish_list *dirty,
                            const struct dataset_period *current)
{
    const struct period_name *names = dirty->items;
    for (size_t i = 0; i < dirty->count; i++) {
        struct dataset_period month;
        if (dataset_parse_month(names[i].text, &month) == ERR_OK &&
            month.to_us > current->from_us) {
            return true;
        }
    }
    return false;
}

static enum err write_months(struct writing *x, const struct dataset_export *how,
                             const struct publish_list *dirty, struct diag *d)
{
    enum err e = ERR_OK;
    const struct period_name *names = dirty->items;
    for (size_t i = 0; i < dirty->count && e == ERR_OK; i++) {
        struct dataset_period month;
        if (publisher_stopped(x->w)) {
            return ERR_BUSY;
        }
        if (dataset_parse_month(names[i].text, &month) == ERR_OK) {
            e = write_period(x, how, &month, d);
        }
        if (e == ERR_OK) {
            e = outbox_delete_dirty(x->p->outbox, x->dataset->dataset, names[i].text);
        }
    }
    return e;
}

/* All that is dirty: `current` first, for its need shows only in the dirty months. */
static enum err write_dirty(struct writing *x, const struct dataset_export *how,
                            struct publish_list *dirty, struct diag *d)
{
    int64_t first_us;
    int64_t last_us;
    const struct period_name *names = dirty->items;
    enum err e = dataset_extent(how, &first_us, &last_us);
    bool all = strcmp(names[0].text, ALL_PERIODS) == 0; /* sorts before digits */
    if (e == ERR_OK && all) {
        e = unfold(x, first_us, last_us);
        dirty->count = 0;
        e = e == ERR_OK
                ? outbox_dirty(x->p->outbox, x->dataset->dataset, dirty, remember_period)
                : e;
        e = e == ERR_OK && dirty->failed ? ERR_MEMORY : e;
    }
    if (e != ERR_OK) {
        return e;
    }
    struct dataset_period current = {.name = DATASET_CURRENT};
    if (last_us != CLOCK_NONE) {
        current = dataset_current(last_us);
    }
    if (last_us == CLOCK_NONE || reaches_current(dirty, &current)) {
        e = write_period(x, how, &current, d);
    }
    return e == ERR_OK ? write_months(x, how, dirty, d) : e;
}

static enum err write_dataset(struct publisher *p, const struct publish_work *w,
                              const struct dataset *dataset, struct publish_report *r)
{
    struct dataset_export how = {.configuration = w->configuration,
                                 .dataset = dataset,
                                 .source = w->source,
                                 .folder = p->export_folder,
                                 .stop = w->stop};
    struct writing x = {.p = p, .w = w, .r = r, .dataset = dataset};
    struct publish_list dirty = {.items = NULL};
    struct diag d = {.text = ""};
    enum err e = outbox_dirty(p->outbox, dataset->dataset, &dirty, remember_period);
    e = e == ERR_OK && dirty.failed ? ERR_MEMORY : e;
    if (e == ERR_OK && dirty.count > 0) {
        e = write_dirty(&x, &how, &dirty, &d);
    }
    free(dirty.items);
    free(x.before.items);
    if (e == ERR_OK || (e == ERR_BUSY && publisher_stopped(w))) {
        return e;
    }
    r->export_faults++;
    if (r->fault != NULL) {
        r->fault(r->arg, dataset, d.text[0] != '\0' ? d.text : err_text(e));
    }
    return ERR_OK;
}

enum err publisher_export(struct publisher *p, const struct publish_work *w,
                          struct publish_report *r)
{
    enum err e = mark_in_one(p, w);
    for (size_t i = 0; i < w->configuration->dataset_count && e == ERR_OK; i++) {
        e = publisher_stopped(w) ? ERR_BUSY
                                 : write_dataset(p, w, &w->configuration->datasets[i], r);
    }
    return e;
}
