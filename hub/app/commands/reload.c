/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/ask.h"

static int reload(struct invocation *i)
{
    return ask_hub(i, "reload");
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "",
    .summary = "Let the running hub take its configuration folder, or refuse it",
    .examples = {"kogge reload --config /etc/kogge"},
    .run = reload,
}};

const struct command command_reload = {"reload", verbs, 1};
