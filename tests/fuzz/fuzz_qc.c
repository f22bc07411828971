/* SPDX-License-Identifier: EUPL-1.2 */
/* seeds: tests/vectors/qc */
/* A tests file on the first line, its series below. */
#include "fuzz/qc_fuzz.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *end = size > 0 ? memchr(text, '\n', size) : NULL;
    size_t length = end != NULL ? (size_t)(end + 1 - text) : size;
    struct config_file file = {.name = "tests.json", .text = text, .size = length};
    struct qc_file series = {0};
    (void)!fuzz_read_series(text + length, size - length, &series);
    struct stretch s = qc_file_stretch(&series);
    for (enum quality_mode mode = QUALITY_REFERENCE; mode <= QUALITY_HUB; mode++) {
        struct config_faults faults = {0};
        struct tests_file t;
        if (tests_file_parse(&file, mode, &t, &faults) == ERR_OK) {
            fuzz_judge(&t, mode, &s);
            tests_file_fini(&t);
        }
        config_faults_fini(&faults);
    }
    qc_file_fini(&series);
    return 0;
}
