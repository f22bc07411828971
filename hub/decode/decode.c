/* SPDX-License-Identifier: EUPL-1.2 */
#include "decode/decode.h"

#include "base/clock.h"
#include "base/text.h"
#include "decode/value.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { FORMATS = 64 };

static const char *format_names[FORMATS];
static size_t format_count;
static pthread_once_t formats_once = PTHREAD_ONCE_INIT;

static void list_formats(void)
{
    size_t count = 0;
    while (decode_table[count] != NULL && count + 1 < FORMATS) {
        format_names[count] = decode_table[count]->name;
        count++;
    }
    format_names[count++] = "auto";
    format_count = count;
}

const char *const *decode_format_names(size_t *count)
{
    pthread_once(&formats_once, list_formats);
    *count = format_count;
    return format_names;
}

bool decode_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

const struct tree *decode_document(struct decode_work *w)
{
    if (!w->parsed) {
        size_t most = tree_bytes(w->m->size);
        struct arena *a = w->arena;
        if (most > arena_left(a) / 2) { /* the other half is for the readings */
            a = w->large = arena_open_growing(most);
        }
        w->parsed = true;
        w->document_err = a == NULL ? ERR_MEMORY
                                    : tree_read(w->m->payload, w->m->size, a,
                                                &w->document, &w->document_diag);
    }
    return w->document;
}

enum err decode_need_document(struct decode_work *w, const struct tree **out)
{
    const struct tree *document = decode_document(w);
    if (document != NULL) {
        *out = document;
    } else if (w->document_err == ERR_SYNTAX && w->diag != NULL) {
        diag_set(w->diag, "%s", w->document_diag.text);
        w->diag->line = w->document_diag.line;
        w->diag->column = w->document_diag.column;
    }
    return w->document_err;
}

static enum err check_size(struct decode_work *w)
{
    if (w->m->full_size > w->m->size) {
        diag_set(w->diag, "%zu bytes are over the ceiling for messages", w->m->full_size);
        return ERR_RANGE;
    }
    if (w->m->size == 0) {
        diag_set(w->diag, "the message is empty");
        return ERR_SYNTAX;
    }
    return ERR_OK;
}

static bool begins_json(const struct message *m)
{
    const char *bytes = m->payload;
    size_t i = 0;
    while (i < m->size && decode_is_blank(bytes[i])) {
        i++;
    }
    return i < m->size && (bytes[i] == '{' || bytes[i] == '[');
}

static enum err find_surest(struct decode_work *w, const struct decoder **out)
{
    const struct decoder *surest = NULL;
    enum decode_sniff best = SNIFF_NO;
    for (size_t i = 0; decode_table[i] != NULL; i++) {
        enum decode_sniff sniff = decode_table[i]->sniff(w);
        if (sniff > best) {
            best = sniff;
            surest = decode_table[i];
        }
    }
    if (surest != NULL) {
        *out = surest;
        return ERR_OK;
    }
    const struct tree *document;
    if (begins_json(w->m) || w->document_err == ERR_MEMORY) {
        return decode_need_document(w, &document);
    }
    diag_set(w->diag, "neither JSON nor CBOR, nor a number on a topic with a pattern");
    return ERR_UNKNOWN;
}

static enum err find_decoder(struct decode_work *w, const struct decoder **out)
{
    const char *name = w->rules->format;
    if (name == NULL || strcmp(name, "auto") == 0) {
        return find_surest(w, out);
    }
    for (size_t i = 0; decode_table[i] != NULL; i++) {
        if (strcmp(decode_table[i]->name, name) == 0) {
            *out = decode_table[i];
            return ERR_OK;
        }
    }
    size_t count;
    const char *const *names = decode_format_names(&count);
    const char *near = text_nearest(name, names, count);
    diag_set(w->diag,
             near != NULL ? "no format \"%s\"; did you mean \"%s\"?" : "no format \"%s\"",
             name, near);
    return ERR_UNKNOWN;
}

/* Moves the readings to the arena. */
static enum err finish(struct decode_work *w)
{
    size_t size = w->out.count * sizeof(struct reading);
    struct reading *kept = w->full ? NULL : arena_take(w->arena, size);
    if (kept == NULL) {
        w->full = true;
        return ERR_FULL;
    }
    if (size > 0) {
        memcpy(kept, w->out.readings, size);
    }
    free(w->out.readings);
    w->out.readings = kept;
    return ERR_OK;
}

enum err decode_message(const struct message *m, const struct decode_rules *rules,
                        struct arena *a, struct decoded *out, struct diag *d)
{
    struct decode_work w = {.m = m,
                            .rules = rules,
                            .arena = a,
                            .diag = d,
                            .time = {m->arrival_us, TIME_SOURCE_ARRIVAL, NULL},
                            .out = {.message_us = CLOCK_NONE}};
    const struct decoder *decoder = NULL;
    enum err err = check_size(&w);
    if (err == ERR_OK) {
        err = find_decoder(&w, &decoder);
    }
    if (decoder != NULL) {
        w.out.format = decoder->name;
        err = decoder->decode(&w);
    }
    if (err == ERR_OK) {
        err = decode_apply_ranks(&w);
    }
    if (err == ERR_OK) {
        err = finish(&w);
    }
    arena_close(w.large);
    if (w.full) {
        err = ERR_FULL;
        diag_set(d, "the message needs more than the memory for one message");
    }
    if (err != ERR_OK) {
        free(w.out.readings);
        return err;
    }
    *out = w.out;
    out->counter_last =
        out->counter_last > out->counter ? out->counter_last : out->counter;
    return ERR_OK;
}
