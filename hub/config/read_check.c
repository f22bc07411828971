/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/read_check.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_MOST = 32 };

static void fault_diag(struct parse *p, const char *key, const struct diag *d)
{
    fault(p, key, "%s", d->text);
}

static void read_number_argument(struct parse *p, const struct argument *a,
                                 const json_t *value, void *settings)
{
    struct diag d = {0};
    char what[SHOWN_SIZE];
    if (!json_is_number(value)) {
        fault(p, a->name, "%s, expected a number", shown(value, what));
    } else if (argument_put_number(a, json_number_value(value), settings, &d) != ERR_OK) {
        fault_diag(p, a->name, &d);
    }
}

static void read_choice(struct parse *p, const struct argument *a, const json_t *value,
                        void *settings)
{
    struct diag d = {0};
    char what[SHOWN_SIZE];
    if (!json_is_string(value)) {
        fault(p, a->name, "%s, expected a name like \"%s\"", shown(value, what),
              a->choices[0]);
    } else if (argument_put_choice(a, json_string_value(value), settings, &d) != ERR_OK) {
        fault_diag(p, a->name, &d);
    }
}

/* "2023-06-01", "2023-06-01T12:00:00", with or without Z or an offset; else UTC. */
static bool read_date(const json_t *value, int64_t *time_us)
{
    static const char *const ends[] = {"", "Z", "T00:00:00Z"};
    char text[64];
    for (size_t k = 0; json_is_string(value) && k < 3; k++) {
        int n = snprintf(text, sizeof text, "%s%s", json_string_value(value), ends[k]);
        if (n < (int)sizeof text && clock_parse_rfc3339(text, time_us) == ERR_OK) {
            return true;
        }
    }
    return false;
}

static void read_pair(struct parse *p, const struct argument *a, const json_t *value,
                      void *settings)
{
    const json_t *one = json_array_get(value, 0);
    const json_t *other = json_array_get(value, 1);
    struct diag d = {0};
    int64_t from_us, to_us;
    if (json_array_size(value) == 2 && json_is_number(one) && json_is_number(other)) {
        if (argument_put_span(a, json_number_value(one), json_number_value(other),
                              settings, &d) != ERR_OK) {
            fault_diag(p, a->name, &d);
        }
    } else if (a->kind == ARGUMENT_TIMES && json_array_size(value) == 2 &&
               read_date(one, &from_us) && read_date(other, &to_us)) {
        argument_put_dates(a, from_us, to_us, settings);
    } else {
        char what[SHOWN_SIZE];
        fault(p, a->name, "%s, expected a list of two numbers%s", shown(value, what),
              a->kind == ARGUMENT_TIMES ? " or two dates like \"2026-06-01\"" : "");
    }
}

static void read_rows(struct parse *p, const char *name, const struct argument *rows,
                      const json_t *object, void *settings);

static void read_items(struct parse *p, const char *name, const struct argument *a,
                       const json_t *value, void *settings)
{
    struct argument_list list = {.count = json_array_size(value)};
    char what[SHOWN_SIZE];
    if (!json_is_array(value) || list.count > ARGUMENT_ITEMS) {
        fault(p, a->name, "%s, expected a list of at most %d objects", shown(value, what),
              ARGUMENT_ITEMS);
        return;
    }
    char *items = take(p, list.count, a->size);
    size_t mark = place_enter(p, a->name);
    for (size_t i = 0; items != NULL && i < list.count; i++) {
        size_t inner = place_enter_item(p, i);
        read_rows(p, name, a->rows, json_array_get(value, i), items + i * a->size);
        place_leave(p, inner);
    }
    place_leave(p, mark);
    list.items = items;
    *(struct argument_list *)(void *)((char *)settings + a->offset) = list;
}

static void read_argument(struct parse *p, const char *name, const struct argument *a,
                          const json_t *value, void *settings)
{
    switch (a->kind) {
    case ARGUMENT_CHOICE:
        read_choice(p, a, value, settings);
        break;
    case ARGUMENT_SPAN:
    case ARGUMENT_TIMES:
        read_pair(p, a, value, settings);
        break;
    case ARGUMENT_LIST:
        read_items(p, name, a, value, settings);
        break;
    default:
        read_number_argument(p, a, value, settings);
    }
}

static void refuse_argument(struct parse *p, const char *name,
                            const struct argument *rows, const char *given)
{
    const char *names[NAMES_MOST];
    char near[SHOWN_SIZE + 24], quoted[SHOWN_SIZE];
    size_t count = 0;
    if (argument_find(rows, given, true) != NULL) {
        fault(p, given, "is no argument; it belongs into \"derived\" beside the tests");
        return;
    }
    for (const struct argument *a = rows; a->name != NULL && count < NAMES_MOST; a++) {
        if (!a->derived) {
            names[count++] = a->name;
        }
    }
    near_name(given, names, count, near);
    fault(p, given, "unknown argument %s of %s%s", shown_text(given, quoted), name, near);
}

/* null is as if it were not there. */
static void read_rows(struct parse *p, const char *name, const struct argument *rows,
                      const json_t *object, void *settings)
{
    const char *key;
    json_t *value;
    char what[SHOWN_SIZE];
    argument_defaults(rows, settings);
    if (!json_is_object(object)) {
        fault(p, NULL, "%s, expected an object with the arguments of %s",
              shown(object, what), name);
        return;
    }
    json_object_foreach(rows_of(object), key, value)
    {
        const struct argument *a = argument_find(rows, key, false);
        if (a == NULL) {
            refuse_argument(p, name, rows, key);
        } else if (!json_is_null(value) && !has_fault(p, key)) {
            read_argument(p, name, a, value, settings);
        }
    }
    for (const struct argument *a = rows; a->name != NULL; a++) {
        if (a->required && (json_object_get(object, a->name) == NULL ||
                            json_is_null(json_object_get(object, a->name)))) {
            fault(p, NULL, "%s needs %s: %s", name, a->name, a->help);
        }
    }
}

void *read_check(struct parse *p, const struct check *check, enum quality_mode mode,
                 const json_t *object)
{
    size_t before = p->fault_count;
    void *settings = take(p, 1, check->settings_size + 1); /* some have none */
    if (settings == NULL) {
        return NULL;
    }
    read_rows(p, check->name, check->arguments, object, settings);
    if (p->fault_count > before || check->check == NULL || p->no_memory) {
        return settings;
    }
    struct diag d = {0};
    if (check->check(settings, mode, &d) != ERR_OK) {
        fault_diag(p, d.field, &d);
    } else if (d.text[0] != '\0') {
        finding(p, d.field, "%s", d.text);
    }
    return settings;
}
