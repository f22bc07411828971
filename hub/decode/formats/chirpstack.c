/* SPDX-License-Identifier: EUPL-1.2 */
/* ChirpStack v4, JSON of the MQTT integration.
 * Values: object; without one (no codec), and in all other events (join, ack, txack,
 * status, log, location, integration), there are no readings and that is no fault.
 * Device: deviceInfo.devEui in lower case. Time: time, which the network server wrote.
 * Counter: fCnt within devAddr; zero is left out or null. RSSI and SNR: of the gateway
 * with the highest RSSI. */
#include "base/text.h"
#include "decode/value.h"

static json_t *info_of(json_t *document)
{
    json_t *info = json_object_get(document, "deviceInfo");
    return json_is_string(json_object_get(info, "devEui")) ? info : NULL;
}

static enum decode_sniff chirpstack_sniff(struct decode_work *w)
{
    return info_of(decode_document(w)) != NULL ? SNIFF_SURE : SNIFF_NO;
}

/* Of all events only the uplink has rxInfo or values, but an integration's values are not
 * the device's own. */
static bool is_uplink(json_t *document)
{
    return json_object_get(document, "integrationName") == NULL &&
           (json_object_get(document, "rxInfo") != NULL ||
            json_object_get(document, "object") != NULL ||
            json_object_get(document, "fCnt") != NULL);
}

static enum err read_uplink(struct decode_work *w, json_t *document)
{
    const char *session = decode_find_text(document, "/devAddr");
    w->out.session = session == NULL ? NULL : decode_keep(w, session);
    w->out.counter = decode_counter(json_object_get(document, "fCnt"));
    w->out.has_counter = true;
    decode_take_network_time(w, json_object_get(document, "time"));
    json_t *values = json_object_get(document, "object");
    if (values == NULL || json_is_null(values)) {
        return ERR_OK;
    }
    enum err err = decode_read_values(w, values, "/object", w->out.device);
    if (err != ERR_OK) {
        return err;
    }
    return decode_read_gateways(w, json_object_get(document, "rxInfo"), "/rxInfo",
                                w->out.device);
}

static enum err chirpstack_decode(struct decode_work *w)
{
    json_t *document;
    enum err err = decode_need_document(w, &document);
    if (err != ERR_OK) {
        return err;
    }
    json_t *info = info_of(document);
    if (info == NULL) {
        diag_set(w->diag, "no deviceInfo with devEui: not an event of ChirpStack v4");
        return ERR_SYNTAX;
    }
    char *device =
        arena_text(w->arena, json_string_value(json_object_get(info, "devEui")));
    if (device == NULL) {
        w->full = true;
        return ERR_FULL;
    }
    w->out.device = text_lower(device);
    return is_uplink(document) ? read_uplink(w, document) : ERR_OK;
}

const struct decoder decode_chirpstack = {"chirpstack", chirpstack_sniff,
                                          chirpstack_decode};
