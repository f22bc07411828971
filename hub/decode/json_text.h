/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef DECODE_JSON_TEXT_H
#define DECODE_JSON_TEXT_H

#include "base/buf.h"

#include <stddef.h>

/* Puts text, UTF-8, as a JSON string with its quotes. Without memory b->err is
 * ERR_MEMORY. Threads: any. */
void json_text_put(struct buf *b, const char *text, size_t length);

#endif
