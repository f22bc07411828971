/* SPDX-License-Identifier: EUPL-1.2 */
#include "ingest/mqtt_inside.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "ingest/source_copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    RETRY_MS = 100,       /* while the broker is away, */
    RETRY_LATER_MS = 500, /* after a minute */
    REFUSED_MS = 200,     /* first wait after a refusal; doubled up to */
    REFUSED_MOST_MS = 10000,
    INBOX_MS = 1000,        /* least wait after a failure of the inbox */
    STEADY_S = 10,          /* a connection that lived so long was a good one */
    CONTESTED_S = 60,       /* the same, while another client wants the session */
    CONTEST = 3,            /* short connections in a row, ended without a reason */
    PASSWORD = 4096,        /* bytes, most */
    CLIENT_IDLE_MS = 40000, /* paho gives up by itself before */
    STOP_IDLE_MS = 300,
    ASK_MS = 100,
};

/* --- what is said --- */

/* The connection does not stand, and why; logged if that is news: a broker that ends one
 * connection after the other for the same reason is told of once. What the inbox does not
 * take is said once for all sources by who owns it. */
static void note_down(struct mqtt *m, enum gate_end end, const char *sentence)
{
    pthread_mutex_lock(&m->mutex);
    bool was_connected = m->connected;
    bool news = was_connected || strcmp(m->error, sentence) != 0;
    if (was_connected) {
        m->connected = false;
        m->since_us = clock_now_us();
    }
    m->since_monotonic_us = news ? clock_monotonic_us() : m->since_monotonic_us;
    text_copy(m->error, sizeof m->error, sentence);
    bool tell = end != GATE_INBOX && strcmp(m->told, sentence) != 0;
    if (end != GATE_INBOX) {
        text_copy(m->told, sizeof m->told, sentence);
        m->quiet = !tell && (m->quiet || was_connected);
    }
    pthread_mutex_unlock(&m->mutex);
    if (tell) {
        log_line(LOG_WARN, "ingest", "source %s: %s; trying again", m->source->source,
                 sentence);
    }
}

/* What ended, or will end, this connection: the first reason counts. */
void mqtt_note_reason(struct mqtt *m, const char *reason)
{
    pthread_mutex_lock(&m->mutex);
    if (m->reason[0] == '\0') {
        text_copy(m->reason, sizeof m->reason, reason);
    }
    pthread_mutex_unlock(&m->mutex);
}

void mqtt_set_state(struct mqtt *m, enum state state)
{
    pthread_mutex_lock(&m->mutex);
    m->state = state;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->mutex);
}

/* Waits until paho has let go of the connection. False: it did not. */
static bool await_idle(struct mqtt *m, int timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int timed_out = 0;
    pthread_mutex_lock(&m->mutex);
    while (m->state != STATE_IDLE && timed_out == 0) {
        timed_out = pthread_cond_timedwait(&m->changed, &m->mutex, &until);
    }
    bool idle = m->state == STATE_IDLE;
    pthread_mutex_unlock(&m->mutex);
    return idle;
}

/* --- what the gate asks (its thread) --- */

/* The password in file, without the end of its line. */
static enum err read_password(struct mqtt *m, struct buf *password)
{
    const char *file = m->source->password_file;
    if (file == NULL) {
        return ERR_OK;
    }
    enum err e = file_read(file, password);
    if (e != ERR_OK) {
        char line[MQTT_SENTENCE];
        snprintf(line, sizeof line, "password_file %s: %s", file, err_text(e));
        mqtt_note_reason(m, line);
        return e;
    }
    while (password->length > 0 && (password->bytes[password->length - 1] == '\n' ||
                                    password->bytes[password->length - 1] == '\r')) {
        password->length--;
    }
    return ERR_OK;
}

static enum err check_file(struct mqtt *m, const char *option, const char *file)
{
    if (file == NULL || access(file, R_OK) == 0) {
        return ERR_OK;
    }
    char line[MQTT_SENTENCE];
    char text[96];
    snprintf(line, sizeof line, "%s %s: %s", option, file,
             strerror_r(errno, text, sizeof text));
    mqtt_note_reason(m, line);
    return ERR_ABSENT;
}

static enum err set_tls(struct mqtt *m, MQTTAsync_SSLOptions *tls)
{
    const struct source *s = m->source;
    enum err e = check_file(m, "ca_file", s->ca_file);
    e = e != ERR_OK ? e : check_file(m, "certificate_file", s->certificate_file);
    e = e != ERR_OK ? e : check_file(m, "key_file", s->key_file);
    tls->trustStore = s->ca_file;
    tls->keyStore = s->certificate_file;
    tls->privateKey = s->key_file != NULL ? s->key_file : s->certificate_file;
    tls->enableServerCertAuth = 1;
    tls->verify = 1;
    return e;
}

static enum err owner_connect(void *arg)
{
    struct mqtt *m = arg;
    pulse_await(m->pulse); /* here, so that the hub's start need not wait */
    if (atomic_load(&m->stopping) || !await_idle(m, 0)) {
        return ERR_BUSY;
    }
    /* paho tells the end of a connection with its lock held and clears its callbacks
     * after; what is set before it lets go of the lock would be cleared with them. This
     * call takes the lock. */
    (void)MQTTAsync_isConnected(m->client);
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    struct buf password;
    buf_init(&password, PASSWORD);
    enum err e = read_password(m, &password);
    if (e == ERR_OK && m->address.tls) {
        e = set_tls(m, &tls);
    }
    if (e == ERR_OK) {
        mqtt_set_state(m, STATE_CONNECTING);
        e = mqtt_session_connect(m, m->address.tls ? &tls : NULL, &password);
        if (e != ERR_OK) {
            mqtt_set_state(m, STATE_IDLE);
        }
    }
    buf_wipe(&password);
    return e;
}

/* Not before the answer is there: paho would look for it too early, and sleep. */
static void owner_answered(void *arg)
{
    pulse_quicken(((struct mqtt *)arg)->pulse);
}

static void owner_slowed(void *arg, bool slowed)
{
    struct mqtt *m = arg;
    pthread_mutex_lock(&m->mutex);
    m->slowed_us = slowed ? clock_now_us() : CLOCK_NONE;
    pthread_mutex_unlock(&m->mutex);
    log_line(slowed ? LOG_WARN : LOG_INFO, "ingest", "source %s: %s", m->source->source,
             slowed ? "more comes than its ceiling allows; it is read more slowly"
                    : "no longer slowed");
}

/* How long the connection lived, or was away; steady: it was a good one. */
static int64_t judge_life(struct mqtt *m, enum gate_end end, bool was_connected,
                          bool *steady)
{
    pthread_mutex_lock(&m->mutex);
    int64_t lived_us = clock_monotonic_us() - m->since_monotonic_us;
    *steady = was_connected &&
              lived_us >= (m->contested ? CONTESTED_S : STEADY_S) * CLOCK_US_PER_S;
    if (*steady) {
        m->told[0] = '\0';
        m->contested = false;
    } else if (end == GATE_BROKER && was_connected && m->refusals >= CONTEST &&
               m->reason[0] == '\0') {
        m->contested = true; /* MQTT 3.1.1 has no word for it */
    }
    pthread_mutex_unlock(&m->mutex);
    return lived_us;
}

/* The sentence for what ended: paho's reason, else the gate's. */
static void ending(struct mqtt *m, enum gate_end end, const char *why, bool was_connected,
                   char to[MQTT_SENTENCE])
{
    pthread_mutex_lock(&m->mutex);
    text_copy(to, MQTT_SENTENCE, m->reason);
    m->reason[0] = '\0';
    bool contested = m->contested;
    pthread_mutex_unlock(&m->mutex);
    if (to[0] != '\0' && end != GATE_INBOX) {
        return;
    }
    text_copy(to, MQTT_SENTENCE, why);
    if (end == GATE_AWAY || end == GATE_INBOX) {
        return;
    }
    if (m->address.tls && !was_connected) {
        /* paho checks the name after the handshake and says nothing when it differs; who
         * closes first then is chance, so that it looks like the other case */
        snprintf(to, MQTT_SENTENCE,
                 "TLS with %s failed: its certificate does not name %s, or it wants a "
                 "client certificate",
                 m->source->broker, m->address.host);
    } else if (end == GATE_BROKER && !was_connected) {
        snprintf(to, MQTT_SENTENCE, "%s: %s before it answered", m->source->broker, why);
    } else if (end == GATE_BROKER && contested) {
        snprintf(to, MQTT_SENTENCE,
                 "the broker ends each connection soon: does another client use the "
                 "client id %s?",
                 m->source->client_id);
    } else if (end == GATE_CLIENT) {
        text_copy(to, MQTT_SENTENCE,
                  was_connected ? "the broker did not answer in time"
                                : "the connection could not be begun");
    }
}

/* Milliseconds until the next try. */
static int retry_ms(struct mqtt *m, enum gate_end end, int64_t lived_us, bool steady)
{
    if (end == GATE_AWAY) {
        m->refusals = 0;
        return lived_us < 60 * CLOCK_US_PER_S ? RETRY_MS : RETRY_LATER_MS;
    }
    if (steady && end != GATE_INBOX) {
        m->refusals = 0;
        return 0;
    }
    int wait_ms = REFUSED_MS << (m->refusals < 6 ? m->refusals++ : 6);
    wait_ms = wait_ms < REFUSED_MOST_MS ? wait_ms : REFUSED_MOST_MS;
    return end == GATE_INBOX && wait_ms < INBOX_MS ? INBOX_MS : wait_ms;
}

/* Waits until paho has let go of a connection whose socket is closed. It is asked, too:
 * there are ends that it tells nobody. */
static bool await_end(struct mqtt *m, int timeout_ms)
{
    for (; timeout_ms > 0; timeout_ms -= ASK_MS) {
        if (await_idle(m, ASK_MS)) {
            return true;
        }
        pthread_mutex_lock(&m->mutex);
        bool was_connected = m->state == STATE_CONNECTED;
        pthread_mutex_unlock(&m->mutex);
        if (was_connected && MQTTAsync_isConnected(m->client) == 0) {
            mqtt_set_state(m, STATE_IDLE);
        }
    }
    return false;
}

static int owner_ended(void *arg, enum gate_end end, const char *why)
{
    struct mqtt *m = arg;
    bool stopping = atomic_load(&m->stopping);
    /* While paho has it, it may still put messages that it had read. */
    bool idle = await_end(m, stopping ? STOP_IDLE_MS : CLIENT_IDLE_MS);
    int64_t connection = atomic_exchange(&m->connection, 0);
    bool recorded = connection == 0 ||
                    inbox_disconnected(m->inbox, connection, clock_now_us()) == ERR_OK;
    end = recorded ? end : GATE_INBOX;
    if (stopping || atomic_load(&m->stopping)) {
        return RETRY_MS;
    }
    char line[MQTT_SENTENCE];
    bool steady = false;
    int64_t lived_us = judge_life(m, end, connection != 0, &steady);
    ending(m, end, why, connection != 0, line);
    if (!idle) {
        text_copy(line, sizeof line, "the connection does not end");
    }
    note_down(m, end, line);
    if (end == GATE_INBOX && connection == 0) {
        return INBOX_MS; /* no broker was asked */
    }
    return retry_ms(m, end, lived_us, steady);
}

/* --- for the owner --- */

void mqtt_setup(void)
{
    MQTTAsync_init_options o = MQTTAsync_init_options_initializer;
    o.do_openssl_init = 1;
    MQTTAsync_global_init(&o);
}

struct inbox_session mqtt_session_of(const struct mqtt *m)
{
    return (struct inbox_session){m->source->broker, m->source->client_id};
}

/* Behind those that there are. */
static enum err add_filter(struct mqtt *m, const char *text, bool unwanted)
{
    size_t size = strlen(text) + 1;
    struct filter *f = calloc(1, sizeof *f + size);
    struct filter **last = &m->filters;
    if (f == NULL) {
        return ERR_MEMORY;
    }
    f->mqtt = m;
    f->unwanted = unwanted;
    memcpy(f->text, text, size);
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = f;
    return ERR_OK;
}

static enum err add_unwanted(void *arg, const char *text)
{
    struct mqtt *m = arg;
    return source_copy_subscribes(m->source, text) ? ERR_OK : add_filter(m, text, true);
}

/* What the broker may have and the source does not want, then what it wants. */
static enum err make_filters(struct mqtt *m)
{
    const struct inbox_session session = mqtt_session_of(m);
    enum err e = inbox_list_filters(m->inbox, &session, m, add_unwanted);
    for (size_t i = 0; i < m->source->subscribe_count && e == ERR_OK; i++) {
        e = add_filter(m, m->source->subscribe[i], false);
    }
    return e;
}

static void free_filters(struct mqtt *m)
{
    while (m->filters != NULL) {
        struct filter *next = m->filters->next;
        free(m->filters);
        m->filters = next;
    }
}

static enum err make_client(struct mqtt *m)
{
    char name[ADDRESS_TEXT];
    char url[ADDRESS_TEXT + 8];
    MQTTAsync_createOptions of3 = MQTTAsync_createOptions_initializer;
    MQTTAsync_createOptions of5 = MQTTAsync_createOptions_initializer5;
    bool is5 = m->source->mqtt_version == 5;
    snprintf(url, sizeof url, "%s://%s", m->address.tls ? "ssl" : "tcp",
             address_format(&m->address, name));
    if (MQTTAsync_createWithOptions(&m->client, url, m->source->client_id,
                                    MQTTCLIENT_PERSISTENCE_NONE, NULL,
                                    is5 ? &of5 : &of3) != MQTTASYNC_SUCCESS) {
        return ERR_MEMORY;
    }
    return mqtt_session_init(m);
}

static void init_sync(struct mqtt *m)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&m->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&m->mutex, NULL);
}

enum err mqtt_open(const struct mqtt_place *place, const struct source *s,
                   struct mqtt **out, struct diag *d)
{
    struct mqtt *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return ERR_MEMORY;
    }
    init_sync(m);
    m->inbox = place->inbox;
    m->pulse = place->pulse;
    m->slowed_us = CLOCK_NONE;
    m->since_us = clock_now_us();
    m->since_monotonic_us = clock_monotonic_us();
    atomic_store(&m->ceiling_bytes, place->ceiling_bytes);
    const struct gate_owner owner = {.arg = m,
                                     .connect = owner_connect,
                                     .answered = owner_answered,
                                     .ended = owner_ended,
                                     .messages_per_s = s->max_messages_per_s,
                                     .bytes_per_s = s->max_bytes_per_s,
                                     .slowed = owner_slowed};
    enum err e = ERR_MEMORY;
    m->source = source_copy_new(s);
    if (m->source != NULL) {
        e = address_parse(s->broker, &m->address, d) == ERR_OK ? ERR_OK : ERR_CONFIG;
    }
    e = e != ERR_OK ? e : make_filters(m);
    e = e != ERR_OK ? e : gate_open(m->inbox, &m->address, &owner, &m->gate);
    e = e != ERR_OK ? e : make_client(m);
    e = e != ERR_OK ? e : gate_start(m->gate);
    if (e != ERR_OK) {
        mqtt_close(m);
        return e;
    }
    *out = m;
    return ERR_OK;
}

void mqtt_stop(struct mqtt *m)
{
    atomic_store(&m->stopping, true);
    mqtt_session_leave(m);
}

void mqtt_close(struct mqtt *m)
{
    if (m == NULL) {
        return;
    }
    if (atomic_load(&m->stopping) && MQTTAsync_isConnected(m->client) != 0) {
        (void)await_idle(m, STOP_IDLE_MS);
    }
    atomic_store(&m->stopping, true);
    gate_close(m->gate);
    if (m->client != NULL) {
        MQTTAsync_destroy(&m->client);
    }
    pthread_cond_destroy(&m->changed);
    pthread_mutex_destroy(&m->mutex);
    free_filters(m);
    source_copy_free(m->source);
    free(m);
}

void mqtt_set_ceiling(struct mqtt *m, int64_t ceiling_bytes)
{
    atomic_store(&m->ceiling_bytes, ceiling_bytes);
}

const struct source *mqtt_source(const struct mqtt *m)
{
    return m->source;
}

void mqtt_status(struct mqtt *m, void *arg,
                 void (*row)(void *arg, const struct ingest_status *s))
{
    char error[MQTT_SENTENCE];
    pthread_mutex_lock(&m->mutex);
    text_copy(error, sizeof error, m->error);
    if (m->connected && m->contested &&
        clock_monotonic_us() - m->since_monotonic_us >= CONTESTED_S * CLOCK_US_PER_S) {
        error[0] = '\0'; /* the other one has given up */
    }
    struct ingest_status s = {
        .source = m->source->source,
        .broker = m->source->broker,
        .error = error[0] != '\0' ? error : NULL,
        .connected = m->connected,
        .subscribed = m->connected && m->unanswered == 0,
        .session_present = m->present,
        .since_us = m->since_us,
        .step_us = gate_step_us(m->gate),
        .slowed_us = m->slowed_us,
        .messages = atomic_load(&m->messages),
        .bytes = atomic_load(&m->bytes),
    };
    pthread_mutex_unlock(&m->mutex);
    row(arg, &s);
}
