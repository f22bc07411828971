/* SPDX-License-Identifier: EUPL-1.2 */
/* seeds: tests/vectors/topic */
#include "decode/decode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first line is the pattern, the rest the topic. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(2 * size + 128);
    char *pattern = arena_text_part(a, (const char *)data, size);
    char *end = strchr(pattern, '\n');
    char *topic = end == NULL ? pattern : end + 1;
    if (end != NULL) {
        *end = '\0';
    }
    struct topic_parts parts = {NULL, NULL};
    bool found = decode_topic(pattern, topic, a, &parts);
    bool hollow = (parts.device != NULL && *parts.device == '\0') ||
                  (parts.field != NULL && *parts.field == '\0');
    if (hollow || (found && !decode_topic_is_sound(pattern))) {
        abort();
    }
    arena_close(a);
    return 0;
}
