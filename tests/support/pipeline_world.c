/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/pipeline_world.h"

#include "app/context.h"
#include "app/dump.h"
#include "base/clock.h"
#include "base/file.h"
#include "store/sqlite.h"
#include "support/assert_close.h"
#include "support/audit_run.h"
#include "support/database.h"
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define OK(call) assert_int_equal((call), ERR_OK)

const char *const world_sources[WORLD_SOURCES] = {
    "luebeck-ttn",  "luebeck-a",   "luebeck-b",    "wismar-gauge",
    "wismar-senml", "wismar-keep", "luebeck-chirp"};

#define BROKER "\"broker\": \"mqtt://127.0.0.1:1\", "
#define CITY(name, title)                                                                \
    "{\"city\": \"" name "\", \"title\": {\"de\": \"" title "\", \"en\": \"" title       \
    "\"}, \"publisher\": {\"name\": \"" title "\", \"url\": \"https://example.org\"},"   \
    " \"contact\": {\"name\": \"a\", \"email\": \"a@example.org\"},"                     \
    " \"licence\": \"cc-zero\", \"stations\": [{\"station\": \"" name                    \
    "-a\", \"title\": {\"de\": \"A\", \"en\": \"A\"}, \"lat\": 54, \"lon\": 11,"         \
    " \"water\": \"W\", \"water_type\": \"brackish\","                                   \
    " \"gauge_zero\": [{\"m_nhn\": -5, \"datum\": \"DHHN2016\","                         \
    " \"from\": \"2000-01-01T00:00:00Z\", \"source\": \"made up\","                      \
    " \"verified\": false}], \"tests\": {\"water_temperature\": {"                       \
    "\"attenuated_signal_test\": {\"suspect_threshold\": 0.29137,"                       \
    " \"fail_threshold\": 0.10317, \"test_period\": 21600, \"min_obs\": 4},"             \
    " \"time_gap_test\": {\"fail_span\": 3}, \"climatology_test\": {\"members\": ["      \
    "{\"tspan\": [5, 6], \"period\": \"month\", \"vspan\": [2, 14],"                     \
    " \"fspan\": [-2, 35]}]},"                                                           \
    " \"where\": [{\"water_type\": \"brackish\", \"months\": [4],"                       \
    " \"time_gap_test\": {\"fail_span\": 4}}]}}}]}"
#define DEVICE(id, model, station)                                                       \
    "{\"device\": \"" id "\", \"model\": \"" model                                       \
    "\", \"at\": [{\"station\": \"" station                                              \
    "\", \"from\": \"2020-01-01T00:00:00Z\", \"to\": null, \"interval_s\": 600}]}"
#define OWN ", \"own_units\": [\"NTU\", \"FNU\", \"QSU\", \"dB\"]"
#define PROBE(unit)                                                                      \
    "{\"model\": \"probe\", \"vendor\": \"none\","                                       \
    " \"title\": {\"de\": \"p\", \"en\": \"p\"}, \"formats\":"                           \
    " [\"ttn\", \"json\", \"chirpstack\"],"                                              \
    " \"time\": {\"field\": \"/at\", \"form\": \"unix_s\"},"                             \
    " \"records\": {\"field\": \"/history\","                                            \
    " \"time\": {\"field\": \"/ts\", \"form\": \"unix_s\"}}, \"fields\": ["              \
    "{\"field\": \"/temp\", \"parameter\": \"water_temperature\","                       \
    " \"unit\": \"" unit "\", \"unit_field\": \"/unit\", \"sentinels\": [-127],"         \
    " \"rank\": 1}, {\"field\": \"/spare\", \"parameter\": \"water_temperature\","       \
    " \"unit\": \"degC\", \"rank\": 2},"                                                 \
    "{\"field\": \"/ec\", \"parameter\": \"conductivity_raw\", \"unit\": \"mS/cm\"},"    \
    "{\"field\": \"/bat\", \"parameter\": \"battery_voltage\", \"unit\": \"V\"}],"       \
    " \"ignore\": [\"/device\", \"/crc\"]}"

static const struct {
    const char *name, *text;
    enum pipeline_variant from;
} conf_files[] = {
    {"hub.json",
     "{\"data\": \"data\", \"payload_ceiling_kib\": 4, \"sources\": ["
     "{\"source\": \"luebeck-ttn\", \"city\": \"luebeck\", " BROKER
     "\"client_id\": \"a\", \"subscribe\": [\"v3/#\"], \"format\": \"ttn\"},"
     "{\"source\": \"luebeck-a\", \"city\": \"luebeck\", " BROKER
     "\"client_id\": \"b\", \"subscribe\": [\"a/#\"], \"format\": \"json\","
     " \"device\": \"/device\"},"
     "{\"source\": \"luebeck-b\", \"city\": \"luebeck\", " BROKER
     "\"client_id\": \"c\", \"subscribe\": [\"b/#\"], \"format\": \"json\","
     " \"device\": \"/device\"},"
     "{\"source\": \"wismar-gauge\", \"city\": \"wismar\", " BROKER
     "\"client_id\": \"d\", \"subscribe\": [\"g/#\"], \"format\": \"number\","
     " \"topic\": \"g/{device}/{field}\"},"
     "{\"source\": \"wismar-senml\", \"city\": \"wismar\", " BROKER
     "\"client_id\": \"e\", \"subscribe\": [\"s/#\"], \"format\": \"senml\"},"
     "{\"source\": \"wismar-keep\", \"city\": \"wismar\", " BROKER
     "\"client_id\": \"f\", \"subscribe\": [\"k/#\"], \"format\": \"number\","
     " \"topic\": \"k/{device}/{field}\", \"take_retained\": true},"
     "{\"source\": \"luebeck-chirp\", \"city\": \"luebeck\", " BROKER
     "\"client_id\": \"g\", \"subscribe\": [\"c/#\"], \"format\": \"chirpstack\"}]}",
     PIPELINE_FIRST},
    {"devices/probe.json", PROBE("degC"), PIPELINE_FIRST},
    {"devices/probe.json", PROBE("K"), PIPELINE_CHANGED},
    {"devices/gauge.json",
     "{\"model\": \"gauge\", \"vendor\": \"none\","
     " \"title\": {\"de\": \"g\", \"en\": \"g\"}, \"formats\": [\"number\"],"
     " \"fields\": [{\"field\": \"/W\", \"quantity\": \"W\", \"unit\": \"cm\"}]}",
     PIPELINE_FIRST},
    {"devices/node.json",
     "{\"model\": \"node\", \"vendor\": \"none\","
     " \"title\": {\"de\": \"n\", \"en\": \"n\"}, \"formats\": [\"senml\"],"
     " \"fields\": [{\"field\": \"/t\", \"parameter\": \"water_temperature\","
     " \"unit\": \"degC\"}], \"ignore\": [\"/log\", \"/held\", \"/first\", \"/seq\"]}",
     PIPELINE_FIRST},
    {"cities/luebeck.json", CITY("luebeck", "Luebeck"), PIPELINE_FIRST},
    {"cities/wismar.json", CITY("wismar", "Wismar"), PIPELINE_FIRST},
    {"cities/luebeck/device-1.json", DEVICE("ttn-1", "probe", "luebeck-a"),
     PIPELINE_FIRST},
    {"cities/luebeck/device-2.json",
     "{\"device\": \"ttn-2\", \"model\": \"probe\", \"at\": [{\"station\": \"luebeck-a\","
     " \"from\": \"2020-01-01T00:00:00Z\", \"to\": null,"
     " \"positions\": {\"main\": {\"as\": \"bottom\", \"depth_m\": 4}}}]}",
     PIPELINE_FIRST},
    {"cities/luebeck/device-3.json",
     "{\"device\": \"json-1\", \"model\": \"probe\", \"at\": [{\"station\": "
     "\"luebeck-a\", \"from\": \"2020-01-01T00:00:00Z\", \"to\": null,"
     " \"positions\": {\"main\": {\"as\": \"mid\", \"depth_m\": 2}}}]}",
     PIPELINE_FIRST},
    {"cities/luebeck/device-5.json",
     "{\"device\": \"0102030405060708\", \"model\": \"probe\", \"at\": [{\"station\": "
     "\"luebeck-a\", \"from\": \"2020-01-01T00:00:00Z\", \"to\": null,"
     " \"positions\": {\"main\": {\"as\": \"low\", \"depth_m\": 3}}}]}",
     PIPELINE_FIRST},
    {"cities/luebeck/device-4.json",
     "{\"device\": \"late-1\", \"model\": \"probe\", \"at\": [{\"station\": "
     "\"luebeck-a\", \"from\": \"2020-01-01T00:00:00Z\", \"to\": null,"
     " \"positions\": {\"main\": {\"as\": \"bottom\", \"depth_m\": 4}}}]}",
     PIPELINE_LATER},
    {"cities/wismar/device-1.json", DEVICE("gauge-1", "gauge", "wismar-a"),
     PIPELINE_FIRST},
    {"cities/wismar/device-2.json", DEVICE("node-1", "node", "wismar-a"), PIPELINE_FIRST},
    {"cities/wismar/device-3.json",
     "{\"device\": \"foreign-1\", \"model\": \"probe\", \"at\": [{\"station\": "
     "\"wismar-a\", \"from\": \"2020-01-01T00:00:00Z\", \"to\": null,"
     " \"positions\": {\"main\": {\"as\": \"deep\", \"depth_m\": 9}}}]}",
     PIPELINE_FIRST},
    {"units.json", "{\"aliases\": [{\"raw\": \"Cel\", \"unit\": \"degC\"}]" OWN "}",
     PIPELINE_FIRST},
    {"units.json",
     "{\"aliases\": [{\"raw\": \"Cel\", \"unit\": \"degC\"},"
     " {\"raw\": \"grad X\", \"unit\": \"degC\"}]" OWN "}",
     PIPELINE_LATER},
};

/* --- configuration --- */

static void write_text(const char *folder, const char *name, const char *text)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void copy_parameters(const char *folder)
{
    struct buf text;
    buf_init(&text, 4 << 20);
    OK(file_read(SOURCE_CONF "/parameters.json", &text));
    write_text(folder, "parameters.json", buf_text(&text));
    buf_fini(&text);
}

static void make_conf(struct pipeline_world *w)
{
    static const char *const folders[] = {"", "/devices", "/cities", "/cities/luebeck",
                                          "/cities/wismar"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s%s", w->conf, folders[i]);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    copy_parameters(w->conf);
}

struct configuration *world_configuration(struct pipeline_world *w,
                                          enum pipeline_variant v)
{
    struct config_files *files = NULL;
    struct configuration *c = NULL;
    struct config_faults faults = {0};
    struct diag d = {0};
    for (size_t i = 0; i < sizeof conf_files / sizeof *conf_files; i++) {
        if (conf_files[i].from <= v) {
            write_text(w->conf, conf_files[i].name, conf_files[i].text);
        }
    }
    setenv("KOGGE_SHIPPED", w->conf, 1);
    enum err e = context_read(w->conf, &files, &c, &faults, &d);
    if (e != ERR_OK) {
        context_print_faults(stderr, &faults);
        fail_msg("configuration: %s", d.text);
    }
    config_faults_fini(&faults);
    config_files_close(files);
    return c;
}

void world_make(struct pipeline_world *w)
{
    memset(w, 0, sizeof *w);
    fixture_folder(w->folder);
    snprintf(w->conf, sizeof w->conf, "%.240s/conf", w->folder);
    make_conf(w);
}

void world_open(struct pipeline_world *w)
{
    struct diag d = {0};
    OK(inbox_open(w->folder, &w->inbox, &d));
    w->current = current_open(world_configuration(w, w->variant));
    assert_non_null(w->current);
    enum err e = pipeline_open(w->folder, w->inbox, w->current, &w->pipeline, &d);
    if (e != ERR_OK) {
        fail_msg("pipeline: %s %s", err_text(e), d.text);
    }
}

void world_connect(struct pipeline_world *w)
{
    for (size_t i = 0; i < WORLD_SOURCES; i++) {
        OK(inbox_connected(w->inbox, world_sources[i], false, WORLD_START_US,
                           &w->connections[i]));
    }
}

void world_begin(struct pipeline_world *w)
{
    world_make(w);
    world_open(w);
    world_connect(w);
}

void world_close(struct pipeline_world *w)
{
    pipeline_close(w->pipeline);
    inbox_close(w->inbox);
    current_close(w->current);
    w->pipeline = NULL;
    w->inbox = NULL;
    w->current = NULL;
}

void world_remove(struct pipeline_world *w)
{
    world_close(w);
    fixture_remove(w->folder);
}

/* --- feeding --- */

void world_put(struct pipeline_world *w, const struct sent *s)
{
    uint64_t transaction = 0;
    const struct message m = {.topic = s->topic,
                              .payload = s->payload,
                              .size = strlen(s->payload),
                              .full_size = strlen(s->payload),
                              .arrival_us = s->arrival_us,
                              .packet_id = s->packet_id,
                              .dup = s->dup,
                              .retained = s->retained};
    OK(inbox_put(w->inbox, w->connections[s->source], &m, &transaction));
}

void world_commit(struct pipeline_world *w)
{
    OK(inbox_commit(w->inbox, inbox_transaction(w->inbox)));
}

void world_drain(struct pipeline_world *w)
{
    OK(pipeline_drain(w->pipeline));
}

void world_feed(struct pipeline_world *w, const struct sent *m)
{
    world_put(w, m);
    world_commit(w);
    world_drain(w);
}

int64_t world_reload(struct pipeline_world *w, enum pipeline_variant v)
{
    struct diag d = {0};
    int64_t again = -1;
    OK(pipeline_reload(w->pipeline, world_configuration(w, v), &again, &d));
    w->variant = v;
    return again;
}

struct sent world_ttn(const char *device, int64_t at_s, int counter, int64_t network_s,
                      const char *values)
{
    struct sent m = {.source = 0, .arrival_us = WORLD_START_US + 60000000};
    char count[40] = "";
    char network[80] = "";
    char time[CLOCK_TEXT];
    if (counter >= 0) {
        snprintf(count, sizeof count, "\"f_cnt\": %d, ", counter);
    }
    if (network_s != 0) {
        clock_format(network_s * 1000000, time);
        snprintf(network, sizeof network, "\"received_at\": \"%s\", ", time);
    }
    snprintf(m.topic, sizeof m.topic, "v3/app/devices/%.30s/up", device);
    snprintf(m.payload, sizeof m.payload,
             "{\"end_device_ids\": {\"device_id\": \"%s\"}, \"uplink_message\": {%s%s"
             "\"decoded_payload\": {\"at\": %lld%s%s}}}",
             device, count, network, (long long)at_s, values[0] != '\0' ? ", " : "",
             values);
    return m;
}

/* --- looking --- */

char *world_dump(const struct pipeline_world *w)
{
    struct store_reader *store = NULL;
    struct inbox_reader *inbox = NULL;
    struct diag d = {0};
    char *text = NULL;
    size_t size = 0;
    OK(store_reader_open(w->folder, &store, &d));
    OK(inbox_reader_open(w->folder, &inbox, &d));
    FILE *to = open_memstream(&text, &size);
    OK(dump_write(store, inbox, to, &d));
    fclose(to);
    store_reader_close(store);
    inbox_reader_close(inbox);
    return text;
}

static sqlite3 *open_database(const struct pipeline_world *w, const char *name)
{
    sqlite3 *db = NULL;
    char path[300];
    snprintf(path, sizeof path, "%.250s/%s", w->folder, name);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    return db;
}

static int64_t number_of(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q = NULL;
    sqlite3_int64 n = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    OK(sqlite_step_number(db, q, -1, &n));
    sqlite3_finalize(q);
    return n;
}

int64_t world_number(const struct pipeline_world *w, const char *sql)
{
    return database_number(w->folder, "hub.db", sql);
}

int64_t world_inbox_number(const struct pipeline_world *w, const char *sql)
{
    return database_number(w->folder, "inbox.db", sql);
}

static void add_books(void *arg, const struct report_books *s)
{
    struct world_books *books = arg;
    for (int f = 0; f < FATE_COUNT; f++) {
        assert_true(s->fates[f] >= 0);
        books->fates[f] += s->fates[f];
        books->messages += s->fates[f];
    }
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        assert_true(s->outcomes[o] >= 0);
        books->outcomes[o] += s->outcomes[o];
    }
}

struct world_books world_books(const struct pipeline_world *w)
{
    struct store_reader *r = NULL;
    struct world_books books = {0};
    OK(store_reader_open(w->folder, &r, NULL));
    OK(report_books(r, &books, add_books));
    store_reader_close(r);
    return books;
}

struct tally {
    sqlite3 *db;
    int64_t outcomes[OUTCOME_COUNT], fates[FATE_COUNT];
};

/* Observations and conflicts of a message must be what its row says. */
static void tally_row(void *arg, const struct report_message *m)
{
    struct tally *t = arg;
    char sql[128];
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        assert_true(m->outcomes[o] >= 0);
        t->outcomes[o] += m->outcomes[o];
    }
    t->fates[m->fate]++;
    assert_int_equal(m->fate, fate_of_outcomes(m->outcomes));
    snprintf(sql, sizeof sql, "SELECT count(*) FROM observations WHERE message = %lld",
             (long long)m->id);
    assert_int_equal(number_of(t->db, sql),
                     m->outcomes[OUTCOME_STORED] + m->outcomes[OUTCOME_CONFLICT_HELD]);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM conflicts WHERE message = %lld",
             (long long)m->id);
    assert_int_equal(number_of(t->db, sql), m->outcomes[OUTCOME_CONFLICT_KEPT]);
}

static void audit_rows(const struct pipeline_world *w, sqlite3 *db,
                       const struct world_books *books)
{
    struct tally t = {.db = db};
    struct store_reader *r = NULL;
    OK(store_reader_open(w->folder, &r, NULL));
    OK(report_messages(r, FATE_COUNT, INT64_MAX, &t, tally_row));
    store_reader_close(r);
    assert_int_equal(t.outcomes[OUTCOME_REJECTED], books->outcomes[OUTCOME_REJECTED]);
    assert_int_equal(t.outcomes[OUTCOME_PENDING], books->outcomes[OUTCOME_PENDING]);
    for (int f = 0; f < FATE_COUNT; f++) {
        if (f != FATE_STORED) {
            assert_int_equal(t.fates[f], books->fates[f]);
        }
    }
    assert_int_equal(t.fates[FATE_STORED], 0); /* only exceptions are rows */
}

void world_audit(const struct pipeline_world *w, int64_t cursor)
{
    struct world_books books = world_books(w);
    sqlite3 *db = open_database(w, "hub.db");
    int64_t observations = number_of(db, "SELECT count(*) FROM observations");
    int64_t disputed = number_of(
        db, "SELECT count(*) FROM (SELECT DISTINCT series, time FROM conflicts)");
    assert_int_equal(number_of(db, "SELECT coalesce((SELECT value FROM numbers"
                                   " WHERE name = 0), 0)"),
                     cursor);
    assert_int_equal(books.messages, cursor);
    assert_int_equal(books.outcomes[OUTCOME_CONFLICT_HELD], disputed);
    assert_int_equal(books.outcomes[OUTCOME_STORED], observations - disputed);
    assert_int_equal(books.outcomes[OUTCOME_CONFLICT_KEPT],
                     number_of(db, "SELECT count(*) FROM conflicts"));
    audit_rows(w, db, &books);
    /* ids without a row are, as a set, source ids of observations */
    char sql[300];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE ids(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM ids"
             " WHERE i < %lld) SELECT count(*) FROM ids WHERE i <= %lld AND"
             " i NOT IN (SELECT id FROM messages) AND"
             " i NOT IN (SELECT message FROM observations)",
             (long long)cursor, (long long)cursor);
    assert_int_equal(number_of(db, sql), 0);
    sqlite3_close(db);
    audit_expect_right(w->folder);
}

static void see_fate(void *arg, const struct report_message *m)
{
    *(enum fate *)arg = m->fate;
}

enum fate world_fate(const struct pipeline_world *w, int64_t id)
{
    struct store_reader *r = NULL;
    enum fate fate = FATE_STORED;
    int64_t cursor = 0;
    OK(store_reader_open(w->folder, &r, NULL));
    OK(report_cursor(r, &cursor));
    enum err e = report_message(r, id, &fate, see_fate);
    store_reader_close(r);
    assert_true(e == ERR_OK || e == ERR_ABSENT);
    return id > cursor ? FATE_WAITING : fate;
}

double world_held(const struct pipeline_world *w, const char *parameter, int64_t time_us,
                  int64_t *message)
{
    struct store_reader *r = NULL;
    struct row_source rows;
    struct observation_row row;
    double value = (double)NAN;
    const struct store_query q = {.parameters = &parameter,
                                  .parameter_count = 1,
                                  .from_us = time_us,
                                  .to_us = time_us + 1};
    OK(store_reader_open(w->folder, &r, NULL));
    OK(store_rows_open(r, &q, &rows, NULL));
    *message = 0;
    if (rows.next(rows.self, &row) > 0) {
        value = row.value;
        *message = row.message;
    }
    store_rows_close(r);
    store_reader_close(r);
    return value;
}
