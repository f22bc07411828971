/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

/* A verb of the command line: one row gives parsing, --help, man page and completion.
 * Each file in commands/ defines a struct command named after it. Threads: main. */

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* An unknown code means failure. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1, /* also: store damaged, or newer than the program */
    EXIT_USAGE = 2,
    EXIT_FINDINGS = 3,    /* done, with findings */
    EXIT_NOT_REACHED = 4, /* hub or store not reachable */
    EXIT_CONFIG = 5,      /* configuration invalid */
    EXIT_LOCKED = 6,      /* by another process */
};

struct command_option {
    const char *name;  /* "--city" */
    const char *value; /* "CITY"; NULL: a switch */
    const char *help;  /* one line */
};

enum { OPTIONS_MOST = 16, ARGUMENTS_MOST = 1024 };

struct invocation; /* what was typed */

/* One thing to do; name is the sub-verb, "" if the command has none. */
struct verb {
    const char *name;
    const char *arguments; /* "STATION PARAMETER TIME"; "" */
    const char *summary;   /* one line, ends without a point */
    const char *examples[4];
    struct command_option options[OPTIONS_MOST]; /* ends with name NULL */
    int least, most;                             /* arguments */
    bool json;                                   /* knows --json */
    int (*run)(struct invocation *i);            /* gives an exit code */
};

struct command {
    const char *name;
    const struct verb *verbs; /* the first is the default */
    size_t verb_count;
};

/* Ends with NULL; made by the build. */
extern const struct command *const command_table[];

struct invocation {
    const struct command *command;
    const struct verb *verb;
    const char *values[OPTIONS_MOST]; /* by option; "" for a switch, NULL: not given */
    const char *arguments[ARGUMENTS_MOST];
    int argument_count;
    const char *config, *data; /* --config, --data, or the environment; NULL */
    bool json, quiet;
};

/* Value of an option by name; NULL: not given. */
const char *invocation_value(const struct invocation *i, const char *name);

/* Parses the command line and runs the verb. Gives the exit code. */
int command_line(int argc, char **argv);

/* Says a sentence on stderr, "kogge VERB: ...", and gives code back. */
int command_fail(const struct invocation *i, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for a diagnosis. */
int command_fail_diag(const struct invocation *i, int code, const struct diag *d);
/* EXIT_USAGE, naming what of names is nearest: "no source is named x; did you mean y?",
 * or all of them if none is near and they are few. names may be NULL if count is 0. */
int command_fail_name(const struct invocation *i, const char *what, const char *given,
                      const char *const *names, size_t count);
/* A remark for people on stderr, unless --quiet. */
void command_say(const struct invocation *i, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --help of a verb; the list of all verbs (help.c). */
void help_verb(FILE *to, const struct command *c, const struct verb *v);
void help_all(FILE *to);
void help_manual(FILE *to);
void help_completion(FILE *to);

#endif
