/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/dump.h"
#include "app/report.h"

static int dump(struct invocation *i)
{
    struct report report;
    struct diag d = {0};
    int code = report_open(i, &report);
    if (code != EXIT_DONE) {
        return code;
    }
    enum err e = dump_write(report.store, report.inbox, stdout, &d);
    if (ferror(stdout)) {
        code = command_fail(i, EXIT_FAILED, "the output could not be written");
    } else {
        code = e == ERR_OK ? EXIT_DONE : report_fail(&report, e);
    }
    report_close(&report);
    return code;
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "",
    .summary = "Print every observation, one sorted line each, to compare stores",
    .examples = {"kogge dump --data /var/lib/kogge | sha256sum"},
    .run = dump,
}};

const struct command command_dump = {"dump", verbs, 1};
