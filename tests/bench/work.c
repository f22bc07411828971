/* SPDX-License-Identifier: EUPL-1.2 */
/* Where the microseconds of one message go, without broker and without threads.
 * usage: bench_work CONF DATA json|ttn COUNT START
 * DATA is a data folder of its own: COUNT messages are put into its inbox, then worked
 * off. Prints CPU microseconds a message. */
#include "app/work.h"
#include "app/context.h"
#include "app/pipeline.h"
#include "base/clock.h"
#include "decode/decode.h"
#include "store/inbox.h"
#include "support/bench_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KINDS = 64, ARENA_BYTES = 1 << 20, ALONE_MOST = 100000 };

struct bench {
    const struct configuration *c;
    struct worker worker;
    struct arena *arena;
    struct bench_message made[KINDS];
    struct message messages[KINDS];
    long count;
    double start_s;
};

static void must(enum err e, const char *what)
{
    if (e != ERR_OK) {
        fprintf(stderr, "bench_work: %s: %s\n", what, err_text(e));
        exit(1);
    }
}

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void begin(struct bench *b)
{
    b->start_s = cpu_s();
}

static void end(const struct bench *b, const char *what)
{
    printf("%-10s %.2f\n", what, (cpu_s() - b->start_s) * 1e6 / (double)b->count);
    fflush(stdout);
}

static const struct sensor_model *find_model(void *arg, const char *device)
{
    const struct device *d = configuration_device(arg, NULL, device, NULL);
    return d != NULL ? d->model : NULL;
}

static void decode_all(struct bench *b, const char *format)
{
    const struct source *s = &b->c->sources[0];
    const struct decode_rules rules = {.format = format,
                                       .topic = s->topic,
                                       .device = s->device,
                                       .find_model = find_model,
                                       .arg = (void *)(uintptr_t)b->c,
                                       .rssi = &b->worker.rssi,
                                       .snr = &b->worker.snr};
    struct decoded out;
    struct diag d = {.text = ""};
    begin(b);
    for (long i = 0; i < b->count; i++) {
        arena_reset(b->arena);
        must(decode_message(&b->messages[i % KINDS], &rules, b->arena, &out, &d), d.text);
    }
    end(b, "decode");
}

static void work_all(struct bench *b)
{
    const struct work_rules rules = {.source = &b->c->sources[0]};
    struct work out;
    begin(b);
    for (long i = 0; i < b->count; i++) {
        arena_reset(b->arena);
        must(work_message(&b->worker, &b->messages[i % KINDS], &rules, b->arena, &out),
             "work");
        if (out.reason != NULL || out.decoded.count < 4) {
            fprintf(stderr, "bench_work: %s\n", out.reason);
            exit(1);
        }
    }
    end(b, "work");
}

static void put_all(struct bench *b, struct inbox *inbox, bool ttn, int64_t start_s)
{
    struct bench_message made;
    int64_t connection = 0;
    uint64_t transaction = 0;
    must(inbox_connected(inbox, b->c->sources[0].source, false, clock_now_us(),
                         &connection),
         "the inbox");
    begin(b);
    for (long i = 0; i < b->count; i++) {
        bench_message_make(&made, ttn, i, start_s);
        struct message m = {.topic = made.topic,
                            .payload = made.payload,
                            .size = made.size,
                            .full_size = made.size,
                            .packet_id = (uint16_t)(i % 65535 + 1),
                            .arrival_us = clock_now_us()};
        must(inbox_put(inbox, connection, &m, &transaction), "the inbox");
        if (i % 1000 == 999 || i + 1 == b->count) {
            must(inbox_commit(inbox, transaction), "the inbox");
            inbox_idle(inbox);
        }
    }
    end(b, "inbox");
}

static void drain(struct bench *b, struct configuration *c, const char *data, bool ttn,
                  int64_t start_s)
{
    struct inbox *inbox = NULL;
    struct pipeline *pipeline = NULL;
    struct diag d = {.text = ""};
    struct current *current = current_open(c);
    must(inbox_open(data, &inbox, &d), "the inbox");
    put_all(b, inbox, ttn, start_s);
    must(pipeline_open(data, inbox, current, &pipeline, &d), "the pipeline");
    begin(b);
    must(pipeline_drain(pipeline), "the pipeline");
    end(b, "pipeline");
    pipeline_close(pipeline);
    inbox_close(inbox);
    current_close(current);
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct config_files *files = NULL;
    struct configuration *c = NULL;
    struct config_faults faults = {0};
    struct diag d = {.text = ""};
    int slots[QUALITY_TESTS];
    if (argc != 6) {
        fputs("usage: bench_work CONF DATA json|ttn COUNT START\n", stderr);
        return 2;
    }
    for (int i = 0; i < QUALITY_TESTS; i++) {
        slots[i] = i;
    }
    must(context_read(argv[1], &files, &c, &faults, &d), "the configuration");
    bool ttn = strcmp(argv[3], "ttn") == 0;
    int64_t start_s = strtoll(argv[5], NULL, 10);
    b.c = c;
    long count = strtol(argv[4], NULL, 10);
    b.count = count < ALONE_MOST ? count : ALONE_MOST; /* of each step alone */
    b.arena = arena_open(ARENA_BYTES);
    must(worker_init(&b.worker, c, slots, &d), "the worker");
    for (int i = 0; i < KINDS; i++) {
        bench_message_make(&b.made[i], ttn, i, start_s);
        b.messages[i] = (struct message){.topic = b.made[i].topic,
                                         .source = c->sources[0].source,
                                         .payload = b.made[i].payload,
                                         .size = b.made[i].size,
                                         .full_size = b.made[i].size,
                                         .arrival_us = clock_now_us()};
    }
    printf("%-10s %zu\n", "bytes", b.made[0].size);
    decode_all(&b, argv[3]);
    work_all(&b);
    worker_fini(&b.worker);
    arena_close(b.arena);
    b.count = count;
    drain(&b, c, argv[2], ttn, start_s);
    config_files_close(files);
    config_faults_fini(&faults);
    return 0;
}
