/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/ask.h"

static int run_export(struct invocation *i)
{
    return ask_round(i, "export", PUBLISHING_EXPORT);
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "",
    .summary = "Write the files of all datasets anew where they differ",
    .examples = {"kogge export --config /etc/kogge"},
    .run = run_export,
}};

const struct command command_export = {"export", verbs, 1};
