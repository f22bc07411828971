/* SPDX-License-Identifier: EUPL-1.2 */
/* What the hub is compared with, by the same protocol, MQTT 5: a paho client that does
 * nothing with a message (noop), one that commits each to SQLite (commit), and the gate
 * with the inbox behind it (inbox).
 * usage: bench_sink noop|commit|inbox PORT CLIENT FILTER WANT FOLDER
 * Prints "ready" once it may be sent messages, "done" after WANT of them; ends when stdin
 * does. WANT 0 only leaves a session behind. */
#include "ingest/ingest.h"
#include "store/inbox.h"

#include <MQTTAsync.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sink {
    const char *filter;
    long want;
    long count;
    sqlite3 *db; /* NULL: messages are dropped */
    sqlite3_stmt *put;
    MQTTAsync client;
    atomic_bool ready, done;
};

static int die(const char *what)
{
    fprintf(stderr, "bench_sink: %s\n", what);
    return 1;
}

static int on_message(void *arg, char *topic, int length, MQTTAsync_message *m)
{
    struct sink *s = arg;
    (void)length;
    if (s->db != NULL) {
        sqlite3_bind_blob(s->put, 1, m->payload, m->payloadlen, SQLITE_STATIC);
        if (sqlite3_step(s->put) != SQLITE_DONE) {
            die(sqlite3_errmsg(s->db));
        }
        sqlite3_reset(s->put);
    }
    MQTTAsync_freeMessage(&m);
    MQTTAsync_free(topic);
    if (++s->count == s->want) {
        atomic_store(&s->done, true);
    }
    return 1;
}

static void on_subscribed(void *arg, MQTTAsync_successData5 *data)
{
    (void)data;
    atomic_store(&((struct sink *)arg)->ready, true);
}

static void on_connected(void *arg, MQTTAsync_successData5 *data)
{
    struct sink *s = arg;
    MQTTAsync_responseOptions o = MQTTAsync_responseOptions_initializer;
    o.onSuccess5 = on_subscribed;
    o.context = s;
    if (data->alt.connect.sessionPresent) {
        atomic_store(&s->ready, true);
    } else if (MQTTAsync_subscribe(s->client, s->filter, 1, &o) != MQTTASYNC_SUCCESS) {
        die("it can't subscribe");
    }
}

static int open_table(struct sink *s, const char *folder)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/sink.db", folder);
    return sqlite3_open(path, &s->db) == SQLITE_OK &&
           sqlite3_exec(s->db,
                        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                        "CREATE TABLE IF NOT EXISTS m(id INTEGER PRIMARY KEY, p BLOB)",
                        NULL, NULL, NULL) == SQLITE_OK &&
           sqlite3_prepare_v2(s->db, "INSERT INTO m(p) VALUES(?1)", -1, &s->put, NULL) ==
               SQLITE_OK;
}

static void wait_for(const atomic_bool *what)
{
    while (!atomic_load(what)) {
        usleep(2000);
    }
}

static int run_plain(struct sink *s, const char *port, const char *client)
{
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%s", port);
    MQTTAsync_createOptions of = MQTTAsync_createOptions_initializer5;
    MQTTAsync_connectOptions o = MQTTAsync_connectOptions_initializer5;
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperty kept = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
                         .value.integer4 = 3600};
    MQTTProperties_add(&properties, &kept);
    o.connectProperties = &properties;
    o.cleanstart = s->want < 0;
    o.keepAliveInterval = 60;
    o.onSuccess5 = on_connected;
    o.context = s;
    if (MQTTAsync_createWithOptions(&s->client, url, client, MQTTCLIENT_PERSISTENCE_NONE,
                                    NULL, &of) != MQTTASYNC_SUCCESS ||
        MQTTAsync_setCallbacks(s->client, s, NULL, on_message, NULL) !=
            MQTTASYNC_SUCCESS ||
        MQTTAsync_connect(s->client, &o) != MQTTASYNC_SUCCESS) {
        return die("it can't connect");
    }
    MQTTProperties_free(&properties);
    if (s->want <= 0) {
        wait_for(&s->ready);
    }
    puts("ready");
    if (s->want > 0) {
        wait_for(&s->done);
    }
    puts("done");
    return getchar() == EOF ? 0 : 1;
}

static void see_connected(void *arg, const struct ingest_status *s)
{
    *(bool *)arg = s->connected;
}

static int run_inbox(const struct sink *s, const char *port, const char *client,
                     const char *folder)
{
    char url[64];
    struct inbox *inbox = NULL;
    struct ingest *ingest = NULL;
    struct diag d = {.text = ""};
    snprintf(url, sizeof url, "mqtt://127.0.0.1:%s", port);
    const struct source source = {.source = "bench",
                                  .broker = url,
                                  .client_id = client,
                                  .subscribe = &s->filter,
                                  .subscribe_count = 1,
                                  .mqtt_version = 5,
                                  .keep_alive_s = 30,
                                  .format = "auto"};
    if (inbox_open(folder, &inbox, &d) != ERR_OK ||
        ingest_open(inbox, &ingest, &d) != ERR_OK ||
        ingest_set_sources(ingest, &source, 1, INT64_C(256) * 1024, &d) != ERR_OK) {
        return die(d.text);
    }
    puts("ready");
    bool connected = false;
    while (s->want == 0 && !connected) {
        usleep(2000);
        ingest_status(ingest, &connected, see_connected);
    }
    while (inbox_last(inbox) < s->want) {
        inbox_wait(inbox, s->want - 1, 1000);
    }
    puts("done");
    int code = getchar() == EOF ? 0 : 1;
    ingest_close(ingest);
    inbox_close(inbox);
    return code;
}

int main(int argc, char **argv)
{
    static struct sink s;
    if (argc != 7) {
        return die("usage: bench_sink noop|commit|inbox PORT CLIENT FILTER WANT FOLDER");
    }
    s.filter = argv[4];
    s.want = strtol(argv[5], NULL, 10);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(argv[1], "inbox") == 0) {
        return run_inbox(&s, argv[2], argv[3], argv[6]);
    }
    if (strcmp(argv[1], "commit") == 0 && !open_table(&s, argv[6])) {
        return die(sqlite3_errmsg(s.db));
    }
    return run_plain(&s, argv[2], argv[3]);
}
