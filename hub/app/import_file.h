/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_IMPORT_FILE_H
#define APP_IMPORT_FILE_H

/* A file of rows on its way into messages: read line by line, hashed as it goes, so that
 * it is known how much of it was taken before. Threads: one owner. */

#include "base/diag.h"
#include "base/err.h"
#include "decode/rows.h"
#include "store/inbox.h"

#include <stdbool.h>
#include <stdint.h>

struct import_file; /* opaque */

/* ERR_ABSENT, ERR_IO (d says). */
MUST_USE enum err import_file_open(const char *path, struct import_file **out,
                                   struct diag *d);
void import_file_close(struct import_file *f); /* f may be NULL */

int64_t import_file_bytes(const struct import_file *f);
bool import_file_is_json(const struct import_file *f); /* objects, one a line */

/* The last of marks, which are in order of bytes, that is a beginning of this file;
 * *out: bytes 0 if none is. */
MUST_USE enum err import_file_find(struct import_file *f, const struct import_mark *marks,
                                   size_t count, struct import_mark *out);

/* One message. from: digest of the file before it; to: after it. */
struct import_part {
    const char *payload;
    size_t size;
    int64_t rows; /* in it, the bad ones too */
    const char *from;
    struct import_mark to;
};

struct import_reader {
    struct rows_settings rows; /* file and json are set here */
    void *arg;
    /* The header was read: names of the columns, none of JSON. */
    enum err (*header)(void *arg, const char *const *columns, size_t count,
                       struct diag *d);
    enum err (*part)(void *arg, const struct import_part *part, struct diag *d);
};

/* Reads on behind start, to the end of the file or the first failure; d says where. */
MUST_USE enum err import_file_read(struct import_file *f, const struct import_reader *r,
                                   const struct import_mark *start, struct diag *d);

#endif
