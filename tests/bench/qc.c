/* SPDX-License-Identifier: EUPL-1.2 */
/* Observations a second through six quality tests on one core: a million water levels of
 * 10 minutes, thresholds as in hub/conf/parameters.json. With --write the values go to
 * standard output as doubles, for ioos_qc to judge (science.py, which has the same
 * thresholds). Prints a line a test: name, CPU seconds, flags other than 1. */
#include "base/clock.h"
#include "quality/checks/attenuated_signal.h"
#include "quality/checks/flat_line.h"
#include "quality/checks/gross_range.h"
#include "quality/checks/rate_of_change.h"
#include "quality/checks/spike.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { POINTS = 1000000, INTERVAL_S = 600, ROUNDS = 5, TESTS = 6 };

static const struct gross_range_settings range = {.fail_span = {-3, 4},
                                                  .suspect_span = {-1.6, 2}};
static const struct spike_settings spike = {.suspect_threshold = 0.1,
                                            .fail_threshold = 0.2};
static const struct rate_of_change_settings rate = {.threshold = 0.5 / 3600,
                                                    .fail_threshold = 1.0 / 3600};
static const struct flat_line_settings flat = {.suspect_threshold = 10800,
                                               .fail_threshold = 18000,
                                               .tolerance = 0.001,
                                               .count_suspect = (double)NAN,
                                               .count_fail = (double)NAN};
/* 12 hours, of which half must be there. */
static const struct attenuated_signal_settings still_std = {.suspect_threshold = 0.01,
                                                            .fail_threshold = 0.002,
                                                            .test_period = 43200,
                                                            .min_obs = 36,
                                                            .min_period = (double)NAN,
                                                            .min_periods = (double)NAN,
                                                            .check_type =
                                                                ATTENUATED_SIGNAL_STD},
                                               still_range = {
                                                   .suspect_threshold = 0.03,
                                                   .fail_threshold = 0.005,
                                                   .test_period = 43200,
                                                   .min_obs = 36,
                                                   .min_period = (double)NAN,
                                                   .min_periods = (double)NAN,
                                                   .check_type = ATTENUATED_SIGNAL_RANGE};

static const struct {
    const char *name;
    const struct check *check;
    const void *settings;
} tests[TESTS] = {{"gross_range", &check_gross_range, &range},
                  {"spike", &check_spike, &spike},
                  {"rate_of_change", &check_rate_of_change, &rate},
                  {"flat_line", &check_flat_line, &flat},
                  {"attenuated_std", &check_attenuated_signal, &still_std},
                  {"attenuated_range", &check_attenuated_signal, &still_range}};

static double uniform(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (double)(*random >> 11) / 9007199254740992.0;
}

/* A slow swing, waves, millimetres; spikes, stuck hours, missing values. */
static void make_series(double *value)
{
    uint64_t random = 88172645463325252ULL;
    int stuck = 0, lost = 0;
    for (size_t i = 0; i < POINTS; i++) {
        double chance = uniform(&random);
        double level = 0.5 * sin((double)i / 400) + 0.1 * sin((double)i / 11) +
                       0.02 * (uniform(&random) - 0.5);
        stuck = chance < 0.0005 ? 40 : stuck - 1;
        lost = chance > 0.9995 ? 6 : lost - 1;
        level += chance > 0.001 && chance < 0.003 ? 0.4 : 0;
        value[i] = round(level * 1000) / 1000;
        value[i] = stuck > 0 && i > 0 ? value[i - 1] : value[i];
        value[i] = lost > 0 ? (double)NAN : value[i];
    }
}

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double run_test(size_t k, const struct stretch *s, size_t *odd)
{
    double start_s = cpu_s();
    *odd = 0;
    for (size_t i = 0; i < s->count; i++) {
        enum quality flag =
            tests[k].check->judge(tests[k].settings, QUALITY_REFERENCE, s, i);
        *odd += flag != QUALITY_GOOD;
    }
    return cpu_s() - start_s;
}

int main(int argc, char **argv)
{
    static int64_t time_us[POINTS];
    static double value[POINTS];
    for (size_t i = 0; i < POINTS; i++) {
        time_us[i] = (INT64_C(1577836800) + (int64_t)i * INTERVAL_S) * CLOCK_US_PER_S;
    }
    make_series(value);
    if (argc > 1 && strcmp(argv[1], "--write") == 0) {
        return fwrite(value, sizeof *value, POINTS, stdout) == POINTS ? 0 : 1;
    }
    const struct stretch s = {
        .time_us = time_us, .value = value, .count = POINTS, .interval_s = INTERVAL_S};
    for (size_t k = 0; k < TESTS; k++) {
        double best_s = (double)INFINITY;
        size_t odd = 0;
        for (int round = 0; round < ROUNDS; round++) {
            best_s = fmin(best_s, run_test(k, &s, &odd));
        }
        printf("%s %.6f %zu\n", tests[k].name, best_s, odd);
    }
    return 0;
}
