/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef FUZZ_QC_FUZZ_H
#define FUZZ_QC_FUZZ_H

#include "app/qc_file.h"
#include "config/tests_file.h"

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static inline void fuzz_bad(void *arg, const struct diag *d)
{
    (void)arg;
    assert(d->text[0] != '\0');
}

/* Reads size bytes as a file of its own. */
static inline enum err fuzz_read_series(const char *text, size_t size,
                                        struct qc_file *out)
{
    char path[64];
    struct diag d = {.text = ""};
    int fd = memfd_create("qc", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    bool written = fd >= 0 && write(fd, text, size) == (ssize_t)size;
    enum err e = written ? qc_file_read(path, fuzz_bad, NULL, out, &d) : ERR_IO;
    close(fd);
    return e;
}

/* Each flag is one of the five. */
static inline void fuzz_judge(const struct tests_file *t, enum quality_mode mode,
                              const struct stretch *s)
{
    for (size_t k = 0; k < t->count; k++) {
        const struct tests_file_row *row = &t->rows[k];
        bool runs = qc_file_lack(s, row->check->needs(row->settings, mode)) == NULL;
        for (size_t i = 0; runs && i < s->count; i++) {
            enum quality flag = check_flag(row->check, row->settings, mode, s, i);
            assert(flag != QUALITY_NONE && quality_text(flag)[0] != '\0');
        }
    }
}

#endif
