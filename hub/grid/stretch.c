/* SPDX-License-Identifier: EUPL-1.2 */
#include "grid/stretch.h"

#include "base/clock.h"
#include "grid/grid.h"

#include <math.h>
#include <stdlib.h>

static double seconds(int64_t us)
{
    return (double)us / 1e6;
}

static double interval_s(const struct grid_stretch *s, int64_t time_us)
{
    double configured_s = grid_interval_s(s->rule, time_us);
    return configured_s > 0 ? configured_s : s->median_s;
}

double grid_stretch_limit_s(const struct grid_stretch *s, int64_t time_us)
{
    return 1.5 * interval_s(s, time_us);
}

/* --- gaps --- */

/* A gap from g->from_us to g->to_us, if that is long enough. */
static bool measure_gap(const struct grid_stretch *s, struct grid_gap *g)
{
    double length_s = seconds(g->to_us - g->from_us);
    g->interval_s = interval_s(s, g->from_us);
    if (!(length_s > 1.5 * g->interval_s)) {
        return false;
    }
    double steps = length_s / g->interval_s;
    /* between two observations the last step ends in one that is there */
    g->missing = g->before && g->after ? llround(steps) - 1 : (int64_t)steps;
    return true;
}

void grid_gaps(const struct grid_stretch *s, struct period window, void *arg,
               void (*gap)(void *arg, const struct grid_gap *g))
{
    struct grid_gap g = {.from_us = window.from_us};
    for (size_t k = 0; k <= s->count; k++) {
        g.after = k < s->count;
        g.to_us = g.after ? s->samples[k].time_us : window.to_us;
        if (g.from_us != CLOCK_NONE && g.to_us != CLOCK_NONE && measure_gap(s, &g)) {
            gap(arg, &g);
        }
        g.before = true;
        g.from_us = g.to_us;
    }
}

/* --- events --- */

/* The samples that count, turned so that classes rise. */
struct search {
    const struct event_rule *rule;
    const struct grid_stretch *stretch;
    struct grid_sample *samples;
    size_t count;
    int64_t hold_us;
};

static double turned(const struct event_rule *r, double value)
{
    return r->below ? -value : value;
}

/* Heights above mean water are differences of decimals, and off by less than this. */
static const double rounding = 1e-9;

static double class_of(const struct event_rule *r, size_t k)
{
    return turned(r, r->classes[k]) - rounding;
}

static bool is_beyond(const struct search *f, size_t k)
{
    return f->samples[k].value >= class_of(f->rule, 0);
}

static enum err take_samples(struct search *f)
{
    const struct grid_stretch *s = f->stretch;
    f->samples = malloc((s->count + 1) * sizeof *f->samples);
    if (f->samples == NULL) {
        return ERR_MEMORY;
    }
    for (size_t k = 0; k < s->count; k++) {
        enum quality q = s->samples[k].flag;
        if (isfinite(s->samples[k].value) && q != QUALITY_FAIL && q != QUALITY_MISSING) {
            f->samples[f->count] = s->samples[k];
            f->samples[f->count++].value = turned(f->rule, s->samples[k].value);
        }
    }
    return ERR_OK;
}

/* True if nothing is missing between sample k and the next. */
static bool is_joined(const struct search *f, size_t k)
{
    int64_t us = f->samples[k + 1].time_us - f->samples[k].time_us;
    double limit_s = f->hold_us > 0
                         ? seconds(f->hold_us)
                         : grid_stretch_limit_s(f->stretch, f->samples[k].time_us);
    return seconds(us) <= limit_s;
}

/* Last sample beyond the first class of the event that begins with from. */
static size_t find_last(const struct search *f, size_t from)
{
    size_t last = from;
    for (size_t k = from + 1; k < f->count; k++) {
        double pause_s =
            seconds(f->samples[k].time_us - f->samples[last].time_us - f->hold_us);
        bool next = k == last + 1 && is_joined(f, last);
        if (!next && pause_s > f->rule->join_s) {
            break;
        }
        if (is_beyond(f, k)) {
            last = k;
        }
    }
    return last;
}

/* Time beyond class c on the straight line between two samples. */
static double line_over_us(const struct grid_sample *a, const struct grid_sample *b,
                           double c)
{
    double us = (double)(b->time_us - a->time_us);
    double high = fmax(a->value, b->value);
    double low = fmin(a->value, b->value);
    return low >= c ? us : high < c ? 0 : us * (high - c) / (high - low);
}

static void measure_days(const struct search *f, size_t from, size_t last,
                         struct grid_event *e)
{
    for (size_t c = 0; c < f->rule->class_count; c++) {
        for (size_t k = from; k <= last; k++) {
            bool over = f->samples[k].value >= class_of(f->rule, c);
            e->over_us[c] += over ? f->hold_us : 0;
        }
    }
    e->coverage =
        (double)(last - from + 1) * (double)f->hold_us / (double)(e->to_us - e->from_us);
}

static void measure_lines(const struct search *f, size_t from, size_t last,
                          struct grid_event *e)
{
    size_t first = from > 0 ? from - 1 : 0;
    size_t end = last + 1 < f->count ? last + 1 : last;
    double known_us = 0;
    for (size_t c = 0; c < f->rule->class_count; c++) {
        double over_us = 0;
        for (size_t k = first; k < end; k++) {
            if (is_joined(f, k)) {
                over_us += line_over_us(&f->samples[k], &f->samples[k + 1],
                                        class_of(f->rule, c));
            }
        }
        e->over_us[c] = llround(over_us);
    }
    for (size_t k = from; k < last; k++) {
        if (is_joined(f, k)) {
            known_us += (double)(f->samples[k + 1].time_us - f->samples[k].time_us);
        }
    }
    e->coverage = last > from ? known_us / (double)(e->to_us - e->from_us) : 1;
}

/* The fastest change over the hour that ends with a sample of the event, up to the peak:
 * from the latest sample that is an hour old, and not two. */
static double fastest_per_h(const struct search *f, size_t from, size_t peak)
{
    static const int64_t hour_us = 3600 * CLOCK_US_PER_S;
    double fastest = (double)NAN;
    for (size_t k = from; k <= peak; k++) {
        const struct grid_sample *s = &f->samples[k];
        size_t old = k;
        while (old > 0 && s->time_us - f->samples[old].time_us < hour_us) {
            old--;
        }
        int64_t us = s->time_us - f->samples[old].time_us;
        if (us >= hour_us && us <= 2 * hour_us) {
            double rate = (s->value - f->samples[old].value) / seconds(us) * 3600;
            fastest = rate <= fastest ? fastest : rate;
        }
    }
    return turned(f->rule, fastest);
}

static struct grid_event measure_event(const struct search *f, size_t from, size_t last)
{
    struct grid_event e = {.rule = f->rule,
                           .from_us = f->samples[from].time_us,
                           .to_us = f->samples[last].time_us + f->hold_us,
                           .rate_per_h = (double)NAN};
    size_t peak = from;
    for (size_t k = from; k <= last; k++) {
        peak = f->samples[k].value > f->samples[peak].value ? k : peak;
        e.n += is_beyond(f, k);
        e.suspect += is_beyond(f, k) && f->samples[k].flag == QUALITY_SUSPECT;
    }
    e.peak = (struct grid_extreme){turned(f->rule, f->samples[peak].value),
                                   f->samples[peak].time_us};
    if (f->hold_us > 0) {
        measure_days(f, from, last, &e);
    } else {
        measure_lines(f, from, last, &e);
        e.rate_per_h = fastest_per_h(f, from, peak);
    }
    return e;
}

enum err grid_events(const struct event_rule *rule, const struct grid_stretch *s,
                     int64_t hold_us, void *arg,
                     void (*event)(void *arg, const struct grid_event *e))
{
    struct search f = {.rule = rule, .stretch = s, .hold_us = hold_us};
    enum err e = take_samples(&f);
    for (size_t k = 0; e == ERR_OK && k < f.count; k++) {
        if (!is_beyond(&f, k)) {
            continue;
        }
        size_t last = find_last(&f, k);
        struct grid_event found = measure_event(&f, k, last);
        if (seconds(found.to_us - found.from_us) >= rule->least_s) {
            event(arg, &found);
        }
        k = last;
    }
    free(f.samples);
    return e;
}
