/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/lines.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum err lines_open(struct lines *l, int fd)
{
    *l = (struct lines){.fd = fd, .buffer = malloc(LINES_MOST)};
    return l->buffer != NULL ? ERR_OK : ERR_MEMORY;
}

void lines_close(struct lines *l)
{
    free(l->buffer);
    *l = (struct lines){.fd = -1};
}

enum err lines_next(struct lines *l, const char **line, size_t *length)
{
    const char *end;
    while ((end = memchr(l->buffer + l->from, '\n', l->to - l->from)) == NULL &&
           l->to - l->from < LINES_MOST) {
        memmove(l->buffer, l->buffer + l->from, l->to - l->from);
        l->to -= l->from;
        l->from = 0;
        ssize_t n = read(l->fd, l->buffer + l->to, LINES_MOST - l->to);
        if (n < 0) {
            return ERR_IO;
        }
        if (n == 0) {
            break;
        }
        l->to += (size_t)n;
    }
    *line = l->buffer + l->from;
    *length = end != NULL ? (size_t)(end + 1 - *line) : l->to - l->from;
    l->from += *length;
    l->offset += (int64_t)*length;
    l->number += *length > 0;
    return ERR_OK;
}

enum err lines_rewind(struct lines *l)
{
    l->from = l->to = 0;
    l->offset = 0;
    l->number = 0;
    return lseek(l->fd, 0, SEEK_SET) == 0 ? ERR_OK : ERR_IO;
}
