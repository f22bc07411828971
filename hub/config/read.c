/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"

#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void *take(struct parse *p, size_t count, size_t size)
{
    void *taken = arena_take_zero(p->memory, count > 0 ? count : 1, size);
    p->no_memory = p->no_memory || taken == NULL;
    return taken;
}

void *take_scratch(struct parse *p, size_t count, size_t size)
{
    void *taken = arena_take_zero(p->scratch, count > 0 ? count : 1, size);
    p->no_memory = p->no_memory || taken == NULL;
    return taken;
}

void *rows_of(const void *rows)
{
    return (void *)(uintptr_t)rows;
}

const char *keep_text(struct parse *p, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    const char *kept = arena_text(p->memory, text);
    p->no_memory = p->no_memory || kept == NULL;
    return kept != NULL ? kept : "";
}

const char *keep_path(struct parse *p, const char *name)
{
    if (name == NULL || name[0] == '/') {
        return keep_text(p, name);
    }
    const char *kept = arena_format(p->memory, "%s/%s", p->files->folder, name);
    p->no_memory = p->no_memory || kept == NULL;
    return kept != NULL ? kept : "";
}

const char *peek_text(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

const char *read_text(struct parse *p, const json_t *o, const char *key)
{
    return keep_text(p, peek_text(o, key));
}

double read_number(const json_t *o, const char *key, double standard)
{
    const json_t *value = json_object_get(o, key);
    return json_is_number(value) ? json_number_value(value) : standard;
}

int64_t read_whole(const json_t *o, const char *key, int64_t standard)
{
    double number = read_number(o, key, (double)NAN);
    return number >= -1e9 && number <= 1e9 ? (int64_t)number : standard;
}

bool read_boolean(const json_t *o, const char *key)
{
    return json_is_true(json_object_get(o, key));
}

bool read_time(const json_t *o, const char *key, int64_t *time_us)
{
    const char *text = peek_text(o, key);
    return text != NULL && clock_parse_rfc3339(text, time_us) == ERR_OK;
}

bool read_span(const json_t *value, struct span *out)
{
    const json_t *low = json_array_get(value, 0);
    const json_t *high = json_array_get(value, 1);
    if (json_array_size(value) != 2 || !json_is_number(low) || !json_is_number(high) ||
        json_number_value(low) > json_number_value(high)) {
        return false;
    }
    *out = (struct span){json_number_value(low), json_number_value(high)};
    return true;
}

json_t *read_list(const json_t *o, const char *key)
{
    json_t *value = json_object_get(o, key);
    return json_is_array(value) ? value : NULL;
}

json_t *read_object(const json_t *o, const char *key)
{
    json_t *value = json_object_get(o, key);
    return json_is_object(value) ? value : NULL;
}

const char *const *read_texts(struct parse *p, const json_t *o, const char *key,
                              size_t *count)
{
    const json_t *list = read_list(o, key);
    const char **texts = take(p, json_array_size(list), sizeof *texts);
    size_t i;
    json_t *item;
    *count = 0;
    json_array_foreach(list, i, item)
    {
        if (texts != NULL && json_is_string(item)) {
            texts[(*count)++] = keep_text(p, json_string_value(item));
        }
    }
    return texts;
}

void read_bilingual(struct parse *p, const json_t *o, const char *key, const char **de,
                    const char **en)
{
    const json_t *both = json_object_get(o, key);
    *de = read_text(p, both, "de");
    *en = read_text(p, both, "en");
}

const char *standard_text(const char *kind, const char *name)
{
    size_t count;
    const struct option *o = config_options(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(o[i].name, name) == 0 && strcmp(o[i].kind, kind) == 0) {
            return o[i].standard;
        }
    }
    assert(false); /* a name that no row has */
    return NULL;
}

double standard_number(const char *kind, const char *name)
{
    double number = (double)NAN;
    bool read = number_parse(standard_text(kind, name), &number);
    assert(read);
    (void)read;
    return number;
}
