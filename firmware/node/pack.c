/* SPDX-License-Identifier: EUPL-1.2 */
#include "node/pack.h"

#include "node/decimal.h"
#include "wire.h"

#include <string.h>

struct writer {
    char *to;
    size_t size, length;
    bool full;
};

/* The longest record of the first sample (it has no t) has 22 bytes beside name, unit and
 * a number of 12; the header has at most 300 beside the device's id. */
_Static_assert(SAMPLE_CHANNELS_MAX *(22 + PACK_NAME_MAX + PACK_UNIT_MAX + 12) +
                       PACK_DEVICE_MAX + 300 <=
                   PACK_SIZE_MIN,
               "one sample always fits");

static void put(struct writer *w, const char *text)
{
    size_t length = strlen(text);
    if (w->full || length > w->size - w->length) {
        w->full = true;
        return;
    }
    memcpy(w->to + w->length, text, length);
    w->length += length;
}

static void put_number(struct writer *w, const char *before, int64_t value,
                       unsigned decimals)
{
    char text[DECIMAL_TEXT];
    decimal_format(value, decimals, text);
    put(w, before);
    put(w, text);
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_name(const char *text, size_t most, const char *others)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        if (!is_plain(text[i]) && strchr(others, text[i]) == NULL) {
            return false;
        }
    }
    return length >= 1 && length <= most;
}

bool pack_header_is_sound(const struct pack_header *h)
{
    if (h->channel_count < 1 || h->channel_count > SAMPLE_CHANNELS_MAX ||
        !is_name(h->device, PACK_DEVICE_MAX, "-:._") || !is_plain(h->device[0])) {
        return false;
    }
    for (size_t i = 0; i < h->channel_count; i++) {
        const struct channel *c = &h->channels[i];
        if (!is_name(c->name, PACK_NAME_MAX, "-:._") ||
            !is_name(c->unit, PACK_UNIT_MAX, "/%") || c->decimals > 9) {
            return false;
        }
    }
    return true;
}

static void put_header(struct writer *w, const struct pack_header *h,
                       const struct queue *q, uint64_t last)
{
    char log[17];
    decimal_format_hex(h->log, log);
    put(w, "[{\"bn\":\"");
    put(w, h->device);
    put_number(w, "\",\"bt\":", queue_get(q, 0)->time_us, 6);
    put(w, ",\"n\":\"" WIRE_RECORD_LOG "\",\"vs\":\"");
    put(w, log);
    put_number(w, "\"},{\"n\":\"" WIRE_RECORD_HELD "\",\"v\":", (int64_t)queue_held(q),
               0);
    put_number(w, "},{\"n\":\"" WIRE_RECORD_FIRST "\",\"v\":", (int64_t)queue_held(q), 0);
    put_number(w, "},{\"n\":\"" WIRE_RECORD_SEQ "\",\"v\":", (int64_t)last, 0);
    put(w, "}");
}

static void put_sample(struct writer *w, const struct pack_header *h,
                       const struct sample *s, int64_t base_us)
{
    for (size_t i = 0; i < h->channel_count; i++) {
        if ((s->present >> i & 1) == 0) {
            continue;
        }
        put(w, ",{\"n\":\"");
        put(w, h->channels[i].name);
        put(w, "\",\"u\":\"");
        put(w, h->channels[i].unit);
        put_number(w, "\",\"v\":", s->value[i], h->channels[i].decimals);
        if (s->time_us != base_us) {
            put_number(w, ",\"t\":", s->time_us - base_us, 6);
        }
        put(w, "}");
    }
}

/* How many samples fit behind a header that is as long as the longest one can be. */
static uint32_t samples_that_fit(const struct pack_header *h, const struct queue *q,
                                 char *to, size_t size)
{
    struct writer w = {.to = to, .size = size - 1}; /* room for the bracket */
    put_header(&w, h, q, UINT64_C(1) << 62);
    uint32_t n = 0;
    while (n < q->count) {
        put_sample(&w, h, queue_get(q, n), queue_get(q, 0)->time_us);
        if (w.full) {
            break;
        }
        n++;
    }
    return n;
}

size_t pack_samples(const struct pack_header *h, const struct queue *q, char *to,
                    size_t size, uint64_t *last)
{
    if (q->count == 0) {
        return 0;
    }
    uint32_t n = samples_that_fit(h, q, to, size);
    if (n == 0) {
        return 0;
    }
    struct writer w = {.to = to, .size = size};
    uint64_t newest = queue_get(q, n - 1)->sequence;
    put_header(&w, h, q, newest);
    for (uint32_t i = 0; i < n; i++) {
        put_sample(&w, h, queue_get(q, i), queue_get(q, 0)->time_us);
    }
    put(&w, "]");
    *last = newest;
    return w.length;
}

size_t pack_status(const struct pack_header *h, const struct queue *q, bool online,
                   char *to, size_t size)
{
    struct writer w = {.to = to, .size = size};
    char log[17];
    decimal_format_hex(h->log, log);
    put(&w, "{\"" WIRE_STATUS_STATE "\":\"");
    put(&w, online ? WIRE_STATUS_ONLINE : WIRE_STATUS_OFFLINE);
    put(&w, "\",\"" WIRE_STATUS_FIRMWARE "\":\"" NODE_VERSION "\",\"" WIRE_STATUS_LOG
            "\":\"");
    put(&w, log);
    put_number(&w, "\",\"" WIRE_STATUS_HELD "\":", (int64_t)queue_held(q), 0);
    put_number(&w, ",\"" WIRE_STATUS_NEXT "\":", (int64_t)q->next, 0);
    put_number(&w, ",\"" WIRE_STATUS_DROPPED "\":", (int64_t)q->dropped, 0);
    put(&w, "}");
    return w.length;
}
