/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_CEILING = 512 << 20 };

/* "devices/x.json" with prefix "devices/": true, if no folder is between. */
static bool is_in(const char *name, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(name, prefix, length) == 0 && strchr(name + length, '/') == NULL;
}

/* Of a small file in the folder of a city. */
static enum file_kind kind_in_city(const char *file)
{
    return is_in(file, "/device-")        ? FILE_DEVICE
           : is_in(file, "/calibration-") ? FILE_CALIBRATION
           : is_in(file, "/maintenance-") ? FILE_MAINTENANCE
           : is_in(file, "/flag-")        ? FILE_FLAG
                                          : FILE_OTHER;
}

enum file_kind file_kind_of(const char *name)
{
    static const struct {
        const char *name;
        enum file_kind kind;
        bool folder;
    } kinds[] = {
        {"hub.json", FILE_HUB, false},     {"parameters.json", FILE_PARAMETERS, false},
        {"units.json", FILE_UNITS, false}, {"devices/", FILE_MODEL, true},
        {"datasets/", FILE_DATASET, true}, {"cities/", FILE_CITY, true},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].folder ? is_in(name, kinds[i].name)
                            : strcmp(name, kinds[i].name) == 0) {
            return kinds[i].kind;
        }
    }
    const char *file = strncmp(name, "cities/", 7) == 0 ? strchr(name + 7, '/') : NULL;
    return file == NULL ? FILE_OTHER : kind_in_city(file);
}

const struct config_file *find_file(const struct parse *p, const char *format,
                                    const char *name)
{
    char path[1024];
    const char *mark = strstr(format, "%s");
    snprintf(path, sizeof path, "%.*s%s%s", (int)(mark - format), format, name, mark + 2);
    for (size_t i = 0; i < p->files->count; i++) {
        if (strcmp(p->files->files[i].name, path) == 0) {
            return &p->files->files[i];
        }
    }
    return NULL;
}

const char *file_stem(const struct parse *p, char to[256])
{
    const char *slash = strrchr(p->file->name, '/');
    text_copy(to, 256, slash != NULL ? slash + 1 : p->file->name);
    char *dot = strrchr(to, '.');
    if (dot != NULL) {
        *dot = '\0';
    }
    return to;
}

const char *const *names_of(struct parse *p, const void *rows, size_t count, size_t size)
{
    const char **names = take_scratch(p, count, sizeof *names);
    for (size_t i = 0; names != NULL && i < count; i++) {
        names[i] = *(const char *const *)(const void *)((const char *)rows + i * size);
    }
    return names;
}

/* Before main: jansson reads these two without a lock, so no thread may run yet. */
__attribute__((constructor)) static void set_alloc_funcs(void)
{
    json_set_alloc_funcs(memory_take, free);
}

json_t *load_file(struct parse *p, const struct config_file *file)
{
    place_file(p, file);
    if (file->size >= 3 && memcmp(file->text, "\xEF\xBB\xBF", 3) == 0) {
        fault_syntax(p, 1, 1, "the file begins with a byte order mark; save it without");
        return NULL;
    }
    json_error_t error;
    (void)memory_ran_out();
    json_t *root = json_loadb(file->text, file->size,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
    p->no_memory = memory_ran_out() || p->no_memory;
    if (root == NULL) {
        char text[JSON_ERROR_TEXT_LENGTH];
        text_escape(text, sizeof text, error.text, strlen(error.text));
        if (json_error_code(&error) == json_error_null_character) {
            text_copy(text, sizeof text, "a text holds the character NUL (\\u0000)");
        }
        fault_syntax(p, error.line, error.column, text);
        return NULL;
    }
    if (!json_is_object(root)) {
        fault(p, NULL, "the file must hold one JSON object");
        json_decref(root);
        return NULL;
    }
    return root;
}

static void parse_all(struct parse *p, enum file_kind kind, const char *name,
                      void (*parse)(struct parse *p, json_t *root))
{
    for (size_t i = 0; i < p->files->count && !p->no_memory; i++) {
        const struct config_file *file = &p->files->files[i];
        json_t *root = file_kind_of(file->name) == kind ? load_file(p, file) : NULL;
        if (root != NULL) {
            shape_check(p, name, root);
            parse(p, root);
            json_decref(root);
        }
    }
}

static void refuse_other(struct parse *p, const struct config_file *file)
{
    static const char *const names[] = {"hub.json", "parameters.json", "units.json"};
    char near[SHOWN_SIZE + 24];
    place_file(p, file);
    if (strncmp(file->name, "cities/", 7) == 0) {
        fault(p, NULL,
              "no kind of file has this name; the files of a city's folder are called "
              "device-, calibration-, maintenance- or flag-<anything>.json");
    } else {
        fault(p, NULL,
              "no kind of file has this name%s (there are hub, parameters, units, "
              "devices/, cities/, datasets/)",
              near_name(file->name, names, 3, near));
    }
}

static void classify(struct parse *p)
{
    for (size_t i = 0; i < p->files->count; i++) {
        const struct config_file *file = &p->files->files[i];
        enum file_kind kind = file_kind_of(file->name);
        p->counts[kind]++;
        if (kind == FILE_OTHER) {
            refuse_other(p, file);
        }
    }
    place_file(p, NULL);
    if (p->counts[FILE_HUB] == 0) {
        fault(p, NULL, "there is no hub.json");
    }
    if (p->counts[FILE_PARAMETERS] == 0) {
        fault(p, NULL, "there is no parameters.json, the vocabulary");
    }
}

static void take_rows(struct parse *p)
{
    struct configuration *c = p->c;
    c->models = take(p, p->counts[FILE_MODEL], sizeof *c->models);
    c->cities = take(p, p->counts[FILE_CITY], sizeof *c->cities);
    c->datasets = take(p, p->counts[FILE_DATASET], sizeof *c->datasets);
    p->drafts = take_scratch(p, p->counts[FILE_DEVICE], sizeof *p->drafts);
    p->calibrations =
        take_scratch(p, p->counts[FILE_CALIBRATION], sizeof *p->calibrations);
    p->maintenance.rows =
        take_scratch(p, p->counts[FILE_MAINTENANCE], sizeof *p->maintenance.rows);
    size_t flags = p->counts[FILE_FLAG];
    p->flags.rows = take_scratch(p, flags, sizeof *p->flags.rows);
    p->states.rows = take_scratch(p, flags, sizeof *p->states.rows);
    c->folder = keep_text(p, p->files->folder);
    c->data = keep_path(p, standard_text("hub", "data"));
}

static void parse_files(struct parse *p)
{
    classify(p);
    take_rows(p);
    parse_all(p, FILE_UNITS, "units", parse_units);
    parse_all(p, FILE_PARAMETERS, "parameters", parse_parameters);
    if (!p->no_memory) {
        judge_vocabulary(p, find_file(p, "%s", "parameters.json"),
                         find_file(p, "%s", "units.json"));
    }
    parse_all(p, FILE_MODEL, "model", parse_model);
    if (!p->no_memory) {
        settle_models(p);
    }
    parse_all(p, FILE_CITY, "city", parse_city);
    if (!p->no_memory) {
        settle_cities(p);
    }
    parse_all(p, FILE_DEVICE, "device", parse_device);
    parse_all(p, FILE_CALIBRATION, "calibration", parse_calibration);
    parse_all(p, FILE_MAINTENANCE, "maintenance", parse_maintenance);
    parse_all(p, FILE_FLAG, "flag", parse_flag);
    parse_all(p, FILE_HUB, "hub", parse_hub);
    parse_all(p, FILE_DATASET, "dataset", parse_dataset);
    if (!p->no_memory) {
        settle_devices(p);
    }
    if (!p->no_memory) {
        settle_calibrations(p);
        settle_windows(p);
    }
    if (!p->no_memory) {
        check_heights(p);
        check_same_series(p);
    }
}

static int compare_faults(const void *a, const void *b)
{
    const struct diag *left = &((const struct config_fault *)a)->diag;
    const struct diag *right = &((const struct config_fault *)b)->diag;
    int order = strcmp(left->source, right->source);
    if (order == 0) {
        order = (left->line > right->line) - (left->line < right->line);
    }
    if (order == 0) {
        order = strcmp(left->field, right->field);
    }
    return order != 0 ? order : strcmp(left->text, right->text);
}

enum err config_parse(const struct config_files *files, const struct config_names *names,
                      struct configuration **out, struct config_faults *faults)
{
    static const struct config_names no_names;
    struct parse *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return ERR_MEMORY;
    }
    p->files = files;
    p->names = names != NULL ? names : &no_names;
    p->faults = faults;
    shapes_init(&p->shapes);
    p->memory = arena_open_growing(MEMORY_CEILING);
    p->scratch = arena_open_growing(MEMORY_CEILING);
    if (p->memory != NULL && p->scratch != NULL) {
        p->c = arena_take_zero(p->memory, 1, sizeof *p->c);
    }
    p->no_memory = p->c == NULL;
    if (!p->no_memory) {
        p->c->memory = p->memory;
        parse_files(p);
    }
    if (faults->count > 1) {
        qsort(faults->faults, faults->count, sizeof *faults->faults, compare_faults);
    }
    p->no_memory = p->no_memory || (!p->invalid && !configuration_index(p->c));
    enum err e = p->no_memory ? ERR_MEMORY : p->invalid ? ERR_CONFIG : ERR_OK;
    if (e == ERR_OK) {
        *out = p->c;
    } else {
        arena_close(p->memory);
    }
    arena_close(p->scratch);
    free(p);
    return e;
}
