/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/import_judge.h"

#include "app/table.h"
#include "base/clock.h"
#include "base/text.h"

#include <string.h>

enum { WORK_BYTES = 64 << 20 };

enum err import_judge_init(struct import_judge *j, const struct configuration *c,
                           const struct source *source, struct diag *d)
{
    int slots[QUALITY_TESTS];
    for (int k = 0; k < QUALITY_TESTS; k++) {
        slots[k] = k;
    }
    *j = (struct import_judge){.source = source, .arena = arena_open(WORK_BYTES)};
    return j->arena == NULL ? ERR_MEMORY : worker_init(&j->worker, c, slots, d);
}

void import_judge_fini(struct import_judge *j)
{
    worker_fini(&j->worker);
    arena_close(j->arena);
}

static void count_reason(struct import_judge *j, const struct work_item *item)
{
    size_t k = 0;
    while (k < j->reason_count &&
           strncmp(j->reasons[k].text, item->problem, JUDGE_TEXT - 1) != 0) {
        k++;
    }
    if (k >= JUDGE_REASONS - 1) {
        k = JUDGE_REASONS - 1;
    }
    struct judged_reason *r = &j->reasons[k];
    if (k >= j->reason_count) {
        j->reason_count = k + 1;
        r->outcome = item->outcome;
        text_copy(r->text, sizeof r->text,
                  k < JUDGE_REASONS - 1 ? item->problem : "other reasons");
    }
    r->readings++;
}

static void count_device(struct import_judge *j, const struct reading *r)
{
    size_t k = 0;
    const char *device = r->device != NULL ? r->device : "";
    while (k < j->device_count && strcmp(j->devices[k].device, device) != 0) {
        k++;
    }
    if (k == JUDGE_DEVICES) {
        return;
    }
    struct judged_device *d = &j->devices[k];
    if (k == j->device_count) {
        j->device_count++;
        text_copy(d->device, sizeof d->device, device);
        d->first_us = d->last_us = CLOCK_NONE;
    }
    d->readings++;
    if (r->time_us != CLOCK_NONE && r->time_source == TIME_SOURCE_READING) {
        bool first = d->first_us == CLOCK_NONE || r->time_us < d->first_us;
        d->first_us = first ? r->time_us : d->first_us;
        d->last_us = r->time_us > d->last_us ? r->time_us : d->last_us;
    }
}

enum err import_judge_take(struct import_judge *j, const struct message *m)
{
    const struct work_rules rules = {.source = j->source};
    struct work work;
    arena_reset(j->arena);
    enum err e = work_message(&j->worker, m, &rules, j->arena, &work);
    for (size_t k = 0; e == ERR_OK && k < work.decoded.count; k++) {
        const struct work_item *item = &work.items[k];
        j->outcomes[item->outcome]++;
        j->numbers +=
            item->outcome == OUTCOME_STORED && item->reading->kind == VALUE_NUMBER;
        if (item->outcome != OUTCOME_IGNORED) {
            count_device(j, item->reading);
        }
        if (item->problem != NULL && item->outcome != OUTCOME_STORED &&
            item->outcome != OUTCOME_IGNORED) {
            count_reason(j, item);
        }
    }
    return e;
}

static void put_time(struct table *t, int64_t time_us)
{
    char text[CLOCK_TEXT] = "-";
    if (time_us != CLOCK_NONE) {
        clock_format(time_us, text);
    }
    table_put(t, "%s", text);
}

static void print_devices(const struct import_judge *j, FILE *to)
{
    static const char *const headings[] = {"DEVICE", "FIRST", "LAST", ">READINGS", NULL};
    struct table *t = table_open(headings);
    for (size_t k = 0; t != NULL && k < j->device_count; k++) {
        const struct judged_device *d = &j->devices[k];
        table_put(t, "%s", d->device[0] != '\0' ? d->device : "(none)");
        put_time(t, d->first_us);
        put_time(t, d->last_us);
        table_put(t, "%lld", (long long)d->readings);
    }
    if (t != NULL) {
        table_print(t, to);
    }
    table_close(t);
    if (j->device_count == JUDGE_DEVICES) {
        fprintf(to, "more devices than these %d may be there\n", JUDGE_DEVICES);
    }
}

void import_judge_print(const struct import_judge *j, FILE *to)
{
    const char *before = "readings: ";
    print_devices(j, to);
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        if (j->outcomes[o] > 0) {
            fprintf(to, "%s%lld %s", before, (long long)j->outcomes[o],
                    outcome_text((enum outcome)o));
            before = ", ";
        }
    }
    fputs(before[0] == ',' ? "\n" : "no reading\n", to);
    for (size_t k = 0; k < j->reason_count; k++) {
        fprintf(to, "%lld %s: %s\n", (long long)j->reasons[k].readings,
                outcome_text(j->reasons[k].outcome), j->reasons[k].text);
    }
}
