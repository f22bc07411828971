/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/ask.h"

#include "app/context.h"
#include "app/control.h"
#include "app/requests.h"

#include <jansson.h>
#include <unistd.h>

static void print_line(void *arg, const char *line)
{
    (void)arg;
    json_t *parsed = json_loads(line, 0, NULL);
    const char *text = json_string_value(json_object_get(parsed, "text"));
    puts(text != NULL ? text : line);
    fflush(stdout);
    json_decref(parsed);
}

/* ERR_ABSENT: no hub runs. *code: the exit code otherwise. */
static enum err ask(const struct invocation *i, const char *data, const char *request,
                    int *code)
{
    struct diag d = {0};
    int answered = EXIT_FAILED;
    enum err e = control_ask(data, request, NULL, print_line, &answered, &d);
    if (e == ERR_OK && answered != EXIT_DONE && answered != EXIT_FINDINGS) {
        command_fail(i, answered, "%s", d.text);
    }
    if (e != ERR_OK && e != ERR_ABSENT) {
        answered = command_fail(i, EXIT_NOT_REACHED, "%s", d.text);
    }
    *code = answered;
    return e;
}

int ask_hub(const struct invocation *i, const char *request)
{
    char data[PATH_LENGTH];
    struct diag d = {0};
    int code = EXIT_FAILED;
    if (context_data_folder(i, data, &d) != ERR_OK) {
        return command_fail_diag(i, EXIT_NOT_REACHED, &d);
    }
    if (ask(i, data, request, &code) == ERR_ABSENT) {
        return command_fail(i, EXIT_NOT_REACHED, "no hub runs in %s", data);
    }
    return code;
}

int ask_reload(const struct invocation *i)
{
    char data[PATH_LENGTH];
    struct diag d = {0};
    int code = EXIT_DONE;
    if (context_data_folder(i, data, &d) != ERR_OK ||
        ask(i, data, "reload", &code) == ERR_ABSENT) {
        command_say(i, "no hub runs; it takes the file when it starts");
        return EXIT_DONE;
    }
    return code;
}

static int round_here(const struct invocation *i, const char *data,
                      enum publishing_work work)
{
    struct configuration *c = NULL;
    struct current *current = NULL;
    struct publishing *publishing = NULL;
    struct diag d = {0};
    int lock = -1;
    int code = EXIT_DONE;
    enum err e = context_accepted(data, &c, &d);
    e = e != ERR_OK ? e : context_lock(data, &lock, &d);
    if (e == ERR_OK) {
        current = current_open(c);
        c = NULL;
        e = current == NULL ? ERR_MEMORY
                            : publishing_open(data, current, NULL, &publishing, &d);
    }
    e = e != ERR_OK ? e : request_round(publishing, work, NULL, print_line, &code, &d);
    if (e != ERR_OK) {
        code = command_fail_diag(i, context_exit_code(e), &d);
    }
    publishing_close(publishing);
    current_close(current);
    configuration_free(c);
    if (lock >= 0) {
        close(lock);
    }
    return code;
}

int ask_round(const struct invocation *i, const char *request, enum publishing_work work)
{
    char data[PATH_LENGTH];
    struct diag d = {0};
    int code = EXIT_FAILED;
    if (context_data_folder(i, data, &d) != ERR_OK) {
        return command_fail_diag(i, EXIT_NOT_REACHED, &d);
    }
    if (ask(i, data, request, &code) == ERR_ABSENT) {
        return round_here(i, data, work);
    }
    return code;
}
