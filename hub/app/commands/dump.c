/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/report.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One sorted line an observation, tab-separated: what makes two stores the same. */

enum { MESSAGE_BYTES = 32 << 20, KEPT = 4096 };

struct dump {
    struct report *report;
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
    if (d->kept[at].id == id) {
        return d->kept[at].hex;
    }
    arena_reset(d->arena);
    if (inbox_get(d->report->inbox, id, d->arena, &m) != ERR_OK ||
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
static void print_tests(const char *const *names, quality_tests tests)
{
    const char *ran[QUALITY_TESTS];
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
                printf("%s%s:%s", k > 0 ? ";" : "", ran[k],
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
    printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t", row->key.city, row->key.station,
           row->key.parameter, row->key.position, row->key.origin, time, value, raw,
           row->raw_unit);
    print_tests(store_test_names(d->report->store), row->tests);
    printf("\t%s\n", hash_of(d, row->message));
}

static int dump_rows(struct dump *d)
{
    struct diag diag = {0};
    struct row_source rows;
    struct observation_row row;
    const struct store_query all = {
        .from_us = INT64_MIN / 2, .to_us = INT64_MAX / 2, .by_dump_order = true};
    enum err e = store_view_begin(d->report->store);
    e = e != ERR_OK ? e : store_rows_open(d->report->store, &all, &rows, &diag);
    if (e != ERR_OK) {
        return report_fail(d->report, e);
    }
    int more;
    while ((more = rows.next(rows.self, &row)) > 0) {
        print_row(d, &row);
    }
    store_view_end(d->report->store);
    return more < 0 ? report_fail(d->report, ERR_IO) : EXIT_DONE;
}

static int dump(struct invocation *i)
{
    struct report report;
    int code = report_open(i, &report);
    if (code != EXIT_DONE) {
        return code;
    }
    struct dump *d = calloc(1, sizeof *d);
    struct arena *arena = arena_open(MESSAGE_BYTES);
    if (d == NULL || arena == NULL) {
        code = command_fail(i, EXIT_FAILED, "no memory");
    } else {
        d->report = &report;
        d->arena = arena;
        code = dump_rows(d);
    }
    arena_close(arena);
    free(d);
    report_close(&report);
    return code;
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "",
    .summary = "Print every observation, one sorted line each, to compare stores",
    .examples = {"kogge dump --data /var/lib/kogge | sha256sum"},
    .run = dump,
}};

const struct command command_dump = {"dump", verbs, 1};
