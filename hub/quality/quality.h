/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_QUALITY_H
#define QUALITY_QUALITY_H

/* Quality control: each test is one file in checks/ that defines a struct check named
 * after it (check_gross_range for gross_range.c); the build makes the list. Flags are
 * packed by slots that the store gave out. Pure. Threads: any, a struct quality_plan is
 * constant. */

#include "base/err.h"
#include "model/parameter.h"
#include "model/place.h"
#include "model/quality.h"

#include <stddef.h>
#include <stdint.h>

/* What a check sees of one observation. */
struct check_input {
    const struct parameter *parameter;
    const struct station *station; /* NULL: housekeeping */
    int64_t time_us;
    double value; /* canonical; NAN: missing */
};

struct check {
    const char *name; /* as in files: "gross_range_test" */
    /* The flag; QUALITY_NONE: the test does not apply here. */
    enum quality (*judge)(const struct check_input *in);
};

/* Made by the build: one row a file in checks/, by name of the file, NULL at the end. */
extern const struct check *const check_table[];

/* Tests that no check runs: "device" (status sent by the device) and "time" (arrival time
 * may be wrong) come first in the list of names. */
enum { QUALITY_TEST_DEVICE, QUALITY_TEST_TIME, QUALITY_TEST_FIRST_CHECK };

/* Names of all tests; the store gives each a slot. */
const char *const *quality_test_names(size_t *count);

struct quality_plan {
    int slots[QUALITY_TESTS]; /* by index in quality_test_names */
    size_t count;
};

/* Runs every check on in and returns tests with their flags set. tests holds "device" and
 * "time" already. Of a missing value every test that ran is 9, those two as well: so the
 * aggregate of a missing value is 9 (ioos_qc: each test gives 9 to a missing value). */
quality_tests quality_judge(const struct quality_plan *q, const struct check_input *in,
                            quality_tests tests);

#endif
