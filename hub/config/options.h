/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

/* One row for each option of every kind of object in configuration files. Parsing,
 * schemas, the reference and `kogge check --explain` come from these rows. Threads: any.
 */

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* type is one of the names in types.c ("text", "id", "number", "time" ...), "one of
 * a|b|c", "one number of 3|5" or a kind (an object with that kind's options); before it
 * may stand "list of " or "map of " (any names), behind it " or null". */
struct option {
    const char *kind; /* "hub", "source", "city", "station", "device", "model", ... */
    const char *name;
    const char *type;
    bool required;
    const char *standard; /* value if it is left out, as text; NULL: none */
    double least, most;   /* of numbers, of a list's length; least > most: no limits */
    const char *unit;     /* NULL: none */
    const char *help;     /* one sentence */
};

/* All rows; those of a kind stand together. */
const struct option *config_options(size_t *count);

/* The i-th row that name means: "source.broker" is one, "broker" any option of that name,
 * "source" all options of that kind. NULL: no more. */
const struct option *config_option_find(const char *name, size_t i);

/* The nearest option or kind, for a name that has no row; NULL: none is near. */
const char *config_option_nearest(const char *name);

/* The reference (docs/configuration.md), in Markdown. */
void config_write_reference(struct buf *b);

/* The JSON Schema (2020-12) of a kind of file: "hub", "city", "device", "model",
 * "parameters", "units", "dataset"; or of one line of `kogge try --json`: "try".
 * ERR_UNKNOWN: no such kind; ERR_FULL, ERR_MEMORY: b's. */
MUST_USE enum err config_write_schema(const char *kind, struct buf *b);

/* The kinds above. */
const char *const *config_schema_kinds(size_t *count);

#endif
