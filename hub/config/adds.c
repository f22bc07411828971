/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/config.h"

#include "base/clock.h"
#include "base/text.h"
#include "config/same.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The two configurations, and the first reason why it is more than an addition. */
struct change {
    const struct configuration *before, *after;
    char *why; /* 161 bytes */
};

/* Gives false, so that a finder of a change can end with it. */
static bool __attribute__((format(printf, 2, 3)))
say(const struct change *c, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text_copy(c->why, 161, text);
    return false;
}

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool same_texts(const char *const *a, size_t a_count, const char *const *b,
                       size_t b_count)
{
    bool same = a_count == b_count;
    for (size_t i = 0; same && i < a_count; i++) {
        same = strcmp(a[i], b[i]) == 0;
    }
    return same;
}

static bool same_span(struct span a, struct span b)
{
    return a.low == b.low && a.high == b.high;
}

static bool same_tests(const struct test_list *a, const struct test_list *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        const struct test_settings *x = &a->rows[i], *y = &b->rows[i];
        same =
            strcmp(x->test, y->test) == 0 && text_equal(x->text, y->text) &&
            x->months == y->months &&
            (x->water_type == y->water_type || text_equal(x->water_type, y->water_type));
    }
    return same;
}

static bool same_period(const struct period *a, const struct period *b)
{
    return a->from_us == b->from_us && a->to_us == b->to_us;
}

/* --- vocabulary and units --- */

static bool parameters_add(const struct change *c)
{
    for (size_t i = 0; i < c->before->parameter_count; i++) {
        const struct parameter *a = &c->before->parameters[i];
        const struct parameter *b = configuration_parameter(c->after, a->id);
        if (b == NULL) {
            return say(c, "the parameter %.64s is gone", a->id);
        }
        if (strcmp(a->unit, b->unit) != 0 || a->kind != b->kind ||
            a->decimals != b->decimals || a->relative != b->relative) {
            return say(c, "unit, kind, decimals or relative_to of %.64s changed", a->id);
        }
        if (!same_correction_limits(&a->correction, &b->correction)) {
            return say(c, "the correction_limits of %.64s changed", a->id);
        }
        if (!same_tests(&a->tests, &b->tests)) {
            return say(c, "quality tests of %.64s changed", a->id);
        }
    }
    return true;
}

static const struct unit_alias *find_alias(const struct configuration *c, const char *raw)
{
    size_t low = 0, high = c->alias_count; /* config sorts them */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(raw, c->aliases[middle].raw);
        if (order == 0) {
            return &c->aliases[middle];
        }
        *(order < 0 ? &high : &low) = order < 0 ? middle : middle + 1;
    }
    return NULL;
}

static bool units_add(const struct change *c)
{
    for (size_t i = 0; i < c->before->alias_count; i++) {
        const struct unit_alias *a = &c->before->aliases[i];
        const struct unit_alias *b = find_alias(c->after, a->raw);
        if (b == NULL || !text_equal(a->canonical, b->canonical)) {
            return say(c, "the unit alias \"%.64s\" %s", a->raw,
                       b == NULL ? "is gone" : "means another unit");
        }
    }
    for (size_t i = 0; i < c->after->alias_count; i++) {
        const struct unit_alias *b = &c->after->aliases[i];
        if (b->canonical == NULL && find_alias(c->before, b->raw) == NULL) {
            return say(c, "the unit \"%.64s\" is refused now", b->raw);
        }
    }
    if (!same_texts(c->before->own_units, c->before->own_unit_count, c->after->own_units,
                    c->after->own_unit_count)) {
        return say(c, "own_units changed");
    }
    return true;
}

/* --- sensor models --- */

static bool same_time(const struct time_field *a, const struct time_field *b)
{
    return text_equal(a->field, b->field) && a->form == b->form &&
           text_equal(a->zone, b->zone);
}

static bool same_status(const struct device_status *a, const struct device_status *b)
{
    return text_equal(a->field, b->field) && a->otherwise == b->otherwise &&
           same_texts(a->good, a->good_count, b->good, b->good_count);
}

static bool same_parameter(const struct parameter *a, const struct parameter *b)
{
    return text_equal(a != NULL ? a->id : NULL, b != NULL ? b->id : NULL);
}

static bool same_sentinels(const struct sensor_field *a, const struct sensor_field *b)
{
    bool same = a->sentinel_count == b->sentinel_count;
    for (size_t i = 0; same && i < a->sentinel_count; i++) {
        same = same_span(a->sentinels[i], b->sentinels[i]);
    }
    return same;
}

static bool same_field(const struct sensor_field *a, const struct sensor_field *b)
{
    return strcmp(a->field, b->field) == 0 && text_equal(a->unit_field, b->unit_field) &&
           same_parameter(a->parameter, b->parameter) && a->quantity == b->quantity &&
           a->reference == b->reference && text_equal(a->unit, b->unit) &&
           strcmp(a->position, b->position) == 0 && strcmp(a->origin, b->origin) == 0 &&
           a->rank == b->rank && same_sentinels(a, b) &&
           same_status(&a->status, &b->status);
}

static bool same_pairs(const struct sensor_model *a, const struct sensor_model *b)
{
    return text_equal(a->pairs.field, b->pairs.field) &&
           text_equal(a->pairs.key, b->pairs.key) &&
           text_equal(a->pairs.value, b->pairs.value) &&
           text_equal(a->pairs.unit, b->pairs.unit);
}

static bool same_fields(const struct sensor_model *a, const struct sensor_model *b)
{
    bool same = a->field_count == b->field_count;
    for (size_t i = 0; same && i < a->field_count; i++) {
        same = same_field(&a->fields[i], &b->fields[i]);
    }
    return same;
}

static bool is_in_use(const struct configuration *c, const struct sensor_model *m)
{
    for (size_t i = 0; i < c->device_count; i++) {
        if (c->devices[i].model == m) {
            return true;
        }
    }
    return false;
}

static bool same_reading(const struct sensor_model *a, const struct sensor_model *b)
{
    return same_time(&a->time, &b->time) && same_status(&a->status, &b->status) &&
           text_equal(a->records.field, b->records.field) &&
           same_time(&a->records.time, &b->records.time) && same_pairs(a, b) &&
           same_texts(a->formats, a->format_count, b->formats, b->format_count) &&
           same_texts(a->ignore, a->ignore_count, b->ignore, b->ignore_count);
}

static bool models_add(const struct change *c)
{
    for (size_t i = 0; i < c->before->model_count; i++) {
        const struct sensor_model *a = &c->before->models[i];
        const struct sensor_model *b = configuration_model(c->after, a->model);
        bool same = b != NULL && same_fields(a, b) && same_reading(a, b);
        if (!same && is_in_use(c->before, a)) {
            return say(c, "the sensor model %.100s %s", a->model,
                       b == NULL            ? "is gone"
                       : !same_fields(a, b) ? "has other fields"
                                            : "is read otherwise");
        }
    }
    return true;
}

/* --- stations --- */

static bool same_zeros(const struct station *a, const struct station *b)
{
    bool same = a->gauge_zero_count == b->gauge_zero_count;
    for (size_t i = 0; same && i < a->gauge_zero_count; i++) {
        same = same_period(&a->gauge_zero[i].period, &b->gauge_zero[i].period) &&
               same_number(a->gauge_zero[i].m_nhn, b->gauge_zero[i].m_nhn);
    }
    return same;
}

static bool same_levels(const struct station *a, const struct station *b)
{
    bool same = a->reference_level_count == b->reference_level_count;
    for (size_t i = 0; same && i < a->reference_level_count; i++) {
        const struct reference_level *left = &a->reference_level[i];
        const struct reference_level *right = &b->reference_level[i];
        same = same_period(&left->period, &right->period) &&
               left->value_m == right->value_m && left->datum == right->datum;
    }
    return same;
}

static bool same_station_tests(const struct station *a, const struct station *b)
{
    bool same = a->tests_count == b->tests_count;
    for (size_t i = 0; same && i < a->tests_count; i++) {
        same = false;
        for (size_t j = 0; !same && j < b->tests_count; j++) {
            same = same_parameter(a->tests[i].parameter, b->tests[j].parameter) &&
                   same_tests(&a->tests[i].tests, &b->tests[j].tests);
        }
    }
    return same;
}

static bool station_adds(const struct change *c, const struct station *a)
{
    const struct station *b = configuration_station(c->after, a->station);
    if (b == NULL || strcmp(a->city->city, b->city->city) != 0) {
        return say(c, "the station %.64s is gone", a->station);
    }
    if (!same_zeros(a, b)) {
        return say(c, "the gauge zero of %.64s changed", a->station);
    }
    if (!same_levels(a, b)) {
        return say(c, "the reference level of %.64s changed", a->station);
    }
    if (!same_station_tests(a, b)) {
        return say(c, "quality tests of %.64s changed", a->station);
    }
    if (!same_calibrations(a->calibrations, a->calibration_count, b->calibrations,
                           b->calibration_count)) {
        return say(c, "the calibrations at %.64s changed", a->station);
    }
    if (!same_windows(&a->maintenance, &b->maintenance)) {
        return say(c, "the maintenance at %.64s changed", a->station);
    }
    if (!same_windows(&a->flags, &b->flags)) {
        return say(c, "flags set by hand at %.64s changed", a->station);
    }
    /* without a density its readings were pending */
    if (!isnan(a->density_kg_m3) && !same_number(a->density_kg_m3, b->density_kg_m3)) {
        return say(c, "the density at %.64s changed", a->station);
    }
    return true;
}

static bool cities_add(const struct change *c)
{
    for (size_t i = 0; i < c->before->city_count; i++) {
        const struct city *city = &c->before->cities[i];
        if (configuration_city(c->after, city->city) == NULL) {
            return say(c, "the city %.64s is gone", city->city);
        }
        for (size_t j = 0; j < city->station_count; j++) {
            if (!station_adds(c, &city->stations[j])) {
                return false;
            }
        }
    }
    return true;
}

/* --- devices --- */

static bool same_positions(const struct placement *a, const struct placement *b)
{
    bool same = a->position_count == b->position_count;
    for (size_t i = 0; same && i < a->position_count; i++) {
        same = false;
        for (size_t j = 0; !same && j < b->position_count; j++) {
            same = strcmp(a->positions[i].position, b->positions[j].position) == 0 &&
                   strcmp(a->positions[i].as, b->positions[j].as) == 0 &&
                   same_number(a->positions[i].depth_m, b->positions[j].depth_m);
        }
    }
    return same;
}

/* Without any height its levels were pending. */
static bool same_heights(const struct placement *a, const struct placement *b)
{
    return (isnan(a->height_m_nhn) && isnan(a->height_m_gauge)) ||
           (same_number(a->height_m_nhn, b->height_m_nhn) &&
            same_number(a->height_m_gauge, b->height_m_gauge));
}

static bool placement_stays(const struct placement *a, const struct device *after)
{
    for (size_t i = 0; i < after->placement_count; i++) {
        const struct placement *b = &after->placements[i];
        if (same_period(&a->period, &b->period)) {
            return strcmp(a->station->station, b->station->station) == 0 &&
                   same_heights(a, b) && a->pressure == b->pressure &&
                   same_positions(a, b);
        }
    }
    return false;
}

static bool device_adds(const struct change *c, const struct device *a)
{
    const struct device *b =
        configuration_device(c->after, a->city->city, a->device, NULL);
    if (b == NULL) {
        return say(c, "the device %.100s is gone", a->device);
    }
    if (strcmp(a->model->model, b->model->model) != 0) {
        return say(c, "the device %.60s is of another model", a->device);
    }
    if (!same_calibrations(a->calibrations, a->calibration_count, b->calibrations,
                           b->calibration_count)) {
        return say(c, "the calibrations of the device %.60s changed", a->device);
    }
    for (size_t i = 0; i < a->placement_count; i++) {
        if (!placement_stays(&a->placements[i], b)) {
            char from[CLOCK_TEXT];
            clock_format(a->placements[i].period.from_us, from);
            return say(c, "the placement of %.80s from %s on changed", a->device, from);
        }
    }
    return true;
}

static bool devices_add(const struct change *c)
{
    for (size_t i = 0; i < c->before->device_count; i++) {
        if (!device_adds(c, &c->before->devices[i])) {
            return false;
        }
    }
    /* messages of a device of another city were rejected */
    for (size_t i = 0; i < c->after->device_count; i++) {
        const struct device *b = &c->after->devices[i];
        const struct device *other = NULL;
        if (configuration_device(c->before, b->city->city, b->device, &other) == NULL &&
            other != NULL) {
            return say(c, "the device %.60s was known only in %.40s, now in %.40s too",
                       b->device, other->city->city, b->city->city);
        }
    }
    return true;
}

static bool sources_add(const struct change *c)
{
    for (size_t i = 0; i < c->before->source_count; i++) {
        const struct source *a = &c->before->sources[i];
        const struct source *b = configuration_source(c->after, a->source);
        if (b == NULL) {
            return say(c, "the source %.64s is gone", a->source);
        }
        if (!text_equal(a->city, b->city) || strcmp(a->format, b->format) != 0 ||
            !text_equal(a->topic, b->topic) || !text_equal(a->device, b->device) ||
            a->take_retained != b->take_retained || a->max_readings != b->max_readings) {
            return say(c, "messages of the source %.64s are read otherwise", a->source);
        }
    }
    return true;
}

bool config_only_adds(const struct configuration *before,
                      const struct configuration *after, char why[161])
{
    const struct change c = {.before = before, .after = after, .why = why};
    why[0] = '\0';
    return parameters_add(&c) && units_add(&c) && models_add(&c) && cities_add(&c) &&
           devices_add(&c) && sources_add(&c);
}
