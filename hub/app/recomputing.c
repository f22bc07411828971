/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/recomputing.h"

#include "app/answers.h"
#include "app/command.h"
#include "app/report.h"
#include "base/clock.h"

#include <math.h>
#include <stdlib.h>

const char *const recomputing_changes[DIFFERENCE_COUNT] = {
    "new", "changed_value", "changed_flag", "changed_source", "withdrawn"};

char *recomputing_request(const struct recompute_order *order)
{
    json_t *stations = json_array();
    for (size_t i = 0; i < order->scope.station_count; i++) {
        json_array_append_new(stations, json_string(order->scope.stations[i]));
    }
    json_t *request = json_pack("{s:s, s:I, s:I, s:b, s:o}", "verb", "recompute",
                                "from_us", (json_int_t)order->scope.from_us, "to_us",
                                (json_int_t)order->scope.to_us, "apply", order->apply,
                                "stations", stations);
    char *line = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(request);
    return line;
}

struct recompute_order recomputing_order(const json_t *request, const char **stations)
{
    const json_t *named = json_object_get(request, "stations");
    struct recompute_order order = {
        .scope = {.from_us = json_integer_value(json_object_get(request, "from_us")),
                  .to_us = json_integer_value(json_object_get(request, "to_us")),
                  .stations = stations},
        .apply = json_is_true(json_object_get(request, "apply"))};
    for (size_t i = 0; i < json_array_size(named) && i < RECOMPUTING_STATIONS; i++) {
        const char *name = json_string_value(json_array_get(named, i));
        stations[order.scope.station_count++] = name != NULL ? name : "";
    }
    return order;
}

static void tell_progress(void *arg, const struct pipeline_progress *p)
{
    answers_progress(arg, p);
}

static void add_counts(json_t *to, const int64_t changes[DIFFERENCE_COUNT],
                       int64_t unchanged)
{
    for (int k = 0; k < DIFFERENCE_COUNT; k++) {
        json_object_set_new(to, recomputing_changes[k], json_integer(changes[k]));
    }
    json_object_set_new(to, "unchanged", json_integer(unchanged));
}

static json_t *series_json(const struct recompute_series *s)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "city", s->city, "station", s->station,
                     "parameter", s->parameter, "position", s->position, "origin",
                     s->origin);
}

/* What is held; null: nothing. */
static json_t *side_json(bool is, const struct observation *o)
{
    return is ? json_pack("{s:o, s:s, s:o, s:s, s:I}", "value", report_number(o->value),
                          "flag", quality_text(quality_aggregate(o->tests)), "raw_value",
                          report_number(o->raw), "raw_unit", o->raw_unit, "message_id",
                          (json_int_t)o->message)
              : json_null();
}

static json_t *example_json(const struct recompute_result *r,
                            const struct recompute_example *x)
{
    const struct store_difference *d = &x->difference;
    json_t *out = series_json(&r->series[x->series]);
    json_object_set_new(out, "time", report_time(d->time_us));
    json_object_set_new(out, "unit", json_string(x->unit));
    json_object_set_new(out, "change", json_string(recomputing_changes[d->change]));
    json_object_set_new(out, "before",
                        side_json(d->change != DIFFERENCE_NEW, &d->before));
    json_object_set_new(out, "after",
                        side_json(d->change != DIFFERENCE_WITHDRAWN, &d->after));
    return out;
}

static void tell_result(const struct answers *to, const struct recompute_order *order,
                        const struct recompute_result *r)
{
    for (size_t i = 0; i < r->series_count; i++) {
        json_t *series = series_json(&r->series[i]);
        add_counts(series, r->series[i].changes, r->series[i].same);
        answers_send(to, json_pack("{s:o}", "series", series));
    }
    for (size_t i = 0; i < r->example_count; i++) {
        answers_send(to, json_pack("{s:o}", "example", example_json(r, &r->examples[i])));
    }
    json_t *sums = json_pack("{s:b, s:I, s:I, s:I}", "applied", order->apply, "messages",
                             (json_int_t)r->messages, "left_alone",
                             (json_int_t)r->left_alone, "conflicts_kept_otherwise",
                             (json_int_t)r->conflicts, "fates", (json_int_t)r->fates);
    add_counts(sums, r->changes, r->same);
    answers_send(to, json_pack("{s:o}", "recompute", sums));
}

enum err recomputing_run(struct pipeline *p, const void *given, void *arg,
                         void (*line)(void *arg, const char *line), int *exit_code,
                         struct diag *d)
{
    const struct recompute_order *order = given;
    struct answers to = {arg, line};
    struct recompute_result r;
    enum err e = pipeline_recompute(p, order, &to, tell_progress, &r, d);
    if (e != ERR_OK) {
        return e;
    }
    int64_t different = r.conflicts + r.fates;
    for (int k = 0; k < DIFFERENCE_COUNT; k++) {
        different += r.changes[k];
    }
    tell_result(&to, order, &r);
    recompute_result_fini(&r);
    *exit_code = different > 0 && !order->apply ? EXIT_FINDINGS : EXIT_DONE;
    return ERR_OK;
}
