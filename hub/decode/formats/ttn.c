/* SPDX-License-Identifier: EUPL-1.2 */
/* The Things Stack v3 (also The Things Network), JSON of the MQTT integration.
 * Values: uplink_message.decoded_payload; without one, and in all other messages of the
 * tree (join, down, service, location), there are no readings and that is no fault.
 * Device: end_device_ids.dev_eui in lower case, else device_id. Time:
 * uplink_message.received_at, which the network server wrote; the outer received_at is
 * the application server's. Counter: f_cnt within session_key_id; zero is left out by the
 * sender. RSSI and SNR: of the gateway with the highest RSSI. */
#include "base/text.h"
#include "decode/value.h"

static enum decode_sniff ttn_sniff(struct decode_work *w)
{
    const struct tree *ids = tree_member(decode_document(w), "end_device_ids");
    return tree_is(ids, TREE_OBJECT) ? SNIFF_SURE : SNIFF_NO;
}

/* NULL: the message names none. */
static const char *device_of(struct decode_work *w, const struct tree *document)
{
    const char *eui = decode_find_text(document, "/end_device_ids/dev_eui");
    if (eui != NULL) {
        char *lower = arena_text(w->arena, eui);
        w->full = w->full || lower == NULL;
        return lower == NULL ? "" : text_lower(lower);
    }
    const char *id = decode_find_text(document, "/end_device_ids/device_id");
    return id == NULL ? NULL : decode_keep(w, id);
}

static enum err read_uplink(struct decode_work *w, const struct tree *uplink)
{
    const char *session = decode_find_text(uplink, "/session_key_id");
    w->out.session = session == NULL ? NULL : decode_keep(w, session);
    w->out.counter = decode_counter(tree_member(uplink, "f_cnt"));
    w->out.has_counter = true;
    decode_take_network_time(w, tree_member(uplink, "received_at"));
    const struct tree *values = tree_member(uplink, "decoded_payload");
    if (values == NULL || tree_is(values, TREE_NULL)) {
        return ERR_OK;
    }
    if (w->out.device == NULL) {
        diag_set(w->diag, "end_device_ids has neither dev_eui nor device_id");
        return ERR_SYNTAX;
    }
    enum err err =
        decode_read_values(w, values, "/uplink_message/decoded_payload", w->out.device);
    if (err != ERR_OK) {
        return err;
    }
    return decode_read_gateways(w, tree_member(uplink, "rx_metadata"),
                                "/uplink_message/rx_metadata", w->out.device);
}

static enum err ttn_decode(struct decode_work *w)
{
    const struct tree *document;
    enum err err = decode_need_document(w, &document);
    if (err != ERR_OK) {
        return err;
    }
    if (!tree_is(tree_member(document, "end_device_ids"), TREE_OBJECT)) {
        diag_set(w->diag, "no end_device_ids: not a message of The Things Stack v3");
        return ERR_SYNTAX;
    }
    w->out.device = device_of(w, document);
    const struct tree *uplink = tree_member(document, "uplink_message");
    return tree_is(uplink, TREE_OBJECT) ? read_uplink(w, uplink) : ERR_OK;
}

const struct decoder decode_ttn = {"ttn", ttn_sniff, ttn_decode};
