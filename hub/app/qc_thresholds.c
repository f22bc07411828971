/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/qc_thresholds.h"

#include "app/qc_load.h"
#include "base/number.h"
#include "quality/thresholds.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_OBS_LEAST = 3 };

/* What the files gave so far. */
struct gathering {
    const struct invocation *invocation;
    double *values, *distances; /* of size each */
    size_t value_count, distance_count, size;
    double min_obs; /* the least of the files */
};

static enum err make_room(struct gathering *g, size_t rows)
{
    size_t size = g->size + rows;
    if (size > QC_ROWS) {
        return ERR_FULL;
    }
    double *values = realloc(g->values, size * sizeof *values);
    if (values == NULL) {
        return ERR_MEMORY;
    }
    g->values = values;
    double *distances = realloc(g->distances, size * sizeof *distances);
    if (distances == NULL) {
        return ERR_MEMORY;
    }
    g->distances = distances;
    g->size = size;
    return ERR_OK;
}

static void gather(struct gathering *g, const struct stretch *s, double min_obs)
{
    const struct running_median_settings day = {.test_period = THRESHOLDS_PERIOD_S,
                                                .min_obs = min_obs};
    for (size_t i = 0; i < s->count; i++) {
        if (stretch_is_missing(s, i)) {
            continue;
        }
        double distance = fabs(s->value[i] - running_median(&day, s, i));
        g->values[g->value_count++] = s->value[i];
        if (isfinite(distance)) {
            g->distances[g->distance_count++] = distance;
        }
    }
}

static int gather_series(struct gathering *g, const char *path, const struct stretch *s)
{
    const char *lack = qc_file_lack(s, CHECK_VALUES | CHECK_ORDER);
    if (lack != NULL) {
        return command_fail(g->invocation, EXIT_FAILED, "%s: thresholds need %s", path,
                            lack);
    }
    if (s->count < 2) {
        return EXIT_DONE;
    }
    double half =
        s->interval_s > 0 ? floor(THRESHOLDS_PERIOD_S / 2.0 / (double)s->interval_s) : 0;
    if (half < MIN_OBS_LEAST) {
        return command_fail(
            g->invocation, EXIT_FAILED, "%s: the median step is %lld s, expected 1 to %d",
            path, (long long)s->interval_s, THRESHOLDS_PERIOD_S / 2 / MIN_OBS_LEAST);
    }
    enum err e = make_room(g, s->count);
    if (e == ERR_FULL) {
        return command_fail(g->invocation, EXIT_FAILED, "%s: more than %d rows in all",
                            path, QC_ROWS);
    }
    if (e != ERR_OK) {
        return command_fail(g->invocation, EXIT_FAILED, "%s", err_text(e));
    }
    g->min_obs = g->min_obs > 0 ? fmin(g->min_obs, half) : half;
    gather(g, s, half);
    return EXIT_DONE;
}

static int gather_file(struct gathering *g, const char *path)
{
    struct qc_file file;
    int code = qc_load(g->invocation, path, &file);
    if (code != EXIT_DONE) {
        return code;
    }
    struct stretch s = qc_file_stretch(&file);
    code = gather_series(g, path, &s);
    qc_file_fini(&file);
    return code;
}

/* --- the tests file --- */

static void write_number(const char *before, double value)
{
    char text[NUMBER_TEXT];
    number_format(value, text);
    printf("%s%s", before, text);
}

static int write_tests(const struct gathering *g, const struct running_median_settings *r)
{
    write_number("{\"running_median_test\": {\"test_period\": ", r->test_period);
    write_number(", \"min_obs\": ", r->min_obs);
    if (span_is_set(&r->suspect_span)) {
        write_number(",\n  \"suspect_span\": [", r->suspect_span.low);
        write_number(", ", r->suspect_span.high);
        fputs("]", stdout);
    }
    if (!isnan(r->suspect_threshold)) {
        write_number(",\n  \"suspect_threshold\": ", r->suspect_threshold);
    }
    if (!isnan(r->fail_threshold)) {
        write_number(",\n  \"fail_threshold\": ", r->fail_threshold);
    }
    puts("}}");
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return command_fail(g->invocation, EXIT_FAILED,
                            "the tests file can't be written: %s", strerror(errno));
    }
    command_say(g->invocation, "from %zu values, %zu of them with half a day before them",
                g->value_count, g->distance_count);
    return EXIT_DONE;
}

static int find_and_write(struct gathering *g)
{
    struct running_median_settings found = {.min_obs = g->min_obs};
    if (g->distance_count < THRESHOLDS_LEAST) {
        return command_fail(g->invocation, EXIT_FAILED,
                            "%d values with half a day before them are needed, here "
                            "are %zu",
                            THRESHOLDS_LEAST, g->distance_count);
    }
    if (thresholds_find(g->values, g->value_count, g->distances, g->distance_count,
                        &found) != ERR_OK) {
        return command_fail(g->invocation, EXIT_FAILED,
                            "the values hardly move: nothing tells a good one from "
                            "another");
    }
    return write_tests(g, &found);
}

int qc_thresholds_run(struct invocation *i)
{
    struct gathering g = {.invocation = i};
    int code = EXIT_DONE;
    for (int k = 0; k < i->argument_count && code == EXIT_DONE; k++) {
        code = gather_file(&g, i->arguments[k]);
    }
    code = code == EXIT_DONE ? find_and_write(&g) : code;
    free(g.values);
    free(g.distances);
    return code;
}
