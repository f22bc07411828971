/* SPDX-License-Identifier: EUPL-1.2 */
/* Any JSON. Values: the document, also an array. Device: the text or number at the
 * source's device pointer, else {device} of its topic pattern, else the whole topic. Time
 * only from the sensor model, else the arrival. No counter. */
#include "base/number.h"
#include "decode/value.h"

static enum decode_sniff json_sniff(struct decode_work *w)
{
    return decode_document(w) != NULL ? SNIFF_FALLBACK : SNIFF_NO;
}

static const char *device_of(struct decode_work *w, const struct tree *document)
{
    const char *at = w->rules->device;
    const struct tree *node = at == NULL ? NULL : decode_find(document, at);
    if (tree_is(node, TREE_NUMBER)) {
        char text[NUMBER_TEXT];
        number_format(node->number, text);
        return decode_keep(w, text);
    }
    const char *text = at == NULL ? NULL : decode_find_text(document, at);
    if (text != NULL) {
        return decode_keep(w, text);
    }
    struct topic_parts parts;
    if (w->rules->topic != NULL &&
        decode_topic(w->rules->topic, w->m->topic, w->arena, &parts) &&
        parts.device != NULL) {
        return parts.device;
    }
    return decode_keep(w, w->m->topic);
}

static enum err decode_any(struct decode_work *w)
{
    const struct tree *document;
    enum err err = decode_need_document(w, &document);
    if (err != ERR_OK) {
        return err;
    }
    w->out.device = device_of(w, document);
    return decode_read_values(w, document, "", w->out.device);
}

const struct decoder decode_json = {"json", json_sniff, decode_any};
