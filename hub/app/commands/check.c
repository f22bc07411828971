/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/command.h"
#include "app/context.h"
#include "app/report.h"
#include "config/options.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

static json_t *faults_json(const struct config_faults *faults)
{
    json_t *list = json_array();
    for (size_t k = 0; k < faults->count; k++) {
        const struct config_fault *f = &faults->faults[k];
        json_array_append_new(list, json_pack("{s:b, s:s, s:i, s:s, s:s}", "finding",
                                              f->finding, "file", f->diag.source, "line",
                                              f->diag.line, "pointer", f->diag.field,
                                              "problem", f->diag.text));
    }
    return list;
}

/* 1 if the file that of names can't be read; told in list, or printed if that is NULL. */
static size_t check_file(const char *path, const char *of, const char *option,
                         json_t *list)
{
    if (path == NULL || access(path, R_OK) == 0) {
        return 0;
    }
    char problem[PATH_LENGTH + 256];
    snprintf(problem, sizeof problem, "%s of %s: %s can't be read: %s", option, of, path,
             strerror(errno));
    if (list == NULL) {
        printf("finding: hub.json: %s\n", problem);
    } else {
        json_array_append_new(list, json_pack("{s:b, s:s, s:i, s:s, s:s}", "finding", 1,
                                              "file", "hub.json", "line", 0, "pointer",
                                              "", "problem", problem));
    }
    return 1;
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
static size_t check_files(const struct configuration *c, json_t *list)
{
    size_t missing = 0;
    for (size_t k = 0; k < c->source_count; k++) {
        const struct source *s = &c->sources[k];
        missing += check_file(s->password_file, s->source, "password_file", list);
        missing += check_file(s->ca_file, s->source, "ca_file", list);
        missing += check_file(s->certificate_file, s->source, "certificate_file", list);
        missing += check_file(s->key_file, s->source, "key_file", list);
    }
    for (size_t k = 0; k < c->target_count; k++) {
        const struct target *t = &c->targets[k];
        missing += check_file(t->token_file, t->target, "token_file", list);
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
    } else if (!i->json) {
        context_print_faults(stdout, &faults);
    }
    json_t *list = i->json ? faults_json(&faults) : NULL;
    if (e == ERR_OK) {
        size_t missing = check_files(c, list);
        findings += missing;
        code = missing > 0 ? EXIT_FINDINGS : code;
        command_say(
            i, "%s is sound (cities: %zu, devices: %zu, sources: %zu, findings: %zu)",
            folder, c->city_count, c->device_count, c->source_count, findings);
    } else if (e == ERR_CONFIG) {
        command_say(i, "%s is not sound (faults: %zu, findings: %zu)", folder, real,
                    findings);
    }
    if (i->json && (e == ERR_OK || e == ERR_CONFIG)) {
        report_json("faults", list);
    } else {
        json_decref(list);
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
