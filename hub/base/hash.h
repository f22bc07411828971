/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

/* SHA-256 (FIPS 180-4) by libcrypto, and a fast hash for tables. Threads: any. */

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { HASH_SIZE = 32, HASH_HEX = 65 };

struct hash {
    uint8_t bytes[HASH_SIZE];
};

/* Of a file's content. ERR_IO. */
MUST_USE enum err hash_file(const char *path, struct hash *out);

/* Of size bytes. ERR_INTERNAL: libcrypto failed. */
MUST_USE enum err hash_bytes(const void *bytes, size_t size, struct hash *out);

/* Of topic, one zero byte, payload: the identity of a message. */
MUST_USE enum err hash_message(const char *topic, const void *payload, size_t size,
                               struct hash *out);

/* Of bytes that come one after the other. */
struct hash_stream; /* opaque */
MUST_USE enum err hash_stream_open(struct hash_stream **out);
void hash_stream_close(struct hash_stream *s); /* s may be NULL */
void hash_stream_put(struct hash_stream *s, const void *bytes, size_t size);
/* Of all that was put so far; more may follow. ERR_INTERNAL: libcrypto failed. */
MUST_USE enum err hash_stream_get(struct hash_stream *s, struct hash *out);

/* Lower-case hexadecimal. Returns to. */
const char *hash_hex(const struct hash *h, char to[HASH_HEX]);

/* FNV-1a, 64 bit, for tables in memory only. */
uint64_t hash_text(uint64_t start, const char *text);
#define HASH_TEXT_START UINT64_C(14695981039346656037)

#endif
