/* SPDX-License-Identifier: EUPL-1.2 */
/* Fills a store by its own writer, with all series of a configuration.
 * usage: bench_store fill|live CONF DATA ROWS START
 *   fill: as in a backlog, 20,000 observations a batch; prints the rate a million
 *   live: one message of 4 observations a batch, as it is at 10 messages/s */
#include "app/context.h"
#include "base/clock.h"
#include "store/inbox.h"
#include "store/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { BATCH = 20000, MILLION = 1000000, FOLD_EVERY = 100000, SERIES_MOST = 20000 };

struct fill {
    struct store *store;
    int32_t series[SERIES_MOST];
    const char *unit[SERIES_MOST];
    size_t series_count;
    int slot; /* of the range test */
    int64_t rows, changes;
    int64_t message;
};

static void must(enum err e, const char *what)
{
    if (e != ERR_OK) {
        fprintf(stderr, "bench_store: %s: %s\n", what, err_text(e));
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

static double written_bytes(void)
{
    char line[128];
    double bytes = 0;
    FILE *f = fopen("/proc/self/io", "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "write_bytes:", 12) == 0) {
            bytes = strtod(line + 12, NULL);
        }
    }
    if (f != NULL) {
        fclose(f);
    }
    return bytes;
}

static void add_series(struct fill *f, const struct placement *p,
                       const struct sensor_field *field)
{
    const struct series_key key = {.city = p->station->city->city,
                                   .station = p->station->station,
                                   .parameter = field->parameter->id,
                                   .position = field->position,
                                   .origin = field->origin};
    if (f->series_count < SERIES_MOST) {
        f->unit[f->series_count] = field->parameter->unit;
        must(
            store_series(f->store, &key, field->parameter, &f->series[f->series_count++]),
            "a series");
    }
}

static void add_all_series(struct fill *f, const struct configuration *c)
{
    must(store_begin(f->store), "begin");
    for (size_t i = 0; i < c->device_count; i++) {
        const struct device *d = &c->devices[i];
        for (size_t k = 0; k < d->model->field_count; k++) {
            add_series(f, &d->placements[0], &d->model->fields[k]);
        }
    }
    must(store_commit(f->store), "commit");
}

/* Rows of one series at steps [from, to); one row of the change log. */
static void put_run(struct fill *f, size_t series, int64_t start_us, int64_t from,
                    int64_t to, int64_t message)
{
    struct held held;
    bool inserted = false;
    struct observation o = {.series = f->series[series], .raw_unit = f->unit[series]};
    for (int64_t step = from; step < to; step++) {
        o.time_us = start_us + step * 600 * CLOCK_US_PER_S;
        o.value = o.raw = (double)((step * 7 + (int64_t)series * 13) % 2500) / 100;
        o.message = message + (step - from) * (int64_t)(f->series_count / 4);
        o.tests = quality_tests_set(quality_tests_new(TIME_SOURCE_READING), f->slot,
                                    QUALITY_GOOD);
        must(store_insert(f->store, &o, &inserted, &held), "an observation");
        f->rows += inserted;
    }
    must(store_changed(f->store, o.series, start_us + from * 600 * CLOCK_US_PER_S,
                       o.time_us),
         "a change");
    f->changes++;
}

static void end_batch(struct fill *f, bool fold)
{
    must(store_set_number(f->store, STORE_CURSOR, f->message), "the cursor");
    must(store_commit(f->store), "commit");
    store_idle(f->store);
    while (fold && store_number(f->store, STORE_FOLD) < f->changes) {
        must(store_fold(f->store, f->changes), "fold");
        store_idle(f->store);
    }
}

static void fill(struct fill *f, int64_t rows, int64_t start_us)
{
    int64_t steps = BATCH / (int64_t)f->series_count;
    int64_t told = 0;
    double before_s = cpu_s();
    int64_t before_us = clock_monotonic_us();
    int64_t folded = 0;
    for (int64_t step = 0; f->rows < rows; step += steps) {
        must(store_begin(f->store), "begin");
        for (size_t s = 0; s < f->series_count; s++) {
            put_run(f, s, start_us, step, step + steps, f->message + 1 + (int64_t)s / 4);
        }
        f->message += steps * (int64_t)f->series_count / 4;
        end_batch(f, f->changes - folded > FOLD_EVERY || f->rows >= rows);
        folded = store_number(f->store, STORE_FOLD);
        if (f->rows / MILLION > told) {
            double s = (double)(clock_monotonic_us() - before_us) / 1e6;
            printf("million %" PRId64 " cpu_us %.3f rate %.0f\n", ++told,
                   (cpu_s() - before_s) * 1e6 / MILLION, MILLION / s);
            fflush(stdout);
            before_s = cpu_s();
            before_us = clock_monotonic_us();
        }
    }
}

static void live(struct fill *f, int64_t rows, int64_t start_us)
{
    size_t device = 0;
    for (int64_t step = 0; f->rows < rows; device++) {
        if (device == f->series_count / 4) {
            device = 0;
            step++;
        }
        /* devices send in an order of their own */
        size_t devices = f->series_count / 4;
        size_t which = devices > 0 ? device * 1009 % devices : 0;
        must(store_begin(f->store), "begin");
        f->message++;
        for (size_t s = 4 * which; s < 4 * which + 4; s++) {
            put_run(f, s, start_us, step, step + 1, f->message);
        }
        end_batch(f, f->changes % 8000 == 0 || f->rows >= rows);
    }
}

int main(int argc, char **argv)
{
    static struct fill f;
    static const char *const names[] = {"device", "time", "gross_range_test"};
    int slots[QUALITY_TESTS];
    struct config_files *files = NULL;
    struct configuration *c = NULL;
    struct config_faults faults = {0};
    struct inbox *inbox = NULL;
    struct diag d = {.text = ""};
    if (argc != 6) {
        fputs("usage: bench_store fill|live CONF DATA ROWS START\n", stderr);
        return 2;
    }
    must(context_read(argv[2], &files, &c, &faults, &d), "the configuration");
    must(inbox_open(argv[3], &inbox, &d), "the inbox");
    inbox_close(inbox);
    must(store_open(argv[3], names, 3, slots, &f.store, &d), "the store");
    f.slot = slots[2];
    add_all_series(&f, c);
    int64_t rows = strtoll(argv[4], NULL, 10);
    int64_t start_us = strtoll(argv[5], NULL, 10) * CLOCK_US_PER_S;
    (strcmp(argv[1], "live") == 0 ? live : fill)(&f, rows, start_us);
    printf("rows %" PRId64 " message %" PRId64 " written %.0f\n", f.rows, f.message,
           written_bytes() / (double)f.rows);
    store_close(f.store);
    configuration_free(c);
    config_files_close(files);
    config_faults_fini(&faults);
    return 0;
}
