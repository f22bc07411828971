/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef DECODE_TREE_H
#define DECODE_TREE_H

/* A JSON document (RFC 8259) as a tree of nodes in an arena, members and elements in the
 * order of the text. Only files of decode see this. Threads: any, each with its own
 * arena. */

#include "base/arena.h"
#include "base/diag.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    TREE_DEPTH = 2048 /* most levels of a document */
};

enum tree_kind {
    TREE_NULL,
    TREE_FALSE,
    TREE_TRUE,
    TREE_NUMBER,
    TREE_TEXT,
    TREE_ARRAY,
    TREE_OBJECT
};

struct tree {
    enum tree_kind kind;
    size_t count; /* of elements or members */
    union {
        double number;            /* of TREE_NUMBER, finite */
        const char *text;         /* of TREE_TEXT, UTF-8 without NUL in it */
        const struct tree *first; /* of TREE_ARRAY and TREE_OBJECT; NULL: empty */
    };
    const struct tree *next; /* beside it; NULL: the last one */
    const char *key;         /* of a member; NULL: it is none */
    size_t key_length;
};

/* Bytes that reading a document of size bytes takes at most; usual ones take a tenth. */
size_t tree_bytes(size_t size);

/* Reads size bytes, at least one. The tree lives in a, which has tree_bytes(size) left,
 * or grows up to that. ERR_SYNTAX: d says "not JSON: " and why, with line and column;
 * also for what other readers let pass: a key that stands twice in one object, a number
 * too large for a double, half a surrogate pair, a NUL, more levels than TREE_DEPTH.
 * ERR_MEMORY: a could not grow. */
MUST_USE enum err tree_read(const char *bytes, size_t size, struct arena *a,
                            const struct tree **out, struct diag *d);

/* A member of object whose key another one has too; NULL: none. *no_room is set if a is
 * too small to tell. */
const struct tree *tree_find_twin(const struct tree *object, struct arena *a,
                                  bool *no_room);

/* --- what is asked of a node that may be NULL or of another kind --- */
static inline bool tree_is(const struct tree *node, enum tree_kind kind)
{
    return node != NULL && node->kind == kind;
}
/* Member by the first length bytes of key. NULL: there is none, or no object. */
const struct tree *tree_find(const struct tree *object, const char *key, size_t length);
const struct tree *tree_member(const struct tree *object, const char *key);
/* NULL: there is none, or no array. */
const struct tree *tree_element(const struct tree *array, size_t index);
/* The first member or element, then their next; NULL: none. */
const struct tree *tree_first(const struct tree *node);
/* NULL: no text. */
const char *tree_text(const struct tree *node);

#endif
