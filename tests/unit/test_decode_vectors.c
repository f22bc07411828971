/* SPDX-License-Identifier: EUPL-1.2 */
/* Every vectors/decode/<format>/<name>.in is a message, <name>.out what it means: a line
 * of the message, then one a reading, fields parted by tabs. Each is decoded as its
 * format and as "auto". The sensor model below is that of every device but "stranger". */
#include "base/buf.h"
#include "base/file.h"
#include "base/number.h"
#include "unit/decode_trial.h"

#include <glob.h>
#include <stdio.h>

static const struct parameter temperature = {.id = "water_temperature", .unit = "degC"};
static const struct parameter conductivity = {.id = "conductivity_raw", .unit = "mS/cm"};
static const struct parameter battery = {.id = "battery_voltage", .unit = "V"};
static const struct parameter humidity = {.id = "air_humidity", .unit = "%"};
static const struct parameter signal = {.id = "rssi", .unit = "dBm"};
static const struct span no_probe[] = {{-127, -127}, {85, 85}};
static const char *const state_good[] = {"ok"};

#define PLACE .position = "main", .origin = "measured"

static const struct sensor_field fields[] = {
    {.field = "/temp",
     .parameter = &temperature,
     .unit = "degC",
     .sentinels = no_probe,
     .sentinel_count = 2,
     PLACE},
    {.field = "/ec/value",
     .unit_field = "/ec/unit",
     .parameter = &conductivity,
     .unit = "mS/cm",
     PLACE},
    {.field = "/dist (mm)",
     .quantity = QUANTITY_DISTANCE,
     .unit = "mm",
     .status = {"/tilt", state_good, 1, QUALITY_SUSPECT},
     PLACE},
    {.field = "/bat", .parameter = &battery, .unit = "V", PLACE},
    {.field = "/:temp", .parameter = &temperature, .unit = "degC", PLACE},
    {.field = "/:air", .parameter = &humidity, .unit = "%", PLACE},
    {.field = "/", .parameter = &humidity, .unit = "%RH", PLACE},
    {.field = "/", .parameter = &temperature, .unit = "Cel", PLACE},
    {.field = "/port", .unit = NULL, PLACE}};
static const struct sensor_model model = {
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .time = {.field = "/at", .form = TIME_FORM_RFC3339},
    .records = {.field = "/history", .time = {.field = "/ts", .form = TIME_FORM_UNIX_S}},
    .pairs = {.field = "/list", .key = "/name", .value = "/value", .unit = "/unit"},
    .status = {.field = "/state",
               .good = state_good,
               .good_count = 1,
               .otherwise = QUALITY_FAIL}};
static const struct sensor_field rssi = {.parameter = &signal, .unit = "dBm", PLACE};

static const char *or_dash(const char *text)
{
    return text == NULL ? "-" : text;
}

static const char *time_text(int64_t time_us, char to[CLOCK_TEXT])
{
    if (time_us == CLOCK_NONE) {
        return "-";
    }
    clock_format_us(time_us, to);
    return to;
}

static void put_reading(struct buf *b, const struct reading *r)
{
    char time[CLOCK_TEXT];
    char value[NUMBER_TEXT];
    number_format(r->value, value);
    buf_put_format(b, "%s\t%s\t%s\t", r->device, r->field, r->key);
    buf_put_format(b, "%s%s\t", r->kind == VALUE_MISSING ? "missing " : "",
                   r->kind == VALUE_TEXT ? r->text : value);
    buf_put_format(b, "%s\t", or_dash(r->unit));
    if (r->scaled_unit != NULL) {
        number_format(r->scale, value);
        buf_put_format(b, "%s %s\t", value, r->scaled_unit);
    } else {
        buf_put_text(b, "-\t");
    }
    buf_put_format(b, "%s\t%s\t", time_text(r->time_us, time),
                   time_source_text(r->time_source));
    buf_put_format(b, "%s\t%s\t%s\n",
                   r->ignored         ? "ignored"
                   : r->entry != NULL ? "named"
                                      : "unknown",
                   quality_text(r->device_flag), or_dash(r->problem));
}

static void put_result(struct buf *b, struct trial *t, enum err err)
{
    if (err != ERR_OK) {
        buf_put_format(b, "%s: %d:%d: %s\n", err_text(err), t->diag.line, t->diag.column,
                       t->diag.text);
        return;
    }
    char time[CLOCK_TEXT];
    buf_put_format(b, "%s\t%s\t%s\t", t->out.format, or_dash(t->out.device),
                   or_dash(t->out.session));
    buf_put_format(b, t->out.has_counter ? "%lld\t" : "-\t", (long long)t->out.counter);
    buf_put_format(b, "%s\n", time_text(t->out.message_us, time));
    for (size_t i = 0; i < t->out.count; i++) {
        put_reading(b, &t->out.readings[i]);
    }
}

static void check_vector(const char *format, const char *path, bool as_auto)
{
    struct buf in;
    struct buf expected;
    struct buf got;
    buf_init(&in, 1 << 20);
    buf_init(&expected, 1 << 20);
    buf_init(&got, 1 << 20);
    char out[512];
    snprintf(out, sizeof out, "%.*s.out", (int)strlen(path) - 3, path);
    assert_int_equal(file_read(path, &in), ERR_OK);
    assert_int_equal(file_read(out, &expected), ERR_OK);
    struct trial t = {.model = &model};
    t.m.topic = "pegel/buoy7/temp";
    t.rules = (struct decode_rules){.format = as_auto ? "auto" : format, .rssi = &rssi};
    t.rules.topic = strcmp(format, "number") == 0 ? "pegel/{device}/{field}" : NULL;
    t.rules.device = "/device_id";
    put_result(&got, &t, trial_run_bytes(&t, buf_text(&in), in.length));
    if (strcmp(buf_text(&got), buf_text(&expected)) != 0) {
        print_error("%s as %s gives\n%s", path, t.rules.format, buf_text(&got));
    }
    assert_string_equal(buf_text(&got), buf_text(&expected));
    trial_end(&t);
    buf_fini(&in);
    buf_fini(&expected);
    buf_fini(&got);
}

static void test_vectors_give_exactly_their_readings(void **state)
{
    (void)state;
    size_t count;
    const char *const *formats = decode_format_names(&count);
    for (size_t i = 0; i + 1 < count; i++) {
        char pattern[512];
        snprintf(pattern, sizeof pattern, "%s/decode/%s/*.in", TEST_VECTORS, formats[i]);
        glob_t found;
        assert_int_equal(glob(pattern, 0, NULL, &found), 0);
        for (size_t k = 0; k < found.gl_pathc; k++) {
            check_vector(formats[i], found.gl_pathv[k], false);
            check_vector(formats[i], found.gl_pathv[k], true);
        }
        globfree(&found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_give_exactly_their_readings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
