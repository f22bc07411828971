/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

/* A growing run of bytes, born with a ceiling. Once a put has failed, all later ones fail
 * too, so that only the end must be checked. Threads: one owner at a time. */

#include "base/err.h"

#include <stddef.h>

struct buf {
    char *bytes; /* length bytes, then a NUL; NULL while empty */
    size_t length;
    size_t size;
    size_t ceiling;
    enum err err; /* ERR_OK, ERR_FULL or ERR_MEMORY: of the first put that failed */
};

void buf_init(struct buf *b, size_t ceiling);
void buf_fini(struct buf *b);  /* frees */
void buf_wipe(struct buf *b);  /* the same for what is secret: overwritten before */
void buf_reset(struct buf *b); /* empty again, keeps its memory */

void buf_put(struct buf *b, const void *bytes, size_t length);
void buf_put_text(struct buf *b, const char *text);
void buf_put_format(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* text, valid UTF-8, as a JSON string with its quotes. */
void buf_put_json_text(struct buf *b, const char *text, size_t length);

/* Never NULL: "" while empty. Borrowed until the next put. */
const char *buf_text(const struct buf *b);

#endif
