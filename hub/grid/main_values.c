/* SPDX-License-Identifier: EUPL-1.2 */
#include "grid/main_values.h"

#include "base/clock.h"
#include "grid/grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double shares[MAIN_EXCEEDANCES] = {0.01, 0.02, 0.05, 0.1,  0.25, 0.5,
                                                0.75, 0.9,  0.95, 0.98, 0.99};

struct main_values {
    struct main_year *years;
    size_t year_count, year_size;
    struct grid_cell *days;
    size_t day_count, day_size;
};

struct main_values *main_values_open(void)
{
    return calloc(1, sizeof(struct main_values));
}

void main_values_close(struct main_values *m)
{
    if (m != NULL) {
        free(m->years);
        free(m->days);
        free(m);
    }
}

/* Room for one more of rows; false: no memory. */
static bool has_room(void **rows, size_t count, size_t *size, size_t each)
{
    if (count < *size) {
        return true;
    }
    size_t larger = *size == 0 ? 16 : 2 * *size;
    void *grown = realloc(*rows, larger * each);
    if (grown == NULL) {
        return false;
    }
    *rows = grown;
    *size = larger;
    return true;
}

/* The year of time_us, the last one or made now; NULL: no memory. */
static struct main_year *year_of(struct main_values *m, int64_t time_us)
{
    const struct grid_extreme none = {(double)NAN, CLOCK_NONE};
    for (size_t k = m->year_count; k > 0; k--) {
        if (time_us >= m->years[k - 1].period.to_us) {
            break;
        }
        if (time_us >= m->years[k - 1].period.from_us) {
            return &m->years[k - 1];
        }
    }
    void *rows = m->years;
    if (!has_room(&rows, m->year_count, &m->year_size, sizeof *m->years)) {
        return NULL;
    }
    m->years = rows;
    struct main_year *y = &m->years[m->year_count++];
    *y = (struct main_year){.period = grid_period(GRID_HYDROYEAR, time_us),
                            .mw = (double)NAN,
                            .nw = none,
                            .hw = none};
    y->days_expected = (int)((y->period.to_us - y->period.from_us) / CLOCK_US_PER_DAY);
    return y;
}

enum err main_values_put_sample(struct main_values *m, const struct grid_sample *s)
{
    struct main_year *y = year_of(m, s->time_us);
    bool counts =
        isfinite(s->value) && s->flag != QUALITY_FAIL && s->flag != QUALITY_MISSING;
    if (y != NULL && counts && !(s->value <= y->hw.value)) {
        y->hw = (struct grid_extreme){s->value, s->time_us};
        y->hw_flag = s->flag;
    }
    return y != NULL ? ERR_OK : ERR_MEMORY;
}

enum err main_values_put_day(struct main_values *m, const struct grid_cell *day)
{
    struct main_year *y = year_of(m, day->period.from_us);
    void *rows = m->days;
    if (y == NULL || !has_room(&rows, m->day_count, &m->day_size, sizeof *m->days)) {
        return ERR_MEMORY;
    }
    m->days = rows;
    m->days[m->day_count++] = *day;
    if (day->valid) {
        y->days++;
        if (!(day->value >= y->nw.value)) {
            y->nw = (struct grid_extreme){day->value, day->period.from_us};
        }
    }
    return ERR_OK;
}

/* --- the end --- */

static void take_year(void *arg, const struct grid_cell *c)
{
    struct main_values *m = arg;
    struct main_year *y = year_of(m, c->period.from_us);
    if (y != NULL) {
        y->whole = c->valid;
    }
}

/* Sum of the daily means of a year. */
static double sum_of_days(const struct main_values *m, const struct main_year *y)
{
    double sum = 0;
    for (size_t k = 0; k < m->day_count; k++) {
        const struct grid_cell *c = &m->days[k];
        bool in =
            c->period.from_us >= y->period.from_us && c->period.from_us < y->period.to_us;
        sum += in && c->valid ? c->value : 0;
    }
    return sum;
}

static void take_extremes(const struct main_year *y, struct main_summary *out)
{
    if (!isnan(y->nw.value) && !(y->nw.value >= out->nw.value)) {
        out->nw = y->nw;
    }
    if (!isnan(y->hw.value) && !(y->hw.value <= out->hw.value)) {
        out->hw = y->hw;
        out->hw_flag = y->hw_flag;
    }
}

/* Years, and what whole ones say together. */
static void sum_years(struct main_values *m, struct main_summary *out)
{
    double sum = 0;
    double lows = 0;
    double highs = 0;
    int days = 0;
    for (size_t k = 0; k < m->year_count; k++) {
        struct main_year *y = &m->years[k];
        double of_year = sum_of_days(m, y);
        y->mw = y->days > 0 ? of_year / y->days : (double)NAN;
        out->days += y->days;
        out->days_expected += y->days_expected;
        take_extremes(y, out);
        if (y->whole) {
            out->whole_years++;
            days += y->days;
            sum += of_year;
            lows += y->nw.value;
            highs += y->hw.value;
        }
    }
    if (out->whole_years > 0) {
        out->mw = sum / days;
        out->mnw = lows / out->whole_years;
        out->mhw = highs / out->whole_years;
    }
}

static int compare_falling(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left < right) - (left > right);
}

/* The least value among the highest share of the days, rounded up to whole days. */
static enum err set_exceedance(const struct main_values *m, struct main_summary *out)
{
    double *values = malloc((m->day_count + 1) * sizeof *values);
    size_t n = 0;
    if (values == NULL) {
        return ERR_MEMORY;
    }
    for (size_t k = 0; k < m->day_count; k++) {
        if (m->days[k].valid) {
            values[n++] = m->days[k].value;
        }
    }
    qsort(values, n, sizeof *values, compare_falling);
    for (size_t k = 0; k < MAIN_EXCEEDANCES; k++) {
        size_t rank = (size_t)ceil(shares[k] * (double)n - 1e-9);
        out->exceedance[k] = (struct main_exceedance){
            shares[k], n > 0 ? values[rank > 0 ? rank - 1 : 0] : (double)NAN};
    }
    free(values);
    return ERR_OK;
}

enum err main_values_finish(struct main_values *m, struct main_summary *out)
{
    const struct grid_extreme none = {(double)NAN, CLOCK_NONE};
    const struct grid_rule plain = {.newest_us = CLOCK_NONE};
    enum err e = grid_merge(&plain, m->days, m->day_count, m, take_year);
    if (e != ERR_OK) {
        return e;
    }
    *out = (struct main_summary){.mw = (double)NAN,
                                 .mnw = (double)NAN,
                                 .mhw = (double)NAN,
                                 .nw = none,
                                 .hw = none};
    sum_years(m, out);
    out->years = m->years;
    out->year_count = m->year_count;
    return set_exceedance(m, out);
}
