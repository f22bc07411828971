/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

/* Tables of hub.db and how an observation is packed. Threads: any. */

#include "model/observation.h"
#include "store/sqlite.h"

#include <stdint.h>

extern const struct sqlite_schema hub_schema;

/* A chunk of time stands in front of the key of an observation, so that a batch touches
 * the newest leaves only, however full the store is. */
enum { CHUNK_S = 6 * 3600 };

struct store_time {
    int64_t chunk; /* of CHUNK_S, from 2020-01-01 */
    int32_t s, us; /* in the chunk, in the second */
};
struct store_time store_time_of(int64_t time_us);
int64_t store_time_us(struct store_time t);

/* 10^decimals, decimals in [0, 6]. */
double store_scale(int decimals);

/* Binds a value: an integer of 1/scale where that is exact, else REAL; NULL for NAN. */
void store_bind_value(sqlite3_stmt *s, int column, double value, double scale);
double store_column_value(sqlite3_stmt *s, int column, double scale);

/* Names of tests by slot; each yours, free with free(). */
MUST_USE enum err store_read_tests(sqlite3 *db, char *names[QUALITY_TESTS]);

#endif
