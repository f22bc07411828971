/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "app/reasons.h"
#include "base/clock.h"
#include "support/pipeline_world.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Flags in the store are those of the whole series, whatever the order, the batches, and
 * where the hub was stopped. What they must be is worked out here by a plain program that
 * shares nothing with the hub's tests: it looks at all points for each point.
 * While somebody works at the sensor no test runs, and a value is missing to the others.
 * KOGGE_SEED=number repeats one run. */

enum { MOST = 400, RUNS = 40, CHECKS = 7 };
enum { ATTENUATED, CLIMATOLOGY, FLAT, RANGE, RATE, SPIKE, GAP };

static const char *const names[CHECKS] = {
    "attenuated_signal_test", "climatology_test", "flat_line_test", "gross_range_test",
    "rate_of_change_test",    "spike_test",       "time_gap_test"};

struct point {
    int64_t s; /* seconds since 1970 */
    double sent;
    double value; /* as tests see it */
    bool there, maintained;
};

static struct point points[MOST];
static size_t point_count;
static int met[CHECKS][10]; /* flags by test */
static int met_maintained[10];

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % below;
}

/* --- a series with all that tests look for, around the end of April --- */

static int64_t draw_step_s(bool stuck)
{
    switch (draw(stuck ? 2000 : 120)) {
    case 0:
        return INT64_C(3) * 86400; /* a series begins anew */
    case 1:
        return INT64_C(30) * 3600;
    case 2:
    case 3:
    case 4:
        return 3600 + INT64_C(60) * draw(300);
    case 5:
        return 1;
    default:
        return 600;
    }
}

static void draw_points(void)
{
    int64_t at_s = 1777300000 - INT64_C(86400) * draw(4);
    double level = 8;
    int stuck = 0;
    point_count = 60 + draw(MOST - 60);
    for (size_t i = 0; i < point_count; i++) {
        at_s += draw_step_s(stuck > 0);
        stuck = stuck > 0 ? stuck - 1 : draw(100) == 0 ? 160 : 0;
        level += stuck > 0 ? 0 : (draw(9) - 4.0) / 16;
        double spike = stuck == 0 && draw(25) == 0 ? draw(60) / 8.0 : 0;
        points[i] = (struct point){.s = at_s,
                                   .sent = draw(30) == 0 ? (double)NAN : level + spike};
        points[i].value = points[i].sent;
    }
}

/* Somebody works at the sensor from some point of [from, to) until before another. */
static void draw_maintenance(const struct pipeline_world *w, int number, size_t from,
                             size_t to)
{
    size_t first = from + draw((uint32_t)(to - from));
    size_t end = first + 1 + draw(draw(4) == 0 ? 20 : 3);
    end = end < to ? end : to;
    char path[600], begin[CLOCK_TEXT], until[CLOCK_TEXT];
    snprintf(path, sizeof path, "%s/cities/luebeck/maintenance-%d.json", w->conf, number);
    clock_format(points[first].s * CLOCK_US_PER_S, begin);
    clock_format((points[end - 1].s + 1) * CLOCK_US_PER_S, until);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f,
            "{\"station\": \"luebeck-a\", \"position\": \"main\", \"from\": \"%s\","
            " \"to\": \"%s\", \"reason\": \"cleaned\"}",
            begin, until);
    assert_int_equal(fclose(f), 0);
    for (size_t i = first; i < end; i++) {
        points[i].maintained = true;
        points[i].value = (double)NAN;
    }
}

/* --- the plain program --- */

#define PAUSE_S (INT64_C(2) * 86400)

/* Indexes of the points that are there and hang together with point i, up to the one
 * behind it; at: where i is among them. */
static size_t piece_of(size_t i, const struct point *piece[MOST], size_t *at)
{
    const struct point *all[MOST] = {NULL};
    size_t count = 0, first = 0, here = 0;
    for (size_t k = 0; k < point_count; k++) {
        if (points[k].there) {
            here = k == i ? count : here;
            all[count++] = &points[k];
        }
    }
    for (size_t k = 1; k <= here; k++) {
        first = all[k]->s - all[k - 1]->s > PAUSE_S ? k : first;
    }
    size_t end = here + 1;
    end += end < count && all[end]->s - all[here]->s <= PAUSE_S;
    for (size_t k = first; k < end; k++) {
        piece[k - first] = all[k];
    }
    *at = here - first;
    return end - first;
}

static int above(double x, double suspect, double fail)
{
    return x > fail ? 4 : x > suspect ? 3 : 1;
}

static int plain_spike(const struct point *const *p, size_t count, size_t i)
{
    if (i == 0 || i + 1 == count || isnan(p[i - 1]->value) || isnan(p[i + 1]->value)) {
        return 2;
    }
    return above(fabs(p[i]->value - (p[i - 1]->value + p[i + 1]->value) / 2), 1, 3);
}

static int plain_rate(const struct point *const *p, size_t i)
{
    if (i == 0) {
        return 1;
    }
    if (isnan(p[i - 1]->value)) {
        return 2;
    }
    double dt_s = (double)(p[i]->s - p[i - 1]->s);
    return above(fabs((p[i]->value - p[i - 1]->value) / dt_s), 0.0005555555555555556,
                 0.001388888888888889);
}

static bool plain_flat(const struct point *const *p, size_t i, int64_t span_s)
{
    double low = p[i]->value, high = low;
    int values = 0;
    for (size_t k = i;; k--) {
        if (!isnan(p[k]->value)) {
            low = fmin(low, p[k]->value);
            high = fmax(high, p[k]->value);
            values++;
        }
        if (p[i]->s - p[k]->s >= span_s) {
            return values >= 3 && high - low < 0.005;
        }
        if (k == 0 || p[k]->s - p[k - 1]->s > INT64_C(3) * 600) {
            return false;
        }
    }
}

static int plain_attenuated(const struct point *const *p, size_t i)
{
    double sum = 0, squares = 0;
    int values = 0;
    for (size_t k = 0; k <= i; k++) {
        if (p[k]->s > p[i]->s - 21600 && !isnan(p[k]->value)) {
            sum += p[k]->value;
            values++;
        }
    }
    for (size_t k = 0; k <= i; k++) {
        if (p[k]->s > p[i]->s - 21600 && !isnan(p[k]->value)) {
            double d = p[k]->value - sum / values;
            squares += d * d;
        }
    }
    double deviation = sqrt(squares / values);
    return values < 4 ? 2 : deviation < 0.10317 ? 4 : deviation < 0.29137 ? 3 : 1;
}

static bool in_april(int64_t s)
{
    return s >= 1774996800 && s < 1777593600;
}

static int plain_gap(const struct point *const *p, size_t count, size_t i)
{
    if (count < 2) {
        return 2;
    }
    size_t later = i > 0 ? i : 1;
    int64_t most_s = INT64_C(3600) * (in_april(p[i]->s) ? 4 : 3);
    return p[later]->s - p[later - 1]->s > most_s ? 4 : 1;
}

static void plain_flags(size_t i, int flags[CHECKS])
{
    const struct point *p[MOST];
    size_t at = 0;
    size_t count = piece_of(i, p, &at);
    double x = points[i].value;
    for (int k = 0; k < CHECKS; k++) {
        flags[k] = 9;
    }
    if (isnan(x)) {
        return;
    }
    flags[GAP] = plain_gap(p, count, at);
    flags[ATTENUATED] = plain_attenuated(p, at);
    flags[CLIMATOLOGY] = in_april(points[i].s) ? 2
                         : x < -2 || x > 35    ? 4
                         : x < 2 || x > 14     ? 3
                                               : 1;
    flags[FLAT] = plain_flat(p, at, 86400) ? 4 : plain_flat(p, at, 43200) ? 3 : 1;
    flags[RANGE] = x < -2 || x > 40 ? 4 : x < -1 || x > 30 ? 3 : 1;
    flags[RATE] = plain_rate(p, at);
    flags[SPIKE] = plain_spike(p, count, at);
}

/* --- the hub --- */

static void word_flags(size_t i, char wanted[512])
{
    int flags[CHECKS];
    if (points[i].maintained) {
        int flag = isnan(points[i].sent) ? 9 : 2;
        snprintf(wanted, 512, "\tmaintenance:%d\t", flag);
        met_maintained[flag]++;
        return;
    }
    plain_flags(i, flags);
    for (int k = 0; k < CHECKS; k++) {
        size_t length = strlen(wanted);
        snprintf(wanted + length, 512 - length, "%s%s:%d", k > 0 ? ";" : "\t", names[k],
                 flags[k]);
        met[k][flags[k]]++;
    }
    size_t all = strlen(wanted);
    snprintf(wanted + all, 512 - all, "\t");
}

static void expect_flags(const char *dump, size_t i)
{
    char time[CLOCK_TEXT], wanted[512] = "";
    clock_format(points[i].s * CLOCK_US_PER_S, time);
    time[19] = '\0';
    const char *line = strstr(dump, time);
    assert_non_null(line);
    word_flags(i, wanted);
    const char *end = strchr(line, '\n');
    const char *found = strstr(line, wanted);
    if (found == NULL || found > end) {
        fail_msg("point %zu is\n%.*s, expected%s", i, (int)(end - line), line, wanted);
    }
}

static void expect_all(const struct pipeline_world *w)
{
    char *dump = world_dump(w);
    for (size_t i = 0; i < point_count; i++) {
        if (points[i].there) {
            expect_flags(dump, i);
        }
    }
    free(dump);
}

static void expect_same(void *arg, const struct reasons_test *t)
{
    size_t *said = arg;
    assert_int_equal(t->today, t->flag);
    assert_true(strlen(t->text[LANGUAGE_DE]) > 0 && strlen(t->text[LANGUAGE_EN]) > 0);
    ++*said;
}

/* Who asks why, sees what the judge saw: each flag comes out again. */
static void expect_reasons(struct pipeline_world *w)
{
    struct configuration *c = world_configuration(w, w->variant);
    const struct store_query all = {.from_us = INT64_MIN / 2, .to_us = INT64_MAX / 2};
    struct store_reader *store = NULL;
    struct reasons *reasons = NULL;
    struct row_source rows;
    struct observation_row row;
    size_t said = 0;
    assert_int_equal(store_reader_open(w->folder, &store, NULL), ERR_OK);
    assert_int_equal(reasons_open(store, c, &reasons), ERR_OK);
    assert_int_equal(store_rows_open(store, &all, &rows, NULL), ERR_OK);
    while (rows.next(rows.self, &row) > 0) {
        assert_int_equal(reasons_tell(reasons, &row, &said, expect_same), ERR_OK);
    }
    store_rows_close(store);
    reasons_close(reasons);
    store_reader_close(store);
    configuration_free(c);
    size_t expected = 0; /* of what is maintained only that is said */
    for (size_t i = 0; i < point_count; i++) {
        expected += points[i].maintained ? 1 : CHECKS;
    }
    assert_int_equal(said, expected);
}

static void put(struct pipeline_world *w, size_t i)
{
    char values[64] = "\"temp\": -127"; /* which means missing */
    if (!isnan(points[i].sent)) {
        snprintf(values, sizeof values, "\"temp\": %.17g", points[i].sent);
    }
    const struct sent m = world_ttn("ttn-1", points[i].s, (int)i, 0, values);
    world_put(w, &m);
    points[i].there = true;
}

/* Mostly in order, some late; or all in any order. */
static void order_points(size_t order[MOST])
{
    bool wild = draw(4) == 0;
    for (size_t i = 0; i < point_count; i++) {
        order[i] = i;
    }
    for (size_t i = 0; i + 1 < point_count; i++) {
        size_t far = wild ? point_count - i : 1 + (draw(12) == 0 ? draw(40) : 0);
        size_t k = i + draw((uint32_t)(far < point_count - i ? far : point_count - i));
        size_t t = order[i];
        order[i] = order[k];
        order[k] = t;
    }
}

static void run(bool ask)
{
    struct pipeline_world w;
    size_t order[MOST] = {0};
    draw_points();
    order_points(order);
    world_make(&w);
    draw_maintenance(&w, 1, 0, point_count / 2);
    draw_maintenance(&w, 2, point_count / 2, point_count);
    world_open(&w);
    world_connect(&w);
    for (size_t done = 0; done < point_count;) {
        size_t batch = 1 + draw(draw(3) == 0 ? 60 : 4);
        for (; batch > 0 && done < point_count; batch--) {
            put(&w, order[done++]);
        }
        world_commit(&w);
        world_drain(&w);
        if (draw(25) == 0) {
            expect_all(&w);
        }
        if (draw(25) == 0) {
            world_close(&w);
            world_open(&w);
        }
    }
    expect_all(&w);
    if (ask) {
        expect_reasons(&w);
    }
    world_audit(&w, (int64_t)point_count);
    world_remove(&w);
}

static void test_flags_are_those_of_the_whole_series(void **state)
{
    (void)state;
    const char *given = getenv("KOGGE_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    printf("KOGGE_SEED=%llu\n", (unsigned long long)seed);
    random_state = seed * 2 + 1;
    for (int i = 0; i < RUNS; i++) {
        run(i % 5 == 0);
    }
    for (int k = 0; k < CHECKS; k++) {
        printf("%s: good %d, not evaluated %d, suspect %d, fail %d, missing %d\n",
               names[k], met[k][1], met[k][2], met[k][3], met[k][4], met[k][9]);
        assert_true(met[k][1] > 0);
        assert_true(k == RANGE || k == CLIMATOLOGY || met[k][4] > 0);
        assert_true(k == RANGE || k == GAP || met[k][3] > 0);
    }
    printf("maintenance: %d, missing %d\n", met_maintained[2], met_maintained[9]);
    assert_true(met_maintained[2] > 0 && met_maintained[9] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags_are_those_of_the_whole_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
