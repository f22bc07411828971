/* SPDX-License-Identifier: EUPL-1.2 */
/* What paho calls, in its two threads. */
#include "ingest/mqtt_inside.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "ingest/reason.h"

#include <stdio.h>
#include <string.h>

enum {
    KEEP_ALIVE_SLOW_S = 120, /* where an answer may stand behind what is not read yet */
    ANSWER_S = 30,           /* for the broker's CONNACK */
    KEPT = 1024,             /* bytes of a payload over the ceiling */
};

/* --- messages (paho's receiving thread) --- */

static void put(struct mqtt *m, const char *topic, const MQTTAsync_message *from)
{
    size_t size = (size_t)from->payloadlen;
    int64_t ceiling_bytes = atomic_load(&m->ceiling_bytes);
    bool too_large = (int64_t)size > ceiling_bytes;
    char escaped[1024];
    struct message message = {
        .topic = topic,
        .payload = from->payload,
        .size = too_large && size > KEPT ? KEPT : size,
        .full_size = size,
        .arrival_us = clock_now_us(),
        .packet_id = (uint16_t)(from->qos > 0 ? from->msgid : 0),
        .dup = from->dup != 0,
        .retained = from->retained != 0,
    };
    if (!text_is_utf8(topic, strlen(topic))) {
        message.topic = text_escape(escaped, sizeof escaped, topic, strlen(topic));
    }
    int64_t connection = atomic_load(&m->connection);
    uint64_t transaction = 0;
    enum err e = ERR_INTERNAL; /* no connection: a PUBLISH before the CONNACK */
    if (connection != 0) {
        e = inbox_put(m->inbox, connection, &message, &transaction);
    }
    if (e != ERR_OK) {
        gate_spoil(m->gate);
        return;
    }
    gate_mark(m->gate, transaction);
    atomic_fetch_add_explicit(&m->messages, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->bytes, (int64_t)size, memory_order_relaxed);
}

static int on_message(void *arg, char *topic, int topic_length, MQTTAsync_message *from)
{
    (void)topic_length; /* not 0 only if the topic has a NUL, which MQTT forbids */
    put(arg, topic, from);
    MQTTAsync_freeMessage(&from);
    MQTTAsync_free(topic);
    return 1; /* paho acknowledges whatever is returned; the gate decides */
}

/* --- subscriptions --- */

/* True if a refusal is one that was not told yet. */
static bool note_refusal(struct filter *f, int code)
{
    bool news = code >= 0x80 && f->refused != code;
    f->refused = code >= 0x80 ? code : 0;
    return news;
}

/* code: the broker's answer; below 0: there is none, the connection ended before, most
 * likely. */
static void note_subscribed(struct filter *f, int code)
{
    struct mqtt *m = f->mqtt;
    bool news = note_refusal(f, code);
    char line[MQTT_SENTENCE];
    snprintf(line, sizeof line, "subscription to %s %s%s", f->text,
             code < 0 ? "not answered" : "refused: ", code < 0 ? "" : reason_text(code));
    pthread_mutex_lock(&m->mutex);
    m->unanswered -= m->unanswered > 0;
    if (code >= 0x80 || (code < 0 && m->connected)) {
        text_copy(m->error, sizeof m->error, line);
    }
    pthread_mutex_unlock(&m->mutex);
    if (news) {
        log_line(LOG_ERROR, "ingest", "source %s: %s", m->source->source, line);
    }
}

/* The same for a filter that is given back. Without an answer it is tried again with the
 * next connection. */
static void note_given_back(struct filter *f, int code)
{
    struct mqtt *m = f->mqtt;
    const struct inbox_session session = mqtt_session_of(m);
    bool ended = code >= 0 && code < 0x80; /* 0x11: the broker did not have it */
    ended = ended && inbox_forget_filter(m->inbox, &session, f->text) == ERR_OK;
    pthread_mutex_lock(&m->mutex);
    f->gone = ended;
    pthread_mutex_unlock(&m->mutex);
    if (note_refusal(f, code)) {
        log_line(LOG_WARN, "ingest",
                 "source %s: the broker does not end the subscription to %s: %s; what it "
                 "brings is still taken",
                 m->source->source, f->text, reason_text(code));
    }
}

static void note_answer(struct filter *f, int code)
{
    (f->unwanted ? note_given_back : note_subscribed)(f, code);
}

static void on_answer(void *arg, MQTTAsync_successData *data)
{
    const struct filter *f = arg;
    note_answer(arg, data != NULL && !f->unwanted ? data->alt.qos : 0);
}

static void on_answer5(void *arg, MQTTAsync_successData5 *data)
{
    note_answer(arg, data != NULL ? (int)data->reasonCode : 0);
}

static void on_no_answer(void *arg, MQTTAsync_failureData *data)
{
    note_answer(arg, data != NULL && data->code >= 0x80 ? data->code : -1);
}

static void on_no_answer5(void *arg, MQTTAsync_failureData5 *data)
{
    bool told = data != NULL && (int)data->reasonCode >= 0x80;
    note_answer(arg, told ? (int)data->reasonCode : -1);
}

/* Asks for what is wanted, and gives back what is not. */
static void subscribe(struct mqtt *m)
{
    for (struct filter *f = m->filters; f != NULL; f = f->next) {
        MQTTAsync_responseOptions o = MQTTAsync_responseOptions_initializer;
        o.context = f;
        if (m->source->mqtt_version == 5) {
            o.onSuccess5 = on_answer5;
            o.onFailure5 = on_no_answer5;
            /* retained messages only with a new subscription, not at every reconnect */
            o.subscribeOptions.retainHandling = 1;
        } else {
            o.onSuccess = on_answer;
            o.onFailure = on_no_answer;
        }
        int rc = MQTTASYNC_SUCCESS;
        if (!f->unwanted) {
            rc = MQTTAsync_subscribe(m->client, f->text, 1, &o);
        } else if (!f->gone) {
            rc = MQTTAsync_unsubscribe(m->client, f->text, &o);
        }
        if (rc != MQTTASYNC_SUCCESS) {
            note_answer(f, -1);
        }
    }
}

/* --- connection (paho's threads) --- */

static void note_connected(struct mqtt *m, bool present)
{
    int64_t now_us = clock_now_us();
    int64_t connection = 0;
    const struct inbox_session session = mqtt_session_of(m);
    if (inbox_connected(m->inbox, m->source->source, present, now_us, &connection) !=
            ERR_OK ||
        inbox_note_filters(m->inbox, &session, !present, m->source->subscribe,
                           m->source->subscribe_count) != ERR_OK) {
        mqtt_set_state(m, STATE_CONNECTED);
        gate_spoil(m->gate);
        return;
    }
    atomic_store(&m->connection, connection);
    pthread_mutex_lock(&m->mutex);
    m->state = STATE_CONNECTED;
    m->connected = true;
    m->unanswered = 0;
    for (struct filter *f = m->filters; f != NULL; f = f->next) {
        m->unanswered += !f->unwanted;
        f->gone = f->gone || !present;
    }
    m->present = present;
    m->since_us = now_us;
    m->since_monotonic_us = clock_monotonic_us();
    if (!m->contested) { /* else it is true still */
        m->error[0] = '\0';
    }
    bool quiet = m->quiet;
    pthread_mutex_unlock(&m->mutex);
    if (!quiet) {
        log_line(LOG_INFO, "ingest", "source %s: connected to %s, %s", m->source->source,
                 m->source->broker,
                 present ? "session resumed" : "the broker knew no session");
    }
    subscribe(m);
}

static void on_connected(void *arg, MQTTAsync_successData *data)
{
    note_connected(arg, data != NULL && data->alt.connect.sessionPresent != 0);
}

static void on_connected5(void *arg, MQTTAsync_successData5 *data)
{
    note_connected(arg, data != NULL && data->alt.connect.sessionPresent != 0);
}

static void note_refused(struct mqtt *m, int code)
{
    if (code > 0) {
        char line[MQTT_SENTENCE];
        snprintf(line, sizeof line, "%s refused the connection: %s", m->source->broker,
                 reason_text(code));
        mqtt_note_reason(m, line);
    }
    mqtt_set_state(m, STATE_IDLE);
}

static void on_failure(void *arg, MQTTAsync_failureData *data)
{
    note_refused(arg, data != NULL ? data->code : 0);
}

static void on_failure5(void *arg, MQTTAsync_failureData5 *data)
{
    bool told = data != NULL && (int)data->reasonCode >= 0x80;
    note_refused(arg, told ? (int)data->reasonCode : data != NULL ? data->code : 0);
}

static void on_lost(void *arg, char *cause)
{
    (void)cause; /* paho never says one */
    mqtt_set_state(arg, STATE_IDLE);
}

static void on_disconnect5(void *arg, MQTTProperties *properties,
                           enum MQTTReasonCodes code)
{
    (void)properties;
    struct mqtt *m = arg;
    mqtt_note_reason(m, reason_text((int)code));
    if (code == MQTTREASONCODE_SESSION_TAKEN_OVER) {
        pthread_mutex_lock(&m->mutex);
        m->contested = true;
        pthread_mutex_unlock(&m->mutex);
    }
    mqtt_set_state(m, STATE_IDLE); /* paho does not call on_lost after this */
}

static void on_left(void *arg, MQTTAsync_successData *data)
{
    (void)data;
    mqtt_set_state(arg, STATE_IDLE);
}

static void on_left5(void *arg, MQTTAsync_successData5 *data)
{
    (void)data;
    mqtt_set_state(arg, STATE_IDLE);
}

static int on_tls_error(const char *line, size_t length, void *arg)
{
    struct mqtt *m = arg;
    char reason[96];
    char sentence[MQTT_SENTENCE];
    reason_of_openssl(reason, sizeof reason, line, length);
    bool verify = strstr(reason, "certificate verify") != NULL;
    snprintf(sentence, sizeof sentence, "TLS with %s failed: %s%s", m->source->broker,
             reason,
             verify ? " (its certificate is not signed by ca_file, or expired)" : "");
    mqtt_note_reason(m, sentence);
    return 1;
}

enum err mqtt_session_connect(struct mqtt *m, MQTTAsync_SSLOptions *tls,
                              const struct buf *password)
{
    const struct source *s = m->source;
    const MQTTAsync_connectOptions of3 = MQTTAsync_connectOptions_initializer;
    const MQTTAsync_connectOptions of5 = MQTTAsync_connectOptions_initializer5;
    MQTTProperties properties = MQTTProperties_initializer;
    /* 68 years. MQTT's "never", UINT32_MAX, paho 1.3.12 writes as a negative number: the
     * broker reads 255 s, and then forgets the session and all that waits in it. */
    MQTTProperty forever = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
                            .value.integer4 = INT32_MAX};
    if (tls != NULL) {
        tls->ssl_error_cb = on_tls_error;
        tls->ssl_error_context = m;
    }
    MQTTAsync_connectOptions o = s->mqtt_version == 5 ? of5 : of3;
    if (s->mqtt_version == 5) {
        o.onSuccess5 = on_connected5;
        o.onFailure5 = on_failure5;
        MQTTProperties_add(&properties, &forever);
        o.connectProperties = &properties;
    } else {
        o.MQTTVersion = MQTTVERSION_3_1_1;
        o.onSuccess = on_connected;
        o.onFailure = on_failure;
    }
    o.context = m;
    o.cleansession = o.cleanstart = 0;
    bool slow = s->max_messages_per_s > 0 || s->max_bytes_per_s > 0;
    o.keepAliveInterval =
        slow && s->keep_alive_s < KEEP_ALIVE_SLOW_S ? KEEP_ALIVE_SLOW_S : s->keep_alive_s;
    o.connectTimeout = ANSWER_S;
    o.username = s->user;
    o.binarypwd.data = password->bytes;
    o.binarypwd.len = (int)password->length;
    o.ssl = tls;
    o.httpProxy = gate_proxy(m->gate, false);
    o.httpsProxy = gate_proxy(m->gate, true);
    int rc = MQTTAsync_connect(m->client, &o);
    MQTTProperties_free(&properties);
    return rc == MQTTASYNC_SUCCESS ? ERR_OK : ERR_INTERNAL;
}

enum err mqtt_session_init(struct mqtt *m)
{
    bool is5 = m->source->mqtt_version == 5;
    int rc = MQTTAsync_setCallbacks(m->client, m, on_lost, on_message, NULL);
    if (rc == MQTTASYNC_SUCCESS && is5) {
        rc = MQTTAsync_setDisconnected(m->client, m, on_disconnect5);
    }
    return rc == MQTTASYNC_SUCCESS ? ERR_OK : ERR_INTERNAL;
}

void mqtt_session_leave(struct mqtt *m)
{
    MQTTAsync_disconnectOptions of3 = MQTTAsync_disconnectOptions_initializer;
    MQTTAsync_disconnectOptions of5 = MQTTAsync_disconnectOptions_initializer5;
    of3.context = of5.context = m;
    of3.onSuccess = on_left;
    of5.onSuccess5 = on_left5;
    /* not connected: nobody to take leave of */
    (void)MQTTAsync_disconnect(m->client, m->source->mqtt_version == 5 ? &of5 : &of3);
}
