/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_STORE_WORLD_H
#define SUPPORT_STORE_WORLD_H

/* A store in a temporary folder, for tests of writer and reader. A failure ends the test.
 */

#include "store/store.h"
#include "store/writer.h"

struct store_world {
    char folder[256];
    struct store *store;
    int slots[QUALITY_TESTS];
};

/* "device", "time": the tests that the store is opened with. */
extern const char *const store_world_tests[2];

/* All rows, in the order of dump. */
extern const struct store_query store_world_all;

int store_world_set_up(void **state); /* for cmocka; *state is a struct store_world */
int store_world_tear_down(void **state);
void store_world_reopen(struct store_world *w);

/* Id of the series (city, station, "p<decimals>") whose parameter has these decimals. */
int32_t store_world_series(struct store_world *w, const char *city, const char *station,
                           int decimals);

/* Value and raw value are one; of message 7, index 0. */
struct observation store_world_observation(int32_t id, int64_t time_us, double value);
void store_world_insert(struct store_world *w, const struct observation *o);

struct store_reader *store_world_reader(const struct store_world *w);

/* The first rows that q asks for, at most most; their strings are not to be used. */
size_t store_world_read(struct store_reader *r, const struct store_query *q,
                        struct observation_row *rows, size_t most);

#endif
