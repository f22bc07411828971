/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/store_world.h"

#include "support/assert_close.h"
#include "support/fixture.h"

#include <stdio.h>

#define OK(call) assert_int_equal((call), ERR_OK)

const char *const store_world_tests[2] = {"device", "time"};

void store_world_reopen(struct store_world *w)
{
    store_close(w->store);
    w->store = NULL;
    OK(store_open(w->folder, store_world_tests, 2, w->slots, &w->store, NULL));
}

int store_world_set_up(void **state)
{
    static struct store_world w;
    w = (struct store_world){0};
    fixture_folder(w.folder);
    store_world_reopen(&w);
    *state = &w;
    return 0;
}

int store_world_tear_down(void **state)
{
    struct store_world *w = *state;
    store_close(w->store);
    fixture_remove(w->folder);
    return 0;
}

static struct parameter parameter_of(int decimals)
{
    return (struct parameter){.id = "p", .unit = "degC", .decimals = decimals};
}

int32_t store_world_series(struct store_world *w, const char *city, const char *station,
                           int decimals)
{
    char name[8];
    snprintf(name, sizeof name, "p%d", decimals);
    const struct parameter p = parameter_of(decimals);
    const struct series_key key = {city, station, name, "main", "measured"};
    int32_t id = 0;
    OK(store_series(w->store, &key, &p, &id));
    return id;
}

struct observation store_world_observation(int32_t id, int64_t time_us, double value)
{
    return (struct observation){.series = id,
                                .time_us = time_us,
                                .value = value,
                                .raw = value,
                                .raw_unit = "degC",
                                .tests = quality_tests_new(TIME_SOURCE_READING),
                                .message = 7,
                                .index = 0};
}

void store_world_insert(struct store_world *w, const struct observation *o)
{
    struct held held;
    bool inserted = false;
    OK(store_insert(w->store, o, &inserted, &held));
    assert_true(inserted);
}

struct store_reader *store_world_reader(const struct store_world *w)
{
    struct store_reader *r = NULL;
    OK(store_reader_open(w->folder, &r, NULL));
    return r;
}

const struct store_query store_world_all = {
    .from_us = INT64_MIN / 2, .to_us = INT64_MAX / 2, .by_dump_order = true};

/* All rows that q asks for; strings of the last one are not to be used. */
size_t store_world_read(struct store_reader *r, const struct store_query *q,
                        struct observation_row *rows, size_t most)
{
    struct row_source source;
    struct diag d = {0};
    size_t n = 0;
    OK(store_rows_open(r, q, &source, &d));
    while (n < most && source.next(source.self, &rows[n]) > 0) {
        n++;
    }
    store_rows_close(r);
    return n;
}
