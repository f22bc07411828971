/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/pipeline_world.h"

#include "base/hash.h"
#include "config/config.h"
#include "export/export.h"
#include "store/store.h"
#include "support/assert_close.h"
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Order does not matter: a set of messages in any order, in batches of any size, leads to
 * the same observations byte for byte, and the books balance each time. What is held is
 * also worked out here, from the rules alone. KOGGE_SEED=number repeats one run. */

enum { MOST = 700, RUNS = 200, SLOTS = 30, DAY_S = 1780100000 };

static uint64_t random_state;

/* xorshift64*, so that a seed gives the same everywhere */
static uint32_t draw(uint32_t below)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % below;
}

/* What a ttn message of the set says, for the oracle. */
struct statement {
    bool used, bottom; /* a temperature of ttn-1, or of ttn-2 and late-1 */
    int slot, counter;
    int64_t network_s; /* 0: none */
    double value;      /* NAN: missing */
    struct hash hash;
};

struct set {
    struct sent messages[MOST];
    struct statement statements[MOST];
    size_t count;
    int late, twins, copies; /* of a late device or alias; of two sources; sent again */
};

static struct set set; /* drawn once a seed */

static int64_t slot_s(int slot)
{
    return DAY_S + (int64_t)slot * 600;
}

static const struct {
    const char *text;
    double value;
} temperatures[] = {
    {"10", 10},       {"10.5", 10.5}, {"11", 11},
    {"12.25", 12.25}, {"null", 0},    {"-127", 0},
    {"\"nan\"", 0},   {"-0.0", 0},    {"99.5", 99.5} /* out of range: other flags */,
};

static bool is_missing(size_t choice)
{
    return choice >= 4 && choice <= 6;
}

static struct sent *add(struct sent m)
{
    assert_true(set.count < MOST);
    set.messages[set.count] = m;
    set.messages[set.count].arrival_us =
        WORLD_START_US + (int64_t)(1 + draw(1000000)) * 100000;
    return &set.messages[set.count++];
}

static void add_ttn(void)
{
    static const char *const devices[] = {"ttn-1", "ttn-1", "ttn-2", "late-1"};
    static const char *const units[] = {"", ", \"unit\": \"Cel\"", ", \"unit\": \"degC\"",
                                        ", \"unit\": \"grad X\""};
    char values[200];
    size_t device = draw(4);
    size_t choice = draw(sizeof temperatures / sizeof *temperatures);
    size_t unit = draw(4);
    int slot = (int)draw(SLOTS);
    int counter = (int)draw(4) - 1;
    int64_t network_s = draw(2) == 0 ? 0 : slot_s(slot) + (int64_t)draw(3);
    snprintf(values, sizeof values, "\"temp\": %s%s, \"crc\": %u%s",
             temperatures[choice].text, units[unit], draw(3),
             draw(3) == 0 ? ", \"ec\": 3.25" : "");
    size_t at = set.count;
    const struct sent *m =
        add(world_ttn(devices[device], slot_s(slot), counter, network_s, values));
    set.late += device == 3 || unit == 3;
    struct statement *s = &set.statements[at];
    *s = (struct statement){.used = true,
                            .bottom = device >= 2,
                            .slot = slot,
                            .counter = counter < 0 ? 0 : counter,
                            .network_s = network_s,
                            .value = is_missing(choice) ? (double)NAN
                                                        : temperatures[choice].value};
    assert_int_equal(hash_message(m->topic, m->payload, strlen(m->payload), &s->hash),
                     ERR_OK);
}

/* The same from two sources, with a history that repeats and contradicts itself. */
static void add_json(void)
{
    struct sent m = {.source = 1 + (int)draw(2)};
    int slot = (int)draw(SLOTS);
    snprintf(m.topic, sizeof m.topic, "%s/json-1", m.source == 1 ? "a" : "b");
    snprintf(m.payload, sizeof m.payload,
             "{\"device\": \"json-1\", \"at\": %lld, \"temp\": %u, \"ec\": %u,"
             " \"history\": [{\"ts\": %lld, \"temp\": %u}, {\"ts\": %lld, \"temp\": %u,"
             " \"unit\": \"Cel\"}, {\"ts\": %lld, \"temp\": null, \"ec\": 2}]}",
             (long long)slot_s(slot), draw(3), draw(2), (long long)slot_s(slot), draw(3),
             (long long)slot_s((int)draw(SLOTS)), draw(3), (long long)slot_s(slot));
    add(m);
    if (draw(3) == 0) {
        m.source = 3 - m.source;
        m.topic[0] = m.source == 1 ? 'a' : 'b';
        add(m);
        set.twins++;
    }
}

static void add_gauge(void)
{
    struct sent m = {.source = 3, .topic = "g/gauge-1/W"};
    snprintf(m.payload, sizeof m.payload, "%u", 500 + draw(3));
    add(m)->arrival_us = WORLD_START_US + (1 + draw(8)) * INT64_C(1000000);
}

/* Relative times: the same bytes at other arrivals meet at the same time. */
static void add_senml(void)
{
    struct sent m = {.source = 4, .topic = "s/node"};
    snprintf(m.payload, sizeof m.payload,
             "[{\"bn\":\"node-1\",\"n\":\"t\",\"u\":\"%s\",\"t\":-1,\"v\":%u},"
             "{\"n\":\"t\",\"u\":\"Cel\",\"v\":%u}]",
             draw(2) == 0 ? "Cel" : "degC", draw(2), draw(3));
    add(m)->arrival_us = WORLD_START_US + (1 + draw(12)) * INT64_C(1000000);
}

static void add_refused(void)
{
    struct sent foreign = {.source = 1,
                           .topic = "a/foreign",
                           .payload = "{\"device\": \"foreign-1\", \"temp\": 4}"};
    struct sent junk = {.source = 1, .topic = "a/junk", .payload = "{\"temp\": "};
    struct sent retained = {
        .source = 3, .topic = "g/gauge-1/W", .payload = "501", .retained = true};
    struct sent nobody = {
        .source = 2, .topic = "b/x", .payload = "{\"device\": \"nobody\", \"temp\": 4}"};
    add(foreign);
    add(junk);
    add(retained);
    add(nobody);
    add(world_ttn("ttn-1", slot_s(0), 2, 0, "\"temp\": \"warm\""));
    add(world_ttn("ttn-1", slot_s(1), 2, slot_s(1) - 4000, "\"temp\": 3")); /* future */
}

static void draw_set(void)
{
    memset(&set, 0, sizeof set);
    for (int i = 0; i < 220; i++) {
        add_ttn();
    }
    for (int i = 0; i < 60; i++) {
        add_json();
        add_gauge();
        add_senml();
    }
    add_refused();
    size_t drawn = set.count;
    for (int i = 0; i < 120; i++) { /* the same message again, later */
        size_t which = draw((uint32_t)drawn);
        size_t at = set.count;
        struct sent copy = set.messages[which];
        int64_t arrival_us = copy.arrival_us;
        struct sent *m = add(copy);
        if (copy.source >= 3) { /* its time is its arrival */
            m->arrival_us = arrival_us;
        }
        set.statements[at] = set.statements[which];
        set.copies++;
    }
}

/* --- what the rules say --- */

static int compare(const struct statement *a, const struct statement *b)
{
    int64_t a_time = a->network_s != 0 ? a->network_s : INT64_MAX;
    int64_t b_time = b->network_s != 0 ? b->network_s : INT64_MAX;
    if (isnan(a->value) != isnan(b->value)) {
        return isnan(a->value) ? 1 : -1;
    }
    if (a->counter != b->counter) {
        return a->counter < b->counter ? -1 : 1;
    }
    if (a_time != b_time) {
        return a_time < b_time ? -1 : 1;
    }
    return memcmp(a->hash.bytes, b->hash.bytes, HASH_SIZE);
}

static bool same_value(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

struct classes {
    int two_way, three_way, missing, same_counter, several, kept_by_two, conflicts;
};

static void count_classes(const struct statement *const *all, size_t count,
                          const struct statement *held, struct classes *c)
{
    double values[16];
    size_t different = 0;
    bool missing = false;
    bool same_counter = false;
    bool several = false;
    bool kept_by_two = false;
    for (size_t i = 0; i < count; i++) {
        size_t v = 0;
        while (v < different && !same_value(values[v], all[i]->value)) {
            v++;
        }
        bool known = v < different;
        if (!known) {
            values[different++] = all[i]->value;
        }
        missing = missing || isnan(all[i]->value);
        for (size_t k = 0; k < i; k++) {
            bool equal = same_value(all[i]->value, all[k]->value);
            bool copy = memcmp(&all[i]->hash, &all[k]->hash, sizeof all[i]->hash) == 0;
            same_counter = same_counter || (!equal && all[i]->counter == all[k]->counter);
            several =
                several || (equal && !copy && same_value(all[i]->value, held->value));
            kept_by_two = kept_by_two ||
                          (equal && !copy && !same_value(all[i]->value, held->value));
        }
    }
    c->conflicts += different >= 2;
    c->two_way += different == 2;
    c->three_way += different >= 3;
    c->missing += missing && different >= 2;
    c->same_counter += same_counter;
    c->several += several;
    c->kept_by_two += kept_by_two;
}

/* The temperature that must be held at a place and slot; NULL: none. */
static const struct statement *find_winner(bool bottom, int slot, struct classes *c)
{
    const struct statement *all[MOST];
    const struct statement *held = NULL;
    size_t count = 0;
    for (size_t i = 0; i < set.count; i++) {
        const struct statement *s = &set.statements[i];
        if (s->used && s->bottom == bottom && s->slot == slot) {
            all[count++] = s;
            held = held == NULL || compare(s, held) < 0 ? s : held;
        }
    }
    if (held != NULL) {
        count_classes(all, count, held, c);
    }
    return held;
}

/* The line of dump for the place must be there, with this value and this message. */
static void check_winner(const char *dump, bool bottom, int slot,
                         const struct statement *held)
{
    char time[40];
    char start[160];
    char hex[HASH_HEX];
    time_t seconds = (time_t)slot_s(slot);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S.000000Z", &utc);
    snprintf(start, sizeof start,
             "luebeck\tluebeck-a\twater_temperature\t%s\tmeasured\t%s",
             bottom ? "bottom" : "main", time);
    const char *line = strstr(dump, start);
    if (line == NULL) {
        fail_msg("nothing is held at %s; expected %g", start, held->value);
        return;
    }
    const char *end = strchr(line, '\n');
    double value = strtod(line + strlen(start) + 1, NULL);
    bool missing = line[strlen(start) + 1] == '\t';
    assert_true(missing == (bool)isnan(held->value));
    assert_true(missing || value == held->value);
    assert_memory_equal(end - (HASH_HEX - 1), hash_hex(&held->hash, hex), HASH_HEX - 1);
}

static struct classes check_winners(const char *dump)
{
    struct classes c = {0};
    for (int place = 0; place < 2; place++) {
        for (int slot = 0; slot < SLOTS; slot++) {
            const struct statement *held = find_winner(place == 1, slot, &c);
            if (held != NULL) {
                check_winner(dump, place == 1, slot, held);
            }
        }
    }
    return c;
}

/* --- runs --- */

static void shuffle(struct sent *messages, size_t count)
{
    for (size_t i = count - 1; i > 0; i--) {
        size_t k = draw((uint32_t)i + 1);
        struct sent swap = messages[i];
        messages[i] = messages[k];
        messages[k] = swap;
    }
}

/* Some are only late: they swap places with one not far away. */
static void delay(struct sent *messages, size_t count)
{
    for (size_t i = 0; i + 40 < count; i++) {
        size_t k = i + draw(40);
        struct sent swap = messages[i];
        messages[i] = messages[k];
        messages[k] = swap;
    }
}

static void feed_all(struct pipeline_world *w, const struct sent *messages)
{
    static const size_t sizes[] = {7, 5000, 7, 40, 1, 5000};
    size_t size = sizes[draw(6)];
    size_t reload_at = draw((uint32_t)set.count);
    bool reloaded = false;
    for (size_t i = 0; i < set.count; i++) {
        world_put(w, &messages[i]);
        if ((i + 1) % size == 0) {
            world_commit(w);
            world_drain(w);
        }
        if (!reloaded && i >= reload_at) { /* what is committed is worked off before */
            reloaded = true;
            world_reload(w, PIPELINE_LATER);
        }
    }
    world_commit(w);
    world_drain(w);
}

/* The file that portals would get of all that is stored. */
static struct hash export_all(struct pipeline_world *w)
{
    struct store_reader *store = NULL;
    struct row_source rows;
    struct exported file;
    char path[300];
    const struct store_query all = {.from_us = INT64_MIN / 2, .to_us = INT64_MAX / 2};
    struct configuration *conf = world_configuration(w, PIPELINE_LATER);
    snprintf(path, sizeof path, "%.250s/all.csv", w->folder);
    assert_int_equal(store_reader_open(w->folder, &store, NULL), ERR_OK);
    assert_int_equal(store_rows_open(store, &all, &rows, NULL), ERR_OK);
    const struct export_context context = {conf, store_test_names(store)};
    assert_int_equal(
        export_file(export_find_format("csv"), &context, &rows, path, &file, NULL),
        ERR_OK);
    assert_true(file.rows > 100);
    store_rows_close(store);
    store_reader_close(store);
    configuration_free(conf);
    return file.hash;
}

static char *run(uint32_t number, struct hash *file)
{
    static struct sent messages[MOST];
    struct pipeline_world w;
    memcpy(messages, set.messages, set.count * sizeof *messages);
    if (number % 3 == 1) {
        delay(messages, set.count);
    } else if (number > 0) {
        shuffle(messages, set.count);
    }
    world_begin(&w);
    feed_all(&w, messages);
    world_audit(&w, (int64_t)set.count);
    char *dump = world_dump(&w);
    *file = export_all(&w);
    if (number == 0) {
        struct world_books b = world_books(&w);
        assert_true(b.outcomes[OUTCOME_REJECTED] >= 4);
        assert_true(b.fates[FATE_REJECTED] >= 4); /* one city refused among them */
        assert_true(b.fates[FATE_PENDING] >= 1);  /* nobody */
        assert_true(b.outcomes[OUTCOME_DUPLICATE] >= 100);
    }
    world_remove(&w);
    return dump;
}

static void expect_same(const char *first, const char *dump, unsigned run_number)
{
    if (strcmp(first, dump) == 0) {
        return;
    }
    size_t at = 0;
    while (first[at] == dump[at]) {
        at++;
    }
    while (at > 0 && first[at - 1] != '\n') {
        at--;
    }
    fail_msg("run %u differs:\n%.300s\n---\n%.300s", run_number, first + at, dump + at);
}

static void test_order_of_messages_does_not_matter(void **state)
{
    (void)state;
    const char *given = getenv("KOGGE_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    printf("KOGGE_SEED=%llu\n", (unsigned long long)seed);
    random_state = seed * 2 + 1;
    draw_set();
    struct hash first_file;
    char *first = run(0, &first_file);
    struct classes c = check_winners(first);
    printf("%zu messages, %d again, %d of two sources, %d late; conflicts %d: two-way "
           "%d, three-way %d, with a missing value "
           "%d, equal counter %d; equal value of several %d, kept by two %d\n",
           set.count, set.copies, set.twins, set.late, c.conflicts, c.two_way,
           c.three_way, c.missing, c.same_counter, c.several, c.kept_by_two);
    assert_true(c.conflicts >= 20);
    assert_true(set.copies >= 100 && set.twins > 0 && set.late > 0);
    assert_true(c.two_way > 0 && c.three_way > 0 && c.missing > 0 && c.same_counter > 0 &&
                c.several > 0 && c.kept_by_two > 0);
    for (unsigned i = 1; i <= RUNS; i++) {
        struct hash file;
        char *dump = run(i, &file);
        expect_same(first, dump, i);
        assert_memory_equal(file.bytes, first_file.bytes, HASH_SIZE);
        free(dump);
    }
    printf("order: orders %d, messages %zu, conflicts %d, again %d, different 0\n", RUNS,
           set.count, c.conflicts, set.copies);
    free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_messages_does_not_matter),
    };
    fixture_in_memory();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
