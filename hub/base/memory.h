/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/* Memory for libraries that pass over a lack of it without a word: jansson leaves out a
 * character of a text, or says that the text is wrong. Its allocator is this one
 * (config/parse.c). Threads: each has its own answer. */

#include <stdbool.h>
#include <stddef.h>

/* As malloc, and remembers if there was none. */
void *memory_take(size_t size);

/* True if there was none in this thread since the last call. Ask before, to forget, and
 * after: then nothing of what was read in between is to be believed. */
bool memory_ran_out(void);

#endif
