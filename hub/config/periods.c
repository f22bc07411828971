/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

bool read_period(struct parse *p, const json_t *o, struct period *out)
{
    out->to_us = INT64_MAX;
    if (!read_time(o, "from", &out->from_us)) {
        return false;
    }
    const json_t *to = json_object_get(o, "to");
    if (to == NULL || json_is_null(to)) {
        return true;
    }
    if (!read_time(o, "to", &out->to_us)) {
        return false;
    }
    if (out->from_us < out->to_us) {
        return true;
    }
    char text[SHOWN_SIZE], from[SHOWN_SIZE];
    fault(p, "to", "%s is not after \"from\" %s", shown(to, text),
          shown(json_object_get(o, "from"), from));
    return false;
}

static int compare_from(const void *a, const void *b)
{
    const struct period *left = a, *right = b;
    if (left->from_us != right->from_us) {
        return left->from_us < right->from_us ? -1 : 1;
    }
    return (left->to_us > right->to_us) - (left->to_us < right->to_us);
}

void period_overlap(struct parse *p, const struct period *row, int64_t end_us,
                    const char *what, const char *before)
{
    char from[CLOCK_TEXT], end[CLOCK_TEXT];
    clock_format(row->from_us, from);
    if (end_us == INT64_MAX) {
        fault(p, NULL, "the %s from %s overlaps %.80s, which has no end", what, from,
              before);
    } else {
        clock_format(end_us, end);
        fault(p, NULL, "the %s from %s overlaps %.80s, until %s", what, from, before,
              end);
    }
}

void period_hole(struct parse *p, const struct period *row, int64_t end_us,
                 const char *what)
{
    char from[CLOCK_TEXT], end[CLOCK_TEXT];
    clock_format(row->from_us, from);
    clock_format(end_us, end);
    finding(p, NULL, "there is no %s from %s to %s", what, end, from);
}

void periods_sort(struct parse *p, void *rows, size_t count, size_t size,
                  const char *what)
{
    if (count < 2) {
        return;
    }
    qsort(rows, count, size, compare_from);
    int64_t end_us = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        struct period period;
        memcpy(&period, (const char *)rows + i * size, sizeof period);
        if (i > 0 && (end_us == INT64_MAX || period.from_us < end_us)) {
            period_overlap(p, &period, end_us, what, "the one before");
        } else if (i > 0 && period.from_us > end_us) {
            period_hole(p, &period, end_us, what);
        }
        end_us = period.to_us > end_us ? period.to_us : end_us;
    }
}
