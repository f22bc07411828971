/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/power_world.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "store/inbox_reader.h"
#include "store/sqlite.h"
#include "support/assert_close.h"
#include "support/audit_run.h"
#include "support/power_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    AT_S = 1780271000,
    SOURCES = 4,       /* that messages come by */
    STOP_AT = 14,      /* a clean stop behind this group */
    HEAL_AT = 10,      /* refusals */
    GROUPS_MOST = 400, /* more: the hub does not go on */
};

/* In the place of the hub's own: what it says about each cut would bury the counts. */
void log_line(enum log_level level, const char *module, const char *format, ...)
{
    (void)level;
    (void)module;
    (void)format;
}

/* --- messages --- */

static void number_message(struct power_message *m, int i)
{
    m->source = 3;
    text_copy(m->topic, sizeof m->topic, "g/gauge-1/W");
    snprintf(m->payload, sizeof m->payload, "500.%03d", i);
}

static void ttn_message(struct power_message *m, int i)
{
    /* some differ about one time, some agree, one in twenty needs pages of its own */
    const char *device = i % 10 == 3 ? "late-1" : i % 2 == 0 ? "ttn-1" : "ttn-2";
    int at_s = AT_S + (i % 10 == 9 ? i - 8 : i % 10 == 2 ? i - 2 : i);
    int temp = i % 10 == 2 ? i - 2 : i;
    m->source = 0;
    snprintf(m->topic, sizeof m->topic, "v3/app/devices/%s/up", device);
    snprintf(m->payload, sizeof m->payload,
             "{\"end_device_ids\": {\"device_id\": \"%s\"}, \"uplink_message\": {"
             "\"f_cnt\": %d, \"decoded_payload\": {\"at\": %d, \"temp\": %d.5,"
             " \"bat\": 3.%d, \"crc\": \"%0*d\"}}}",
             device, i, at_s, 5 + temp % 20, i, i % 20 == 8 ? 3900 : 1, i);
}

static void make_messages(struct power_world *p)
{
    for (int i = 0; i < POWER_MESSAGES; i++) {
        struct power_message *m = &p->messages[i];
        if (i % 10 == 7) { /* can't be read */
            m->source = 1;
            text_copy(m->topic, sizeof m->topic, "a/x");
            snprintf(m->payload, sizeof m->payload, "{\"device\": %d", i);
        } else if (i % 10 == 5) {
            number_message(m, i);
        } else {
            ttn_message(m, i);
        }
    }
}

/* --- the hub --- */

/* Only what time heals may be the answer to a fault of the disk. */
static bool went_well(struct power_world *p, enum err e, const char *what)
{
    if (e == ERR_OK || power_vfs_is_off()) {
        return e == ERR_OK;
    }
    if (err_class(e) != ERR_CLASS_RETRY) {
        fail_msg("%s: %s", what, err_text(e));
    }
    if (++p->refused == HEAL_AT) {
        power_vfs_heal();
    } else if (p->refused > GROUPS_MOST) {
        fail_msg("%s: fails on a sound disk: %s", what, err_text(e));
    }
    return false;
}

void power_world_stop(struct power_world *p)
{
    outbox_close(p->outbox);
    pipeline_close(p->world.pipeline);
    inbox_close(p->world.inbox);
    p->outbox = NULL;
    p->world.pipeline = NULL;
    p->world.inbox = NULL;
    p->running = false;
}

static enum err open_parts(struct power_world *p, struct diag *d)
{
    struct pipeline_world *w = &p->world;
    enum err e = inbox_open(w->folder, &w->inbox, d);
    e = e != ERR_OK ? e : pipeline_open(w->folder, w->inbox, p->current, &w->pipeline, d);
    e = e != ERR_OK ? e : outbox_open(w->folder, false, &p->outbox, d);
    for (int i = 0; i < SOURCES && e == ERR_OK; i++) {
        /* the broker keeps the session; a first connection begins one all the same */
        e = inbox_connected(w->inbox, world_sources[i], true, WORLD_START_US,
                            &w->connections[i]);
    }
    return e;
}

static sqlite3 *look_into(const struct power_world *p, const char *name)
{
    char path[300];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%.250s/%s", p->world.folder, name);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        sqlite3_close(db);
        return NULL;
    }
    return db;
}

static uint64_t hash_of_rows(sqlite3 *db, const char *table, uint64_t hash)
{
    char sql[100];
    sqlite3_stmt *q = NULL;
    int step;
    snprintf(sql, sizeof sql, "SELECT * FROM %s", table);
    assert_int_equal(sqlite_prepare(db, sql, &q), ERR_OK);
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        for (int c = 0; c < sqlite3_column_count(q); c++) {
            const unsigned char *bytes = sqlite3_column_blob(q, c);
            int size = sqlite3_column_bytes(q, c);
            for (int i = 0; i < size; i++) {
                hash = (hash ^ bytes[i]) * UINT64_C(1099511628211); /* FNV-1a */
            }
            hash = hash_text(hash, "|");
        }
    }
    assert_int_equal(step, SQLITE_DONE);
    sqlite3_finalize(q);
    return hash;
}

/* Of all that a batch writes. What is written at a start, too, is left out. */
static uint64_t hash_of_store(const struct power_world *p)
{
    sqlite3 *db = look_into(p, "hub.db");
    sqlite3_stmt *tables = NULL;
    uint64_t hash = HASH_TEXT_START;
    int count = 0;
    assert_int_equal(sqlite_prepare(db,
                                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                                    " AND name NOT IN ('numbers', 'pending')",
                                    &tables),
                     ERR_OK);
    for (; sqlite3_step(tables) == SQLITE_ROW; count++) {
        hash = hash_of_rows(db, sqlite_text(tables, 0), hash);
    }
    assert_true(count > 5);
    sqlite3_finalize(tables);
    sqlite3_close(db);
    return hash;
}

static void note_shown(struct power_world *p)
{
    if (!power_vfs_is_off()) {
        p->shown = pipeline_cursor(p->world.pipeline);
        if (p->recording) {
            p->states[p->shown] = hash_of_store(p);
        }
    }
}

static bool start(struct power_world *p)
{
    struct diag d = {0};
    enum err e = open_parts(p, &d);
    p->running = e == ERR_OK;
    if (!p->running) {
        power_world_stop(p);
    } else {
        note_shown(p);
    }
    return went_well(p, e, d.text[0] != '\0' ? d.text : "start");
}

/* --- what it does --- */

static enum err put(struct power_world *p, int i, uint64_t *transaction)
{
    const struct power_message *m = &p->messages[i];
    const struct message message = {
        .topic = m->topic,
        .payload = m->payload,
        .size = strlen(m->payload),
        .full_size = strlen(m->payload),
        .arrival_us = WORLD_START_US + (60 + i) * INT64_C(1000000),
        .packet_id = (uint16_t)(i + 1),
        .dup = p->deliveries[i] > 0,
    };
    p->deliveries[i]++;
    return inbox_put(p->world.inbox, p->world.connections[m->source], &message,
                     transaction);
}

/* The next messages under one commit, as the gate does it: the acknowledgements leave if
 * it says so, else all of them come again on another connection. */
static void deliver(struct power_world *p)
{
    static const int sizes[] = {1, 7, 3, 12, 5, 2, 20};
    int end = p->acknowledged + sizes[(size_t)p->group % (sizeof sizes / sizeof *sizes)];
    end = end < POWER_MESSAGES ? end : POWER_MESSAGES;
    uint64_t transaction = inbox_transaction(p->world.inbox);
    enum err put_all = ERR_OK;
    for (int i = p->acknowledged; i < end && put_all == ERR_OK; i++) {
        put_all = put(p, i, &transaction);
    }
    enum err e = inbox_commit(p->world.inbox, transaction);
    e = put_all != ERR_OK ? put_all : e;
    if (went_well(p, e, "inbox") && !power_vfs_is_off()) {
        p->acknowledged = end;
    } else if (!power_vfs_is_off()) {
        for (int i = 0; i < SOURCES; i++) {
            went_well(p,
                      inbox_connected(p->world.inbox, world_sources[i], true,
                                      WORLD_START_US, &p->world.connections[i]),
                      "connection");
        }
    }
    inbox_idle(p->world.inbox);
}

static void work(struct power_world *p)
{
    if (went_well(p, pipeline_drain(p->world.pipeline), "batch")) {
        note_shown(p);
    }
}

/* As the publisher: what it has read is noted with what is to be done about it. */
static void publish(struct power_world *p)
{
    struct store_reader *r = NULL;
    struct outbox_progress progress = {.epoch = 1};
    enum err e = store_reader_open(p->world.folder, &r, NULL);
    e = e != ERR_OK ? e : store_last_change(r, &progress.change);
    store_reader_close(r);
    if (e == ERR_OK) {
        e = outbox_begin(p->outbox);
        e = e != ERR_OK ? e : outbox_put_progress(p->outbox, &progress);
        e = e != ERR_OK ? e : outbox_put_dirty(p->outbox, "all", "2026-06");
        if (e == ERR_OK) {
            e = outbox_commit(p->outbox);
        } else {
            outbox_rollback(p->outbox);
        }
    }
    if (went_well(p, e, "outbox") && !power_vfs_is_off()) {
        p->published = progress.change;
    }
}

/* What the hub does when a log is long. */
static void checkpoint(struct power_world *p, const char *name)
{
    sqlite3 *db = look_into(p, name);
    if (db != NULL) {
        sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        sqlite3_close(db);
    }
}

static void step(struct power_world *p)
{
    bool all = p->acknowledged == POWER_MESSAGES;
    if (!all) {
        deliver(p);
    }
    if (all || p->group % 3 == 2) {
        work(p);
        publish(p);
    }
    if (p->group % 7 == 4) {
        checkpoint(p, "inbox.db");
        checkpoint(p, "hub.db");
    }
    if (p->group == STOP_AT && !p->recovered) {
        power_world_stop(p);
    }
    if (++p->group > GROUPS_MOST) {
        fail_msg("the hub does not go on: %d acknowledged, cursor %lld", p->acknowledged,
                 (long long)p->shown);
    }
}

/* Nothing is left to do. */
static bool is_done(struct power_world *p, int refused)
{
    return p->running && p->acknowledged == POWER_MESSAGES && p->refused == refused &&
           p->shown == inbox_last(p->world.inbox);
}

bool power_world_run(struct power_world *p)
{
    int refused = -1; /* before the last step */
    while (!power_vfs_is_off() && (refused < 0 || !is_done(p, refused))) {
        refused = p->refused;
        if (p->running || start(p)) {
            step(p);
        }
    }
    if (power_vfs_is_off()) {
        power_world_stop(p);
        return false;
    }
    return true;
}

/* --- what must be there --- */

/* Each message at least once if it was acknowledged, at most as often as it came. */
static void check_inbox(struct power_world *p)
{
    int found[POWER_MESSAGES] = {0};
    sqlite3 *db = look_into(p, "inbox.db");
    sqlite3_stmt *q = NULL;
    int step;
    assert_int_equal(
        sqlite_prepare(db, "SELECT packet, topic, payload FROM messages", &q), ERR_OK);
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        int i = sqlite3_column_int(q, 0) - 1;
        assert_in_range(i, 0, POWER_MESSAGES - 1);
        assert_string_equal(sqlite_text(q, 1), p->messages[i].topic);
        assert_string_equal(sqlite_text(q, 2), p->messages[i].payload);
        found[i]++;
    }
    assert_int_equal(step, SQLITE_DONE);
    sqlite3_finalize(q);
    sqlite3_close(db);
    for (int i = 0; i < POWER_MESSAGES; i++) {
        if (i < p->acknowledged && found[i] == 0) {
            printf("message %d was acknowledged and is lost\n", i);
            p->lost++;
        }
        if (found[i] > p->deliveries[i]) {
            printf("message %d came %d times and is there %d times\n", i,
                   p->deliveries[i], found[i]);
            p->doubled++;
        }
    }
}

static void check_outbox(struct power_world *p)
{
    struct outbox_progress progress = {0};
    assert_int_equal(outbox_get_progress(p->outbox, &progress), ERR_OK);
    if (progress.change < p->published) {
        printf("the outbox had read up to change %lld and knows of %lld\n",
               (long long)p->published, (long long)progress.change);
        p->lost++;
    }
}

void power_world_check_cut(struct power_world *p, bool exactly)
{
    int64_t shown = p->shown;
    p->recovered = true;
    if (!start(p)) {
        fail_msg("the hub does not start after the cut");
    }
    check_inbox(p);
    check_outbox(p);
    if (p->shown < shown) {
        printf("hub.db had shown %lld messages and knows of %lld\n", (long long)shown,
               (long long)p->shown);
        p->lost++;
    } else if (exactly) {
        assert_in_range(p->shown, 0, POWER_MESSAGES);
        assert_true(hash_of_store(p) == p->states[p->shown]);
    }
}

/* Lines of a that b lacks, both sorted. */
static int lines_without(const char *a, const char *b)
{
    int count = 0;
    while (*a != '\0') {
        size_t length_a = strcspn(a, "\n");
        size_t length_b = strcspn(b, "\n");
        size_t length = length_a < length_b ? length_a : length_b;
        int order = *b == '\0' ? -1 : strncmp(a, b, length);
        order = order == 0 ? (length_a > length_b) - (length_a < length_b) : order;
        count += order < 0;
        a += order <= 0 ? length_a + 1 : 0;
        b += order >= 0 ? length_b + 1 : 0;
    }
    return count;
}

void power_world_check_end(struct power_world *p)
{
    assert_int_equal(p->acknowledged, POWER_MESSAGES);
    check_inbox(p);
    check_outbox(p);
    power_world_stop(p);
    power_vfs_leave();
    audit_expect_right(p->world.folder);
    char *dump = world_dump(&p->world);
    if (p->expected == NULL) {
        p->expected = dump;
        return;
    }
    p->lost += lines_without(p->expected, dump);
    p->doubled += lines_without(dump, p->expected);
    free(dump);
}

/* --- life --- */

uint64_t power_world_seed(void)
{
    const char *given = getenv("KOGGE_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    printf("seed %llu (KOGGE_SEED)\n", (unsigned long long)seed);
    return seed;
}

bool power_world_sample(int64_t k, int64_t of, int64_t most, int64_t *n)
{
    if (getenv("KOGGE_LONG") != NULL || most >= of) {
        *n = k + 1;
        return k < of;
    }
    *n = k * of / most + 1 + disk_draw((uint32_t)(of / most));
    return k < most;
}

void power_world_fresh(struct power_world *p, enum power_mode mode, uint64_t seed)
{
    power_vfs_start(p->world.folder, mode, seed);
    memset(p->deliveries, 0, sizeof p->deliveries);
    p->group = p->acknowledged = p->refused = 0;
    p->shown = p->published = 0;
    p->recovered = false;
}

void power_world_begin(struct power_world *p)
{
    *p = (struct power_world){.running = false};
    power_vfs_install();
    world_make(&p->world);
    p->current = current_open(world_configuration(&p->world, PIPELINE_FIRST));
    assert_non_null(p->current);
    make_messages(p);
    power_world_fresh(p, POWER_KEEP, 0);
    p->recording = true;
    assert_true(power_world_run(p));
    p->recording = false;
    power_world_check_end(p);
}

void power_world_end(struct power_world *p)
{
    current_close(p->current);
    free(p->expected);
    world_remove(&p->world);
}
