/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

/* Memory that is given back all at once. Two kinds behind one handle: of fixed size, for
 * the work on messages (a full one is an answer, not a fault), and growing by blocks up
 * to a ceiling, for what lives as long as a configuration. Threads: one owner at a time.
 */

#include <stddef.h>

struct arena; /* opaque */

/* A fixed arena of size bytes. NULL: no memory. Free with arena_close. */
struct arena *arena_open(size_t size);

/* A growing arena: blocks are added up to ceiling bytes. Its reset gives all blocks back.
 */
struct arena *arena_open_growing(size_t ceiling);

void arena_close(struct arena *a); /* a may be NULL */

/* size bytes, aligned for any type, not set to zero. NULL: the arena is full. Lives until
 * reset or close. */
void *arena_take(struct arena *a, size_t size);

/* The same, set to zero, count times size; NULL also if the product overflows. */
void *arena_take_zero(struct arena *a, size_t count, size_t size);

/* Copies of text, of length bytes of text (a NUL is added). NULL: full. */
char *arena_text(struct arena *a, const char *text);
char *arena_text_part(struct arena *a, const char *text, size_t length);

/* printf into the arena. NULL: full. */
char *arena_format(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Gives everything back that was taken. */
void arena_reset(struct arena *a);

/* Bytes taken so far, and those that are left; arena_rewind gives back all that was taken
 * since then. Fixed arenas only. */
size_t arena_used(const struct arena *a);
size_t arena_left(const struct arena *a);
void arena_rewind(struct arena *a, size_t used);

#endif
