/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef QUALITY_QUALITY_H
#define QUALITY_QUALITY_H

/* Quality control: each test is one file in checks/ that defines a struct check named
 * after it (check_gross_range for gross_range.c); the build makes the list. Flags are
 * packed by slots that the store gave out. Pure. Threads: any, a struct quality_plan is
 * constant. */

#include "base/diag.h"
#include "base/err.h"
#include "model/parameter.h"
#include "model/place.h"
#include "model/quality.h"
#include "quality/argument.h"
#include "quality/stretch.h"

#include <stddef.h>
#include <stdint.h>

/* What a test needs of a stretch besides times. */
enum check_needs {
    CHECK_VALUES = 1,
    CHECK_DEPTHS = 2,    /* z_m */
    CHECK_POSITIONS = 4, /* lat, lon */
    CHECK_INTERVAL = 8,  /* interval_s: with these settings a flag hangs on it */
    CHECK_ORDER = 16,    /* times that never go backwards */
    CHECK_NEXT = 32, /* the point behind: without one, the flag is not the last word */
};

/* How far back: beyond any bound, to the first point of the series. */
#define CHECK_REACH_ALL INT64_MAX

struct reason; /* quality/reason.h */

enum { CHECK_SETTINGS_BYTES = 128 }; /* most of any test; for any type */

/* One test. settings is its own struct (checks/<name>.h), filled by arguments. */
struct check {
    const char *name;  /* as in files: "gross_range_test" */
    const char *title; /* one line: what it asks */
    const struct argument *arguments;
    size_t settings_size;
    bool ours; /* ioos_qc has no such test: there is none in reference mode */
    /* What the arguments are together: ERR_RANGE, with a sentence, where no run makes
     * sense. *d holds a sentence too (and ERR_OK is given) where the reference runs, but
     * hardly as was meant; in the hub that is ERR_RANGE. NULL: each by itself is enough.
     */
    enum err (*check)(const void *settings, enum quality_mode mode, struct diag *d);
    /* Which of enum check_needs, together. */
    unsigned (*needs)(const void *settings, enum quality_mode mode);
    /* The flag of point i < s->count. Points outside of s do not exist. */
    enum quality (*judge)(const void *settings, enum quality_mode mode,
                          const struct stretch *s, size_t i);
    /* Works out, as the reference does, what hangs on the whole series and is the same
     * for all its points; without it judge does so each time. NULL: nothing is. */
    void (*derive)(void *settings, const struct stretch *whole);
    /* How far before point i it may look, beyond the point just before i, which is always
     * needed; us. NULL: no further. */
    int64_t (*reach)(const void *settings, enum quality_mode mode, int64_t interval_s);
    /* Says why point i has the flag, which is the hub's and neither NONE nor MISSING.
     * NULL where the hub can't run the test. */
    void (*say)(const void *settings, const struct stretch *s, size_t i,
                enum quality flag, struct reason *r);
};

/* Made by the build: one row a file in checks/, by its name, NULL at the end. */
extern const struct check *const check_table[];

/* The test of that name ("spike_test"), NULL: none; and the names of all, in order. */
enum { CHECK_NAMES = 32 };
const struct check *check_find(const char *name);
size_t check_names(const char *names[CHECK_NAMES]);

/* The flag as it is kept: that of judge, but in the hub's mode 9 of a missing value,
 * whatever the test looks at (the reference judges its time and place). */
enum quality check_flag(const struct check *check, const void *settings,
                        enum quality_mode mode, const struct stretch *s, size_t i);

/* What check gives where the threshold for 4 is passed before that for 3. */
enum err check_reversed(bool reversed, enum quality_mode mode, struct diag *d);

/* What the hub knows of one observation on its way into the store. */
struct check_input {
    const struct parameter *parameter;
    const struct station *station; /* NULL: housekeeping */
    int64_t time_us;
    double value; /* canonical; NAN: missing */
};

/* Tests that no check runs come first in the list of names: "device" (status sent by the
 * device), "time" (arrival time may be wrong), "calibration" (a field check found an
 * error beyond what is fit to be published). */
enum {
    QUALITY_TEST_DEVICE,
    QUALITY_TEST_TIME,
    QUALITY_TEST_CALIBRATION,
    QUALITY_TEST_MAINTENANCE,
    QUALITY_TEST_FIRST_CHECK
};

/* Names of all tests; the store gives each a slot. */
const char *const *quality_test_names(size_t *count);

struct quality_plan {
    int slots[QUALITY_TESTS]; /* by index in quality_test_names */
    size_t count;
};

/* The range test by the ranges of station or parameter (quality/ranges.h). QUALITY_NONE:
 * there are none, and the value is there. */
enum quality quality_judge_range(const struct check_input *in);

/* Judges the range of in and returns tests with its flag set. tests holds those that no
 * check runs. Of a missing value every test that ran is 9, those as well: so the
 * aggregate of a missing value is 9 (ioos_qc: each test gives 9 to a missing value). */
quality_tests quality_judge(const struct quality_plan *q, const struct check_input *in,
                            quality_tests tests);

#endif
