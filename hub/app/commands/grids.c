/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/grid_events.h"
#include "app/grid_gaps.h"
#include "app/grid_view.h"
#include "app/table.h"
#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One series on one grid, on its way to JSON or a table. */
struct listing {
    struct grid_view *view;
    enum grid grid;
    struct period window; /* cells that begin in it */
    json_t *cells;        /* NULL: for people */
    struct table *table;
    struct grid_cell *days; /* that months and years are made of */
    size_t day_count, day_size;
    enum err err;
};

/* How the values are made, as the CF conventions say it (cell_methods). */
static const char *method_of(enum aggregate a, enum grid g)
{
    bool of_days = g == GRID_MONTH || g == GRID_HYDROYEAR;
    switch (a) {
    case AGGREGATE_MEDIAN:
        return of_days ? "time: median within days time: median over days"
                       : "time: median";
    case AGGREGATE_DIRECTION:
        return "time: mean (of unit vectors)";
    case AGGREGATE_LOG10:
        return "time: mean (geometric)";
    case AGGREGATE_SUM:
        return "time: sum";
    default:
        return "time: mean";
    }
}

static json_t *json_extreme_time(const struct grid_extreme *e)
{
    return isnan(e->value) ? json_null() : report_time(e->time_us);
}

static json_t *json_count_or_null(int64_t count)
{
    return count > 0 ? json_integer((json_int_t)count) : json_null();
}

static json_t *json_cell(const struct grid_cell *c, enum aggregate a)
{
    const char *from =
        c->expected > 0 ? (c->from_median ? "median interval" : "configuration") : NULL;
    json_t *out = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:s?, s:o}", "start",
        report_time(c->period.from_us), "end", report_time(c->period.to_us), "value",
        report_number(c->value), "median", report_number(c->median), "min",
        report_number(c->min.value), "min_time", json_extreme_time(&c->min), "max",
        report_number(c->max.value), "max_time", json_extreme_time(&c->max), "n",
        (json_int_t)c->n, "n_expected", json_count_or_null(grid_expected(c)),
        "expected_from", from, "coverage", report_number(grid_coverage(c)));
    json_t *counts =
        json_pack("{s:I, s:I, s:I, s:I}", "n_suspect", (json_int_t)c->suspect, "n_fail",
                  (json_int_t)c->fail, "n_missing", (json_int_t)c->missing,
                  "n_not_evaluated", (json_int_t)c->not_evaluated);
    json_object_update(out, counts);
    json_decref(counts);
    if (c->parts_expected > 0) {
        json_object_set_new(out, "parts", json_integer(c->parts));
        json_object_set_new(out, "parts_expected", json_integer(c->parts_expected));
    }
    if (a == AGGREGATE_LOG10) {
        json_object_set_new(out, "p90", report_number(c->p90));
        json_object_set_new(out, "p95", report_number(c->p95));
    }
    return out;
}

/* --- the same for people --- */

static void put_extreme(struct table *t, const struct grid_extreme *e)
{
    table_put(t, "%s", grid_view_number(e->value));
    table_put(t, "%s", isnan(e->value) ? "" : report_time_text(e->time_us));
}

/* "2 suspect, 1 fail". */
static void put_losses(struct table *t, const struct grid_cell *c)
{
    const struct {
        int64_t count;
        const char *name;
    } losses[] = {{c->suspect, "suspect"},
                  {c->fail, "fail"},
                  {c->missing, "missing"},
                  {c->not_evaluated, "not evaluated"}};
    char text[TABLE_CELL] = "";
    size_t length = 0;
    for (size_t k = 0; k < 4; k++) {
        if (losses[k].count > 0) {
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%lld %s",
                                       length > 0 ? ", " : "", (long long)losses[k].count,
                                       losses[k].name);
        }
    }
    table_put(t, "%s", text);
}

static void put_row(struct table *t, const struct grid_cell *c, enum aggregate a)
{
    table_put(t, "%s", report_time_text(c->period.from_us));
    table_put(t, "%s", grid_view_number(c->value));
    table_put(t, "%s", grid_view_number(a == AGGREGATE_LOG10 ? c->p95 : c->median));
    put_extreme(t, &c->min);
    put_extreme(t, &c->max);
    table_put(t, "%lld", (long long)c->n);
    if (c->expected > 0) {
        table_put(t, "%lld%s", (long long)grid_expected(c), c->from_median ? "?" : "");
        table_put(t, "%.0f %%", 100 * grid_coverage(c));
    } else {
        table_put(t, "?");
        table_put(t, "-");
    }
    put_losses(t, c);
}

/* --- cells --- */

static void give(void *arg, const struct grid_cell *c)
{
    struct listing *l = arg;
    enum aggregate a = l->view->rule.aggregate;
    if ((l->window.from_us != CLOCK_NONE && c->period.from_us < l->window.from_us) ||
        (l->window.to_us != CLOCK_NONE && c->period.from_us >= l->window.to_us)) {
        return;
    }
    if (l->cells != NULL) {
        json_array_append_new(l->cells, json_cell(c, a));
    } else {
        put_row(l->table, c, a);
    }
}

static void keep_day(struct listing *l, const struct grid_cell *c)
{
    if (l->day_count == l->day_size) {
        size_t size = l->day_size == 0 ? 512 : 2 * l->day_size;
        struct grid_cell *grown = realloc(l->days, size * sizeof *grown);
        if (grown == NULL) {
            l->err = ERR_MEMORY;
            return;
        }
        l->days = grown;
        l->day_size = size;
    }
    l->days[l->day_count++] = *c;
}

static void take_cell(void *arg, const struct grid_cell *c)
{
    struct listing *l = arg;
    bool part = (l->grid == GRID_MONTH && c->grid == GRID_DAY) ||
                (l->grid == GRID_HYDROYEAR && c->grid == GRID_HYDRODAY);
    if (part && l->err == ERR_OK) {
        keep_day(l, c);
    } else if (c->grid == l->grid) {
        give(l, c);
    }
}

/* What must be read for whole cells: their periods, and the day before and after, which
 * tell the interval of hours that hydrological days share. */
static struct period reach(const struct listing *l)
{
    struct period p = l->window;
    if (p.from_us != CLOCK_NONE) {
        p.from_us = grid_period(l->grid, p.from_us).from_us;
        p.from_us = grid_period(GRID_DAY, p.from_us - CLOCK_US_PER_DAY).from_us;
    }
    if (p.to_us != CLOCK_NONE) {
        p.to_us = grid_period(l->grid, p.to_us - 1).to_us;
        p.to_us = grid_period(GRID_DAY, p.to_us + CLOCK_US_PER_DAY).to_us;
    }
    return p;
}

static enum err make_cells(struct listing *l)
{
    enum err e = grid_view_cells(l->view, reach(l), l, take_cell);
    e = e != ERR_OK ? e : l->err;
    if (e == ERR_OK && l->day_count > 0) {
        e = grid_merge(&l->view->rule, l->days, l->day_count, l, give);
    }
    free(l->days);
    return e;
}

static struct table *open_table(enum aggregate a)
{
    static const char *const plain[] = {"START",     ">VALUE",    ">MEDIAN",     ">MIN",
                                        "AT",        ">MAX",      "AT",          ">N",
                                        ">EXPECTED", ">COVERAGE", "NOT COUNTED", NULL};
    static const char *const bacteria[] = {
        "START", ">VALUE", ">P95",      ">MIN",      "AT",          ">MAX",
        "AT",    ">N",     ">EXPECTED", ">COVERAGE", "NOT COUNTED", NULL};
    return table_open(a == AGGREGATE_LOG10 ? bacteria : plain);
}

static int list_series(struct grid_view *v, json_t *row)
{
    const char *name = invocation_value(v->report.invocation, "--grid");
    struct listing l = {.view = v, .grid = GRID_DAY, .window = v->window};
    (void)(name != NULL && grid_find(name, &l.grid)); /* judged before */
    const char *method = method_of(v->rule.aggregate, l.grid);
    if (v->report.invocation->json) {
        l.cells = json_array();
    } else {
        l.table = open_table(v->rule.aggregate);
    }
    enum err e = l.cells == NULL && l.table == NULL ? ERR_MEMORY : make_cells(&l);
    json_object_set_new(row, "grid", json_string(grid_names[l.grid]));
    json_object_set_new(row, "cell_methods", json_string(method));
    json_object_set_new(row, "cells", l.cells != NULL ? l.cells : json_null());
    if (e == ERR_OK && l.table != NULL) {
        printf("grid %s, [start, end) named by the start; value %s\n", grid_names[l.grid],
               method);
        table_print(l.table, stdout);
    }
    table_close(l.table);
    return e != ERR_OK ? grid_view_fail(v, e) : EXIT_DONE;
}

static int list(struct invocation *i)
{
    const char *name = invocation_value(i, "--grid");
    enum grid g;
    if (name != NULL && !grid_find(name, &g)) {
        return command_fail_name(i, "grid", name, grid_names, GRIDS);
    }
    return grid_view_run(i, "grids", list_series);
}

#define WINDOW                                                                           \
    {"--from", "TIME", "from then on"}, {"--to", "TIME", "until just before then"},      \
        {"--position", "NAME", "of several positions this one"},                         \
    {                                                                                    \
        "--origin", "NAME", "of several origins this one"                                \
    }

static const struct verb verbs[] = {
    {
        .name = "",
        .arguments = "STATION PARAMETER",
        .summary = "Show values of hours, days and so on, each with its coverage",
        .examples = {"kogge grids luebeck-bauhof water_temperature",
                     "kogge grids luebeck-bauhof water_level --grid hour --from "
                     "2026-11-01T00:00:00Z --to 2026-11-02T00:00:00Z"},
        .options = {{"--grid", "GRID",
                     "10min, hour, day (UTC), hydroday (MEZ), month (UTC), hydroyear"},
                    WINDOW},
        .least = 2,
        .most = 2,
        .json = true,
        .run = list,
    },
    {
        .name = "gaps",
        .arguments = "STATION PARAMETER",
        .summary = "Show when nothing came, and why",
        .examples = {"kogge grids gaps luebeck-bauhof water_level --from "
                     "2026-11-01T00:00:00Z"},
        .options = {WINDOW},
        .least = 2,
        .most = 2,
        .json = true,
        .run = grid_show_gaps,
    },
    {
        .name = "main",
        .arguments = "STATION PARAMETER",
        .summary = "Show hydrological main values: MW, MNW, MHW, lows, highs, durations",
        .examples = {"kogge grids main luebeck-bauhof water_level"},
        .options = {WINDOW},
        .least = 2,
        .most = 2,
        .json = true,
        .run = grid_show_main,
    },
    {
        .name = "events",
        .arguments = "STATION PARAMETER",
        .summary = "Show storm surges, low water, heat waves, oxygen deficits",
        .examples = {"kogge grids events luebeck-bauhof water_level --from "
                     "2025-11-01T00:00:00Z"},
        .options = {WINDOW},
        .least = 2,
        .most = 2,
        .json = true,
        .run = grid_show_events,
    },
};

const struct command command_grids = {"grids", verbs, 4};
