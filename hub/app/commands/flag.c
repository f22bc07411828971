/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/entering.h"

#include <string.h>

static int flag(struct invocation *i)
{
    const char *given = i->arguments[4];
    bool number = given[0] != '\0' && strspn(given, "0123456789") == strlen(given);
    struct new_entry n = {.kind = "flag",
                          .station = i->arguments[0],
                          .parameter = i->arguments[1],
                          .position = invocation_value(i, "--position"),
                          .from = i->arguments[2],
                          .to =
                              strcmp(i->arguments[3], "-") != 0 ? i->arguments[3] : NULL,
                          .flag = number ? given : NULL,
                          .state = number ? NULL : given,
                          .reason = i->arguments[5],
                          .by = invocation_value(i, "--by")};
    return enter(i, &n, !number);
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "STATION PARAMETER FROM TO FLAG REASON",
    .summary = "Decide about values: a flag (1 to 4), or checked, released, provisional",
    .examples = {"kogge flag luebeck-bauhof oxygen 2026-06-02T00:00:00Z "
                 "2026-06-03T00:00:00Z 4 \"hung dry, seen on site\"",
                 "kogge flag luebeck-bauhof oxygen 2026-06-01T00:00:00Z "
                 "2026-07-01T00:00:00Z released \"June is done\" --apply"},
    .options = {{"--position", "NAME", "only values of this position"},
                {"--by", "NAME", "who decided it"},
                {"--apply", NULL, "write the file and put its effect in place"}},
    .least = 6,
    .most = 6,
    .json = true,
    .run = flag,
}};

const struct command command_flag = {"flag", verbs, 1};
