/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "config/config.h"
#include "model/calibration.h"
#include "quality/checks/gross_range.h"
#include "support/fixture.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What app hands over, small. */
static const char *const formats[] = {"ttn", "json", "number", "auto"};
static const char *const targets[] = {"ckan"};

static const char *dimension(const char *unit)
{
    static const char *const units[][2] = {
        {"degC", "K"}, {"Cel", "K"},  {"degF", "K"}, {"m", "m"},  {"mm", "m"},
        {"Pa", "Pa"},  {"hPa", "Pa"}, {"V", "V"},    {"mV", "V"}, {"1", "1"}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(units[i][0], unit) == 0) {
            return units[i][1];
        }
    }
    return NULL;
}

static bool unit_is_known(void *arg, const char *text)
{
    (void)arg;
    return dimension(text) != NULL;
}

static bool unit_fits(void *arg, const char *text, const char *to)
{
    (void)arg;
    const char *a = dimension(text), *b = dimension(to);
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static enum err units_ready(void *arg, const struct configuration *c)
{
    ++*(int *)arg;
    return c->parameter_count > 0 ? ERR_OK : ERR_IO;
}

static bool topic_is_sound(const char *pattern)
{
    return strstr(pattern, "{station}") == NULL;
}

static int ready;
static const struct config_names names = {
    .formats = formats,
    .format_count = sizeof formats / sizeof formats[0],
    .target_kinds = targets,
    .target_kind_count = 1,
    .unit_is_known = unit_is_known,
    .unit_fits = unit_fits,
    .units_ready = units_ready,
    .topic_is_sound = topic_is_sound,
    .arg = &ready,
};

static struct config_files *read_sound(void)
{
    struct config_files *files = NULL;
    struct diag d = {0};
    assert_int_equal(config_files_read(TEST_VECTORS "/config/sound", NULL, &files, &d),
                     ERR_OK);
    return files;
}

static void print_faults(const struct config_faults *faults, struct buf *b)
{
    for (size_t i = 0; i < faults->count; i++) {
        char line[1024];
        diag_format(&faults->faults[i].diag, line, sizeof line);
        buf_put_format(b, "%s%s\n", faults->faults[i].finding ? "finding: " : "", line);
    }
}

static struct configuration *parse(const struct config_files *files)
{
    struct config_faults faults = {0};
    struct configuration *c = NULL;
    struct buf b;
    buf_init(&b, 1 << 20);
    enum err e = config_parse(files, &names, &c, &faults);
    print_faults(&faults, &b);
    assert_string_equal(buf_text(&b), "");
    assert_int_equal(e, ERR_OK);
    buf_fini(&b);
    config_faults_fini(&faults);
    return c;
}

static void check_hub(const struct configuration *c)
{
    char path[2048];
    snprintf(path, sizeof path, "%s/../data", c->folder);
    assert_string_equal(c->data, path);
    assert_int_equal(c->payload_ceiling_bytes, 128 * 1024);
    assert_int_equal(c->keep_days, 200);
    assert_int_equal(c->publish_every_s, 60);
    assert_int_equal(c->source_count, 2);
    const struct source *s = configuration_source(c, "altstadt-plain");
    assert_string_equal(s->broker, "mqtts://broker.example:8883");
    assert_string_equal(s->ca_file, "/etc/ssl/ca.pem");
    snprintf(path, sizeof path, "%s/altstadt.pass", c->folder);
    assert_string_equal(s->password_file, path);
    assert_int_equal(s->mqtt_version, 5);
    assert_int_equal(s->keep_alive_s, 30);
    assert_int_equal(s->subscribe_count, 2);
    assert_string_equal(s->subscribe[1], "$share/hub/other/#");
    assert_false(s->take_retained);
    s = configuration_source(c, "neustadt-json");
    assert_string_equal(s->broker, "mqtt://[::1]:1884");
    assert_int_equal(s->mqtt_version, 3);
    assert_int_equal(s->keep_alive_s, 10);
    assert_true(s->take_retained);
    assert_string_equal(s->device, "/device_id");
    assert_null(s->topic);
    assert_int_equal(c->target_count, 2);
    assert_string_equal(c->targets[0].format_csv, "text/csv");
    assert_close(c->targets[0].max_file_mb, 2.5, 0);
    assert_string_equal(c->targets[0].licences[0].theirs, "dl-zero");
    assert_close(c->targets[1].max_file_mb, 10, 0);
    assert_string_equal(c->targets[1].format_csv, "CSV");
    assert_true(c->targets[1].demonstration);
}

static void check_models(const struct configuration *c)
{
    const struct sensor_model *m = configuration_model(c, "probe");
    assert_int_equal(m->index, 1);
    assert_int_equal(m->time.form, TIME_FORM_LOCAL);
    assert_string_equal(m->time.zone, "Europe/Berlin");
    assert_int_equal(m->records.time.form, TIME_FORM_UNIX_S);
    assert_int_equal(m->status.good_count, 3);
    assert_string_equal(m->status.good[1], "0");
    assert_string_equal(m->status.good[2], "true");
    assert_int_equal(m->status.otherwise, QUALITY_FAIL);
    assert_int_equal(m->field_count, 9);
    const struct sensor_field *f = m->fields;
    assert_string_equal(f[0].parameter->id, "water_temperature");
    assert_int_equal(f[0].sentinel_count, 2);
    assert_close(f[0].sentinels[0].high, -127, 0);
    assert_close(f[0].sentinels[1].high, 90, 0);
    assert_string_equal(f[0].position, "main");
    assert_string_equal(f[2].position, "bottom");
    assert_string_equal(f[3].origin, "measured:max");
    assert_int_equal(f[6].rank, 2);
    assert_int_equal(f[6].index, 6);
    assert_string_equal(f[7].unit_field, "/bat_unit");
    assert_null(f[8].parameter);
    assert_int_equal(m->ignore_count, 2);
    m = configuration_model(c, "level");
    assert_string_equal(m->pairs.unit, "/u");
    assert_int_equal(m->fields[0].quantity, QUANTITY_PRESSURE);
    assert_int_equal(m->fields[0].reference, PRESSURE_UNSTATED);
    assert_int_equal(m->fields[1].quantity, QUANTITY_DISTANCE);
}

static void check_station(const struct configuration *c)
{
    const struct station *s = configuration_station(c, "altstadt-pier");
    int64_t us;
    assert_string_equal(s->city->city, "altstadt");
    assert_string_equal(s->city->key, "010030000000");
    assert_close(s->lat, 53.893, 0);
    assert_int_equal(s->gauge_zero_count, 2);
    assert_int_equal(clock_parse_rfc3339("2005-12-31T23:00:00Z", &us), ERR_OK);
    assert_int_equal(s->gauge_zero[0].period.from_us, us);
    assert_close(s->gauge_zero[0].m_nhn, -4.988, 1e-12);
    assert_string_equal(s->gauge_zero[0].datum, "DHHN92");
    assert_close(s->gauge_zero[0].epoch, 1998.5, 0);
    assert_close(s->gauge_zero[1].m_nhn, -5.01, 0);
    assert_true(s->gauge_zero[1].period.to_us == INT64_MAX);
    assert_int_equal(s->reference_level[0].datum, REFERENCE_GAUGE_ZERO);
    assert_close(s->density_kg_m3, 1008, 0);
    assert_int_equal(s->tests_count, 1);
    assert_int_equal(s->tests[0].tests.count, 1);
    assert_string_equal(s->tests[0].tests.rows[0].test, "gross_range_test");
    const struct gross_range_settings *range = s->tests[0].tests.rows[0].settings;
    assert_close(range->fail_span.low, -1, 0);
    assert_true(range->suspect_span.low > range->suspect_span.high);
    s = configuration_station(c, "altstadt-bridge");
    assert_true(isnan(s->lat) && isnan(s->density_kg_m3));
}

static void check_devices(const struct configuration *c)
{
    const struct device *other = NULL;
    const struct device *d =
        configuration_device(c, "altstadt", "10e2073a01080001", NULL);
    assert_int_equal(c->device_count, 3);
    assert_int_equal(c->placement_count, 4);
    assert_string_equal(d->serial, "A-0017");
    assert_int_equal(d->placement_count, 2);
    assert_string_equal(d->placements[0].station->station, "altstadt-bridge");
    assert_ptr_equal(d->placements[1].device, d);
    assert_int_equal(d->placements[1].index, 1);
    assert_close(d->placements[1].interval_s, 600, 0);
    assert_int_equal(d->placements[1].position_count, 2);
    for (size_t i = 0; i < 2; i++) {
        bool main = strcmp(d->placements[1].positions[i].position, "main") == 0;
        assert_string_equal(d->placements[1].positions[i].as,
                            main ? "surface" : "bottom");
    }
    assert_close(d->placements[1].settings.salinity, 8, 0);
    assert_int_equal(d->placements[1].settings.ec25_law, EC25_LINEAR);
    assert_close(d->placements[1].settings.ec25_percent_per_k, 1.91, 0);
    assert_int_equal(d->placements[0].settings.ec25_law, EC25_UNSTATED);
    assert_null(configuration_device(c, "neustadt", "urn:dev:level-2", &other));
    assert_int_equal(other->placements[0].pressure, PRESSURE_ABSOLUTE);
    assert_close(other->placements[0].height_m_nhn, 4.127, 0);
}

static void check_calibrations(const struct configuration *c)
{
    const struct station *s = configuration_station(c, "altstadt-pier");
    const struct device *d =
        configuration_device(c, "altstadt", "10e2073a01080001", NULL);
    int64_t visit_us;
    assert_int_equal(clock_parse_rfc3339("2026-06-01T08:00:00Z", &visit_us), ERR_OK);
    assert_int_equal(s->calibration_count, 2);
    const struct parameter *p = configuration_parameter(c, "water_temperature");
    const struct calibration *check = station_calibration(s, p, "surface", visit_us - 1);
    assert_ptr_equal(check, &s->calibrations[0]);
    assert_true(check->check.set && check->has_limits);
    assert_close(check->check.site_after, 12.4, 0);
    assert_close(check->check.meter_before, 12.3, 0);
    assert_int_equal(check->check.standard_count, 2);
    assert_close(check->check.standards[0].reading, 4.9, 0); /* sorted */
    assert_close(check->limits.publish_to, 2, 0);
    assert_true(isnan(check->limits.publish_to_percent));
    assert_close(check->slope, 1, 0);
    check = station_calibration(s, p, "surface", visit_us);
    assert_close(check->offset, 0.25, 0);
    assert_close(check->slope, 1.002, 0);
    assert_false(check->check.set);
    assert_int_equal(d->calibration_count, 1);
    check = device_calibration(d, "/temp2", visit_us);
    assert_close(check->offset, -0.05, 0);
    assert_string_equal(check->by, "A. Person");
    assert_null(check->standard);
}

static void check_windows(const struct configuration *c)
{
    const struct station *s = configuration_station(c, "altstadt-pier");
    int64_t us;
    assert_int_equal(clock_parse_rfc3339("2026-06-01T07:30:00Z", &us), ERR_OK);
    assert_int_equal(s->maintenance.count, 2);
    const struct window *w = windows_find(&s->maintenance, "ph", "bottom", us);
    assert_ptr_equal(w, &s->maintenance.rows[0]);
    assert_string_equal(w->reason, "cleaned, checked");
    assert_string_equal(w->by, "A. Person");
    assert_null(windows_find(&s->maintenance, "ph", "bottom", us - 1));
    assert_null(windows_find(&s->maintenance, "ph", "bottom", us + INT64_C(5400000000)));
    us = INT64_MAX - 1;
    assert_null(windows_find(&s->maintenance, "ph", "bottom", us));
    assert_null(windows_find(&s->maintenance, "water_temperature", "surface", us));
    assert_ptr_equal(windows_find(&s->maintenance, "ph", "surface", us),
                     &s->maintenance.rows[1]);
}

static void check_flags(const struct configuration *c)
{
    const struct station *s = configuration_station(c, "altstadt-pier");
    int64_t us;
    assert_int_equal(clock_parse_rfc3339("2026-06-02T00:00:00Z", &us), ERR_OK);
    assert_int_equal(s->flags.count, 2);
    assert_int_equal(s->states.count, 2);
    assert_int_equal(windows_find(&s->flags, "water_temperature", "surface", us)->flag,
                     QUALITY_FAIL);
    assert_null(windows_find(&s->flags, "water_temperature", "bottom", us));
    assert_int_equal(windows_find(&s->states, "water_temperature", "bottom", us)->state,
                     STATE_RELEASED);
    us = INT64_MAX - 1;
    assert_int_equal(windows_find(&s->flags, "water_temperature", "bottom", us)->flag,
                     QUALITY_GOOD);
    assert_int_equal(windows_find(&s->states, "water_temperature", "bottom", us)->state,
                     STATE_CHECKED);
    assert_string_equal(data_state_text(STATE_PROVISIONAL), "provisional");
}

static void test_config_parse_fills_everything(void **state)
{
    (void)state;
    struct config_files *files = read_sound();
    ready = 0;
    struct configuration *c = parse(files);
    config_files_close(files);
    assert_int_equal(ready, 1);
    check_hub(c);
    check_models(c);
    check_station(c);
    check_devices(c);
    check_calibrations(c);
    check_windows(c);
    check_flags(c);
    const struct parameter *p = configuration_parameter(c, "water_level");
    assert_true(p->relative);
    assert_int_equal(p->decimals, 4);
    p = configuration_parameter(c, "water_temperature");
    assert_int_equal(p->tests.count, 2);
    const struct gross_range_settings *range = p->tests.rows[0].settings;
    assert_close(range->suspect_span.high, 28, 0);
    assert_string_equal(p->tests.rows[1].test, "spike_test");
    assert_int_equal(configuration_parameter(c, "ph")->tests.count, 0);
    assert_string_equal(c->aliases[0].canonical, "degC");
    assert_null(c->aliases[1].canonical);
    assert_string_equal(c->datasets[0].dataset, "all");
    assert_int_equal(c->datasets[0].city_count, 2);
    assert_int_equal(c->datasets[1].city_count, 1);
    assert_string_equal(c->datasets[1].parameters[1]->id, "ph");
    configuration_free(c);
}

/* --- vectors: the sound files with those of one folder over them --- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t list_cases(char *cases[], size_t most)
{
    DIR *folder = opendir(TEST_VECTORS "/config");
    assert_non_null(folder);
    size_t count = 0;
    // cppcheck-suppress readdirCalled ; one thread
    for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder)) {
        if (e->d_name[0] != '.' && strcmp(e->d_name, "sound") != 0) {
            assert_true(count < most);
            cases[count++] = strdup(e->d_name);
        }
    }
    closedir(folder);
    // cppcheck-suppress uninitvar ; the loop above filled count of them
    qsort(cases, count, sizeof *cases, compare_names);
    return count;
}

/* One case has no file of hub.json of its own, so it is read as the shipped folder. */
static void overlay(struct config_files *files, const char *name)
{
    char list[1024];
    struct buf b;
    snprintf(list, sizeof list, "cd '%s/config/%s' && find . -name '*.json' | sort",
             TEST_VECTORS, name);
    FILE *found = popen(list, "r"); /* NOLINT(cert-env33-c): our own folder */
    assert_non_null(found);
    char line[512];
    struct config_file *rows =
        arena_take_zero(files->memory, files->count + 32, sizeof *rows);
    memcpy(rows, files->files, files->count * sizeof *rows);
    files->files = rows;
    while (fgets(line, sizeof line, found) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char path[2048];
        snprintf(path, sizeof path, "%s/config/%s/%s", TEST_VECTORS, name, line + 2);
        buf_init(&b, 4 << 20);
        assert_int_equal(file_read(path, &b), ERR_OK);
        size_t at = 0;
        while (at < files->count && strcmp(rows[at].name, line + 2) != 0) {
            at++;
        }
        files->count += at == files->count;
        rows[at] = (struct config_file){
            .name = arena_text(files->memory, line + 2),
            .text = arena_text_part(files->memory, buf_text(&b), b.length),
            .size = b.length};
        buf_fini(&b);
    }
    pclose(found);
}

static void test_config_parse_gives_each_fault_its_sentence(void **state)
{
    (void)state;
    char *cases[400];
    size_t count = list_cases(cases, 400), failed = 0;
    assert_true(count > 50);
    for (size_t i = 0; i < count; i++) {
        char path[1024];
        struct config_files *files = read_sound();
        struct config_faults faults = {0};
        struct configuration *c = NULL;
        struct buf expected, found;
        buf_init(&expected, 1 << 20);
        buf_init(&found, 1 << 20);
        overlay(files, cases[i]);
        snprintf(path, sizeof path, "%s/config/%s/expected", TEST_VECTORS, cases[i]);
        assert_int_equal(file_read(path, &expected), ERR_OK);
        enum err e = config_parse(files, &names, &c, &faults);
        print_faults(&faults, &found);
        bool sound = config_faults_count(&faults, false) == 0;
        if (strcmp(buf_text(&expected), buf_text(&found)) != 0 ||
            (e == ERR_OK) != sound || (c != NULL) != sound) {
            print_error("%s: found\n%s", cases[i], buf_text(&found));
            failed++;
        }
        configuration_free(c);
        config_faults_fini(&faults);
        config_files_close(files);
        buf_fini(&expected);
        buf_fini(&found);
        free(cases[i]);
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_parse_fills_everything),
        cmocka_unit_test(test_config_parse_gives_each_fault_its_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
