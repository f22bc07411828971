/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"

#include "config/read_check.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* False: at fault. */
static bool parse_alias(struct parse *p, const json_t *o, struct unit_alias *alias)
{
    bool unit = json_object_get(o, "unit") != NULL;
    bool refuse = json_object_get(o, "refuse") != NULL;
    if (unit == refuse) {
        fault(p, NULL, "an alias has either \"unit\" or \"refuse\"%s",
              unit ? ", not both" : "");
    }
    *alias = (struct unit_alias){.raw = read_text(p, o, "raw"),
                                 .canonical = read_text(p, o, "unit"),
                                 .reason = read_text(p, o, "refuse")};
    return (alias->canonical == NULL) != (alias->reason == NULL);
}

static int compare_origin(const void *a, const void *b)
{
    const struct origin *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order
                      : (left->index > right->index) - (left->index < right->index);
}

/* Faults names that occur twice in a list of the file under work. */
static void refuse_doubles(struct parse *p, struct origin *rows, size_t count,
                           const char *key)
{
    qsort(rows, count, sizeof *rows, compare_origin);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(rows[i].name, rows[i - 1].name) == 0) {
            char text[SHOWN_SIZE];
            size_t mark = place_enter_item(p, rows[i].index);
            fault(p, key, "%s stands here a second time", shown_text(rows[i].name, text));
            place_leave(p, mark);
        }
    }
}

static int compare_alias(const void *a, const void *b)
{
    return strcmp(((const struct unit_alias *)a)->raw,
                  ((const struct unit_alias *)b)->raw);
}

void parse_units(struct parse *p, json_t *root)
{
    struct configuration *c = p->c;
    const json_t *list = read_list(root, "aliases");
    struct unit_alias *aliases = take(p, json_array_size(list), sizeof *aliases);
    struct origin *raws = take_scratch(p, json_array_size(list), sizeof *raws);
    size_t count = 0, i;
    json_t *item;
    size_t mark = place_enter(p, "aliases");
    json_array_foreach(list, i, item)
    {
        size_t inner = place_enter_item(p, i);
        if (aliases != NULL && raws != NULL && peek_text(item, "raw") != NULL &&
            parse_alias(p, item, &aliases[count])) {
            raws[count] = (struct origin){.name = aliases[count].raw, .index = i};
            count++;
        }
        place_leave(p, inner);
    }
    if (raws != NULL && aliases != NULL) {
        refuse_doubles(p, raws, count, "raw");
        qsort(aliases, count, sizeof *aliases, compare_alias);
    }
    place_leave(p, mark);
    p->aliases = raws;
    c->aliases = aliases;
    c->alias_count = count;
    c->own_units = read_texts(p, root, "own_units", &c->own_unit_count);
}

static enum parameter_kind parameter_kind(const char *text)
{
    return text_equal(text, "weather")        ? PARAMETER_WEATHER
           : text_equal(text, "housekeeping") ? PARAMETER_HOUSEKEEPING
                                              : PARAMETER_WATER;
}

static enum aggregate parse_aggregate(struct parse *p, const json_t *o)
{
    const char *name = peek_text(o, "aggregate");
    bool limit = json_object_get(o, "detection_limit") != NULL;
    enum aggregate a = AGGREGATE_MEAN;
    while (name != NULL && a < AGGREGATE_SUM && strcmp(aggregate_text(a), name) != 0) {
        a++;
    }
    if (limit != (a == AGGREGATE_LOG10)) {
        fault(p, limit ? "detection_limit" : "aggregate",
              "\"log10\" and \"detection_limit\" come together or not at all");
    }
    return a;
}

/* The classes of an event, each beyond the one before it. */
static void parse_classes(struct parse *p, const json_t *o, struct event_rule *rule)
{
    const char *key = rule->below ? "below" : "above";
    const json_t *list = read_list(o, key);
    size_t count = json_array_size(list);
    if (count == 0 || count > EVENT_CLASSES) {
        fault(p, key, "an event has 1 to %d classes", EVENT_CLASSES);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        double c = json_number_value(json_array_get(list, i));
        double before = i > 0 ? rule->classes[i - 1] : c;
        if (i > 0 && (rule->below ? c >= before : c <= before)) {
            fault(p, key, "classes go on from the weakest to the strongest");
        }
        rule->classes[rule->class_count++] = c;
    }
}

static void parse_event(struct parse *p, const json_t *o, struct event_rule *rule)
{
    bool above = json_object_get(o, "above") != NULL;
    bool below = json_object_get(o, "below") != NULL;
    *rule = (struct event_rule){
        .event = read_text(p, o, "event"),
        .source = read_text(p, o, "source"),
        .below = below,
        .relative = peek_text(o, "relative_to") != NULL,
        .daily = text_equal(peek_text(o, "of"), "days"),
        .least_s = 3600 * read_number(o, "least_h", standard_number("event", "least_h")),
        .join_s = 3600 * read_number(o, "join_h", standard_number("event", "join_h"))};
    if (above == below) {
        fault(p, NULL, "an event has either \"above\" or \"below\"");
        return;
    }
    parse_classes(p, o, rule);
}

static void parse_events(struct parse *p, const json_t *o, struct parameter *out)
{
    const json_t *list = read_list(o, "events");
    struct event_rule *rows = take(p, json_array_size(list), sizeof *rows);
    size_t i;
    json_t *item;
    size_t mark = place_enter(p, "events");
    json_array_foreach(list, i, item)
    {
        size_t inner = place_enter_item(p, i);
        if (rows != NULL && peek_text(item, "event") != NULL) {
            parse_event(p, item, &rows[out->event_count++]);
        }
        place_leave(p, inner);
    }
    place_leave(p, mark);
    out->events = rows;
}

static void parse_parameter(struct parse *p, const json_t *o, struct parameter *out)
{
    *out = (struct parameter){
        .id = read_text(p, o, "id"),
        .unit = read_text(p, o, "unit"),
        .ucum = read_text(p, o, "ucum"),
        .kind = parameter_kind(peek_text(o, "kind")),
        .decimals = (int)read_whole(o, "decimals", 0),
        .relative = peek_text(o, "relative_to") != NULL,
        .aggregate = parse_aggregate(p, o),
        .detection_limit = read_number(o, "detection_limit", 0),
    };
    parse_events(p, o, out);
    if (out->unit == NULL) {
        out->unit = "1"; /* at fault already; what is checked later needs one */
    }
    read_bilingual(p, o, "title", &out->title_de, &out->title_en);
    out->has_correction = read_object(o, "correction_limits") != NULL;
    out->correction = read_limits(read_object(o, "correction_limits"));
    size_t mark = place_enter(p, "tests");
    out->tests = read_tests(p, json_object_get(o, "tests"));
    place_leave(p, mark);
}

static int compare_parameter(const void *a, const void *b)
{
    return strcmp(((const struct parameter *)a)->id, ((const struct parameter *)b)->id);
}

void parse_parameters(struct parse *p, json_t *root)
{
    const json_t *list = read_list(root, "parameters");
    struct parameter *rows = take(p, json_array_size(list), sizeof *rows);
    struct origin *ids = take_scratch(p, json_array_size(list), sizeof *ids);
    size_t count = 0, i;
    json_t *item;
    size_t mark = place_enter(p, "parameters");
    json_array_foreach(list, i, item)
    {
        size_t inner = place_enter_item(p, i);
        if (rows != NULL && ids != NULL && peek_text(item, "id") != NULL) {
            parse_parameter(p, item, &rows[count]);
            ids[count] = (struct origin){.name = rows[count].id, .index = i};
            count++;
        }
        place_leave(p, inner);
    }
    if (ids != NULL && rows != NULL) {
        refuse_doubles(p, ids, count, "id");
        qsort(rows, count, sizeof *rows, compare_parameter);
    }
    place_leave(p, mark);
    p->parameters = ids;
    p->c->parameters = rows;
    p->c->parameter_count = count;
}

/* --- units --- */

static bool is_own_unit(const struct configuration *c, const char *unit)
{
    for (size_t i = 0; i < c->own_unit_count; i++) {
        if (strcmp(c->own_units[i], unit) == 0) {
            return true;
        }
    }
    return false;
}

static const char *near_unit(struct parse *p, const char *unit, char to[SHOWN_SIZE + 24])
{
    const struct configuration *c = p->c;
    size_t room = c->alias_count + c->own_unit_count + c->parameter_count, count = 0;
    const char **names = take_scratch(p, room, sizeof *names);
    for (size_t i = 0; names != NULL && i < c->parameter_count; i++) {
        if (strcmp(c->parameters[i].unit, unit) != 0) {
            names[count++] = c->parameters[i].unit;
        }
    }
    for (size_t i = 0; names != NULL && i < c->own_unit_count; i++) {
        names[count++] = c->own_units[i];
    }
    for (size_t i = 0; names != NULL && i < c->alias_count; i++) {
        if (c->aliases[i].canonical != NULL) {
            names[count++] = c->aliases[i].raw;
        }
    }
    return near_name(unit, names, count, to);
}

static bool judge_known(struct parse *p, const char *key, const char *unit)
{
    if (!p->units_judged || unit == NULL || is_own_unit(p->c, unit) ||
        p->names->unit_is_known(p->names->arg, unit)) {
        return true;
    }
    char text[SHOWN_SIZE], near[SHOWN_SIZE + 24];
    fault(p, key, "%s is not a unit that is known here%s", shown_text(unit, text),
          near_unit(p, unit, near));
    return false;
}

void judge_unit(struct parse *p, const char *key, const char *unit, const char *to)
{
    if (!judge_known(p, key, unit) || !p->units_judged || unit == NULL || to == NULL ||
        strcmp(unit, to) == 0 || p->names->unit_fits == NULL ||
        p->names->unit_fits(p->names->arg, unit, to)) {
        return;
    }
    char text[SHOWN_SIZE], wanted[SHOWN_SIZE];
    fault(p, key, "%s cannot be converted to %s", shown_text(unit, text),
          shown_text(to, wanted));
}

void judge_vocabulary(struct parse *p, const struct config_file *parameters,
                      const struct config_file *units)
{
    const struct config_names *n = p->names;
    if (n->unit_is_known == NULL || (units != NULL && p->c->own_units == NULL)) {
        return; /* the file could not be read: what it would have named is not missed */
    }
    place_file(p, units);
    enum err e = n->units_ready == NULL ? ERR_OK : n->units_ready(n->arg, p->c);
    p->units_judged = e == ERR_OK;
    p->no_memory = p->no_memory || e == ERR_MEMORY;
    if (!p->units_judged) {
        fault(p, NULL, "units cannot be judged: their database could not be read");
        return;
    }
    size_t mark = place_enter(p, "aliases");
    for (size_t i = 0; i < p->c->alias_count; i++) {
        size_t inner = place_enter_item(p, p->aliases[i].index);
        judge_known(p, "unit", p->c->aliases[i].canonical);
        place_leave(p, inner);
    }
    place_leave(p, mark);
    place_file(p, parameters);
    mark = place_enter(p, "parameters");
    for (size_t i = 0; i < p->c->parameter_count; i++) {
        size_t inner = place_enter_item(p, p->parameters[i].index);
        judge_known(p, "unit", p->c->parameters[i].unit);
        place_leave(p, inner);
    }
    place_leave(p, mark);
}
