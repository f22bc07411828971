/* SPDX-License-Identifier: EUPL-1.2 */
/* seeds: tests/vectors/decode/rows */
#include "fuzz/decode_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_decode("rows", NULL, data, size);
}
