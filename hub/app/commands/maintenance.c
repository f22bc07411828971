/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/entering.h"

static int maintenance(struct invocation *i)
{
    struct new_entry n = {.kind = "maintenance",
                          .station = i->arguments[0],
                          .parameter = invocation_value(i, "--parameter"),
                          .position = invocation_value(i, "--position"),
                          .from = invocation_value(i, "--from"),
                          .to = invocation_value(i, "--to"),
                          .reason = invocation_value(i, "--reason"),
                          .by = invocation_value(i, "--by")};
    if (n.from == NULL || n.reason == NULL) {
        return command_fail(i, EXIT_USAGE, "%s is needed",
                            n.from == NULL ? "--from TIME" : "--reason TEXT");
    }
    return enter(i, &n, false);
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "STATION",
    .summary = "Note when somebody worked at a station: its values are then not judged",
    .examples = {"kogge maintenance luebeck-bauhof --from 2026-06-01T07:30:00Z --to "
                 "2026-06-01T09:00:00Z --reason \"sensor cleaned\""},
    .options = {{"--from", "TIME", "when it began"},
                {"--to", "TIME", "when it ended (default: it goes on)"},
                {"--reason", "TEXT", "what was done"},
                {"--parameter", "NAME", "only values of this parameter"},
                {"--position", "NAME", "only values of this position"},
                {"--by", "NAME", "who did it"},
                {"--apply", NULL, "write the file and put its effect in place"}},
    .least = 1,
    .most = 1,
    .json = true,
    .run = maintenance,
}};

const struct command command_maintenance = {"maintenance", verbs, 1};
