/* SPDX-License-Identifier: EUPL-1.2 */
/* seeds: tests/vectors/decode/number */
#include "fuzz/decode_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_decode("number", "pegel/{device}/{field}", data, size);
}
