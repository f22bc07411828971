/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/command.h"
#include "app/context.h"
#include "app/hub.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The new configuration is faulty: the last accepted one, with a warning that every
 * status repeats. */
static enum err fall_back(const struct invocation *i, const char *data,
                          const struct config_faults *faults, struct hub_settings *s)
{
    struct diag d = {0};
    context_print_faults(stderr, faults);
    enum err e = context_accepted(data, &s->configuration, &d);
    if (e != ERR_OK) {
        command_fail(i, EXIT_CONFIG,
                     "the configuration is faulty, and there is no accepted one to run "
                     "with");
        return ERR_CONFIG;
    }
    s->warning = "the configuration is faulty; the last accepted one holds";
    log_line(LOG_WARN, "hub", "%s", s->warning);
    return ERR_OK;
}

static int run_hub(const struct invocation *i, const struct hub_settings *settings)
{
    struct hub *hub = NULL;
    struct diag d = {0};
    enum err e = hub_open(settings, &hub, &d);
    e = e != ERR_OK ? e : hub_run(hub, &d);
    hub_close(hub);
    if (e == ERR_OK) {
        return EXIT_DONE;
    }
    if (d.text[0] == '\0') {
        diag_set(&d, "%s", err_text(e));
    }
    return command_fail_diag(i, e == ERR_LOCKED ? EXIT_LOCKED : EXIT_FAILED, &d);
}

/* The configuration is taken as accepted only once it is known that no other hub works in
 * this data folder. */
static enum err accept_first(const char *data, const struct config_files *files,
                             struct diag *d)
{
    int lock = -1;
    enum err e = file_make_folder(data, 0711);
    if (e != ERR_OK) {
        diag_set(d, "the data folder %s can't be made", data);
        return e;
    }
    e = context_lock(data, &lock, d);
    if (e == ERR_OK) {
        e = context_accept(data, files);
        close(lock);
    }
    return e;
}

static int run(struct invocation *i)
{
    char data[PATH_LENGTH];
    struct diag d = {0};
    struct config_files *files = NULL;
    struct config_faults faults = {0};
    struct hub_settings settings = {.folder = context_config_folder(i), .data = data};
    enum err e = context_data_folder(i, data, &d);
    if (e != ERR_OK) {
        return command_fail_diag(i, EXIT_CONFIG, &d);
    }
    e = context_read(settings.folder, &files, &settings.configuration, &faults, &d);
    if (e == ERR_OK) {
        context_print_faults(stderr, &faults);
        e = accept_first(data, files, &d);
    } else if (e == ERR_CONFIG || e == ERR_ABSENT) {
        if (e == ERR_ABSENT) {
            command_fail_diag(i, EXIT_CONFIG, &d);
        }
        e = fall_back(i, data, &faults, &settings);
    }
    config_faults_fini(&faults);
    config_files_close(files);
    if (e == ERR_OK) {
        return run_hub(i, &settings);
    }
    configuration_free(settings.configuration);
    return d.text[0] != '\0' ? command_fail_diag(i, context_exit_code(e), &d)
                             : context_exit_code(e);
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "",
    .summary = "Run the hub until it is told to stop (SIGTERM); SIGHUP reloads",
    .examples = {"kogge run --config /etc/kogge"},
    .run = run,
}};

const struct command command_run = {"run", verbs, 1};
