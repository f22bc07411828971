/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/command.h"
#include "app/context.h"
#include "app/import_columns.h"
#include "app/import_file.h"
#include "app/import_judge.h"
#include "app/import_sink.h"
#include "app/progress.h"
#include "app/report.h"
#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { BAD_SHOWN = 10, SETTINGS = 256 };

/* The verb at work; counts are of the file under work. */
struct importing {
    const struct invocation *invocation;
    const struct configuration *configuration;
    const struct source *source;
    const struct device *device; /* NULL: a column */
    struct rows_settings rows;
    struct progress progress;
    struct import_judge judge;
    struct import_file *file;
    const char *path;
    char topic[SETTINGS], what[SETTINGS];
    struct import_sink *sink; /* NULL: a dry run */
    int64_t row_count, messages, bytes, bad;
    bool said; /* why it ends */
};

static void take_bad(void *arg, const struct diag *d)
{
    struct importing *im = arg;
    char text[640];
    if (++im->bad <= BAD_SHOWN) {
        progress_wipe(&im->progress);
        fprintf(stderr, "%s\n", diag_format(d, text, sizeof text));
    }
}

static enum err take_header(void *arg, const char *const *columns, size_t count,
                            struct diag *d)
{
    struct importing *im = arg;
    struct import_columns c = {.file = im->path,
                               .columns = columns,
                               .count = count,
                               .device_field = im->rows.device_field,
                               .model = im->device != NULL ? im->device->model : NULL};
    if (!im->invocation->quiet) {
        import_columns_print_unnamed(&c, stderr);
    }
    return count == 0 ? ERR_OK : import_columns_check(&c, d);
}

static enum err open_judge(struct importing *im, struct diag *d)
{
    import_judge_fini(&im->judge);
    return import_judge_init(&im->judge, im->configuration, im->source, d);
}

/* A file whose first rows are of no use is not queued: something was said wrong. Missing
 * values alone do not speak for it where all others are rejected. */
static enum err check_first(struct importing *im, const struct message *m, struct diag *d)
{
    const struct import_judge *j = &im->judge;
    const int64_t *outcomes = j->outcomes;
    enum err e = open_judge(im, d);
    e = e != ERR_OK ? e : import_judge_take(&im->judge, m);
    bool gaps = outcomes[OUTCOME_STORED] > 0 && outcomes[OUTCOME_REJECTED] == 0;
    bool useful = j->numbers + outcomes[OUTCOME_PENDING] > 0 || gaps;
    if (e != ERR_OK || (useful && outcomes[OUTCOME_REJECTED] == 0)) {
        return e;
    }
    const char *why = j->reason_count > 0 ? j->reasons[0].text
                                          : "the sensor model names none of the values";
    const char *see = strstr(why, "decimal comma") != NULL ? " (see --decimal)" : "";
    progress_wipe(&im->progress);
    if (useful) {
        command_say(im->invocation, "%s: of its first rows %lld %s: %s%s", im->path,
                    (long long)outcomes[OUTCOME_REJECTED],
                    outcomes[OUTCOME_REJECTED] == 1 ? "reading is rejected"
                                                    : "readings are rejected",
                    why, see);
        return ERR_OK;
    }
    command_fail(im->invocation, EXIT_FAILED,
                 "%s: nothing is queued, since none of the first rows gives a usable "
                 "reading: %s%s",
                 im->path, why, see);
    im->said = true;
    return ERR_REFUSED;
}

static enum err take_part(void *arg, const struct import_part *part, struct diag *d)
{
    struct importing *im = arg;
    const struct message m = {.id = 1,
                              .source = im->source->source,
                              .topic = im->topic,
                              .payload = part->payload,
                              .size = part->size,
                              .full_size = part->size,
                              .arrival_us = clock_now_us(),
                              .imported = true};
    enum err e = ERR_OK;
    if (im->sink == NULL) {
        e = import_judge_take(&im->judge, &m);
    } else {
        e = part->from[0] == '\0' ? check_first(im, &m, d) : ERR_OK;
        e = e != ERR_OK ? e : import_sink_put(im->sink, &m, part->from, &part->to, d);
    }
    im->row_count += part->rows;
    im->messages++;
    im->bytes += (int64_t)part->size;
    int64_t all = import_file_bytes(im->file);
    progress_show(&im->progress, im->what, 100 * part->to.bytes / (all > 0 ? all : 1),
                  100, " %");
    return e;
}

/* How the file is read: a file that is read otherwise is another one. */
static void format_settings(const struct importing *im, char to[SETTINGS])
{
    bool json = import_file_is_json(im->file);
    char separator[2] = {im->rows.separator, '\0'};
    snprintf(to, SETTINGS, "%s separator=%s decimal=%s %s=%s", json ? "json" : "csv",
             separator, im->rows.decimal_comma ? "," : ".",
             im->device != NULL ? "device" : "device_field",
             im->device != NULL ? im->rows.device : im->rows.device_field);
}

static void print_queued(const struct importing *im, const struct import_mark *start)
{
    if (im->row_count == 0) {
        printf("%s: all %lld rows were queued before\n", im->path,
               (long long)start->rows);
        return;
    }
    char rows[REPORT_COUNT], messages[REPORT_COUNT];
    printf("%s: %s queued, %s, %lld bytes", im->path,
           report_count(im->row_count, "row", rows),
           report_count(im->messages, "message", messages), (long long)im->bytes);
    if (start->rows > 0) {
        printf("; queued before: %s", report_count(start->rows, "row", rows));
    }
    putchar('\n');
}

static enum err queue_file(struct importing *im, const char *data, struct diag *d)
{
    const struct import_reader reader = {im->rows, im, take_header, take_part};
    struct import_mark start = {.bytes = 0};
    char settings[SETTINGS];
    size_t count = 0;
    format_settings(im, settings);
    enum err e = import_sink_open(data, im->source->source, settings, &im->sink, d);
    if (e == ERR_OK) {
        const struct import_mark *marks = import_sink_marks(im->sink, &count);
        e = import_file_find(im->file, marks, count, &start);
    }
    e = e != ERR_OK ? e : import_file_read(im->file, &reader, &start, d);
    bool sound = im->sink != NULL && err_class(e) != ERR_CLASS_RETRY && e != ERR_REFUSED;
    /* what stands before a fault of the file stays queued */
    struct diag unfinished = {0};
    enum err last = sound ? import_sink_finish(im->sink, &unfinished) : ERR_OK;
    if (e == ERR_OK && last != ERR_OK) {
        *d = unfinished;
    }
    progress_wipe(&im->progress);
    if (sound && last == ERR_OK && (e == ERR_OK || im->row_count > 0)) {
        print_queued(im, &start);
    }
    import_sink_close(im->sink);
    im->sink = NULL;
    return e != ERR_OK ? e : last;
}

static enum err judge_file(struct importing *im, struct diag *d)
{
    const struct import_reader reader = {im->rows, im, take_header, take_part};
    const struct import_mark start = {.bytes = 0};
    enum err e = open_judge(im, d);
    e = e != ERR_OK ? e : import_file_read(im->file, &reader, &start, d);
    progress_wipe(&im->progress);
    if (e == ERR_OK) {
        char rows[REPORT_COUNT], messages[REPORT_COUNT];
        printf("%s: %s in %s, %lld bytes; nothing is written\n", im->path,
               report_count(im->row_count, "row", rows),
               report_count(im->messages, "message", messages), (long long)im->bytes);
        import_judge_print(&im->judge, stdout);
    }
    return e;
}

static void name_file(struct importing *im, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    char shown[SETTINGS - 16];
    text_escape(shown, sizeof shown, name, strlen(name));
    snprintf(im->topic, sizeof im->topic, "import/%s", shown);
    snprintf(im->what, sizeof im->what, "%s", shown);
    im->path = path;
    im->row_count = im->messages = im->bytes = im->bad = 0;
    im->said = false;
}

static int import_one(struct importing *im, const char *data, const char *path)
{
    struct diag d = {0};
    bool dry = invocation_value(im->invocation, "--dry-run") != NULL;
    name_file(im, path);
    progress_init(&im->progress, im->invocation);
    enum err e = import_file_open(path, &im->file, &d);
    if (e == ERR_OK) {
        e = dry ? judge_file(im, &d) : queue_file(im, data, &d);
    }
    import_file_close(im->file);
    im->file = NULL;
    if (im->bad > BAD_SHOWN) {
        fprintf(stderr, "%s: and %lld more rows that can't be read\n", path,
                (long long)(im->bad - BAD_SHOWN));
    }
    if (e != ERR_OK && !im->said) {
        if (d.text[0] == '\0') {
            diag_set(&d, "%s", err_text(e));
        }
        command_fail_diag(im->invocation, EXIT_FAILED, &d);
    }
    if (e != ERR_OK) {
        return e == ERR_LOCKED ? EXIT_LOCKED : EXIT_FAILED;
    }
    bool rejects = dry && im->judge.outcomes[OUTCOME_REJECTED] > 0;
    return im->bad > 0 || rejects ? EXIT_FINDINGS : EXIT_DONE;
}

/* --- what was typed --- */

static int fail_source(const struct invocation *i, const struct configuration *c,
                       const char *given)
{
    const char **names = calloc(c->source_count + 1, sizeof *names);
    for (size_t k = 0; names != NULL && k < c->source_count; k++) {
        names[k] = c->sources[k].source;
    }
    int code =
        command_fail_name(i, "source", given, names, names != NULL ? c->source_count : 0);
    free(names);
    return code;
}

static int find_device(struct importing *im, const char *given)
{
    const struct configuration *c = im->configuration;
    const char *city = im->source->city;
    im->device = configuration_device(c, city, given, NULL);
    if (im->device == NULL) {
        const char **names = calloc(c->device_count + 1, sizeof *names);
        size_t count = 0;
        for (size_t k = 0; names != NULL && k < c->device_count; k++) {
            if (city == NULL || strcmp(c->devices[k].city->city, city) == 0) {
                names[count++] = c->devices[k].device;
            }
        }
        char what[SETTINGS];
        snprintf(what, sizeof what, "device of %s", city != NULL ? city : "any city");
        int code = command_fail_name(im->invocation, what, given, names, count);
        free(names);
        return code;
    }
    im->rows.device = im->device->device;
    if (im->device->model->time.field == NULL) {
        return command_fail(im->invocation, EXIT_CONFIG,
                            "the sensor model %s of %s names no \"time\": rows of "
                            "history can't do without",
                            im->device->model->model, given);
    }
    return EXIT_DONE;
}

static int read_options(struct importing *im)
{
    const struct invocation *i = im->invocation;
    const char *source = invocation_value(i, "--source");
    const char *device = invocation_value(i, "--device");
    const char *separator = invocation_value(i, "--separator");
    const char *decimal = invocation_value(i, "--decimal");
    if (source == NULL) {
        return command_fail(i, EXIT_USAGE, "--source SOURCE is needed; see --help");
    }
    im->source = configuration_source(im->configuration, source);
    if (im->source == NULL) {
        return fail_source(i, im->configuration, source);
    }
    if (separator != NULL && strcmp(separator, "tab") != 0 &&
        (strlen(separator) != 1 || strchr("\"\r\n .", *separator) != NULL)) {
        return command_fail(i, EXIT_USAGE,
                            "--separator %s is neither one character nor the word tab",
                            separator);
    }
    if (decimal != NULL && strcmp(decimal, ",") != 0 && strcmp(decimal, ".") != 0) {
        return command_fail(i, EXIT_USAGE, "--decimal %s is neither a point nor a comma",
                            decimal);
    }
    bool tab = separator != NULL && strcmp(separator, "tab") == 0;
    im->rows.separator = (char)(tab ? '\t' : separator != NULL ? *separator : '\0');
    im->rows.decimal_comma = decimal != NULL && *decimal == ',';
    im->rows.device_field = im->source->device != NULL ? im->source->device : "/device";
    im->rows.arg = im;
    im->rows.bad = take_bad;
    return device != NULL ? find_device(im, device) : EXIT_DONE;
}

/* The gravest of what came of the files. */
static int worse(int a, int b)
{
    bool graver = b != EXIT_DONE && (a == EXIT_DONE || a == EXIT_FINDINGS);
    return graver ? b : a;
}

static int import_files(struct invocation *i)
{
    struct importing im = {.invocation = i};
    struct configuration *c = NULL;
    char data[PATH_LENGTH];
    struct diag d = {0};
    enum err e = context_data_folder(i, data, &d);
    e = e != ERR_OK ? e : context_accepted(data, &c, &d);
    if (e != ERR_OK) {
        return command_fail_diag(i, context_exit_code(e), &d);
    }
    im.configuration = c;
    int code = read_options(&im);
    bool read = code == EXIT_DONE;
    for (int k = 0; read && k < i->argument_count; k++) {
        code = worse(code, import_one(&im, data, i->arguments[k]));
    }
    if (read && invocation_value(i, "--dry-run") == NULL && code != EXIT_FAILED) {
        command_say(i, "kogge status shows how far the hub has worked them off");
    }
    import_judge_fini(&im.judge);
    configuration_free(c);
    return code;
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "FILE...",
    .summary = "Queue history from files: CSV with a header, or one JSON object a line",
    .examples =
        {"kogge import --source kiel-history --device kai-logger 2019.csv 2020.csv",
         "kogge import --source kiel-history --device kai-logger --decimal , --dry-run "
         "2019.csv"},
    .options = {{"--source", "SOURCE", "source that the rows count for; needed"},
                {"--device", "DEVICE",
                 "device of all rows (default: each row names its own)"},
                {"--separator", "CHARACTER",
                 "between columns: , ; or the word tab (default: as the header shows)"},
                {"--decimal", "MARK", "decimal mark of numbers: . (default) or ,"},
                {"--dry-run", NULL, "show what would come out; nothing is written"}},
    .least = 1,
    .most = ARGUMENTS_MOST,
    .run = import_files,
}};

const struct command command_import = {"import", verbs, 1};
