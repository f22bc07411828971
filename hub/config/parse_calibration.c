/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"

#include "base/clock.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct parameter *parameter_named(struct parse *p, const json_t *o)
{
    const struct configuration *c = p->c;
    const char *name = peek_text(o, "parameter");
    const struct parameter *found =
        name != NULL ? configuration_parameter(c, name) : NULL;
    if (name != NULL && found == NULL && c->parameter_count > 0) {
        char text[SHOWN_SIZE], near[SHOWN_SIZE + 24];
        const char *const *names =
            names_of(p, c->parameters, c->parameter_count, sizeof *c->parameters);
        fault(p, "parameter", "%s is no parameter of parameters.json%s",
              shown_text(name, text), near_name(name, names, c->parameter_count, near));
    } else if (found != NULL && found->kind == PARAMETER_HOUSEKEEPING) {
        fault(p, "parameter", "%s is housekeeping of a device, not of a station",
              found->id);
        return NULL;
    }
    return found;
}

struct correction_limits read_limits(const json_t *o)
{
    return (struct correction_limits){
        .correct_above = read_number(o, "correct_above", (double)NAN),
        .correct_above_percent = read_number(o, "correct_above_percent", (double)NAN),
        .publish_to = read_number(o, "publish_to", (double)NAN),
        .publish_to_percent = read_number(o, "publish_to_percent", (double)NAN)};
}

/* --- the check --- */

static int compare_reading(const void *a, const void *b)
{
    double left = ((const struct standard_reading *)a)->reading;
    double right = ((const struct standard_reading *)b)->reading;
    return (left > right) - (left < right);
}

static void parse_standards(struct parse *p, const json_t *o, struct field_check *check)
{
    const json_t *list = read_list(o, "standards");
    struct standard_reading *rows = take(p, json_array_size(list), sizeof *rows);
    size_t i, count = 0;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (rows != NULL) {
            rows[count++] =
                (struct standard_reading){read_number(item, "standard", (double)NAN),
                                          read_number(item, "reading", (double)NAN)};
        }
    }
    if (rows != NULL && count > 1) {
        qsort(rows, count, sizeof *rows, compare_reading);
    }
    for (i = 1; i < count; i++) {
        if (rows[i].reading == rows[i - 1].reading) {
            fault(p, "standards", "the reading %g stands in two standards",
                  rows[i].reading);
        }
    }
    check->standards = rows;
    check->standard_count = count;
}

static void refuse_half(struct parse *p, double before, double after, const char *name)
{
    if (isnan(before) != isnan(after)) {
        fault(p, NULL, "\"%s_before\" and \"%s_after\" come together or not at all", name,
              name);
    }
}

static void parse_check(struct parse *p, const json_t *root, struct calibration *c)
{
    const json_t *o = read_object(root, "check");
    if (o == NULL) {
        return;
    }
    struct field_check *check = &c->check;
    size_t mark = place_enter(p, "check");
    *check =
        (struct field_check){.set = true,
                             .site_before = read_number(o, "site_before", (double)NAN),
                             .site_after = read_number(o, "site_after", (double)NAN),
                             .meter_before = read_number(o, "meter_before", (double)NAN),
                             .meter_after = read_number(o, "meter_after", (double)NAN)};
    parse_standards(p, o, check);
    refuse_half(p, check->site_before, check->site_after, "site");
    refuse_half(p, check->meter_before, check->meter_after, "meter");
    bool site = !isnan(check->site_before);
    if (!site && !isnan(check->meter_before)) {
        fault(p, "meter_before",
              "a second meter needs the sensor itself beside it: "
              "\"site_before\" and \"site_after\"");
    }
    if (!site && check->standard_count == 0) {
        fault(p, NULL,
              "a check has \"site_before\" and \"site_after\", or \"standards\"");
    }
    place_leave(p, mark);
    if (c->period.to_us == INT64_MAX) {
        fault(p, "to", "\"to\" is missing: the time of the visit that \"check\" is of");
    }
}

/* --- what it is of --- */

static const struct device *find_device(const struct parse *p, const struct city *city,
                                        const char *device)
{
    for (size_t i = 0; i < p->c->device_count; i++) {
        const struct device *d = &p->drafts[i].device;
        if (d->city == city && strcmp(d->device, device) == 0) {
            return d;
        }
    }
    return NULL;
}

static void find_field(struct parse *p, const json_t *root, struct calibration_draft *out)
{
    const struct device *d = find_device(p, out->city, out->device);
    const char *field = peek_text(root, "field");
    char text[SHOWN_SIZE], near[SHOWN_SIZE + 24];
    if (d == NULL) {
        const char **names = take_scratch(p, p->c->device_count, sizeof *names);
        for (size_t i = 0; names != NULL && i < p->c->device_count; i++) {
            names[i] = p->drafts[i].device.device;
        }
        fault(
            p, "device", "%s is no device of %s%s", shown_text(out->device, text),
            out->city->city,
            near_name(out->device, (const char *const *)names, p->c->device_count, near));
        return;
    }
    for (size_t i = 0; d->model != NULL && i < d->model->field_count; i++) {
        const struct sensor_field *f = &d->model->fields[i];
        bool water =
            f->quantity != QUANTITY_NONE ||
            (f->parameter != NULL && f->parameter->kind != PARAMETER_HOUSEKEEPING);
        if (water && strcmp(f->field, field) == 0) {
            out->calibration.field = f->field;
            return;
        }
    }
    if (d->model != NULL) {
        fault(p, "field", "%s is no field of the model %.60s that gives a value of water",
              shown_text(field, text), d->model->model);
    }
}

static void find_sensor(struct parse *p, const json_t *root,
                        struct calibration_draft *out)
{
    bool station = peek_text(root, "station") != NULL;
    bool parameter = peek_text(root, "parameter") != NULL;
    bool device = peek_text(root, "device") != NULL;
    bool field = peek_text(root, "field") != NULL;
    if (station != parameter || device != field || station == device) {
        fault(p, NULL,
              "a calibration is of \"station\" and \"parameter\", or of "
              "\"device\" and \"field\"");
    } else if (station) {
        out->calibration.station = station_named(p, root, out->city);
        out->calibration.parameter = parameter_named(p, root);
    } else {
        find_field(p, root, out);
    }
}

void parse_calibration(struct parse *p, json_t *root)
{
    const char *position = read_text(p, root, "position");
    struct calibration_draft draft = {.city = city_of_folder(p),
                                      .device = read_text(p, root, "device"),
                                      .file = p->file};
    struct calibration *c = &draft.calibration;
    bool sound = read_period(p, root, &c->period);
    c->position = position != NULL ? position : standard_text("calibration", "position");
    c->offset = read_number(root, "offset", standard_number("calibration", "offset"));
    c->slope = read_number(root, "slope", standard_number("calibration", "slope"));
    c->has_limits = read_object(root, "limits") != NULL;
    c->limits = read_limits(read_object(root, "limits"));
    c->by = read_text(p, root, "by");
    c->standard = read_text(p, root, "standard");
    parse_check(p, root, c);
    if (!c->check.set && c->offset == 0 && c->slope == 1) {
        fault(p, NULL, "a calibration has \"offset\", \"slope\" or \"check\"");
    }
    if (draft.city != NULL) {
        find_sensor(p, root, &draft);
    }
    if (sound && ((c->station != NULL && c->parameter != NULL) || c->field != NULL)) {
        p->calibrations[p->calibration_count++] = draft;
    }
}
