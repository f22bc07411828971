/* SPDX-License-Identifier: EUPL-1.2 */
#include "decode/value.h"

#include <stdio.h>

/* The gateway with the highest RSSI, the first of equals, and its index. NULL: none has
 * one. */
static const struct tree *best_gateway(const struct tree *gateways, size_t *index)
{
    const struct tree *best = NULL;
    double best_rssi = 0;
    size_t i = 0;
    for (const struct tree *g = tree_first(gateways); g != NULL; g = g->next) {
        const struct tree *rssi = tree_member(g, "rssi");
        if (tree_is(rssi, TREE_NUMBER) && (best == NULL || rssi->number > best_rssi)) {
            best = g;
            best_rssi = rssi->number;
            *index = i;
        }
        i++;
    }
    return best;
}

enum err decode_read_gateways(struct decode_work *w, const struct tree *gateways,
                              const char *prefix, const char *device)
{
    const struct {
        const char *name;
        const struct sensor_field *entry;
    } wanted[] = {{"rssi", w->rules->rssi}, {"snr", w->rules->snr}};
    const struct decode_scope scope = {device, NULL, w->time};
    size_t index = 0;
    const struct tree *gateway = best_gateway(gateways, &index);
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof wanted / sizeof *wanted; i++) {
        const struct tree *node = tree_member(gateway, wanted[i].name);
        if (!tree_is(node, TREE_NUMBER)) {
            continue;
        }
        char tail[48];
        snprintf(tail, sizeof tail, "/%zu/%s", index, wanted[i].name);
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
