/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/settle.h"
#include "base/clock.h"

#include <string.h>

/* What the configuration says of a message, and what the message says of itself. */

bool batch_rules(const struct batch *b, const struct message *m, struct work_rules *out)
{
    const struct source *source =
        configuration_source(b->worker.configuration, m->source);
    *out = (struct work_rules){.source = source};
    return source != NULL;
}

const char *batch_city(const struct batch *b, const struct source *source,
                       const struct work *work)
{
    const struct device *d = NULL;
    const char *last = work->decoded.device;
    if (source->city != NULL) {
        return source->city;
    }
    if (last != NULL) {
        d = configuration_device(b->worker.configuration, NULL, last, NULL);
    }
    for (size_t i = 0; d == NULL && i < work->decoded.count; i++) {
        const char *device = work->decoded.readings[i].device;
        if (device != NULL && device != last) {
            d = configuration_device(b->worker.configuration, NULL, device, NULL);
            last = device;
        }
    }
    return d != NULL ? d->city->city : "";
}

struct rank batch_rank(const struct decoded *decoded)
{
    return (struct rank){.sequence = decoded->has_counter ? decoded->counter : INT64_MAX,
                         .message_us = decoded->message_us != CLOCK_NONE
                                           ? decoded->message_us
                                           : INT64_MAX};
}

const char *batch_station(const struct work_item *item)
{
    const struct place *p = &item->place;
    return p->station != NULL ? p->station->station : p->device->device;
}

bool batch_in_scope(const struct batch_scope *scope, const char *station, int64_t time_us)
{
    bool named = scope->station_count == 0;
    for (size_t i = 0; i < scope->station_count && !named; i++) {
        named = strcmp(scope->stations[i], station) == 0;
    }
    return named && time_us >= scope->from_us && time_us < scope->to_us;
}
