/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/command.h"
#include "app/context.h"
#include "base/file.h"
#include "support/assert_close.h"
#include "support/audit_run.h"
#include "support/recompute_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A period worked out anew comes out as in a hub that had today's configuration from the
 * beginning: random messages and random changes of model, gauge zero, periods, thresholds
 * and sentinels. KOGGE_SEED=number repeats the runs. */

#define OK(call) assert_int_equal((call), ERR_OK)

enum { MOST = 260, RUNS = 24, RUNS_LONG = 400, SLOTS = 60, START_S = 1780100000 };

static uint64_t random_state;

/* xorshift64*, so that a seed gives the same everywhere */
static uint32_t draw(uint32_t below)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % below;
}

static int64_t slot_s(uint32_t slot)
{
    return START_S + (int64_t)slot * 600; /* over two chunks of the store */
}

/* --- configurations --- */

/* What can be different; [0] is how the world has it. */
static const struct knob {
    const char *file, *behind, *text[3];
} knobs[] = {
    {"devices/probe.json", "/temp\"", {"\"degC\"", "\"K\"", "\"degF\""}},
    {"devices/probe.json", "sentinels", {"[-127]", "[-127, 11]", "[[-130, 10]]"}},
    {"devices/probe.json", "\"fields\"", {"/ec", "/ecl", "/ec2"}},
    {"devices/probe.json", "conductivity_raw\"", {"\"mS/cm\"", "\"uS/cm\"", "\"S/m\""}},
    {"devices/probe.json", "\"fields\"", {"/bat", "/battery", "/crc2"}},
    {"devices/probe.json", "\"time\"", {"\"unix_s\"", "\"unix_ms\"", "\"unix_s\""}},
    {"cities/wismar.json", "gauge_zero", {"-5,", "-4.25,", "-5.5,"}},
    {"cities/wismar.json",
     "gauge_zero",
     {"2000-01-01T00:00:00Z", "2026-06-01T00:00:05Z", "2027-01-01T00:00:00Z"}},
    {"cities/luebeck/device-1.json",
     "from",
     {"2020-01-01T00:00:00Z", "2026-05-30T03:00:00Z", "2026-06-30T00:00:00Z"}},
    {"cities/luebeck/device-3.json", "as\"", {"\"mid\"", "\"main\"", "\"bottom\""}},
    {"cities/luebeck/device-2.json",
     "\"model\"",
     {"\"probe\"", "\"gauge\"", "\"probe\""}},
    {"parameters.json",
     "\"id\": \"water_temperature\"",
     {"[-1, 30]", "[-1, 10]", "[-1, 10.5]"}},
};

enum { KNOBS = sizeof knobs / sizeof *knobs };

struct choice {
    uint8_t at[KNOBS];
};

static void turn(struct pipeline_world *w, const struct knob *knob, size_t to)
{
    char path[600];
    struct buf text;
    struct buf changed;
    snprintf(path, sizeof path, "%.250s/%s", w->conf, knob->file);
    buf_init(&text, 4 << 20);
    buf_init(&changed, 4 << 20);
    OK(file_read(path, &text));
    const char *behind = strstr(text.bytes, knob->behind);
    const char *at = behind != NULL ? strstr(behind, knob->text[0]) : NULL;
    if (at != NULL) { /* another knob may have taken the place away */
        buf_put(&changed, text.bytes, (size_t)(at - text.bytes));
        buf_put_text(&changed, knob->text[to]);
        buf_put_text(&changed, at + strlen(knob->text[0]));
        OK(file_put(path, changed.bytes, changed.length, 0644));
    }
    buf_fini(&text);
    buf_fini(&changed);
}

static void configure(struct pipeline_world *w, const struct choice *c)
{
    char command[900];
    struct config_files *files = NULL;
    struct configuration *next = NULL;
    struct config_faults faults = {0};
    struct diag d = {0};
    int64_t again = 0;
    configuration_free(world_configuration(w, PIPELINE_FIRST));
    snprintf(command, sizeof command, "%.250s/parameters.json", w->conf);
    struct buf text;
    buf_init(&text, 4 << 20);
    OK(file_read(SOURCE_CONF "/parameters.json", &text));
    OK(file_put(command, text.bytes, text.length, 0644));
    buf_fini(&text);
    for (size_t k = 0; k < KNOBS; k++) {
        if (c->at[k] > 0) {
            turn(w, &knobs[k], c->at[k]);
        }
    }
    enum err e = context_read(w->conf, &files, &next, &faults, &d);
    if (e != ERR_OK) {
        context_print_faults(stderr, &faults);
        fail_msg("configuration: %s", d.text);
    }
    OK(context_accept(w->folder, files));
    config_faults_fini(&faults);
    config_files_close(files);
    OK(pipeline_reload(w->pipeline, next, &again, &d));
    world_drain(w);
}

static struct choice draw_choice(void)
{
    struct choice c = {{0}};
    for (size_t k = 0; k < KNOBS; k++) {
        c.at[k] = draw(3) == 0 ? (uint8_t)(1 + draw(2)) : 0;
    }
    return c;
}

/* --- messages --- */

static struct sent messages[MOST];
static size_t message_count;

static void add(struct sent m)
{
    assert_true(message_count < MOST);
    m.arrival_us = WORLD_START_US + (int64_t)(1 + draw(100000)) * 100000;
    messages[message_count++] = m;
}

static void add_ttn(void)
{
    static const char *const temperatures[] = {"10",  "10.5", "11",       "50",
                                               "283", "-127", "\"warm\"", "null"};
    char values[200];
    int64_t at_s = slot_s(draw(SLOTS));
    snprintf(values, sizeof values, "\"temp\": %s%s%s%s", temperatures[draw(8)],
             draw(3) == 0 ? ", \"ec\": 3.25" : "", draw(3) == 0 ? ", \"bat\": 3" : "",
             draw(4) == 0 ? ", \"unit\": \"K\"" : "");
    struct sent m = world_ttn(draw(2) == 0 ? "ttn-1" : "ttn-2", at_s, (int)draw(5) - 1,
                              draw(2) == 0 ? 0 : at_s + draw(3), values);
    if (draw(4) == 0) { /* milliseconds */
        char *at = strstr(m.payload, "\"at\": ");
        char *after = at + 6 + strcspn(at + 6, ",}");
        memmove(after + 3, after, strlen(after) + 1);
        memcpy(after, "000", 3);
    }
    add(m);
}

static void add_json(void)
{
    struct sent m = {.source = 1 + (int)draw(2)};
    snprintf(m.topic, sizeof m.topic, "%s/json-1", m.source == 1 ? "a" : "b");
    snprintf(m.payload, sizeof m.payload,
             "{\"device\": \"json-1\", \"at\": %lld, \"temp\": %u, \"ec\": %u,"
             " \"history\": [{\"ts\": %lld, \"temp\": %u}, {\"ts\": %lld, \"temp\": %u,"
             " \"unit\": \"Cel\"}, {\"ts\": %lld, \"temp\": null, \"ec\": 2}]}",
             (long long)slot_s(draw(SLOTS)), 10 + draw(3), draw(2),
             (long long)slot_s(draw(SLOTS)), 10 + draw(3), (long long)slot_s(draw(SLOTS)),
             10 + draw(3), (long long)slot_s(draw(SLOTS)));
    add(m);
}

static void add_other(void)
{
    struct sent gauge = {.source = 3, .topic = "g/gauge-1/W"};
    struct sent node = {.source = 4, .topic = "s/node"};
    struct sent nobody = {
        .source = 2, .topic = "b/x", .payload = "{\"device\": \"nobody\", \"temp\": 4}"};
    snprintf(gauge.payload, sizeof gauge.payload, "%u", 500 + draw(3));
    snprintf(node.payload, sizeof node.payload,
             "[{\"bn\":\"node-1\",\"n\":\"t\",\"u\":\"Cel\",\"t\":-1,\"v\":%u}]",
             draw(3));
    add(gauge);
    add(node);
    if (draw(20) == 0) {
        add(nobody);
    }
}

static void draw_messages(void)
{
    message_count = 0;
    for (int i = 0; i < 60; i++) {
        add_ttn();
    }
    for (int i = 0; i < 20; i++) {
        add_json();
        add_other();
    }
    size_t drawn = message_count;
    for (int i = 0; i < 60; i++) { /* the same again */
        struct sent copy = messages[draw((uint32_t)drawn)];
        int64_t arrival_us = copy.arrival_us;
        add(copy);
        if (copy.source >= 3) {
            messages[message_count - 1].arrival_us = arrival_us;
        }
    }
    for (size_t i = message_count - 1; i > 0; i--) {
        size_t k = draw((uint32_t)i + 1);
        struct sent swap = messages[i];
        messages[i] = messages[k];
        messages[k] = swap;
    }
}

/* In some batches. */
static void feed(struct pipeline_world *w, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        world_put(w, &messages[i]);
        if (i % 50 == 49) {
            world_commit(w);
            world_drain(w);
        }
    }
    world_commit(w);
    world_drain(w);
}

/* --- recompute --- */

static void expect_same(char *expected, char *is, const char *what)
{
    if (strcmp(expected, is) != 0) {
        size_t at = 0;
        while (expected[at] == is[at]) {
            at++;
        }
        while (at > 0 && expected[at - 1] != '\n') {
            at--;
        }
        fail_msg("%s differs:\n%.400s\n---\n%.400s", what, expected + at, is + at);
    }
    free(expected);
    free(is);
}

/* Ids of series and their names: they never change. */
static int64_t series_mark(const struct pipeline_world *w, int64_t upto)
{
    char sql[200];
    snprintf(sql, sizeof sql,
             "SELECT sum(id * (length(station || parameter || position || origin)"
             " + unicode(parameter) * 7)) FROM series WHERE id <= %lld",
             (long long)upto);
    return world_number(w, sql);
}

/* In one go, or by pieces of time and then by station. */
static void apply_all(struct pipeline_world *w, uint32_t way)
{
    static const char *const stations[][1] = {{"luebeck-a"}, {"wismar-a"}, {"ttn-1"},
                                              {"ttn-2"},     {"json-1"},   {"node-1"},
                                              {"gauge-1"}};
    struct batch_scope scope = recompute_all_times;
    if (way == 0) {
        recompute_count(w, &scope, true);
        return;
    }
    if (way == 1) {
        int64_t middle_us = slot_s(draw(SLOTS)) * 1000000;
        scope.to_us = middle_us;
        recompute_count(w, &scope, true);
        audit_expect_right(w->folder);
        scope = recompute_all_times;
        scope.from_us = middle_us;
        recompute_count(w, &scope, true);
        return;
    }
    scope.station_count = 1;
    for (size_t i = 0; i < sizeof stations / sizeof *stations; i++) {
        scope.stations = stations[i];
        recompute_count(w, &scope, true);
        audit_expect_right(w->folder);
    }
}

struct met {
    int64_t changes[DIFFERENCE_COUNT], conflicts;
    int fates;
};

static void compare_fates(const struct pipeline_world *w,
                          const struct pipeline_world *other, struct met *met)
{
    for (size_t i = 1; i <= message_count; i++) {
        met->fates += world_fate(w, (int64_t)i) != world_fate(other, (int64_t)i);
    }
}

static void run(uint32_t number, struct met *met)
{
    struct pipeline_world w;
    struct pipeline_world other;
    const struct choice as_made = {{0}};
    const struct choice first = number % 2 == 0 ? as_made : draw_choice();
    const struct choice second = draw_choice();
    const struct choice last = draw_choice();
    draw_messages();
    size_t part = message_count / 3;
    size_t most = message_count - 20; /* the last ones come after it */
    world_begin(&w);
    configure(&w, &first);
    feed(&w, 0, part);
    configure(&w, &second);
    feed(&w, part, most);
    configure(&w, &last);
    audit_expect_right(w.folder);
    int64_t series = world_number(&w, "SELECT max(id) FROM series");
    int64_t mark = series_mark(&w, series);

    char *before = world_dump(&w);
    struct recompute_result told = recompute_run(&w, &recompute_all_times, false);
    expect_same(before, world_dump(&w), "after telling");
    audit_expect_right(w.folder);
    for (int k = 0; k < DIFFERENCE_COUNT; k++) {
        met->changes[k] += told.changes[k];
    }
    met->conflicts += told.conflicts;
    recompute_result_fini(&told);
    apply_all(&w, number % 3);
    audit_expect_right(w.folder);
    if (number % 3 == 2) {
        /* whose messages are rejected no station can tell: they are left over */
        struct recompute_result left = recompute_run(&w, &recompute_all_times, true);
        assert_int_equal(recompute_different(&left), left.fates);
        recompute_result_fini(&left);
    }
    assert_int_equal(recompute_count(&w, &recompute_all_times, false), 0);
    assert_int_equal(series_mark(&w, series), mark);

    world_begin(&other);
    configure(&other, &last);
    feed(&other, 0, most);
    expect_same(world_dump(&other), world_dump(&w), "applied");
    compare_fates(&w, &other, met);
    int64_t changes = world_number(&w, "SELECT max(number) FROM changes");
    recompute_count(&w, &recompute_all_times, true); /* twice is once */
    assert_int_equal(world_number(&w, "SELECT max(number) FROM changes"), changes);

    feed(&w, most, message_count);
    feed(&other, most, message_count);
    expect_same(world_dump(&other), world_dump(&w), "later messages");
    audit_expect_right(w.folder);
    world_remove(&w);
    world_remove(&other);
}

static void test_recompute_is_as_if_it_had_always_been_so(void **state)
{
    (void)state;
    struct met met = {.conflicts = 0};
    const char *given = getenv("KOGGE_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    uint32_t runs = getenv("KOGGE_LONG") != NULL ? RUNS_LONG : RUNS;
    printf("KOGGE_SEED=%llu\n", (unsigned long long)seed);
    random_state = seed * 2 + 1;
    for (uint32_t i = 0; i < runs; i++) {
        run(i, &met);
    }
    printf("new %lld, value %lld, flag %lld, source %lld, withdrawn %lld; conflicts "
           "%lld; other fates %d\n",
           (long long)met.changes[DIFFERENCE_NEW],
           (long long)met.changes[DIFFERENCE_VALUE],
           (long long)met.changes[DIFFERENCE_FLAG],
           (long long)met.changes[DIFFERENCE_SOURCE],
           (long long)met.changes[DIFFERENCE_WITHDRAWN], (long long)met.conflicts,
           met.fates);
    for (int k = 0; k < DIFFERENCE_COUNT; k++) {
        assert_true(met.changes[k] > 0);
    }
    assert_true(met.conflicts > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recompute_is_as_if_it_had_always_been_so),
    };
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0) {
        setenv("TMPDIR", "/dev/shm", 1);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
