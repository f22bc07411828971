/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PUBLISH_DATASET_H
#define PUBLISH_DATASET_H

/* The files of a dataset: <dataset>/<year>/<dataset>-<year>-<month>.csv for a UTC month,
 * <dataset>/<dataset>-current.csv for the 31 UTC days up to the day of its newest
 * observation, and pieces <...>-<city>[-<parameter>].csv of a file that is larger than
 * some portal takes. Threads: one owner of source at a time. */

#include "base/diag.h"
#include "base/err.h"
#include "export/export.h"
#include "model/configuration.h"
#include "publish/source.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { DATASET_PERIOD = 16, DATASET_PATH = 320 };
#define DATASET_CURRENT "current"

/* In which all files of datasets are written; never NULL. */
const struct export_format *dataset_format(void);

/* What the functions below work with; all borrowed. */
struct dataset_export {
    const struct configuration *configuration;
    const struct dataset *dataset;
    const struct publish_source *source;
    const char *folder;      /* of all exports, absolute */
    const atomic_bool *stop; /* may be NULL */
};

struct dataset_period {
    char name[DATASET_PERIOD]; /* "2026-11" or DATASET_CURRENT */
    int64_t from_us, to_us;    /* [from, to) */
};

/* The UTC month that holds time_us; the one after m. */
struct dataset_period dataset_month(int64_t time_us);
struct dataset_period dataset_next_month(const struct dataset_period *m);
/* ERR_SYNTAX: name is no month. */
MUST_USE enum err dataset_parse_month(const char *name, struct dataset_period *out);
/* The 31 days up to the day of newest_us. */
struct dataset_period dataset_current(int64_t newest_us);

/* First and last time of what the dataset publishes; CLOCK_NONE both: nothing. */
MUST_USE enum err dataset_extent(const struct dataset_export *x, int64_t *first_us,
                                 int64_t *last_us);

/* True if the dataset publishes rows of that series. */
bool dataset_has(const struct configuration *c, const struct dataset *dataset,
                 const struct series_key *key);

/* Largest file that target takes, in bytes; INT64_MAX: no limit. */
int64_t dataset_limit_bytes(const struct target *target);
/* The least of all targets of the dataset. */
int64_t dataset_least_limit_bytes(const struct configuration *c,
                                  const struct dataset *dataset);

struct dataset_file {
    const struct dataset_period *period;
    const char *city, *parameter; /* ids; "" unless a piece */
    char path[DATASET_PATH];      /* below folder */
    struct exported exported;
};

/* Writes the files of one period: the whole one, and pieces where it is too large; calls
 * file for each. Without rows file is called once, rows 0.
 * ERR_BUSY: stopped. ERR_IO and what rows_open gives. */
MUST_USE enum err dataset_export_period(
    const struct dataset_export *x, const struct dataset_period *period, void *arg,
    enum err (*file)(void *arg, const struct dataset_file *f), struct diag *d);

#endif
