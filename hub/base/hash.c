/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/hash.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct part {
    const void *bytes;
    size_t size;
};

static enum err hash_parts(const struct part *parts, size_t count, struct hash *out)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL) {
        return ERR_MEMORY;
    }
    int ok = EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    for (size_t i = 0; i < count; i++) {
        ok = ok && EVP_DigestUpdate(context, parts[i].bytes, parts[i].size);
    }
    struct hash h;
    ok = ok && EVP_DigestFinal_ex(context, h.bytes, NULL);
    EVP_MD_CTX_free(context);
    if (!ok) {
        return ERR_MEMORY; /* SHA-256 is always there; nothing else can fail */
    }
    *out = h;
    return ERR_OK;
}

enum err hash_bytes(const void *bytes, size_t size, struct hash *out)
{
    return hash_parts(&(struct part){bytes, size}, 1, out);
}

enum err hash_message(const char *topic, const void *payload, size_t size,
                      struct hash *out)
{
    const struct part parts[] = {{topic, strlen(topic) + 1}, {payload, size}};
    return hash_parts(parts, 2, out);
}

struct hash_stream {
    EVP_MD_CTX *context, *copy;
    int ok;
};

enum err hash_stream_open(struct hash_stream **out)
{
    struct hash_stream *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return ERR_MEMORY;
    }
    s->context = EVP_MD_CTX_new();
    s->copy = EVP_MD_CTX_new();
    s->ok = s->context != NULL && s->copy != NULL &&
            EVP_DigestInit_ex(s->context, EVP_sha256(), NULL);
    if (!s->ok) {
        hash_stream_close(s);
        return ERR_MEMORY;
    }
    *out = s;
    return ERR_OK;
}

void hash_stream_close(struct hash_stream *s)
{
    if (s != NULL) {
        EVP_MD_CTX_free(s->context);
        EVP_MD_CTX_free(s->copy);
        free(s);
    }
}

void hash_stream_put(struct hash_stream *s, const void *bytes, size_t size)
{
    s->ok = s->ok && EVP_DigestUpdate(s->context, bytes, size);
}

enum err hash_stream_get(struct hash_stream *s, struct hash *out)
{
    struct hash h;
    s->ok = s->ok && EVP_MD_CTX_copy_ex(s->copy, s->context) &&
            EVP_DigestFinal_ex(s->copy, h.bytes, NULL);
    if (!s->ok) {
        return ERR_INTERNAL;
    }
    *out = h;
    return ERR_OK;
}

static int digest_file(FILE *file, EVP_MD_CTX *context, struct hash *out)
{
    static const size_t size = 1 << 16;
    char bytes[1 << 16];
    int ok = EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    size_t n = size;
    while (ok && n == size) {
        n = fread(bytes, 1, size, file);
        ok = EVP_DigestUpdate(context, bytes, n);
    }
    return ok && !ferror(file) && EVP_DigestFinal_ex(context, out->bytes, NULL);
}

enum err hash_file(const char *path, struct hash *out)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return ERR_IO;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct hash h;
    int ok = context != NULL && digest_file(file, context, &h);
    EVP_MD_CTX_free(context);
    fclose(file);
    if (!ok) {
        return ERR_IO;
    }
    *out = h;
    return ERR_OK;
}

const char *hash_hex(const struct hash *h, char to[HASH_HEX])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < HASH_SIZE; i++) {
        to[2 * i] = digits[h->bytes[i] >> 4];
        to[2 * i + 1] = digits[h->bytes[i] & 15];
    }
    to[HASH_HEX - 1] = '\0';
    return to;
}

uint64_t hash_text(uint64_t start, const char *text)
{
    for (; *text != '\0'; text++) {
        start = (start ^ (unsigned char)*text) * UINT64_C(1099511628211);
    }
    return start;
}
