/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/dump.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_BYTES = 32 << 20, KEPT = 4096 };

struct dump {
    struct store_reader *store;
    struct inbox_reader *inbox;
    FILE *to;
    int64_t floor; /* messages below it count as given up */
    struct arena *arena;
    struct {
        int64_t id;
        char hex[HASH_HEX];
    } kept[KEPT]; /* hashes of messages asked for lately */
};

/* SHA-256 of the message; "-" if it was given up. */
static const char *hash_of(struct dump *d, int64_t id)
{
    struct message m;
    struct hash h;
    size_t at = (size_t)((uint64_t)id % KEPT);
    if (id < d->floor) {
        return "-";
    }
    if (d->kept[at].id == id) {
        return d->kept[at].hex;
    }
    arena_reset(d->arena);
    if (inbox_get(d->inbox, id, d->arena, &m) != ERR_OK ||
        hash_message(m.topic, m.payload, m.size, &h) != ERR_OK) {
        return "-";
    }
    d->kept[at].id = id;
    hash_hex(&h, d->kept[at].hex);
    return d->kept[at].hex;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "gross_range_test:1;..." by name. */
static void print_tests(FILE *to, const char *const *names, quality_tests tests)
{
    const char *ran[QUALITY_TESTS] = {NULL};
    size_t count = 0;
    for (int slot = 0; slot < QUALITY_TESTS; slot++) {
        if (names[slot] != NULL && quality_tests_get(tests, slot) != QUALITY_NONE) {
            ran[count++] = names[slot];
        }
    }
    qsort(ran, count, sizeof *ran, compare_names);
    for (size_t k = 0; k < count; k++) {
        for (int slot = 0; slot < QUALITY_TESTS; slot++) {
            if (names[slot] == ran[k]) {
                fprintf(to, "%s%s:%s", k > 0 ? ";" : "", ran[k],
                        quality_text(quality_tests_get(tests, slot)));
            }
        }
    }
}

static void print_row(struct dump *d, const struct observation_row *row)
{
    char time[CLOCK_TEXT];
    char value[NUMBER_TEXT] = "";
    char raw[NUMBER_TEXT] = "";
    clock_format_us(row->time_us, time);
    if (!isnan(row->value)) {
        number_format(row->value, value);
    }
    if (!isnan(row->raw)) {
        number_format(row->raw, raw);
    }
    fprintf(d->to, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t", row->key.city,
            row->key.station, row->key.parameter, row->key.position, row->key.origin,
            time, value, raw, row->raw_unit);
    print_tests(d->to, store_test_names(d->store), row->tests);
    fprintf(d->to, "\t%s\n", hash_of(d, row->message));
}

static enum err dump_rows(struct dump *d, struct diag *diag)
{
    struct row_source rows;
    struct observation_row row;
    const struct store_query all = {
        .from_us = INT64_MIN / 2, .to_us = INT64_MAX / 2, .by_dump_order = true};
    enum err e = store_view_begin(d->store);
    e = e != ERR_OK ? e : store_floor(d->store, &d->floor);
    e = e != ERR_OK ? e : store_rows_open(d->store, &all, &rows, diag);
    int more = 0;
    /* a reader that went away ends it: `kogge dump | head` */
    while (e == ERR_OK && !ferror(d->to) && (more = rows.next(rows.self, &row)) > 0) {
        print_row(d, &row);
    }
    store_view_end(d->store);
    return e == ERR_OK && more < 0 ? ERR_IO : e;
}

enum err dump_write(struct store_reader *store, struct inbox_reader *inbox, FILE *to,
                    struct diag *d)
{
    struct dump *dump = calloc(1, sizeof *dump);
    struct arena *arena = arena_open(MESSAGE_BYTES);
    enum err e = ERR_MEMORY;
    if (dump != NULL && arena != NULL) {
        dump->store = store;
        dump->inbox = inbox;
        dump->to = to;
        dump->arena = arena;
        e = dump_rows(dump, d);
    }
    arena_close(arena);
    free(dump);
    return e == ERR_OK && ferror(to) ? ERR_IO : e;
}
