/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/qc_load.h"

enum { BAD_SHOWN = 10 };

static void tell_bad(void *arg, const struct diag *d)
{
    size_t *bad = arg;
    char text[640];
    if (++*bad <= BAD_SHOWN) {
        fprintf(stderr, "%s\n", diag_format(d, text, sizeof text));
    }
}

int qc_load(const struct invocation *i, const char *path, struct qc_file *out)
{
    struct diag d = {0};
    char text[640];
    size_t bad = 0;
    enum err e = qc_file_read(path, tell_bad, &bad, out, &d);
    if (bad > BAD_SHOWN) {
        fprintf(stderr, "%s: and %zu more rows that can't be read\n", path,
                bad - BAD_SHOWN);
    }
    if (e != ERR_OK) {
        if (d.text[0] == '\0') {
            diag_set(&d, "%s", err_text(e));
        }
        return command_fail_diag(i, EXIT_FAILED, &d);
    }
    for (enum qc_oddity k = 0; k < QC_ODDITIES; k++) {
        if (qc_file_oddity(out, path, k, &d)) {
            command_say(i, "%s", diag_format(&d, text, sizeof text));
        }
    }
    return EXIT_DONE;
}
