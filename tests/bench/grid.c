/* SPDX-License-Identifier: EUPL-1.2 */
/* How long it takes to put a store on all grids.
 * usage: bench_grid rows ROWS        ROWS samples of 100 series, made up: cells packed,
 *                                    months and years merged, nothing written
 *        bench_grid store CONF DATA  grids.db of a store, from nothing
 * Prints: rows, seconds, CPU seconds, cells, bytes. */
#include "grid/grid.h"
#include "app/context.h"
#include "app/grid_keeper.h"
#include "base/clock.h"
#include "grid/pack.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { SERIES = 100, DAYS = 40000 };

struct tally {
    struct grid_cell *days[GRIDS]; /* DAYS of UTC, and of hydrology */
    size_t day_count[GRIDS];
    struct buf bytes;
    int64_t cells, size;
};

static void must(enum err e, const char *what)
{
    if (e != ERR_OK) {
        fprintf(stderr, "bench_grid: %s: %s\n", what, err_text(e));
        exit(1);
    }
}

static double cpu_s(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void take(void *arg, const struct grid_cell *c)
{
    struct tally *t = arg;
    buf_reset(&t->bytes);
    grid_pack(c, 1, c->period.from_us, &t->bytes);
    t->size += (int64_t)t->bytes.length;
    t->cells++;
    if (t->days[c->grid] != NULL && t->day_count[c->grid] < DAYS) {
        t->days[c->grid][t->day_count[c->grid]++] = *c;
    }
}

static void make_series(struct tally *t, const struct grid_rule *rule, int64_t rows,
                        int64_t number)
{
    struct grid_builder *g = grid_open(rule, t, take);
    must(g == NULL ? ERR_MEMORY : ERR_OK, "a builder");
    for (int64_t k = 0; k < rows; k++) {
        const struct grid_sample s = {INT64_C(1600000000000000) +
                                          k * 600 * CLOCK_US_PER_S,
                                      (double)((k * 7 + number * 13) % 2500) / 100,
                                      k % 50 == 0 ? QUALITY_SUSPECT : QUALITY_GOOD};
        must(grid_put(g, &s), "a sample");
    }
    must(grid_finish(g), "the end");
    grid_close(g);
    for (int k = 0; k < GRIDS; k++) {
        if (t->days[k] != NULL) {
            must(grid_merge(rule, t->days[k], t->day_count[k], t, take), "months");
            t->day_count[k] = 0;
        }
    }
}

static void make_rows(int64_t rows)
{
    struct tally t = {.cells = 0};
    const struct grid_step step = {CLOCK_NONE, 600};
    const struct grid_rule rule = {.steps = &step, .step_count = 1};
    buf_init(&t.bytes, 1 << 16);
    t.days[GRID_DAY] = calloc(DAYS, sizeof(struct grid_cell));
    t.days[GRID_HYDRODAY] = calloc(DAYS, sizeof(struct grid_cell));
    must(t.days[GRID_DAY] == NULL || t.days[GRID_HYDRODAY] == NULL ? ERR_MEMORY : ERR_OK,
         "days");
    int64_t start_us = clock_monotonic_us();
    double before_s = cpu_s();
    for (int64_t k = 0; k < SERIES; k++) {
        make_series(&t, &rule, rows / SERIES, k);
    }
    printf("rows %" PRId64 " seconds %.2f cpu %.2f cells %" PRId64 " bytes %" PRId64 "\n",
           rows, (double)(clock_monotonic_us() - start_us) / 1e6, cpu_s() - before_s,
           t.cells, t.size);
    free(t.days[GRID_DAY]);
    free(t.days[GRID_HYDRODAY]);
    buf_fini(&t.bytes);
}

static void make_store(const char *conf, const char *data)
{
    struct config_files *files = NULL;
    struct configuration *c = NULL;
    struct config_faults faults = {0};
    struct grid_keeper *k = NULL;
    struct grid_done done;
    struct diag d = {.text = ""};
    must(context_read(conf, &files, &c, &faults, &d), "the configuration");
    must(grid_keeper_open(data, &k, &d), "the store");
    const struct grid_work w = {.configuration = c};
    int64_t start_us = clock_monotonic_us();
    double before_s = cpu_s();
    must(grid_keeper_round(k, &w, &done), "a round");
    printf("series %" PRId64 " seconds %.2f cpu %.2f\n", done.whole,
           (double)(clock_monotonic_us() - start_us) / 1e6, cpu_s() - before_s);
    grid_keeper_close(k);
    configuration_free(c);
    config_files_close(files);
    config_faults_fini(&faults);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "rows") == 0) {
        make_rows(strtoll(argv[2], NULL, 10));
    } else if (argc == 4 && strcmp(argv[1], "store") == 0) {
        make_store(argv[2], argv[3]);
    } else {
        fputs("usage: bench_grid rows ROWS | bench_grid store CONF DATA\n", stderr);
        return 2;
    }
    return 0;
}
