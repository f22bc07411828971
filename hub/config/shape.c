/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/shape.h"

#include "base/number.h"
#include "base/text.h"
#include "config/parse.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const struct kind *shapes_kind(const struct shapes *s, const char *name)
{
    for (size_t i = 0; i < s->kind_count; i++) {
        if (strcmp(s->kinds[i].name, name) == 0) {
            return &s->kinds[i];
        }
    }
    return NULL;
}

const struct shape *shapes_of(const struct shapes *s, const struct option *o)
{
    return &s->shapes[o - s->options];
}

static const char *after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

static struct shape shape_of(const struct shapes *s, const char *type)
{
    struct shape shape = {0};
    const char *rest;
    if ((rest = after(type, "list of ")) != NULL) {
        shape.list = true;
        type = rest;
    } else if ((rest = after(type, "map of ")) != NULL) {
        shape.map = true;
        type = rest;
    }
    char name[64];
    const char *null = strstr(type, " or null");
    shape.nullable = null != NULL;
    if ((rest = after(type, "one of ")) != NULL) {
        shape.choices = rest;
    } else if ((rest = after(type, "one number of ")) != NULL) {
        shape.choices = rest;
        shape.numbers = true;
    } else {
        snprintf(name, sizeof name, "%.*s",
                 (int)(null != NULL ? (size_t)(null - type) : strlen(type)), type);
        shape.base = base_type_find(name);
        shape.kind = shape.base == NULL ? shapes_kind(s, name) : NULL;
        assert(shape.base != NULL || shape.kind != NULL);
    }
    return shape;
}

void shapes_init(struct shapes *s)
{
    memset(s, 0, sizeof *s);
    s->options = config_options(&s->option_count);
    assert(s->option_count <= SHAPE_OPTIONS);
    for (size_t i = 0; i < s->option_count; i++) {
        const struct option *o = &s->options[i];
        if (i == 0 || strcmp(o->kind, o[-1].kind) != 0) {
            assert(s->kind_count < SHAPE_KINDS);
            s->kinds[s->kind_count++] = (struct kind){.name = o->kind, .first = o};
        }
        s->kinds[s->kind_count - 1].count++;
    }
    for (size_t i = 0; i < s->option_count; i++) {
        s->shapes[i] = shape_of(s, s->options[i].type);
    }
}

size_t shape_choices(const char *choices, char room[256],
                     const char *names[SHAPE_CHOICES])
{
    text_copy(room, 256, choices);
    size_t count = 0;
    for (char *p = room; p != NULL && count < SHAPE_CHOICES; count++) {
        names[count] = p;
        p = strchr(p, '|');
        if (p != NULL) {
            *p++ = '\0';
        }
    }
    return count;
}

/* --- checking --- */

static void expect(struct parse *p, const json_t *value, const char *wanted)
{
    char text[SHOWN_SIZE];
    double number;
    const char *string = json_string_value(value);
    bool quoted = string != NULL && strstr(wanted, "number") != NULL &&
                  number_parse(string, &number);
    fault(p, NULL, "%s stands where %s is expected%s", shown(value, text), wanted,
          quoted ? "; write it without quotes" : "");
}

static void refuse_name(struct parse *p, const json_t *value, const char *const *names,
                        size_t count)
{
    char text[SHOWN_SIZE], near[SHOWN_SIZE + 24], all[90] = "";
    const char *name = json_string_value(value);
    if (name != NULL && near_name(name, names, count, near)[0] != '\0') {
        fault(p, NULL, "%s is not known here%s", shown(value, text), near);
        return;
    }
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof all; i++) {
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s",
                                 i == 0 ? "" : ", ", names[i]);
    }
    fault(p, NULL, "%s is none of: %s%s", shown(value, text), all,
          used >= sizeof all ? "..." : "");
}

/* value must be one of names. */
static void check_name(struct parse *p, const json_t *value, const char *const *names,
                       size_t count)
{
    const char *name = json_string_value(value);
    if (name == NULL) {
        expect(p, value, "a text");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return;
        }
    }
    refuse_name(p, value, names, count);
}

static void check_choice(struct parse *p, const struct shape *s, const json_t *value)
{
    char room[256], number[NUMBER_TEXT];
    const char *names[SHAPE_CHOICES];
    size_t count = shape_choices(s->choices, room, names);
    if (!s->numbers) {
        check_name(p, value, names, count);
        return;
    }
    if (!json_is_number(value)) {
        expect(p, value, "a number");
        return;
    }
    number_format(json_number_value(value), number);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(number, names[i]) == 0) {
            return;
        }
    }
    refuse_name(p, value, names, count);
}

static void check_limits(struct parse *p, const struct option *o, double value,
                         const char *what)
{
    if (o->least > o->most || (value >= o->least && value <= o->most)) {
        return;
    }
    char text[NUMBER_TEXT], least[NUMBER_TEXT], most[NUMBER_TEXT];
    number_format(value, text);
    number_format(o->least, least);
    number_format(o->most, most);
    fault(p, NULL, "%s%s is not from %s to %s%s%s", text, what, least, most,
          o->unit != NULL ? " " : "", o->unit != NULL ? o->unit : "");
}

static void check_number(struct parse *p, const struct option *o, const json_t *value)
{
    double number = json_number_value(value);
    char text[SHOWN_SIZE];
    if (strcmp(o->type, "integer") == 0 && number != floor(number)) {
        fault(p, NULL, "%s is not a whole number", shown(value, text));
    } else {
        check_limits(p, o, number, "");
    }
}

static void check_text(struct parse *p, const struct base_type *t, const json_t *value)
{
    size_t count;
    const char *const *names = base_type_names(t, &count);
    char text[SHOWN_SIZE];
    const char *string = json_string_value(value);
    if (names != NULL) {
        check_name(p, value, names, count);
    } else if (strcmp(t->name, "format") == 0 && p->names->format_count > 0) {
        check_name(p, value, p->names->formats, p->names->format_count);
    } else if (strcmp(t->name, "target kind") == 0 && p->names->target_kind_count > 0) {
        check_name(p, value, p->names->target_kinds, p->names->target_kind_count);
    } else if (!t->sound(string)) {
        fault(p, NULL, "%s is not %s", shown_text(string, text), t->expected);
    }
}

static void check_span(struct parse *p, const json_t *value)
{
    struct span span;
    if (!read_span(value, &span)) {
        fault(p, NULL, "a list of two numbers [low, high] is expected, low first");
    }
}

static bool is_scalar(const json_t *value)
{
    return json_is_string(value) || json_is_number(value) || json_is_boolean(value);
}

static void check_base(struct parse *p, const struct option *o, const struct base_type *t,
                       const json_t *value)
{
    json_type json = json_typeof(value);
    json = json == JSON_FALSE ? JSON_TRUE : json == JSON_INTEGER ? JSON_REAL : json;
    if (strcmp(t->name, "sentinel") == 0) {
        if (json == JSON_ARRAY) {
            check_span(p, value);
        } else if (json != JSON_REAL) {
            expect(p, value, t->wanted);
        }
    } else if (strcmp(t->name, "scalar") == 0) {
        if (!is_scalar(value)) {
            expect(p, value, t->wanted);
        }
    } else if (json != t->json) {
        expect(p, value, t->wanted);
    } else if (json == JSON_STRING) {
        check_text(p, t, value);
    } else if (json == JSON_REAL) {
        check_number(p, o, value);
    } else if (json == JSON_ARRAY) {
        check_span(p, value);
    }
}

static void check_object(struct parse *p, const struct kind *k, json_t *object);

static void check_item(struct parse *p, const struct option *o, json_t *value)
{
    const struct shape *s = shapes_of(&p->shapes, o);
    if (s->nullable && json_is_null(value)) {
        return;
    }
    if (s->choices != NULL) {
        check_choice(p, s, value);
    } else if (s->base != NULL) {
        check_base(p, o, s->base, value);
    } else if (!json_is_object(value)) {
        expect(p, value, "an object");
    } else {
        check_object(p, s->kind, value);
    }
}

static void check_list(struct parse *p, const struct option *o, json_t *value)
{
    if (!json_is_array(value)) {
        expect(p, value, "a list");
        return;
    }
    check_limits(p, o, (double)json_array_size(value), " entries: that");
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        size_t mark = place_enter_item(p, i);
        check_item(p, o, item);
        place_leave(p, mark);
    }
}

static void check_map(struct parse *p, const struct option *o, json_t *value)
{
    if (!json_is_object(value)) {
        expect(p, value, "an object");
        return;
    }
    const char *key;
    json_t *item;
    json_object_foreach(value, key, item)
    {
        size_t mark = place_enter(p, key);
        check_item(p, o, item);
        place_leave(p, mark);
    }
}

static void unknown_option(struct parse *p, const struct kind *k, const char *key)
{
    const char *names[SHAPE_OPTIONS];
    char text[SHOWN_SIZE], near[SHOWN_SIZE + 24];
    for (size_t i = 0; i < k->count; i++) {
        names[i] = k->first[i].name;
    }
    fault(p, key, "%s is no option of %s%s", shown_text(key, text), k->name,
          near_name(key, names, k->count, near));
}

static const struct option *find_option(const struct kind *k, const char *name)
{
    for (size_t i = 0; i < k->count; i++) {
        if (strcmp(k->first[i].name, name) == 0) {
            return &k->first[i];
        }
    }
    return NULL;
}

static void check_object(struct parse *p, const struct kind *k, json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        const struct option *o = find_option(k, key);
        if (o == NULL) {
            unknown_option(p, k, key);
            continue;
        }
        const struct shape *s = shapes_of(&p->shapes, o);
        size_t mark = place_enter(p, key);
        if (s->list) {
            check_list(p, o, value);
        } else if (s->map) {
            check_map(p, o, value);
        } else {
            check_item(p, o, value);
        }
        place_leave(p, mark);
    }
    for (size_t i = 0; i < k->count; i++) {
        if (k->first[i].required && json_object_get(object, k->first[i].name) == NULL) {
            fault(p, NULL, "\"%s\" is missing: %s", k->first[i].name, k->first[i].help);
        }
    }
}

void shape_check(struct parse *p, const char *kind, json_t *object)
{
    check_object(p, shapes_kind(&p->shapes, kind), object);
}
