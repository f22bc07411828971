/* SPDX-License-Identifier: EUPL-1.2 */
/* seeds: tests/vectors/import */
/* A file of rows; its first byte says how it is read. */
#include "fuzz/decode_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *file = (const char *)data;
    unsigned how = size > 0 ? data[0] : 0;
    struct rows_settings s = {.file = "f",
                              .json = how & 1,
                              .separator = how & 2 ? ';' : 0,
                              .decimal_comma = how & 4,
                              .device = how & 8 ? "b" : 0,
                              .device_field = "/id"};
    struct rows *r = NULL;
    enum err e = rows_open(&s, &r);
    for (size_t at = 1, end = 0, n = 0; e == ERR_OK && at < size; at = end + 1) {
        for (end = at; end < size && file[end] != '\n'; end++) {
        }
        e = rows_take_line(r, file + at, end - at, (int)++n, NULL);
        if (e == ERR_OK && rows_is_whole(r) && (rows_is_full(r) || end + 1 >= size)) {
            fuzz_take_rows(r);
        }
    }
    rows_close(r);
    return 0;
}
