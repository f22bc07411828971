/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/command.h"

#include <string.h>

/* Help, manual page and completion, all from the table of verbs. */

static const struct command_option common[] = {
    {"--config", "DIR", "configuration folder (KOGGE_CONFIG; default: /etc/kogge)"},
    {"--data", "DIR", "data folder (KOGGE_DATA; default: what hub.json says)"},
    {"--quiet", NULL, "no remarks on stderr, only faults"},
};

static const struct command_option json = {"--json", NULL, "JSON for programs"};

enum { COMMON = sizeof common / sizeof *common };

static void put_name(FILE *to, const struct command *c, const struct verb *v)
{
    fprintf(to, "kogge %s%s%s", c->name, v->name[0] ? " " : "", v->name);
}

static void put_option(FILE *to, const struct command_option *o)
{
    char name[48];
    snprintf(name, sizeof name, "%s%s%s", o->name, o->value != NULL ? " " : "",
             o->value != NULL ? o->value : "");
    fprintf(to, "  %-24s %s\n", name, o->help);
}

void help_verb(FILE *to, const struct command *c, const struct verb *v)
{
    fprintf(to, "%s\n", v->summary);
    for (size_t k = 0; k < 4 && v->examples[k] != NULL; k++) {
        fprintf(to, "%s  %s\n", k == 0 ? "\nExamples:\n" : "", v->examples[k]);
    }
    fputs("\nUsage: ", to);
    put_name(to, c, v);
    fprintf(to, "%s%s%s\n", v->options[0].name != NULL ? " [OPTIONS]" : "",
            v->arguments[0] != '\0' ? " " : "", v->arguments);
    for (size_t k = 0; k < OPTIONS_MOST && v->options[k].name != NULL; k++) {
        put_option(to, &v->options[k]);
    }
    if (v->json) {
        put_option(to, &json);
    }
    for (size_t k = 0; k < COMMON; k++) {
        put_option(to, &common[k]);
    }
    if (c->verb_count > 1) {
        fputs("\nSub-verbs:\n", to);
    }
    for (size_t k = 0; k < c->verb_count && c->verb_count > 1; k++) {
        if (c->verbs[k].name[0] != '\0') {
            fprintf(to, "  %-12s %s\n", c->verbs[k].name, c->verbs[k].summary);
        }
    }
}

void help_all(FILE *to)
{
    fputs("kogge: open-data water hub\n\n"
          "  kogge check --config /etc/kogge     is the configuration sound?\n"
          "  kogge run --config /etc/kogge       the hub itself\n"
          "  kogge status                        how is it?\n\nVerbs:\n",
          to);
    for (size_t k = 0; command_table[k] != NULL; k++) {
        const struct command *c = command_table[k];
        for (size_t n = 0; n < c->verb_count; n++) {
            char name[32];
            snprintf(name, sizeof name, "%s%s%s", c->name,
                     c->verbs[n].name[0] != '\0' ? " " : "", c->verbs[n].name);
            fprintf(to, "  %-20s %s\n", name, c->verbs[n].summary);
        }
    }
    fputs(
        "\nkogge VERB --help says more; kogge --version. Exit codes: 0 done, 1 failed,\n"
        "2 usage, 3 done with findings, 4 not reachable, 5 configuration invalid,\n"
        "6 locked by another process.\n",
        to);
}

/* Text in roff: a leading point or quote would be read as a request, a backslash as an
 * escape. */
static void put_roff(FILE *to, const char *text)
{
    if (*text == '.' || *text == '\'') {
        fputs("\\&", to);
    }
    for (; *text != '\0'; text++) {
        if (*text == '\\') {
            fputs("\\e", to);
        } else if (*text == '-' || *text == '\'') {
            fputs(*text == '-' ? "\\-" : "\\(aq", to);
        } else {
            fputc(*text, to);
        }
    }
}

static void manual_option(FILE *to, const struct command_option *o)
{
    fputs(".TP\n\\fB", to);
    put_roff(to, o->name);
    fputs("\\fR", to);
    if (o->value != NULL) {
        fprintf(to, " \\fI%s\\fR", o->value);
    }
    fputc('\n', to);
    put_roff(to, o->help);
    fputc('\n', to);
}

static void manual_verb(FILE *to, const struct command *c, const struct verb *v)
{
    fputs(".SS ", to);
    put_name(to, c, v);
    fprintf(to, " %s\n", v->arguments);
    put_roff(to, v->summary);
    fputs(".\n.PP\n.RS 4\n.EX\n", to);
    for (size_t k = 0; k < 4 && v->examples[k] != NULL; k++) {
        put_roff(to, v->examples[k]);
        fputc('\n', to);
    }
    fputs(".EE\n.RE\n", to);
    for (size_t k = 0; k < OPTIONS_MOST && v->options[k].name != NULL; k++) {
        manual_option(to, &v->options[k]);
    }
    if (v->json) {
        manual_option(to, &json);
    }
}

void help_manual(FILE *to)
{
    fprintf(to,
            ".TH KOGGE 1 \"\" \"kogge %s\"\n.SH NAME\nkogge \\- open-data water hub\n"
            ".SH SYNOPSIS\n\\fBkogge\\fR \\fIVERB\\fR [\\fIOPTIONS\\fR]\n.SH VERBS\n",
            KOGGE_VERSION);
    for (size_t k = 0; command_table[k] != NULL; k++) {
        for (size_t n = 0; n < command_table[k]->verb_count; n++) {
            manual_verb(to, command_table[k], &command_table[k]->verbs[n]);
        }
    }
    fputs(".SH COMMON OPTIONS\n", to);
    for (size_t k = 0; k < COMMON; k++) {
        manual_option(to, &common[k]);
    }
    fputs(".SH ENVIRONMENT\n.TP\n.B KOGGE_CONFIG\nconfiguration folder, where "
          "\\-\\-config is not given\n.TP\n.B KOGGE_DATA\ndata folder, where "
          "\\-\\-data is not given\n.TP\n.B NO_COLOR\nof no effect: no colour is "
          "ever printed\n",
          to);
    fputs(
        ".SH EXIT STATUS\n0 done; 1 failed; 2 usage; 3 done, with findings; 4 hub or "
        "store not reachable; 5 configuration invalid; 6 locked by another process. Any "
        "other code means failure.\n",
        to);
}

static void complete_options(FILE *to, const struct verb *v)
{
    fputs("--config --data --quiet --help", to);
    if (v->json) {
        fputs(" --json", to);
    }
    for (size_t k = 0; k < OPTIONS_MOST && v->options[k].name != NULL; k++) {
        fprintf(to, " %s", v->options[k].name);
    }
}

/* The sub-verbs, then the options of the one that was typed, else of the default. */
static void complete_command(FILE *to, const struct command *c)
{
    fprintf(to, "    %s)\n      case \"$sub\" in\n", c->name);
    for (size_t n = 0; n < c->verb_count; n++) {
        if (c->verbs[n].name[0] != '\0') {
            fprintf(to, "        %s) words=\"", c->verbs[n].name);
            complete_options(to, &c->verbs[n]);
            fputs("\" ;;\n", to);
        }
    }
    fputs("        *) words=\"", to);
    for (size_t n = 0; n < c->verb_count; n++) {
        if (c->verbs[n].name[0] != '\0') {
            fprintf(to, "%s ", c->verbs[n].name);
        }
    }
    complete_options(to, &c->verbs[0]);
    fputs("\" ;;\n      esac ;;\n", to);
}

void help_completion(FILE *to)
{
    fputs("# completion for bash: source this file\n_kogge() {\n"
          "  local words sub='' word=${COMP_WORDS[COMP_CWORD]}\n"
          "  if [ \"$COMP_CWORD\" -gt 2 ]; then sub=${COMP_WORDS[2]}; fi\n"
          "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    words=\"",
          to);
    for (size_t k = 0; command_table[k] != NULL; k++) {
        fprintf(to, "%s%s", k > 0 ? " " : "", command_table[k]->name);
    }
    fputs("\"\n  else case \"${COMP_WORDS[1]}\" in\n", to);
    for (size_t k = 0; command_table[k] != NULL; k++) {
        complete_command(to, command_table[k]);
    }
    fputs(
        "    esac\n  fi\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
        "}\ncomplete -o default -F _kogge kogge\n",
        to);
}
