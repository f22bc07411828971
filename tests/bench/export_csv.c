/* SPDX-License-Identifier: EUPL-1.2 */
/* Rows a second that a month of CSV is written with: no store, a real file. */
#include "base/clock.h"
#include "export/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SERIES = 300, ROWS = 4464 }; /* a month of 10 minutes */

struct months {
    int series, row;
};

static int next_row(void *self, struct observation_row *row)
{
    struct months *m = self;
    static const char *const stations[] = {"luebeck-bauhof", "wismar-baumhaus"};
    if (m->row == ROWS) {
        m->row = 0;
        m->series++;
    }
    if (m->series == SERIES) {
        return 0;
    }
    double value = (double)(m->row * 7 % 2500) / 100;
    *row = (struct observation_row){
        .key = {"luebeck", stations[m->series % 2], "water_temperature", "main",
                "measured"},
        .series = m->series,
        .time_us = INT64_C(1790812800) * CLOCK_US_PER_S +
                   m->row++ * INT64_C(600) * CLOCK_US_PER_S,
        .value = value,
        .unit = "degC",
        .raw = value,
        .raw_unit = "°C",
        .tests = quality_tests_set(quality_tests_new(TIME_SOURCE_READING), 0,
                                   m->row % 50 == 0 ? QUALITY_SUSPECT : QUALITY_GOOD)};
    return 1;
}

int main(void)
{
    static const char *const names[QUALITY_TESTS] = {"gross_range_test"};
    const struct configuration empty = {.folder = NULL};
    struct export_context context = {&empty, names};
    char path[] = "/tmp/kogge-bench-XXXXXX";
    int fd = mkstemp(path);
    for (int pass = 0; fd >= 0 && pass < 3; pass++) {
        struct months months = {0, 0};
        struct row_source rows = {.next = next_row, .self = &months};
        struct exported e;
        struct diag d = {.text = ""};
        unlink(path);
        int64_t start_us = clock_monotonic_us();
        if (export_file(export_find_format("csv"), &context, &rows, path, &e, &d) !=
            ERR_OK) {
            fprintf(stderr, "%s\n", d.text);
            return 1;
        }
        double s = (double)(clock_monotonic_us() - start_us) / 1e6;
        printf("export csv: %.2f million rows/s, %.0f MB in %.2f s\n",
               (double)e.rows / s / 1e6, (double)e.bytes / 1e6, s);
    }
    unlink(path);
    return 0;
}
