/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef STORE_READER_INTERNAL_H
#define STORE_READER_INTERNAL_H

/* What the files of the reader share. Threads: as store.h. */

#include "base/arena.h"
#include "store/schema.h"
#include "store/store.h"

struct reader_series {
    int32_t id;
    struct series_key key; /* strings yours, freed with the rows */
    char *unit;
    double scale;
};

/* The rows that are open: series by series in order, chunk by chunk. */
struct rows {
    bool open;
    struct reader_series *series;
    size_t series_count, at;
    int64_t *chunks; /* that exist in the range, rising */
    size_t chunk_count, chunk_at;
    int64_t from_us, to_us;
    sqlite3_stmt *select;
    struct arena *texts;
    const char **units; /* in texts, by id; NULL: no such id */
    size_t unit_count;
    enum err err;
};

struct store_reader {
    sqlite3 *db;
    char *tests[QUALITY_TESTS];
    struct rows rows;
};

MUST_USE enum err store_read_number(struct store_reader *r, const char *sql,
                                    int64_t *out);

#endif
