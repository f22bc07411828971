/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/entering.h"

static int calibrate(struct invocation *i)
{
    struct new_entry n = {.kind = "calibration",
                          .station = i->arguments[0],
                          .parameter = i->arguments[1],
                          .position = invocation_value(i, "--position"),
                          .from = invocation_value(i, "--from"),
                          .to = invocation_value(i, "--to"),
                          .offset = invocation_value(i, "--offset"),
                          .slope = invocation_value(i, "--slope"),
                          .site_before = invocation_value(i, "--site-before"),
                          .site_after = invocation_value(i, "--site-after"),
                          .meter_before = invocation_value(i, "--meter-before"),
                          .meter_after = invocation_value(i, "--meter-after"),
                          .standards = invocation_value(i, "--standards"),
                          .correct_above = invocation_value(i, "--correct-above"),
                          .publish_to = invocation_value(i, "--publish-to"),
                          .by = invocation_value(i, "--by"),
                          .standard = invocation_value(i, "--with")};
    if (n.from == NULL || n.by == NULL) {
        return command_fail(i, EXIT_USAGE, "%s is needed",
                            n.from == NULL ? "--from TIME" : "--by NAME");
    }
    n.position = n.position != NULL ? n.position : "main";
    return enter(i, &n, false);
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "STATION PARAMETER",
    .summary = "Note a calibration or a field visit: show what it changes, then write it",
    .examples = {"kogge calibrate luebeck-bauhof oxygen --from 2026-05-02T06:00:00Z --to "
                 "2026-06-01T08:00:00Z --site-before 8.0 --site-after 8.4 --standards "
                 "8.26:8.10 --by \"A. Person\"",
                 "kogge calibrate luebeck-bauhof ph --from 2026-05-02T06:00:00Z --offset "
                 "-0.1 --by \"A. Person\" --apply"},
    .options = {{"--from", "TIME", "since when; of a visit: the visit before"},
                {"--to", "TIME", "until when; of a visit: this one"},
                {"--position", "NAME", "position of the sensor (default: main)"},
                {"--offset", "X", "is added to every value, after the slope"},
                {"--slope", "X", "every value is multiplied by it"},
                {"--site-before", "X", "the sensor before it was cleaned"},
                {"--site-after", "X", "the sensor after it was cleaned"},
                {"--meter-before", "X", "a second meter beside it, before"},
                {"--meter-after", "X", "a second meter beside it, after"},
                {"--standards", "S:R,...", "standards and what the clean sensor said"},
                {"--correct-above", "X", "correct larger errors only"},
                {"--publish-to", "X", "larger errors are not fit to be published"},
                {"--by", "NAME", "who did it"},
                {"--with", "TEXT", "with which standard or instrument"},
                {"--apply", NULL, "write the file and put its effect in place"}},
    .least = 2,
    .most = 2,
    .json = true,
    .run = calibrate,
}};

const struct command command_calibrate = {"calibrate", verbs, 1};
