/* SPDX-License-Identifier: EUPL-1.2 */
#include "decode/json_text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void json_text_put(struct buf *b, const char *text, size_t length)
{
    static const char special[] = "\"\\\x7f";
    bool plain = true;
    for (size_t i = 0; i < length && plain; i++) {
        plain = (unsigned char)text[i] >= 0x20 && strchr(special, text[i]) == NULL;
    }
    if (plain) {
        buf_put_text(b, "\"");
        buf_put(b, text, length);
        buf_put_text(b, "\"");
        return;
    }
    json_t *string = json_stringn(text, length);
    char *dumped = json_dumps(string, JSON_ENCODE_ANY);
    if (dumped != NULL) {
        buf_put_text(b, dumped);
    } else if (b->err == ERR_OK) {
        b->err = ERR_MEMORY;
    }
    free(dumped);
    json_decref(string);
}
