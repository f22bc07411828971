/* SPDX-License-Identifier: EUPL-1.2 */
#include "decode/value.h"

#include <stdio.h>

/* Index of the gateway with the highest RSSI, the first of equals; the count if none has
 * one. */
static size_t best_gateway(json_t *gateways)
{
    size_t count = json_array_size(gateways);
    size_t best = count;
    double best_rssi = 0;
    for (size_t i = 0; i < count; i++) {
        json_t *rssi = json_object_get(json_array_get(gateways, i), "rssi");
        double value = json_number_value(rssi);
        if (json_is_number(rssi) && (best == count || value > best_rssi)) {
            best = i;
            best_rssi = value;
        }
    }
    return best;
}

enum err decode_read_gateways(struct decode_work *w, json_t *gateways, const char *prefix,
                              const char *device)
{
    const struct {
        const char *name;
        const struct sensor_field *entry;
    } wanted[] = {{"rssi", w->rules->rssi}, {"snr", w->rules->snr}};
    const struct decode_scope scope = {device, NULL, w->time};
    size_t best = best_gateway(gateways);
    json_t *gateway = json_array_get(gateways, best);
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof wanted / sizeof *wanted; i++) {
        json_t *node = json_object_get(gateway, wanted[i].name);
        if (!json_is_number(node)) {
            continue;
        }
        char tail[48];
        snprintf(tail, sizeof tail, "/%zu/%s", best, wanted[i].name);
        const char *field = decode_join(w, prefix, tail);
        struct decode_value v = decode_value_of(node);
        struct decode_slot slot = {.field = field,
                                   .key = field,
                                   .entry = wanted[i].entry,
                                   .ignored = wanted[i].entry == NULL};
        err = decode_put_reading(w, &scope, &slot, &v);
    }
    return err;
}
