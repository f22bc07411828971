/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/decode_trial.h"

#include <math.h>

static const struct parameter temperature = {.id = "water_temperature", .unit = "degC"};
static const struct parameter oxygen = {.id = "oxygen", .unit = "mg/L"};
static const struct parameter humidity = {.id = "humidity", .unit = "%"};

#define PLACE .position = "main", .origin = "measured"

static struct trial with_model(const struct sensor_model *model)
{
    return (struct trial){.model = model, .rules = {.format = "json"}};
}

static void assert_problem(const struct reading *r, const char *problem)
{
    assert_non_null(r->problem);
    assert_string_equal(r->problem, problem);
}

static void test_fields_named_are_entries_and_other_numbers_are_ignored(void **state)
{
    (void)state;
    static const struct sensor_field fields[] = {
        {.field = "/temp", .parameter = &temperature, .unit = "degC", PLACE},
        {.field = "/shown", .unit = "V", PLACE}};
    static const char *const ignore[] = {"/crc"};
    static const struct sensor_model model = {
        .fields = fields, .field_count = 2, .ignore = ignore, .ignore_count = 1};
    struct trial t = with_model(&model);
    assert_int_equal(trial_run(&t, "{\"name\":\"Bojen\",\"extra\":{\"a/b\":[7,\"8\"]},"
                                   "\"shown\":3.5,\"temp\":12.5,\"crc\":99,\"on\":true}"),
                     ERR_OK);
    assert_int_equal(t.out.count, 5);
    const struct reading *r = trial_get(&t, "/temp");
    assert_ptr_equal(r->entry, &fields[0]);
    assert_false(r->ignored);
    assert_null(r->problem);
    assert_int_equal(r->kind, VALUE_NUMBER);
    assert_close(r->value, 12.5, 0);
    assert_string_equal(r->unit, "degC");
    assert_string_equal(r->device, "city/buoy7/up");
    assert_int_equal(r->time_us, TRIAL_ARRIVAL_US);
    assert_int_equal(r->time_source, TIME_SOURCE_ARRIVAL);
    assert_close(r->scale, 1, 0);
    assert_null(r->scaled_unit);
    assert_true(trial_get(&t, "/shown")->ignored);
    assert_ptr_equal(trial_get(&t, "/shown")->entry, &fields[1]);
    assert_true(trial_get(&t, "/crc")->ignored);
    assert_true(trial_get(&t, "/extra/a~1b/0")->ignored);
    assert_null(trial_get(&t, "/extra/a~1b/1")->entry);
    for (size_t i = 0; i < t.out.count; i++) {
        assert_int_equal(t.out.readings[i].index, i);
    }
    trial_end(&t);
}

static void test_fields_without_a_model_are_all_numbers_and_missing_ones(void **state)
{
    (void)state;
    struct trial t = with_model(NULL);
    assert_int_equal(trial_run(&t, "{\"a\":1,\"b\":\" 2.5 \",\"c\":\"text\",\"d\":null,"
                                   "\"e\":false,\"f\":{\"g\":[-3]}}"),
                     ERR_OK);
    assert_int_equal(t.out.count, 4);
    assert_close(trial_get(&t, "/b")->value, 2.5, 0);
    assert_int_equal(trial_get(&t, "/d")->kind, VALUE_MISSING);
    const struct reading *r = trial_get(&t, "/f/g/0");
    assert_false(r->ignored);
    assert_null(r->entry);
    assert_null(r->unit);
    assert_string_equal(r->key, "/f/g/0");
    trial_end(&t);
}

static void test_fields_are_found_by_nested_and_escaped_pointers(void **state)
{
    (void)state;
    static const struct sensor_field fields[] = {
        {.field = "/probe/value", .unit_field = "/probe/unit", .parameter = &temperature},
        {.field = "/a~1b/~0c/1", .parameter = &temperature, .unit = "K"},
        {.field = "/T (water)", .parameter = &temperature, .unit = "K"},
        {.field = "/list/01", .parameter = &temperature, .unit = "K"}};
    static const struct sensor_model model = {.fields = fields, .field_count = 4};
    struct trial t = with_model(&model);
    assert_int_equal(
        trial_run(&t, "{\"probe\":{\"value\":1,\"unit\":\"\xc2\xb0"
                      "C\"},\"a/b\":{\"~c\":[1,2]},\"T (water)\":3,\"list\":[4,5]}"),
        ERR_OK);
    assert_string_equal(trial_get(&t, "/probe/value")->unit, "\xc2\xb0"
                                                             "C");
    assert_close(trial_get(&t, "/a~1b/~0c/1")->value, 2, 0);
    assert_ptr_equal(trial_get(&t, "/a~1b/~0c/1")->entry, &fields[1]);
    assert_ptr_equal(trial_get(&t, "/T (water)")->entry, &fields[2]);
    assert_null(trial_get(&t, "/list/1")->entry); /* "01" is no index */
    trial_end(&t);
}

static void test_values_that_mean_missing_are_missing(void **state)
{
    (void)state;
    static const struct span sentinels[] = {{-127, -127}, {900, 1000}};
    static const struct sensor_field fields[] = {{.field = "/t",
                                                  .parameter = &temperature,
                                                  .unit = "degC",
                                                  .sentinels = sentinels,
                                                  .sentinel_count = 2}};
    static const struct sensor_model model = {.fields = fields, .field_count = 1};
    static const struct {
        const char *text;
        double raw;
    } cases[] = {{"-127", -127},
                 {"900", 900},
                 {"\"1000.0\"", 1000},
                 {"\"nan\"", (double)NAN},
                 {"\"NaN\"", (double)NAN},
                 {"\"None\"", (double)NAN},
                 {"\"null\"", (double)NAN},
                 {"\"\"", (double)NAN},
                 {"\" \"", (double)NAN},
                 {"null", (double)NAN}};
    struct trial t = with_model(&model);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char payload[64];
        snprintf(payload, sizeof payload, "{\"t\":%s}", cases[i].text);
        assert_int_equal(trial_run(&t, payload), ERR_OK);
        const struct reading *r = trial_get(&t, "/t");
        assert_int_equal(r->kind, VALUE_MISSING);
        assert_null(r->problem);
        assert_close(r->value, cases[i].raw, 0);
    }
    assert_int_equal(trial_run(&t, "{\"t\":\"899.99\"}"), ERR_OK);
    assert_int_equal(trial_get(&t, "/t")->kind, VALUE_NUMBER);
    trial_end(&t);
}

static void test_values_that_are_no_numbers_say_what_they_are(void **state)
{
    (void)state;
    static const struct sensor_field fields[] = {
        {.field = "/t", .parameter = &temperature, .unit = "degC"}};
    static const struct sensor_model model = {.fields = fields, .field_count = 1};
    static const char *const cases[][2] = {
        {"\"broken\"", "\"broken\" is not a number"},
        {"\"-59 dBm\"", "\"-59 dBm\" is not a number"},
        {"\"12,3\"", "\"12,3\" has a decimal comma, expected a point"},
        {"true", "true is not a number"},
        {"[1]", "an array is not a number"},
        {"{\"v\":1}", "an object is not a number"}};
    struct trial t = with_model(&model);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char payload[64];
        snprintf(payload, sizeof payload, "{\"t\":%s}", cases[i][0]);
        assert_int_equal(trial_run(&t, payload), ERR_OK);
        assert_int_equal(t.out.count, 1);
        assert_int_equal(t.out.readings[0].kind, VALUE_TEXT);
        assert_true(isnan(t.out.readings[0].value));
        assert_problem(&t.out.readings[0], cases[i][1]);
    }
    trial_end(&t);
}

static bool same_unit(void *arg, const char *x, const char *y)
{
    (void)arg;
    return strcmp(x, "pct") == 0 && strcmp(y, "%") == 0;
}

static void test_entries_of_one_field_are_told_apart_by_unit(void **state)
{
    (void)state;
    static const struct sensor_field fields[] = {
        {.field = "/v", .unit_field = "/u", .parameter = &temperature, .unit = "degC"},
        {.field = "/v", .unit_field = "/u", .parameter = &humidity, .unit = "pct"}};
    static const struct sensor_model model = {.fields = fields, .field_count = 2};
    struct trial t = with_model(&model);
    assert_int_equal(trial_run(&t, "{\"v\":1,\"u\":\"degC\"}"), ERR_OK);
    assert_int_equal(t.out.count, 1);
    assert_ptr_equal(t.out.readings[0].entry, &fields[0]);
    assert_int_equal(trial_run(&t, "{\"v\":1,\"u\":\"%\"}"), ERR_OK);
    assert_null(t.out.readings[0].entry);
    assert_true(t.out.readings[0].ignored);
    t.rules.same_unit = same_unit;
    assert_int_equal(trial_run(&t, "{\"v\":1,\"u\":\"%\"}"), ERR_OK);
    assert_int_equal(t.out.count, 1);
    assert_ptr_equal(t.out.readings[0].entry, &fields[1]);
    assert_string_equal(t.out.readings[0].unit, "%");
    assert_int_equal(trial_run(&t, "{\"v\":1}"), ERR_OK);
    assert_problem(&t.out.readings[0], "no unit, and the model tells /v apart by unit");
    trial_end(&t);
}

static void test_ranks_leave_the_lowest_that_is_present(void **state)
{
    (void)state;
    static const struct sensor_field fields[] = {
        {.field = "/do2", .parameter = &oxygen, .unit = "mg/L", .rank = 2, PLACE},
        {.field = "/do1", .parameter = &oxygen, .unit = "mg/L", .rank = 1, PLACE},
        {.field = "/t", .parameter = &temperature, .unit = "degC", .rank = 5, PLACE},
        {.field = "/level", .quantity = QUANTITY_DEPTH, .unit = "m", .rank = 2, PLACE},
        {.field = "/w", .quantity = QUANTITY_W, .unit = "m", .rank = 1, PLACE}};
    static const struct sensor_model model = {.fields = fields, .field_count = 5};
    struct trial t = with_model(&model);
    assert_int_equal(
        trial_run(&t, "{\"do1\":8,\"do2\":9,\"t\":4,\"level\":1.5,\"w\":5.1}"), ERR_OK);
    assert_false(trial_get(&t, "/do1")->ignored);
    assert_true(trial_get(&t, "/do2")->ignored);
    assert_false(trial_get(&t, "/t")->ignored);
    assert_true(trial_get(&t, "/level")->ignored);
    assert_false(trial_get(&t, "/w")->ignored);
    assert_int_equal(trial_run(&t, "{\"do2\":9}"), ERR_OK);
    assert_false(trial_get(&t, "/do2")->ignored);
    assert_int_equal(trial_run(&t, "{\"do1\":\"broken\",\"do2\":9}"), ERR_OK);
    assert_true(trial_get(&t, "/do1")->ignored);
    assert_null(trial_get(&t, "/do1")->problem);
    assert_false(trial_get(&t, "/do2")->ignored);
    assert_int_equal(trial_run(&t, "{\"do1\":null,\"do2\":\"nan\"}"), ERR_OK);
    assert_false(trial_get(&t, "/do1")->ignored);
    assert_true(trial_get(&t, "/do2")->ignored);
    trial_end(&t);
}

static const struct sensor_field record_fields[] = {{.field = "/t",
                                                     .parameter = &temperature,
                                                     .unit_field = "/u",
                                                     .unit = "degC",
                                                     PLACE}};
static const struct sensor_model record_model = {
    .fields = record_fields,
    .field_count = 1,
    .time = {.field = "/at", .form = TIME_FORM_RFC3339},
    .records = {.field = "/history", .time = {.field = "/ts", .form = TIME_FORM_UNIX_S}}};

static void test_records_have_their_own_time_and_unit(void **state)
{
    (void)state;
    struct trial t = with_model(&record_model);
    assert_int_equal(
        trial_run(&t, "{\"at\":\"2026-11-20T11:59:00.1234567Z\",\"t\":1,\"history\":["
                      "{\"ts\":1795170000,\"t\":2,\"u\":\"K\",\"x\":5},"
                      "{\"ts\":\"1795170000.5\",\"t\":3},"
                      "{\"ts\":\"soon\",\"t\":4},{\"t\":5},{\"ts\":null,\"t\":6},7]}"),
        ERR_OK);
    assert_int_equal(t.out.count, 8);
    const struct reading *r = trial_get(&t, "/t");
    assert_int_equal(r->time_us, TRIAL_ARRIVAL_US - 60000000 + 123456);
    assert_int_equal(r->time_source, TIME_SOURCE_READING);
    r = trial_get(&t, "/history/0/t");
    assert_string_equal(r->key, "/t");
    assert_string_equal(r->unit, "K");
    assert_int_equal(r->time_us, INT64_C(1795170000000000));
    assert_true(trial_get(&t, "/history/0/x")->ignored);
    assert_string_equal(trial_get(&t, "/history/0/x")->key, "/x");
    assert_int_equal(trial_get(&t, "/history/1/t")->time_us, INT64_C(1795170000500000));
    assert_int_equal(trial_get(&t, "/history/2/t")->time_us, CLOCK_NONE);
    assert_problem(trial_get(&t, "/history/2/t"),
                   "its time at /ts is soon, expected Unix seconds");
    r = trial_get(&t, "/history/3/t");
    assert_int_equal(r->time_us, trial_get(&t, "/t")->time_us);
    assert_null(r->problem);
    assert_int_equal(trial_get(&t, "/history/4/t")->time_us, r->time_us);
    assert_true(trial_get(&t, "/history/5")->ignored);
    trial_end(&t);
}

static void test_records_may_be_the_whole_document(void **state)
{
    (void)state;
    static const struct sensor_model model = {
        .fields = record_fields,
        .field_count = 1,
        .records = {.field = "", .time = {.field = "/ts", .form = TIME_FORM_UNIX_MS}}};
    struct trial t = with_model(&model);
    assert_int_equal(trial_run(&t, "[{\"ts\":1795170000123,\"t\":2},{\"ts\":1,\"t\":3}]"),
                     ERR_OK);
    assert_int_equal(t.out.count, 2);
    assert_int_equal(trial_get(&t, "/0/t")->time_us, INT64_C(1795170000123000));
    assert_problem(trial_get(&t, "/1/t"), "its time 1970-01-01T00:00:00.001Z is before "
                                          "1990");
    trial_end(&t);
}

static void test_pairs_are_fields_by_their_key(void **state)
{
    (void)state;
    static const struct sensor_field fields[] = {
        {.field = "/temp", .parameter = &temperature, .unit = "degC"},
        {.field = "/a~1b", .parameter = &oxygen, .unit = "mg/L"},
        {.field = "/17", .parameter = &oxygen, .unit = "mg/L"}};
    static const struct sensor_model model = {
        .fields = fields,
        .field_count = 3,
        .pairs = {.field = "/list", .key = "/name", .value = "/data/v", .unit = "/unit"}};
    struct trial t = with_model(&model);
    assert_int_equal(
        trial_run(&t,
                  "{\"list\":[{\"name\":\"temp\",\"data\":{\"v\":\"4.5\"},\"unit\":\"K\","
                  "\"n\":3},{\"name\":\"a/b\",\"data\":{\"v\":8}},"
                  "{\"name\":17,\"data\":{\"v\":null}},"
                  "{\"name\":\"other\",\"data\":{\"v\":1}},{\"data\":{\"v\":2}}]}"),
        ERR_OK);
    assert_int_equal(t.out.count, 6);
    const struct reading *r = trial_get(&t, "/list/0/data/v");
    assert_string_equal(r->key, "/temp");
    assert_ptr_equal(r->entry, &fields[0]);
    assert_string_equal(r->unit, "K");
    assert_close(r->value, 4.5, 0);
    assert_true(trial_get(&t, "/list/0/n")->ignored);
    assert_ptr_equal(trial_get(&t, "/list/1/data/v")->entry, &fields[1]);
    assert_string_equal(trial_get(&t, "/list/1/data/v")->unit, "mg/L");
    assert_int_equal(trial_get(&t, "/list/2/data/v")->kind, VALUE_MISSING);
    assert_string_equal(trial_get(&t, "/list/3/data/v")->key, "/other");
    assert_true(trial_get(&t, "/list/3/data/v")->ignored);
    assert_true(trial_get(&t, "/list/4/data/v")->ignored);
    trial_end(&t);
}

static void test_status_sets_the_flag_of_the_device(void **state)
{
    (void)state;
    static const char *const good[] = {"ok", "0", "true"};
    static const char *const level_good[] = {"normal"};
    static const struct sensor_field fields[] = {
        {.field = "/t", .parameter = &temperature, .unit = "degC", PLACE},
        {.field = "/d",
         .quantity = QUANTITY_DISTANCE,
         .unit = "mm",
         .status = {"/tilt", level_good, 1, QUALITY_FAIL},
         PLACE}};
    static const struct sensor_model model = {
        .fields = fields,
        .field_count = 2,
        .status = {"/state", good, 3, QUALITY_SUSPECT}};
    static const struct {
        const char *payload;
        enum quality t, d;
    } cases[] = {
        {"{\"t\":1,\"d\":2}", QUALITY_NONE, QUALITY_NONE},
        {"{\"t\":1,\"d\":2,\"state\":\"ok\",\"tilt\":\"tilt\"}", QUALITY_GOOD,
         QUALITY_FAIL},
        {"{\"t\":1,\"d\":2,\"state\":0,\"tilt\":\"normal\"}", QUALITY_GOOD, QUALITY_GOOD},
        {"{\"t\":1,\"d\":2,\"state\":true}", QUALITY_GOOD, QUALITY_NONE},
        {"{\"t\":1,\"d\":2,\"state\":4}", QUALITY_SUSPECT, QUALITY_NONE},
        {"{\"t\":1,\"d\":2,\"state\":null}", QUALITY_NONE, QUALITY_NONE}};
    struct trial t = with_model(&model);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(trial_run(&t, cases[i].payload), ERR_OK);
        assert_int_equal(t.out.count, 2);
        assert_int_equal(trial_get(&t, "/t")->device_flag, cases[i].t);
        assert_int_equal(trial_get(&t, "/d")->device_flag, cases[i].d);
    }
    trial_end(&t);
}

static void test_time_is_read_in_every_form_or_never_replaced(void **state)
{
    (void)state;
    static const struct {
        enum time_form form;
        const char *text;
        int64_t us; /* after 2026-11-20T11:00:00Z; -1: unreadable */
    } cases[] = {{TIME_FORM_RFC3339, "\"2026-11-20T11:00:01.0000019Z\"", 1000001},
                 {TIME_FORM_RFC3339, "\"2026-11-20 12:00:00.5+01:00\"", 500000},
                 {TIME_FORM_RFC3339, "\"2026-11-20T11:00:00\"", -1},
                 {TIME_FORM_RFC3339, "1795172400", -1},
                 {TIME_FORM_UNIX_S, "1795172400.25", 250000},
                 {TIME_FORM_UNIX_S, "\"1795172401\"", 1000000},
                 {TIME_FORM_UNIX_S, "1e300", -1},
                 {TIME_FORM_UNIX_S, "true", -1},
                 {TIME_FORM_UNIX_MS, "1795172400007", 7000},
                 {TIME_FORM_UNIX_US, "1795172400000003", 3},
                 {TIME_FORM_UNIX_US, "\"x\"", -1},
                 {TIME_FORM_LOCAL, "\"2026-11-20 12:00:00\"", 0},
                 {TIME_FORM_LOCAL, "\"20.11.2026 12:00\"", -1}};
    struct sensor_model model = record_model;
    struct trial t = with_model(&model);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        model.time = (struct time_field){"/at", cases[i].form, "Europe/Berlin"};
        char payload[96];
        snprintf(payload, sizeof payload, "{\"t\":1,\"at\":%s}", cases[i].text);
        assert_int_equal(trial_run(&t, payload), ERR_OK);
        assert_int_equal(t.out.count, 1);
        const struct reading *r = &t.out.readings[0];
        assert_int_equal(r->time_source, TIME_SOURCE_READING);
        bool readable = cases[i].us >= 0;
        assert_int_equal(r->problem == NULL, readable);
        assert_int_equal(r->time_us,
                         readable ? INT64_C(1795172400000000) + cases[i].us : CLOCK_NONE);
    }
    trial_end(&t);
}

static void test_time_in_the_future_or_before_1990_is_a_problem(void **state)
{
    (void)state;
    struct trial t = with_model(&record_model);
    assert_int_equal(trial_run(&t, "{\"t\":1,\"at\":\"2026-11-20T12:05:00Z\"}"), ERR_OK);
    assert_null(trial_get(&t, "/t")->problem);
    assert_int_equal(trial_run(&t, "{\"t\":1,\"at\":\"2026-11-20T12:05:00.000001Z\"}"),
                     ERR_OK);
    assert_problem(trial_get(&t, "/t"), "its time 2026-11-20T12:05:00.000001Z is more "
                                        "than 5 minutes after the arrival");
    assert_int_equal(trial_run(&t, "{\"t\":1,\"at\":\"1989-12-31T23:59:59Z\"}"), ERR_OK);
    assert_problem(trial_get(&t, "/t"), "its time 1989-12-31T23:59:59Z is before 1990");
    /* The network's time is what counts where there is one. */
    t.rules.format = "ttn";
    assert_int_equal(
        trial_run(&t, "{\"end_device_ids\":{\"device_id\":\"d\"},\"uplink_message\":{"
                      "\"received_at\":\"2026-11-20T10:00:00Z\",\"decoded_payload\":"
                      "{\"t\":1,\"at\":\"2026-11-20T10:05:01Z\"}}}"),
        ERR_OK);
    assert_problem(t.out.readings, "its time 2026-11-20T10:05:01Z is more than 5 minutes "
                                   "after the network's");
    trial_end(&t);
}

static void test_retained_without_own_time_is_refused_unless_taken(void **state)
{
    (void)state;
    struct trial t = with_model(&record_model);
    t.m.retained = true;
    assert_int_equal(trial_run(&t, "{\"t\":1,\"x\":2,\"history\":"
                                   "[{\"ts\":1795170000,\"t\":2}]}"),
                     ERR_OK);
    assert_problem(trial_get(&t, "/t"), "retained, age unknown");
    assert_null(trial_get(&t, "/x")->problem);
    assert_null(trial_get(&t, "/history/0/t")->problem);
    t.rules.take_retained = true;
    assert_int_equal(trial_run(&t, "{\"t\":1}"), ERR_OK);
    assert_null(trial_get(&t, "/t")->problem);
    trial_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_named_are_entries_and_other_numbers_are_ignored),
        cmocka_unit_test(test_fields_without_a_model_are_all_numbers_and_missing_ones),
        cmocka_unit_test(test_fields_are_found_by_nested_and_escaped_pointers),
        cmocka_unit_test(test_values_that_mean_missing_are_missing),
        cmocka_unit_test(test_values_that_are_no_numbers_say_what_they_are),
        cmocka_unit_test(test_entries_of_one_field_are_told_apart_by_unit),
        cmocka_unit_test(test_ranks_leave_the_lowest_that_is_present),
        cmocka_unit_test(test_records_have_their_own_time_and_unit),
        cmocka_unit_test(test_records_may_be_the_whole_document),
        cmocka_unit_test(test_pairs_are_fields_by_their_key),
        cmocka_unit_test(test_status_sets_the_flag_of_the_device),
        cmocka_unit_test(test_time_is_read_in_every_form_or_never_replaced),
        cmocka_unit_test(test_time_in_the_future_or_before_1990_is_a_problem),
        cmocka_unit_test(test_retained_without_own_time_is_refused_unless_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
