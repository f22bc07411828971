/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/command.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MOST = 64 };

const char *invocation_value(const struct invocation *i, const char *name)
{
    for (size_t k = 0; k < OPTIONS_MOST && i->verb->options[k].name != NULL; k++) {
        if (strcmp(i->verb->options[k].name, name) == 0) {
            return i->values[k];
        }
    }
    return NULL;
}

static void say_name(const struct invocation *i)
{
    fprintf(stderr, "kogge %s%s%s: ", i->command->name, i->verb->name[0] ? " " : "",
            i->verb->name);
}

int command_fail(const struct invocation *i, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say_name(i);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return code;
}

int command_fail_diag(const struct invocation *i, int code, const struct diag *d)
{
    char text[640];
    return command_fail(i, code, "%s", diag_format(d, text, sizeof text));
}

void command_say(const struct invocation *i, const char *format, ...)
{
    if (i->quiet) {
        return;
    }
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

/* "; there is a, b", of few names; of many: "". */
static const char *format_few(char *to, size_t size, const char *const *names,
                              size_t count)
{
    enum { FEW = 8 };
    size_t length = 0;
    to[0] = '\0';
    for (size_t k = 0; count <= FEW && k < count && length < size; k++) {
        length += (size_t)snprintf(to + length, size - length, "%s%s",
                                   k == 0 ? "; there is " : ", ", names[k]);
    }
    return to;
}

int command_fail_name(const struct invocation *i, const char *what, const char *given,
                      const char *const *names, size_t count)
{
    char few[640];
    const char *near = text_nearest(given, names, count);
    return near != NULL
               ? command_fail(i, EXIT_USAGE, "no %s is named %s; did you mean %s?", what,
                              given, near)
               : command_fail(i, EXIT_USAGE, "no %s is named %s%s", what, given,
                              format_few(few, sizeof few, names, count));
}

static int usage(const char *what, const char *given, const char *const *names,
                 size_t count)
{
    const char *near = text_nearest(given, names, count);
    if (near != NULL) {
        fprintf(stderr, "kogge: unknown %s %s; did you mean %s?\n", what, given, near);
    } else {
        fprintf(stderr, "kogge: unknown %s %s; see kogge --help\n", what, given);
    }
    return EXIT_USAGE;
}

static const struct command *find_command(const char *name)
{
    for (size_t k = 0; command_table[k] != NULL; k++) {
        if (strcmp(command_table[k]->name, name) == 0) {
            return command_table[k];
        }
    }
    return NULL;
}

static int unknown_command(const char *given)
{
    const char *names[NAMES_MOST];
    size_t count = 0;
    for (; count < NAMES_MOST && command_table[count] != NULL; count++) {
        names[count] = command_table[count]->name;
    }
    return usage("verb", given, names, count);
}

/* The sub-verb that name names; NULL: none of that name. */
static const struct verb *find_verb(const struct command *c, const char *name)
{
    for (size_t k = 0; k < c->verb_count; k++) {
        if (c->verbs[k].name[0] != '\0' && strcmp(c->verbs[k].name, name) == 0) {
            return &c->verbs[k];
        }
    }
    return NULL;
}

static int unknown_option(const struct invocation *i, const char *given)
{
    const char *names[OPTIONS_MOST + 5] = {"--config", "--data", "--quiet", "--help"};
    size_t count = 4;
    if (i->verb->json) {
        names[count++] = "--json";
    }
    for (size_t k = 0; k < OPTIONS_MOST && i->verb->options[k].name != NULL; k++) {
        names[count++] = i->verb->options[k].name;
    }
    return usage("option", given, names, count);
}

/* Length of the option's name in "--name=value" or "--name". */
static bool is_named(const char *given, const char *name, const char **value)
{
    size_t length = strlen(name);
    if (strncmp(given, name, length) != 0 ||
        (given[length] != '\0' && given[length] != '=')) {
        return false;
    }
    *value = given[length] == '=' ? given + length + 1 : NULL;
    return true;
}

/* The place where the value of a valued option goes; NULL: no such option. */
static const char **find_value(struct invocation *i, const char *given,
                               const char **attached, bool *is_switch)
{
    *is_switch = false;
    if (is_named(given, "--config", attached)) {
        return &i->config;
    }
    if (is_named(given, "--data", attached)) {
        return &i->data;
    }
    for (size_t k = 0; k < OPTIONS_MOST && i->verb->options[k].name != NULL; k++) {
        if (is_named(given, i->verb->options[k].name, attached)) {
            *is_switch = i->verb->options[k].value == NULL;
            return &i->values[k];
        }
    }
    return NULL;
}

static int take_option(struct invocation *i, int argc, char **argv, int *at)
{
    const char *given = argv[*at];
    const char *attached = NULL;
    bool is_switch = false;
    if (strcmp(given, "--quiet") == 0) {
        i->quiet = true;
        return EXIT_DONE;
    }
    if (strcmp(given, "--json") == 0 && i->verb->json) {
        i->json = true;
        return EXIT_DONE;
    }
    const char **value = find_value(i, given, &attached, &is_switch);
    if (value == NULL) {
        return unknown_option(i, given);
    }
    if (is_switch && attached == NULL) {
        *value = "";
    } else if (!is_switch && attached == NULL && *at + 1 < argc) {
        *value = argv[++*at];
    } else if (!is_switch && attached != NULL) {
        *value = attached;
    } else {
        return command_fail(i, EXIT_USAGE,
                            is_switch ? "%s takes no value" : "%s needs a value", given);
    }
    return EXIT_DONE;
}

static int take_argument(struct invocation *i, const char *argument)
{
    if (i->argument_count >= i->verb->most || i->argument_count >= ARGUMENTS_MOST) {
        return command_fail(i, EXIT_USAGE, "\"%s\" is one argument too many; see --help",
                            argument);
    }
    i->arguments[i->argument_count++] = argument;
    return EXIT_DONE;
}

static int parse(struct invocation *i, int argc, char **argv, int at, bool *help)
{
    bool only_arguments = false;
    for (; at < argc; at++) {
        const char *a = argv[at];
        int code = EXIT_DONE;
        if (!only_arguments && strcmp(a, "--") == 0) {
            only_arguments = true;
        } else if (!only_arguments &&
                   (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0)) {
            *help = true;
        } else if (!only_arguments && a[0] == '-' && a[1] != '\0' &&
                   strchr(".0123456789", a[1]) == NULL) { /* -4.5 is a number */
            code = take_option(i, argc, argv, &at);
        } else {
            code = take_argument(i, a);
        }
        if (code != EXIT_DONE) {
            return code;
        }
    }
    if (!*help && i->argument_count < i->verb->least) {
        return command_fail(i, EXIT_USAGE, "%s is needed; see --help",
                            i->verb->arguments);
    }
    return EXIT_DONE;
}

static int run_command(const struct command *c, int argc, char **argv)
{
    struct invocation i = {
        .command = c, .config = getenv("KOGGE_CONFIG"), .data = getenv("KOGGE_DATA")};
    int at = 2;
    bool help = false;
    i.verb = argc > at ? find_verb(c, argv[at]) : NULL;
    if (i.verb != NULL) {
        at++;
    } else {
        i.verb = &c->verbs[0];
        bool has_sub = c->verbs[0].name[0] != '\0';
        if (has_sub && argc > at && argv[at][0] != '-') {
            const char *names[NAMES_MOST];
            for (size_t k = 0; k < c->verb_count; k++) {
                names[k] = c->verbs[k].name;
            }
            return usage("sub-verb", argv[at], names, c->verb_count);
        }
    }
    int code = parse(&i, argc, argv, at, &help);
    if (code == EXIT_DONE && help) {
        help_verb(stdout, c, i.verb);
        return EXIT_DONE;
    }
    return code != EXIT_DONE ? code : i.verb->run(&i);
}

/* What the program says of itself; the installation asks for it, too. */
static bool print_about(const char *option)
{
    if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) {
        help_all(stdout);
    } else if (strcmp(option, "--version") == 0) {
        printf("kogge %s\n", KOGGE_VERSION);
    } else if (strcmp(option, "--man") == 0) {
        help_manual(stdout);
    } else if (strcmp(option, "--completion") == 0) {
        help_completion(stdout);
    } else {
        return false;
    }
    return true;
}

int command_line(int argc, char **argv)
{
    if (argc < 2) {
        help_all(stderr);
        return EXIT_USAGE;
    }
    if (print_about(argv[1])) {
        return EXIT_DONE;
    }
    if (argv[1][0] == '-') {
        static const char *const options[] = {"--help", "--version", "--man",
                                              "--completion"};
        return usage("option", argv[1], options, sizeof options / sizeof *options);
    }
    const struct command *c = find_command(argv[1]);
    return c != NULL ? run_command(c, argc, argv) : unknown_command(argv[1]);
}
