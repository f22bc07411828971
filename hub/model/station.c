/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/station.h"

#include <string.h>

static bool holds(const struct period *p, int64_t time_us)
{
    return time_us >= p->from_us && time_us < p->to_us;
}

const struct gauge_zero *station_gauge_zero(const struct station *s, int64_t time_us)
{
    for (size_t i = 0; i < s->gauge_zero_count; i++) {
        const struct gauge_zero *zero = &s->gauge_zero[i];
        if (holds(&zero->period, time_us) && !isnan(zero->m_nhn)) {
            return zero;
        }
    }
    return NULL;
}

const struct reference_level *station_reference_level(const struct station *s,
                                                      int64_t time_us)
{
    for (size_t i = 0; i < s->reference_level_count; i++) {
        if (holds(&s->reference_level[i].period, time_us)) {
            return &s->reference_level[i];
        }
    }
    return NULL;
}

double station_mean_water_m(const struct station *s, bool above_zero, int64_t time_us)
{
    const struct reference_level *level = station_reference_level(s, time_us);
    const struct gauge_zero *zero = station_gauge_zero(s, time_us);
    if (level == NULL) {
        return (double)NAN;
    }
    if (above_zero == (level->datum == REFERENCE_GAUGE_ZERO)) {
        return level->value_m;
    }
    if (zero == NULL) {
        return (double)NAN;
    }
    return above_zero ? level->value_m - zero->m_nhn : level->value_m + zero->m_nhn;
}

const struct placement *device_placement(const struct device *d, int64_t time_us)
{
    for (size_t i = d->placement_count; i > 0; i--) {
        if (holds(&d->placements[i - 1].period, time_us)) {
            return &d->placements[i - 1];
        }
    }
    return NULL;
}

const char *placement_position(const struct placement *p, const char *position)
{
    const char *name = position != NULL ? position : "main";
    for (size_t i = 0; i < p->position_count; i++) {
        if (strcmp(p->positions[i].position, name) == 0) {
            return p->positions[i].as != NULL ? p->positions[i].as : name;
        }
    }
    return name;
}

bool placement_measures(const struct placement *p, const char *parameter,
                        const char *position)
{
    const struct sensor_model *m = p->device->model;
    bool level =
        strcmp(parameter, "water_level") == 0 || strcmp(parameter, "gauge_level") == 0;
    for (size_t k = 0; k < m->field_count; k++) {
        const struct sensor_field *f = &m->fields[k];
        bool same = f->parameter != NULL ? strcmp(f->parameter->id, parameter) == 0
                                         : level && f->quantity != QUANTITY_NONE;
        if (same && strcmp(placement_position(p, f->position), position) == 0) {
            return true;
        }
    }
    return false;
}
