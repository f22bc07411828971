/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/number.h"
#include "base/text.h"
#include "decode/value.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *decode_join(struct decode_work *w, const char *a, const char *b)
{
    size_t first = strlen(a);
    size_t second = strlen(b);
    char *text = arena_take(w->arena, first + second + 1);
    if (text == NULL) {
        w->full = true;
        return "";
    }
    memcpy(text, a, first);
    memcpy(text + first, b, second);
    text[first + second] = '\0';
    return text;
}

const char *decode_keep(struct decode_work *w, const char *text)
{
    return decode_join(w, text, "");
}

const char *decode_pointer(struct decode_work *w, const char *name)
{
    size_t size = 2 * strlen(name) + 2;
    char *text = arena_take(w->arena, size);
    if (text == NULL) {
        w->full = true;
        return "";
    }
    text_pointer_append(text, size, 0, name);
    return text;
}

const char *decode_say(struct decode_work *w, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return decode_keep(w, text);
}

struct decode_value decode_value_of(const struct tree *node)
{
    struct decode_value v = {.kind = DECODE_OTHER};
    switch (node->kind) {
    case TREE_NUMBER:
        v.kind = DECODE_NUMBER;
        v.number = node->number;
        break;
    case TREE_TEXT:
        v.kind = DECODE_TEXT;
        v.text = node->text;
        break;
    case TREE_NULL:
        v.kind = DECODE_NULL;
        v.text = "null";
        break;
    case TREE_TRUE:
        v.text = "true";
        break;
    case TREE_FALSE:
        v.text = "false";
        break;
    case TREE_OBJECT:
        v.text = "an object";
        break;
    case TREE_ARRAY:
        v.text = "an array";
        break;
    }
    return v;
}

bool decode_value_number(const struct decode_value *v, double *number)
{
    if (v->kind == DECODE_NUMBER && isfinite(v->number)) {
        *number = v->number;
        return true;
    }
    return v->kind == DECODE_TEXT && number_parse(v->text, number);
}

/* Null, NaN, and the texts that stand for them. */
static bool is_missing(const struct decode_value *v)
{
    if (v->kind == DECODE_NULL || (v->kind == DECODE_NUMBER && isnan(v->number))) {
        return true;
    }
    if (v->kind != DECODE_TEXT) {
        return false;
    }
    const char *text = v->text + strspn(v->text, " \t");
    return *text == '\0' || strcasecmp(text, "nan") == 0 ||
           strcasecmp(text, "null") == 0 || strcasecmp(text, "none") == 0;
}

bool decode_is_reading(const struct decode_scope *s, const struct decode_value *v)
{
    double number;
    return decode_value_number(v, &number) || (s->model == NULL && is_missing(v));
}

static bool is_sentinel(const struct sensor_field *entry, double value)
{
    for (size_t i = 0; entry != NULL && i < entry->sentinel_count; i++) {
        if (value >= entry->sentinels[i].low && value <= entry->sentinels[i].high) {
            return true;
        }
    }
    return false;
}

/* "12,3" */
static bool has_decimal_comma(const char *text)
{
    const char *comma = strchr(text, ',');
    char copy[64];
    double number;
    if (comma == NULL || strlen(text) >= sizeof copy) {
        return false;
    }
    text_copy(copy, sizeof copy, text);
    copy[comma - text] = '.';
    return number_parse(copy, &number);
}

static const char *say_no_number(struct decode_work *w, const struct decode_value *v)
{
    if (v->kind != DECODE_TEXT) {
        return decode_say(w, "%s is not a number", v->text);
    }
    char shown[64];
    text_escape(shown, sizeof shown, v->text, strlen(v->text));
    return decode_say(w,
                      has_decimal_comma(v->text)
                          ? "\"%s\" has a decimal comma, expected a point"
                          : "\"%s\" is not a number",
                      shown);
}

/* Value, text and what is wrong with them. */
static void set_value(struct decode_work *w, struct reading *r,
                      const struct decode_value *v)
{
    double number;
    if (decode_value_number(v, &number)) {
        r->kind = is_sentinel(r->entry, number) ? VALUE_MISSING : VALUE_NUMBER;
        r->value = number;
        return;
    }
    r->value = (double)NAN;
    if (is_missing(v)) {
        r->kind = VALUE_MISSING;
        return;
    }
    struct decode_value shown = *v;
    if (v->kind == DECODE_NUMBER) {
        shown = (struct decode_value){.kind = DECODE_OTHER, .text = "infinity"};
    }
    r->kind = VALUE_TEXT;
    r->text = decode_keep(w, shown.text);
    if (!r->ignored && r->problem == NULL) {
        r->problem = say_no_number(w, &shown);
    }
}

static void set_time(const struct decode_work *w, struct reading *r,
                     const struct decode_time *t)
{
    r->time_us = t->us;
    r->time_source = t->source;
    if (r->ignored || r->problem != NULL) {
        return;
    }
    r->problem = t->problem;
    if (r->problem == NULL && t->source == TIME_SOURCE_ARRIVAL && w->m->retained &&
        !w->rules->take_retained) {
        r->problem = "retained, age unknown";
    }
}

static enum err add_reading(struct decode_work *w, struct reading **out)
{
    int most = w->rules->max_readings;
    most = most > 0 && most < DECODE_READINGS ? most : DECODE_READINGS;
    if (w->out.count == (size_t)most) {
        diag_set(w->diag, "more than %d readings in one message", most);
        return ERR_RANGE;
    }
    if (w->out.count == w->room) {
        size_t room = w->room == 0 ? 16 : w->room * 2;
        struct reading *more = realloc(w->out.readings, room * sizeof *more);
        if (more == NULL) {
            return ERR_MEMORY;
        }
        w->out.readings = more;
        w->room = room;
    }
    *out = &w->out.readings[w->out.count++];
    return ERR_OK;
}

enum err decode_put_reading(struct decode_work *w, const struct decode_scope *s,
                            const struct decode_slot *slot, const struct decode_value *v)
{
    const struct sensor_field *entry = slot->entry;
    struct reading *r;
    enum err err = add_reading(w, &r);
    if (err != ERR_OK) {
        return err;
    }
    *r = (struct reading){.device = s->device,
                          .field = slot->field,
                          .key = slot->key,
                          .entry = entry,
                          .unit = slot->unit,
                          .scaled_unit = slot->scaled_unit,
                          .scale = slot->scaled_unit != NULL ? slot->scale : 1,
                          .index = (int)w->out.count - 1,
                          .device_flag = slot->device_flag};
    if (entry != NULL) {
        r->ignored = entry->parameter == NULL && entry->quantity == QUANTITY_NONE;
        r->unit = r->unit != NULL ? r->unit : entry->unit;
        w->ranked = w->ranked || entry->rank != 0;
    } else {
        r->ignored = s->model != NULL;
    }
    r->ignored = r->ignored || slot->ignored;
    r->problem = r->ignored ? NULL : slot->problem;
    set_value(w, r, v);
    set_time(w, r, &s->time);
    return ERR_OK;
}

const struct sensor_model *decode_find_model(struct decode_work *w, const char *device)
{
    return w->rules->find_model == NULL ? NULL
                                        : w->rules->find_model(w->rules->arg, device);
}

static bool units_agree(const struct decode_rules *rules, const char *a, const char *b,
                        bool by_meaning)
{
    if (!by_meaning) {
        return text_equal(a, b);
    }
    return a != NULL && b != NULL && rules->same_unit != NULL &&
           rules->same_unit(rules->unit_arg, a, b);
}

static const struct sensor_field *find_by_unit(const struct decode_rules *rules,
                                               const struct sensor_model *model,
                                               const char *key, const char *unit,
                                               bool by_meaning)
{
    for (size_t i = 0; i < model->field_count; i++) {
        const struct sensor_field *f = &model->fields[i];
        if (strcmp(f->field, key) == 0 && units_agree(rules, f->unit, unit, by_meaning)) {
            return f;
        }
    }
    return NULL;
}

const struct sensor_field *decode_find_entry(struct decode_work *w,
                                             const struct sensor_model *model,
                                             const char *key, const char *unit,
                                             const char **problem)
{
    const struct sensor_field *first = NULL;
    size_t count = 0;
    for (size_t i = 0; model != NULL && i < model->field_count; i++) {
        if (strcmp(model->fields[i].field, key) == 0) {
            first = count++ == 0 ? &model->fields[i] : first;
        }
    }
    if (count < 2) {
        return first;
    }
    const struct sensor_field *found = find_by_unit(w->rules, model, key, unit, false);
    if (found == NULL) {
        found = find_by_unit(w->rules, model, key, unit, true);
    }
    if (found == NULL && unit == NULL) {
        *problem = decode_say(w, "no unit, and the model tells %s apart by unit", key);
        return first;
    }
    return found;
}
