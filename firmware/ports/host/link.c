/* SPDX-License-Identifier: EUPL-1.2 */
#include "ports/host/link.h"

#include "wire.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BACKOFF_FIRST_US INT64_C(250000)
#define BACKOFF_MAX_US INT64_C(8000000)

static void note(struct link *l, atomic_bool *flag)
{
    const uint64_t one = 1;
    atomic_store(flag, true);
    if (write(l->wake_fd, &one, sizeof one) < 0) {
        return; /* the counter is full: the loop is awake anyway */
    }
}

static void on_connected(void *context, MQTTAsync_successData *data)
{
    (void)data;
    struct link *l = context;
    note(l, &l->came_up);
}

static void on_refused(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    struct link *l = context;
    note(l, &l->went_down);
}

static void on_lost(void *context, char *cause)
{
    (void)cause;
    struct link *l = context;
    note(l, &l->went_down);
}

static void on_puback(void *context, MQTTAsync_successData *data)
{
    (void)data;
    struct link *l = context;
    note(l, &l->confirmed);
}

/* Paho wants a message callback beside the one for a lost connection. */
static int on_message(void *context, char *topic, int length, MQTTAsync_message *message)
{
    (void)context;
    (void)length;
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

bool link_open(struct link *l, const char *broker, const char *city, const char *device,
               const char *will, int wake_fd)
{
    static const char scheme[] = "mqtt://";
    char uri[LINK_TOPIC];
    char id[LINK_TOPIC];
    if (strncmp(broker, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    snprintf(uri, sizeof uri, "tcp://%s", broker + sizeof scheme - 1);
    snprintf(id, sizeof id, "kogge-node-%s-%s", city, device);
    *l = (struct link){.wake_fd = wake_fd, .backoff_us = BACKOFF_FIRST_US};
    snprintf(l->topic_up, sizeof l->topic_up, WIRE_TOPIC_ROOT "/%s/%s/" WIRE_TOPIC_UP,
             city, device);
    snprintf(l->topic_status, sizeof l->topic_status,
             WIRE_TOPIC_ROOT "/%s/%s/" WIRE_TOPIC_STATUS, city, device);
    snprintf(l->will, sizeof l->will, "%s", will);
    if (MQTTAsync_create(&l->client, uri, id, MQTTCLIENT_PERSISTENCE_NONE, NULL) !=
        MQTTASYNC_SUCCESS) {
        l->client = NULL;
        return false;
    }
    return MQTTAsync_setCallbacks(l->client, l, on_lost, on_message, NULL) ==
           MQTTASYNC_SUCCESS;
}

static void retry_later(struct link *l, int64_t now_us)
{
    l->connecting = false;
    l->retry_at_us = now_us + l->backoff_us;
    l->backoff_us =
        l->backoff_us * 2 < BACKOFF_MAX_US ? l->backoff_us * 2 : BACKOFF_MAX_US;
}

static void connect_now(struct link *l, int64_t now_us)
{
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    will.topicName = l->topic_status;
    will.message = l->will;
    will.qos = 1;
    will.retained = 1;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    options.MQTTVersion = MQTTVERSION_3_1_1;
    options.cleansession = 1;
    options.keepAliveInterval = 30;
    options.connectTimeout = 5;
    options.will = &will;
    options.onSuccess = on_connected;
    options.onFailure = on_refused;
    options.context = l;
    atomic_store(&l->confirmed, false);
    l->connecting = true;
    if (MQTTAsync_connect(l->client, &options) != MQTTASYNC_SUCCESS) {
        retry_later(l, now_us);
    }
}

enum link_event link_step(struct link *l, int64_t now_us, int64_t *next_us)
{
    if (atomic_exchange(&l->went_down, false)) {
        bool was_up = l->is_up;
        l->is_up = false;
        atomic_store(&l->came_up, false);
        retry_later(l, now_us);
        return was_up ? LINK_DOWN : LINK_REFUSED;
    }
    if (atomic_exchange(&l->came_up, false)) {
        l->is_up = true;
        l->connecting = false;
        l->backoff_us = BACKOFF_FIRST_US;
        return LINK_UP;
    }
    if (atomic_exchange(&l->confirmed, false)) {
        return LINK_CONFIRMED;
    }
    if (!l->is_up && !l->connecting && now_us >= l->retry_at_us) {
        connect_now(l, now_us);
    }
    if (!l->is_up && !l->connecting && l->retry_at_us < *next_us) {
        *next_us = l->retry_at_us;
    }
    return LINK_NOTHING;
}

static bool send_to(struct link *l, const char *topic, const char *payload, size_t length,
                    MQTTAsync_responseOptions *response)
{
    MQTTAsync_message message = MQTTAsync_message_initializer;
    char copy[8192]; /* paho's message is not const */
    if (!l->is_up || length > sizeof copy) {
        return false;
    }
    memcpy(copy, payload, length);
    message.payload = copy;
    message.payloadlen = (int)length;
    message.qos = 1;
    message.retained = topic == l->topic_status;
    return MQTTAsync_sendMessage(l->client, topic, &message, response) ==
           MQTTASYNC_SUCCESS;
}

bool link_send_pack(struct link *l, const char *payload, size_t length)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    response.onSuccess = on_puback;
    response.context = l;
    return send_to(l, l->topic_up, payload, length, &response);
}

bool link_send_status(struct link *l, const char *payload, size_t length)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    return send_to(l, l->topic_status, payload, length, &response);
}

static void disconnect(struct link *l)
{
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    options.timeout = 1000;
    options.onSuccess = on_connected;
    options.onFailure = on_refused;
    options.context = l;
    if (MQTTAsync_disconnect(l->client, &options) != MQTTASYNC_SUCCESS) {
        return;
    }
    for (int i = 0; i < 100; i++) {
        if (atomic_load(&l->came_up) || atomic_load(&l->went_down)) {
            return;
        }
        usleep(10000);
    }
}

void link_close(struct link *l, const char *status, size_t length)
{
    if (l->client == NULL) {
        return;
    }
    if (l->is_up) {
        MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
        if (send_to(l, l->topic_status, status, length, &response)) {
            (void)MQTTAsync_waitForCompletion(l->client, response.token, 1000);
        }
        disconnect(l);
    }
    MQTTAsync_destroy(&l->client);
}
