/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef CONFIG_TESTS_FILE_H
#define CONFIG_TESTS_FILE_H

/* A tests file: {"<test>": {<arguments as ioos_qc names them>}, ...}. A member "derived"
 * beside the tests gives what the reference works out from a whole series:
 * median_interval_s, and the derived arguments of the tests (min_periods, count_suspect,
 * count_fail). All faults are found at once. Threads: one. */

#include "config/config.h"
#include "quality/quality.h"

enum { TESTS_FILE_BYTES = 1 << 20 }; /* most */

/* One test to run; settings is yours until tests_file_fini. */
struct tests_file_row {
    const struct check *check;
    void *settings;
};

struct tests_file {
    struct tests_file_row rows[CHECK_NAMES]; /* in the order of the file */
    size_t count;
    int64_t interval_s; /* derived.median_interval_s, whole seconds; 0: not given */
    struct arena *memory;
};

/* Reads file for mode. Faults and findings are appended to faults: in the hub's mode what
 * makes no sense is a fault, in the reference's a finding where the reference takes it.
 * ERR_CONFIG: there are faults; ERR_MEMORY. out is set on ERR_OK only. */
MUST_USE enum err tests_file_parse(const struct config_file *file, enum quality_mode mode,
                                   struct tests_file *out, struct config_faults *faults);

void tests_file_fini(struct tests_file *t);

#endif
