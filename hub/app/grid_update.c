/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/grid_update.h"

#include "app/grid_series.h"
#include "base/clock.h"
#include "grid/grid.h"
#include "grid/pack.h"

#include <stdlib.h>

#define HOUR_US (INT64_C(3600) * CLOCK_US_PER_S)
#define EVER ((struct period){INT64_MIN / 2, INT64_MAX / 2})

enum { TEN_MINUTES = 144, HOURS = 24, DAYS_MOST = 366, BLOCK_BYTES = 1 << 16 };

/* Cells on their way into blocks, those of a UTC day together. */
struct collector {
    const struct grid_update *update;
    struct period keep; /* cells of other days are complete already, or not at all */
    struct grid_cell fine[TEN_MINUTES], hours[HOURS];
    size_t fine_count, hour_count;
    struct buf bytes;
    enum err err;
};

static void put_block(struct collector *c, int64_t start_us,
                      const struct grid_cell *cells, size_t count)
{
    if (count == 0 || c->err != ERR_OK) {
        return;
    }
    buf_reset(&c->bytes);
    grid_pack(cells, count, start_us, &c->bytes);
    c->err = c->bytes.err != ERR_OK
                 ? c->bytes.err
                 : grids_put(c->update->grids, c->update->series, (int)cells->grid,
                             start_us, c->bytes.bytes, c->bytes.length);
}

static void end_day(struct collector *c, const struct grid_cell *day)
{
    put_block(c, day->period.from_us, c->fine, c->fine_count);
    put_block(c, day->period.from_us, c->hours, c->hour_count);
    put_block(c, day->period.from_us, day, 1);
    c->fine_count = c->hour_count = 0;
}

/* The hydrological day that begins an hour before the first day shares its hours. */
static bool is_kept(const struct collector *c, const struct grid_cell *cell)
{
    int64_t early_us = cell->grid == GRID_HYDRODAY ? HOUR_US : 0;
    return cell->period.from_us >= c->keep.from_us - early_us &&
           cell->period.from_us < c->keep.to_us;
}

static void collect(void *arg, const struct grid_cell *cell)
{
    struct collector *c = arg;
    if (!is_kept(c, cell)) {
        return;
    }
    if (cell->grid == GRID_10MIN && c->fine_count < TEN_MINUTES) {
        c->fine[c->fine_count++] = *cell;
    } else if (cell->grid == GRID_HOUR && c->hour_count < HOURS) {
        c->hours[c->hour_count++] = *cell;
    } else if (cell->grid == GRID_DAY) {
        end_day(c, cell);
    } else {
        put_block(c, cell->period.from_us, cell, 1);
    }
}

/* Puts the samples of [from, to) on grids; seen: first and last of them. */
static enum err feed(struct collector *c, struct period read, struct period *seen)
{
    const struct grid_update *u = c->update;
    struct grid_builder *g = grid_open(u->rule, c, collect);
    const struct store_query q = {
        .series = u->series, .from_us = read.from_us, .to_us = read.to_us};
    struct row_source rows;
    struct observation_row row;
    bool all = read.from_us == EVER.from_us;
    int more = 0;
    enum err e = g == NULL ? ERR_MEMORY : store_rows_open(u->reader, &q, &rows, NULL);
    *seen = (struct period){CLOCK_NONE, CLOCK_NONE};
    while (e == ERR_OK && c->err == ERR_OK && (more = rows.next(rows.self, &row)) > 0) {
        const struct grid_sample s = grid_series_sample(&row);
        seen->from_us = seen->from_us == CLOCK_NONE ? s.time_us : seen->from_us;
        seen->to_us = s.time_us;
        if (all) { /* so far it is the newest */
            u->rule->newest_us = s.time_us;
        }
        e = grid_put(g, &s);
    }
    e = e == ERR_OK && more < 0 ? ERR_IO : e;
    e = e != ERR_OK ? e : grid_finish(g);
    store_rows_close(u->reader);
    grid_close(g);
    return e != ERR_OK ? e : c->err;
}

/* --- months and years, of the days that are kept --- */

struct days {
    const struct grid_rule *rule;
    enum grid grid;
    struct grid_cell cells[DAYS_MOST];
    size_t count;
};

static void take_day(void *arg, const struct grid_cell *c)
{
    struct days *d = arg;
    if (d->count < DAYS_MOST) {
        d->cells[d->count++] = *c;
    }
}

static enum err take_block(void *arg, int64_t start_us, const void *bytes, size_t size)
{
    struct days *d = arg;
    const struct grid_block b = {d->grid, start_us, bytes, size};
    return grid_unpack(d->rule, &b, d, take_day);
}

static void put_merged(void *arg, const struct grid_cell *c)
{
    put_block(arg, c->period.from_us, c, 1);
}

/* Makes the cell of large at time_us again; *next_us: where the one after begins. */
static enum err merge_one(struct collector *c, struct days *d, enum grid large,
                          int64_t time_us, int64_t *next_us)
{
    const struct grid_update *u = c->update;
    struct period p = grid_period(large, time_us);
    const struct grids_range old = {u->series, (int)large, p.from_us, p.to_us};
    const struct grids_range of = {u->series, (int)d->grid, p.from_us, p.to_us};
    d->count = 0;
    *next_us = p.to_us;
    enum err e = grids_drop(u->grids, &old);
    e = e != ERR_OK ? e : grids_read(u->grids, &of, d, take_block);
    e = e != ERR_OK ? e : grid_merge(u->rule, d->cells, d->count, c, put_merged);
    return e != ERR_OK ? e : c->err;
}

static enum err merge_days(struct collector *c, struct period p)
{
    static const enum grid pairs[][2] = {{GRID_DAY, GRID_MONTH},
                                         {GRID_HYDRODAY, GRID_HYDROYEAR}};
    struct days *d = malloc(sizeof *d);
    enum err e = d == NULL ? ERR_MEMORY : ERR_OK;
    for (int k = 0; k < 2 && e == ERR_OK; k++) {
        *d = (struct days){.rule = c->update->rule, .grid = pairs[k][0]};
        int64_t us = p.from_us; /* no year begins in the hour before a day */
        while (e == ERR_OK && us < p.to_us) {
            e = merge_one(c, d, pairs[k][1], us, &us);
        }
    }
    free(d);
    return e;
}

/* --- */

static struct collector *open_collector(const struct grid_update *u, struct period keep)
{
    struct collector *c = calloc(1, sizeof *c);
    if (c != NULL) {
        c->update = u;
        c->keep = keep;
        buf_init(&c->bytes, BLOCK_BYTES);
    }
    return c;
}

static void close_collector(struct collector *c)
{
    if (c != NULL) {
        buf_fini(&c->bytes);
        free(c);
    }
}

enum err grid_update_all(const struct grid_update *u, int64_t *newest_us)
{
    struct collector *c = open_collector(u, EVER);
    struct period seen = {CLOCK_NONE, CLOCK_NONE};
    enum err e = c == NULL ? ERR_MEMORY : grids_forget(u->grids, u->series);
    e = e != ERR_OK ? e : feed(c, EVER, &seen);
    if (e == ERR_OK && seen.to_us != CLOCK_NONE) {
        const struct period days = {grid_period(GRID_DAY, seen.from_us).from_us,
                                    grid_period(GRID_DAY, seen.to_us).to_us};
        e = merge_days(c, days);
    }
    close_collector(c);
    if (e == ERR_OK) {
        *newest_us = seen.to_us;
    }
    return e;
}

/* Takes away what grid_update_days makes again. */
static enum err drop_days(const struct grid_update *u, struct period p)
{
    enum err e = ERR_OK;
    for (int g = GRID_10MIN; g <= GRID_HYDRODAY && e == ERR_OK; g++) {
        int64_t early_us = g == GRID_HYDRODAY ? HOUR_US : 0;
        const struct grids_range r = {u->series, g, p.from_us - early_us, p.to_us};
        e = grids_drop(u->grids, &r);
    }
    return e;
}

enum err grid_update_days(const struct grid_update *u, struct period p)
{
    struct collector *c = open_collector(u, p);
    /* the days beside tell the interval of the hours that hydrological days share */
    const struct period read = {p.from_us - CLOCK_US_PER_DAY, p.to_us + CLOCK_US_PER_DAY};
    struct period seen;
    enum err e = c == NULL ? ERR_MEMORY : drop_days(u, p);
    e = e != ERR_OK ? e : feed(c, read, &seen);
    e = e != ERR_OK ? e : merge_days(c, p);
    close_collector(c);
    return e;
}
