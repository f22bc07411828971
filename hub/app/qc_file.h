/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_QC_FILE_H
#define APP_QC_FILE_H

/* One series out of a CSV file with the columns time[,value][,z][,lat][,lon]: time is RFC
 * 3339 or epoch seconds, an empty cell is missing. All of it is held, 56 bytes a row at
 * most. Threads: main. */

#include "base/diag.h"
#include "base/err.h"
#include "quality/quality.h"

#include <stdbool.h>
#include <stddef.h>

enum { QC_ROWS = 5000000 }; /* most; 95 years of 10 minutes */

enum qc_column { QC_TIME, QC_VALUE, QC_Z, QC_LAT, QC_LON, QC_COLUMNS };

/* What is odd, but can be judged. */
enum qc_oddity {
    QC_BACK,      /* a time before that of the row above */
    QC_TWICE,     /* the time of the row above */
    QC_FAR,       /* a time that ioos_qc can't hold */
    QC_NAN,       /* written out, not empty */
    QC_INFINITE,  /* a number */
    QC_DENORMAL,  /* a number nearer to 0 than doubles hold in full */
    QC_NO_COLUMN, /* a column that is none of ours */
    QC_ODDITIES
};

struct qc_oddities {
    size_t count;
    int line;         /* of the first */
    const char *name; /* the column of it */
};

struct qc_file {
    int64_t *time_us, *rising_us; /* rising_us: NULL where time_us rises */
    double *columns[QC_COLUMNS];  /* but the time; NULL: there is no such column */
    size_t count, size;
    int64_t interval_s; /* median in whole seconds; 0: fewer than two rows */
    struct qc_oddities oddities[QC_ODDITIES];
    char unknown[64]; /* the first column that is none of ours */
};

/* The names of the columns, by enum qc_column. */
extern const char *const qc_column_names[QC_COLUMNS];

/* Reads path. bad is told of rows that can't be read; if there is one, the whole is
 * ERR_SYNTAX. ERR_ABSENT, ERR_IO, ERR_FULL (more than QC_ROWS), ERR_MEMORY; d says. */
MUST_USE enum err qc_file_read(const char *path, void (*bad)(void *, const struct diag *),
                               void *arg, struct qc_file *out, struct diag *d);
void qc_file_fini(struct qc_file *f);

/* What tests look at; borrowed. */
struct stretch qc_file_stretch(const struct qc_file *f);

/* What a test with these needs (enum check_needs) lacks in s, in words; NULL: nothing. */
const char *qc_file_lack(const struct stretch *s, unsigned needs);

/* What is odd about path, in a sentence with its first line. False: nothing of that kind.
 */
bool qc_file_oddity(const struct qc_file *f, const char *path, enum qc_oddity which,
                    struct diag *d);

#endif
