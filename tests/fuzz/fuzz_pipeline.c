/* SPDX-License-Identifier: EUPL-1.2 */
/* seeds: tests/vectors/pipeline */
#include "fuzz/pipeline_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each line is a step: what its first character says, and for a message its topic and
 * payload. Whatever came, the books balance. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pipeline_world *w = pipeline_fuzz_begin();
    const uint8_t *end = data + size;
    for (int steps = 0; data < end && steps < 64; steps++) {
        const uint8_t *line = memchr(data, '\n', (size_t)(end - data));
        line = line != NULL ? line : end;
        if (line > data) {
            pipeline_fuzz_step(w, data, (size_t)(line - data), steps);
        }
        data = line + 1;
    }
    pipeline_fuzz_end(w);
    return 0;
}
