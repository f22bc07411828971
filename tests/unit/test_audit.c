/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/command.h"
#include "base/file.h"
#include "base/hash.h"
#include "store/books.h"
#include "store/inbox_reader.h"
#include "store/outbox.h"
#include "store/sqlite.h"
#include "store/writer.h"
#include "support/assert_close.h"
#include "support/audit_run.h"
#include "support/pipeline_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What `kogge audit` says of a store that is whole, and that it sees each damage. */

#define OK(call) assert_int_equal((call), ERR_OK)

enum { AT_S = 1780271000, MESSAGES = 12 };
#define FILE_PATH "water/water-2026-06.csv"

static void say(struct pipeline_world *w, const char *device, int at_s, int counter,
                const char *values)
{
    struct sent m = world_ttn(device, at_s, counter, 0, values);
    world_feed(w, &m);
}

/* Every fate and outcome. Messages 1 to 12. */
static void tell_all(struct pipeline_world *w)
{
    const struct sent broken = {.source = 1, .topic = "a/x", .payload = "{"};
    say(w, "ttn-1", AT_S, 1, "\"temp\": 10, \"ec\": 1");
    say(w, "ttn-1", AT_S + 60, 2, "\"temp\": 11, \"bat\": 3");
    say(w, "ttn-1", AT_S, 1, "\"temp\": 10, \"ec\": 1"); /* duplicate */
    say(w, "ttn-1", AT_S, 5, "\"temp\": 10.5");          /* loses */
    say(w, "ttn-1", AT_S, 0, "\"temp\": 9");             /* wins */
    say(w, "ttn-1", AT_S, 6, "\"temp\": 10.5");          /* as one that lost */
    say(w, "late-1", AT_S, 1, "\"temp\": 4");            /* pending */
    say(w, "ttn-2", AT_S, 1, "\"temp\": 7, \"unit\": \"grad X\", \"bat\": 3");
    world_feed(w, &broken);                      /* rejected */
    say(w, "foreign-1", AT_S, 1, "\"temp\": 4"); /* of another city */
    say(w, "ttn-2", AT_S + 60, 2, "");           /* empty */
    say(w, "ttn-2", AT_S + 120, 3, "\"temp\": 8");
}

static int set_up(void **state)
{
    static struct pipeline_world w;
    world_begin(&w);
    tell_all(&w);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    world_remove(*state);
    return 0;
}

static void test_audit_balances_with_every_fate(void **state)
{
    const struct pipeline_world *w = *state;
    char text[AUDIT_TEXT];
    struct world_books books = world_books(w);
    for (int f = FATE_PENDING; f < FATE_COUNT; f++) {
        assert_true(books.fates[f] > 0); /* else the test shows less than it says */
    }
    for (int o = 0; o < OUTCOME_IGNORED; o++) {
        assert_true(books.outcomes[o] > 0);
    }
    audit_expect_right(w->folder);
    assert_int_equal(audit_run(w->folder, NULL, text), EXIT_DONE);
    assert_non_null(strstr(text, "messages: 12 received = 12 by fate  ok\n"));
    assert_non_null(strstr(text, "cursor: at message 12 of 12, 0 waiting  ok\n"));
    assert_non_null(strstr(text, "files: 0 as they were written  ok\n"));
    assert_non_null(strstr(text, "hub.db: integrity_check finds nothing  ok\n"));
    assert_null(strstr(text, "WRONG"));
    assert_int_equal(audit_run(w->folder, "--quiet", text), EXIT_DONE);
    assert_string_equal(text, "");
    assert_int_equal(audit_run(w->folder, "--json", text), EXIT_DONE);
    assert_non_null(strstr(text, "\"identity\": \"messages\""));
    assert_non_null(strstr(text, "\"right\": true"));
}

static void test_audit_counts_what_waits(void **state)
{
    struct pipeline_world *w = *state;
    char text[AUDIT_TEXT];
    struct sent m = world_ttn("ttn-1", AT_S + 500, 9, 0, "\"temp\": 5");
    world_put(w, &m);
    world_put(w, &m);
    world_commit(w);
    assert_int_equal(audit_run(w->folder, NULL, text), EXIT_DONE);
    assert_non_null(strstr(text, "cursor: at message 12 of 14, 2 waiting  ok\n"));
    assert_non_null(strstr(text, "messages: 12 received = 12 by fate  ok\n"));
}

static void test_audit_balances_after_replays(void **state)
{
    struct pipeline_world *w = *state;
    assert_int_equal(world_reload(w, PIPELINE_LATER), 2);
    world_drain(w);
    audit_expect_right(w->folder);
    world_close(w);
    world_open(w);
    world_drain(w);
    audit_expect_right(w->folder);
}

/* What the pipeline does with old messages when it rests. */
static void give_up(const struct pipeline_world *w, int64_t floor)
{
    static const char *const tests[] = {"gross_range_test"};
    int slots[QUALITY_TESTS];
    struct store *s = NULL;
    struct inbox *inbox = NULL;
    OK(store_open(w->folder, tests, 1, slots, &s, NULL));
    OK(store_raise_floor(s, floor));
    store_close(s);
    audit_expect_right(w->folder); /* not trimmed yet */
    OK(inbox_open(w->folder, &inbox, NULL));
    OK(inbox_trim(inbox, floor));
    inbox_close(inbox);
}

static void test_audit_balances_after_retention(void **state)
{
    struct pipeline_world *w = *state;
    char text[AUDIT_TEXT];
    for (int64_t floor = 2; floor <= MESSAGES + 1; floor++) {
        world_close(w);
        give_up(w, floor);
        world_open(w);
        world_connect(w);
        audit_expect_right(w->folder);
        /* against values whose message may be gone */
        say(w, "ttn-1", AT_S, 0, "\"temp\": 8");
        say(w, "ttn-1", AT_S + 60, 0, "\"temp\": 12");
        say(w, "ttn-1", AT_S, 0, "\"temp\": 10.5");
        say(w, "ttn-1", AT_S, 1, "\"temp\": 10, \"ec\": 2");
        audit_expect_right(w->folder);
    }
    world_reload(w, PIPELINE_LATER);
    world_drain(w);
    assert_int_equal(audit_run(w->folder, NULL, text), EXIT_DONE);
    assert_non_null(strstr(text, "messages: 60 received = 60 by fate  ok\n"));
}

static void test_audit_needs_a_store(void **state)
{
    const struct pipeline_world *w = *state;
    char text[AUDIT_TEXT];
    char nowhere[300];
    snprintf(nowhere, sizeof nowhere, "%.250s/nowhere", w->folder);
    assert_int_equal(audit_run(nowhere, NULL, text), EXIT_NOT_REACHED);
    assert_string_equal(text, "");
}

/* --- damage --- */

static const char *const databases[] = {"hub.db", "inbox.db", "outbox.db"};
enum { DATABASES = 3 };

struct pristine {
    struct buf bytes[DATABASES];
};

static const char *path_of(const struct pipeline_world *w, const char *name)
{
    static char path[600];
    snprintf(path, sizeof path, "%.250s/%s", w->folder, name);
    return path;
}

/* A published file, and the change log read as far as it goes. */
static void publish(const struct pipeline_world *w)
{
    struct outbox *o = NULL;
    struct outbox_file f = {.dataset = "water",
                            .period = "2026-06",
                            .city = "",
                            .parameter = "",
                            .path = FILE_PATH,
                            .rows = 1,
                            .bytes = 4};
    const struct outbox_progress progress = {
        world_number(w, "SELECT value FROM numbers WHERE name = 2"),
        world_number(w, "SELECT max(number) FROM changes")};
    OK(file_put(path_of(w, "export/" FILE_PATH), "a,b\n", 4, 0644));
    OK(hash_bytes("a,b\n", 4, &f.hash));
    OK(outbox_open(w->folder, false, &o, NULL));
    OK(outbox_put_progress(o, &progress));
    OK(outbox_put_file(o, &f));
    outbox_close(o);
}

/* The last to close a database empties its log into it. */
static void keep_pristine(const struct pipeline_world *w, struct pristine *p)
{
    for (int i = 0; i < DATABASES; i++) {
        buf_init(&p->bytes[i], 16 << 20);
        OK(file_read(path_of(w, databases[i]), &p->bytes[i]));
    }
}

static void restore(const struct pipeline_world *w, const struct pristine *p)
{
    for (int i = 0; i < DATABASES; i++) {
        OK(file_put(path_of(w, databases[i]), buf_text(&p->bytes[i]), p->bytes[i].length,
                    0600));
    }
    OK(file_put(path_of(w, "export/" FILE_PATH), "a,b\n", 4, 0644));
}

static void run_sql(const struct pipeline_world *w, const char *database, const char *sql)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    assert_int_equal(
        sqlite3_open_v2(path_of(w, database), &db, SQLITE_OPEN_READWRITE, NULL),
        SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        fail_msg("%s: %s", sql, why);
    }
    if (sqlite3_total_changes(db) < 1) {
        fail_msg("%s: changes nothing", sql);
    }
    sqlite3_close(db);
}

/* The line of that identity says WRONG. */
static bool is_wrong(const char *text, const char *identity)
{
    char start[40];
    snprintf(start, sizeof start, "%s: ", identity);
    const char *line = text;
    while (line != NULL && strncmp(line, start, strlen(start)) != 0) {
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    const char *end = line != NULL ? strchr(line, '\n') : NULL;
    return end != NULL && end - line > 5 && strncmp(end - 5, "WRONG", 5) == 0;
}

static void expect_wrong(const struct pipeline_world *w, const char *damage,
                         const char *identity)
{
    char text[AUDIT_TEXT];
    int code = audit_run(w->folder, NULL, text);
    if (code != EXIT_FINDINGS || !is_wrong(text, identity)) {
        fail_msg("%s: exit code %d, %s not WRONG\n%s", damage, code, identity, text);
    }
}

static const struct {
    int database;
    const char *sql;
    const char *identity;
} damages[] = {
    /* an observation: the only one of its message; one of several */
    {0, "DELETE FROM observations WHERE message = 12", "readings"},
    {0, "DELETE FROM observations WHERE message = 12", "origins"},
    {0,
     "DELETE FROM observations WHERE message = 1 AND value IS NOT NULL AND us = 0"
     " AND series = (SELECT max(series) FROM observations WHERE message = 1)",
     "readings"},
    {0, "UPDATE observations SET message = 2 WHERE message = 12", "origins"},
    {0, "UPDATE observations SET message = 900 WHERE message = 12", "cursor"},
    {0, "UPDATE observations SET message = 0 WHERE message = 12", "origins"},
    /* a row of the exceptions */
    {0, "DELETE FROM messages WHERE id = 9", "fates"},
    {0, "DELETE FROM messages WHERE id = 9", "origins"},
    {0, "DELETE FROM messages WHERE id = 3", "fates"},
    {0, "UPDATE messages SET fate = 5 WHERE id = 9", "fates"},
    {0,
     "INSERT INTO messages SELECT 77, source, fate, outcomes, stage, device, reason"
     " FROM messages WHERE id = 9",
     "cursor"},
    /* a message */
    {1, "DELETE FROM messages WHERE id = 12", "messages"},
    {1, "DELETE FROM messages WHERE id = 12", "origins"},
    {1, "DELETE FROM messages WHERE id = 9", "messages"},
    {1, "DELETE FROM messages WHERE id = 13", "cursor"},
    /* the cursor */
    {0, "UPDATE numbers SET value = value + 1 WHERE name = 0", "cursor"},
    {0, "UPDATE numbers SET value = value + 1 WHERE name = 0", "messages"},
    {0, "UPDATE numbers SET value = value - 1 WHERE name = 0", "cursor"},
    {0, "UPDATE numbers SET value = 4000000000000 WHERE name = 0", "cursor"},
    {0, "INSERT INTO numbers VALUES(1, 3)", "messages"},
    /* a counter */
    {0, "UPDATE books SET fates = zeroblob(length(fates)) WHERE source = 'luebeck-a'",
     "messages"},
    {0,
     "UPDATE books SET outcomes = zeroblob(length(outcomes))"
     " WHERE source = 'luebeck-a'",
     "readings"},
    /* a conflict */
    {0, "DELETE FROM conflicts WHERE message = 4", "conflicts"},
    {0, "UPDATE conflicts SET message = 6 WHERE message = 4", "conflicts"},
    {0, "DELETE FROM observations WHERE message = 5", "conflicts"},
    {0,
     "UPDATE messages SET outcomes = (SELECT outcomes FROM messages WHERE id = 4)"
     " WHERE id = 5",
     "conflicts"},
    /* a change */
    {0, "DELETE FROM changes WHERE number = 2", "changes"},
    {0, "DELETE FROM changes WHERE number = (SELECT max(number) FROM changes)",
     "changes"},
    {0, "DELETE FROM changes", "changes"},
    /* what was published */
    {2, "UPDATE files SET hash = zeroblob(32)", "files"},
};

static void damage_rows(const struct pipeline_world *w, const struct pristine *p)
{
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        run_sql(w, databases[damages[i].database], damages[i].sql);
        expect_wrong(w, damages[i].sql, damages[i].identity);
        restore(w, p);
        audit_expect_right(w->folder);
    }
}

static void damage_files(const struct pipeline_world *w, const struct pristine *p)
{
    char text[AUDIT_TEXT];
    OK(file_put(path_of(w, "export/" FILE_PATH), "a,c\n", 4, 0644));
    expect_wrong(w, "a file changed", "files");
    /* a file that is noted to be written again may be another one already */
    run_sql(w, "outbox.db", "INSERT INTO dirty VALUES('water', '2026-06')");
    assert_int_equal(audit_run(w->folder, NULL, text), EXIT_DONE);
    assert_non_null(strstr(text, "files: 0 as they were written, 1 to be written again"));
    restore(w, p);
    assert_int_equal(unlink(path_of(w, "export/" FILE_PATH)), 0);
    expect_wrong(w, "a file deleted", "files");
    /* nor is a file missed that the hub writes again after a restore */
    run_sql(w, "hub.db", "UPDATE numbers SET value = value + 1 WHERE name = 2");
    assert_int_equal(audit_run(w->folder, NULL, text), EXIT_DONE);
    assert_non_null(strstr(text, "files: 0 as they were written, 1 to be written again"));
    restore(w, p);
}

/* Changes the last byte of the index of exception rows: a page that no row is read from.
 */
static void damage_page(const struct pipeline_world *w, const struct pristine *p)
{
    int64_t page = world_number(w, "SELECT rootpage FROM sqlite_master"
                                   " WHERE name = 'messages_by_fate'");
    int64_t size = world_number(w, "PRAGMA page_size");
    FILE *f = fopen(path_of(w, "hub.db"), "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, (long)(page * size - 1), SEEK_SET), 0);
    int was = fgetc(f);
    assert_int_equal(fseek(f, (long)(page * size - 1), SEEK_SET), 0);
    fputc(was ^ 0x40, f);
    assert_int_equal(fclose(f), 0);
    expect_wrong(w, "a bit of an index turned", "hub.db");
    restore(w, p);
}

static void test_audit_sees_each_damage(void **state)
{
    struct pipeline_world *w = *state;
    struct pristine p;
    struct sent m = world_ttn("ttn-1", AT_S + 500, 9, 0, "\"temp\": 5");
    world_put(w, &m); /* one waits */
    world_commit(w);
    publish(w);
    world_close(w);
    keep_pristine(w, &p);
    audit_expect_right(w->folder);
    damage_rows(w, &p);
    damage_files(w, &p);
    damage_page(w, &p);
    audit_expect_right(w->folder);
    for (int i = 0; i < DATABASES; i++) {
        buf_fini(&p.bytes[i]);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_audit_balances_with_every_fate),
        TEST(test_audit_counts_what_waits),
        TEST(test_audit_balances_after_replays),
        TEST(test_audit_balances_after_retention),
        TEST(test_audit_needs_a_store),
        TEST(test_audit_sees_each_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
