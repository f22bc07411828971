/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/bundle.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/number.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { FILE_SIZE = 64 * 1024, NAME_SIZE = 512 };

struct argument {
    const char *name, *value;
};

/* Names all that are missing at once. */
static enum err check_given(const struct argument *a, size_t count, struct diag *d)
{
    char missing[160] = "";
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if ((a[i].value == NULL || a[i].value[0] == '\0') && used < sizeof missing) {
            used += (size_t)snprintf(missing + used, sizeof missing - used, "%s%s",
                                     used > 0 ? ", " : "", a[i].name);
        }
    }
    if (used == 0) {
        return ERR_OK;
    }
    diag_set(d, "still missing: %s", missing);
    return ERR_ABSENT;
}

static enum err check_texts(const struct argument *a, size_t count, struct diag *d)
{
    for (size_t i = 0; i < count; i++) {
        if (a[i].value != NULL && !text_is_utf8(a[i].value, strlen(a[i].value))) {
            diag_set(d, "%s is not valid UTF-8", a[i].name);
            return ERR_SYNTAX;
        }
    }
    return ERR_OK;
}

static enum err check_numbers(const struct argument *a, size_t count, struct diag *d)
{
    double value;
    for (size_t i = 0; i < count; i++) {
        if (a[i].value != NULL && !number_parse(a[i].value, &value)) {
            diag_set(d, "%s: \"%.60s\" is not a number (written with a point, no unit)",
                     a[i].name, a[i].value);
            return ERR_SYNTAX;
        }
    }
    return ERR_OK;
}

/* --- text of the file --- */

static void put_text(struct buf *b, const char *before, const char *text)
{
    buf_put_text(b, before);
    buf_put_json_text(b, text, strlen(text));
}

/* Nothing for NULL. */
static void put_optional(struct buf *b, const char *before, const char *text)
{
    if (text != NULL) {
        put_text(b, before, text);
    }
}

static void put_number(struct buf *b, const char *before, const char *text)
{
    double value;
    char shortest[NUMBER_TEXT];
    if (text != NULL && number_parse(text, &value)) {
        number_format(value, shortest);
        buf_put_text(b, before);
        buf_put_text(b, shortest);
    }
}

static void put_mounting(struct buf *b, const struct new_device *n)
{
    if (n->height_nhn == NULL && n->height_gauge == NULL) {
        return;
    }
    buf_put_text(b, ",\n           \"mounting\": {");
    put_number(b, "\"height_m_nhn\": ", n->height_nhn);
    put_number(b,
               n->height_nhn != NULL ? ", \"height_m_gauge\": " : "\"height_m_gauge\": ",
               n->height_gauge);
    buf_put_text(b, "}");
}

static void put_device(struct buf *b, const struct new_device *n)
{
    put_text(b, "{ \"device\": ", n->device);
    put_text(b, ",\n  \"model\": ", n->model);
    put_optional(b, ",\n  \"serial\": ", n->serial);
    put_text(b, ",\n  \"at\": [ {\"station\": ", n->station);
    put_text(b, ",\n           \"from\": ", n->from);
    put_optional(b, ",\n           \"to\": ", n->to);
    buf_put_text(b, n->to == NULL ? ",\n           \"to\": null" : "");
    put_mounting(b, n);
    if (n->depth != NULL) {
        put_number(b, ",\n           \"positions\": {\"main\": {\"depth_m\": ", n->depth);
        buf_put_text(b, "}}");
    }
    put_number(b, ",\n           \"interval_s\": ", n->interval_s);
    put_optional(b, ",\n           \"pressure\": ", n->pressure);
    buf_put_text(b, "} ] }\n");
}

static void put_city(struct buf *b, const struct new_city *n)
{
    put_text(b, "{ \"city\": ", n->city);
    put_text(b, ",\n  \"title\": {\"de\": ", n->title_de);
    put_text(b, ", \"en\": ", n->title_en);
    put_optional(b, "},\n  \"key\": ", n->key);
    buf_put_text(b, n->key != NULL ? ",\n" : "},\n");
    put_text(b, "  \"publisher\": {\"name\": ", n->publisher);
    put_optional(b, ", \"url\": ", n->publisher_url);
    buf_put_text(b, "},\n");
    if (n->contact_name != NULL) {
        put_text(b, "  \"contact\": {\"name\": ", n->contact_name);
        put_optional(b, ", \"email\": ", n->contact_email);
        buf_put_text(b, "},\n");
    }
    put_text(b, "  \"licence\": ", n->licence);
    buf_put_text(b, ",\n  \"stations\": [] }\n");
}

/* --- judging it among the other files --- */

static bool is_ours(const struct config_fault *f, const char *name)
{
    return !f->finding && strcmp(f->diag.source, name) == 0;
}

/* The file set with one file more, at its end: of two that clash the later is at fault.
 */
static enum err judge_with(struct config_files *all, const char *name,
                           const struct buf *text, struct diag *d)
{
    struct config_file *files =
        arena_take_zero(all->memory, all->count + 1, sizeof *files);
    if (files == NULL) {
        return ERR_MEMORY;
    }
    memcpy(files, all->files, all->count * sizeof *files);
    files[all->count] =
        (struct config_file){.name = name, .text = buf_text(text), .size = text->length};
    struct config_files more = *all;
    more.files = files;
    more.count = all->count + 1;
    struct config_faults faults = {0};
    struct configuration *c = NULL;
    enum err e = config_parse(&more, NULL, &c, &faults);
    configuration_free(c);
    e = e == ERR_CONFIG ? ERR_OK : e; /* faults of other files do not count */
    for (size_t i = 0; i < faults.count && e == ERR_OK; i++) {
        if (is_ours(&faults.faults[i], name)) {
            if (d != NULL) {
                *d = faults.faults[i].diag;
                d->line = 0; /* of a file that is not there */
            }
            e = ERR_CONFIG;
        }
    }
    config_faults_fini(&faults);
    return e;
}

static enum err put_judged(const char *folder, const char *shipped, const char *name,
                           const struct buf *text, char path[1024], struct diag *d)
{
    if (text->err != ERR_OK) {
        diag_set(d, "the values are too long");
        return text->err;
    }
    struct config_files *all = NULL;
    char full[1024];
    enum err e = config_files_read(folder, shipped, &all, d);
    if (e != ERR_OK) {
        return e;
    }
    int n = snprintf(full, sizeof full, "%s/%s", all->folder, name);
    if (n < 0 || (size_t)n >= sizeof full) {
        diag_set(d, "the folder's name is too long");
        e = ERR_FULL;
    } else if (file_exists(full)) {
        e = ERR_BUSY;
    } else {
        e = judge_with(all, name, text, d);
    }
    e = e != ERR_OK ? e : file_put_new(full, text->bytes, text->length, 0644);
    config_files_close(all);
    if (e == ERR_BUSY && d != NULL) {
        text_copy(d->source, sizeof d->source, name);
        diag_set(d, "this file is there already; it is not touched");
    } else if (e == ERR_OK) {
        text_copy(path, 1024, full);
    }
    return e;
}

/* "device-<id>.json"; an id that no file should be called keeps its letters and digits
 * and gets a hash, so that two ids never share a file. */
static void file_name(const char *device, char to[160])
{
    char kept[65];
    size_t length = 0;
    bool changed = false;
    for (const char *p = device; *p != '\0' && length < sizeof kept - 1; p++) {
        bool plain = strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", *p) != NULL;
        kept[length++] = *p;
        if (!plain) {
            kept[length - 1] = '-';
            changed = true;
        }
    }
    kept[length] = '\0';
    if (!changed && device[length] == '\0') {
        snprintf(to, 160, "device-%s.json", kept);
    } else {
        uint64_t hash = hash_text(HASH_TEXT_START, device);
        snprintf(to, 160, "device-%s-%08x.json", kept, (unsigned)(hash & 0xFFFFFFFFu));
    }
}

enum { DEVICE_SIZE = 256 };

/* A DevEUI is printed in upper case on the label; messages give it in lower case. */
static const char *as_messages_say(const char *device, char id[DEVICE_SIZE])
{
    bool is_eui = strlen(device) == 16 && strspn(device, "0123456789abcdefABCDEF") == 16;
    text_copy(id, DEVICE_SIZE, device);
    return is_eui ? text_lower(id) : id;
}

enum err config_new_device(const char *folder, const struct new_device *n,
                           char path[1024], struct diag *d)
{
    const struct argument needed[] = {{"--city", n->city},
                                      {"device", n->device},
                                      {"--model", n->model},
                                      {"--station", n->station},
                                      {"--from", n->from}};
    const struct argument numbers[] = {{"--height-nhn", n->height_nhn},
                                       {"--height-gauge", n->height_gauge},
                                       {"--depth", n->depth},
                                       {"--interval", n->interval_s}};
    const struct argument texts[] = {
        {"--city", n->city},       {"device", n->device},      {"--model", n->model},
        {"--station", n->station}, {"--from", n->from},        {"--to", n->to},
        {"--serial", n->serial},   {"--pressure", n->pressure}};
    enum err e = check_given(needed, sizeof needed / sizeof needed[0], d);
    e = e != ERR_OK ? e : check_texts(texts, sizeof texts / sizeof texts[0], d);
    e = e != ERR_OK ? e : check_numbers(numbers, sizeof numbers / sizeof numbers[0], d);
    if (e != ERR_OK) {
        return e;
    }
    if (!text_is_id(n->city)) {
        diag_set(d, "city: \"%.64s\" is not an id of a city", n->city);
        return ERR_UNKNOWN;
    }
    char file[160], name[NAME_SIZE], id[DEVICE_SIZE];
    struct new_device as_sent = *n;
    as_sent.device = as_messages_say(n->device, id);
    file_name(as_sent.device, file);
    snprintf(name, sizeof name, "cities/%s/%s", n->city, file);
    struct buf b;
    buf_init(&b, FILE_SIZE);
    put_device(&b, &as_sent);
    e = put_judged(folder, n->shipped, name, &b, path, d);
    buf_fini(&b);
    return e;
}

enum err config_new_city(const char *folder, const struct new_city *n, char path[1024],
                         struct diag *d)
{
    const struct argument needed[] = {{"city", n->city},
                                      {"--title-de", n->title_de},
                                      {"--title-en", n->title_en},
                                      {"--publisher", n->publisher},
                                      {"--licence", n->licence}};
    const struct argument texts[] = {
        {"city", n->city},
        {"--title-de", n->title_de},
        {"--title-en", n->title_en},
        {"--publisher", n->publisher},
        {"--licence", n->licence},
        {"--key", n->key},
        {"--publisher-url", n->publisher_url},
        {"--contact-name", n->contact_name},
        {"--contact-email", n->contact_email},
    };
    enum err e = check_given(needed, sizeof needed / sizeof needed[0], d);
    e = e != ERR_OK ? e : check_texts(texts, sizeof texts / sizeof texts[0], d);
    if (e == ERR_OK && n->contact_email != NULL && n->contact_name == NULL) {
        diag_set(d, "still missing: --contact-name, for --contact-email");
        e = ERR_ABSENT;
    }
    if (e == ERR_OK && !text_is_id(n->city)) {
        diag_set(d, "city: \"%.64s\" is not an id: 1 to 64 of a-z, 0-9 and -", n->city);
        e = ERR_SYNTAX;
    }
    if (e != ERR_OK) {
        return e;
    }
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "cities/%s.json", n->city);
    struct buf b;
    buf_init(&b, FILE_SIZE);
    put_city(&b, n);
    e = put_judged(folder, NULL, name, &b, path, d);
    buf_fini(&b);
    return e;
}
