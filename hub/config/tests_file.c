/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/tests_file.h"

#include "config/read_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_CEILING = 8 << 20, DERIVED_NAMES = 64 };

static const char interval_name[] = "median_interval_s";

static void refuse_test(struct parse *p, const char *given)
{
    const char *names[CHECK_NAMES + 1];
    char near[SHOWN_SIZE + 24], quoted[SHOWN_SIZE];
    size_t count = check_names(names);
    names[count++] = "derived";
    near_name(given, names, count, near);
    fault(p, given, "no test is named %s%s", shown_text(given, quoted), near);
}

static void read_test(struct parse *p, enum quality_mode mode, const char *name,
                      const json_t *object, struct tests_file *t)
{
    const struct check *check = check_find(name);
    if (check == NULL) {
        refuse_test(p, name);
        return;
    }
    if (check->ours && mode == QUALITY_REFERENCE) {
        fault(p, name, "ioos_qc has no such test: it runs in hub mode only");
        return;
    }
    size_t mark = place_enter(p, name);
    t->rows[t->count++] =
        (struct tests_file_row){check, read_check(p, check, mode, object)};
    place_leave(p, mark);
}

static void read_interval(struct parse *p, const json_t *value, struct tests_file *t)
{
    double seconds = json_number_value(value);
    if (!json_is_number(value) || !(seconds >= 1 && seconds <= 1e9)) {
        fault(p, interval_name, "expected a number from 1 to 1e9");
        return;
    }
    t->interval_s = (int64_t)floor(seconds);
}

/* The derived argument goes to each test that has one of that name. True: some test that
 * there is has it, whether the file runs it or not. */
static bool put_derived(struct parse *p, const char *name, const json_t *value,
                        const struct tests_file *t)
{
    bool known = false;
    for (size_t k = 0; check_table[k] != NULL; k++) {
        known = known || argument_find(check_table[k]->arguments, name, true) != NULL;
    }
    for (size_t k = 0; known && k < t->count; k++) {
        const struct argument *a = argument_find(t->rows[k].check->arguments, name, true);
        struct diag d = {0};
        if (a != NULL && t->rows[k].settings != NULL &&
            (!json_is_number(value) ||
             argument_put_number(a, json_number_value(value), t->rows[k].settings, &d) !=
                 ERR_OK)) {
            fault(p, name, "%s", d.text[0] != '\0' ? d.text : "expected a number");
        }
    }
    return known;
}

static void refuse_derived(struct parse *p, const char *given)
{
    const char *names[DERIVED_NAMES];
    char near[SHOWN_SIZE + 24], quoted[SHOWN_SIZE];
    size_t count = 0;
    names[count++] = interval_name;
    for (size_t k = 0; check_table[k] != NULL; k++) {
        for (const struct argument *a = check_table[k]->arguments; a->name != NULL; a++) {
            if (a->derived && count < DERIVED_NAMES) {
                names[count++] = a->name;
            }
        }
    }
    near_name(given, names, count, near);
    fault(p, given, "nothing of that name is derived: %s%s", shown_text(given, quoted),
          near);
}

static void read_derived(struct parse *p, const json_t *object, struct tests_file *t)
{
    const char *key;
    json_t *value;
    char what[SHOWN_SIZE];
    size_t mark = place_enter(p, "derived");
    if (object != NULL && !json_is_object(object)) {
        fault(p, NULL, "%s, expected an object", shown(object, what));
    }
    json_object_foreach(rows_of(object), key, value)
    {
        if (strcmp(key, interval_name) == 0) {
            read_interval(p, value, t);
        } else if (!put_derived(p, key, value, t)) {
            refuse_derived(p, key);
        }
    }
    place_leave(p, mark);
}

static void read_file_tests(struct parse *p, enum quality_mode mode, const json_t *root,
                            struct tests_file *t)
{
    const char *key;
    json_t *value;
    json_object_foreach(rows_of(root), key, value)
    {
        if (strcmp(key, "derived") != 0) {
            read_test(p, mode, key, value, t);
        }
    }
    read_derived(p, json_object_get(root, "derived"), t);
    if (t->count == 0 && !p->invalid) {
        const char *names[CHECK_NAMES];
        (void)check_names(names);
        fault(p, NULL, "no test is named; one of them is %s", names[0]);
    }
}

enum err tests_file_parse(const struct config_file *file, enum quality_mode mode,
                          struct tests_file *out, struct config_faults *faults)
{
    struct tests_file made = {.memory = arena_open_growing(MEMORY_CEILING)};
    struct parse *p = calloc(1, sizeof *p);
    if (p == NULL || made.memory == NULL) {
        arena_close(made.memory);
        free(p);
        return ERR_MEMORY;
    }
    p->faults = faults;
    p->memory = made.memory;
    json_t *root = load_file(p, file);
    if (root != NULL) {
        read_file_tests(p, mode, root, &made);
        json_decref(root);
    }
    enum err e = p->no_memory ? ERR_MEMORY : p->invalid ? ERR_CONFIG : ERR_OK;
    free(p);
    if (e == ERR_OK) {
        *out = made;
    } else {
        tests_file_fini(&made);
    }
    return e;
}

void tests_file_fini(struct tests_file *t)
{
    arena_close(t->memory);
    *t = (struct tests_file){0};
}
