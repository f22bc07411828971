/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/grid_events.h"

#include "app/grid_view.h"
#include "app/table.h"
#include "base/clock.h"
#include "grid/main_values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- events --- */

struct events {
    struct grid_view *view;
    struct grid_stretch stretch; /* of samples, or of days */
    struct grid_sample *days;
    size_t day_count, day_size;
    json_t *list;
    enum err err;
};

static double mean_water_m(const struct events *e, int64_t time_us)
{
    bool above_zero = strcmp(e->view->parameter->id, "gauge_level") == 0;
    return station_mean_water_m(e->view->station, above_zero, time_us);
}

static json_t *json_classes(const struct event_rule *r, const struct grid_event *e)
{
    json_t *list = json_array();
    for (size_t k = 0; k < r->class_count; k++) {
        json_array_append_new(list, json_pack("{s:f, s:f}", "class", r->classes[k],
                                              "hours", (double)e->over_us[k] / 3.6e9));
    }
    return list;
}

static void take_event(void *arg, const struct grid_event *e)
{
    struct events *all = arg;
    double reference = e->rule->relative ? mean_water_m(all, e->peak.time_us) : 0;
    json_array_append_new(
        all->list,
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:s}", "event",
                  e->rule->event, "from", report_time(e->from_us), "to",
                  report_time(e->to_us), "peak", report_number(e->peak.value + reference),
                  "peak_time", report_time(e->peak.time_us), "reference",
                  e->rule->relative ? report_number(reference) : json_null(), "classes",
                  json_classes(e->rule, e), "rate_per_h", report_number(e->rate_per_h),
                  "coverage", report_number(e->coverage), "n", (json_int_t)e->n,
                  "n_suspect", (json_int_t)e->suspect, "source", e->rule->source));
}

static void take_day(void *arg, const struct grid_cell *c)
{
    struct events *e = arg;
    if (c->grid != GRID_DAY || !c->valid || e->err != ERR_OK) {
        return;
    }
    if (e->day_count == e->day_size) {
        size_t size = e->day_size == 0 ? 512 : 2 * e->day_size;
        struct grid_sample *grown = realloc(e->days, size * sizeof *grown);
        if (grown == NULL) {
            e->err = ERR_MEMORY;
            return;
        }
        e->days = grown;
        e->day_size = size;
    }
    e->days[e->day_count++] =
        (struct grid_sample){c->period.from_us, c->value, QUALITY_GOOD};
}

/* Samples as they are, or counted from mean water; values without one are left out. */
static enum err find_in_samples(struct events *e, const struct event_rule *r)
{
    struct grid_stretch s = e->stretch;
    struct grid_sample *relative = NULL;
    size_t n = 0;
    if (r->relative) {
        relative = malloc((s.count + 1) * sizeof *relative);
        if (relative == NULL) {
            return ERR_MEMORY;
        }
        for (size_t k = 0; k < s.count; k++) {
            relative[n] = s.samples[k];
            relative[n].value -= mean_water_m(e, s.samples[k].time_us);
            n++;
        }
        s.samples = relative;
    }
    enum err err = grid_events(r, &s, 0, e, take_event);
    free(relative);
    return err;
}

static enum err find_in_days(struct events *e, const struct event_rule *r)
{
    if (e->days == NULL) {
        enum err err = grid_view_cells(e->view, e->view->window, e, take_day);
        if (err != ERR_OK || e->err != ERR_OK) {
            return err != ERR_OK ? err : e->err;
        }
    }
    const struct grid_stretch s = {&e->view->rule, e->days, e->day_count, (double)NAN};
    return grid_events(r, &s, CLOCK_US_PER_DAY, e, take_event);
}

static enum err find_events(struct events *e)
{
    const struct parameter *p = e->view->parameter;
    enum err err = grid_view_load(e->view, e->view->window);
    err = err != ERR_OK ? err : grid_view_stretch(e->view, &e->stretch);
    for (size_t k = 0; k < p->event_count && err == ERR_OK; k++) {
        const struct event_rule *r = &p->events[k];
        if (r->relative && isnan(mean_water_m(e, e->view->now_us))) {
            command_say(e->view->report.invocation,
                        "%s counts from mean water, and %s has no reference_level: "
                        "nothing is looked for",
                        r->event, e->view->station->station);
        } else {
            err = r->daily ? find_in_days(e, r) : find_in_samples(e, r);
        }
    }
    return err;
}

/* "1: 5.5 h, 1.25: 2.0 h": classes that were reached. */
static void put_classes(struct table *t, json_t *classes)
{
    char text[TABLE_CELL] = "";
    size_t length = 0;
    size_t index;
    json_t *row;
    json_array_foreach(classes, index, row)
    {
        double hours = json_number_value(json_object_get(row, "hours"));
        if (hours > 0 && length < sizeof text) {
            length +=
                (size_t)snprintf(text + length, sizeof text - length, "%s%g: %.1f h",
                                 length > 0 ? ", " : "",
                                 json_number_value(json_object_get(row, "class")), hours);
        }
    }
    table_put(t, "%s", text);
}

static double number_of(json_t *row, const char *name)
{
    json_t *value = json_object_get(row, name);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static const char *text_of(json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text != NULL ? text : "";
}

static void print_events(json_t *list)
{
    static const char *const headings[] = {"EVENT",           "FROM",      "TO",
                                           ">PEAK",           "AT",        "BEYOND CLASS",
                                           ">CHANGE AN HOUR", ">COVERAGE", NULL};
    struct table *t = table_open(headings);
    size_t index;
    json_t *row;
    json_array_foreach(list, index, row)
    {
        if (t == NULL) {
            break;
        }
        table_put(t, "%s", text_of(row, "event"));
        table_put(t, "%s", text_of(row, "from"));
        table_put(t, "%s", text_of(row, "to"));
        table_put(t, "%s", grid_view_number(number_of(row, "peak")));
        table_put(t, "%s", text_of(row, "peak_time"));
        put_classes(t, json_object_get(row, "classes"));
        table_put(t, "%s", grid_view_number(number_of(row, "rate_per_h")));
        table_put(t, "%.0f %%", 100 * number_of(row, "coverage"));
    }
    if (t != NULL) {
        table_print(t, stdout);
    }
    table_close(t);
}

static int events_of_series(struct grid_view *v, json_t *row)
{
    struct events e = {.view = v, .list = json_array()};
    const struct invocation *i = v->report.invocation;
    enum err err = find_events(&e);
    if (err == ERR_OK && !i->json) {
        print_events(e.list);
        if (v->parameter->event_count == 0) {
            command_say(i, "no event of %s is defined in parameters.json",
                        v->parameter->id);
        } else if (json_array_size(e.list) == 0) {
            command_say(i, "no event");
        }
    }
    json_object_set_new(row, "events", e.list);
    free(e.days);
    return err != ERR_OK ? grid_view_fail(v, err) : EXIT_DONE;
}

int grid_show_events(struct invocation *i)
{
    return grid_view_run(i, "series", events_of_series);
}

/* --- main values --- */

struct main_view {
    struct main_values *values;
    enum err err;
};

static void take_hydroday(void *arg, const struct grid_cell *c)
{
    struct main_view *m = arg;
    if (c->grid == GRID_HYDRODAY && m->err == ERR_OK) {
        m->err = main_values_put_day(m->values, c);
    }
}

static json_t *json_extreme(const struct grid_extreme *e)
{
    return isnan(e->value) ? json_null()
                           : json_pack("{s:f, s:o}", "value", e->value, "time",
                                       report_time(e->time_us));
}

/* A peak, and the flag it has. */
static json_t *json_peak(const struct grid_extreme *e, enum quality flag)
{
    json_t *out = json_extreme(e);
    if (json_is_object(out)) {
        json_object_set_new(out, "flag", json_string(quality_text(flag)));
    }
    return out;
}

static json_t *json_years(const struct main_summary *s)
{
    json_t *list = json_array();
    for (size_t k = 0; k < s->year_count; k++) {
        const struct main_year *y = &s->years[k];
        json_array_append_new(list,
                              json_pack("{s:o, s:o, s:b, s:i, s:i, s:o, s:o, s:o}",
                                        "start", report_time(y->period.from_us), "end",
                                        report_time(y->period.to_us), "whole", y->whole,
                                        "days", y->days, "days_expected",
                                        y->days_expected, "mw", report_number(y->mw),
                                        "nw_lowest_daily_mean", json_extreme(&y->nw),
                                        "hw_peak", json_peak(&y->hw, y->hw_flag)));
    }
    return list;
}

static void set_summary(json_t *row, const struct main_summary *s)
{
    json_t *exceeded = json_array();
    for (int k = 0; k < MAIN_EXCEEDANCES; k++) {
        json_array_append_new(exceeded, json_pack("{s:f, s:f, s:o}", "share_of_days",
                                                  s->exceedance[k].share, "days_a_year",
                                                  365 * s->exceedance[k].share,
                                                  "daily_mean_at_least",
                                                  report_number(s->exceedance[k].value)));
    }
    json_t *out = json_pack("{s:o, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "years",
                            json_years(s), "whole_years", s->whole_years, "days", s->days,
                            "days_expected", s->days_expected, "mw", report_number(s->mw),
                            "mnw_mean_of_lowest_daily_means", report_number(s->mnw),
                            "mhw_mean_of_peaks", report_number(s->mhw),
                            "nw_lowest_daily_mean", json_extreme(&s->nw), "hw_peak",
                            json_peak(&s->hw, s->hw_flag), "exceedance", exceeded);
    json_object_update(row, out);
    json_decref(out);
}

static void print_extreme(const char *what, const struct grid_extreme *e,
                          const char *remark)
{
    printf("%-34s %10s  %s%s\n", what, grid_view_number(e->value),
           isnan(e->value) ? "" : report_time_text(e->time_us), remark);
}

static void print_years(const struct main_summary *s)
{
    static const char *const headings[] = {
        "YEAR FROM",        ">DAYS", ">OF",        "WHOLE", ">MW",
        ">NW (DAILY MEAN)", "AT",    ">HW (PEAK)", "AT",    NULL};
    struct table *t = table_open(headings);
    for (size_t k = 0; t != NULL && k < s->year_count; k++) {
        const struct main_year *y = &s->years[k];
        table_put(t, "%.10s", report_time_text(y->period.from_us));
        table_put(t, "%d", y->days);
        table_put(t, "%d", y->days_expected);
        table_put(t, "%s", y->whole ? "yes" : "no");
        table_put(t, "%s", grid_view_number(y->mw));
        table_put(t, "%s", grid_view_number(y->nw.value));
        table_put(t, "%s", isnan(y->nw.value) ? "" : report_time_text(y->nw.time_us));
        table_put(t, "%s", grid_view_number(y->hw.value));
        table_put(t, "%s", isnan(y->hw.value) ? "" : report_time_text(y->hw.time_us));
    }
    if (t != NULL) {
        table_print(t, stdout);
    }
    table_close(t);
}

static void print_summary(const struct main_summary *s)
{
    print_years(s);
    printf("\n%-34s %10s  of %d whole years\n", "MW, mean of daily means",
           grid_view_number(s->mw), s->whole_years);
    printf("%-34s %10s\n", "MNW, mean of lowest daily means", grid_view_number(s->mnw));
    printf("%-34s %10s\n", "MHW, mean of peaks", grid_view_number(s->mhw));
    print_extreme("NW, lowest daily mean", &s->nw, "");
    print_extreme("HW, peak", &s->hw,
                  s->hw_flag == QUALITY_SUSPECT ? ", flagged suspect" : "");
    printf("\nof %d days of %d, the daily mean was at least\n", s->days,
           s->days_expected);
    for (int k = 0; k < MAIN_EXCEEDANCES; k++) {
        printf("%10s  on %.0f %% of the days (%.0f a year)\n",
               grid_view_number(s->exceedance[k].value), 100 * s->exceedance[k].share,
               365 * s->exceedance[k].share);
    }
}

static enum err fill_main(struct grid_view *v, struct main_view *m,
                          struct main_summary *s)
{
    enum err e = m->values == NULL ? ERR_MEMORY : grid_view_load(v, v->window);
    for (size_t k = 0; e == ERR_OK && k < v->count; k++) {
        e = main_values_put_sample(m->values, &v->samples[k]);
    }
    e = e != ERR_OK ? e : grid_view_cells(v, v->window, m, take_hydroday);
    e = e != ERR_OK ? e : m->err;
    return e != ERR_OK ? e : main_values_finish(m->values, s);
}

static int main_of_series(struct grid_view *v, json_t *row)
{
    struct main_view m = {.values = main_values_open()};
    struct main_summary s;
    enum err e = fill_main(v, &m, &s);
    if (e == ERR_OK) {
        set_summary(row, &s);
    }
    if (e == ERR_OK && !v->report.invocation->json) {
        print_summary(&s);
    }
    main_values_close(m.values);
    return e != ERR_OK ? grid_view_fail(v, e) : EXIT_DONE;
}

static int judge_direction(struct grid_view *v, json_t *row)
{
    if (v->parameter->aggregate == AGGREGATE_DIRECTION) {
        return command_fail(v->report.invocation, EXIT_USAGE,
                            "%s is a direction: it has no highest value",
                            v->parameter->id);
    }
    return main_of_series(v, row);
}

int grid_show_main(struct invocation *i)
{
    return grid_view_run(i, "series", judge_direction);
}
