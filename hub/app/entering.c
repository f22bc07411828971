/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/entering.h"

#include "app/ask.h"
#include "app/effect.h"
#include "app/recomputing.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One run of such a verb. */
struct entering {
    struct invocation *invocation;
    struct new_entry *entry;
    bool states_only;
    struct config_files *files;
    struct configuration *now, *next;
    struct entry_file file;
    bool made;
    int64_t from_us, to_us; /* of the entry */
    struct effect effect;
    bool looked; /* there is a store */
};

/* --- the configuration with the file --- */

static int unknown_station(const struct entering *e)
{
    const struct configuration *c = e->now;
    size_t count = 0;
    for (size_t k = 0; k < c->city_count; k++) {
        count += c->cities[k].station_count;
    }
    const char **names = calloc(count + 1, sizeof *names);
    size_t n = 0;
    for (size_t k = 0; names != NULL && k < c->city_count; k++) {
        for (size_t m = 0; m < c->cities[k].station_count; m++) {
            names[n++] = c->cities[k].stations[m].station;
        }
    }
    int code = command_fail_name(e->invocation, "station", e->entry->station, names, n);
    free(names);
    return code;
}

static int read_now(struct entering *e)
{
    struct config_faults faults = {0};
    struct diag d = {0};
    enum err err = context_read(context_config_folder(e->invocation), &e->files, &e->now,
                                &faults, &d);
    int code = EXIT_DONE;
    if (err == ERR_CONFIG) {
        context_print_faults(stderr, &faults);
        code = command_fail(e->invocation, EXIT_CONFIG,
                            "the configuration is faulty already; mend it first");
    } else if (err != ERR_OK) {
        code = command_fail_diag(e->invocation, context_exit_code(err), &d);
    }
    config_faults_fini(&faults);
    if (code != EXIT_DONE) {
        return code;
    }
    const struct station *s = configuration_station(e->now, e->entry->station);
    if (s == NULL) {
        return unknown_station(e);
    }
    e->entry->city = s->city->city;
    return EXIT_DONE;
}

/* Says what of the new file is at fault, or, of findings, what the others are not. */
static void say_of_file(const struct entering *e, const struct config_faults *faults)
{
    char text[640];
    for (size_t k = 0; k < faults->count; k++) {
        const struct config_fault *f = &faults->faults[k];
        if (!f->finding) {
            fprintf(stderr, "%s\n", diag_format(&f->diag, text, sizeof text));
        } else if (strcmp(f->diag.source, e->file.name) == 0) {
            command_say(e->invocation, "finding: %s",
                        diag_format(&f->diag, text, sizeof text));
        }
    }
}

static int read_next(struct entering *e)
{
    struct config_faults faults = {0};
    struct diag d = {0};
    enum err err = entry_make(e->entry, &e->file, &d);
    if (err != ERR_OK) {
        return command_fail_diag(e->invocation, EXIT_USAGE, &d);
    }
    e->made = true;
    err = entry_add(e->files, &e->file);
    err = err != ERR_OK ? err : context_parse(e->files, &e->next, &faults);
    say_of_file(e, &faults);
    config_faults_fini(&faults);
    if (err == ERR_CONFIG) {
        return command_fail(e->invocation, EXIT_CONFIG, "so nothing was written");
    }
    return err != ERR_OK ? command_fail(e->invocation, EXIT_FAILED, "%s", err_text(err))
                         : EXIT_DONE;
}

/* --- the effect --- */

static int find_effect(struct entering *e)
{
    const struct invocation *i = e->invocation;
    struct report report;
    struct diag d = {0};
    char data[PATH_LENGTH], path[PATH_LENGTH + 16];
    if (context_data_folder(i, data, &d) != ERR_OK) {
        return EXIT_DONE;
    }
    snprintf(path, sizeof path, "%s/hub.db", data);
    if (!file_exists(path)) {
        return EXIT_DONE; /* a hub that has not run yet */
    }
    int code = report_open(i, &report);
    if (code != EXIT_DONE) {
        return code;
    }
    const struct effect_query q = {.now = e->now,
                                   .next = e->next,
                                   .station = e->entry->station,
                                   .parameter = e->entry->parameter,
                                   .position = e->entry->position,
                                   .from_us = e->from_us,
                                   .to_us = e->to_us};
    enum err err = effect_find(&report, &q, &e->effect, &d);
    if (err != ERR_OK) {
        code = d.text[0] != '\0' ? command_fail_diag(i, EXIT_FAILED, &d)
                                 : report_fail(&report, err);
    }
    e->looked = err == ERR_OK;
    report_close(&report);
    return code;
}

static void print_counts(const struct entering *e, int64_t values, int64_t flags,
                         int64_t same)
{
    if (e->states_only) {
        printf("%lld %s\n", (long long)same, e->entry->state);
        return;
    }
    printf("%lld of another value, %lld with other flags, %lld unchanged\n",
           (long long)values, (long long)flags, (long long)same);
}

static void print_value(double value, enum quality flag)
{
    char number[NUMBER_TEXT] = "missing";
    if (!isnan(value)) {
        number_format(value, number);
    }
    printf("%s (flag %s)", number, quality_text(flag));
}

static void print_effect(const struct entering *e)
{
    const struct effect *f = &e->effect;
    for (size_t k = 0; k < f->series_count; k++) {
        const struct effect_series *s = &f->series[k];
        bool plain = strcmp(s->origin, "measured") == 0;
        printf("%s %s %s%s%s: ", e->entry->station, s->parameter, s->position,
               plain ? "" : " ", plain ? "" : s->origin);
        print_counts(e, s->values, s->flags, s->same);
    }
    if (f->example_count > 0) {
        puts("the first ones");
    }
    for (size_t k = 0; k < f->example_count; k++) {
        const struct effect_example *x = &f->examples[k];
        printf("  %s %s %s, %s: ", f->series[x->series].parameter,
               f->series[x->series].position, report_time_text(x->time_us), x->unit);
        print_value(x->before, x->flag_before);
        printf(" -> ");
        print_value(x->after, x->flag_after);
        putchar('\n');
    }
    if (f->given_up > 0) {
        printf("left as they are, since their messages were given up for their age: "
               "%lld\n",
               (long long)f->given_up);
    }
    if (f->series_count == 0) {
        puts(e->looked ? "no value of that time is stored" : "nothing is stored yet");
    }
}

static json_t *examples_json(const struct effect *f)
{
    json_t *list = json_array();
    for (size_t k = 0; k < f->example_count; k++) {
        const struct effect_example *x = &f->examples[k];
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:s, s:o, s:s, s:o, s:s}",
                                              "parameter", f->series[x->series].parameter,
                                              "position", f->series[x->series].position,
                                              "time", report_time(x->time_us), "unit",
                                              x->unit, "before", report_number(x->before),
                                              "flag_before", quality_text(x->flag_before),
                                              "after", report_number(x->after),
                                              "flag_after", quality_text(x->flag_after)));
    }
    return list;
}

static void print_json(const struct entering *e, bool applied)
{
    const struct effect *f = &e->effect;
    json_t *list = json_array();
    for (size_t k = 0; k < f->series_count; k++) {
        const struct effect_series *s = &f->series[k];
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "parameter", s->parameter,
                            "position", s->position, "origin", s->origin, "changed_value",
                            (json_int_t)s->values, "changed_flag", (json_int_t)s->flags,
                            "unchanged", (json_int_t)s->same));
    }
    report_json("entry",
                json_pack("{s:s, s:s, s:b, s:s, s:o, s:o, s:I}", "file", e->file.name,
                          "text", buf_text(&e->file.text), "applied", applied, "station",
                          e->entry->station, "series", list, "examples", examples_json(f),
                          "given_up", (json_int_t)f->given_up));
}

/* --- putting it in place --- */

static void take_line(void *arg, const json_t *line)
{
    const struct entering *e = arg;
    const json_t *sums = json_object_get(line, "recompute");
    if (sums == NULL || e->invocation->json || e->invocation->quiet) {
        return;
    }
    printf("worked out anew:");
    for (int k = 0; k < DIFFERENCE_COUNT; k++) {
        int64_t count = json_integer_value(json_object_get(sums, recomputing_changes[k]));
        if (count > 0) {
            printf(" %s %lld,", recomputing_changes[k], (long long)count);
        }
    }
    printf(" unchanged %lld\n",
           (long long)json_integer_value(json_object_get(sums, "unchanged")));
}

static int recompute(struct entering *e)
{
    const struct recompute_order order = {.scope = {.from_us = e->from_us,
                                                    .to_us = e->to_us,
                                                    .stations = &e->entry->station,
                                                    .station_count = 1},
                                          .apply = true};
    const struct ask_work work = {.request = recomputing_request(&order),
                                  .order = &order,
                                  .run = recomputing_run,
                                  .arg = e,
                                  .take = take_line};
    return ask_work(e->invocation, &work);
}

static int apply(struct entering *e)
{
    char path[1024];
    struct diag d = {0};
    bool runs = false;
    enum err err = entry_write(e->files->folder, &e->file, path, &d);
    if (err != ERR_OK) {
        return command_fail_diag(e->invocation,
                                 err == ERR_BUSY ? EXIT_CONFIG : EXIT_FAILED, &d);
    }
    if (!e->invocation->json) {
        printf("%s\n", path);
    }
    int code = ask_reload(e->invocation, &runs);
    if (code != EXIT_DONE || e->states_only) {
        return code;
    }
    if (runs) {
        return recompute(e);
    }
    if (e->effect.values + e->effect.flags > 0) {
        command_say(
            e->invocation,
            "then kogge recompute --apply --station %s --from %s --to %s puts its "
            "effect in place",
            e->entry->station, report_time_text(e->from_us), report_time_text(e->to_us));
    }
    return EXIT_DONE;
}

/* --- the verb --- */

static int read_times(struct entering *e)
{
    const struct new_entry *n = e->entry;
    if (clock_parse_rfc3339(n->from, &e->from_us) != ERR_OK) {
        return command_fail(e->invocation, EXIT_USAGE,
                            "%s is no time like 2026-11-22T12:00:00Z", n->from);
    }
    /* nothing is stored of later times */
    int64_t open_us = clock_now_us() + CLOCK_US_PER_DAY;
    e->to_us = open_us > e->from_us ? open_us : e->from_us + 1;
    if (n->to != NULL && clock_parse_rfc3339(n->to, &e->to_us) != ERR_OK) {
        return command_fail(e->invocation, EXIT_USAGE,
                            "%s is no time like 2026-11-22T12:00:00Z", n->to);
    }
    return e->from_us < e->to_us ? EXIT_DONE
                                 : command_fail(e->invocation, EXIT_USAGE,
                                                "%s is not after %s", n->to, n->from);
}

static int tell_or_apply(struct entering *e)
{
    const struct invocation *i = e->invocation;
    bool wanted = invocation_value(i, "--apply") != NULL;
    if (!i->json && !i->quiet) {
        printf("%s\n%s", e->file.name, buf_text(&e->file.text));
        print_effect(e);
    }
    int code = wanted ? apply(e) : EXIT_DONE;
    if (i->json) {
        print_json(e, wanted && code == EXIT_DONE);
    }
    if (!wanted) {
        command_say(i, "nothing was written; --apply writes the file and puts its effect "
                       "in place");
        bool any = e->effect.values + e->effect.flags > 0 ||
                   (e->states_only && e->effect.same > 0);
        code = any ? EXIT_FINDINGS : EXIT_DONE;
    }
    return code;
}

int enter(struct invocation *i, struct new_entry *n, bool states_only)
{
    struct entering e = {.invocation = i, .entry = n, .states_only = states_only};
    int code = read_times(&e);
    code = code != EXIT_DONE ? code : read_now(&e);
    code = code != EXIT_DONE ? code : read_next(&e);
    code = code != EXIT_DONE ? code : find_effect(&e);
    code = code != EXIT_DONE ? code : tell_or_apply(&e);
    configuration_free(e.next);
    configuration_free(e.now);
    config_files_close(e.files);
    if (e.made) {
        entry_file_fini(&e.file);
    }
    return code;
}
