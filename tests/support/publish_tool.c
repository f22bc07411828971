/* SPDX-License-Identifier: EUPL-1.2 */
/* The publisher on rows of its own, for tests against a real portal:
 *   publish_tool DATA_FOLDER KEY=VALUE...
 * url, token_file, organisation, max_mb, dataset   the target and the dataset
 * base_url                 where the export folder is served
 * days, step_s             days up to 2026-11-20, seconds between rows
 * changed_day              this day, counted back, then gets other values
 * now_s                    added to the time of the round
 * at_once, export_only, second_dataset, url2, token_file2, epoch      as they say
 * Prints one JSON object a file and a push, then one with the counts. */
#include "base/clock.h"
#include "base/log.h"
#include "base/number.h"
#include "publish/publisher.h"
#include "support/synthetic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int argument_count;
static char **arguments;

static const char *get(const char *key, const char *otherwise)
{
    size_t length = strlen(key);
    for (int i = 2; i < argument_count; i++) {
        if (strncmp(arguments[i], key, length) == 0 && arguments[i][length] == '=') {
            return arguments[i] + length + 1;
        }
    }
    return otherwise;
}

static double get_number(const char *key, double otherwise)
{
    double value = otherwise;
    const char *text = get(key, NULL);
    if (text != NULL && !number_parse(text, &value)) {
        fprintf(stderr, "%s is not a number\n", key);
        exit(2);
    }
    return value;
}

static void fill_day(struct synthetic *s, const char *city, const char *station,
                     const char *parameter, int day, double first)
{
    int64_t end_us = synthetic_time("2026-11-20T00:00:00Z");
    int64_t step_us = (int64_t)(get_number("step_s", 600) * 1e6);
    struct synthetic_run run = {.city = city,
                                .station = station,
                                .parameter = parameter,
                                .from_us = end_us - day * CLOCK_US_PER_DAY,
                                .step_us = step_us,
                                .count = (size_t)(CLOCK_US_PER_DAY / step_us),
                                .first = first,
                                .slope = 0.01};
    synthetic_put(s, &run);
}

static void fill(struct synthetic *s)
{
    int days = (int)get_number("days", 2);
    int changed = (int)get_number("changed_day", -1);
    for (int day = 0; day < days; day++) {
        fill_day(s, "luebeck", "luebeck-bauhof", "water_temperature", day, 10);
        fill_day(s, "luebeck", "luebeck-bauhof", "water_level", day, 0.1);
        fill_day(s, "wismar", "wismar-baumhaus", "water_level", day, 0.2);
        fill_day(s, "wismar", "demo-wismar", "water_level", day, 99);
    }
    if (changed >= 0) {
        fill_day(s, "luebeck", "luebeck-bauhof", "water_level", changed, 0.6);
    }
}

static void print_text(const char *key, const char *text)
{
    printf("\"%s\":\"", key);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            putchar('\\');
        }
        putchar((unsigned char)*text < ' ' ? ' ' : *text);
    }
    putchar('"');
}

static void print_file(void *arg, const struct dataset *dataset, const char *path,
                       const struct exported *e)
{
    (void)arg;
    printf("{\"what\":\"file\",\"rows\":%lld,\"bytes\":%lld,\"changed\":%s,",
           (long long)e->rows, (long long)e->bytes, e->changed ? "true" : "false");
    print_text("dataset", dataset->dataset);
    putchar(',');
    print_text("path", path);
    puts("}");
}

static void print_fault(void *arg, const struct dataset *dataset, const char *sentence)
{
    (void)arg;
    (void)dataset;
    printf("{\"what\":\"fault\",");
    print_text("sentence", sentence);
    puts("}");
}

static void print_push(void *arg, const struct outbox_push *p,
                       const struct publish_result *result)
{
    (void)arg;
    if (result == NULL) {
        return;
    }
    printf("{\"what\":\"push\",\"requests\":%d,\"writes\":%d,\"uploads\":%d,"
           "\"attempts\":%d,\"alarm\":%s,",
           result->requests, result->writes, result->uploads, p->attempts,
           result->alarm ? "true" : "false");
    print_text("dataset", p->dataset);
    putchar(',');
    print_text("target", p->target);
    putchar(',');
    print_text("state", outbox_state_text(p->state));
    putchar(',');
    print_text("sentence", p->sentence);
    puts("}");
}

static int run(struct synthetic_conf *conf, struct synthetic *rows)
{
    struct publisher *p = NULL;
    struct diag d = {.text = ""};
    struct publish_source source = synthetic_source(rows);
    struct publish_work work = {.configuration = &conf->c,
                                .source = &source,
                                .now_us = synthetic_time("2026-11-22T12:00:00Z") +
                                          (int64_t)(get_number("now_s", 0) * 1e6),
                                .at_once = get_number("at_once", 0) > 0};
    struct publish_report r = {
        .file = print_file, .fault = print_fault, .push = print_push};
    if (publisher_open(conf->c.data, &p, &d) != ERR_OK) {
        fprintf(stderr, "%s\n", d.text);
        return 1;
    }
    enum err e = get_number("export_only", 0) > 0 ? publisher_export(p, &work, &r)
                                                  : publisher_round(p, &work, &r);
    publisher_close(p);
    printf("{\"what\":\"end\",\"changed\":%d,\"same\":%d,\"removed\":%d,\"pushed\":%d,"
           "\"current\":%d,\"failed\":%d,\"parked\":%d,\"waiting\":%d,\"alarms\":%d}\n",
           r.files_changed, r.files_same, r.files_removed, r.pushed, r.current, r.failed,
           r.parked, r.waiting, r.alarms);
    return e == ERR_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    static struct synthetic_conf conf;
    struct synthetic rows;
    if (argc < 2) {
        fprintf(stderr, "usage: publish_tool DATA_FOLDER KEY=VALUE...\n");
        return 2;
    }
    argument_count = argc;
    arguments = argv;
    synthetic_conf_init(&conf, argv[1]);
    conf.datasets[0].dataset = get("dataset", "water");
    conf.c.dataset_count = get("second_dataset", NULL) != NULL ? 2 : 1;
    conf.datasets[1].dataset = get("second_dataset", "other");
    conf.targets[0].url = get("url", conf.targets[0].url);
    conf.targets[0].token_file = get("token_file", NULL);
    conf.targets[0].organisation = get("organisation", "hanse");
    conf.targets[0].max_file_mb = get_number("max_mb", 10);
    conf.c.publish_base_url = get("base_url", NULL);
    conf.targets[1] = conf.targets[0];
    conf.targets[1].target = "second";
    conf.targets[1].url = get("url2", "http://127.0.0.1:9");
    if (get("url2", NULL) != NULL) {
        conf.targets[1].token_file = get("token_file2", conf.targets[0].token_file);
        conf.c.target_count = 2;
        conf.used_targets[1] = "second";
        conf.datasets[0].target_count = conf.datasets[1].target_count = 2;
    }
    synthetic_init(&rows);
    rows.epoch_number = (int64_t)get_number("epoch", 1);
    fill(&rows);
    int code = run(&conf, &rows);
    synthetic_fini(&rows);
    return code;
}
