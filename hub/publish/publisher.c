/* SPDX-License-Identifier: EUPL-1.2 */
#include "publish/publisher.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "publish/dataset.h"
#include "publish/publisher_parts.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FINGERPRINT_CEILING = 64 << 20 };

enum err publisher_open(const char *data_folder, struct publisher **out, struct diag *d)
{
    struct publisher *p = calloc(1, sizeof *p);
    if (p == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(p);
        return ERR_MEMORY;
    }
    p->kinds = publish_table;
    snprintf(p->export_folder, sizeof p->export_folder, "%.600s/export", data_folder);
    snprintf(p->scratch, sizeof p->scratch, "%.600s/publish.tmp", data_folder);
    enum err e = file_make_folder(p->export_folder, 0755);
    if (e != ERR_OK) {
        diag_set(d, "%s cannot be made", p->export_folder);
    } else {
        e = outbox_open(data_folder, false, &p->outbox, d);
    }
    if (e != ERR_OK) {
        publisher_close(p);
        return e;
    }
    *out = p;
    return ERR_OK;
}

void publisher_close(struct publisher *p)
{
    if (p != NULL) {
        outbox_close(p->outbox);
        curl_global_cleanup();
        free(p);
    }
}

void publisher_use_kinds(struct publisher *p, const struct publish_kind *const *kinds)
{
    p->kinds = kinds;
}

bool publisher_stopped(const struct publish_work *w)
{
    return w->stop != NULL && atomic_load(w->stop);
}

void *publish_list_add(struct publish_list *l, size_t size)
{
    if (l->count == l->room) {
        size_t room = l->room == 0 ? 32 : l->room * 2;
        void *items = realloc(l->items, room * size);
        if (items == NULL) {
            l->failed = true;
            return NULL;
        }
        l->items = items;
        l->room = room;
    }
    void *item = (char *)l->items + l->count++ * size;
    memset(item, 0, size);
    return item;
}

static void put_number(struct buf *b, double value)
{
    char text[NUMBER_TEXT];
    number_format(value, text);
    buf_put_format(b, " %s", text);
}

static void put_placement(struct buf *b, const struct placement *p)
{
    buf_put_format(b, "at %s %lld %lld", p->station->station,
                   (long long)p->period.from_us, (long long)p->period.to_us);
    for (size_t i = 0; i < p->position_count; i++) {
        buf_put_format(b, " %s", p->positions[i].as);
        put_number(b, p->positions[i].depth_m);
    }
    buf_put_text(b, "\n");
}

static void put_state(struct buf *b, const struct station *s, const struct window *w)
{
    buf_put_format(b, "state %s %s %s %lld %lld %s\n", s->station, w->parameter->id,
                   w->position != NULL ? w->position : "-", (long long)w->period.from_us,
                   (long long)w->period.to_us, data_state_text(w->state));
}

static void put_city(struct buf *b, const struct configuration *c,
                     const struct city *city)
{
    buf_put_format(b, "city %s\n", city->city);
    for (size_t i = 0; i < city->station_count; i++) {
        if (city->stations[i].demonstration) {
            buf_put_format(b, "demonstration %s\n", city->stations[i].station);
        }
        for (size_t k = 0; k < city->stations[i].states.count; k++) {
            put_state(b, &city->stations[i], &city->stations[i].states.rows[k]);
        }
    }
    for (size_t i = 0; i < c->device_count; i++) {
        for (size_t j = 0; j < c->devices[i].placement_count; j++) {
            if (c->devices[i].placements[j].station->city == city) {
                put_placement(b, &c->devices[i].placements[j]);
            }
        }
    }
}

enum err publish_fingerprint(const struct configuration *c, const struct dataset *dataset,
                             struct hash *out)
{
    struct buf b;
    buf_init(&b, FINGERPRINT_CEILING);
    buf_put_format(&b, "files 2\ndataset %s %d %lld\n", dataset->dataset,
                   dataset->demonstration,
                   (long long)dataset_least_limit_bytes(c, dataset));
    for (size_t i = 0; i < dataset->parameter_count; i++) {
        buf_put_format(&b, "parameter %s %s\n", dataset->parameters[i]->id,
                       dataset->parameters[i]->unit);
    }
    for (size_t i = 0; i < dataset->city_count; i++) {
        put_city(&b, c, dataset->cities[i]);
    }
    enum err e = b.err;
    if (e == ERR_OK) {
        e = hash_bytes(b.bytes, b.length, out);
    }
    buf_fini(&b);
    return e;
}

enum err publisher_round(struct publisher *p, const struct publish_work *w,
                         struct publish_report *r)
{
    enum err e = publisher_export(p, w, r);
    return e == ERR_OK ? publisher_push(p, w, r) : e;
}

enum err publisher_consumed(struct publisher *p, int64_t *number)
{
    struct outbox_progress progress;
    enum err e = outbox_get_progress(p->outbox, &progress);
    if (e == ERR_OK) {
        *number = progress.change;
    }
    return e;
}

struct earliest {
    int64_t now_us, in_us;
};

static void look_at_push(void *arg, const struct outbox_push *p)
{
    struct earliest *t = arg;
    if (p->state != OUTBOX_DONE && p->next_us != CLOCK_NONE) {
        int64_t in_us = p->next_us - t->now_us;
        in_us = in_us > CLOCK_US_PER_S ? in_us : CLOCK_US_PER_S;
        t->in_us = in_us < t->in_us ? in_us : t->in_us;
    }
}

enum err publisher_next_due(struct publisher *p, int64_t now_us, int64_t *in_us)
{
    struct earliest t = {now_us, INT64_MAX};
    enum err e = outbox_pushes(p->outbox, &t, look_at_push);
    if (e == ERR_OK) {
        *in_us = t.in_us;
    }
    return e;
}
