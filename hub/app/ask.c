/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/ask.h"

#include "app/context.h"
#include "app/control.h"
#include "app/progress.h"
#include "app/requests.h"
#include "store/inbox.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

/* Prints what comes. */
struct printing {
    const struct invocation *invocation;
    struct progress progress;
    const struct ask_work *work; /* whose lines those are that are not for people; NULL */
};

static void printing_init(struct printing *p, const struct invocation *i)
{
    p->invocation = i;
    progress_init(&p->progress, i);
}

static void print_progress(struct printing *p, json_t *progress)
{
    const char *what = json_string_value(json_object_get(progress, "what"));
    if (what != NULL) {
        progress_show(&p->progress, what,
                      json_integer_value(json_object_get(progress, "done")),
                      json_integer_value(json_object_get(progress, "of")), "");
    }
}

static void print_line(void *arg, const char *line)
{
    struct printing *p = arg;
    json_t *parsed = json_loads(line, 0, NULL);
    const char *text = json_string_value(json_object_get(parsed, "text"));
    const char *remark = json_string_value(json_object_get(parsed, "remark"));
    const char *fault = json_string_value(json_object_get(parsed, "fault"));
    json_t *progress = json_object_get(parsed, "progress");
    if (progress != NULL) {
        print_progress(p, progress);
    } else {
        progress_wipe(&p->progress);
    }
    if (text != NULL && !p->invocation->quiet) {
        puts(text);
        fflush(stdout);
    } else if (remark != NULL) {
        command_say(p->invocation, "%s", remark);
    } else if (fault != NULL) {
        fprintf(stderr, "%s\n", fault);
    } else if (progress == NULL && p->work != NULL && p->work->take != NULL) {
        p->work->take(p->work->arg, parsed);
    }
    json_decref(parsed);
}

/* ERR_ABSENT: no hub runs. *code: the exit code otherwise. */
static enum err ask(const struct invocation *i, const char *data, const char *request,
                    const struct ask_work *work, int *code)
{
    struct diag d = {0};
    int answered = EXIT_FAILED;
    struct printing printing;
    printing_init(&printing, i);
    printing.work = work;
    enum err e = control_ask(data, request, &printing, print_line, &answered, &d);
    progress_wipe(&printing.progress);
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
    if (ask(i, data, request, NULL, &code) == ERR_ABSENT) {
        return command_fail(i, EXIT_NOT_REACHED, "no hub runs in %s", data);
    }
    return code;
}

int ask_reload(const struct invocation *i, bool *runs)
{
    char data[PATH_LENGTH];
    struct diag d = {0};
    int code = EXIT_DONE;
    if (context_data_folder(i, data, &d) != ERR_OK ||
        ask(i, data, "reload", NULL, &code) == ERR_ABSENT) {
        command_say(i, "no hub runs; it takes the file when it starts");
        return EXIT_DONE;
    }
    if (runs != NULL) {
        *runs = true;
    }
    if (code != EXIT_DONE) {
        command_say(i, "the file is written; mend what is named above, then kogge reload "
                       "takes it");
    }
    return code;
}

static int round_here(const struct invocation *i, const char *data,
                      enum publishing_work work)
{
    struct configuration *c = NULL;
    struct current *current = NULL;
    struct publishing *publishing = NULL;
    struct printing printing;
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
    printing_init(&printing, i);
    e = e != ERR_OK ? e
                    : request_round(publishing, work, &printing, print_line, &code, &d);
    progress_wipe(&printing.progress);
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
    if (ask(i, data, request, NULL, &code) == ERR_ABSENT) {
        return round_here(i, data, work);
    }
    return code;
}

/* What a hub opens to work on messages, without brokers and portals. */
struct bench {
    int lock;
    struct current *current;
    struct inbox *inbox;
    struct pipeline *pipeline;
};

static enum err bench_open(const char *data, struct bench *b, struct diag *d)
{
    struct configuration *c = NULL;
    *b = (struct bench){.lock = -1};
    enum err e = context_accepted(data, &c, d);
    if (e != ERR_OK) {
        return e;
    }
    *d = (struct diag){0}; /* it names the file that was read */
    b->current = current_open(c);
    e = b->current == NULL ? ERR_MEMORY : context_lock(data, &b->lock, d);
    e = e != ERR_OK ? e : inbox_open(data, &b->inbox, d);
    e = e != ERR_OK ? e : pipeline_open(data, b->inbox, b->current, &b->pipeline, d);
    return e != ERR_OK ? e : pipeline_drain(b->pipeline);
}

static void bench_close(struct bench *b)
{
    pipeline_close(b->pipeline);
    inbox_close(b->inbox);
    current_close(b->current);
    if (b->lock >= 0) {
        close(b->lock);
    }
}

int ask_exit_code(enum err e)
{
    return e == ERR_UNKNOWN ? EXIT_USAGE : context_exit_code(e);
}

static int work_here(const struct invocation *i, const char *data,
                     const struct ask_work *work)
{
    struct bench bench;
    struct printing printing;
    struct diag d = {0};
    int code = EXIT_DONE;
    printing_init(&printing, i);
    printing.work = work;
    enum err e = bench_open(data, &bench, &d);
    if (e == ERR_OK) {
        d = (struct diag){0}; /* it names the file that was opened */
        e = work->run(bench.pipeline, work->order, &printing, print_line, &code, &d);
    }
    progress_wipe(&printing.progress);
    bench_close(&bench);
    if (e != ERR_OK && d.text[0] == '\0') {
        diag_set(&d, "%s", err_text(e));
    }
    return e != ERR_OK ? command_fail_diag(i, ask_exit_code(e), &d) : code;
}

int ask_work(const struct invocation *i, const struct ask_work *work)
{
    char data[PATH_LENGTH];
    struct diag d = {0};
    int code = EXIT_FAILED;
    if (work->request == NULL) {
        return command_fail(i, EXIT_FAILED, "%s", err_text(ERR_MEMORY));
    }
    enum err e = context_data_folder(i, data, &d);
    if (e != ERR_OK) {
        code = command_fail_diag(i, EXIT_NOT_REACHED, &d);
    } else if (ask(i, data, work->request, work, &code) == ERR_ABSENT) {
        code = work_here(i, data, work);
    }
    free(work->request);
    return code;
}
