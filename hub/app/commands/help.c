/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/command.h"

static int help(struct invocation *i)
{
    if (invocation_value(i, "--man") != NULL) {
        help_manual(stdout);
    } else if (invocation_value(i, "--completion") != NULL) {
        help_completion(stdout);
    } else {
        help_all(stdout);
    }
    return EXIT_DONE;
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "",
    .summary = "List all verbs; print the manual page or the completion",
    .examples = {"kogge help", "kogge help --man | man -l -",
                 "kogge help --completion > /etc/bash_completion.d/kogge"},
    .options = {{"--man", NULL, "the manual page (roff)"},
                {"--completion", NULL, "completion for bash"}},
    .run = help,
}};

const struct command command_help = {"help", verbs, 1};
