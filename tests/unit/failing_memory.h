/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef UNIT_FAILING_MEMORY_H
#define UNIT_FAILING_MEMORY_H

/* A malloc of the test program, in the place of the library's for all that is linked to
 * it: of the allocations made while it is armed, one fails. UDUNITS-2 is spared: it ends
 * the process where it finds no memory, so the hub asks for some before, and that is what
 * fails. Threads: one while it is armed. */

#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define REAL(name) __interceptor_##name /* the sanitizer's own */
#else
#define REAL(name) __libc_##name
#endif

/* They are called before the sanitizers are ready. */
#define EARLY __attribute__((no_sanitize("address", "thread", "undefined")))

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): theirs */
void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t count, size_t size);
void *REAL(realloc)(void *taken, size_t size);
void REAL(free)(void *taken);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct {
    bool armed;
    long seen;              /* since armed */
    long fail_at;           /* this one fails; 0: none */
    _Atomic long remaining; /* taken and not given back, ever; by any thread */
    uintptr_t spared_from, spared_to;
} memory;

static int memory_find_spared(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (strstr(info->dlpi_name, "libudunits2") != NULL && (h->p_flags & PF_X) != 0) {
            memory.spared_from = info->dlpi_addr + h->p_vaddr;
            memory.spared_to = memory.spared_from + h->p_memsz;
        }
    }
    return 0;
}

/* The fail_at-th allocation fails; 0: none. */
static inline void memory_arm(long fail_at)
{
    dl_iterate_phdr(memory_find_spared, NULL);
    memory.seen = 0;
    memory.fail_at = fail_at;
    memory.armed = true;
}

/* True if the one that was to fail was asked for. */
static inline bool memory_disarm(void)
{
    memory.armed = false;
    return memory.fail_at > 0 && memory.seen >= memory.fail_at;
}

/* True if this allocation is the one. */
EARLY static bool memory_fails(void *caller)
{
    bool spared =
        (uintptr_t)caller >= memory.spared_from && (uintptr_t)caller < memory.spared_to;
    if (!memory.armed || spared || ++memory.seen != memory.fail_at) {
        return false;
    }
    errno = ENOMEM;
    return true;
}

EARLY static void *memory_count(void *taken)
{
    memory.remaining += taken != NULL;
    return taken;
}

EARLY void *malloc(size_t size)
{
    bool fails = memory_fails(__builtin_return_address(0));
    return fails ? NULL : memory_count(REAL(malloc)(size));
}

EARLY void *calloc(size_t count, size_t size)
{
    bool fails = memory_fails(__builtin_return_address(0));
    return fails ? NULL : memory_count(REAL(calloc)(count, size));
}

EARLY void *realloc(void *taken, size_t size)
{
    if (size > 0 && memory_fails(__builtin_return_address(0))) {
        return NULL;
    }
    void *moved = REAL(realloc)(taken, size);
    memory.remaining += (moved != NULL) - (taken != NULL && (moved != NULL || size == 0));
    return moved;
}

/* The library's own would hide who asks. */
EARLY char *strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memory_fails(__builtin_return_address(0))
                     ? NULL
                     : memory_count(REAL(malloc)(size));
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

EARLY void free(void *taken)
{
    memory.remaining -= taken != NULL;
    REAL(free)(taken);
}

#endif
