/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "base/clock.h"
#include "store/outbox.h"
#include "support/fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct work {
    char folder[256];
    struct outbox *o;
};

static int setup(void **state)
{
    static struct work w;
    struct diag d = {.text = ""};
    fixture_folder(w.folder);
    assert_int_equal(outbox_open(w.folder, false, &w.o, &d), ERR_OK);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct work *w = *state;
    outbox_close(w->o);
    fixture_remove(w->folder);
    return 0;
}

static void reopen(struct work *w)
{
    struct diag d = {.text = ""};
    outbox_close(w->o);
    w->o = NULL;
    assert_int_equal(outbox_open(w->folder, false, &w->o, &d), ERR_OK);
}

static void test_outbox_open_makes_a_private_file(void **state)
{
    struct work *w = *state;
    char path[300];
    struct stat st;
    snprintf(path, sizeof path, "%s/outbox.db", w->folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_outbox_open_read_only_needs_one(void **state)
{
    struct work *w = *state;
    struct diag d = {.text = ""};
    struct outbox *o = NULL;
    char empty[300];
    snprintf(empty, sizeof empty, "%s/none", w->folder);
    assert_int_equal(outbox_open(empty, true, &o, &d), ERR_ABSENT);
    assert_non_null(strstr(d.text, "there is no "));
    assert_null(o);
    assert_int_equal(outbox_open(w->folder, true, &o, &d), ERR_OK);
    struct outbox_progress p = {1, 1};
    assert_int_not_equal(outbox_put_progress(o, &p), ERR_OK);
    outbox_close(o);
}

static void test_outbox_open_refuses_a_newer_one(void **state)
{
    struct work *w = *state;
    char path[300];
    sqlite3 *db = NULL;
    struct diag d = {.text = ""};
    struct outbox *o = NULL;
    snprintf(path, sizeof path, "%s/outbox.db", w->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(outbox_open(w->folder, false, &o, &d), ERR_NEWER);
    assert_null(o);
}

static void test_outbox_open_refuses_what_is_no_database(void **state)
{
    struct work *w = *state;
    char path[300];
    struct diag d = {.text = ""};
    struct outbox *o = NULL;
    outbox_close(w->o);
    w->o = NULL;
    snprintf(path, sizeof path, "%s/outbox.db", w->folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    for (int i = 0; i < 500; i++) {
        fputs("this is no database\n", file);
    }
    fclose(file);
    assert_int_equal(outbox_open(w->folder, false, &o, &d), ERR_DAMAGED);
}

static void test_outbox_progress_survives(void **state)
{
    struct work *w = *state;
    struct outbox_progress p = {7, 7};
    assert_int_equal(outbox_get_progress(w->o, &p), ERR_OK);
    assert_int_equal(p.epoch, 0);
    assert_int_equal(p.change, 0);
    p = (struct outbox_progress){INT64_MIN, 42};
    assert_int_equal(outbox_put_progress(w->o, &p), ERR_OK);
    reopen(w);
    p = (struct outbox_progress){0, 0};
    assert_int_equal(outbox_get_progress(w->o, &p), ERR_OK);
    assert_true(p.epoch == INT64_MIN);
    assert_int_equal(p.change, 42);
}

static void collect_period(void *arg, const char *period)
{
    char *to = arg;
    strncat(to, period, 60);
    strncat(to, " ", 2);
}

static void test_outbox_rollback_leaves_nothing(void **state)
{
    struct work *w = *state;
    char periods[256] = "";
    assert_int_equal(outbox_put_dirty(w->o, "water", "2026-10"), ERR_OK);
    assert_int_equal(outbox_begin(w->o), ERR_OK);
    assert_int_equal(outbox_put_dirty(w->o, "water", "2026-11"), ERR_OK);
    assert_int_equal(outbox_delete_dirty(w->o, "water", "2026-10"), ERR_OK);
    outbox_rollback(w->o);
    assert_int_equal(outbox_put_dirty(w->o, "water", "2026-10"), ERR_OK);
    assert_int_equal(outbox_put_dirty(w->o, "other", "*"), ERR_OK);
    assert_int_equal(outbox_dirty(w->o, "water", periods, collect_period), ERR_OK);
    assert_string_equal(periods, "2026-10 ");
}

static void collect_path(void *arg, const struct outbox_file *f)
{
    char *to = arg;
    strncat(to, f->path, 60);
    strncat(to, " ", 2);
    assert_int_equal(f->hash.bytes[31], 9);
    assert_int_equal(f->last_us, 20);
}

static void test_outbox_files_by_period(void **state)
{
    struct work *w = *state;
    struct outbox_file f = {.dataset = "water",
                            .period = "2026-10",
                            .city = "",
                            .parameter = "",
                            .path = "water/2026/water-2026-10.csv",
                            .rows = 1,
                            .bytes = 2,
                            .hash = {{[31] = 9}},
                            .first_us = 10,
                            .last_us = 20};
    char paths[512] = "";
    assert_int_equal(outbox_put_file(w->o, &f), ERR_OK);
    f.rows = 3;
    assert_int_equal(outbox_put_file(w->o, &f), ERR_OK);
    f.period = "current";
    f.path = "water/water-current.csv";
    assert_int_equal(outbox_put_file(w->o, &f), ERR_OK);
    assert_int_equal(outbox_files(w->o, "water", NULL, paths, collect_path), ERR_OK);
    assert_string_equal(paths, "water/2026/water-2026-10.csv water/water-current.csv ");
    paths[0] = '\0';
    assert_int_equal(outbox_delete_file(w->o, "water", f.path), ERR_OK);
    assert_int_equal(outbox_files(w->o, "water", "current", paths, collect_path), ERR_OK);
    assert_string_equal(paths, "");
}

static void test_outbox_fingerprint(void **state)
{
    struct work *w = *state;
    struct hash h = {{1, 2, 3}};
    struct hash back;
    assert_int_equal(outbox_get_fingerprint(w->o, "water", &back), ERR_ABSENT);
    assert_int_equal(outbox_put_fingerprint(w->o, "water", &h), ERR_OK);
    assert_int_equal(outbox_get_fingerprint(w->o, "water", &back), ERR_OK);
    assert_memory_equal(&h, &back, sizeof h);
}

static void count_push(void *arg, const struct outbox_push *p)
{
    int *count = arg;
    assert_string_equal(p->sentence, "the portal refuses the token");
    (*count)++;
}

static void collect_resource(void *arg, const struct outbox_resource *r)
{
    int *count = arg;
    assert_int_equal(r->is_read, strcmp(r->name, "a.csv") == 0);
    assert_int_equal(r->sent.bytes[0], 5);
    assert_string_equal(r->stamp, "2026-11-22T00:21:22");
    (*count)++;
}

static void test_outbox_push_and_ledger(void **state)
{
    struct work *w = *state;
    struct outbox_push p;
    int count = 0;
    assert_int_equal(outbox_get_push(w->o, "water", "portal", &p), ERR_OK);
    assert_int_equal(p.state, OUTBOX_WAITING);
    assert_int_equal(p.success_us, CLOCK_NONE);
    p.state = OUTBOX_PARKED;
    p.attempts = 3;
    p.next_us = 77;
    p.key.bytes[4] = 4;
    snprintf(p.sentence, sizeof p.sentence, "the portal refuses the token");
    assert_int_equal(outbox_put_push(w->o, &p), ERR_OK);
    reopen(w);
    struct outbox_push back;
    assert_int_equal(outbox_get_push(w->o, "water", "portal", &back), ERR_OK);
    assert_int_equal(back.state, OUTBOX_PARKED);
    assert_string_equal(outbox_state_text(back.state), "parked");
    assert_int_equal(back.next_us, 77);
    assert_memory_equal(&back.key, &p.key, sizeof p.key);
    struct outbox_resource r = {.dataset = "water",
                                .target = "portal",
                                .name = "a.csv",
                                .id = "1",
                                .sent = {{5}},
                                .read = {{5}},
                                .is_read = true,
                                .stamp = "2026-11-22T00:21:22"};
    assert_int_equal(outbox_put_resource(w->o, &r), ERR_OK);
    r.name = "b.csv";
    r.is_read = false;
    assert_int_equal(outbox_put_resource(w->o, &r), ERR_OK);
    assert_int_equal(outbox_resources(w->o, "water", "portal", &count, collect_resource),
                     ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(outbox_delete_resource(w->o, "water", "portal", "b.csv"), ERR_OK);
    count = 0;
    assert_int_equal(outbox_pushes(w->o, &count, count_push), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(outbox_delete_push(w->o, "water", "portal"), ERR_OK);
    count = 0;
    assert_int_equal(outbox_pushes(w->o, &count, count_push), ERR_OK);
    assert_int_equal(outbox_resources(w->o, "water", "portal", &count, collect_resource),
                     ERR_OK);
    assert_int_equal(count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_outbox_open_makes_a_private_file),
        TEST(test_outbox_open_read_only_needs_one),
        TEST(test_outbox_open_refuses_a_newer_one),
        TEST(test_outbox_open_refuses_what_is_no_database),
        TEST(test_outbox_progress_survives),
        TEST(test_outbox_rollback_leaves_nothing),
        TEST(test_outbox_files_by_period),
        TEST(test_outbox_fingerprint),
        TEST(test_outbox_push_and_ledger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
