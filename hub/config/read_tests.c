/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/read_check.h"

#include <stdlib.h>

/* The tests of a parameter, or of one at a station: an object with a member for each
 * test, and under "where" those for some waters and months. */

enum { MONTHS = 12, REACH_DAYS = 7 };

/* What stands beside the tests, and what the tests hold for. */
struct part {
    const json_t *object;
    const char *source, *water_type;
    unsigned months;
};

static bool is_test(const char *key, const json_t *value)
{
    return check_find(key) != NULL && (json_is_object(value) || json_is_null(value));
}

/* The hub keeps values, and looks back for some days. */
static void judge_check(struct parse *p, const struct check *check, const void *settings)
{
    unsigned needs = check->needs(settings, QUALITY_HUB);
    if ((needs & (CHECK_DEPTHS | CHECK_POSITIONS)) != 0) {
        fault(p, NULL, "%s needs depths or positions, which a series here does not have",
              check->name);
        return;
    }
    int64_t reach_us = check->reach != NULL ? check->reach(settings, QUALITY_HUB, 0) : 0;
    if (reach_us > REACH_DAYS * INT64_C(86400) * STRETCH_US_PER_S) {
        fault(p, NULL, "%s would look back for more than %d days", check->name,
              REACH_DAYS);
    }
}

static const char *keep_json(struct parse *p, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY |
                                       JSON_REAL_PRECISION(17));
    p->no_memory = p->no_memory || text == NULL;
    const char *kept = keep_text(p, text);
    free(text);
    return kept;
}

static void add_test(struct parse *p, const struct part *part, const char *key,
                     const json_t *value, struct test_settings *out)
{
    const struct check *check = check_find(key);
    *out = (struct test_settings){.test = check->name,
                                  .text = keep_json(p, value),
                                  .source = part->source,
                                  .water_type = part->water_type,
                                  .months = part->months};
    if (json_is_null(value)) {
        return;
    }
    size_t before = p->fault_count;
    size_t mark = place_enter(p, key);
    out->settings = read_check(p, check, QUALITY_HUB, value);
    if (p->fault_count == before && out->settings != NULL) {
        judge_check(p, check, out->settings);
    }
    place_leave(p, mark);
}

static size_t add_part(struct parse *p, const struct part *part,
                       struct test_settings *rows)
{
    size_t count = 0;
    const char *key;
    json_t *value;
    json_object_foreach(rows_of(part->object), key, value)
    {
        if (is_test(key, value)) {
            add_test(p, part, key, value, &rows[count++]);
        }
    }
    return count;
}

static unsigned read_months(const json_t *o)
{
    unsigned months = 0;
    size_t i;
    json_t *item;
    json_array_foreach(read_list(o, "months"), i, item)
    {
        double month = json_is_number(item) ? json_number_value(item) : 0;
        if (month >= 1 && month <= MONTHS) {
            months |= 1U << ((unsigned)month - 1);
        }
    }
    return months != 0 ? months : TEST_MONTHS;
}

struct test_list read_tests(struct parse *p, const json_t *object)
{
    const json_t *list = read_list(object, "where");
    struct part all = {.object = object,
                       .source = read_text(p, object, "source"),
                       .months = TEST_MONTHS};
    size_t room = json_object_size(object), i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        room += json_object_size(item);
    }
    struct test_settings *rows = take(p, room, sizeof *rows);
    if (rows == NULL || !json_is_object(object)) {
        return (struct test_list){0};
    }
    size_t count = add_part(p, &all, rows);
    size_t mark = place_enter(p, "where");
    json_array_foreach(list, i, item)
    {
        size_t inner = place_enter_item(p, i);
        const struct part part = {.object = item,
                                  .source = read_text(p, item, "source"),
                                  .water_type = read_text(p, item, "water_type"),
                                  .months = read_months(item)};
        count += add_part(p, &part, rows + count);
        place_leave(p, inner);
    }
    place_leave(p, mark);
    return (struct test_list){rows, count};
}
