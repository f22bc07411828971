/* SPDX-License-Identifier: EUPL-1.2 */
/* Inbox and ingest only, told by lines on stdin what to do (fields parted by tabs):
 *   source  name=value ...   name broker client_id user password_file ca_file
 *                            certificate_file key_file version subscribe (repeatable)
 *   apply CEILING            the sources named since the last apply; "applied TEXT"
 *   status                   a line a source, then "end"
 *   full | roomy             files may not grow any more | may again
 *   quit                     closes; "closed MILLISECONDS"
 * usage: ingest_sink FOLDER */
#include "base/arena.h"
#include "base/clock.h"
#include "base/number.h"
#include "ingest/ingest.h"
#include "store/inbox.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { SOURCES = 16, FILTERS = 8, LINE = 8192 };

struct line {
    char text[LINE];
    const char *filters[FILTERS];
};

static struct line lines[SOURCES];
static struct source sources[SOURCES];
static size_t count;

static void set_field(struct source *s, struct line *l, const char *name,
                      const char *value)
{
    const struct {
        const char *name;
        const char **to;
    } fields[] = {
        {"name", &s->source},
        {"broker", &s->broker},
        {"client_id", &s->client_id},
        {"user", &s->user},
        {"password_file", &s->password_file},
        {"ca_file", &s->ca_file},
        {"certificate_file", &s->certificate_file},
        {"key_file", &s->key_file},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strcmp(name, fields[i].name) == 0) {
            *fields[i].to = value;
        }
    }
    if (strcmp(name, "version") == 0) {
        s->mqtt_version = value[0] - '0';
    }
    if (strcmp(name, "subscribe") == 0 && s->subscribe_count < FILTERS) {
        l->filters[s->subscribe_count++] = value;
    }
}

static void add_source(const char *text)
{
    if (count == SOURCES) {
        return;
    }
    struct line *l = &lines[count];
    struct source *s = &sources[count++];
    *s = (struct source){.mqtt_version = 5, .keep_alive_s = 30, .format = "auto"};
    snprintf(l->text, sizeof l->text, "%s", text);
    s->subscribe = l->filters;
    char *rest = l->text;
    while (rest != NULL) {
        char *field = strsep(&rest, "\t");
        char *equals = strchr(field, '=');
        if (equals != NULL) {
            *equals = '\0';
            set_field(s, l, field, equals + 1);
        }
    }
}

static void print_status(void *arg, const struct ingest_status *s)
{
    (void)arg;
    printf("status\tname=%s\tconnected=%d\tpresent=%d\tmessages=%" PRId64
           "\tbytes=%" PRId64 "\tsince=%" PRId64 "\terror=%s\n",
           s->source, s->connected, s->session_present, s->messages, s->bytes,
           s->since_us, s->error != NULL ? s->error : "");
}

/* With a limit every growing write fails, as on a full disk. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void apply(struct ingest *i, const char *ceiling)
{
    struct diag d = {.text = ""};
    double bytes = 256 * 1024;
    (void)number_parse(ceiling, &bytes);
    enum err e = ingest_set_sources(i, sources, count, (int64_t)bytes, &d);
    printf("applied\t%s\t%s\n", err_text(e), d.text);
    /* what was given is copied: spoil it */
    memset(lines, 'x', sizeof lines);
    count = 0;
}

/* False: quit. */
static bool obey(struct ingest *i, char *line)
{
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "source\t", 7) == 0) {
        add_source(line + 7);
    } else if (strncmp(line, "apply ", 6) == 0) {
        apply(i, line + 6);
    } else if (strcmp(line, "status") == 0) {
        ingest_status(i, NULL, print_status);
        puts("end");
    } else if (strcmp(line, "full") == 0) {
        limit_files(1);
        puts("done");
    } else if (strcmp(line, "roomy") == 0) {
        limit_files(RLIM_INFINITY);
        puts("done");
    }
    return strcmp(line, "quit") != 0;
}

int main(int argc, char **argv)
{
    struct inbox *inbox = NULL;
    struct ingest *ingest = NULL;
    struct diag d = {.text = ""};
    char line[LINE];
    if (argc != 2) {
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (inbox_open(argv[1], &inbox, &d) != ERR_OK ||
        ingest_open(inbox, &ingest, &d) != ERR_OK) {
        fprintf(stderr, "%s\n", d.text);
        return 1;
    }
    puts("ready");
    while (fgets(line, sizeof line, stdin) != NULL && obey(ingest, line)) {
    }
    int64_t begin_us = clock_monotonic_us();
    ingest_close(ingest);
    printf("closed\t%" PRId64 "\n", (clock_monotonic_us() - begin_us) / 1000);
    inbox_close(inbox);
    return 0;
}
