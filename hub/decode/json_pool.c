/* SPDX-License-Identifier: EUPL-1.2 */
#include "decode/json_pool.h"

#include "base/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* jansson takes about 10 bytes for each of a usual message. */
enum { ALIGNMENT = 16, BLOCK_BYTES = 64 * 1024 };

struct pool {
    size_t used;
    bool open;
    bool spilt; /* some of the document is on the heap */
    _Alignas(ALIGNMENT) unsigned char bytes[BLOCK_BYTES];
};

static _Thread_local struct pool pool;

static void *take(size_t size)
{
    struct pool *p = &pool;
    if (!p->open) {
        return memory_take(size);
    }
    if (size > BLOCK_BYTES - p->used) {
        p->spilt = true;
        return memory_take(size);
    }
    void *taken = p->bytes + p->used;
    p->used += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return taken;
}

static void give(void *taken)
{
    if ((uintptr_t)taken - (uintptr_t)pool.bytes >= BLOCK_BYTES) {
        free(taken);
    }
}

/* Before main: jansson reads these two without a lock, so no thread may run yet. */
__attribute__((constructor)) static void set_alloc_funcs(void)
{
    json_set_alloc_funcs(take, give);
}

void json_pool_begin(void)
{
    pool.used = 0;
    pool.spilt = false;
    pool.open = true;
}

void json_pool_close(void)
{
    pool.open = false;
}

void json_pool_end(json_t *document)
{
    pool.open = false;
    /* nothing was taken here: whoever set other functions since has it */
    if (pool.spilt || pool.used == 0) {
        json_decref(document);
    }
    pool.spilt = false;
}
