/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/failing_memory.h"

#include "base/buf.h"
#include "unit/decode_trial.h"

static const struct parameter level = {.id = "distance", .unit = "m"};
static const struct sensor_field fields[] = {
    {.field = "/d", .parameter = &level, .unit = "mm"},
    {.field = "/level", .parameter = &level, .unit = "cm"},
    {.field = "/", .parameter = &level, .unit = "m"}};
static const struct sensor_model model = {.fields = fields, .field_count = 3};
static const struct sensor_field rssi = {.parameter = &level, .unit = "dBm"};
static const struct sensor_field snr = {.parameter = &level, .unit = "dB"};

static struct trial with_format(const char *format)
{
    return (struct trial){.model = &model, .rules = {.format = format}};
}

#define TTN_IDS                                                                          \
    "{\"end_device_ids\":{\"device_id\":\"Buoy\",\"dev_eui\":\"70B3D57ED0AA00FF\"},"
#define CHIRP_INFO "{\"deviceInfo\":{\"devEui\":\"A84041FFFF000001\"},"

static void test_formats_are_listed_with_auto_last(void **state)
{
    (void)state;
    static const char *const names[] = {"chirpstack", "json", "number", "rows",
                                        "senml",      "ttn",  "auto"};
    size_t count;
    const char *const *listed = decode_format_names(&count);
    assert_int_equal(count, sizeof names / sizeof *names);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(listed[i], names[i]);
    }
    struct trial t = with_format("chirpstak");
    assert_int_equal(trial_run(&t, "{}"), ERR_UNKNOWN);
    assert_string_equal(t.diag.text,
                        "no format \"chirpstak\"; did you mean \"chirpstack\"?");
    trial_end(&t);
}

static void test_auto_finds_the_format(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *payload, *format;
    } cases[] = {{NULL, TTN_IDS "\"uplink_message\":{}}", "ttn"},
                 {NULL, TTN_IDS "\"join_accept\":{}}", "ttn"},
                 {NULL, CHIRP_INFO "\"object\":{}}", "chirpstack"},
                 {NULL, "{\"deviceInfo\":{\"name\":\"x\"}}", "json"},
                 {NULL, " [{\"bn\":\"a\"}]", "senml"},
                 {NULL, "[{\"n\":\"a\",\"vb\":true}]", "senml"},
                 {NULL, "[{\"n\":\"a\",\"value\":1}]", "json"},
                 {NULL, "[]", "json"},
                 {NULL, "\x81\xa1\x21\x61\x61", "senml"},
                 {NULL, "12.5", "json"},
                 {"city/{device}/{field}", "12.5", "number"},
                 {"city/{device}/{field}", "nan", "number"},
                 {"other/{device}/{field}", "12.5", "json"},
                 {"city/{device}/{field}", "{\"d\":1}", "json"}};
    struct trial t = with_format("auto");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        t.rules.topic = cases[i].pattern;
        assert_int_equal(trial_run(&t, cases[i].payload), ERR_OK);
        assert_string_equal(t.out.format, cases[i].format);
    }
    t.rules.topic = NULL;
    assert_int_equal(trial_run(&t, "nan"), ERR_UNKNOWN);
    assert_int_equal(trial_run(&t, "\x01\x02\x03"), ERR_UNKNOWN);
    assert_int_equal(trial_run(&t, "{\"d\":"), ERR_SYNTAX);
    trial_end(&t);
}

static void test_ttn_device_time_and_counter(void **state)
{
    (void)state;
    struct trial t = with_format("ttn");
    assert_int_equal(
        trial_run(&t,
                  TTN_IDS "\"received_at\":\"2026-11-20T10:00:09Z\","
                          "\"uplink_message\":{\"session_key_id\":\"AA==\",\"f_cnt\":7,"
                          "\"received_at\":\"2026-11-20T10:00:00.123456789Z\","
                          "\"decoded_payload\":{\"d\":\"42\"}}}"),
        ERR_OK);
    const struct reading *r = trial_get(&t, "/uplink_message/decoded_payload/d");
    assert_string_equal(r->device, "70b3d57ed0aa00ff");
    assert_string_equal(r->key, "/d");
    assert_int_equal(r->time_us, INT64_C(1795168800123456));
    assert_int_equal(r->time_source, TIME_SOURCE_MESSAGE);
    assert_int_equal(t.out.message_us, r->time_us);
    assert_string_equal(t.out.session, "AA==");
    assert_int_equal(t.out.counter, 7);
    assert_true(t.out.has_counter);
    /* No EUI, no counter, a time that stands for none. */
    assert_int_equal(
        trial_run(&t, "{\"end_device_ids\":{\"device_id\":\"Buoy\"},\"uplink_message\":{"
                      "\"received_at\":\"0001-01-01T00:00:00Z\","
                      "\"decoded_payload\":{\"d\":1}}}"),
        ERR_OK);
    assert_string_equal(t.out.device, "Buoy");
    assert_int_equal(t.out.message_us, CLOCK_NONE);
    assert_int_equal(t.out.readings[0].time_source, TIME_SOURCE_ARRIVAL);
    assert_null(t.out.session);
    assert_int_equal(t.out.counter, 0);
    assert_true(t.out.has_counter);
    assert_int_equal(trial_run(&t, TTN_IDS "\"uplink_message\":{\"received_at\":\"noon\","
                                           "\"decoded_payload\":{\"d\":1}}}"),
                     ERR_OK);
    assert_string_equal(t.out.readings[0].problem,
                        "the network server's time is not RFC 3339");
    trial_end(&t);
}

static void test_messages_without_values_have_no_readings(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        TTN_IDS "\"uplink_message\":{\"frm_payload\":\"AA==\",\"rx_metadata\":"
                "[{\"rssi\":-35}]}}",
        TTN_IDS "\"uplink_message\":{\"decoded_payload\":null}}",
        TTN_IDS "\"join_accept\":{\"session_key_id\":\"AA==\"}}",
        TTN_IDS "\"downlink_ack\":{\"f_cnt\":3}}",
        CHIRP_INFO "\"devAddr\":\"00\"}",
        CHIRP_INFO "\"batteryLevel\":88.5,\"margin\":9}",
        CHIRP_INFO "\"fCnt\":3,\"rxInfo\":[{\"rssi\":-90}],\"object\":null}",
        CHIRP_INFO "\"integrationName\":\"x\",\"object\":{\"d\":1}}",
        "{}",
        "[]"};
    struct trial t = with_format("auto");
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        assert_int_equal(trial_run(&t, payloads[i]), ERR_OK);
        assert_int_equal(t.out.count, 0);
    }
    trial_end(&t);
}

static void test_gateways_give_the_signal_of_the_best(void **state)
{
    (void)state;
    static const char *const payload = CHIRP_INFO
        "\"time\":\"2026-11-20T10:00:00+00:00\",\"devAddr\":\"01\",\"fCnt\":\"9\","
        "\"object\":{\"d\":1},\"rxInfo\":[{\"snr\":9},{\"rssi\":-101,\"snr\":8},"
        "{\"rssi\":-98,\"snr\":-2.5},{\"rssi\":-98,\"snr\":3}]}";
    struct trial t = with_format("chirpstack");
    t.rules.rssi = &rssi;
    t.rules.snr = &snr;
    assert_int_equal(trial_run(&t, payload), ERR_OK);
    assert_int_equal(t.out.count, 3);
    assert_int_equal(t.out.counter, 9);
    const struct reading *r = trial_get(&t, "/rxInfo/2/rssi");
    assert_close(r->value, -98, 0);
    assert_ptr_equal(r->entry, &rssi);
    assert_string_equal(r->unit, "dBm");
    assert_string_equal(r->device, "a84041ffff000001");
    assert_int_equal(r->time_source, TIME_SOURCE_MESSAGE);
    assert_close(trial_get(&t, "/rxInfo/2/snr")->value, -2.5, 0);
    t.rules.rssi = NULL;
    assert_int_equal(trial_run(&t, payload), ERR_OK);
    assert_true(trial_get(&t, "/rxInfo/2/rssi")->ignored);
    trial_end(&t);
}

static void test_json_finds_its_device(void **state)
{
    (void)state;
    struct trial t = with_format("json");
    t.rules.device = "/meta/id";
    t.rules.topic = "city/{device}/up";
    assert_int_equal(trial_run(&t, "{\"meta\":{\"id\":\"B-7\"},\"d\":1}"), ERR_OK);
    assert_string_equal(t.out.device, "B-7");
    assert_int_equal(trial_run(&t, "{\"meta\":{\"id\":2009},\"d\":1}"), ERR_OK);
    assert_string_equal(t.out.device, "2009");
    assert_int_equal(trial_run(&t, "{\"meta\":{\"id\":\"\"},\"d\":1}"), ERR_OK);
    assert_string_equal(t.out.device, "buoy7");
    t.rules.topic = "other/{device}";
    assert_int_equal(trial_run(&t, "{\"d\":1}"), ERR_OK);
    assert_string_equal(t.out.device, "city/buoy7/up");
    assert_int_equal(t.out.message_us, CLOCK_NONE);
    trial_end(&t);
}

static void test_number_is_one_value_of_the_topic(void **state)
{
    (void)state;
    struct trial t = with_format("number");
    t.m.topic = "pegel/b7/level";
    assert_int_equal(trial_run(&t, " 12.5\r\n"), ERR_OK);
    assert_string_equal(t.out.readings[0].device, "pegel/b7/level");
    assert_string_equal(t.out.readings[0].key, "/");
    assert_ptr_equal(t.out.readings[0].entry, &fields[2]);
    t.rules.topic = "pegel/{device}/{field}";
    assert_int_equal(trial_run(&t, "-1.25e1"), ERR_OK);
    const struct reading *r = trial_get(&t, "/level");
    assert_string_equal(r->device, "b7");
    assert_ptr_equal(r->entry, &fields[1]);
    assert_string_equal(r->unit, "cm");
    assert_close(r->value, -12.5, 0);
    static const char *const missing[] = {"nan", "unavailable", "Unknown", "null", " "};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        assert_int_equal(trial_run(&t, missing[i]), ERR_OK);
        assert_int_equal(trial_get(&t, "/level")->kind, VALUE_MISSING);
        assert_null(trial_get(&t, "/level")->problem);
    }
    assert_int_equal(trial_run(&t, "12,5"), ERR_OK);
    assert_string_equal(trial_get(&t, "/level")->problem,
                        "\"12,5\" has a decimal comma, expected a point");
    t.m.topic = "pegel/stranger/level";
    assert_int_equal(trial_run(&t, "online"), ERR_OK);
    assert_string_equal(trial_get(&t, "/level")->problem, "\"online\" is not a number");
    t.m.topic = "pegel/b7/status";
    assert_int_equal(trial_run(&t, "online"), ERR_OK);
    assert_true(trial_get(&t, "/status")->ignored);
    t.m.topic = "elsewhere";
    assert_int_equal(trial_run(&t, "1"), ERR_SYNTAX);
    assert_string_equal(
        t.diag.text, "the topic does not match the pattern \"pegel/{device}/{field}\"");
    t.m.topic = "pegel/b7/level";
    assert_int_equal(trial_run(&t, "1\xff"), ERR_SYNTAX);
    assert_int_equal(trial_run_bytes(&t, "1\0002", 3), ERR_SYNTAX);
    trial_end(&t);
}

/* --- bad input --- */

static void test_bad_json_is_refused_with_place_and_sentence(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        "{\"d\":1e999}",        "{\"d\":NaN}",         "{\"d\":1,\"d\":2}",
        "{\"d\":\"a\\u0000\"}", "{\"d\":\"\xff\"}",    "{\"d\":1}}",
        "{\"d\":\n 1,}",        "{\"d\":\"\\ud800\"}", "[1"};
    struct trial t = with_format("json");
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        assert_int_equal(trial_run(&t, payloads[i]), ERR_SYNTAX);
        assert_true(t.diag.line >= 1);
        assert_non_null(strstr(t.diag.text, "not JSON: "));
    }
    assert_int_equal(trial_run(&t, "{\"d\":\n 1,}"), ERR_SYNTAX);
    assert_int_equal(t.diag.line, 2);
    assert_int_equal(trial_run_bytes(&t, "{\"d\":\0}", 7), ERR_SYNTAX);
    assert_int_equal(trial_run(&t, "\x81\xa0"), ERR_SYNTAX);
    t.rules.format = "ttn";
    assert_int_equal(trial_run(&t, "{\"d\":1}"), ERR_SYNTAX);
    assert_int_equal(trial_run(&t, "{\"end_device_ids\":{},\"uplink_message\":{"
                                   "\"decoded_payload\":{\"d\":1}}}"),
                     ERR_SYNTAX);
    t.rules.format = "chirpstack";
    assert_int_equal(trial_run(&t, "{\"deviceInfo\":{}}"), ERR_SYNTAX);
    trial_end(&t);
}

static void test_empty_and_cut_messages_are_refused(void **state)
{
    (void)state;
    size_t count;
    const char *const *names = decode_format_names(&count);
    for (size_t i = 0; i < count; i++) {
        struct trial t = with_format(names[i]);
        assert_int_equal(trial_run_bytes(&t, NULL, 0), ERR_SYNTAX);
        assert_string_equal(t.diag.text, "the message is empty");
        t.m.payload = "1";
        t.m.size = 1;
        t.m.full_size = 300000;
        struct decoded untouched = {.count = 77};
        assert_int_equal(decode_message(&t.m, &t.rules, t.arena, &untouched, &t.diag),
                         ERR_RANGE);
        assert_int_equal(untouched.count, 77);
        trial_end(&t);
    }
}

/* depth times open, middle, depth times close. */
static void put_nested(struct buf *b, size_t depth, const char *open, const char *middle,
                       const char *close)
{
    buf_reset(b);
    for (size_t i = 0; i < depth; i++) {
        buf_put_text(b, open);
    }
    buf_put_text(b, middle);
    for (size_t i = 0; i < depth; i++) {
        buf_put_text(b, close);
    }
    assert_int_equal(b->err, ERR_OK);
}

static void test_deep_nesting_is_refused(void **state)
{
    (void)state;
    struct trial t = with_format("json");
    struct buf b;
    buf_init(&b, 1 << 20);
    put_nested(&b, 32, "[", "1", "]");
    assert_int_equal(trial_run(&t, buf_text(&b)), ERR_OK);
    assert_int_equal(t.out.count, 1);
    put_nested(&b, 33, "[", "1", "]");
    assert_int_equal(trial_run(&t, buf_text(&b)), ERR_RANGE);
    put_nested(&b, 33, "{\"a\":", "1", "}");
    assert_int_equal(trial_run(&t, buf_text(&b)), ERR_RANGE);
    assert_string_equal(t.diag.text, "values nested deeper than 32 levels");
    put_nested(&b, 100000, "[", "1", "]");
    assert_int_equal(trial_run(&t, buf_text(&b)), ERR_SYNTAX);
    put_nested(&b, 100000, "[", "", "");
    assert_int_equal(trial_run(&t, buf_text(&b)), ERR_SYNTAX);
    buf_fini(&b);
    trial_end(&t);
}

static void test_long_names_are_refused(void **state)
{
    (void)state;
    struct trial t = with_format("json");
    struct buf b;
    buf_init(&b, 1 << 20);
    put_nested(&b, 1023, "~", "\":1}", ""); /* every ~ takes two bytes */
    struct buf whole;
    buf_init(&whole, 1 << 20);
    buf_put_format(&whole, "{\"%s", buf_text(&b));
    assert_int_equal(trial_run(&t, buf_text(&whole)), ERR_OK);
    assert_int_equal(strlen(t.out.readings[0].field), 2047);
    buf_reset(&whole);
    buf_put_format(&whole, "{\"x%s", buf_text(&b));
    assert_int_equal(trial_run(&t, buf_text(&whole)), ERR_RANGE);
    buf_fini(&whole);
    buf_fini(&b);
    trial_end(&t);
}

static void put_numbers(struct buf *b, int count)
{
    buf_reset(b);
    buf_put_text(b, "{\"d\":5,\"all\":[0");
    for (int i = 1; i < count; i++) {
        buf_put_format(b, ",%d", i);
    }
    buf_put_text(b, "]}");
    assert_int_equal(b->err, ERR_OK);
}

static void test_many_readings_pass_up_to_the_ceiling(void **state)
{
    (void)state;
    struct trial t = with_format("json");
    struct buf b;
    buf_init(&b, 1 << 20);
    put_numbers(&b, 10000);
    assert_int_equal(trial_run(&t, buf_text(&b)), ERR_OK);
    assert_int_equal(t.out.count, 10001);
    assert_string_equal(t.out.readings[10000].field, "/all/9999");
    assert_int_equal(t.out.readings[10000].index, 10000);
    put_numbers(&b, 19999);
    assert_int_equal(trial_run(&t, buf_text(&b)), ERR_OK);
    assert_int_equal(t.out.count, 20000);
    put_numbers(&b, 20000);
    assert_int_equal(trial_run(&t, buf_text(&b)), ERR_RANGE);
    assert_string_equal(t.diag.text, "more than 20000 readings in one message");
    buf_fini(&b);
    trial_end(&t);
}

static void test_a_full_arena_is_an_answer(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        TTN_IDS "\"uplink_message\":{\"session_key_id\":\"AA==\",\"decoded_payload\":"
                "{\"d\":\"no\",\"x\":[1,2,3]},\"rx_metadata\":[{\"rssi\":-1}]}}",
        "[{\"bn\":\"a\",\"bu\":\"Cel\",\"n\":\"x\",\"v\":1,\"u\":\"K\"}]",
        "\x81\xa3\x21\x61\x61\x61\x6e\x61\x62\x02\x01", "{\"d\":1,\"e\":2}"};
    for (size_t p = 0; p < sizeof payloads / sizeof *payloads; p++) {
        bool passed = false;
        for (size_t size = 16; size < 4096; size += 16) {
            struct trial t = with_format("auto");
            t.arena = arena_open(size);
            enum err err = trial_run(&t, payloads[p]);
            assert_true(err == ERR_FULL || err == ERR_OK);
            assert_true(err == ERR_OK || t.diag.text[0] != '\0');
            assert_false(passed && err != ERR_OK);
            passed = err == ERR_OK;
            trial_end(&t);
        }
        assert_true(passed);
    }
}

static void test_each_failed_allocation_ends_in_an_error(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        TTN_IDS "\"uplink_message\":{\"decoded_payload\":{\"d\":[1,{\"e\":\"f\"}]}}}",
        "12"};
    for (size_t p = 0; p < 2; p++) {
        struct trial t = with_format("auto");
        enum err err = ERR_MEMORY;
        t.arena = arena_open(4096); /* so that the document has memory of its own */
        for (long i = 1; err != ERR_OK; i++) {
            memory_arm(i);
            err = trial_run(&t, payloads[p]);
            bool failed = memory_disarm();
            assert_int_equal(err, failed ? ERR_MEMORY : ERR_OK);
            assert_true(failed ? i < 100 : i > 2);
        }
        assert_int_equal(t.out.count, 1);
        trial_end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats_are_listed_with_auto_last),
        cmocka_unit_test(test_auto_finds_the_format),
        cmocka_unit_test(test_ttn_device_time_and_counter),
        cmocka_unit_test(test_messages_without_values_have_no_readings),
        cmocka_unit_test(test_gateways_give_the_signal_of_the_best),
        cmocka_unit_test(test_json_finds_its_device),
        cmocka_unit_test(test_number_is_one_value_of_the_topic),
        cmocka_unit_test(test_bad_json_is_refused_with_place_and_sentence),
        cmocka_unit_test(test_empty_and_cut_messages_are_refused),
        cmocka_unit_test(test_deep_nesting_is_refused),
        cmocka_unit_test(test_long_names_are_refused),
        cmocka_unit_test(test_many_readings_pass_up_to_the_ceiling),
        cmocka_unit_test(test_a_full_arena_is_an_answer),
        cmocka_unit_test(test_each_failed_allocation_ends_in_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
