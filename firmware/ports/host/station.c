/* SPDX-License-Identifier: EUPL-1.2 */
#include "ports/host/station.h"

#include "node/decimal.h"
#include "wire.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* What the simulated probe measures, with the resolution of common instruments. SenML has
 * no mS/cm, but S/m. */
static const struct channel channels[] = {
    {WIRE_MEASURED_DISTANCE, "mm", 0},       {WIRE_MEASURED_WATER_TEMPERATURE, "Cel", 2},
    {WIRE_MEASURED_OXYGEN, "mg/l", 2},       {WIRE_MEASURED_CONDUCTIVITY, "S/m", 4},
    {WIRE_MEASURED_BATTERY_VOLTAGE, "V", 2},
};
enum { CHANNELS = sizeof channels / sizeof *channels };

static bool read_channel(void *arg, size_t channel, int64_t time_us, int32_t *value)
{
    const struct station *s = arg;
    struct simulation_water w = simulation_at(&s->setup.water, time_us);
    const double read[CHANNELS] = {w.distance_mm, w.temperature_c * 100,
                                   w.oxygen_mg_l * 100, w.conductivity_ms_cm * 1000,
                                   w.battery_v * 100};
    if (!(fabs(read[channel]) < INT32_MAX)) {
        return false;
    }
    *value = (int32_t)lround(read[channel]);
    return true;
}

static bool publish(void *arg, const char *payload, size_t length)
{
    struct station *s = arg;
    return link_send_pack(&s->link, payload, length);
}

static void take_history(struct station *s, const struct station_plan *plan)
{
    int64_t every_us = s->node.schedule.sample_every_us;
    int64_t until_us = s->node.schedule.next_sample_us;
    int64_t count = (int64_t)plan->history_s * 1000000 / every_us;
    for (int64_t at_us = until_us - count * every_us; at_us < until_us;
         at_us += every_us) {
        node_sample(&s->node, at_us);
    }
    node_flush(&s->node);
}

static bool init_node(struct station *s, const struct station_plan *plan, int64_t now_us)
{
    uint64_t log;
    if (getrandom(&log, sizeof log, 0) != (ssize_t)sizeof log) {
        fprintf(stderr, "kogge-node: the system gives no random number for the log id\n");
        return false;
    }
    uint32_t slots = (uint32_t)(plan->history_s / plan->sample_every_s) + 3600;
    s->slots = calloc(slots, sizeof *s->slots);
    if (s->slots == NULL) {
        fprintf(stderr, "kogge-node: no memory for %u samples\n", slots);
        return false;
    }
    struct node_setup setup = {
        .header = {s->setup.device, log, channels, CHANNELS},
        .port = {s, read_channel, publish},
        .sample_every_s = plan->sample_every_s,
        .send_every_s = plan->send_every_s,
        .slots = s->slots,
        .slot_count = slots,
        .pack = s->pack,
        .pack_size = sizeof s->pack,
        .next_sequence = 1,
    };
    if (!node_init(&s->node, &setup, now_us)) {
        fprintf(
            stderr,
            "kogge-node: device \"%s\": an id has 1 to %d letters, digits or -:._ and "
            "begins with a letter or digit\n",
            s->setup.device, PACK_DEVICE_MAX);
        return false;
    }
    take_history(s, plan);
    return true;
}

bool station_open(struct station *s, const struct station_setup *setup,
                  const struct station_plan *plan, int wake_fd, int64_t now_us)
{
    *s = (struct station){.setup = *setup, .quiet = plan->quiet};
    if (!init_node(s, plan, now_us)) {
        return false;
    }
    char will[LINK_WILL];
    size_t length =
        pack_status(&s->node.header, &s->node.queue, false, will, sizeof will - 1);
    will[length] = '\0';
    if (!link_open(&s->link, plan->broker, setup->city, setup->device, will, wake_fd)) {
        fprintf(stderr, "kogge-node: --broker %s: expected mqtt://HOST:PORT\n",
                plan->broker);
        return false;
    }
    return true;
}

static void say(const struct station *s, const char *sentence)
{
    if (!s->quiet) {
        fprintf(stderr, "kogge-node: %s: %s\n", s->setup.device, sentence);
    }
}

static void send_status(struct station *s)
{
    char status[LINK_WILL];
    size_t length =
        pack_status(&s->node.header, &s->node.queue, true, status, sizeof status);
    if (!link_send_status(&s->link, status, length)) {
        say(s, "the status could not be sent");
    }
}

static void take_event(struct station *s, enum link_event event)
{
    uint32_t held = s->node.queue.count;
    switch (event) {
    case LINK_UP:
        say(s, "connected");
        s->refused = false;
        node_link_up(&s->node);
        send_status(s);
        break;
    case LINK_REFUSED:
        if (!s->refused) {
            say(s, "the broker is not reachable or refuses us, trying again");
        }
        s->refused = true;
        break;
    case LINK_DOWN:
        say(s, "connection lost, samples are held");
        node_link_down(&s->node);
        break;
    case LINK_CONFIRMED:
        node_confirm(&s->node);
        s->sent += held - s->node.queue.count;
        break;
    case LINK_NOTHING:
        break;
    }
}

int64_t station_step(struct station *s, int64_t utc_us, int64_t mono_us)
{
    int64_t retry_us = INT64_MAX;
    enum link_event event = link_step(&s->link, mono_us, &retry_us);
    while (event != LINK_NOTHING) {
        take_event(s, event);
        event = link_step(&s->link, mono_us, &retry_us);
    }
    int64_t next_us = node_step(&s->node, utc_us);
    if (retry_us != INT64_MAX && utc_us + (retry_us - mono_us) < next_us) {
        next_us = utc_us + (retry_us - mono_us);
    }
    return next_us;
}

void station_close(struct station *s)
{
    if (s->link.client != NULL) {
        char status[LINK_WILL];
        size_t length =
            pack_status(&s->node.header, &s->node.queue, false, status, sizeof status);
        link_close(&s->link, status, length);
    }
    free(s->slots);
    s->slots = NULL;
}
