/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/decode_trial.h"
#include "wire.h"

#include <stdlib.h>

static const struct parameter temperature = {.id = "water_temperature", .unit = "degC"};
static const struct parameter humidity = {.id = "humidity", .unit = "%"};
static const struct parameter ph = {.id = "ph", .unit = "1"};

static const struct sensor_field fields[] = {
    {.field = "/:t", .parameter = &temperature, .unit = "degC"},
    {.field = "/:h", .parameter = &humidity, .unit = "%"},
    {.field = "/:ph", .parameter = &ph, .unit = "1"},
    {.field = "/", .parameter = &temperature, .unit = "Cel"},
    {.field = "/", .parameter = &humidity, .unit = "%RH"}};
static const struct sensor_model model = {.fields = fields, .field_count = 5};

static struct trial with_model(void)
{
    return (struct trial){.model = &model, .rules = {.format = "senml"}};
}

static const struct reading *only(const struct trial *t)
{
    assert_int_equal(t->out.count, 1);
    return t->out.readings;
}

static void test_base_fields_hold_until_the_next(void **state)
{
    (void)state;
    struct trial t = with_model();
    assert_int_equal(
        trial_run(&t, "[{\"bn\":\"a\",\"bt\":1795170000,\"bu\":\"Cel\",\"bv\":10},"
                      "{\"n\":\":t\",\"v\":1.5,\"t\":-10.5},"
                      "{\"n\":\":h\",\"u\":\"%RH\",\"v\":40,\"bv\":0},"
                      "{\"bn\":\"b\",\"n\":\":t\",\"v\":2},{\"v\":3,\"extra\":[1]}]"),
        ERR_OK);
    assert_int_equal(t.out.count, 4);
    const struct reading *r = t.out.readings;
    assert_string_equal(r[0].device, "a");
    assert_string_equal(r[0].field, "/:t");
    assert_close(r[0].value, 11.5, 0);
    assert_int_equal(r[0].time_us, INT64_C(1795169989500000));
    assert_int_equal(r[0].time_source, TIME_SOURCE_READING);
    assert_string_equal(r[0].unit, "Cel");
    assert_string_equal(r[1].unit, "%RH");
    assert_string_equal(r[1].scaled_unit, "%");
    assert_close(r[1].value, 40, 0);
    assert_string_equal(r[2].device, "b");
    assert_string_equal(r[3].field, "/");
    assert_ptr_equal(r[3].entry, &fields[3]);
    assert_null(t.out.device);
    assert_false(t.out.has_counter);
    trial_end(&t);
}

static void test_names_without_a_base_name_are_the_device(void **state)
{
    (void)state;
    struct trial t = with_model();
    assert_int_equal(trial_run(&t, "[{\"n\":\"dev/a~b\",\"v\":1}]"), ERR_OK);
    assert_string_equal(only(&t)->device, "dev/a~b");
    assert_string_equal(only(&t)->field, "/dev~1a~0b");
    assert_int_equal(trial_run(&t, "[{\"n\":\"stranger\",\"v\":1}]"), ERR_OK);
    assert_false(only(&t)->ignored);
    assert_int_equal(trial_run(&t, "[{\"v\":1,\"u\":\"Cel\"}]"), ERR_OK);
    assert_string_equal(only(&t)->device, "");
    assert_non_null(only(&t)->problem);
    trial_end(&t);
}

static void test_relative_times_count_from_the_arrival(void **state)
{
    (void)state;
    struct trial t = with_model();
    assert_int_equal(trial_run(&t, "[{\"bn\":\"a\",\"n\":\":t\",\"v\":1,\"t\":-60.25}]"),
                     ERR_OK);
    assert_int_equal(only(&t)->time_us, TRIAL_ARRIVAL_US - 60250000);
    assert_int_equal(only(&t)->time_source, TIME_SOURCE_ARRIVAL);
    assert_null(only(&t)->problem);
    assert_int_equal(trial_run(&t, "[{\"bn\":\"a\",\"n\":\":t\",\"v\":1,\"t\":301}]"),
                     ERR_OK);
    assert_non_null(only(&t)->problem);
    assert_int_equal(
        trial_run(&t, "[{\"bn\":\"a\",\"n\":\":t\",\"v\":1,\"t\":268435456}]"), ERR_OK);
    assert_int_equal(only(&t)->time_us, INT64_C(268435456000000));
    assert_int_equal(only(&t)->time_source, TIME_SOURCE_READING);
    assert_string_equal(only(&t)->problem,
                        "its time 1978-07-04T21:24:16Z is before 1990");
    assert_int_equal(trial_run(&t, "[{\"bn\":\"a\",\"n\":\":t\",\"v\":1,\"bt\":1e300}]"),
                     ERR_OK);
    assert_int_equal(only(&t)->time_us, CLOCK_NONE);
    assert_non_null(only(&t)->problem);
    t.m.retained = true;
    assert_int_equal(trial_run(&t, "[{\"bn\":\"a\",\"n\":\":t\",\"v\":1,\"t\":-9}]"),
                     ERR_OK);
    assert_string_equal(only(&t)->problem, "retained, age unknown");
    trial_end(&t);
}

static void test_ratios_become_percent_only_where_it_is_wanted(void **state)
{
    (void)state;
    static const struct {
        const char *name, *unit, *to;
        double scale;
    } cases[] = {
        {":h", "/", "%", 100},     {":h", "%", "%", 100}, {":h", "/100", "%", 1},
        {":h", "%RH", "%", 1},     {":ph", "%", "1", 1},  {":ph", "/", "1", 1},
        {":ph", "ppm", "1", 1e-6}, {":ph", "pH", "1", 1}, {":t", "Cel", "degC", 1},
        {":t", "C", "coulomb", 1}, {":t", "K", NULL, 1},  {":x", "/", "1", 1},
        {":t", "hPa", NULL, 1}};
    struct trial t = with_model();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char payload[96];
        snprintf(payload, sizeof payload,
                 "[{\"bn\":\"a\",\"n\":\"%s\",\"u\":\"%s\",\"v\":1}]", cases[i].name,
                 cases[i].unit);
        assert_int_equal(trial_run(&t, payload), ERR_OK);
        assert_string_equal(only(&t)->unit, cases[i].unit);
        assert_close(only(&t)->scale, cases[i].scale, 1e-18);
        if (cases[i].to == NULL) {
            assert_null(only(&t)->scaled_unit);
        } else {
            assert_string_equal(only(&t)->scaled_unit, cases[i].to);
        }
    }
    trial_end(&t);
}

static void test_values_that_are_no_v(void **state)
{
    (void)state;
    struct trial t = with_model();
    assert_int_equal(
        trial_run(&t, "[{\"bn\":\"a\",\"n\":\":t\",\"vs\":\"12.5\"},"
                      "{\"n\":\":h\",\"vb\":true},{\"n\":\":ph\",\"vd\":\"AQ\"},"
                      "{\"n\":\":t\",\"v\":null},{\"n\":\"free\",\"vs\":\"text\"},"
                      "{\"n\":\":t\",\"s\":5,\"bs\":2},{\"n\":\":t\"}]"),
        ERR_OK);
    assert_int_equal(t.out.count, 5);
    const struct reading *r = t.out.readings;
    assert_close(r[0].value, 12.5, 0);
    assert_string_equal(r[1].problem, "true is not a number");
    assert_string_equal(r[2].problem, "binary data is not a number");
    assert_int_equal(r[3].kind, VALUE_MISSING);
    assert_true(r[4].ignored);
    assert_close(r[4].value, 7, 0);
    trial_end(&t);
}

static void test_packs_of_our_nodes_carry_log_and_counter(void **state)
{
    (void)state;
    struct trial t = with_model();
    assert_int_equal(
        trial_run(&t, "[{\"bn\":\"node-1\",\"bt\":1795170000,\"n\":\"" WIRE_RECORD_LOG
                      "\",\"vs\":\"00ff\"},{\"n\":\"" WIRE_RECORD_HELD
                      "\",\"v\":3},{\"n\":\"" WIRE_RECORD_SEQ
                      "\",\"v\":9},{\"n\":\"" WIRE_RECORD_FIRST
                      "\",\"v\":0},{\"n\":\":t\",\"u\":\"Cel\",\"v\":4}]"),
        ERR_OK);
    assert_string_equal(only(&t)->field, "/:t");
    assert_string_equal(t.out.session, "00ff");
    assert_string_equal(t.out.device, "node-1");
    assert_true(t.out.has_counter);
    assert_int_equal(t.out.counter, 0);
    /* The same names in a pack without a log are measurements like any. */
    assert_int_equal(trial_run(&t, "[{\"bn\":\"x\",\"n\":\"seq\",\"v\":9}]"), ERR_OK);
    assert_string_equal(only(&t)->field, "/seq");
    assert_false(t.out.has_counter);
    trial_end(&t);
}

static void test_packs_that_are_refused(void **state)
{
    (void)state;
    static const char *const packs[] = {
        "[{\"bn\":\"a\",\"v\":1,\"must_\":2}]",
        "[{\"bn\":\"a\",\"bver\":11,\"v\":1}]",
        "[{\"bn\":\"a\",\"bver\":5,\"v\":1},{\"bver\":6,\"v\":1}]",
        "[{\"bn\":\"a\",\"bver\":0,\"v\":1}]",
        "[{\"bn\":7,\"v\":1}]",
        "[{\"bn\":\"a\",\"bt\":\"now\",\"v\":1}]",
        "[{\"bn\":\"a\",\"v\":1,\"vs\":\"x\"}]",
        "[1]",
        "{\"bn\":\"a\",\"v\":1}",
        "[{\"bn\":\"a\",\"v\":1}"};
    struct trial t = with_model();
    for (size_t i = 0; i < sizeof packs / sizeof *packs; i++) {
        assert_int_equal(trial_run(&t, packs[i]), ERR_SYNTAX);
        assert_true(t.diag.text[0] != '\0');
    }
    trial_end(&t);
}

/* --- CBOR --- */

/* Bytes of "87 a1 ..." */
static enum err run_hex(struct trial *t, const char *hex)
{
    unsigned char bytes[256];
    size_t size = 0;
    for (const char *p = hex; *p != '\0'; p += *p == ' ' ? 1 : 2) {
        if (*p != ' ') {
            const char pair[] = {p[0], p[1], '\0'};
            bytes[size++] = (unsigned char)strtoul(pair, NULL, 16);
        }
    }
    return trial_run_bytes(t, bytes, size);
}

static void test_cbor_gives_every_kind_of_number(void **state)
{
    (void)state;
    /* [{-2: "a", 0: ":t", 2: <number>}] */
    static const struct {
        const char *number;
        double value;
    } cases[] = {
        {"00", 0},
        {"17", 23},
        {"18ff", 255},
        {"1a000f4240", 1000000},
        {"1b0020000000000000", 9007199254740992.0},
        {"20", -1},
        {"3903e7", -1000},
        {"f93c00", 1},
        {"f90001", 5.960464477539063e-8},
        {"f903ff", 6.097555160522461e-5},
        {"f98400", -6.103515625e-5},
        {"f97bff", 65504},
        {"fa41c80000", 25},
        {"fbc010666666666666", -4.1},
        {"c48221196ab3", 273.15},
        {"c482010c", 120},
        {"c4822139ffff", -655.36},
        {"6432352e35", 25.5},
    };
    struct trial t = with_model();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char hex[96];
        snprintf(hex, sizeof hex, "81 a3 21 6161 00 623a74 02 %s", cases[i].number);
        assert_int_equal(run_hex(&t, hex), ERR_OK);
        assert_int_equal(only(&t)->kind, VALUE_NUMBER);
        assert_null(only(&t)->problem);
        assert_close(only(&t)->value, cases[i].value, 0);
        assert_string_equal(t.out.format, "senml");
    }
    assert_int_equal(run_hex(&t, "81 a3 21 6161 00 623a74 02 f97e00"), ERR_OK);
    assert_int_equal(only(&t)->kind, VALUE_MISSING);
    assert_int_equal(run_hex(&t, "81 a3 21 6161 00 623a74 02 f97c00"), ERR_OK);
    assert_string_equal(only(&t)->problem, "infinity is not a number");
    trial_end(&t);
}

static void test_cbor_takes_open_lengths_tags_and_text_labels(void **state)
{
    (void)state;
    struct trial t = with_model();
    t.rules.format = "auto";
    /* d9d9f7 [_ {_ "bn": (_ "no", "de"), -4: "Cel", 99: [1, {2: h'00'}], 0: ":t", 2: 4}]
     */
    assert_int_equal(run_hex(&t, "d9d9f7 9f bf 62626e 7f 626e6f 626465 ff 23 6343656c"
                                 "1863 82 01 a1 02 4100 00 623a74 02 04 ff ff"),
                     ERR_OK);
    assert_string_equal(only(&t)->device, "node");
    assert_string_equal(only(&t)->unit, "Cel");
    assert_close(only(&t)->value, 4, 0);
    assert_int_equal(run_hex(&t, "80"), ERR_OK);
    assert_int_equal(t.out.count, 0);
    trial_end(&t);
}

static void test_cbor_that_is_hostile_is_refused(void **state)
{
    (void)state;
    static const char *const packs[] = {
        "81",                                   /* unexpected end */
        "9bffffffffffffffff",                   /* 2^64-1 records */
        "81 bbffffffffffffffff 00",             /* 2^64-1 fields */
        "81 a1 21 7bffffffffffffffff 61",       /* a text of 2^64-1 bytes */
        "81 a1 21 5b7fffffffffffffff 61",       /* bytes likewise */
        "81 a1 21 01",                          /* bn is no text */
        "81 a2 21 6161 21 6162",                /* bn twice */
        "81 a1 21 62c328",                      /* no UTF-8 */
        "81 a1 21 626100",                      /* NUL */
        "81 a1 63616e5f 01",                    /* "an_" must be understood */
        "81 a1 f5 01",                          /* true as a label */
        "81 a1 02 c4 82 1b0000000100000000 01", /* 10^(2^32) */
        "81 a1 02 c4 01",                       /* no decimal fraction */
        "81 01",                                /* no map */
        "81 ff",                                /* a break that ends nothing */
        "81 a1 02 ff",                          /* likewise, as a value */
        "9f ff 00",                             /* bytes behind it */
        "81 a1 1863 7f 01 ff",                  /* a text of a number */
        "81 1c",                                /* reserved */
        "d9d9f7 a0",                            /* no array */
        "81 a1 1863 818181818181818181818181818181818181818181818181 00",
    };
    struct trial t = with_model();
    for (size_t i = 0; i < sizeof packs / sizeof *packs; i++) {
        assert_int_equal(run_hex(&t, packs[i]), ERR_SYNTAX);
        assert_true(t.diag.text[0] != '\0');
    }
    trial_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base_fields_hold_until_the_next),
        cmocka_unit_test(test_names_without_a_base_name_are_the_device),
        cmocka_unit_test(test_relative_times_count_from_the_arrival),
        cmocka_unit_test(test_ratios_become_percent_only_where_it_is_wanted),
        cmocka_unit_test(test_values_that_are_no_v),
        cmocka_unit_test(test_packs_of_our_nodes_carry_log_and_counter),
        cmocka_unit_test(test_packs_that_are_refused),
        cmocka_unit_test(test_cbor_gives_every_kind_of_number),
        cmocka_unit_test(test_cbor_takes_open_lengths_tags_and_text_labels),
        cmocka_unit_test(test_cbor_that_is_hostile_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
