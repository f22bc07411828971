/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/qc_file.h"

#include "base/clock.h"
#include "base/lines.h"
#include "base/number.h"
#include "base/text.h"
#include "decode/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Of fewer rows than INTERVAL_ROWS no flag hangs on the interval. */
enum { FIRST_SIZE = 4096, SHOWN = 48, INTERVAL_ROWS = 3 };

/* 1678 and 2262, the whole years that 64 bits of nanoseconds hold. */
#define FAR_FROM_US (INT64_C(-9214560000) * CLOCK_US_PER_S)
#define FAR_TO_US (INT64_C(9214646400) * CLOCK_US_PER_S)

const char *const qc_column_names[QC_COLUMNS] = {"time", "value", "z", "lat", "lon"};

struct qc_reading {
    struct qc_file *file;
    struct rows *rows;
    const char *path;
    size_t places[QC_COLUMNS]; /* of the columns in a row; SIZE_MAX: none */
    bool mapped;
    size_t bad_count;
    void (*bad)(void *, const struct diag *);
    void *arg;
    struct diag *diag;
};

static void say(struct diag *d, const char *path, int line, const char *field)
{
    *d = (struct diag){.line = line};
    text_copy(d->source, sizeof d->source, path);
    diag_set_field(d, field);
}

static void note(struct qc_file *f, enum qc_oddity which, int line, const char *name)
{
    struct qc_oddities *o = &f->oddities[which];
    if (o->count++ == 0) {
        o->line = line;
        o->name = name;
    }
}

/* --- the header --- */

static enum err refuse_header(struct qc_reading *r, const char *const *names,
                              size_t count)
{
    char shown[SHOWN];
    const char *near = text_nearest(qc_column_names[QC_TIME], names, count);
    say(r->diag, r->path, 1, NULL);
    diag_set(r->diag, "no column is named time%s%s%s", near != NULL ? "; is it \"" : "",
             near != NULL ? text_escape(shown, sizeof shown, near, strlen(near)) : "",
             near != NULL ? "\"?" : "");
    return ERR_SYNTAX;
}

static enum err map_columns(struct qc_reading *r)
{
    size_t count = 0;
    const char *const *names = rows_columns(r->rows, &count);
    r->mapped = true;
    for (size_t k = 0; k < QC_COLUMNS; k++) {
        r->places[k] = SIZE_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < QC_COLUMNS && strcmp(names[i], qc_column_names[k]) != 0) {
            k++;
        }
        if (k < QC_COLUMNS) {
            r->places[k] = i;
            continue;
        }
        if (r->file->oddities[QC_NO_COLUMN].count == 0) {
            text_escape(r->file->unknown, sizeof r->file->unknown, names[i],
                        strlen(names[i]));
        }
        note(r->file, QC_NO_COLUMN, 1, NULL);
    }
    return r->places[QC_TIME] != SIZE_MAX ? ERR_OK : refuse_header(r, names, count);
}

/* --- cells --- */

static bool is_word(const char *text, const char *word)
{
    return strcasecmp(text + (*text == '+' || *text == '-'), word) == 0;
}

static bool read_number(const char *text, double *value)
{
    if (*text == '\0' || is_word(text, "nan")) {
        *value = (double)NAN;
        return true;
    }
    if (is_word(text, "inf") || is_word(text, "infinity")) {
        *value = *text == '-' ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    return number_parse(text, value);
}

static bool read_time(const char *text, int64_t *time_us)
{
    double seconds;
    return number_parse(text, &seconds) ? clock_of_seconds(seconds, time_us)
                                        : clock_parse_rfc3339(text, time_us) == ERR_OK;
}

static void note_value(struct qc_file *f, int line, size_t column, const char *text,
                       double value)
{
    const char *name = qc_column_names[column];
    if (isnan(value) && *text != '\0') {
        note(f, QC_NAN, line, name);
    } else if (isinf(value)) {
        note(f, QC_INFINITE, line, name);
    } else if (fpclassify(value) == FP_SUBNORMAL) {
        note(f, QC_DENORMAL, line, name);
    }
}

static void note_time(struct qc_file *f, int line, int64_t time_us)
{
    const char *name = qc_column_names[QC_TIME];
    if (f->count > 0 && time_us < f->time_us[f->count - 1]) {
        note(f, QC_BACK, line, name);
    }
    if (f->count > 0 && time_us == f->time_us[f->count - 1]) {
        note(f, QC_TWICE, line, name);
    }
    if (time_us < FAR_FROM_US || time_us >= FAR_TO_US) {
        note(f, QC_FAR, line, name);
    }
}

/* --- rows --- */

static void *grow(void *old, size_t size, enum err *e)
{
    void *more = realloc(old, size * sizeof(double));
    if (more == NULL) {
        *e = ERR_MEMORY;
        return old;
    }
    return more;
}

static enum err make_room(struct qc_reading *r, int line)
{
    struct qc_file *f = r->file;
    enum err e = ERR_OK;
    if (f->count < f->size) {
        return ERR_OK;
    }
    if (f->count >= QC_ROWS) {
        say(r->diag, r->path, line, NULL);
        diag_set(r->diag, "more than %d rows: cut the file, or take fewer years of it",
                 QC_ROWS);
        return ERR_FULL;
    }
    size_t size = f->size == 0 ? FIRST_SIZE : f->size * 2;
    size = size > QC_ROWS ? QC_ROWS : size;
    f->time_us = grow(f->time_us, size, &e);
    for (size_t k = QC_VALUE; k < QC_COLUMNS; k++) {
        if (r->places[k] != SIZE_MAX) {
            f->columns[k] = grow(f->columns[k], size, &e);
        }
    }
    f->size = e == ERR_OK ? size : f->size;
    return e;
}

static void refuse_row(struct qc_reading *r, int line, size_t column, const char *text)
{
    struct diag d;
    char shown[SHOWN];
    text_escape(shown, sizeof shown, text, strlen(text));
    say(&d, r->path, line, qc_column_names[column]);
    diag_set(&d, "\"%s\", expected %s", shown,
             column == QC_TIME ? "an RFC 3339 time with offset, or epoch seconds, of the "
                                 "years 1 to 9999"
                               : "a number, or nothing where it is missing");
    r->bad_count++;
    r->bad(r->arg, &d);
}

/* The first cell of the row that can't be read; QC_COLUMNS: all can. */
static size_t read_cells(const char *const texts[QC_COLUMNS], int64_t *time_us,
                         double values[QC_COLUMNS])
{
    if (!read_time(texts[QC_TIME], time_us)) {
        return QC_TIME;
    }
    for (size_t k = QC_VALUE; k < QC_COLUMNS; k++) {
        if (texts[k] != NULL && !read_number(texts[k], &values[k])) {
            return k;
        }
    }
    return QC_COLUMNS;
}

static void find_texts(const struct qc_reading *r, const char *cells,
                       const char *texts[QC_COLUMNS])
{
    size_t count = 0;
    (void)rows_columns(r->rows, &count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < QC_COLUMNS; k++) {
            texts[k] = r->places[k] == i ? cells : texts[k];
        }
        cells += strlen(cells) + 1;
    }
}

static enum err take_row(void *arg, int line, const char *cells)
{
    struct qc_reading *r = arg;
    struct qc_file *f = r->file;
    const char *texts[QC_COLUMNS] = {""}; /* of the time, which is always there */
    double values[QC_COLUMNS];
    int64_t time_us = 0;
    enum err e = r->mapped ? ERR_OK : map_columns(r);
    e = e != ERR_OK ? e : make_room(r, line);
    if (e != ERR_OK) {
        return e;
    }
    find_texts(r, cells, texts);
    size_t wrong = read_cells(texts, &time_us, values);
    if (wrong < QC_COLUMNS) {
        refuse_row(r, line, wrong, texts[wrong]);
        return ERR_OK;
    }
    note_time(f, line, time_us);
    for (size_t k = QC_VALUE; k < QC_COLUMNS; k++) {
        if (texts[k] != NULL) {
            note_value(f, line, k, texts[k], values[k]);
            f->columns[k][f->count] = values[k];
        }
    }
    f->time_us[f->count++] = time_us;
    return ERR_OK;
}

static void take_bad(void *arg, const struct diag *d)
{
    struct qc_reading *r = arg;
    r->bad_count++;
    r->bad(r->arg, d);
}

static enum err read_lines(struct qc_reading *r, struct lines *l)
{
    const char *line = NULL;
    size_t length = 1;
    enum err e = ERR_OK;
    while (e == ERR_OK && length > 0) {
        e = lines_next(l, &line, &length);
        if (e == ERR_IO) {
            diag_set(r->diag, "%s can't be read: %s", r->path, strerror(errno));
        } else if (length > 0) {
            size_t end = length - (line[length - 1] == '\n');
            e = rows_take_line(r->rows, line, end, l->number, r->diag);
        }
    }
    e = e != ERR_OK ? e : rows_end(r->rows, r->diag);
    e = e != ERR_OK || r->mapped ? e : map_columns(r);
    return e == ERR_OK ? make_room(r, 1) : e; /* so that a series of none has columns */
}

/* --- the whole --- */

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static enum err look_over(struct qc_file *f)
{
    int64_t *room = malloc((f->count + 1) * sizeof *room);
    if (room == NULL) {
        return ERR_MEMORY;
    }
    f->interval_s = stretch_interval_s(f->time_us, f->count, room);
    if (f->oddities[QC_BACK].count == 0) {
        free(room);
        return ERR_OK;
    }
    memcpy(room, f->time_us, f->count * sizeof *room);
    qsort(room, f->count, sizeof *room, compare);
    f->rising_us = room;
    return ERR_OK;
}

static enum err read_file(struct qc_reading *r, int fd)
{
    const struct rows_settings settings = {
        .file = r->path, .arg = r, .bad = take_bad, .take = take_row};
    struct lines lines = {.fd = -1};
    enum err e = lines_open(&lines, fd);
    e = e != ERR_OK ? e : rows_open(&settings, &r->rows);
    e = e != ERR_OK ? e : read_lines(r, &lines);
    rows_close(r->rows);
    lines_close(&lines);
    if (e == ERR_OK && r->bad_count > 0) {
        say(r->diag, r->path, 0, NULL);
        diag_set(r->diag, "%zu row%s can't be read; nothing is judged", r->bad_count,
                 r->bad_count == 1 ? "" : "s");
        return ERR_SYNTAX;
    }
    return e != ERR_OK ? e : look_over(r->file);
}

enum err qc_file_read(const char *path, void (*bad)(void *, const struct diag *),
                      void *arg, struct qc_file *out, struct diag *d)
{
    struct qc_file made = {0};
    struct qc_reading r = {
        .file = &made, .path = path, .bad = bad, .arg = arg, .diag = d};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        diag_set(d, "%s can't be read: %s", path, strerror(errno));
        return ERR_ABSENT;
    }
    enum err e = read_file(&r, fd);
    close(fd);
    if (e != ERR_OK) {
        qc_file_fini(&made);
        return e;
    }
    *out = made;
    return ERR_OK;
}

void qc_file_fini(struct qc_file *f)
{
    free(f->time_us);
    free(f->rising_us);
    for (size_t k = 0; k < QC_COLUMNS; k++) {
        free(f->columns[k]);
    }
    *f = (struct qc_file){0};
}

struct stretch qc_file_stretch(const struct qc_file *f)
{
    return (struct stretch){.time_us = f->time_us,
                            .value = f->columns[QC_VALUE],
                            .z_m = f->columns[QC_Z],
                            .lat = f->columns[QC_LAT],
                            .lon = f->columns[QC_LON],
                            .rising_us = f->rising_us,
                            .count = f->count,
                            .interval_s = f->interval_s};
}

const char *qc_file_lack(const struct stretch *s, unsigned needs)
{
    bool known = s->interval_s > 0 || s->count < INTERVAL_ROWS;
    if ((needs & CHECK_VALUES) && s->value == NULL) {
        return "a column \"value\"";
    }
    if ((needs & CHECK_DEPTHS) && s->z_m == NULL) {
        return "a column \"z\"";
    }
    if ((needs & CHECK_POSITIONS) && (s->lat == NULL || s->lon == NULL)) {
        return "the columns \"lat\" and \"lon\"";
    }
    if ((needs & CHECK_ORDER) && s->rising_us != NULL) {
        return "times that never go back";
    }
    return (needs & CHECK_INTERVAL) && !known
               ? "derived.median_interval_s: the median of the steps in time is less "
                 "than a second"
               : NULL;
}

bool qc_file_oddity(const struct qc_file *f, const char *path, enum qc_oddity which,
                    struct diag *d)
{
    static const char *const sentences[QC_ODDITIES] = {
        [QC_BACK] = "goes back; rows are judged in their order",
        [QC_TWICE] = "is that of the row above",
        [QC_FAR] = "lies outside of 1678 to 2262, all that ioos_qc knows",
        [QC_NAN] = "is nan, taken for missing",
        [QC_INFINITE] = "is infinite: missing, but 4 to a range of the reference",
        [QC_DENORMAL] = "is denormal, judged as it stands",
    };
    const struct qc_oddities *o = &f->oddities[which];
    if (o->count == 0) {
        return false;
    }
    say(d, path, o->line, o->name);
    if (which == QC_NO_COLUMN) {
        diag_set(d, "column \"%s\" is not looked at%s", f->unknown,
                 o->count > 1 ? ", nor are others" : "");
    } else {
        diag_set(d, "%s (%zu in all)", sentences[which], o->count);
    }
    return true;
}
