/* SPDX-License-Identifier: EUPL-1.2 */
#include "normalise/normalise.h"

#include "base/text.h"
#include "normalise/level.h"

#include <math.h>
#include <string.h>

static enum err find_parameter(const struct configuration *c, const char *id,
                               const struct parameter **out, struct diag *d)
{
    *out = configuration_parameter(c, id);
    if (*out == NULL) {
        diag_set(d, "parameters.json lacks \"%s\", which levels need", id);
        return ERR_UNKNOWN;
    }
    return ERR_OK;
}

enum err normaliser_init(struct normaliser *n, const struct configuration *c,
                         struct diag *d)
{
    struct normaliser made = {0};
    enum err e = find_parameter(c, "water_level", &made.water_level, d);
    if (e == ERR_OK) {
        e = find_parameter(c, "gauge_level", &made.gauge_level, d);
    }
    if (e == ERR_OK) {
        e = find_parameter(c, "air_pressure", &made.air_pressure, d);
    }
    if (e == ERR_OK) {
        e = units_open(c, &made.units, d);
    }
    if (e == ERR_OK) {
        *n = made;
    }
    return e;
}

void normaliser_fini(struct normaliser *n)
{
    units_close(n->units);
    n->units = NULL;
}

/* One call of normalise_reading. */
struct work {
    struct normaliser *n;
    const struct reading *all;
    size_t count;
    const struct reading *reading;
    const struct place *place;
    struct arena *a;
    const char *problem;
};

static enum outcome say(struct work *w, enum outcome o, const char *sentence)
{
    w->problem = sentence != NULL ? sentence : "no room left to say what is wrong";
    return o;
}

static const char *unit_of(const struct reading *r)
{
    if (r->unit != NULL && r->unit[0] != '\0') {
        return r->unit;
    }
    return r->entry->unit != NULL ? r->entry->unit : "";
}

static enum outcome convert(struct work *w, const char *field, double value,
                            const char *unit, const char *to, double *out)
{
    struct diag d = {.text = ""};
    double converted = (double)NAN;
    enum err e = unit_convert(w->n->units, value, unit, to, &converted, &d);
    if (e != ERR_OK) {
        return say(w, OUTCOME_REJECTED, arena_format(w->a, "%s: %s", field, d.text));
    }
    *out = isfinite(converted) ? converted : (double)NAN; /* too large is missing */
    return OUTCOME_STORED;
}

static enum outcome refuse_unit(struct work *w, const struct reading *r, const char *unit,
                                const char *to)
{
    struct diag d = {.text = ""};
    enum unit_match match = unit_compare(w->n->units, unit, to);
    if (match == UNIT_UNKNOWN || match == UNIT_REFUSED) {
        enum err e = unit_check(w->n->units, unit, &d);
        const char *sentence =
            arena_format(w->a, "%s: %s", r->field, e != ERR_OK ? d.text : unit);
        return say(w, match == UNIT_UNKNOWN ? OUTCOME_PENDING : OUTCOME_REJECTED,
                   sentence);
    }
    char shown[80];
    text_escape(shown, sizeof shown, unit, strlen(unit));
    return say(
        w, OUTCOME_REJECTED,
        arena_format(w->a, "%s: unit \"%s\" does not fit %s", r->field, shown, to));
}

/* The number of r in the unit to; NAN if it is missing. */
static enum outcome read_in(struct work *w, const struct reading *r, const char *to,
                            double *out)
{
    if (r->kind == VALUE_TEXT) {
        return say(w, OUTCOME_REJECTED,
                   arena_format(w->a, "%s is text, not a number", r->field));
    }
    bool missing = r->kind == VALUE_MISSING || !isfinite(r->value);
    bool scaled = r->scaled_unit != NULL;
    const char *unit = scaled ? r->scaled_unit : unit_of(r);
    double value = scaled && r->scale != 0 ? r->value * r->scale : r->value;
    value = missing ? (double)NAN : value;
    if (unit[0] == '\0' && (missing || strcmp(to, "1") == 0)) {
        *out = value;
        return OUTCOME_STORED;
    }
    if (unit[0] == '\0') {
        return say(
            w, OUTCOME_REJECTED,
            arena_format(w->a, "%s has no unit, and its model states none", r->field));
    }
    switch (unit_compare(w->n->units, unit, to)) {
    case UNIT_SAME:
        *out = value;
        return OUTCOME_STORED;
    case UNIT_FITS:
        return convert(w, r->field, value, unit, to, out);
    case UNIT_RATIO:
        if (scaled) {
            return convert(w, r->field, value, unit, to, out);
        }
        break;
    default:
        break;
    }
    return refuse_unit(w, r, unit, to);
}

/* Air pressure of the same device and time, in Pa; false: none. */
static bool find_air_pressure(const struct work *w, double *pa)
{
    const struct reading *best = NULL;
    for (size_t i = 0; i < w->count; i++) {
        const struct reading *r = &w->all[i];
        if (r->entry == NULL || r->entry->parameter != w->n->air_pressure || r->ignored ||
            r->problem != NULL || r->kind != VALUE_NUMBER ||
            r->time_us != w->reading->time_us ||
            !text_equal(r->device, w->reading->device)) {
            continue;
        }
        if (best == NULL || r->entry->rank < best->entry->rank) {
            best = r;
        }
    }
    struct work aside = *w;
    double found = (double)NAN;
    if (best == NULL || read_in(&aside, best, "Pa", &found) != OUTCOME_STORED ||
        isnan(found)) {
        return false;
    }
    *pa = found;
    return true;
}

/* Depth of the sensor below the surface in m, from its pressure in Pa. */
static enum outcome depth_of(struct work *w, double pressure_pa, double *depth_m)
{
    const struct station *s = w->place->station;
    if (isnan(s->density_kg_m3)) {
        return say(w, OUTCOME_PENDING,
                   arena_format(w->a, "no density_kg_m3 for station %s", s->station));
    }
    if (isnan(s->lat)) {
        return say(
            w, OUTCOME_PENDING,
            arena_format(w->a, "no lat for station %s, gravity needs it", s->station));
    }
    if (w->place->pressure == PRESSURE_UNSTATED) {
        return say(w, OUTCOME_PENDING,
                   "neither the model nor the device says whether pressure is vented or "
                   "absolute");
    }
    double air_pa = 0;
    if (w->place->pressure == PRESSURE_ABSOLUTE && !find_air_pressure(w, &air_pa)) {
        return say(w, OUTCOME_PENDING,
                   "absolute pressure, and no air pressure in the same message");
    }
    *depth_m =
        water_depth_m(pressure_pa - air_pa, s->density_kg_m3, gravity_m_s2(s->lat));
    return OUTCOME_STORED;
}

/* Metres from the sensor up to the water: depth, or distance downwards. */
static enum outcome above_sensor(struct work *w, enum quantity quantity, double *up_m)
{
    bool pressure = quantity == QUANTITY_PRESSURE;
    double value = (double)NAN;
    enum outcome o = read_in(w, w->reading, pressure ? "Pa" : "m", &value);
    if (o != OUTCOME_STORED) {
        return o;
    }
    if (pressure && !isnan(value)) {
        return depth_of(w, value, up_m);
    }
    *up_m = quantity == QUANTITY_DISTANCE ? -value : value;
    return OUTCOME_STORED;
}

static enum outcome level_of_sensor(struct work *w, struct normalised *out)
{
    const struct placement *p = w->place->placement;
    double up_m = (double)NAN;
    enum outcome o = above_sensor(w, w->reading->entry->quantity, &up_m);
    if (o == OUTCOME_REJECTED) {
        return o;
    }
    bool nhn = !isnan(p->height_m_nhn);
    if (!nhn && isnan(p->height_m_gauge)) {
        return say(w, OUTCOME_PENDING,
                   arena_format(w->a,
                                "no mounting height at that time for device \"%s\" at %s",
                                w->place->device->device, w->place->station->station));
    }
    if (o != OUTCOME_STORED) {
        return o;
    }
    out->parameter = nhn ? w->n->water_level : w->n->gauge_level;
    out->value = level_rounded_m((nhn ? p->height_m_nhn : p->height_m_gauge) + up_m);
    return OUTCOME_STORED;
}

static enum outcome level_of_w(struct work *w, struct normalised *out)
{
    double w_m = (double)NAN;
    enum outcome o = read_in(w, w->reading, "m", &w_m);
    if (o != OUTCOME_STORED) {
        return o;
    }
    const struct gauge_zero *zero =
        station_gauge_zero(w->place->station, w->reading->time_us);
    out->parameter = zero != NULL ? w->n->water_level : w->n->gauge_level;
    out->value = level_rounded_m(zero != NULL ? zero->m_nhn + w_m : w_m);
    return OUTCOME_STORED;
}

static enum outcome normalise(struct work *w, struct normalised *out)
{
    const struct sensor_field *entry = w->reading->entry;
    if (entry->parameter != NULL) {
        out->parameter = entry->parameter;
        return read_in(w, w->reading, entry->parameter->unit, &out->value);
    }
    return entry->quantity == QUANTITY_W ? level_of_w(w, out) : level_of_sensor(w, out);
}

const struct correction_limits *correction_limits_of(const struct calibration *c,
                                                     const struct parameter *p)
{
    return c->has_limits ? &c->limits : &p->correction;
}

/* By the calibration of the device's field, else by that of the station: config sees to
 * it that there are not both. Housekeeping has none. */
static void correct(const struct reading *r, const struct place *place,
                    struct normalised *made)
{
    const struct calibration *c = NULL;
    if (place->station != NULL) {
        c = device_calibration(place->device, r->entry->field, r->time_us);
        c = c != NULL ? c
                      : station_calibration(place->station, made->parameter,
                                            place->position, r->time_us);
    }
    if (c != NULL) {
        made->calibration = c;
        made->correction = correction_apply(c, correction_limits_of(c, made->parameter),
                                            made->value, r->time_us);
        made->value = made->correction.value;
    }
}

/* NOLINTNEXTLINE(readability-function-size): one among others, its place, two results */
enum outcome normalise_reading(struct normaliser *n, const struct reading *all,
                               size_t count, size_t i, const struct place *place,
                               struct arena *a, struct normalised *out,
                               const char **problem)
{
    struct work w = {
        .n = n, .all = all, .count = count, .reading = &all[i], .place = place, .a = a};
    struct normalised made = {.value = (double)NAN, .raw = all[i].value};
    enum outcome o = normalise(&w, &made);
    *problem = w.problem;
    if (o == OUTCOME_STORED) {
        made.raw_unit = unit_of(&all[i]);
        correct(&all[i], place, &made);
        *out = made;
    }
    return o;
}
