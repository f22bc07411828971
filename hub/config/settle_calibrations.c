/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What concerns several calibrations at once. */

/* A calibration at a station, to find two that hold for one value: one of a device's
 * field is at each station where the device stood. */
struct holding {
    const struct station *station;
    const struct parameter *parameter;
    const char *position;
    struct period period;
    const struct calibration_draft *draft;
};

struct holdings {
    struct holding *rows;
    size_t count, size;
};

static void add_holding(struct parse *p, struct holdings *h, struct holding row)
{
    if (h->count == h->size) {
        size_t size = h->size == 0 ? 64 : h->size * 2;
        struct holding *rows = take_scratch(p, size, sizeof *rows);
        if (rows == NULL) {
            return;
        }
        if (h->count > 0) {
            memcpy(rows, h->rows, h->count * sizeof *rows);
        }
        h->rows = rows;
        h->size = size;
    }
    h->rows[h->count++] = row;
}

static const struct device *device_of(const struct parse *p,
                                      const struct calibration_draft *d)
{
    for (size_t i = 0; i < p->c->device_count; i++) {
        const struct device *device = &p->c->devices[i];
        if (device->city == d->city && strcmp(device->device, d->device) == 0) {
            return device;
        }
    }
    return NULL;
}

/* A field of a level gives one of two parameters, by what is known of heights then. */
static void add_field_at(struct parse *p, struct holdings *h,
                         const struct calibration_draft *d, const struct placement *at,
                         const struct sensor_field *f)
{
    static const char *const levels[] = {"water_level", "gauge_level"};
    const struct period *own = &d->calibration.period;
    struct holding row = {.station = at->station,
                          .position = placement_position(at, f->position),
                          .period = at->period,
                          .draft = d};
    row.period.from_us =
        own->from_us > row.period.from_us ? own->from_us : row.period.from_us;
    row.period.to_us = own->to_us < row.period.to_us ? own->to_us : row.period.to_us;
    if (row.period.from_us >= row.period.to_us) {
        return;
    }
    for (size_t i = 0; i < (f->parameter != NULL ? 1 : 2); i++) {
        row.parameter = f->parameter != NULL ? f->parameter
                                             : configuration_parameter(p->c, levels[i]);
        if (row.parameter != NULL) {
            add_holding(p, h, row);
        }
    }
}

static void add_field(struct parse *p, struct holdings *h,
                      const struct calibration_draft *d)
{
    const struct device *device = device_of(p, d);
    const struct sensor_model *m = device != NULL ? device->model : NULL;
    for (size_t i = 0; m != NULL && i < m->field_count; i++) {
        const struct sensor_field *f = &m->fields[i];
        for (size_t j = 0;
             strcmp(f->field, d->calibration.field) == 0 && j < device->placement_count;
             j++) {
            if (device->placements[j].station != NULL) {
                add_field_at(p, h, d, &device->placements[j], f);
            }
        }
    }
}

static int compare_of(const struct holding *a, const struct holding *b)
{
    int order = strcmp(a->station->station, b->station->station);
    order = order != 0 ? order : strcmp(a->parameter->id, b->parameter->id);
    return order != 0 ? order : strcmp(a->position, b->position);
}

static int compare_holding(const void *a, const void *b)
{
    const struct holding *left = a, *right = b;
    int order = compare_of(left, right);
    if (order == 0) {
        order = (left->period.from_us > right->period.from_us) -
                (left->period.from_us < right->period.from_us);
    }
    return order != 0 ? order : strcmp(left->draft->file->name, right->draft->file->name);
}

/* Limits are the file's or the parameter's; a check without any would correct at will. */
static void check_limits(struct parse *p, const struct holding *h)
{
    const struct calibration *c = &h->draft->calibration;
    const struct correction_limits *l = &c->limits;
    if (!c->check.set || (!c->has_limits && h->parameter->has_correction)) {
        return;
    }
    place_file(p, h->draft->file);
    if (!c->has_limits) {
        fault(p, "check",
              "parameters.json has no \"correction_limits\" for %s: say \"limits\""
              " here",
              h->parameter->id);
    } else if ((isnan(l->correct_above) && isnan(l->correct_above_percent)) ||
               (isnan(l->publish_to) && isnan(l->publish_to_percent))) {
        fault(p, "limits",
              "a \"correct_above\" and a \"publish_to\" are needed, each as "
              "figure or percent");
    }
}

static void check_holdings(struct parse *p, struct holdings *h)
{
    if (h->count > 1) {
        qsort(h->rows, h->count, sizeof *h->rows, compare_holding);
    }
    int64_t end_us = 0;
    const char *before = ""; /* file of the row that ends last */
    for (size_t i = 0; i < h->count; i++) {
        const struct holding *row = &h->rows[i];
        check_limits(p, row);
        bool first = i == 0 || compare_of(row, row - 1) != 0;
        if (!first) {
            place_file(p, row->draft->file);
        }
        if (!first && (end_us == INT64_MAX || row->period.from_us < end_us)) {
            period_overlap(p, &row->period, end_us, "calibration", before);
        } else if (!first && row->period.from_us > end_us) {
            period_hole(p, &row->period, end_us, "calibration");
        }
        if (first || row->period.to_us > end_us) {
            end_us = row->period.to_us;
            before = row->draft->file->name;
        }
    }
}

static int compare_draft(const void *a, const void *b)
{
    const struct calibration_draft *left = a, *right = b;
    const struct calibration *x = &left->calibration, *y = &right->calibration;
    int order = (x->station != NULL) - (y->station != NULL);
    if (order == 0) {
        order = x->station != NULL ? strcmp(x->station->station, y->station->station)
                                   : strcmp(left->city->city, right->city->city);
    }
    if (order == 0 && x->station == NULL) {
        order = strcmp(left->device, right->device);
    }
    return order != 0 ? order : calibration_compare(x, y);
}

/* Each station and device gets its part of the rows, which are in order. */
static void hand_out(struct parse *p, const struct calibration *rows)
{
    for (size_t i = 0; i < p->calibration_count; i++) {
        const struct calibration_draft *d = &p->calibrations[i];
        struct station *s = rows_of(rows[i].station);
        struct device *device = s == NULL ? rows_of(device_of(p, d)) : NULL;
        if (s != NULL) {
            s->calibrations = s->calibration_count == 0 ? &rows[i] : s->calibrations;
            s->calibration_count++;
        } else if (device != NULL) {
            device->calibrations =
                device->calibration_count == 0 ? &rows[i] : device->calibrations;
            device->calibration_count++;
        }
    }
}

void settle_calibrations(struct parse *p)
{
    struct holdings held = {0};
    size_t count = p->calibration_count;
    if (count > 1) {
        qsort(p->calibrations, count, sizeof *p->calibrations, compare_draft);
    }
    struct calibration *rows = take(p, count, sizeof *rows);
    if (rows == NULL || p->no_memory) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct calibration_draft *d = &p->calibrations[i];
        const struct calibration *c = &d->calibration;
        rows[i] = *c;
        if (c->station != NULL) {
            add_holding(
                p, &held,
                (struct holding){c->station, c->parameter, c->position, c->period, d});
        } else {
            add_field(p, &held, d);
        }
    }
    check_holdings(p, &held);
    hand_out(p, rows);
}
