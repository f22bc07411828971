/* SPDX-License-Identifier: EUPL-1.2 */
/* ChirpStack v4, JSON of the MQTT integration.
 * Values: object; without one (no codec), and in all other events (join, ack, txack,
 * status, log, location, integration), there are no readings and that is no fault.
 * Device: deviceInfo.devEui in lower case. Time: time, which the network server wrote.
 * Counter: fCnt within devAddr; zero is left out or null. RSSI and SNR: of the gateway
 * with the highest RSSI. */
#include "base/text.h"
#include "decode/value.h"

static const struct tree *info_of(const struct tree *document)
{
    const struct tree *info = tree_member(document, "deviceInfo");
    return tree_is(tree_member(info, "devEui"), TREE_TEXT) ? info : NULL;
}

static enum decode_sniff chirpstack_sniff(struct decode_work *w)
{
    return info_of(decode_document(w)) != NULL ? SNIFF_SURE : SNIFF_NO;
}

/* Of all events only the uplink has rxInfo or values, but an integration's values are not
 * the device's own. */
static bool is_uplink(const struct tree *document)
{
    return tree_member(document, "integrationName") == NULL &&
           (tree_member(document, "rxInfo") != NULL ||
            tree_member(document, "object") != NULL ||
            tree_member(document, "fCnt") != NULL);
}

static enum err read_uplink(struct decode_work *w, const struct tree *document)
{
    const char *session = decode_find_text(document, "/devAddr");
    w->out.session = session == NULL ? NULL : decode_keep(w, session);
    w->out.counter = decode_counter(tree_member(document, "fCnt"));
    w->out.has_counter = true;
    decode_take_network_time(w, tree_member(document, "time"));
    const struct tree *values = tree_member(document, "object");
    if (values == NULL || tree_is(values, TREE_NULL)) {
        return ERR_OK;
    }
    enum err err = decode_read_values(w, values, "/object", w->out.device);
    if (err != ERR_OK) {
        return err;
    }
    return decode_read_gateways(w, tree_member(document, "rxInfo"), "/rxInfo",
                                w->out.device);
}

static enum err chirpstack_decode(struct decode_work *w)
{
    const struct tree *document;
    enum err err = decode_need_document(w, &document);
    if (err != ERR_OK) {
        return err;
    }
    const struct tree *info = info_of(document);
    if (info == NULL) {
        diag_set(w->diag, "no deviceInfo with devEui: not an event of ChirpStack v4");
        return ERR_SYNTAX;
    }
    char *device = arena_text(w->arena, tree_text(tree_member(info, "devEui")));
    if (device == NULL) {
        w->full = true;
        return ERR_FULL;
    }
    w->out.device = text_lower(device);
    return is_uplink(document) ? read_uplink(w, document) : ERR_OK;
}

const struct decoder decode_chirpstack = {"chirpstack", chirpstack_sniff,
                                          chirpstack_decode};
