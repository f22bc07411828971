/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef DECODE_JSON_POOL_H
#define DECODE_JSON_POOL_H

/* Memory for one JSON document at a time and thread: between begin and close jansson
 * takes from a small block of the thread instead of the heap, and a document that fits
 * there needs no walk to be freed (a tenth of what decoding costs). What does not fit
 * comes from the heap. Only files of decode see this. Threads: each has its own. */

#include <jansson.h>

/* The document that is read from now on may lie in the block; the one before was ended.
 */
void json_pool_begin(void);
/* The document is read; others take from the heap again. */
void json_pool_close(void);
/* Frees the document, which may be NULL, whether or not a pool was begun. */
void json_pool_end(json_t *document);

#endif
