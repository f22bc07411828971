/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/power_world.h"

#include "app/choose.h"
#include "app/pipeline_internal.h"
#include "app/retention.h"
#include "base/log.h"
#include "store/frames.h"
#include "store/inbox_reader.h"
#include "store/sqlite.h"
#include "support/assert_close.h"
#include "support/audit_run.h"
#include "support/fixture.h"
#include "support/power_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
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

static void note_shown(struct power_world *p)
{
    if (!power_vfs_is_off()) {
        p->shown = pipeline_cursor(p->world.pipeline);
        if (p->recording) {
            power_world_note_state(p);
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

static int64_t arrival_us(int i)
{
    return WORLD_START_US + (60 + i) * INT64_C(1000000);
}

static enum err put(struct power_world *p, int i, uint64_t *transaction)
{
    const struct power_message *m = &p->messages[i];
    const struct message message = {
        .topic = m->topic,
        .payload = m->payload,
        .size = strlen(m->payload),
        .full_size = strlen(m->payload),
        .arrival_us = arrival_us(i),
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

static int64_t first_in_inbox(const struct power_world *p)
{
    return world_inbox_number(&p->world, "SELECT min(id) FROM messages");
}

static int64_t floor_of(const struct power_world *p)
{
    char sql[100];
    snprintf(sql, sizeof sql,
             "SELECT coalesce(max(value), 0) FROM numbers WHERE name = %d", STORE_FLOOR);
    return world_number(&p->world, sql);
}

struct giving_up {
    struct power_world *world;
    int64_t limit_us, floor;
};

static enum err give_up_step(struct pipeline *p, void *arg, struct pipeline_progress *out)
{
    struct giving_up *g = arg;
    *out = (struct pipeline_progress){.finished = true};
    enum err e = store_forget_frames(p->store, g->limit_us); /* a commit of its own */
    if (e == ERR_OK) {
        note_shown(g->world);
        e = retention_step(p->store, p->inbox, p->reader, g->limit_us);
    }
    g->floor = store_number(p->store, STORE_FLOOR);
    return e;
}

static void no_progress(void *asker, const struct pipeline_progress *so_far)
{
    (void)asker;
    (void)so_far;
}

/* As the hub when it rests. What is old is worked on, by tens: what is given up is the
 * same in the end, wherever the power went. */
static void give_up(struct power_world *p)
{
    int old = p->acknowledged / 10 * 10 - POWER_KEPT;
    struct giving_up g = {.world = p, .limit_us = arrival_us(old)};
    const struct pipeline_task task = {
        .arg = &g, .step = give_up_step, .progress = no_progress};
    p->old = old > p->old ? old : p->old;
    if (went_well(p, pipeline_do(p->world.pipeline, &task), "retention")) {
        note_shown(p);
        if (!power_vfs_is_off()) {
            p->floor = g.floor;
        }
    }
}

static void no_line(void *arg, const char *line)
{
    (void)arg;
    (void)line;
}

/* By the rule message 191 is held, before 199. */
static void choose(struct power_world *p)
{
    const struct choose_order order = {.station = "luebeck-a",
                                       .parameter = "water_temperature",
                                       .position = "",
                                       .origin = "",
                                       .time_us = (POWER_AT_S + 191) * INT64_C(1000000),
                                       .by = CHOOSE_VALUE,
                                       .value = 24.5};
    int code = -1;
    struct diag d = {0};
    enum err e = choose_run(p->world.pipeline, &order, NULL, no_line, &code, &d);
    if (went_well(p, e, d.text)) {
        note_shown(p);
        p->chosen = p->chosen || !power_vfs_is_off();
    }
}

static void work(struct power_world *p)
{
    if (!went_well(p, pipeline_drain(p->world.pipeline), "batch")) {
        return;
    }
    note_shown(p);
    if (p->acknowledged >= POWER_KEPT + 10) {
        give_up(p);
    }
    if (p->acknowledged == POWER_MESSAGES && !p->chosen) {
        choose(p);
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
    sqlite3 *db = power_world_look_into(p, name);
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
           p->shown == inbox_last(p->world.inbox) && p->chosen &&
           p->old == POWER_MESSAGES - POWER_KEPT;
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

/* Each message at least once if it was acknowledged and is not old, at most as often as
 * it came. */
static void check_inbox(struct power_world *p)
{
    int found[POWER_MESSAGES] = {0};
    sqlite3 *db = power_world_look_into(p, "inbox.db");
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
        if (i >= p->old && i < p->acknowledged && found[i] == 0) {
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

/* The store knows of what the inbox has given up. */
static void check_given_up(struct power_world *p)
{
    int64_t floor = floor_of(p);
    int64_t first = first_in_inbox(p);
    if (floor < p->floor || (first > 1 && first > floor)) {
        printf("ids below %lld were given up, hub.db knows of those below %lld, the inbox"
               " begins with %lld\n",
               (long long)p->floor, (long long)floor, (long long)first);
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
    check_given_up(p);
    if (p->shown < shown) {
        printf("hub.db had shown %lld messages and knows of %lld\n", (long long)shown,
               (long long)p->shown);
        p->lost++;
    } else if (exactly) {
        assert_in_range(p->shown, 0, POWER_MESSAGES);
        assert_true(power_world_is_known_state(p));
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
    check_given_up(p);
    assert_int_equal(first_in_inbox(p), p->floor); /* their room is given back */
    assert_in_range(p->floor, p->old, 2 * p->old);
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
    if (fixture_is_whole() || most >= of) {
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
    p->shown = p->published = p->floor = 0;
    p->old = 0;
    p->chosen = p->recovered = false;
}

void power_world_begin(struct power_world *p)
{
    *p = (struct power_world){.running = false};
    power_vfs_install();
    fixture_in_memory(); /* the disk is power_vfs.h's own */
    world_make(&p->world);
    p->current = current_open(world_configuration(&p->world, PIPELINE_FIRST));
    assert_non_null(p->current);
    power_world_make_messages(p);
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
