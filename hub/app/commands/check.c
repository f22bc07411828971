/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/command.h"
#include "app/context.h"
#include "config/options.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

static void print_json(const struct config_faults *faults)
{
    json_t *list = json_array();
    for (size_t k = 0; k < faults->count; k++) {
        const struct config_fault *f = &faults->faults[k];
        json_array_append_new(list, json_pack("{s:b, s:s, s:i, s:s, s:s}", "finding",
                                              f->finding, "file", f->diag.source, "line",
                                              f->diag.line, "pointer", f->diag.field,
                                              "problem", f->diag.text));
    }
    json_t *out = json_pack("{s:i, s:o}", "schema", 1, "faults", list);
    json_dumpf(out, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(out);
}

static bool is_readable(const char *path, const char *of, bool print)
{
    if (access(path, R_OK) == 0) {
        return true;
    }
    if (print) {
        printf("finding: hub.json: %s names %s, which can't be read\n", of, path);
    }
    return false;
}

static int explain(const struct invocation *i, const char *name)
{
    size_t count = 0;
    for (const struct option *o; (o = config_option_find(name, count)) != NULL; count++) {
        printf("%s.%s  (%s%s%s)\n    %s\n", o->kind, o->name, o->type,
               o->unit != NULL ? ", " : "", o->unit != NULL ? o->unit : "", o->help);
        if (o->least <= o->most) {
            printf("    from %g to %g\n", o->least, o->most);
        }
        printf("    %s%s\n", o->required ? "required" : "default: ",
               o->required           ? ""
               : o->standard != NULL ? o->standard
                                     : "none");
    }
    if (count > 0) {
        return EXIT_DONE;
    }
    const char *near = config_option_nearest(name);
    return near != NULL
               ? command_fail(i, EXIT_USAGE, "no option %s; did you mean %s?", name, near)
               : command_fail(i, EXIT_USAGE, "no option %s", name);
}

/* Files that the configuration names and that must be there when the hub runs. */
static size_t check_files(const struct configuration *c, bool print)
{
    size_t missing = 0;
    for (size_t k = 0; k < c->source_count; k++) {
        const struct source *s = &c->sources[k];
        const char *const files[] = {s->password_file, s->ca_file, s->certificate_file,
                                     s->key_file};
        for (size_t n = 0; n < sizeof files / sizeof *files; n++) {
            missing += files[n] != NULL && !is_readable(files[n], s->source, print);
        }
    }
    for (size_t k = 0; k < c->target_count; k++) {
        const struct target *t = &c->targets[k];
        missing += t->token_file != NULL && !is_readable(t->token_file, t->target, print);
    }
    return missing;
}

static int check(struct invocation *i)
{
    const char *name = invocation_value(i, "--explain");
    if (name != NULL) {
        return explain(i, name);
    }
    struct diag d = {0};
    struct config_files *files = NULL;
    struct configuration *c = NULL;
    struct config_faults faults = {0};
    const char *folder = context_config_folder(i);
    enum err e = context_read(folder, &files, &c, &faults, &d);
    size_t findings = config_faults_count(&faults, true);
    size_t real = config_faults_count(&faults, false);
    int code = e != ERR_OK ? EXIT_CONFIG : findings > 0 ? EXIT_FINDINGS : EXIT_DONE;
    if (e != ERR_OK && e != ERR_CONFIG) {
        code = command_fail_diag(i, EXIT_CONFIG, &d);
    } else if (i->json) {
        print_json(&faults);
    } else {
        context_print_faults(stdout, &faults);
    }
    if (e == ERR_OK) {
        size_t missing = check_files(c, !i->json);
        findings += missing;
        code = missing > 0 ? EXIT_FINDINGS : code;
        command_say(
            i, "%s is sound (cities: %zu, devices: %zu, sources: %zu, findings: %zu)",
            folder, c->city_count, c->device_count, c->source_count, findings);
    } else if (e == ERR_CONFIG) {
        command_say(i, "%s is not sound (faults: %zu, findings: %zu)", folder, real,
                    findings);
    }
    config_faults_fini(&faults);
    config_files_close(files);
    configuration_free(c);
    return code;
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "",
    .summary = "Check the configuration folder and name every fault at once",
    .examples = {"kogge check --config /etc/kogge",
                 "kogge check --explain source.broker"},
    .options = {{"--explain", "NAME", "say what an option means"}},
    .json = true,
    .run = check,
}};

const struct command command_check = {"check", verbs, 1};
