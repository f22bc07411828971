/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef MODEL_QUALITY_H
#define MODEL_QUALITY_H

/* Quality flags, as QARTOD numbers them (IOOS, "Manual for the Use of Real-Time
 * Oceanographic Data Quality Control Flags", 2020). Threads: any. */

#include <stdbool.h>
#include <stdint.h>

enum quality {
    QUALITY_NONE = 0, /* the test did not run */
    QUALITY_GOOD = 1,
    QUALITY_NOT_EVALUATED = 2,
    QUALITY_SUSPECT = 3,
    QUALITY_FAIL = 4,
    QUALITY_MISSING = 9,
};

/* Where the time of a reading comes from. */
enum time_source {
    TIME_SOURCE_READING = 0, /* its own time */
    TIME_SOURCE_MESSAGE = 1, /* the message's: what the network server wrote */
    TIME_SOURCE_ARRIVAL = 2, /* when the hub took it in */
};

/* "reading", "message", "arrival". */
const char *time_source_text(enum time_source s);

/* Most tests of one store. The number (slot) of a test is given by the store when it sees
 * the name for the first time, and stays. */
enum {
    QUALITY_TESTS = 20,
    QUALITY_SLOT_MANUAL = QUALITY_TESTS - 1 /* of the test "manual", in every store */
};

/* The flags of all tests of one observation and its time source, packed as they are
 * stored: 2 bits time source, then 3 bits a test, by slot (0 none, 1-4 as above, 5 is 9),
 * then 1 bit: the value was corrected by a calibration. */
typedef uint64_t quality_tests; /* the one typedef: a number with a meaning */

quality_tests quality_tests_new(enum time_source s);
quality_tests quality_tests_set(quality_tests t, int slot, enum quality q);
enum quality quality_tests_get(quality_tests t, int slot);
enum time_source quality_tests_time_source(quality_tests t);
quality_tests quality_tests_set_corrected(quality_tests t);
bool quality_tests_corrected(quality_tests t);

/* The aggregate: "manual", a flag set by hand, where there is one; else the highest of 9
 * < 2 < 1 < 3 < 4 over the tests that ran; 2 if none did. A missing value is 9 whatever
 * other tests say. Source: ioos_qc, qartod_compare. */
enum quality quality_aggregate(quality_tests t);

/* "1", "2", "3", "4", "9"; "" for none. */
const char *quality_text(enum quality q);

#endif
