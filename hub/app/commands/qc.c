/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/context.h"
#include "app/qc_load.h"
#include "app/qc_thresholds.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "config/tests_file.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const char *const mode_names[] = {"reference", "hub"};

/* The verb at work. */
struct judging {
    const struct invocation *invocation;
    const char *path;
    enum quality_mode mode;
    struct tests_file tests;
    struct qc_file file;
    struct stretch stretch;
};

/* --- the tests file --- */

static int parse_tests(struct judging *j, const struct config_file *file)
{
    struct config_faults faults = {0};
    enum err e = tests_file_parse(file, j->mode, &j->tests, &faults);
    if (e != ERR_OK || !j->invocation->quiet) {
        context_print_faults(stderr, &faults);
    }
    config_faults_fini(&faults);
    if (e == ERR_CONFIG) {
        return command_fail(j->invocation, EXIT_CONFIG, "%s is at fault", file->name);
    }
    return e == ERR_OK ? EXIT_DONE
                       : command_fail(j->invocation, EXIT_FAILED, "%s", err_text(e));
}

static int read_tests(struct judging *j)
{
    const char *path = invocation_value(j->invocation, "--tests");
    struct buf text;
    if (path == NULL) {
        return command_fail(j->invocation, EXIT_USAGE,
                            "--tests FILE is needed; see --help");
    }
    buf_init(&text, TESTS_FILE_BYTES);
    enum err e = file_read(path, &text);
    int code;
    if (e != ERR_OK) {
        code = command_fail(j->invocation, EXIT_FAILED, "%s can't be read: %s", path,
                            err_text(e));
    } else {
        const struct config_file file = {
            .name = path, .text = buf_text(&text), .size = text.length};
        code = parse_tests(j, &file);
    }
    buf_fini(&text);
    return code;
}

/* --- the series --- */

static int read_series(struct judging *j)
{
    int code = qc_load(j->invocation, j->path, &j->file);
    if (code != EXIT_DONE) {
        return code;
    }
    j->stretch = qc_file_stretch(&j->file);
    j->stretch.interval_s =
        j->tests.interval_s > 0 ? j->tests.interval_s : j->stretch.interval_s;
    if (j->file.count < 2) {
        command_say(j->invocation, "%s: %s", j->path,
                    j->file.count == 0 ? "there are no rows, so no flags"
                                       : "one row: what compares neighbours gives 2");
    }
    return EXIT_DONE;
}

static int prepare(struct judging *j)
{
    for (size_t k = 0; k < j->tests.count; k++) {
        const struct tests_file_row *row = &j->tests.rows[k];
        const char *lack =
            qc_file_lack(&j->stretch, row->check->needs(row->settings, j->mode));
        if (lack != NULL) {
            return command_fail(j->invocation, EXIT_FAILED, "%s: %s needs %s", j->path,
                                row->check->name, lack);
        }
        if (row->check->derive != NULL) {
            row->check->derive(row->settings, &j->stretch);
        }
    }
    return EXIT_DONE;
}

/* --- flags --- */

static void write_header(const struct judging *j)
{
    printf("time,value");
    for (size_t k = 0; k < j->tests.count; k++) {
        printf(",%s", j->tests.rows[k].check->name);
    }
    puts(",aggregate");
}

static void write_row(const struct judging *j, size_t i)
{
    const struct stretch *s = &j->stretch;
    char text[CLOCK_TEXT + NUMBER_TEXT];
    quality_tests all = quality_tests_new(TIME_SOURCE_READING);
    clock_format(s->time_us[i], text);
    fputs(text, stdout);
    putchar(',');
    if (s->value != NULL && !isnan(s->value[i])) {
        number_format(s->value[i], text);
        fputs(text, stdout);
    }
    for (size_t k = 0; k < j->tests.count; k++) {
        const struct tests_file_row *row = &j->tests.rows[k];
        enum quality flag = check_flag(row->check, row->settings, j->mode, s, i);
        all = quality_tests_set(all, (int)k, flag);
        printf(",%s", quality_text(flag));
    }
    printf(",%s\n", quality_text(quality_aggregate(all)));
}

static int write_flags(const struct judging *j)
{
    write_header(j);
    for (size_t i = 0; i < j->stretch.count && !ferror(stdout); i++) {
        write_row(j, i);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return command_fail(j->invocation, EXIT_FAILED, "the flags can't be written: %s",
                            strerror(errno));
    }
    return EXIT_DONE;
}

static int read_mode(struct judging *j)
{
    const char *given = invocation_value(j->invocation, "--mode");
    for (size_t k = 0; given != NULL && k < 2; k++) {
        if (strcmp(given, mode_names[k]) == 0) {
            j->mode = (enum quality_mode)k;
            return EXIT_DONE;
        }
    }
    return given == NULL ? EXIT_DONE
                         : command_fail_name(j->invocation, "mode", given, mode_names, 2);
}

static int run_qc(struct invocation *i)
{
    struct judging j = {
        .invocation = i, .path = i->arguments[0], .mode = QUALITY_REFERENCE};
    int code = read_mode(&j);
    code = code != EXIT_DONE ? code : read_tests(&j);
    code = code != EXIT_DONE ? code : read_series(&j);
    code = code != EXIT_DONE ? code : prepare(&j);
    code = code != EXIT_DONE ? code : write_flags(&j);
    qc_file_fini(&j.file);
    tests_file_fini(&j.tests);
    return code;
}

static const struct verb verbs[] = {
    {
        .name = "",
        .arguments = "FILE.csv",
        .summary = "Run quality tests on a series of your own, and print their flags",
        .examples = {"kogge qc --tests tests.json series.csv",
                     "kogge qc --tests tests.json --mode hub series.csv > flags.csv"},
        .options =
            {{"--tests", "FILE", "the tests and their arguments, as JSON; needed"},
             {"--mode", "MODE",
              "reference (default): flags of ioos_qc; hub: as this hub sets them"}},
        .least = 1,
        .most = 1,
        .run = run_qc,
    },
    {
        .name = "thresholds",
        .arguments = "FILE.csv...",
        .summary = "Write a tests file with thresholds from series of the same place",
        .examples = {"kogge qc thresholds 2024.csv 2025.csv > tests.json"},
        .least = 1,
        .most = ARGUMENTS_MOST,
        .run = qc_thresholds_run,
    },
};

const struct command command_qc = {"qc", verbs, sizeof verbs / sizeof verbs[0]};
