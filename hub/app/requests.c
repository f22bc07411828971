/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/requests.h"

#include "app/answers.h"
#include "app/ask.h"
#include "app/choose.h"
#include "app/control.h"
#include "app/import_serve.h"
#include "app/recomputing.h"
#include "app/replaying.h"
#include "app/report.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <jansson.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* --- answers: lines of {"text": ...} and so on for people --- */

enum answer {
    ANSWER_TEXT,   /* what was asked for */
    ANSWER_REMARK, /* talk; --quiet leaves it out */
    ANSWER_FAULT,
};

static void say(const struct answers *to, enum answer kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(const struct answers *to, enum answer kind, const char *format, ...)
{
    static const char *const names[] = {"text", "remark", "fault"};
    char text[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (to->line == NULL) {
        log_line(kind == ANSWER_FAULT ? LOG_ERROR : LOG_INFO, "hub", "%s", text);
        return;
    }
    answers_send(to, json_pack("{s:s}", names[kind], text));
}

static void answer_fd(void *arg, const char *line)
{
    control_answer(*(const int *)arg, line);
}

/* fd -1: a reload by signal, which says all to the log. */
static struct answers answers_of(int *fd)
{
    return (struct answers){.arg = fd, .line = *fd >= 0 ? answer_fd : NULL};
}

static void finish(int fd, const char *sentence, int code)
{
    if (fd >= 0) {
        control_finish(fd, sentence, code);
    } else if (sentence != NULL) {
        log_line(LOG_ERROR, "hub", "%s", sentence);
    }
}

void requests_init(struct hub_parts *p)
{
    pthread_mutex_init(&p->changing, NULL);
    pthread_mutex_init(&p->mutex, NULL);
}

void requests_fini(struct hub_parts *p)
{
    pthread_mutex_destroy(&p->changing);
    pthread_mutex_destroy(&p->mutex);
}

/* --- reload --- */

static void set_warning(struct hub_parts *p, const char *warning)
{
    pthread_mutex_lock(&p->mutex);
    text_copy(p->warning, sizeof p->warning, warning);
    pthread_mutex_unlock(&p->mutex);
}

static void say_faults(const struct answers *to, const struct config_faults *faults)
{
    char text[640];
    for (size_t k = 0; k < faults->count; k++) {
        const struct config_fault *f = &faults->faults[k];
        say(to, f->finding ? ANSWER_REMARK : ANSWER_FAULT, "%s%s",
            f->finding ? "finding: " : "", diag_format(&f->diag, text, sizeof text));
    }
}

/* What next changes, said before it holds. */
static void say_change(struct hub_parts *p, const struct configuration *next,
                       const struct answers *to)
{
    char why[161];
    const struct configuration *now = current_take(p->current);
    if (config_only_adds(now, next, why)) {
        say(to, ANSWER_REMARK, "the new configuration only adds");
    } else {
        say(to, ANSWER_REMARK,
            "the new configuration changes how readings come out: %s; what is stored "
            "stays as it is, kogge recompute says what would differ",
            why);
    }
    current_give(p->current, now);
}

static enum err set_sources(struct hub_parts *p, struct diag *d)
{
    const struct configuration *c = current_take(p->current);
    enum err e = ingest_set_sources(p->ingest, c->sources, c->source_count,
                                    c->payload_ceiling_bytes, d);
    current_give(p->current, c);
    return e;
}

static void take_configuration(struct hub_parts *p, struct configuration *next,
                               const struct config_files *files, int fd)
{
    struct diag d = {0};
    int64_t again = 0;
    const struct answers to = answers_of(&fd);
    say_change(p, next, &to);
    /* kept first: what holds must be what a start without the folder would find */
    enum err e = context_accept(p->data, files);
    if (e != ERR_OK) {
        configuration_free(next);
    }
    e = e != ERR_OK ? e : pipeline_reload(p->pipeline, next, &again, &d);
    e = e != ERR_OK ? e : set_sources(p, &d);
    if (e == ERR_OK) {
        set_warning(p, "");
    } else {
        set_warning(p,
                    "the last reload failed half way; reload again, or restart the hub");
        finish(fd, d.text[0] != '\0' ? d.text : err_text(e), EXIT_FAILED);
        return;
    }
    publishing_wake(p->publishing);
    if (again > 0) {
        say(&to, ANSWER_REMARK, "%lld message%s that waited worked on again",
            (long long)again, again == 1 ? "" : "s");
    }
    say(&to, ANSWER_REMARK, "the new configuration holds");
    finish(fd, NULL, EXIT_DONE);
}

/* Reads the configuration folder and takes it, or refuses it; says which to fd (-1: to
 * the log). */
static void reload(struct hub_parts *p, int fd)
{
    struct config_files *files = NULL;
    struct configuration *next = NULL;
    struct config_faults faults = {0};
    struct diag d = {0};
    supervisor_reloading(&p->supervisor);
    enum err e = context_read(p->folder, &files, &next, &faults, &d);
    const struct answers to = answers_of(&fd);
    say_faults(&to, &faults);
    if (e == ERR_OK) {
        take_configuration(p, next, files, fd);
    } else {
        const char *why = "the new configuration is faulty; the old one holds";
        set_warning(p, e == ERR_CONFIG ? why : d.text);
        finish(fd, e == ERR_CONFIG ? why : d.text, EXIT_CONFIG);
    }
    supervisor_ready(&p->supervisor);
    config_faults_fini(&faults);
    config_files_close(files);
    malloc_trim(0); /* what reading left; in a hub of 2,500 devices 10 MiB */
}

/* --- status: what only the running hub knows --- */

static void add_source(void *arg, const struct ingest_status *s)
{
    char since[CLOCK_TEXT];
    clock_format(s->since_us, since);
    json_t *row = json_pack(
        "{s:s, s:b, s:b, s:s, s:s?, s:I, s:I, s:o}", "source", s->source, "connected",
        s->subscribed, "session_present", s->session_present, "since", since, "error",
        s->error, "messages", (json_int_t)s->messages, "bytes", (json_int_t)s->bytes,
        "slowed_since", report_time(s->slowed_us));
    json_array_append_new(arg, row);
}

/* What does not go on as it should, one sentence each. */
static json_t *list_troubles(struct hub_parts *p)
{
    char sentence[PUBLISHING_TROUBLE];
    json_t *troubles = json_array();
    enum err e = inbox_trouble(p->inbox);
    if (e != ERR_OK) {
        json_array_append_new(
            troubles,
            json_sprintf("no message is taken: %s; the brokers keep them", err_text(e)));
    }
    e = pipeline_trouble(p->pipeline);
    if (e != ERR_OK) {
        json_array_append_new(
            troubles, json_sprintf("messages can't be stored: %s; they wait in the inbox",
                                   err_text(e)));
    }
    publishing_trouble(p->publishing, sentence);
    if (sentence[0] != '\0') {
        json_array_append_new(troubles, json_string(sentence));
    }
    return troubles;
}

static void serve_status(struct hub_parts *p, int fd)
{
    char started[CLOCK_TEXT];
    char warning[sizeof p->warning];
    pthread_mutex_lock(&p->mutex);
    text_copy(warning, sizeof warning, p->warning);
    pthread_mutex_unlock(&p->mutex);
    json_t *sources = json_array();
    clock_format(p->started_us, started);
    ingest_status(p->ingest, sources, add_source);
    json_t *status = json_pack("{s:s, s:s, s:o, s:o}", "started", started, "warning",
                               warning, "troubles", list_troubles(p), "sources", sources);
    char *line = status != NULL ? json_dumps(status, JSON_COMPACT) : NULL;
    if (line != NULL) {
        control_answer(fd, line);
    }
    free(line);
    json_decref(status);
    control_finish(fd, NULL, EXIT_DONE);
}

/* --- export and publish --- */

struct reporting {
    struct answers to;
    int faults;
    const struct dataset *under_way;
    size_t datasets, pushes; /* begun */
    size_t dataset_count, push_count;
};

/* For a progress line: what is under way, how many are done, of how many. */
static void tell_progress(const struct reporting *r, const char *what, size_t begun,
                          size_t of)
{
    size_t done = begun > 0 ? begun - 1 : 0;
    const struct pipeline_progress p = {
        .what = what, .done = (int64_t)done, .of = (int64_t)of};
    answers_progress(&r->to, &p);
}

static void report_file(void *arg, const struct dataset *dataset, const char *path,
                        const struct exported *e)
{
    struct reporting *r = arg;
    if (dataset != r->under_way) {
        r->under_way = dataset;
        r->datasets++;
    }
    if (e->rows == 0) {
        say(&r->to, ANSWER_TEXT, "%s  removed: no rows any more", path);
    } else {
        say(&r->to, ANSWER_TEXT, "%s  %lld row%s, %s", path, (long long)e->rows,
            e->rows == 1 ? "" : "s", e->changed ? "written" : "unchanged");
    }
    tell_progress(r, dataset->dataset, r->datasets, r->dataset_count);
}

static void report_fault(void *arg, const struct dataset *dataset, const char *sentence)
{
    struct reporting *r = arg;
    r->faults++;
    say(&r->to, ANSWER_FAULT, "%s: %s", dataset->dataset, sentence);
}

static void report_push(void *arg, const struct outbox_push *push,
                        const struct publish_result *result)
{
    struct reporting *r = arg;
    if (result == NULL) {
        r->pushes++;
        tell_progress(r, push->dataset, r->pushes, r->push_count);
        return;
    }
    bool good = push->state == OUTBOX_DONE;
    r->faults += !good;
    say(&r->to, good ? ANSWER_TEXT : ANSWER_FAULT, "%s to %s: %s%s%s", push->dataset,
        push->target,
        good && result->writes == 0 ? "unchanged, nothing sent"
        : good                      ? "sent and read back"
                                    : outbox_state_text(push->state),
        push->sentence[0] != '\0' ? "; " : "", push->sentence);
}

enum err request_round(struct publishing *publishing, enum publishing_work work,
                       void *arg, void (*line)(void *arg, const char *line),
                       int *exit_code, struct diag *d)
{
    struct reporting r = {.to = {.arg = arg, .line = line}};
    publishing_count(publishing, &r.dataset_count, &r.push_count);
    if (r.dataset_count == 0) {
        say(&r.to, ANSWER_REMARK, "no dataset is configured");
    } else if (work == PUBLISHING_PUSH && r.push_count == 0) {
        say(&r.to, ANSWER_REMARK, "no dataset names a portal");
    }
    struct publish_report report = {
        .arg = &r, .file = report_file, .fault = report_fault, .push = report_push};
    enum err e = publishing_round(publishing, work, &report, d);
    *exit_code = r.faults > 0 ? EXIT_FINDINGS : EXIT_DONE;
    return e;
}

static void serve_round(struct hub_parts *p, enum publishing_work work, int fd)
{
    struct diag d = {0};
    int code = EXIT_FAILED;
    enum err e = request_round(p->publishing, work, &fd, answer_fd, &code, &d);
    finish(fd, e != ERR_OK ? d.text : NULL, e != ERR_OK ? EXIT_FAILED : code);
}

bool request_hup(struct hub_parts *p)
{
    if (pthread_mutex_trylock(&p->changing) != 0) {
        return false;
    }
    reload(p, -1);
    pthread_mutex_unlock(&p->changing);
    return true;
}

static void finish_work(int fd, enum err e, const struct diag *d, int code)
{
    finish(fd, e != ERR_OK ? d->text : NULL, e == ERR_OK ? code : ask_exit_code(e));
}

static void serve_replay(struct hub_parts *p, const json_t *request, int fd)
{
    struct diag d = {0};
    int code = EXIT_FAILED;
    const struct replay_filter filter = replaying_filter(request);
    enum err e = replaying_run(p->pipeline, &filter, &fd, answer_fd, &code, &d);
    finish_work(fd, e, &d, code);
}

static void serve_recompute(struct hub_parts *p, const json_t *request, int fd)
{
    struct diag d = {0};
    int code = EXIT_FAILED;
    const char *stations[RECOMPUTING_STATIONS];
    const struct recompute_order order = recomputing_order(request, stations);
    enum err e = recomputing_run(p->pipeline, &order, &fd, answer_fd, &code, &d);
    publishing_wake(p->publishing);
    finish_work(fd, e, &d, code);
}

static void serve_choose(struct hub_parts *p, const json_t *request, int fd)
{
    struct diag d = {0};
    int code = EXIT_FAILED;
    const struct choose_order order = choose_order_of(request);
    enum err e = choose_run(p->pipeline, &order, &fd, answer_fd, &code, &d);
    publishing_wake(p->publishing);
    finish_work(fd, e, &d, code);
}

/* Requests that change the hub, or take long. False: verb is none of them. */
static bool serve_change(struct hub_parts *p, const char *verb, const json_t *request,
                         int fd)
{
    bool known = true;
    if (pthread_mutex_trylock(&p->changing) != 0) {
        const struct answers to = answers_of(&fd);
        say(&to, ANSWER_REMARK, "the hub is at another request; this one waits for it");
        pthread_mutex_lock(&p->changing);
    }
    if (strcmp(verb, "reload") == 0) {
        reload(p, fd);
    } else if (strcmp(verb, "export") == 0) {
        serve_round(p, PUBLISHING_EXPORT, fd);
    } else if (strcmp(verb, "publish") == 0) {
        serve_round(p, PUBLISHING_PUSH, fd);
    } else if (strcmp(verb, "replay") == 0) {
        serve_replay(p, request, fd);
    } else if (strcmp(verb, "recompute") == 0) {
        serve_recompute(p, request, fd);
    } else if (strcmp(verb, "choose") == 0) {
        serve_choose(p, request, fd);
    } else {
        known = false;
    }
    pthread_mutex_unlock(&p->changing);
    return known;
}

void request_serve(void *parts, const json_t *request, int fd)
{
    struct hub_parts *p = parts;
    const char *given = json_string_value(json_object_get(request, "verb"));
    const char *verb = given != NULL ? given : "";
    if (strcmp(verb, "status") == 0) {
        serve_status(p, fd);
    } else if (strcmp(verb, "import") == 0) {
        import_serve(p->inbox, p->current, request, fd);
    } else if (!serve_change(p, verb, request, fd)) {
        control_finish(fd, "the hub does not know this request", EXIT_FAILED);
    }
}
