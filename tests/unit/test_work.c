/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/work.h"

#include "base/clock.h"
#include "support/assert_close.h"
#include "support/pipeline_world.h"

#include <math.h>
#include <string.h>

/* One message through decode, resolve, normalise and quality, without any store. */

struct bench {
    struct pipeline_world world; /* for its configuration; nothing of it is open */
    struct configuration *configuration;
    struct worker worker;
    struct arena *arena;
    struct work work;
    int slots[QUALITY_TESTS];
};

static int set_up(void **state)
{
    static struct bench b;
    struct diag d = {0};
    b = (struct bench){0};
    world_make(&b.world);
    b.configuration = world_configuration(&b.world, PIPELINE_FIRST);
    for (int i = 0; i < QUALITY_TESTS; i++) {
        b.slots[i] = i;
    }
    b.arena = arena_open(1 << 20);
    assert_int_equal(worker_init(&b.worker, b.configuration, b.slots, &d), ERR_OK);
    *state = &b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    worker_fini(&b->worker);
    configuration_free(b->configuration);
    arena_close(b->arena);
    world_remove(&b->world);
    return 0;
}

static struct message message_of(const struct sent *s)
{
    return (struct message){.id = 1,
                            .source = world_sources[s->source],
                            .topic = s->topic,
                            .payload = s->payload,
                            .size = strlen(s->payload),
                            .full_size = strlen(s->payload),
                            .arrival_us = s->arrival_us};
}

static void work_on(struct bench *b, const struct sent *s, bool after_reconnect)
{
    struct message m = message_of(s);
    const struct work_rules rules = {
        .source = configuration_source(b->configuration, m.source)};
    m.after_reconnect = after_reconnect;
    arena_reset(b->arena);
    assert_int_equal(work_message(&b->worker, &m, &rules, b->arena, &b->work), ERR_OK);
}

static const struct work_item *item(const struct bench *b, const char *key)
{
    for (size_t i = 0; i < b->work.decoded.count; i++) {
        if (strcmp(b->work.items[i].reading->key, key) == 0) {
            return &b->work.items[i];
        }
    }
    fail_msg("no reading %s", key);
    return NULL;
}

static struct sent probe(const char *values)
{
    return world_ttn("ttn-1", 1780271000, 3, 1780271005, values);
}

static void test_work_gives_each_reading_its_outcome(void **state)
{
    struct bench *b = *state;
    struct sent m = probe("\"temp\": 283.15, \"unit\": \"K\", \"ec\": \"much\","
                          " \"bat\": 3.5, \"other\": 4, \"crc\": 7");
    work_on(b, &m, false);
    const struct work_item *t = item(b, "/temp");
    assert_int_equal(t->outcome, OUTCOME_STORED);
    assert_close(t->value.value, 10, 1e-9);
    assert_true(t->value.raw == 283.15);
    assert_string_equal(t->value.raw_unit, "K");
    assert_string_equal(t->place.station->station, "luebeck-a");
    assert_int_equal(t->reading->time_us, INT64_C(1780271000000000));
    assert_int_equal(item(b, "/ec")->outcome, OUTCOME_REJECTED);
    assert_string_equal(item(b, "/ec")->stage, "decode");
    assert_int_equal(item(b, "/bat")->outcome, OUTCOME_STORED);
    assert_null(item(b, "/bat")->place.station); /* housekeeping is the device's */
    assert_int_equal(item(b, "/other")->outcome, OUTCOME_IGNORED);
    assert_int_equal(item(b, "/crc")->outcome, OUTCOME_IGNORED);
    assert_int_equal(b->work.outcomes[OUTCOME_REJECTED], 1);
    assert_int_equal(b->work.outcomes[OUTCOME_STORED],
                     0); /* not known before the store */
    assert_string_equal(b->work.stage, "decode");
    assert_string_equal(b->work.device, "ttn-1");
    assert_non_null(strstr(b->work.reason, "much"));
    assert_int_equal(b->work.decoded.counter, 3);
    assert_int_equal(b->work.decoded.message_us, INT64_C(1780271005000000));
}

static void test_work_names_what_waits_before_what_is_wrong(void **state)
{
    struct bench *b = *state;
    struct sent m = probe("\"ec\": \"much\", \"temp\": 1, \"unit\": \"grad X\"");
    work_on(b, &m, false);
    assert_int_equal(b->work.outcomes[OUTCOME_PENDING], 1);
    assert_int_equal(b->work.outcomes[OUTCOME_REJECTED], 1);
    assert_string_equal(b->work.stage, "normalise");
    assert_non_null(strstr(b->work.reason, "grad X"));
}

static void test_work_device_that_nobody_registered_waits(void **state)
{
    struct bench *b = *state;
    struct sent m = world_ttn("stranger", 1780271000, 3, 0, "\"temp\": 1");
    work_on(b, &m, false);
    assert_int_equal(item(b, "/temp")->outcome, OUTCOME_PENDING);
    assert_string_equal(b->work.device, "stranger");
    assert_non_null(strstr(b->work.reason, "not registered"));
}

static void test_work_missing_value_is_kept_as_missing(void **state)
{
    struct bench *b = *state;
    struct sent m = probe("\"temp\": -127, \"ec\": null");
    work_on(b, &m, false);
    const struct work_item *t = item(b, "/temp");
    assert_int_equal(t->outcome, OUTCOME_STORED);
    assert_true(isnan(t->value.value));
    assert_true(t->value.raw == -127);
    assert_int_equal(quality_aggregate(t->tests), QUALITY_MISSING);
    assert_true(isnan(item(b, "/ec")->value.value));
}

static void test_work_doubts_the_arrival_after_a_reconnect(void **state)
{
    struct bench *b = *state;
    struct sent m = {.source = 3,
                     .topic = "g/gauge-1/W",
                     .payload = "501",
                     .arrival_us = WORLD_START_US};
    work_on(b, &m, false);
    const struct work_item *w = item(b, "/W");
    assert_int_equal(quality_tests_get(w->tests, QUALITY_TEST_TIME), QUALITY_NONE);
    assert_int_equal(quality_tests_time_source(w->tests), TIME_SOURCE_ARRIVAL);
    assert_close(w->value.value, 0.01, 1e-9); /* 501 cm above a zero at -5 m NHN */
    work_on(b, &m, true);
    w = item(b, "/W");
    assert_int_equal(quality_tests_get(w->tests, QUALITY_TEST_TIME), QUALITY_SUSPECT);
    struct sent own = probe("\"temp\": 1");
    work_on(b, &own, true); /* its own time is not doubted */
    assert_int_equal(quality_tests_get(item(b, "/temp")->tests, QUALITY_TEST_TIME),
                     QUALITY_NONE);
}

static void test_work_refuses_a_message_as_a_whole(void **state)
{
    struct bench *b = *state;
    static const char *const payloads[] = {
        "", "{", "{\"temp\": 1e999}", "{\"temp\": 1, \"temp\": 2}", "[1, 2", "\xff\xfe"};
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        struct sent m = {.source = 1, .topic = "a/x", .arrival_us = WORLD_START_US};
        memcpy(m.payload, payloads[i], strlen(payloads[i]) + 1);
        work_on(b, &m, false);
        assert_int_equal(b->work.outcomes[OUTCOME_REJECTED], 1);
        assert_int_equal(b->work.decoded.count, 0);
        assert_string_equal(b->work.stage, "decode");
        assert_true(strlen(b->work.reason) > 0);
    }
}

static void test_work_says_when_there_is_no_room(void **state)
{
    struct bench *b = *state;
    struct arena *small = arena_open(512);
    struct sent s = probe("\"temp\": 1, \"ec\": 2, \"bat\": 3");
    struct message m = message_of(&s);
    const struct work_rules rules = {
        .source = configuration_source(b->configuration, m.source)};
    assert_int_equal(work_message(&b->worker, &m, &rules, small, &b->work), ERR_FULL);
    arena_close(small);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_work_gives_each_reading_its_outcome),
        TEST(test_work_names_what_waits_before_what_is_wrong),
        TEST(test_work_device_that_nobody_registered_waits),
        TEST(test_work_missing_value_is_kept_as_missing),
        TEST(test_work_doubts_the_arrival_after_a_reconnect),
        TEST(test_work_refuses_a_message_as_a_whole),
        TEST(test_work_says_when_there_is_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
