/* SPDX-License-Identifier: EUPL-1.2 */
#include "grid/cell.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>

static const double degree = 3.14159265358979323846 / 180;

int64_t grid_expected(const struct grid_cell *c)
{
    int64_t whole = llround(c->expected);
    return !(c->expected > 0) ? 0 : whole < 1 ? 1 : whole;
}

double grid_coverage(const struct grid_cell *c)
{
    int64_t expected = grid_expected(c);
    if (expected == 0) {
        return (double)NAN;
    }
    return c->n < expected ? (double)c->n / (double)expected : 1;
}

bool grid_cell_is_covered(const struct grid_cell *c)
{
    int64_t expected = grid_expected(c);
    return expected > 0 && 4 * c->n >= 3 * expected;
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Sorts values. */
static double median_of(double *values, size_t count)
{
    if (count == 0) {
        return (double)NAN;
    }
    if (count > 1) {
        qsort(values, count, sizeof *values, compare_doubles);
    }
    double high = values[count / 2];
    return count % 2 == 1 ? high : (values[count / 2 - 1] + high) / 2;
}

/* True: the sample is good; else it is counted by what it is instead. */
static bool take_flag(const struct grid_rule *r, const struct grid_sample *s,
                      struct grid_cell *out)
{
    if (!isfinite(s->value) || s->flag == QUALITY_MISSING) {
        out->missing++;
    } else if (s->flag == QUALITY_FAIL) {
        out->fail++;
    } else if (s->flag == QUALITY_SUSPECT) {
        out->suspect++;
    } else if (s->flag == QUALITY_GOOD || s->time_us == r->newest_us) {
        return true;
    } else {
        out->not_evaluated++;
    }
    return false;
}

static void take_extremes(const struct grid_sample *s, struct grid_cell *out)
{
    if (!(s->value >= out->min.value)) {
        out->min = (struct grid_extreme){s->value, s->time_us};
    }
    if (!(s->value <= out->max.value)) {
        out->max = (struct grid_extreme){s->value, s->time_us};
    }
}

/* Logarithm of a bacterial count; a zero is taken for the detection limit.
 * Source: Directive 2006/7/EC, annex II, note (a) to the percentile evaluation. */
static double logarithm(const struct grid_rule *r, double value)
{
    double limit = r->detection_limit > 0 ? r->detection_limit : 1;
    return log10(value > 0 ? value : limit);
}

/* a and b of good values, n of them, in order of time. */
static void accumulate(const struct grid_rule *r, const double *values, size_t n,
                       struct grid_cell *out)
{
    for (size_t k = 0; k < n; k++) {
        if (r->aggregate == AGGREGATE_DIRECTION) {
            out->a += cos(values[k] * degree);
            out->b += sin(values[k] * degree);
        } else if (r->aggregate == AGGREGATE_LOG10) {
            double x = logarithm(r, values[k]);
            double off = x - out->a; /* Welford: stable in one pass */
            out->a += off / (double)(k + 1);
            out->b += off * (x - out->a);
        } else {
            out->a += values[k];
        }
    }
}

static struct grid_cell empty_cell(const struct grid_cell *set)
{
    const struct grid_extreme none = {(double)NAN, CLOCK_NONE};
    return (struct grid_cell){.grid = set->grid,
                              .period = set->period,
                              .value = (double)NAN,
                              .median = (double)NAN,
                              .p90 = (double)NAN,
                              .p95 = (double)NAN,
                              .min = none,
                              .max = none,
                              .expected = set->expected,
                              .from_median = set->from_median,
                              .parts = set->parts,
                              .parts_expected = set->parts_expected};
}

void grid_cell_count(const struct grid_rule *r, const struct grid_sample *samples,
                     size_t count, double *room, struct grid_cell *out)
{
    size_t n = 0;
    *out = empty_cell(out);
    for (size_t k = 0; k < count; k++) {
        if (take_flag(r, &samples[k], out)) {
            room[n++] = samples[k].value;
            if (r->aggregate != AGGREGATE_DIRECTION) {
                take_extremes(&samples[k], out);
            }
        }
    }
    out->n = (int64_t)n;
    accumulate(r, room, n, out);
    if (r->aggregate != AGGREGATE_DIRECTION) {
        out->median = median_of(room, n);
    }
}

/* The mean of unit vectors, [0, 360); NAN where they cancel each other out. */
static double direction_of(const struct grid_cell *c)
{
    if (hypot(c->a, c->b) < 1e-9 * (double)c->n) {
        return (double)NAN;
    }
    double angle = atan2(c->b, c->a) / degree;
    angle = angle < 0 ? angle + 360 : angle;
    return angle < 360 ? angle : 0; /* the least below 0 rounds up to 360 */
}

/* Upper percentile points of a normal distribution of the logarithms: antilog of
 * mu + 1.282 sigma and mu + 1.65 sigma. Source: Directive 2006/7/EC, annex II. It doesn't
 * say which sigma: ours is the one of a sample, with n - 1. */
static void set_percentiles(struct grid_cell *c)
{
    if (c->n > 1) {
        double sigma = sqrt(c->b / (double)(c->n - 1));
        c->p90 = pow(10, c->a + 1.282 * sigma);
        c->p95 = pow(10, c->a + 1.65 * sigma);
    }
}

void grid_cell_settle(const struct grid_rule *r, struct grid_cell *c, bool valid)
{
    c->valid = valid && c->n > 0;
    if (!c->valid) {
        c->median = (double)NAN;
        return;
    }
    switch (r->aggregate) {
    case AGGREGATE_MEDIAN:
        c->value = c->median;
        break;
    case AGGREGATE_DIRECTION:
        c->value = direction_of(c);
        break;
    case AGGREGATE_LOG10:
        c->value = pow(10, c->a);
        set_percentiles(c);
        break;
    case AGGREGATE_SUM:
        c->value = c->a;
        break;
    default:
        c->value = c->a / (double)c->n;
    }
}

/* --- months and years, of days --- */

/* Adds what a day counted. Source of the joined deviations: Chan, Golub, LeVeque, 1983,
 * "Algorithms for computing the sample variance". */
static void add_day(const struct grid_rule *r, const struct grid_cell *day,
                    struct grid_cell *out)
{
    if (r->aggregate == AGGREGATE_LOG10 && day->n > 0) {
        double n = (double)out->n;
        double more = (double)day->n;
        double off = day->a - out->a;
        out->a += off * more / (n + more);
        out->b += day->b + off * off * n * more / (n + more);
    } else if (r->aggregate != AGGREGATE_LOG10) {
        out->a += day->a;
        out->b += day->b;
    }
    out->n += day->n;
    out->suspect += day->suspect;
    out->fail += day->fail;
    out->missing += day->missing;
    out->not_evaluated += day->not_evaluated;
    out->from_median |= day->from_median;
    if (!isnan(day->min.value) && !(day->min.value >= out->min.value)) {
        out->min = day->min;
    }
    if (!isnan(day->max.value) && !(day->max.value <= out->max.value)) {
        out->max = day->max;
    }
}

/* Not more than 5 days void, not more than 3 of them in a row; *at moves on to the first
 * day behind p. Source: the "3/5" rule of WMO, as USU and ISTI quote it. */
static bool is_whole_month(struct period p, const struct grid_cell *days, size_t count,
                           size_t *at)
{
    int voids = 0;
    int row = 0;
    int longest = 0;
    for (int64_t day_us = p.from_us; day_us < p.to_us; day_us += CLOCK_US_PER_DAY) {
        bool there = *at < count && days[*at].period.from_us == day_us;
        bool valid = there && days[*at].valid;
        *at += there;
        voids += !valid;
        row = valid ? 0 : row + 1;
        longest = row > longest ? row : longest;
    }
    return voids <= 5 && longest <= 3;
}

static bool is_whole(const struct grid_cell *c, const struct grid_cell *days,
                     size_t count)
{
    size_t at = 0;
    if (c->expected < c->parts_expected) { /* sampled more seldom than daily */
        return grid_cell_is_covered(c);
    }
    if (c->grid == GRID_MONTH) {
        return is_whole_month(c->period, days, count, &at);
    }
    bool whole = true;
    for (int64_t us = c->period.from_us; us < c->period.to_us;) {
        struct period month = grid_hydromonth(us);
        whole &= is_whole_month(month, days, count, &at);
        us = month.to_us;
    }
    return whole;
}

void grid_cell_merge(const struct grid_rule *r, enum grid g, const struct grid_cell *days,
                     size_t count, double *room, struct grid_cell *out)
{
    struct period p = grid_period(g, days[0].period.from_us);
    int64_t length = (p.to_us - p.from_us) / CLOCK_US_PER_DAY;
    double expected = 0;
    size_t known = 0;
    size_t valid = 0;
    *out = (struct grid_cell){.grid = g, .period = p, .parts_expected = (int)length};
    *out = empty_cell(out);
    for (size_t k = 0; k < count; k++) {
        add_day(r, &days[k], out);
        expected += days[k].expected;
        known += days[k].expected > 0;
        out->parts += days[k].valid;
        if (days[k].valid && !isnan(days[k].median)) {
            room[valid++] = days[k].median;
        }
    }
    /* days without a sample expected as many as the others */
    out->expected = known > 0 ? expected / (double)known * (double)length : 0;
    out->median = median_of(room, valid);
    grid_cell_settle(r, out, is_whole(out, days, count));
}
