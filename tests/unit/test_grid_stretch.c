/* SPDX-License-Identifier: EUPL-1.2 */
#include "grid/stretch.h"

#include "base/clock.h"
#include "grid/grid.h"
#include "grid/main_values.h"
#include "support/assert_close.h"
#include "support/grid_trial.h"

#include <math.h>

#define OK(call) assert_int_equal((call), ERR_OK)
#define MINUTE_US (60 * CLOCK_US_PER_S)

enum { FOUND_MOST = 10 };

struct found {
    struct grid_gap gaps[FOUND_MOST];
    struct grid_event events[FOUND_MOST];
    size_t count;
};

static const struct event_rule surge = {.event = "storm-surge",
                                        .classes = {1, 1.25, 1.5, 2},
                                        .class_count = 4,
                                        .join_s = 12 * 3600};
static const struct event_rule wave = {.event = "heat-wave",
                                       .classes = {23, 25},
                                       .class_count = 2,
                                       .daily = true,
                                       .least_s = 5 * 86400,
                                       .join_s = 2 * 86400};
static const struct event_rule deficit = {.event = "oxygen-deficit",
                                          .below = true,
                                          .classes = {4, 2},
                                          .class_count = 2,
                                          .least_s = 3600,
                                          .join_s = 6 * 3600};

static void take_gap(void *arg, const struct grid_gap *g)
{
    struct found *f = arg;
    assert_in_range(f->count, 0, FOUND_MOST - 1);
    f->gaps[f->count++] = *g;
}

static void take_event(void *arg, const struct grid_event *e)
{
    struct found *f = arg;
    assert_in_range(f->count, 0, FOUND_MOST - 1);
    f->events[f->count++] = *e;
}

static struct grid_stretch stretch_of(const struct grid_trial *t)
{
    return (struct grid_stretch){&t->rule, t->samples, t->count, (double)NAN};
}

static void put(struct grid_trial *t, int64_t minute, double value, enum quality q)
{
    t->samples[t->count++] = (struct grid_sample){minute * MINUTE_US, value, q};
}

static struct found events_of(const struct grid_trial *t, const struct event_rule *r,
                              int64_t hold_us)
{
    struct found f = {.count = 0};
    const struct grid_stretch s = stretch_of(t);
    OK(grid_events(r, &s, hold_us, &f, take_event));
    return f;
}

/* --- gaps --- */

static void test_grid_gaps_lie_between_observations_and_at_the_ends(void **state)
{
    struct grid_trial *t = *state;
    struct found f = {.count = 0};
    grid_trial_begin(t, "mean", 600, 0);
    put(t, 30, 1, QUALITY_GOOD);
    put(t, 40, 1, QUALITY_FAIL); /* bad, but there */
    put(t, 55, 1, QUALITY_GOOD); /* 15 minutes are no gap yet */
    put(t, 100, 1, QUALITY_GOOD);
    const struct grid_stretch s = stretch_of(t);
    grid_gaps(&s, (struct period){0, 120 * MINUTE_US}, &f, take_gap);
    assert_int_equal(f.count, 3);
    assert_int_equal(f.gaps[0].from_us, 0);
    assert_false(f.gaps[0].before);
    assert_int_equal(f.gaps[0].to_us, 30 * MINUTE_US);
    assert_int_equal(f.gaps[0].missing, 3); /* :00, :10, :20 */
    assert_int_equal(f.gaps[1].from_us, 55 * MINUTE_US);
    assert_int_equal(f.gaps[1].to_us, 100 * MINUTE_US);
    assert_int_equal(f.gaps[1].missing,
                     4); /* 45 minutes are 4.5 steps, the 5th is there */
    assert_true(f.gaps[1].before && f.gaps[1].after);
    assert_int_equal(f.gaps[2].to_us, 120 * MINUTE_US);
    assert_false(f.gaps[2].after);
    f.count = 0;
    grid_gaps(&s, (struct period){CLOCK_NONE, CLOCK_NONE}, &f, take_gap);
    assert_int_equal(f.count, 1);
}

static void test_grid_gaps_of_nothing_are_the_whole_window(void **state)
{
    struct grid_trial *t = *state;
    struct found f = {.count = 0};
    grid_trial_begin(t, "mean", 600, 0);
    struct grid_stretch s = stretch_of(t);
    grid_gaps(&s, (struct period){0, 60 * MINUTE_US}, &f, take_gap);
    assert_int_equal(f.count, 1);
    assert_int_equal(f.gaps[0].missing, 6);
    f.count = 0;
    t->rule.step_count = 0; /* nobody knows the interval */
    grid_gaps(&s, (struct period){0, 60 * MINUTE_US}, &f, take_gap);
    assert_int_equal(f.count, 0);
}

/* --- events --- */

/* 0.1 m in 10 minutes up to 2.2 m and down again; suspect above 2 m. */
static void put_surge(struct grid_trial *t, int64_t minute, int from, int to)
{
    for (int k = from; k <= to; k++) {
        double level_m = (k <= 22 ? k : 44 - k) / 10.0;
        put(t, minute + INT64_C(10) * k, level_m,
            level_m > 2 ? QUALITY_SUSPECT : QUALITY_GOOD);
    }
}

static void test_grid_events_measure_a_surge(void **state)
{
    struct grid_trial *t = *state;
    grid_trial_begin(t, "mean", 600, 0);
    put_surge(t, 0, 0, 44);
    put(t, 450, 30, QUALITY_FAIL); /* a fault makes no surge */
    struct found f = events_of(t, &surge, 0);
    assert_int_equal(f.count, 1);
    const struct grid_event *e = &f.events[0];
    assert_int_equal(e->from_us, 100 * MINUTE_US);
    assert_int_equal(e->to_us, 340 * MINUTE_US);
    assert_close(e->peak.value, 2.2, 1e-12);
    assert_int_equal(e->peak.time_us, 220 * MINUTE_US);
    assert_close((double)e->over_us[0], 240.0 * MINUTE_US, 50);
    assert_close((double)e->over_us[1], 190.0 * MINUTE_US, 50);
    assert_close((double)e->over_us[2], 140.0 * MINUTE_US, 50);
    assert_close((double)e->over_us[3], 40.0 * MINUTE_US, 50);
    assert_close(e->rate_per_h, 0.6, 1e-9);
    assert_close(e->coverage, 1, 0);
    assert_int_equal(e->n, 25);
    assert_int_equal(e->suspect, 3);
}

static void test_grid_events_are_joined_over_a_pause_and_no_gap_is_filled(void **state)
{
    struct grid_trial *t = *state;
    grid_trial_begin(t, "mean", 600, 0);
    put_surge(t, 0, 0, 15); /* up to 1.5 m, then silence until the fall */
    put_surge(t, 0, 30, 44);
    put_surge(t, 900, 0, 44);  /* 11 h after: the same */
    put_surge(t, 2200, 0, 44); /* 18 h after: another */
    struct found f = events_of(t, &surge, 0);
    assert_int_equal(f.count, 2);
    const struct grid_event *e = &f.events[0];
    assert_int_equal(e->from_us, 100 * MINUTE_US);
    assert_int_equal(e->to_us, 1240 * MINUTE_US);
    /* 100 to 150 and 300 to 340, then 240: the 150 minutes of silence add nothing */
    assert_close((double)e->over_us[0], (50 + 40 + 240.0) * MINUTE_US, 50);
    /* between the two surges nothing came for 460 minutes: 440 to 900 */
    assert_close(e->coverage, (1140.0 - 150 - 460) / 1140, 1e-12);
    assert_int_equal(f.events[1].from_us, 2300 * MINUTE_US);
}

static void test_grid_events_below_a_class_fall(void **state)
{
    struct grid_trial *t = *state;
    static const double oxygen[] = {8, 6, 4.5, 3.5, 1.5, 3, 5, 8, 3.9, 8};
    grid_trial_begin(t, "mean", 1800, 0);
    for (int k = 0; k < 10; k++) {
        put(t, 30 * k + (k > 7 ? 600 : 0), oxygen[k], QUALITY_GOOD);
    }
    struct found f = events_of(t, &deficit, 0);
    assert_int_equal(f.count, 1); /* the last one is too short */
    const struct grid_event *e = &f.events[0];
    assert_close(e->peak.value, 1.5, 0);
    assert_int_equal(e->peak.time_us, 120 * MINUTE_US);
    /* 4 mg/L: 4.5 to 3.5 crosses at half, 3 to 5 too; 15 + 30 + 30 + 15 */
    assert_close((double)e->over_us[0], 90.0 * MINUTE_US, 50);
    /* 2 mg/L: 3.5 to 1.5 for a quarter of 30 minutes, 1.5 to 3 for a third */
    assert_close((double)e->over_us[1], 17.5 * MINUTE_US, 50);
    assert_close(e->rate_per_h, -3, 1e-9); /* 4.5 to 1.5 in an hour */
}

static void test_grid_events_of_days_last_and_are_joined(void **state)
{
    struct grid_trial *t = *state;
    static const double days[] = {20, 24, 24, 25, 22, 22, 24, 24, 22, 22, 22, 24,
                                  24, 24, 24, 20, 20, 20, 24, 24, 24, 24, 24, 20};
    grid_trial_begin(t, "mean", 600, 0);
    for (int k = 0; k < 24; k++) {
        put(t, INT64_C(1440) * k, days[k], QUALITY_GOOD);
    }
    struct found f = events_of(t, &wave, CLOCK_US_PER_DAY);
    assert_int_equal(f.count, 2); /* 4 days from day 11 on are none */
    assert_int_equal(f.events[0].from_us, CLOCK_US_PER_DAY);
    assert_int_equal(f.events[0].to_us, 8 * CLOCK_US_PER_DAY);
    assert_int_equal(f.events[0].over_us[0], 5 * CLOCK_US_PER_DAY);
    assert_int_equal(f.events[0].over_us[1], CLOCK_US_PER_DAY);
    assert_close(f.events[0].coverage, 1, 0);
    assert_true(isnan(f.events[0].rate_per_h));
    assert_int_equal(f.events[1].from_us, 18 * CLOCK_US_PER_DAY);
}

/* --- main values --- */

struct main_trial {
    struct main_values *values;
    int64_t days;
};

static void put_day(void *arg, const struct grid_cell *c)
{
    struct main_trial *m = arg;
    if (c->grid == GRID_HYDRODAY) {
        m->days++;
        OK(main_values_put_day(m->values, c));
    }
}

static void put_hour(struct grid_builder *g, struct main_trial *m, int64_t time_us,
                     double value, enum quality q)
{
    const struct grid_sample s = {time_us, value, q};
    OK(main_values_put_sample(m->values, &s));
    OK(grid_put(g, &s));
}

/* Hourly: 2023/24 all 5, but 3 on day 100 and a suspect 9; 2024/25 all 6, but 2 on day
 * 200 and one 8; then ten days of 7. */
static void put_years(struct grid_builder *g, struct main_trial *m)
{
    int64_t start_us = grid_trial_time("2023-10-31T23:00:00Z");
    for (int hour = 0; hour < (366 + 365 + 10) * 24; hour++) {
        int day = hour / 24;
        bool second = day >= 366;
        double value = day >= 731 ? 7 : second ? 6 : 5;
        value = day == 100 ? 3 : day == 566 ? 2 : value;
        enum quality q = hour == 5000 ? QUALITY_SUSPECT : QUALITY_GOOD;
        value = hour == 5000 ? 9 : hour == 10000 ? 8 : value;
        put_hour(g, m, start_us + INT64_C(60) * hour * MINUTE_US, value, q);
    }
}

static void judge_main(const struct main_summary *s)
{
    static const double exceeded[MAIN_EXCEEDANCES] = {7, 6, 6, 6, 6, 6, 5, 5, 5, 5, 5};
    double mw = (365 * 5 + 3 + 363 * 6 + 2 + (23 * 6 + 8) / 24.0) / 731;
    assert_int_equal(s->year_count, 3);
    assert_int_equal(s->whole_years, 2);
    assert_int_equal(s->days, 741);
    assert_int_equal(s->days_expected, 366 + 365 + 365);
    assert_close(s->mw, mw, 1e-9);
    assert_close(s->mnw, 2.5, 1e-12); /* lowest daily means 3 and 2 */
    assert_close(s->mhw, 8.5, 1e-12); /* peaks 9 and 8 */
    assert_close(s->nw.value, 2, 1e-12);
    assert_close(s->hw.value, 9, 0);
    assert_int_equal(s->hw_flag, QUALITY_SUSPECT);
    assert_close(s->years[0].mw, (365 * 5 + 3) / 366.0, 1e-9);
    assert_int_equal(s->years[1].hw_flag, QUALITY_GOOD);
    assert_false(s->years[2].whole);
    for (int k = 0; k < MAIN_EXCEEDANCES; k++) {
        assert_close(s->exceedance[k].value, exceeded[k], 1e-9);
    }
}

static void test_main_values_are_those_of_the_yearbook(void **state)
{
    (void)state;
    struct main_trial m = {.values = main_values_open()};
    const struct grid_step step = {CLOCK_NONE, 3600};
    const struct grid_rule rule = {.steps = &step, .step_count = 1};
    struct grid_builder *g = grid_open(&rule, &m, put_day);
    struct main_summary s;
    put_years(g, &m);
    OK(grid_finish(g));
    OK(main_values_finish(m.values, &s));
    assert_int_equal(m.days, 741);
    judge_main(&s);
    main_values_close(m.values);
    grid_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grid_gaps_lie_between_observations_and_at_the_ends),
        cmocka_unit_test(test_grid_gaps_of_nothing_are_the_whole_window),
        cmocka_unit_test(test_grid_events_measure_a_surge),
        cmocka_unit_test(test_grid_events_are_joined_over_a_pause_and_no_gap_is_filled),
        cmocka_unit_test(test_grid_events_below_a_class_fall),
        cmocka_unit_test(test_grid_events_of_days_last_and_are_joined),
        cmocka_unit_test(test_main_values_are_those_of_the_yearbook),
    };
    return cmocka_run_group_tests(tests, grid_trial_set_up, grid_trial_tear_down);
}
