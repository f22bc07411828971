/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef EXPORT_EXPORT_H
#define EXPORT_EXPORT_H

/* Observations to files for others. Pure but for the file that it writes. Formats are
 * files in formats/ that define a struct export_format named after it. Threads: any. */

#include "base/diag.h"
#include "base/err.h"
#include "base/hash.h"
#include "model/configuration.h"
#include "model/observation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names of tests by slot, for the column "tests". */
struct export_context {
    const struct configuration *configuration;
    const char *const *test_names; /* by slot; NULL where a slot has none */
};

/* Where formatted bytes go: a file, with its hash and size known at the end. */
struct export_sink; /* opaque to formats: */
void export_put(struct export_sink *s, const void *bytes, size_t size);

/* Room for size bytes at the end of what was put, to be written there before the next
 * put; export_took says how many were. size <= EXPORT_ROOM. Never NULL. */
enum { EXPORT_ROOM = 1 << 16 };
char *export_room(struct export_sink *s, size_t size);
void export_took(struct export_sink *s, size_t size);

/* Memory of the format for this file: size bytes, zero at first, the same at every call;
 * freed by the sink. NULL: no memory (the sink then fails by itself). */
void *export_memory(struct export_sink *s, size_t size);

struct export_format {
    const char *name;      /* "csv" */
    const char *extension; /* "csv" */
    void (*begin)(struct export_sink *s, const struct export_context *c);
    void (*row)(struct export_sink *s, const struct export_context *c,
                const struct observation_row *row);
    void (*end)(struct export_sink *s, const struct export_context *c);
};

const struct export_format *export_find_format(const char *name); /* NULL: none */

struct exported {
    int64_t rows;
    int64_t bytes;
    struct hash hash;
    bool changed; /* false: path holds these very bytes already and was left alone */
    int64_t first_us, last_us; /* of the rows; CLOCK_NONE: no row */
};

/* Writes rows to path (aside, synced, renamed), or leaves path alone if it is the same.
 * No row: no file is made, and one that is there is removed (changed says so).
 * ERR_IO: disk, or rows gave -1 (d says which); nothing at path has changed then. */
MUST_USE enum err export_file(const struct export_format *f,
                              const struct export_context *c, struct row_source *rows,
                              const char *path, struct exported *out, struct diag *d);

#endif
