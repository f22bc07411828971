/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/grid_view.h"

#include "base/clock.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES_MOST ((size_t)1 << 27)

/* --- what was typed --- */

static int read_time(const struct invocation *i, const char *option, int64_t *time_us)
{
    const char *text = invocation_value(i, option);
    *time_us = CLOCK_NONE;
    if (text != NULL && clock_parse_rfc3339(text, time_us) != ERR_OK) {
        return command_fail(i, EXIT_USAGE, "%s %s is no time like 2026-11-22T12:00:00Z",
                            option, text);
    }
    return EXIT_DONE;
}

static int read_window(const struct invocation *i, struct period *window)
{
    int code = read_time(i, "--from", &window->from_us);
    code = code != EXIT_DONE ? code : read_time(i, "--to", &window->to_us);
    if (code == EXIT_DONE && window->to_us != CLOCK_NONE &&
        window->to_us <= window->from_us) {
        return command_fail(i, EXIT_USAGE, "--to is not after --from");
    }
    return code;
}

static int find_station(struct grid_view *v)
{
    const struct invocation *i = v->report.invocation;
    const struct configuration *c = v->configuration;
    size_t count = 0;
    size_t most = 0;
    v->station = configuration_station(c, i->arguments[0]);
    if (v->station != NULL) {
        return EXIT_DONE;
    }
    for (size_t k = 0; k < c->city_count; k++) {
        most += c->cities[k].station_count;
    }
    const char **names = calloc(most + 1, sizeof *names);
    for (size_t k = 0; names != NULL && k < c->city_count; k++) {
        for (size_t n = 0; n < c->cities[k].station_count; n++) {
            names[count++] = c->cities[k].stations[n].station;
        }
    }
    int code = command_fail_name(i, "station", i->arguments[0], names, count);
    free(names);
    return code;
}

static int find_parameter(struct grid_view *v)
{
    const struct invocation *i = v->report.invocation;
    const struct configuration *c = v->configuration;
    v->parameter = configuration_parameter(c, i->arguments[1]);
    if (v->parameter != NULL && v->parameter->kind == PARAMETER_HOUSEKEEPING) {
        return command_fail(i, EXIT_USAGE, "%s is housekeeping, which is on no grid",
                            v->parameter->id);
    }
    if (v->parameter != NULL) {
        return EXIT_DONE;
    }
    const char **names = calloc(c->parameter_count + 1, sizeof *names);
    for (size_t k = 0; names != NULL && k < c->parameter_count; k++) {
        names[k] = c->parameters[k].id;
    }
    int code = command_fail_name(i, "parameter", i->arguments[1], names,
                                 names != NULL ? c->parameter_count : 0);
    free(names);
    return code;
}

static int open_view(const struct invocation *i, struct grid_view *v)
{
    struct diag d = {0};
    *v = (struct grid_view){.now_us = clock_now_us()};
    int code = read_window(i, &v->window);
    code = code != EXIT_DONE ? code : report_open(i, &v->report);
    if (code != EXIT_DONE) {
        return code;
    }
    enum err e = context_accepted(v->report.data, &v->configuration, &d);
    if (e != ERR_OK) {
        return command_fail_diag(i, context_exit_code(e), &d);
    }
    code = find_station(v);
    v->series = json_array();
    return code != EXIT_DONE ? code : find_parameter(v);
}

static void close_view(struct grid_view *v)
{
    json_decref(v->series);
    free(v->samples);
    configuration_free(v->configuration);
    report_close(&v->report);
}

/* --- the series that are meant --- */

struct found {
    const struct grid_view *view;
    struct {
        int32_t id;
        char *position, *origin; /* yours */
    } series[64];
    size_t count;
};

static void take_series(void *arg, int32_t id, const struct series_key *key)
{
    struct found *f = arg;
    const struct invocation *i = f->view->report.invocation;
    const char *position = invocation_value(i, "--position");
    const char *origin = invocation_value(i, "--origin");
    if (strcmp(key->station, i->arguments[0]) == 0 &&
        strcmp(key->parameter, i->arguments[1]) == 0 &&
        (position == NULL || strcmp(key->position, position) == 0) &&
        (origin == NULL || strcmp(key->origin, origin) == 0) &&
        f->count < sizeof f->series / sizeof *f->series) {
        f->series[f->count].id = id;
        f->series[f->count].position = strdup(key->position);
        f->series[f->count++].origin = strdup(key->origin);
    }
}

static void take_newest(void *arg, const struct observation_row *o)
{
    struct grid_rule *rule = arg;
    rule->newest_us = o->time_us;
}

int grid_view_fail(const struct grid_view *v, enum err e)
{
    return report_fail(&v->report, e);
}

/* The series at work: its rule, and what each says of it. */
static int run_series(struct grid_view *v, int (*each)(struct grid_view *v, json_t *row))
{
    const struct store_query q = {
        .series = v->id, .from_us = INT64_MIN / 2, .to_us = INT64_MAX / 2};
    enum err e = grid_series_rule(v->configuration, &v->key, &v->rule);
    e = e != ERR_OK ? e : store_latest(v->report.store, &q, &v->rule, take_newest);
    if (e != ERR_OK) {
        return grid_view_fail(v, e);
    }
    json_t *row =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "city", v->key.city, "station",
                  v->key.station, "parameter", v->key.parameter, "position",
                  v->key.position, "origin", v->key.origin, "unit", v->parameter->unit);
    if (!v->report.invocation->json) {
        printf("%s %s %s %s, %s\n", v->key.station, v->key.parameter, v->key.position,
               v->key.origin, v->parameter->unit);
    }
    int code = each(v, row);
    json_array_append_new(v->series, row);
    grid_series_fini(&v->rule);
    return code;
}

static int run_all(struct grid_view *v, int (*each)(struct grid_view *v, json_t *row))
{
    struct found f = {.view = v};
    enum err e = store_view_begin(v->report.store);
    e = e != ERR_OK ? e : store_each_series(v->report.store, &f, take_series);
    int code = e != ERR_OK ? grid_view_fail(v, e) : EXIT_DONE;
    for (size_t k = 0; k < f.count; k++) {
        v->id = f.series[k].id;
        v->key = (struct series_key){v->station->city->city, v->station->station,
                                     v->parameter->id, f.series[k].position,
                                     f.series[k].origin};
        code = code != EXIT_DONE ? code : run_series(v, each);
        free(f.series[k].position);
        free(f.series[k].origin);
    }
    store_view_end(v->report.store);
    if (code == EXIT_DONE && f.count == 0) {
        command_say(v->report.invocation, "no observation of %s at %s is stored",
                    v->parameter->id, v->station->station);
    }
    return code;
}

int grid_view_run(const struct invocation *i, const char *name,
                  int (*each)(struct grid_view *v, json_t *row))
{
    struct grid_view v;
    int code = open_view(i, &v);
    code = code != EXIT_DONE ? code : run_all(&v, each);
    if (code == EXIT_DONE && i->json) {
        report_json(name, json_incref(v.series));
    }
    close_view(&v);
    return code;
}

/* --- samples --- */

static enum err take_sample(struct grid_view *v, const struct observation_row *row)
{
    if (v->count == v->size) {
        size_t size = v->size == 0 ? 4096 : 2 * v->size;
        struct grid_sample *grown = NULL;
        if (size > SAMPLES_MOST) {
            return ERR_FULL;
        }
        grown = realloc(v->samples, size * sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        v->samples = grown;
        v->size = size;
    }
    v->samples[v->count++] = grid_series_sample(row);
    return ERR_OK;
}

static struct store_query query_of(const struct grid_view *v, struct period p)
{
    return (struct store_query){.series = v->id,
                                .from_us =
                                    p.from_us == CLOCK_NONE ? INT64_MIN / 2 : p.from_us,
                                .to_us = p.to_us == CLOCK_NONE ? INT64_MAX / 2 : p.to_us};
}

enum err grid_view_load(struct grid_view *v, struct period p)
{
    const struct store_query q = query_of(v, p);
    struct row_source rows;
    struct observation_row row;
    int more = 0;
    v->count = 0;
    enum err e = store_rows_open(v->report.store, &q, &rows, NULL);
    while (e == ERR_OK && (more = rows.next(rows.self, &row)) > 0) {
        e = take_sample(v, &row);
    }
    store_rows_close(v->report.store);
    return e == ERR_OK && more < 0 ? ERR_IO : e;
}

enum err grid_view_stretch(const struct grid_view *v, struct grid_stretch *out)
{
    *out = (struct grid_stretch){&v->rule, v->samples, v->count, (double)NAN};
    return grid_median_interval_s(v->samples, v->count, &out->median_s);
}

enum err grid_view_cells(struct grid_view *v, struct period p, void *arg,
                         void (*cell)(void *arg, const struct grid_cell *c))
{
    const struct store_query q = query_of(v, p);
    struct grid_builder *g = grid_open(&v->rule, arg, cell);
    struct row_source rows;
    struct observation_row row;
    int more = 0;
    enum err e =
        g == NULL ? ERR_MEMORY : store_rows_open(v->report.store, &q, &rows, NULL);
    while (e == ERR_OK && (more = rows.next(rows.self, &row)) > 0) {
        const struct grid_sample s = grid_series_sample(&row);
        e = grid_put(g, &s);
    }
    e = e == ERR_OK && more < 0 ? ERR_IO : e;
    e = e != ERR_OK ? e : grid_finish(g);
    store_rows_close(v->report.store);
    grid_close(g);
    return e;
}

const char *grid_view_number(double value)
{
    static char texts[8][NUMBER_TEXT];
    static unsigned next;
    char *text = texts[next++ % 8];
    if (isnan(value)) {
        return "-";
    }
    snprintf(text, NUMBER_TEXT, "%.6g", value);
    return text;
}
