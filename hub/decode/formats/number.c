/* SPDX-License-Identifier: EUPL-1.2 */
/* One number a topic, as text, blanks around it allowed. "nan", "unavailable" and
 * "unknown" mean missing; any other text is a reading that can't be used. Device and
 * field: {device} and {field} of the source's topic pattern; without them the whole topic
 * and "/". Time: the arrival. */
#include "base/text.h"
#include "decode/value.h"

#include <string.h>
#include <strings.h>

enum { TEXT_BYTES = 256 };

/* The payload without blanks around it, in to. False: no short UTF-8 text. */
static bool text_of(const struct message *m, char to[TEXT_BYTES])
{
    const char *bytes = m->payload;
    size_t size = m->size;
    while (size > 0 && decode_is_blank(bytes[0])) {
        bytes++;
        size--;
    }
    while (size > 0 && decode_is_blank(bytes[size - 1])) {
        size--;
    }
    if (size >= TEXT_BYTES || (size > 0 && memchr(bytes, '\0', size) != NULL) ||
        !text_is_utf8(bytes, size)) {
        return false;
    }
    if (size > 0) {
        memcpy(to, bytes, size);
    }
    to[size] = '\0';
    return true;
}

static enum decode_sniff number_sniff(struct decode_work *w)
{
    char text[TEXT_BYTES];
    struct topic_parts parts;
    const struct tree *document = decode_document(w);
    bool structured = tree_is(document, TREE_OBJECT) || tree_is(document, TREE_ARRAY);
    bool fits = w->rules->topic != NULL && !structured && text_of(w->m, text) &&
                *text != '{' && *text != '[' &&
                decode_topic(w->rules->topic, w->m->topic, w->arena, &parts);
    return fits ? SNIFF_LIKELY : SNIFF_NO;
}

static enum err number_decode(struct decode_work *w)
{
    char text[TEXT_BYTES];
    if (!text_of(w->m, text)) {
        diag_set(w->diag, "%zu bytes that are no number", w->m->size);
        return ERR_SYNTAX;
    }
    struct topic_parts parts = {NULL, NULL};
    if (w->rules->topic != NULL &&
        !decode_topic(w->rules->topic, w->m->topic, w->arena, &parts)) {
        diag_set(w->diag, "the topic does not match the pattern \"%s\"", w->rules->topic);
        return ERR_SYNTAX;
    }
    w->out.device = parts.device != NULL ? parts.device : decode_keep(w, w->m->topic);
    const struct decode_scope scope = {w->out.device, decode_find_model(w, w->out.device),
                                       w->time};
    struct decode_slot slot = {
        .field = parts.field != NULL ? decode_pointer(w, parts.field) : "/"};
    slot.key = slot.field;
    slot.entry = decode_find_entry(w, scope.model, slot.key, NULL, &slot.problem);
    struct decode_value v = {.kind = DECODE_TEXT, .text = text};
    if (strcasecmp(text, "unavailable") == 0 || strcasecmp(text, "unknown") == 0) {
        v.kind = DECODE_NULL;
    }
    return decode_put_reading(w, &scope, &slot, &v);
}

const struct decoder decode_number = {"number", number_sniff, number_decode};
