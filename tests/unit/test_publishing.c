/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/pipeline_world.h"

#include "app/publishing.h"
#include "support/assert_close.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* The thread that publishes and the rounds of requests share one publisher, whose
 * connection to outbox.db has no mutex of its own: two threads in it at once damage the
 * database. In its place stands one that notices. */

enum { ROUNDS = 200, STAY_NS = 100000 };

struct publisher {
    atomic_int inside, meetings, exports, due;
};

static struct publisher publisher;

static void visit(struct publisher *p)
{
    if (atomic_fetch_add(&p->inside, 1) > 0) {
        atomic_fetch_add(&p->meetings, 1);
    }
    nanosleep(&(const struct timespec){.tv_nsec = STAY_NS}, NULL);
    atomic_fetch_sub(&p->inside, 1);
}

enum err publisher_open(const char *data_folder, struct publisher **out, struct diag *d)
{
    (void)data_folder;
    (void)d;
    *out = &publisher;
    return ERR_OK;
}

void publisher_close(struct publisher *p)
{
    (void)p;
}

enum err publisher_export(struct publisher *p, const struct publish_work *w,
                          struct publish_report *r)
{
    (void)w;
    (void)r;
    visit(p);
    atomic_fetch_add(&p->exports, 1);
    return ERR_OK;
}

enum err publisher_push(struct publisher *p, const struct publish_work *w,
                        struct publish_report *r)
{
    (void)w;
    (void)r;
    visit(p);
    return ERR_OK;
}

enum err publisher_consumed(struct publisher *p, int64_t *number)
{
    visit(p);
    *number = 0;
    return ERR_OK;
}

enum err publisher_next_due(struct publisher *p, int64_t now_us, int64_t *in_us)
{
    (void)now_us;
    visit(p);
    atomic_fetch_add(&p->due, 1);
    *in_us = INT64_MAX;
    return ERR_OK;
}

static void test_rounds_of_requests_and_of_the_thread_never_meet(void **state)
{
    (void)state;
    struct pipeline_world w;
    struct publishing *p = NULL;
    struct publish_report report = {.arg = NULL};
    struct diag d = {.text = ""};
    world_begin(&w);
    assert_int_equal(publishing_open(w.folder, w.current, w.pipeline, &p, &d), ERR_OK);
    assert_int_equal(publishing_start(p), ERR_OK);
    int asked = 0;
    while (asked < ROUNDS || atomic_load(&publisher.due) < ROUNDS) {
        publishing_wake(p);
        assert_int_equal(publishing_round(p, PUBLISHING_EXPORT, &report, &d), ERR_OK);
        asked++;
    }
    publishing_stop(p);
    publishing_close(p);
    world_remove(&w);
    assert_true(atomic_load(&publisher.exports) >= asked + ROUNDS);
    assert_int_equal(atomic_load(&publisher.meetings), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounds_of_requests_and_of_the_thread_never_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
