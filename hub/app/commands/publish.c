/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/ask.h"

static int run_publish(struct invocation *i)
{
    return ask_round(i, "publish", PUBLISHING_PUSH);
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "",
    .summary = "Export what changed and send what waits to the portals, once, now",
    .examples = {"kogge publish --once --config /etc/kogge"},
    .options = {{"--once", NULL,
                 "one round (this is what it does anyway; the hub itself goes on)"}},
    .run = run_publish,
}};

const struct command command_publish = {"publish", verbs, 1};
