/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/order.h"

#include "app/batch.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS, KEY_BITS = 64, SERIES_BITS = 32 };

struct key {
    uint64_t place; /* chunk, from the first one of the batch, and series */
    uint32_t row;
};

struct order {
    struct key *keys, *spare;
};

struct order *order_open(size_t most)
{
    struct order *o = calloc(1, sizeof *o);
    if (o == NULL) {
        return NULL;
    }
    o->keys = malloc(most * sizeof *o->keys);
    o->spare = malloc(most * sizeof *o->spare);
    if (o->keys == NULL || o->spare == NULL) {
        order_close(o);
        return NULL;
    }
    return o;
}

void order_close(struct order *o)
{
    if (o != NULL) {
        free(o->keys);
        free(o->spare);
        free(o);
    }
}

static int compare_in_place(const void *a, const void *b)
{
    const struct batch_row *x = a;
    const struct batch_row *y = b;
    if (x->o.time_us != y->o.time_us) {
        return x->o.time_us < y->o.time_us ? -1 : 1;
    }
    if (x->o.message != y->o.message) {
        return x->o.message < y->o.message ? -1 : 1;
    }
    return x->o.index - y->o.index;
}

/* Fills the keys; gives the bits in which they differ. */
static uint64_t make_keys(struct order *o, const struct batch_row *rows, size_t count)
{
    int64_t first = INT64_MAX;
    uint64_t differ = 0;
    for (size_t i = 0; i < count; i++) {
        first = rows[i].chunk < first ? rows[i].chunk : first;
    }
    for (size_t i = 0; i < count; i++) {
        /* years 1 to 9999 are less than 2^24 chunks */
        uint64_t chunk = (uint64_t)(rows[i].chunk - first);
        o->keys[i].place = chunk << SERIES_BITS | (uint32_t)rows[i].o.series;
        o->keys[i].row = (uint32_t)i;
        differ |= o->keys[i].place ^ o->keys[0].place;
    }
    return differ;
}

/* One pass of a radix sort, which keeps the order of equals. */
static void sort_by_digit(struct order *o, size_t count, int shift)
{
    size_t start[DIGITS] = {0};
    for (size_t i = 0; i < count; i++) {
        start[o->keys[i].place >> shift & (DIGITS - 1)]++;
    }
    size_t sum = 0;
    for (size_t d = 0; d < DIGITS; d++) {
        size_t here = start[d];
        start[d] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++) {
        o->spare[start[o->keys[i].place >> shift & (DIGITS - 1)]++] = o->keys[i];
    }
    struct key *swap = o->keys;
    o->keys = o->spare;
    o->spare = swap;
}

/* Puts rows where the keys say, cycle by cycle. */
static void move_rows(struct order *o, struct batch_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t from = o->keys[i].row;
        if (from == i) {
            continue;
        }
        struct batch_row first = rows[i];
        size_t to = i;
        while (from != i) {
            rows[to] = rows[from];
            o->keys[to].row = (uint32_t)to;
            to = from;
            from = o->keys[to].row;
        }
        rows[to] = first;
        o->keys[to].row = (uint32_t)to;
    }
}

void order_rows(struct order *o, struct batch_row *rows, size_t count)
{
    uint64_t differ = count > 0 ? make_keys(o, rows, count) : 0;
    for (int shift = 0; shift < KEY_BITS; shift += DIGIT_BITS) {
        if ((differ >> shift & (DIGITS - 1)) != 0) {
            sort_by_digit(o, count, shift);
        }
    }
    move_rows(o, rows, count);
    for (size_t from = 0, to; from < count; from = to) {
        bool sorted = true;
        for (to = from + 1; to < count && o->keys[to].place == o->keys[from].place;
             to++) {
            sorted = sorted && compare_in_place(&rows[to - 1], &rows[to]) <= 0;
        }
        if (!sorted) {
            qsort(&rows[from], to - from, sizeof *rows, compare_in_place);
        }
    }
}
