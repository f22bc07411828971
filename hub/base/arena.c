/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 16, BLOCK_BYTES = 64 * 1024 };

struct block {
    struct block *next;
    size_t size, used;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

struct arena {
    struct block *blocks; /* the newest first */
    size_t ceiling;       /* bytes of all blocks together */
    size_t total;
    bool growing;
};

static struct block *block_new(struct arena *a, size_t size)
{
    if (size > a->ceiling - a->total) {
        return NULL;
    }
    struct block *b = malloc(sizeof *b + size);
    if (b != NULL) {
        *b = (struct block){.next = a->blocks, .size = size};
        a->blocks = b;
        a->total += size;
    }
    return b;
}

static struct arena *open_arena(size_t ceiling, size_t first, bool growing)
{
    struct arena *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return NULL;
    }
    a->ceiling = ceiling;
    a->growing = growing;
    if (block_new(a, first) == NULL) {
        free(a);
        return NULL;
    }
    return a;
}

struct arena *arena_open(size_t size)
{
    return open_arena(size, size, false);
}

struct arena *arena_open_growing(size_t ceiling)
{
    return open_arena(ceiling, ceiling < BLOCK_BYTES ? ceiling : BLOCK_BYTES, true);
}

static void free_blocks(struct arena *a, const struct block *keep)
{
    while (a->blocks != keep) {
        struct block *b = a->blocks;
        a->blocks = b->next;
        a->total -= b->size;
        free(b);
    }
}

void arena_close(struct arena *a)
{
    if (a != NULL) {
        free_blocks(a, NULL);
        free(a);
    }
}

void *arena_take(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct block *b = a->blocks;
    if (size > b->size - b->used) {
        if (!a->growing) {
            return NULL;
        }
        b = block_new(a, size > BLOCK_BYTES ? size : BLOCK_BYTES);
        if (b == NULL) {
            return NULL;
        }
    }
    void *taken = b->bytes + b->used;
    b->used += size;
    return taken;
}

void *arena_take_zero(struct arena *a, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    void *taken = arena_take(a, count * size);
    if (taken != NULL) {
        memset(taken, 0, count * size);
    }
    return taken;
}

char *arena_text_part(struct arena *a, const char *text, size_t length)
{
    char *copy = arena_take(a, length + 1);
    if (copy != NULL) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

char *arena_text(struct arena *a, const char *text)
{
    return arena_text_part(a, text, strlen(text));
}

char *arena_format(struct arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char small[512];
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(small, sizeof small, format, args);
    char *text = length < 0 ? NULL : arena_take(a, (size_t)length + 1);
    if (text != NULL) {
        vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    va_end(args);
    return text;
}

void arena_reset(struct arena *a)
{
    if (a->growing) {
        struct block *first = a->blocks;
        while (first->next != NULL) {
            first = first->next;
        }
        free_blocks(a, first);
    }
    a->blocks->used = 0;
}

size_t arena_used(const struct arena *a)
{
    return a->blocks->used;
}

size_t arena_left(const struct arena *a)
{
    return a->blocks->size - a->blocks->used;
}

void arena_rewind(struct arena *a, size_t used)
{
    if (used < a->blocks->used) {
        a->blocks->used = used;
    }
}
