/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "app/context.h"
#include "base/clock.h"
#include "quality/checks/gross_range.h"
#include "quality/ranges.h"
#include "quality/settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A storm surge is water and no fault: with the settings that ship, at every station of
 * the coast, none of its values fails, and its peak is suspect. The shape: mean water +
 * peak * sin^2(pi t / 40 h), on a seiche of 0.12 m and 27 h whose
 * crest falls on the peak, with 1 cm of waves, a value
 * every 10 minutes. Peaks above mean water: 2.3 m and the low of -1.7 m are what this hub
 * is built for; the others are on record (October 2023: Flensburg 2.27 m, Eckernförde
 * 2.10 m; November 1872: Kiel 797 cm at a mean of 504, Neustadt 782 at 509, Warnemünde
 * 770 at 507). */

enum { POINTS = 60 * 6, RISE_H = 40 };

static const double peaks_m[] = {2.3, -1.7, 2.27, 2.10, 2.93, 2.73, 2.63};

static int64_t time_us[POINTS];
static double level_m[POINTS];

static void draw_surge(double mean_m, double peak_m)
{
    uint64_t random = 88172645463325252ULL;
    for (size_t i = 0; i < POINTS; i++) {
        double t_h = (double)i / 6 - 10;
        double rise = sin(M_PI * t_h / RISE_H);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        double waves = ((double)(random % 1000) / 999 - 0.5) * 0.02;
        double surge = t_h > 0 && t_h < RISE_H ? peak_m * rise * rise : 0;
        double seiche = copysign(0.12, peak_m) * cos(2 * M_PI * (t_h - 20) / 27);
        time_us[i] = INT64_C(1697760000000000) + (int64_t)i * 600 * CLOCK_US_PER_S;
        level_m[i] = nearbyint((mean_m + surge + seiche + waves) * 1000) / 1000;
    }
}

/* Counts flags of all tests that run here; gives how many tests besides the range do. */
static int judge_all(const struct parameter *p, const struct station *station,
                     int counts[10])
{
    const struct stretch s = {
        .time_us = time_us, .value = level_m, .count = POINTS, .interval_s = 600};
    int tests = 0;
    for (size_t i = 0; i < POINTS; i++) {
        const struct check_input in = {p, station, time_us[i], level_m[i]};
        counts[quality_judge_range(&in)]++;
        for (size_t k = 0; check_table[k] != NULL; k++) {
            const struct test_settings *t = quality_settings(&in, check_table[k]);
            if (t != NULL && check_table[k] != &check_gross_range) {
                counts[check_flag(check_table[k], t->settings, QUALITY_HUB, &s, i)]++;
                tests += i == 0;
            }
        }
    }
    return tests;
}

static void expect_no_fault(const struct parameter *p, const struct station *station,
                            double mean_m)
{
    for (size_t k = 0; k < sizeof peaks_m / sizeof *peaks_m; k++) {
        int counts[10] = {0};
        draw_surge(mean_m, peaks_m[k]);
        assert_true(judge_all(p, station, counts) >= 3);
        if (counts[QUALITY_FAIL] > 0) {
            fail_msg("%s, %s: a surge of %g m fails %d times", station->station, p->id,
                     peaks_m[k], counts[QUALITY_FAIL]);
        }
        /* beyond what is usual here: somebody should look */
        if (counts[QUALITY_SUSPECT] == 0) {
            fail_msg("%s, %s: nobody is told of a surge of %g m", station->station, p->id,
                     peaks_m[k]);
        }
        assert_true(counts[QUALITY_GOOD] > 2 * POINTS);
    }
}

static struct configuration *shipped(void)
{
    struct config_files *files = NULL;
    struct configuration *c = NULL;
    struct config_faults faults = {0};
    struct diag d = {0};
    if (context_read(SOURCE_CONF, &files, &c, &faults, &d) != ERR_OK) {
        context_print_faults(stderr, &faults);
        fail_msg("%s", d.text);
    }
    config_faults_fini(&faults);
    config_files_close(files);
    return c;
}

static void test_no_value_of_a_surge_fails(void **state)
{
    (void)state;
    struct configuration *c = shipped();
    int stations = 0;
    for (size_t i = 0; i < c->city_count; i++) {
        for (size_t k = 0; k < c->cities[i].station_count; k++) {
            const struct station *s = &c->cities[i].stations[k];
            const struct reference_level *mean =
                station_reference_level(s, INT64_C(1697760000000000));
            if (mean == NULL || strcmp(s->water_type, "brackish") != 0) {
                continue;
            }
            bool nhn = mean->datum == REFERENCE_NHN;
            expect_no_fault(
                configuration_parameter(c, nhn ? "water_level" : "gauge_level"), s,
                mean->value_m);
            stations++;
        }
    }
    printf("surges at %d stations of the coast\n", stations);
    assert_true(stations >= 5);
    configuration_free(c);
}

/* And a real fault does: a sensor that jumps by 2.3 m within 10 minutes, or stands still
 * for six hours. */
static void test_faults_of_a_gauge_fail(void **state)
{
    (void)state;
    struct configuration *c = shipped();
    const struct station *s = configuration_station(c, "kiel-holtenau");
    assert_non_null(s);
    const struct reference_level *mean =
        station_reference_level(s, INT64_C(1697760000000000));
    assert_non_null(mean);
    const struct parameter *p = configuration_parameter(
        c, mean->datum == REFERENCE_NHN ? "water_level" : "gauge_level");
    int counts[10] = {0};
    draw_surge(mean->value_m, 0);
    level_m[100] += 2.3;
    (void)judge_all(p, s, counts);
    assert_true(counts[QUALITY_FAIL] >= 3); /* spike, there and back too fast */
    memset(counts, 0, sizeof counts);
    draw_surge(mean->value_m, 0);
    for (size_t i = 100; i < 140; i++) {
        level_m[i] = level_m[99];
    }
    (void)judge_all(p, s, counts);
    assert_true(counts[QUALITY_FAIL] >= 6);
    configuration_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_value_of_a_surge_fails),
        cmocka_unit_test(test_faults_of_a_gauge_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
