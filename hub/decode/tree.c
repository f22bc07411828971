/* SPDX-License-Identifier: EUPL-1.2 */
#include "decode/tree.h"

#include <stdlib.h>
#include <string.h>

const struct tree *tree_find(const struct tree *object, const char *key, size_t length)
{
    const struct tree *n = tree_is(object, TREE_OBJECT) ? object->first : NULL;
    while (n != NULL && (n->key_length != length || memcmp(n->key, key, length) != 0)) {
        n = n->next;
    }
    return n;
}

const struct tree *tree_member(const struct tree *object, const char *key)
{
    return tree_find(object, key, strlen(key));
}

const struct tree *tree_element(const struct tree *array, size_t index)
{
    const struct tree *n = tree_is(array, TREE_ARRAY) ? array->first : NULL;
    while (n != NULL && index > 0) {
        n = n->next;
        index--;
    }
    return n;
}

const struct tree *tree_first(const struct tree *node)
{
    return tree_is(node, TREE_ARRAY) || tree_is(node, TREE_OBJECT) ? node->first : NULL;
}

const char *tree_text(const struct tree *node)
{
    return tree_is(node, TREE_TEXT) ? node->text : NULL;
}

static int compare_keys(const void *a, const void *b)
{
    const struct tree *x = *(const struct tree *const *)a;
    const struct tree *y = *(const struct tree *const *)b;
    if (x->key_length != y->key_length) {
        return x->key_length < y->key_length ? -1 : 1;
    }
    return memcmp(x->key, y->key, x->key_length);
}

const struct tree *tree_find_twin(const struct tree *object, struct arena *a,
                                  bool *no_room)
{
    const struct tree **sorted = arena_take(a, object->count * sizeof *sorted);
    if (sorted == NULL) {
        *no_room = true;
        return NULL;
    }
    size_t count = 0;
    for (const struct tree *n = object->first; n != NULL; n = n->next) {
        sorted[count++] = n;
    }
    qsort(sorted, count, sizeof *sorted, compare_keys);
    for (size_t i = 1; i < count; i++) {
        if (compare_keys(&sorted[i - 1], &sorted[i]) == 0) {
            return sorted[i];
        }
    }
    return NULL;
}
