/* SPDX-License-Identifier: EUPL-1.2 */
#include "grid/grid.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_US (INT64_C(3600) * CLOCK_US_PER_S)

enum { HOURS = 24, SAMPLES_MOST = 1 << 24, HOURS_OF_DAY = 18 };

struct hour {
    double expected; /* samples; 0: not known */
    bool from_median, valid;
};

struct grid_builder {
    const struct grid_rule *rule;
    void *arg;
    void (*cell)(void *arg, const struct grid_cell *c);
    int64_t day_us;              /* the UTC day under way; CLOCK_NONE: none */
    struct grid_sample *samples; /* last hour of the day before, then the day's */
    size_t count, size;
    size_t before;            /* how many are of the day before */
    double *room;             /* size of them */
    struct hour last;         /* hour of the day before */
    struct hour hours[HOURS]; /* of the day under way */
};

struct grid_builder *grid_open(const struct grid_rule *rule, void *arg,
                               void (*cell)(void *arg, const struct grid_cell *c))
{
    struct grid_builder *g = calloc(1, sizeof *g);
    if (g != NULL) {
        g->rule = rule;
        g->arg = arg;
        g->cell = cell;
        g->day_us = CLOCK_NONE;
    }
    return g;
}

void grid_close(struct grid_builder *g)
{
    if (g != NULL) {
        free(g->samples);
        free(g->room);
        free(g);
    }
}

static enum err grow(struct grid_builder *g)
{
    size_t size = g->size == 0 ? 1024 : 2 * g->size;
    if (size > SAMPLES_MOST) {
        return ERR_FULL;
    }
    struct grid_sample *samples = realloc(g->samples, size * sizeof *samples);
    if (samples == NULL) {
        return ERR_MEMORY;
    }
    g->samples = samples;
    double *room = realloc(g->room, size * sizeof *room);
    if (room == NULL) {
        return ERR_MEMORY;
    }
    g->room = room;
    g->size = size;
    return ERR_OK;
}

double grid_interval_s(const struct grid_rule *rule, int64_t time_us)
{
    size_t k = rule->step_count;
    while (k > 1 && rule->steps[k - 1].from_us > time_us) {
        k--;
    }
    return k > 0 ? rule->steps[k - 1].interval_s : (double)NAN;
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median_interval(const struct grid_sample *samples, size_t count,
                              double *room)
{
    if (count < 3) {
        return (double)NAN;
    }
    size_t n = count - 1;
    bool even = true;
    for (size_t k = 0; k < n; k++) {
        room[k] = (double)(samples[k + 1].time_us - samples[k].time_us) / 1e6;
        even &= room[k] == room[0];
    }
    if (even) {
        return room[0];
    }
    qsort(room, n, sizeof *room, compare_doubles);
    return n % 2 == 1 ? room[n / 2] : (room[n / 2 - 1] + room[n / 2]) / 2;
}

enum err grid_median_interval_s(const struct grid_sample *samples, size_t count,
                                double *interval_s)
{
    double *room = malloc((count + 1) * sizeof *room);
    if (room == NULL) {
        return ERR_MEMORY;
    }
    *interval_s = median_interval(samples, count, room);
    free(room);
    return ERR_OK;
}

/* --- cells of a day --- */

static void expect_hours(struct grid_builder *g)
{
    double median_s = (double)NAN;
    bool asked = false;
    for (int k = 0; k < HOURS; k++) {
        double interval_s = grid_interval_s(g->rule, g->day_us + k * HOUR_US);
        bool configured = interval_s > 0;
        if (!configured && !asked) {
            asked = true;
            median_s =
                median_interval(g->samples + g->before, g->count - g->before, g->room);
        }
        interval_s = configured ? interval_s : median_s;
        bool known = interval_s > 0;
        g->hours[k] = (struct hour){.expected = known ? 3600 / interval_s : 0,
                                    .from_median = known && !configured};
    }
}

/* Index of the first sample from on that isn't before time_us. */
static size_t find_end(const struct grid_builder *g, size_t from, int64_t time_us)
{
    while (from < g->count && g->samples[from].time_us < time_us) {
        from++;
    }
    return from;
}

static void give_10min(struct grid_builder *g, const struct hour *h, size_t from,
                       size_t end)
{
    while (from < end) {
        struct grid_cell c = {.grid = GRID_10MIN,
                              .period = grid_period(GRID_10MIN, g->samples[from].time_us),
                              .expected = h->expected / 6,
                              .from_median = h->from_median};
        size_t next = find_end(g, from, c.period.to_us);
        grid_cell_count(g->rule, g->samples + from, next - from, g->room, &c);
        grid_cell_settle(g->rule, &c, grid_cell_is_covered(&c));
        g->cell(g->arg, &c);
        from = next;
    }
}

static void give_hours(struct grid_builder *g)
{
    size_t from = g->before;
    for (int k = 0; k < HOURS; k++) {
        struct hour *h = &g->hours[k];
        int64_t start_us = g->day_us + k * HOUR_US;
        struct grid_cell c = {.grid = GRID_HOUR,
                              .period = {start_us, start_us + HOUR_US},
                              .expected = h->expected,
                              .from_median = h->from_median};
        size_t end = find_end(g, from, c.period.to_us);
        if (end > from) {
            give_10min(g, h, from, end);
            grid_cell_count(g->rule, g->samples + from, end - from, g->room, &c);
            grid_cell_settle(g->rule, &c, grid_cell_is_covered(&c));
            h->valid = c.valid;
            g->cell(g->arg, &c);
        }
        from = end;
    }
}

/* Expected samples and valid hours of a day, of its 24 hours. */
static void set_parts(const struct hour *hours[HOURS], struct grid_cell *c)
{
    double expected = 0;
    int known = 0;
    c->parts_expected = HOURS;
    for (int k = 0; k < HOURS; k++) {
        expected += hours[k]->expected;
        known += hours[k]->expected > 0;
        c->parts += hours[k]->valid;
        c->from_median |= hours[k]->from_median;
    }
    c->expected = known > 0 ? expected / known * HOURS : 0;
}

/* A day or hydrological day of the samples from up to end. */
static void give_day(struct grid_builder *g, struct grid_cell *c, size_t from, size_t end)
{
    if (end == from) {
        return;
    }
    grid_cell_count(g->rule, g->samples + from, end - from, g->room, c);
    /* sampled more seldom than hourly: the samples are what there is to judge */
    bool enough =
        c->expected < HOURS ? grid_cell_is_covered(c) : c->parts >= HOURS_OF_DAY;
    grid_cell_settle(g->rule, c, enough);
    g->cell(g->arg, c);
}

static void give_utc_day(struct grid_builder *g)
{
    const struct hour *hours[HOURS];
    struct grid_cell c = {.grid = GRID_DAY,
                          .period = {g->day_us, g->day_us + CLOCK_US_PER_DAY}};
    for (int k = 0; k < HOURS; k++) {
        hours[k] = &g->hours[k];
    }
    set_parts(hours, &c);
    give_day(g, &c, g->before, g->count);
}

/* The hydrological day that ends at 23:00 of the day under way. */
static void give_hydroday(struct grid_builder *g)
{
    const struct hour *hours[HOURS] = {&g->last};
    struct grid_cell c = {
        .grid = GRID_HYDRODAY,
        .period = {g->day_us - HOUR_US, g->day_us - HOUR_US + CLOCK_US_PER_DAY}};
    for (int k = 1; k < HOURS; k++) {
        hours[k] = &g->hours[k - 1];
    }
    set_parts(hours, &c);
    give_day(g, &c, 0, find_end(g, 0, c.period.to_us));
}

/* Ends the day under way; its last hour stays, for the hydrological day to come. */
static void end_day(struct grid_builder *g)
{
    expect_hours(g);
    give_hours(g);
    give_utc_day(g);
    give_hydroday(g);
    size_t tail = find_end(g, 0, g->day_us + 23 * HOUR_US);
    g->before = g->count - tail;
    memmove(g->samples, g->samples + tail, g->before * sizeof *g->samples);
    g->count = g->before;
    g->last = g->hours[HOURS - 1];
    g->day_us += CLOCK_US_PER_DAY;
}

/* The day after the last one has no samples: what its first hour holds is all. */
static void end_tail(struct grid_builder *g)
{
    if (g->count > 0) {
        expect_hours(g);
        give_hydroday(g);
    }
    g->count = g->before = 0;
    g->last = (struct hour){0};
}

/* The hour before day_us, which holds no samples. */
static void begin_day(struct grid_builder *g, int64_t day_us)
{
    double interval_s = grid_interval_s(g->rule, day_us - HOUR_US);
    g->day_us = day_us;
    if (g->before == 0 && interval_s > 0) {
        g->last = (struct hour){.expected = 3600 / interval_s};
    }
}

enum err grid_put(struct grid_builder *g, const struct grid_sample *s)
{
    int64_t day_us = grid_period(GRID_DAY, s->time_us).from_us;
    if (g->day_us != CLOCK_NONE && day_us > g->day_us && g->count > g->before) {
        end_day(g);
    }
    if (g->day_us != CLOCK_NONE && day_us > g->day_us) {
        end_tail(g);
    }
    if (day_us != g->day_us) {
        begin_day(g, day_us);
    }
    if (g->count == g->size) {
        enum err e = grow(g);
        if (e != ERR_OK) {
            return e;
        }
    }
    g->samples[g->count++] = *s;
    return ERR_OK;
}

enum err grid_finish(struct grid_builder *g)
{
    if (g->count > g->before) {
        end_day(g);
    }
    end_tail(g);
    g->day_us = CLOCK_NONE;
    return ERR_OK;
}

/* --- months and years --- */

enum err grid_merge(const struct grid_rule *rule, const struct grid_cell *days,
                    size_t count, void *arg,
                    void (*cell)(void *arg, const struct grid_cell *c))
{
    double *room = malloc((count + 1) * sizeof *room);
    if (room == NULL) {
        return ERR_MEMORY;
    }
    for (size_t from = 0, end; from < count; from = end) {
        enum grid g = days[from].grid == GRID_DAY ? GRID_MONTH : GRID_HYDROYEAR;
        struct period p = grid_period(g, days[from].period.from_us);
        struct grid_cell c;
        for (end = from; end < count && days[end].period.from_us < p.to_us;) {
            end++;
        }
        grid_cell_merge(rule, g, days + from, end - from, room, &c);
        cell(arg, &c);
    }
    free(room);
    return ERR_OK;
}
