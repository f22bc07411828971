/* SPDX-License-Identifier: EUPL-1.2 */
#include "node/pack.h"
#include "support/assert_close.h"
#include "wire.h"

#include <jansson.h>
#include <string.h>

#define S INT64_C(1000000)
#define START (INT64_C(1795350000) * S)

static const struct channel channels[] = {{":distance", "mm", 0},
                                          {":water_temperature", "Cel", 2},
                                          {":conductivity", "S/m", 4}};
static const struct pack_header header = {"luebeck-node-1", 0xa5, channels, 3};

static void put(struct queue *q, int64_t time_us, uint32_t present)
{
    struct sample s = {
        .time_us = time_us, .present = present, .value = {4127, -85, 12307}};
    queue_put(q, &s);
}

static json_t *parse(const char *text, size_t length)
{
    json_error_t error;
    json_t *pack = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(pack);
    return pack;
}

static json_t *record(json_t *pack, size_t i, const char *name)
{
    json_t *r = json_array_get(pack, i);
    assert_string_equal(json_string_value(json_object_get(r, "n")), name);
    return r;
}

static double number(json_t *record, const char *label)
{
    json_t *value = json_object_get(record, label);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void test_pack_samples_says_what_wire_names(void **state)
{
    (void)state;
    struct sample slots[8];
    struct queue q;
    queue_init(&q, slots, 8, 41);
    put(&q, START, 7);
    put(&q, START + 600 * S + S / 2, 6);
    char text[PACK_SIZE_MIN];
    uint64_t last = 0;
    size_t length = pack_samples(&header, &q, text, sizeof text, &last);
    assert_true(last == 42);
    json_t *pack = parse(text, length);
    assert_int_equal(json_array_size(pack), 4 + 3 + 2);
    json_t *log = record(pack, 0, WIRE_RECORD_LOG);
    assert_string_equal(json_string_value(json_object_get(log, "bn")), "luebeck-node-1");
    assert_true(number(log, "bt") == 1795350000);
    assert_string_equal(json_string_value(json_object_get(log, "vs")),
                        "00000000000000a5");
    assert_true(number(record(pack, 1, WIRE_RECORD_HELD), "v") == 41);
    assert_true(number(record(pack, 2, WIRE_RECORD_FIRST), "v") == 41);
    assert_true(number(record(pack, 3, WIRE_RECORD_SEQ), "v") == 42);
    assert_true(number(record(pack, 4, ":distance"), "v") == 4127);
    assert_null(json_object_get(json_array_get(pack, 4), "t"));
    assert_true(number(record(pack, 5, ":water_temperature"), "v") == -0.85);
    json_t *conductivity = record(pack, 8, ":conductivity");
    assert_string_equal(json_string_value(json_object_get(conductivity, "u")), "S/m");
    assert_true(number(conductivity, "v") == 1.2307);
    assert_true(number(conductivity, "t") == 600.5);
    json_decref(pack);
}

/* SenML: one kind of value a record at most, a name in each, and nothing unknown. */
static void assert_senml(json_t *pack)
{
    static const char *const labels[] = {"bn", "bt", "n", "u", "v", "vs", "t"};
    size_t i;
    json_t *r;
    json_array_foreach(pack, i, r)
    {
        const char *label;
        json_t *value;
        json_object_foreach(r, label, value)
        {
            bool known = false;
            for (size_t k = 0; k < sizeof labels / sizeof *labels; k++) {
                known = known || strcmp(label, labels[k]) == 0;
            }
            assert_true(known);
        }
        bool has_v = json_object_get(r, "v") != NULL;
        bool has_vs = json_object_get(r, "vs") != NULL;
        assert_true(has_v != has_vs);
        assert_non_null(json_object_get(r, "n"));
    }
}

static void test_pack_samples_fits_whole_samples_into_any_buffer(void **state)
{
    (void)state;
    struct sample slots[32];
    struct queue q;
    queue_init(&q, slots, 32, 1);
    for (int64_t i = 0; i < 32; i++) {
        put(&q, START + i * 60 * S, 7);
    }
    size_t before = 0;
    for (size_t size = PACK_SIZE_MIN; size <= 8192; size += 97) {
        char text[8193];
        memset(text, '#', sizeof text);
        uint64_t last = 0;
        size_t length = pack_samples(&header, &q, text, size, &last);
        assert_true(length > 0 && length <= size);
        assert_int_equal(text[size], '#');
        json_t *pack = parse(text, length);
        assert_senml(pack);
        assert_int_equal(json_array_size(pack), 4 + 3 * (size_t)last);
        assert_true(last >= before);
        before = last;
        json_decref(pack);
    }
    assert_true(before == 32);
}

static void test_pack_samples_fits_the_longest_sample_into_the_least_buffer(void **state)
{
    (void)state;
    char device[PACK_DEVICE_MAX + 1];
    char name[PACK_NAME_MAX + 1];
    memset(device, 'd', PACK_DEVICE_MAX);
    memset(name, 'n', PACK_NAME_MAX);
    device[PACK_DEVICE_MAX] = name[PACK_NAME_MAX] = '\0';
    struct channel longest[SAMPLE_CHANNELS_MAX];
    struct sample s = {.time_us = INT64_MIN, .present = 0xff};
    for (int i = 0; i < SAMPLE_CHANNELS_MAX; i++) {
        longest[i] = (struct channel){name, "mmmmmmmm", 9};
        s.value[i] = INT32_MIN;
    }
    struct pack_header h = {device, UINT64_MAX, longest, SAMPLE_CHANNELS_MAX};
    assert_true(pack_header_is_sound(&h));
    struct sample slots[1];
    struct queue q;
    queue_init(&q, slots, 1, INT64_MAX - 1);
    queue_put(&q, &s);
    char text[PACK_SIZE_MIN];
    uint64_t last = 0;
    size_t length = pack_samples(&h, &q, text, sizeof text, &last);
    json_t *pack = parse(text, length);
    assert_int_equal(json_array_size(pack), 4 + SAMPLE_CHANNELS_MAX);
    json_decref(pack);
}

static void test_pack_samples_of_an_empty_queue_is_nothing(void **state)
{
    (void)state;
    struct sample slots[1];
    struct queue q;
    queue_init(&q, slots, 1, 1);
    char text[PACK_SIZE_MIN];
    uint64_t last = 7;
    assert_int_equal(pack_samples(&header, &q, text, sizeof text, &last), 0);
    assert_true(last == 7);
}

static void test_pack_header_refuses_what_json_must_escape(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "a b", "a\"", "a\\",
                                      "a/b", "-a",  ".a",  "\xc3\xbc"};
    struct pack_header h = header;
    assert_true(pack_header_is_sound(&h));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        h.device = bad[i];
        assert_false(pack_header_is_sound(&h));
    }
    h = header;
    h.channel_count = SAMPLE_CHANNELS_MAX + 1;
    assert_false(pack_header_is_sound(&h));
}

static void test_pack_status_is_json(void **state)
{
    (void)state;
    struct sample slots[2];
    struct queue q;
    queue_init(&q, slots, 2, 1);
    for (int i = 0; i < 5; i++) {
        put(&q, START + i * S, 1);
    }
    char text[PACK_SIZE_MIN];
    for (int online = 0; online < 2; online++) {
        size_t length = pack_status(&header, &q, online == 1, text, sizeof text);
        json_t *status = parse(text, length);
        assert_string_equal(json_string_value(json_object_get(status, WIRE_STATUS_STATE)),
                            online == 1 ? WIRE_STATUS_ONLINE : WIRE_STATUS_OFFLINE);
        assert_true(number(status, WIRE_STATUS_HELD) == 4);
        assert_true(number(status, WIRE_STATUS_NEXT) == 6);
        assert_true(number(status, WIRE_STATUS_DROPPED) == 3);
        json_decref(status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack_samples_says_what_wire_names),
        cmocka_unit_test(test_pack_samples_fits_whole_samples_into_any_buffer),
        cmocka_unit_test(test_pack_samples_fits_the_longest_sample_into_the_least_buffer),
        cmocka_unit_test(test_pack_samples_of_an_empty_queue_is_nothing),
        cmocka_unit_test(test_pack_header_refuses_what_json_must_escape),
        cmocka_unit_test(test_pack_status_is_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
