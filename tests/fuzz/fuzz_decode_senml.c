/* SPDX-License-Identifier: EUPL-1.2 */
/* seeds: tests/vectors/decode/senml */
#include "fuzz/decode_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_decode("senml", NULL, data, size);
}
