/* SPDX-License-Identifier: EUPL-1.2 */
#include "grid/pack.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

/* What a cell is made of; the first byte of each. */
enum {
    VALID = 1,
    FROM_MEDIAN = 2,
    LOSSES = 4, /* samples that aren't good */
    PARTS = 8,
    EXTREMES = 16,
    ONE = 32,        /* one good sample, which is minimum, maximum, median and sum */
    SECOND = 64,     /* b is not 0 */
    AS_BEFORE = 128, /* expected as in the cell before */
};

#define UNIT_US (600 * CLOCK_US_PER_S) /* starts of cells are multiples of it */

static void put_whole(struct buf *b, int64_t number)
{
    uint64_t rest = (uint64_t)number;
    unsigned char bytes[10];
    size_t n = 0;
    do {
        bytes[n++] = (unsigned char)((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0));
        rest >>= 7;
    } while (rest > 0);
    buf_put(b, bytes, n);
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Eight bytes, the lowest first, whatever the machine. */
static void put_double(struct buf *b, double value)
{
    uint64_t bits = bits_of(value);
    unsigned char bytes[8];
    for (int k = 0; k < 8; k++) {
        bytes[k] = (unsigned char)(bits >> (8 * k));
    }
    buf_put(b, bytes, sizeof bytes);
}

/* Also of NAN and of -0. */
static bool same(double a, double b)
{
    return bits_of(a) == bits_of(b);
}

static bool is_one(const struct grid_cell *c)
{
    return c->n == 1 && same(c->min.value, c->max.value) && same(c->a, c->min.value) &&
           same(c->b, 0) && (!c->valid || same(c->median, c->min.value));
}

static unsigned char marks_of(const struct grid_cell *c, double expected_before)
{
    bool losses = c->suspect + c->fail + c->missing + c->not_evaluated > 0;
    bool extremes = !isnan(c->min.value);
    return (unsigned char)((c->valid ? VALID : 0) | (c->from_median ? FROM_MEDIAN : 0) |
                           (losses ? LOSSES : 0) | (c->parts_expected > 0 ? PARTS : 0) |
                           (extremes ? EXTREMES : 0) | (extremes && is_one(c) ? ONE : 0) |
                           (same(c->b, 0) ? 0 : SECOND) |
                           (same(c->expected, expected_before) ? AS_BEFORE : 0));
}

static void put_counts(struct buf *b, const struct grid_cell *c, unsigned char marks)
{
    if ((marks & ONE) == 0) {
        put_whole(b, c->n);
    }
    if ((marks & AS_BEFORE) == 0) {
        put_double(b, c->expected);
    }
    if ((marks & LOSSES) != 0) {
        put_whole(b, c->suspect);
        put_whole(b, c->fail);
        put_whole(b, c->missing);
        put_whole(b, c->not_evaluated);
    }
    if ((marks & PARTS) != 0) {
        put_whole(b, c->parts);
        put_whole(b, c->parts_expected);
    }
}

static void put_values(struct buf *b, const struct grid_cell *c, unsigned char marks)
{
    if ((marks & EXTREMES) != 0) {
        put_double(b, c->min.value);
        put_whole(b, c->min.time_us - c->period.from_us);
    }
    if ((marks & ONE) != 0) {
        return;
    }
    if ((marks & EXTREMES) != 0) {
        put_double(b, c->max.value);
        put_whole(b, c->max.time_us - c->period.from_us);
    }
    put_double(b, c->a);
    if ((marks & SECOND) != 0) {
        put_double(b, c->b);
    }
    if ((marks & VALID) != 0 && (marks & EXTREMES) != 0) {
        put_double(b, c->median);
    }
}

void grid_pack(const struct grid_cell *cells, size_t count, int64_t start_us,
               struct buf *b)
{
    double expected = 0;
    for (size_t k = 0; k < count; k++) {
        const struct grid_cell *c = &cells[k];
        unsigned char marks = marks_of(c, expected);
        buf_put(b, &marks, 1);
        put_whole(b, (c->period.from_us - start_us) / UNIT_US);
        put_counts(b, c, marks);
        put_values(b, c, marks);
        expected = c->expected;
    }
}

/* --- and back --- */

struct reading_bytes {
    const unsigned char *at, *end;
    bool damaged;
};

static int64_t get_whole(struct reading_bytes *r)
{
    uint64_t number = 0;
    for (int shift = 0; shift < 63; shift += 7) {
        if (r->at == r->end) {
            break;
        }
        unsigned char byte = *r->at++;
        number |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            return (int64_t)(number & INT64_MAX);
        }
    }
    r->damaged = true;
    return 0;
}

static double get_double(struct reading_bytes *r)
{
    uint64_t bits = 0;
    double value;
    if (r->end - r->at < 8) {
        r->damaged = true;
        return (double)NAN;
    }
    for (int k = 0; k < 8; k++) {
        bits |= (uint64_t)*r->at++ << (8 * k);
    }
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void get_counts(struct reading_bytes *r, unsigned char marks, struct grid_cell *c)
{
    c->n = (marks & ONE) != 0 ? 1 : get_whole(r);
    if ((marks & AS_BEFORE) == 0) {
        c->expected = get_double(r);
    }
    if ((marks & LOSSES) != 0) {
        c->suspect = get_whole(r);
        c->fail = get_whole(r);
        c->missing = get_whole(r);
        c->not_evaluated = get_whole(r);
    }
    if ((marks & PARTS) != 0) {
        c->parts = (int)(get_whole(r) & 0xFFFF);
        c->parts_expected = (int)(get_whole(r) & 0xFFFF);
    }
}

static struct grid_extreme get_extreme(struct reading_bytes *r, int64_t from_us)
{
    struct grid_extreme e = {.value = get_double(r)};
    e.time_us = from_us + (get_whole(r) & (INT64_MAX / 4));
    return e;
}

static void get_values(struct reading_bytes *r, unsigned char marks, struct grid_cell *c)
{
    const struct grid_extreme none = {(double)NAN, CLOCK_NONE};
    c->value = c->median = c->p90 = c->p95 = (double)NAN;
    c->min = c->max = none;
    if ((marks & EXTREMES) != 0) {
        c->min = get_extreme(r, c->period.from_us);
    }
    if ((marks & ONE) != 0) {
        c->max = c->min;
        c->median = c->a = c->min.value;
        return;
    }
    if ((marks & EXTREMES) != 0) {
        c->max = get_extreme(r, c->period.from_us);
    }
    c->a = get_double(r);
    if ((marks & SECOND) != 0) {
        c->b = get_double(r);
    }
    if ((marks & VALID) != 0 && (marks & EXTREMES) != 0) {
        c->median = get_double(r);
    }
}

enum err grid_unpack(const struct grid_rule *rule, const struct grid_block *b, void *arg,
                     void (*cell)(void *arg, const struct grid_cell *c))
{
    struct reading_bytes r = {.at = b->bytes,
                              .end = (const unsigned char *)b->bytes + b->size};
    double expected = 0;
    while (r.at < r.end) {
        struct grid_cell c = {.grid = b->grid, .expected = expected};
        unsigned char marks = *r.at++;
        int64_t units = get_whole(&r) & 0xFFFF;
        c.period = grid_period(b->grid, b->start_us + units * UNIT_US);
        c.from_median = (marks & FROM_MEDIAN) != 0;
        get_counts(&r, marks, &c);
        get_values(&r, marks, &c);
        if (r.damaged) {
            return ERR_DAMAGED;
        }
        grid_cell_settle(rule, &c, (marks & VALID) != 0);
        cell(arg, &c);
        expected = c.expected;
    }
    return ERR_OK;
}
