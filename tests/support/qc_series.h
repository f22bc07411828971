/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_QC_SERIES_H
#define SUPPORT_QC_SERIES_H

/* Flag vectors as JSON: members "time" (epoch seconds or RFC 3339), "value", "z", "lat",
 * "lon" (numbers; null: missing; "inf", "-inf"), "config" and "derived". */

#include "config/tests_file.h"

#include <jansson.h>

struct qc_series {
    int64_t *time_us, *rising_us;
    double *columns[4]; /* value, z, lat, lon; NULL: not there */
    struct stretch stretch;
};

/* Fails the test that runs where one is not well formed. interval_s is that of the times.
 */
void qc_series_open(struct qc_series *s, const json_t *one);
void qc_series_close(struct qc_series *s);

/* The tests of a vector: of test, or, where that is "aggregate", of the members of its
 * config. name: for sentences. ERR_CONFIG: *why (of 161 bytes) says what is wrong. */
enum err qc_tests_read(const json_t *one, const char *test, enum quality_mode mode,
                       struct tests_file *t, char why[161]);

#endif
