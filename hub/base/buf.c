/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t ceiling)
{
    *b = (struct buf){.ceiling = ceiling};
}

void buf_fini(struct buf *b)
{
    free(b->bytes);
    buf_init(b, b->ceiling);
}

void buf_wipe(struct buf *b)
{
    if (b->bytes != NULL) {
        explicit_bzero(b->bytes, b->size);
    }
    buf_fini(b);
}

void buf_reset(struct buf *b)
{
    b->length = 0;
    b->err = ERR_OK;
    if (b->bytes != NULL) {
        b->bytes[0] = '\0';
    }
}

static enum err reserve(struct buf *b, size_t more)
{
    if (b->err != ERR_OK) {
        return b->err;
    }
    if (more > b->ceiling - b->length) {
        b->err = ERR_FULL;
        return b->err;
    }
    if (b->length + more + 1 <= b->size) {
        return ERR_OK;
    }
    size_t size = b->size < 256 ? 256 : b->size * 2;
    while (size < b->length + more + 1) {
        size *= 2;
    }
    char *bytes = realloc(b->bytes, size);
    if (bytes == NULL) {
        b->err = ERR_MEMORY;
        return b->err;
    }
    b->bytes = bytes;
    b->size = size;
    return ERR_OK;
}

void buf_put(struct buf *b, const void *bytes, size_t length)
{
    if (length > 0 && reserve(b, length) == ERR_OK) { /* bytes may be NULL for none */
        memcpy(b->bytes + b->length, bytes, length);
        b->length += length;
        b->bytes[b->length] = '\0';
    }
}

void buf_put_text(struct buf *b, const char *text)
{
    buf_put(b, text, strlen(text));
}

void buf_put_format(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length >= 0 && reserve(b, (size_t)length) == ERR_OK) {
        vsnprintf(b->bytes + b->length, (size_t)length + 1, format, again);
        b->length += (size_t)length;
    }
    va_end(again);
    va_end(args);
}

void buf_put_json_text(struct buf *b, const char *text, size_t length)
{
    buf_put(b, "\"", 1);
    size_t start = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        buf_put(b, text + start, i - start);
        start = i + 1;
        if (c == '\n') {
            buf_put(b, "\\n", 2);
        } else if (c >= 0x20) {
            buf_put_format(b, "\\%c", c);
        } else {
            buf_put_format(b, "\\u%04x", c);
        }
    }
    buf_put(b, text + start, length - start);
    buf_put(b, "\"", 1);
}

const char *buf_text(const struct buf *b)
{
    return b->bytes != NULL ? b->bytes : "";
}
