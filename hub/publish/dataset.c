/* SPDX-License-Identifier: EUPL-1.2 */
#include "publish/dataset.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CURRENT_DAYS = 31, STOP_EVERY = 4096 };

struct dataset_period dataset_month(int64_t time_us)
{
    struct clock_date date = clock_date_of(time_us);
    struct dataset_period p;
    snprintf(p.name, sizeof p.name, "%04d-%02d", date.year % 10000, date.month % 100);
    date.day = 1;
    p.from_us = clock_of_date(date);
    date.year += date.month == 12;
    date.month = date.month % 12 + 1;
    p.to_us = clock_of_date(date);
    return p;
}

struct dataset_period dataset_next_month(const struct dataset_period *m)
{
    return dataset_month(m->to_us);
}

enum err dataset_parse_month(const char *name, struct dataset_period *out)
{
    char time[32];
    int64_t time_us;
    snprintf(time, sizeof time, "%.10s-01T00:00:00Z", name);
    enum err e = clock_parse_rfc3339(time, &time_us);
    if (e == ERR_OK) {
        *out = dataset_month(time_us);
    }
    return e;
}

struct dataset_period dataset_current(int64_t newest_us)
{
    struct dataset_period p = {.name = DATASET_CURRENT};
    int64_t day_us = clock_of_date(clock_date_of(newest_us));
    p.to_us = day_us + CLOCK_US_PER_DAY;
    p.from_us = p.to_us - CURRENT_DAYS * CLOCK_US_PER_DAY;
    return p;
}

static bool is_demonstration(const struct configuration *c, const char *station)
{
    const struct station *s = configuration_station(c, station);
    return s != NULL ? s->demonstration : strncmp(station, "demo-", 5) == 0;
}

static bool is_published(const struct parameter *p)
{
    return p->kind != PARAMETER_HOUSEKEEPING;
}

bool dataset_has(const struct configuration *c, const struct dataset *dataset,
                 const struct series_key *key)
{
    bool city = false;
    bool parameter = false;
    for (size_t i = 0; i < dataset->city_count && !city; i++) {
        city = strcmp(dataset->cities[i]->city, key->city) == 0;
    }
    for (size_t i = 0; city && i < dataset->parameter_count && !parameter; i++) {
        parameter = is_published(dataset->parameters[i]) &&
                    strcmp(dataset->parameters[i]->id, key->parameter) == 0;
    }
    /* what is simulated and what is measured never lie in one file */
    return parameter && dataset->demonstration == is_demonstration(c, key->station);
}

int64_t dataset_limit_bytes(const struct target *target)
{
    /* CKAN counts its limit in units of 2^20 bytes. */
    bool limited = target->max_file_mb > 0 && target->max_file_mb < 1e9;
    return limited ? (int64_t)(target->max_file_mb * 1048576) : INT64_MAX;
}

int64_t dataset_least_limit_bytes(const struct configuration *c,
                                  const struct dataset *dataset)
{
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < dataset->target_count; i++) {
        for (size_t j = 0; j < c->target_count; j++) {
            if (strcmp(c->targets[j].target, dataset->targets[i]) == 0) {
                int64_t limit = dataset_limit_bytes(&c->targets[j]);
                least = limit < least ? limit : least;
            }
        }
    }
    return least;
}

/* Cities and parameters of a query; free both with free_query. */
struct names {
    const char **cities, **parameters;
};

static void free_names(struct names *n)
{
    free(n->cities);
    free(n->parameters);
}

/* What the dataset asks for, restricted to city and parameter unless "". False: no
 * memory. */
static bool make_query(const struct dataset *dataset, const char *city,
                       const char *parameter, struct names *n, struct store_query *q)
{
    *q = (struct store_query){.from_us = INT64_MIN, .to_us = INT64_MAX};
    *n = (struct names){calloc(dataset->city_count + 1, sizeof *n->cities),
                        calloc(dataset->parameter_count + 1, sizeof *n->parameters)};
    if (n->cities == NULL || n->parameters == NULL) {
        free_names(n);
        return false;
    }
    for (size_t i = 0; i < dataset->city_count; i++) {
        if (city[0] == '\0' || strcmp(city, dataset->cities[i]->city) == 0) {
            n->cities[q->city_count++] = dataset->cities[i]->city;
        }
    }
    for (size_t i = 0; i < dataset->parameter_count; i++) {
        const struct parameter *p = dataset->parameters[i];
        if (is_published(p) && (parameter[0] == '\0' || strcmp(parameter, p->id) == 0)) {
            n->parameters[q->parameter_count++] = p->id;
        }
    }
    q->cities = n->cities;
    q->parameters = n->parameters;
    return true;
}

static void widen(int64_t *first_us, int64_t *last_us, int64_t from_us, int64_t to_us)
{
    if (from_us != CLOCK_NONE) {
        *first_us = *first_us == CLOCK_NONE || from_us < *first_us ? from_us : *first_us;
        *last_us = to_us > *last_us ? to_us : *last_us;
    }
}

/* A query cannot leave stations out, so a city with stations of both kinds is asked
 * station by station. */
static enum err extent_of_city(const struct dataset_export *x, const struct city *city,
                               const struct store_query *of_dataset, int64_t *first_us,
                               int64_t *last_us)
{
    struct store_query of_city = *of_dataset;
    struct store_query *q = &of_city;
    int64_t from_us;
    int64_t to_us;
    bool mixed = false;
    const char *const cities[] = {city->city};
    q->cities = cities;
    q->city_count = 1;
    for (size_t i = 0; i < city->station_count; i++) {
        mixed = mixed || city->stations[i].demonstration != x->dataset->demonstration;
    }
    q->station = NULL;
    if (!mixed) {
        enum err e = x->source->extent(x->source->self, q, &from_us, &to_us);
        if (e == ERR_OK) {
            widen(first_us, last_us, from_us, to_us);
        }
        return e;
    }
    enum err e = ERR_OK;
    for (size_t i = 0; i < city->station_count && e == ERR_OK; i++) {
        if (city->stations[i].demonstration != x->dataset->demonstration) {
            continue;
        }
        q->station = city->stations[i].station;
        e = x->source->extent(x->source->self, q, &from_us, &to_us);
        if (e == ERR_OK) {
            widen(first_us, last_us, from_us, to_us);
        }
    }
    return e;
}

enum err dataset_extent(const struct dataset_export *x, int64_t *first_us,
                        int64_t *last_us)
{
    struct names names;
    struct store_query q;
    int64_t from_us = CLOCK_NONE;
    int64_t to_us = CLOCK_NONE;
    if (!make_query(x->dataset, "", "", &names, &q)) {
        return ERR_MEMORY;
    }
    enum err e = q.parameter_count > 0 ? x->source->view_begin(x->source->self) : ERR_OK;
    if (e == ERR_OK && q.parameter_count > 0) {
        for (size_t i = 0; i < x->dataset->city_count && e == ERR_OK; i++) {
            e = extent_of_city(x, x->dataset->cities[i], &q, &from_us, &to_us);
        }
        x->source->view_end(x->source->self);
    }
    free_names(&names);
    if (e == ERR_OK) {
        *first_us = from_us;
        *last_us = to_us;
    }
    return e;
}

/* Rows of the store without those that the dataset must not show. */
struct allowed_rows {
    struct row_source inner;
    const struct dataset_export *x;
    bool known, allowed; /* of series */
    int32_t series;
    unsigned given;
};

static int next_allowed(void *self, struct observation_row *row)
{
    struct allowed_rows *a = self;
    int more;
    while ((more = a->inner.next(a->inner.self, row)) == 1) {
        if (!a->known || row->series != a->series) {
            a->known = true;
            a->series = row->series;
            a->allowed = a->x->dataset->demonstration ||
                         !is_demonstration(a->x->configuration, row->key.station);
        }
        if (++a->given % STOP_EVERY == 0 && a->x->stop != NULL &&
            atomic_load(a->x->stop)) {
            return -1;
        }
        if (a->allowed) {
            return 1;
        }
    }
    return more;
}

const struct export_format *dataset_format(void)
{
    return export_find_format("csv");
}

static void make_path(const struct dataset_export *x, struct dataset_file *f)
{
    const char *id = x->dataset->dataset;
    char year[16] = "";
    if (strcmp(f->period->name, DATASET_CURRENT) != 0) {
        snprintf(year, sizeof year, "%.4s/", f->period->name);
    }
    snprintf(f->path, sizeof f->path, "%.64s/%s%.64s-%s%s%.64s%s%.64s.%s", id, year, id,
             f->period->name, f->city[0] != '\0' ? "-" : "", f->city,
             f->parameter[0] != '\0' ? "-" : "", f->parameter,
             dataset_format()->extension);
}

static enum err write_rows(const struct dataset_export *x, const struct store_query *q,
                           const char *path, struct exported *out, struct diag *d)
{
    struct allowed_rows allowed = {.x = x};
    struct row_source rows = {.next = next_allowed, .self = &allowed};
    struct export_context context = {x->configuration,
                                     x->source->test_names(x->source->self)};
    enum err e = x->source->rows_open(x->source->self, q, &allowed.inner, d);
    if (e == ERR_OK) {
        e = export_file(dataset_format(), &context, &rows, path, out, d);
        x->source->rows_close(x->source->self);
    }
    return e;
}

static enum err write_file(const struct dataset_export *x, struct dataset_file *f,
                           struct diag *d)
{
    char path[1024];
    struct names names;
    struct store_query q;
    make_path(x, f);
    snprintf(path, sizeof path, "%.600s/%s", x->folder, f->path);
    if (!make_query(x->dataset, f->city, f->parameter, &names, &q)) {
        return ERR_MEMORY;
    }
    q.from_us = f->period->from_us;
    q.to_us = f->period->to_us;
    if (q.city_count == 0 || q.parameter_count == 0) {
        q.to_us = q.from_us; /* no names would mean all of them */
    }
    struct diag here = {.text = ""};
    enum err e = x->source->view_begin(x->source->self);
    if (e == ERR_OK) {
        e = write_rows(x, &q, path, &f->exported, &here);
        x->source->view_end(x->source->self);
    }
    if (e != ERR_OK && x->stop != NULL && atomic_load(x->stop)) {
        e = ERR_BUSY;
    }
    if (e != ERR_OK) {
        diag_set(d, "%s", here.text[0] != '\0' ? here.text : err_text(e));
    }
    free_names(&names);
    return e;
}

struct piece_work {
    const struct dataset_export *x;
    int64_t limit_bytes;
    void *arg;
    enum err (*file)(void *arg, const struct dataset_file *f);
};

static enum err write_parameters(const struct piece_work *w,
                                 const struct dataset_period *period, const char *city,
                                 struct diag *d)
{
    enum err e = ERR_OK;
    const struct dataset *dataset = w->x->dataset;
    for (size_t i = 0; i < dataset->parameter_count && e == ERR_OK; i++) {
        struct dataset_file f = {
            .period = period, .city = city, .parameter = dataset->parameters[i]->id};
        if (!is_published(dataset->parameters[i])) {
            continue;
        }
        e = write_file(w->x, &f, d);
        if (e == ERR_OK && f.exported.rows > 0) {
            e = w->file(w->arg, &f);
        }
    }
    return e;
}

static enum err write_cities(const struct piece_work *w,
                             const struct dataset_period *period, struct diag *d)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < w->x->dataset->city_count && e == ERR_OK; i++) {
        struct dataset_file f = {
            .period = period, .city = w->x->dataset->cities[i]->city, .parameter = ""};
        e = write_file(w->x, &f, d);
        if (e == ERR_OK && f.exported.rows > 0) {
            e = w->file(w->arg, &f);
        }
        if (e == ERR_OK && f.exported.bytes > w->limit_bytes) {
            e = write_parameters(w, period, f.city, d);
        }
    }
    return e;
}

enum err dataset_export_period(const struct dataset_export *x,
                               const struct dataset_period *period, void *arg,
                               enum err (*file)(void *arg, const struct dataset_file *f),
                               struct diag *d)
{
    struct piece_work w = {x, dataset_least_limit_bytes(x->configuration, x->dataset),
                           arg, file};
    struct dataset_file whole = {.period = period, .city = "", .parameter = ""};
    enum err e = write_file(x, &whole, d);
    if (e == ERR_OK) {
        e = file(arg, &whole);
    }
    if (e == ERR_OK && whole.exported.bytes > w.limit_bytes) {
        e = write_cities(&w, period, d);
    }
    return e;
}
