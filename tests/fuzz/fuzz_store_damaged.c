/* SPDX-License-Identifier: EUPL-1.2 */
/* seeds: tests/vectors/damage */
#include "fuzz/store_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte names the file, each six more a damage. A start says what is wrong and
 * ends, or the hub works; what is missing then is missed by audit. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct store_fuzz *f = store_fuzz_get();
    char text[AUDIT_TEXT];
    if (size == 0) {
        return 0;
    }
    store_fuzz_start(f, data[0] % STORE_FILES, data + 1, size - 1);
    bool opened = f->err == ERR_OK;
    enum err e = opened ? pipeline_drain(f->world.pipeline) : f->err;
    if (err_class(e) != (e == ERR_OK ? ERR_CLASS_OK : ERR_CLASS_STOP) ||
        (!opened && (e == ERR_INTERNAL || f->diag.text[0] == '\0'))) {
        fprintf(stderr, "%s: %s\n", err_text(e), f->diag.text);
        abort();
    }
    if (e == ERR_OK && store_fuzz_lost(f) &&
        audit_run(f->world.folder, NULL, text) == EXIT_DONE) {
        abort();
    }
    store_fuzz_end(f);
    return 0;
}
