/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/entry.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_CEILING = 64 << 10, STANDARD_TEXT = 64 };

void entry_file_fini(struct entry_file *f)
{
    buf_fini(&f->text);
}

/* What is put, and the first thing that can't be. */
struct maker {
    struct buf b;
    struct diag *d;
    enum err err;
    const char *comma;
};

static void put_name(struct maker *m, const char *name)
{
    buf_put_format(&m->b, "%s\"%s\": ", m->comma, name);
    m->comma = ", ";
}

static void put_text(struct maker *m, const char *name, const char *text)
{
    if (text == NULL || m->err != ERR_OK) {
        return;
    }
    if (!text_is_utf8(text, strlen(text))) {
        diag_set(m->d, "%s is not valid UTF-8", name);
        m->err = ERR_SYNTAX;
        return;
    }
    put_name(m, name);
    buf_put_json_text(&m->b, text, strlen(text));
    m->comma = ",\n  ";
}

static void put_number(struct maker *m, const char *name, const char *text)
{
    char shortest[NUMBER_TEXT];
    double value;
    if (text == NULL || m->err != ERR_OK) {
        return;
    }
    if (!number_parse(text, &value)) {
        diag_set(m->d, "%s: \"%.60s\" is not a number (written with a point, no unit)",
                 name, text);
        m->err = ERR_SYNTAX;
        return;
    }
    number_format(value, shortest);
    put_name(m, name);
    buf_put_text(&m->b, shortest);
}

/* "10:9.8,20:19.7". */
static void put_standards(struct maker *m, const char *text)
{
    if (text == NULL) {
        return;
    }
    put_name(m, "standards");
    const char *before = "[{";
    for (const char *at = text; m->err == ERR_OK;) {
        char part[STANDARD_TEXT];
        size_t length = strcspn(at, ",");
        text_copy(part, length < sizeof part - 1 ? length + 1 : sizeof part, at);
        char *colon = strchr(part, ':');
        if (colon == NULL) {
            diag_set(m->d, "standards: \"%.40s\" is not STANDARD:READING, like 10:9.8",
                     part);
            m->err = ERR_SYNTAX;
            return;
        }
        *colon = '\0';
        buf_put_text(&m->b, before);
        m->comma = "";
        put_number(m, "standard", part);
        put_number(m, "reading", colon + 1);
        before = "}, {";
        if (at[length] == '\0') {
            break;
        }
        at += length + 1;
    }
    buf_put_text(&m->b, "}]");
    m->comma = ", ";
}

static void put_check(struct maker *m, const struct new_entry *n)
{
    if (n->site_before == NULL && n->site_after == NULL && n->meter_before == NULL &&
        n->meter_after == NULL && n->standards == NULL) {
        return;
    }
    put_name(m, "check");
    buf_put_text(&m->b, "{");
    m->comma = "";
    put_number(m, "site_before", n->site_before);
    put_number(m, "site_after", n->site_after);
    put_number(m, "meter_before", n->meter_before);
    put_number(m, "meter_after", n->meter_after);
    put_standards(m, n->standards);
    buf_put_text(&m->b, "}");
    m->comma = ",\n  ";
}

static void put_limits(struct maker *m, const struct new_entry *n)
{
    if (n->correct_above == NULL && n->publish_to == NULL) {
        return;
    }
    put_name(m, "limits");
    buf_put_text(&m->b, "{");
    m->comma = "";
    put_number(m, "correct_above", n->correct_above);
    put_number(m, "publish_to", n->publish_to);
    buf_put_text(&m->b, "}");
    m->comma = ",\n  ";
}

static void put_entry(struct maker *m, const struct new_entry *n)
{
    m->comma = "";
    buf_put_text(&m->b, "{ ");
    put_text(m, "station", n->station);
    put_text(m, "parameter", n->parameter);
    put_text(m, "position", n->position);
    put_text(m, "from", n->from);
    put_text(m, "to", n->to);
    m->comma = ",\n  ";
    put_number(m, "offset", n->offset);
    put_number(m, "slope", n->slope);
    m->comma = ",\n  ";
    put_check(m, n);
    put_limits(m, n);
    put_number(m, "flag", n->flag);
    m->comma = ",\n  ";
    put_text(m, "state", n->state);
    put_text(m, "reason", n->reason);
    put_text(m, "by", n->by);
    put_text(m, "standard", n->standard);
    buf_put_text(&m->b, " }\n");
}

/* "-20260502t060000z" */
static enum err time_part(const char *text, char to[32], struct diag *d)
{
    char shown[CLOCK_TEXT];
    int64_t time_us;
    if (clock_parse_rfc3339(text, &time_us) != ERR_OK) {
        diag_set(d, "from: \"%.60s\" is no time like 2026-11-22T12:00:00Z", text);
        return ERR_SYNTAX;
    }
    clock_format(time_us, shown);
    size_t length = 0;
    for (const char *p = shown; *p != '\0' && length < 30; p++) {
        if (strchr("-:.", *p) == NULL) {
            to[length++] = *p;
        }
    }
    to[length] = '\0';
    text_lower(to);
    return ERR_OK;
}

static enum err make_name(const struct new_entry *n, char to[ENTRY_NAME], struct diag *d)
{
    char time[32];
    enum err e = time_part(n->from, time, d);
    if (e != ERR_OK) {
        return e;
    }
    const char *const parts[] = {n->station, n->parameter, n->position,
                                 time,       n->flag,      n->state};
    int used = snprintf(to, ENTRY_NAME, "cities/%.64s/%s", n->city, n->kind);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i] != NULL && used < ENTRY_NAME) {
            used += snprintf(to + used, (size_t)(ENTRY_NAME - used), "-%.64s", parts[i]);
        }
    }
    if (used + 5 >= ENTRY_NAME ||
        strchr(to + strlen("cities/") + strlen(n->city) + 1, '/')) {
        diag_set(d, "no file can be named after these");
        return ERR_SYNTAX;
    }
    memcpy(to + used, ".json", sizeof ".json");
    return ERR_OK;
}

enum err entry_make(const struct new_entry *n, struct entry_file *out, struct diag *d)
{
    struct maker m = {.d = d};
    char name[ENTRY_NAME];
    enum err e = make_name(n, name, d);
    if (e != ERR_OK) {
        return e;
    }
    buf_init(&m.b, TEXT_CEILING);
    put_entry(&m, n);
    e = m.err != ERR_OK ? m.err : m.b.err;
    if (e != ERR_OK) {
        buf_fini(&m.b);
        return e;
    }
    text_copy(out->name, sizeof out->name, name);
    out->text = m.b;
    return ERR_OK;
}

enum err entry_add(struct config_files *files, const struct entry_file *e)
{
    struct config_file *rows =
        arena_take_zero(files->memory, files->count + 1, sizeof *rows);
    if (rows == NULL) {
        return ERR_MEMORY;
    }
    if (files->count > 0) {
        memcpy(rows, files->files, files->count * sizeof *rows);
    }
    rows[files->count++] = (struct config_file){
        .name = e->name, .text = buf_text(&e->text), .size = e->text.length};
    files->files = rows;
    return ERR_OK;
}

enum err entry_write(const char *folder, const struct entry_file *e, char path[1024],
                     struct diag *d)
{
    int n = snprintf(path, 1024, "%s/%s", folder, e->name);
    if (n < 0 || n >= 1024) {
        diag_set(d, "the folder's name is too long");
        return ERR_FULL;
    }
    /* the first file of its city's folder */
    char *slash = strrchr(path, '/');
    *slash = '\0';
    enum err err = file_make_folder(path, 0755);
    *slash = '/';
    err = err != ERR_OK       ? err
          : file_exists(path) ? ERR_BUSY
                              : file_put_new(path, e->text.bytes, e->text.length, 0644);
    if (err == ERR_BUSY) {
        text_copy(d->source, sizeof d->source, e->name);
        diag_set(d, "this file is there already; it is not touched");
    } else if (err != ERR_OK) {
        diag_set(d, "%s can't be written: %s", path, strerror(errno));
    }
    return err;
}
