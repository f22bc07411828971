/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BASE_LINES_H
#define BASE_LINES_H

/* A file line by line, whatever bytes it holds. Threads: one owner at a time. */

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { LINES_MOST = 256 << 10 }; /* bytes of a line; what is longer comes in pieces */

struct lines {
    int fd; /* yours */
    char *buffer;
    size_t from, to;
    int64_t offset; /* behind the last line */
    int number;     /* of the last line, from 1 */
};

/* ERR_MEMORY. */
MUST_USE enum err lines_open(struct lines *l, int fd);
void lines_close(struct lines *l); /* the file stays open; harmless when closed */

/* The next line with its end, if it has one; *length 0: the file is at its end. Borrowed
 * until the next call. ERR_IO: errno says why. */
MUST_USE enum err lines_next(struct lines *l, const char **line, size_t *length);

/* Back to the beginning; the file must be one that can do so. ERR_IO. */
MUST_USE enum err lines_rewind(struct lines *l);

#endif
