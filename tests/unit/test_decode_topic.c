/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/text.h"
#include "decode/decode.h"
#include "support/assert_close.h"

static void test_decode_topic_is_sound(void **state)
{
    (void)state;
    static const char *const sound[] = {"pegel/{device}/{field}",
                                        "{device}",
                                        "#",
                                        "a/#",
                                        "{device}/sensor/{field}/state",
                                        "a/+/{field}",
                                        "plain",
                                        "x-{device}_{field}.v",
                                        "{field}/{device}"};
    static const char *const unsound[] = {"",
                                          "/a",
                                          "a//b",
                                          "a/",
                                          "{device}/{device}",
                                          "{device}{field}",
                                          "{name}",
                                          "a}/b",
                                          "#/a",
                                          "a#",
                                          "a+/b",
                                          "{device"};
    for (size_t i = 0; i < sizeof sound / sizeof *sound; i++) {
        assert_true(decode_topic_is_sound(sound[i]));
    }
    for (size_t i = 0; i < sizeof unsound / sizeof *unsound; i++) {
        assert_false(decode_topic_is_sound(unsound[i]));
    }
}

static void test_decode_topic_finds_device_and_field(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *topic, *device, *field;
    } cases[] = {
        {"pegel/{device}/{field}", "pegel/b7/level", "b7", "level"},
        {"{field}/{device}", "level/b7", "b7", "level"},
        {"{device}/sensor/{field}/state", "node/sensor/ph/state", "node", "ph"},
        {"a/{device}/#", "a/b7", NULL, NULL},
        {"a/{device}/#", "a/b7/c/d", "b7", NULL},
        {"a/+/{field}", "a/anything/t", NULL, "t"},
        {"x-{device}_{field}.v", "x-b7_t_1.v", "b7", "t_1"},
        {"x-{device}_{field}.v", "x-_t.v", NULL, NULL},
        {"n{device}n", "nnn", "n", NULL},
        {"n{device}n", "nn", NULL, NULL},
        {"a/{device}", "a/", NULL, NULL},
        {"a/{device}", "a/b/c", NULL, NULL},
        {"a/{device}", "A/b", NULL, NULL},
        {"#", "any/topic", "-", "-"},
        {"Gew\xc3\xa4sser/{device}", "Gew\xc3\xa4sser/\xc3\x84", "\xc3\x84", NULL},
        {"{device}{field}", "ab", NULL, NULL}};
    struct arena *a = arena_open(4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct topic_parts parts = {"-", "-"};
        bool found = decode_topic(cases[i].pattern, cases[i].topic, a, &parts);
        bool wild = text_equal(cases[i].device, "-");
        assert_int_equal(found,
                         wild || cases[i].device != NULL || cases[i].field != NULL);
        if (found) {
            assert_true(wild ? parts.device == NULL
                             : text_equal(parts.device, cases[i].device));
            assert_true(wild ? parts.field == NULL
                             : text_equal(parts.field, cases[i].field));
        } else {
            assert_string_equal(parts.device, "-");
        }
    }
    arena_close(a);
}

static void test_decode_topic_needs_room(void **state)
{
    (void)state;
    struct arena *a = arena_open(16);
    struct topic_parts parts;
    assert_false(decode_topic("{device}", "a-name-of-more-than-16-bytes", a, &parts));
    arena_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode_topic_is_sound),
        cmocka_unit_test(test_decode_topic_finds_device_and_field),
        cmocka_unit_test(test_decode_topic_needs_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
