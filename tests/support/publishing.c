/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "support/publishing.h"

#include "base/clock.h"
#include "base/file.h"
#include "support/fixture.h"

#include <stdio.h>
#include <string.h>

#define S CLOCK_US_PER_S

struct publishing_portal publishing_portal;

static enum err fake_describe(const struct publish_job *job, struct buf *out)
{
    buf_put_text(out, job->dataset->title_de);
    return ERR_OK;
}

static enum err fake_push(const struct publish_job *job, struct publish_result *result)
{
    size_t length =
        (size_t)snprintf(publishing_portal.seen, sizeof publishing_portal.seen,
                         "%s:", job->dataset->dataset);
    publishing_portal.calls++;
    snprintf(publishing_portal.token, sizeof publishing_portal.token, "%s",
             job->token != NULL ? job->token : "(none)");
    for (size_t i = 0; i < job->output_count; i++) {
        const struct publish_output *o = &job->outputs[i];
        length += (size_t)snprintf(publishing_portal.seen + length,
                                   sizeof publishing_portal.seen - length, " %s%s",
                                   o->name, o->too_large ? "!" : "");
        struct publish_receipt r = {
            .output = o, .id = "1", .stamp = "x", .read = o->hash, .is_read = true};
        if (publishing_portal.answer == ERR_OK) {
            assert_int_equal(job->record(job->arg, &r), ERR_OK);
        }
    }
    result->unreachable = publishing_portal.unreachable;
    if (publishing_portal.answer != ERR_OK) {
        snprintf(result->sentence, sizeof result->sentence, "the portal says no");
    }
    return publishing_portal.answer;
}

static const struct publish_kind fake = {
    .name = "ckan", .describe = fake_describe, .push = fake_push};
static const struct publish_kind *const kinds[] = {&fake, NULL};

void publishing_open_again(struct publishing_test *w)
{
    struct diag d = {.text = ""};
    publisher_close(w->p);
    w->p = NULL;
    assert_int_equal(publisher_open(w->folder, &w->p, &d), ERR_OK);
    publisher_use_kinds(w->p, kinds);
}

void publishing_put(struct publishing_test *w, const char *station, const char *parameter,
                    const char *from, size_t count)
{
    struct synthetic_run run = {.city = strstr(station, "wismar") != NULL ? "wismar"
                                                                          : "luebeck",
                                .station = station,
                                .parameter = parameter,
                                .from_us = synthetic_time(from),
                                .step_us = 600 * S,
                                .count = count,
                                .first = 1,
                                .slope = 0.25};
    synthetic_put(&w->rows, &run);
}

int publishing_setup(void **state)
{
    static struct publishing_test w;
    memset(&w, 0, sizeof w);
    memset(&publishing_portal, 0, sizeof publishing_portal);
    fixture_folder(w.folder);
    synthetic_conf_init(&w.conf, w.folder);
    synthetic_init(&w.rows);
    w.source = synthetic_source(&w.rows);
    w.work = (struct publish_work){.configuration = &w.conf.c,
                                   .source = &w.source,
                                   .now_us = synthetic_time("2031-01-01T00:00:00Z"),
                                   .stop = &w.stop};
    publishing_open_again(&w);
    publishing_put(&w, "luebeck-bauhof", "water_temperature", "2026-08-31T23:00:00Z", 12);
    publishing_put(&w, "wismar-baumhaus", "water_level", "2026-11-20T00:00:00Z", 6);
    publishing_put(&w, "demo-wismar", "water_level", "2026-12-24T00:00:00Z", 6);
    *state = &w;
    return 0;
}

int publishing_teardown(void **state)
{
    struct publishing_test *w = *state;
    publisher_close(w->p);
    synthetic_fini(&w->rows);
    fixture_remove(w->folder);
    return 0;
}

static void take_fault(void *arg, const struct dataset *dataset, const char *sentence)
{
    struct publishing_test *w = arg;
    snprintf(w->fault, sizeof w->fault, "%s: %s", dataset->dataset, sentence);
}

static void take_file(void *arg, const struct dataset *dataset, const char *path,
                      const struct exported *e)
{
    struct publishing_test *w = arg;
    (void)dataset, (void)path, (void)e;
    if (w->stop_after_files > 0 && --w->stop_after_files == 0) {
        atomic_store(&w->stop, true);
    }
}

enum err publishing_try_round(struct publishing_test *w)
{
    w->report = (struct publish_report){.arg = w, .file = take_file, .fault = take_fault};
    return publisher_round(w->p, &w->work, &w->report);
}

void publishing_run_round(struct publishing_test *w)
{
    assert_int_equal(publishing_try_round(w), ERR_OK);
}

void publishing_assert_files(const struct publishing_test *w, int changed, int same,
                             int removed)
{
    if (w->report.files_changed != changed || w->report.files_same != same ||
        w->report.files_removed != removed) {
        fail_msg("%d changed, %d same, %d removed; not %d, %d, %d",
                 w->report.files_changed, w->report.files_same, w->report.files_removed,
                 changed, same, removed);
    }
}

bool publishing_has_file(const struct publishing_test *w, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/export/%s", w->folder, name);
    return file_exists(path);
}

struct outbox_push publishing_push_of(const struct publishing_test *w,
                                      const char *dataset)
{
    struct outbox *o = NULL;
    struct diag d = {.text = ""};
    struct outbox_push p;
    assert_int_equal(outbox_open(w->folder, true, &o, &d), ERR_OK);
    assert_int_equal(outbox_get_push(o, dataset, "portal", &p), ERR_OK);
    outbox_close(o);
    return p;
}
