/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/judge_internal.h"

#include "quality/checks/gross_range.h"
#include "quality/settings.h"
#include "store/place.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_LEAST = 1024 };

/* --- open --- */

static int by_station(const void *a, const void *b)
{
    const struct placement *const *x = a;
    const struct placement *const *y = b;
    uintptr_t left = (uintptr_t)(*x)->station, right = (uintptr_t)(*y)->station;
    return left < right ? -1 : left > right;
}

static enum err list_placements(struct judge *j)
{
    const struct configuration *c = j->configuration;
    j->placements = calloc(c->placement_count + 1, sizeof *j->placements);
    if (j->placements == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < c->device_count; i++) {
        for (size_t k = 0; k < c->devices[i].placement_count; k++) {
            j->placements[j->placement_count++] = &c->devices[i].placements[k];
        }
    }
    qsort(j->placements, j->placement_count, sizeof *j->placements, by_station);
    return ERR_OK;
}

enum err judge_open(struct store *store, const struct configuration *c,
                    const int slots[QUALITY_TESTS], struct judge **out)
{
    struct judge *j = calloc(1, sizeof *j);
    if (j == NULL) {
        return ERR_MEMORY;
    }
    j->store = store;
    j->configuration = c;
    j->last_us = INT64_MIN;
    j->maintenance = slots[QUALITY_TEST_MAINTENANCE];
    for (size_t i = 0; check_table[i] != NULL; i++) {
        if (check_table[i] != &check_gross_range) {
            j->checks[j->check_count] = check_table[i];
            j->slots[j->check_count++] = slots[QUALITY_TEST_FIRST_CHECK + i];
        }
    }
    if (list_placements(j) != ERR_OK) {
        judge_close(j);
        return ERR_MEMORY;
    }
    *out = j;
    return ERR_OK;
}

void judge_close(struct judge *j)
{
    if (j != NULL) {
        free(j->placements);
        free(j->row.time_us);
        free(j->row.value);
        free(j->read);
        free(j);
    }
}

void judge_forget(struct judge *j)
{
    memset(j->tails, 0, sizeof j->tails);
    j->last_us = INT64_MIN;
}

quality_tests judge_alone(const struct judge *j, quality_tests tests)
{
    for (size_t k = 0; k < j->check_count; k++) {
        tests = quality_tests_set(tests, j->slots[k], QUALITY_NONE);
    }
    return tests;
}

bool judge_is_maintained(const struct judge *j, quality_tests tests)
{
    return quality_tests_get(tests, j->maintenance) != QUALITY_NONE;
}

double judge_value(const struct judge *j, double value, quality_tests tests)
{
    return judge_is_maintained(j, tests) ? (double)NAN : value;
}

/* --- series and their tests --- */

/* First of the placements at station; count: how many. */
static size_t find_placements(const struct judge *j, const struct station *station,
                              size_t *count)
{
    size_t low = 0, high = j->placement_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uintptr_t)j->placements[middle]->station < (uintptr_t)station) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *count = 0;
    while (low + *count < j->placement_count &&
           j->placements[low + *count]->station == station) {
        ++*count;
    }
    return low;
}

/* The shortest interval that a device at the station keeps then, whole s; 0: not known.
 */
static int64_t interval_s(const struct judge *j, const struct tail *t, int64_t time_us)
{
    size_t count = 0;
    size_t first = t->station != NULL ? find_placements(j, t->station, &count) : 0;
    double least_s = 0;
    for (size_t i = first; i < first + count; i++) {
        const struct placement *p = j->placements[i];
        if (p->interval_s >= 1 && time_us >= p->period.from_us &&
            time_us < p->period.to_us && (least_s == 0 || p->interval_s < least_s)) {
            least_s = p->interval_s;
        }
    }
    return (int64_t)least_s;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void look_at_list(const struct judge *j, struct tail *t,
                         const struct test_list *list)
{
    size_t count = 0;
    size_t first = t->station != NULL ? find_placements(j, t->station, &count) : 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct check *check = check_find(list->rows[i].test);
        const void *settings = list->rows[i].settings;
        if (check == &check_gross_range || check == NULL || settings == NULL) {
            continue;
        }
        t->any = true;
        for (size_t k = 0; check->reach != NULL && k <= count; k++) {
            double s = k < count ? j->placements[first + k]->interval_s : 0;
            t->reach_us = later(t->reach_us, check->reach(settings, QUALITY_HUB,
                                                          s >= 1 ? (int64_t)s : 0));
        }
    }
}

void judge_look_up(const struct judge *j, const struct series_key *key, struct tail *t)
{
    t->parameter = configuration_parameter(j->configuration, key->parameter);
    t->station = configuration_station(j->configuration, key->station);
    if (t->parameter == NULL) {
        return;
    }
    look_at_list(j, t, &t->parameter->tests);
    for (size_t i = 0; t->station != NULL && i < t->station->tests_count; i++) {
        if (t->station->tests[i].parameter == t->parameter) {
            look_at_list(j, t, &t->station->tests[i].tests);
        }
    }
    t->reach_us = t->reach_us < JUDGE_REACH_US ? t->reach_us : JUDGE_REACH_US;
}

struct tail *judge_tail(struct judge *j, int32_t series)
{
    struct tail *t = &j->tails[(uint32_t)series % JUDGE_TAILS];
    struct series_key key;
    if (t->series == series) {
        return t;
    }
    *t = (struct tail){.series = series};
    if (store_series_key(j->store, series, &key)) {
        judge_look_up(j, &key, t);
    }
    return t;
}

/* Settings hang on the month. */
static void settle_settings(const struct judge *j, struct tail *t, int64_t time_us)
{
    if (time_us >= t->settings_from_us && time_us < t->settings_to_us) {
        return;
    }
    const struct check_input in = {
        .parameter = t->parameter, .station = t->station, .time_us = time_us};
    struct clock_date month = clock_date_of(time_us);
    month.day = 1;
    t->settings_from_us = clock_of_date(month);
    month.year += month.month == 12;
    month.month = month.month % 12 + 1;
    t->settings_to_us = clock_of_date(month);
    for (size_t k = 0; k < j->check_count; k++) {
        const struct test_settings *found = quality_settings(&in, j->checks[k]);
        t->settings[k] = found != NULL ? found->settings : NULL;
    }
}

/* --- points beside each other --- */

quality_tests judge_refuse(const struct judge *j, struct tail *t,
                           const struct store_point *p)
{
    quality_tests tests = p->tests;
    enum quality flag = isfinite(p->value) ? QUALITY_NOT_EVALUATED : QUALITY_MISSING;
    settle_settings(j, t, p->time_us);
    for (size_t k = 0; k < j->check_count; k++) {
        tests = quality_tests_set(tests, j->slots[k],
                                  t->settings[k] != NULL ? flag : QUALITY_NONE);
    }
    return tests;
}

void judge_clear_row(struct judge *j)
{
    j->row.count = 0;
    j->row.open = false;
    j->row.at = 0;
}

static enum err make_room(struct row_of_points *r)
{
    size_t size = r->size == 0 ? ROW_LEAST : 2 * r->size;
    int64_t *times = realloc(r->time_us, size * sizeof *times);
    if (times == NULL) {
        return ERR_MEMORY;
    }
    r->time_us = times;
    double *values = realloc(r->value, size * sizeof *values);
    if (values == NULL) {
        return ERR_MEMORY;
    }
    r->value = values;
    r->size = size;
    return ERR_OK;
}

enum err judge_add(struct judge *j, int64_t time_us, double value)
{
    struct row_of_points *r = &j->row;
    enum err e = r->count == r->size ? make_room(r) : ERR_OK;
    if (e != ERR_OK) {
        return e;
    }
    r->time_us[r->count] = time_us;
    r->value[r->count++] = value;
    return ERR_OK;
}

enum err judge_read(struct judge *j, int32_t series, int64_t from_us, int64_t to_us,
                    size_t *count)
{
    for (;;) {
        struct store_points found = {.points = j->read, .most = j->read_size};
        enum err e = j->read_size == 0
                         ? ERR_FULL
                         : store_read_points(j->store, series, from_us, to_us, &found);
        *count = found.count;
        if (e != ERR_FULL || j->read_size >= JUDGE_POINTS) {
            return e;
        }
        size_t size = j->read_size == 0 ? ROW_LEAST : 4 * j->read_size;
        size = size < JUDGE_POINTS ? size : JUDGE_POINTS;
        struct store_point *grown = realloc(j->read, size * sizeof *grown);
        if (grown == NULL) {
            return ERR_MEMORY;
        }
        j->read = grown;
        j->read_size = size;
    }
}

enum err judge_read_around(struct judge *j, int32_t series, int64_t from_us,
                           int64_t to_us, size_t *count)
{
    struct store_point before = {0};
    struct store_points found = {.points = &before, .most = 1};
    int64_t next_us = INT64_MAX;
    enum err e =
        store_read_before(j->store, series, from_us, from_us - JUDGE_PAUSE_US, &found);
    e = e != ERR_OK
            ? e
            : store_next_time(j->store, series, to_us, to_us + JUDGE_PAUSE_US, &next_us);
    return e != ERR_OK ? e
                       : judge_read(j, series, found.count > 0 ? before.time_us : from_us,
                                    next_us != INT64_MAX ? next_us : to_us, count);
}

/* Where the piece around point i begins: behind a pause, or where no test looks any more.
 * Points are mostly asked for one after the other. */
static size_t piece_begin(struct row_of_points *r, int64_t reach_us, size_t i)
{
    size_t first = i;
    if (i > 0 && r->time_us[i] - r->time_us[i - 1] <= JUDGE_PAUSE_US) {
        first = r->at > 0 && i == r->at + 1 ? r->first : i - 1;
    }
    int64_t from_us = r->time_us[i] - reach_us;
    while (first + 1 < i && r->time_us[first + 1] <= from_us) {
        first++;
    }
    while (first > 0 && first < i && r->time_us[first] > from_us &&
           r->time_us[first] - r->time_us[first - 1] <= JUDGE_PAUSE_US) {
        first--;
    }
    r->at = i;
    r->first = first;
    return first;
}

struct stretch judge_piece(struct judge *j, const struct tail *t, size_t i)
{
    struct row_of_points *r = &j->row;
    size_t first = piece_begin(r, t->reach_us, i), end = i + 1;
    if (end < r->count && r->time_us[end] - r->time_us[i] <= JUDGE_PAUSE_US) {
        end++;
    }
    return (struct stretch){.time_us = r->time_us + first,
                            .value = r->value + first,
                            .count = end - first,
                            .interval_s = interval_s(j, t, r->time_us[i]),
                            .open = r->open && first == 0};
}

quality_tests judge_flags(struct judge *j, struct tail *t, size_t i, unsigned needs,
                          quality_tests tests, bool *undecided)
{
    if (judge_is_maintained(j, tests)) {
        return judge_alone(j, tests);
    }
    const struct stretch s = judge_piece(j, t, i);
    size_t at = (size_t)(j->row.time_us + i - s.time_us);
    settle_settings(j, t, j->row.time_us[i]);
    for (size_t k = 0; k < j->check_count; k++) {
        const void *settings = t->settings[k];
        const struct check *check = j->checks[k];
        enum quality flag = QUALITY_NONE;
        if (settings != NULL) {
            if ((check->needs(settings, QUALITY_HUB) & needs) != needs) {
                continue;
            }
            flag = check_flag(check, settings, QUALITY_HUB, &s, at);
            *undecided = *undecided || flag == QUALITY_NONE;
        }
        tests = quality_tests_set(tests, j->slots[k], flag);
    }
    return tests;
}
