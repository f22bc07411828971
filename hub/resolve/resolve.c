/* SPDX-License-Identifier: EUPL-1.2 */
#include "resolve/resolve.h"

#include "base/clock.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

static const char *or_full(const char *sentence)
{
    return sentence != NULL ? sentence : "no room left to say what is wrong";
}

/* A device id as it may be shown. */
struct shown {
    char text[100];
};

static struct shown show(const char *id)
{
    struct shown s = {.text = ""};
    text_escape(s.text, sizeof s.text, id, strlen(id));
    return s;
}

static enum outcome find_device(const struct configuration *c,
                                const struct source *source, const struct reading *r,
                                struct arena *a, const struct device **out,
                                const char **problem)
{
    if (r->device == NULL || r->device[0] == '\0') {
        *problem = "the message names no device";
        return OUTCOME_REJECTED;
    }
    const struct device *other = NULL;
    *out = configuration_device(c, source->city, r->device, &other);
    if (*out != NULL) {
        return OUTCOME_STORED;
    }
    struct shown id = show(r->device);
    if (other != NULL) {
        *problem = or_full(
            arena_format(a, "device \"%s\" belongs to %s, but source %s speaks for %s",
                         id.text, other->city->city, source->source, source->city));
        return OUTCOME_REJECTED;
    }
    *problem = or_full(arena_format(a, "device \"%s\" is not registered in %s", id.text,
                                    source->city != NULL ? source->city : "any city"));
    return OUTCOME_PENDING;
}

static bool is_wanted(const struct sensor_field *e)
{
    return e->parameter != NULL || e->quantity != QUANTITY_NONE;
}

static struct place place_of(const struct device *d, const struct placement *p,
                             const struct sensor_field *e)
{
    struct place place = {.device = d,
                          .placement = p,
                          .position = "device",
                          .origin = e->origin != NULL ? e->origin : "measured"};
    if (e->parameter == NULL || e->parameter->kind != PARAMETER_HOUSEKEEPING) {
        place.station = p->station;
        place.position = placement_position(p, e->position);
        place.pressure = p->pressure != PRESSURE_UNSTATED ? p->pressure : e->reference;
    }
    return place;
}

enum outcome resolve_reading(const struct configuration *c, const struct source *source,
                             const struct reading *r, struct arena *a, struct place *out,
                             const char **problem)
{
    const struct sensor_field *e = r->entry;
    *problem = NULL;
    if (r->ignored || (e != NULL && !is_wanted(e))) {
        return OUTCOME_IGNORED;
    }
    if (r->problem != NULL) {
        *problem = r->problem;
        return OUTCOME_REJECTED;
    }
    const struct device *d = NULL;
    enum outcome o = find_device(c, source, r, a, &d, problem);
    if (o != OUTCOME_STORED) {
        return o;
    }
    if (e == NULL) {
        return OUTCOME_IGNORED;
    }
    const struct placement *p = device_placement(d, r->time_us);
    bool housekeeping =
        e->parameter != NULL && e->parameter->kind == PARAMETER_HOUSEKEEPING;
    if (p == NULL && !housekeeping) {
        char time[CLOCK_TEXT];
        clock_format(r->time_us, time);
        *problem = or_full(
            arena_format(a, "device \"%s\" stood at no station at %s", d->device, time));
        return OUTCOME_PENDING;
    }
    *out = place_of(d, p, e);
    return OUTCOME_STORED;
}

static bool has_unit(const struct reading *r)
{
    const struct sensor_field *e = r->entry;
    if ((r->unit != NULL && r->unit[0] != '\0') || r->scaled_unit != NULL) {
        return true;
    }
    return e != NULL && (e->unit != NULL ||
                         (e->parameter != NULL && strcmp(e->parameter->unit, "1") == 0));
}

/* Why the reading is no number with a unit and a time, or NULL. */
static const char *find_fault(const struct reading *r)
{
    if (r->problem != NULL) {
        return r->problem;
    }
    if (r->kind == VALUE_TEXT) {
        return "text, where a number is expected";
    }
    if (r->kind == VALUE_MISSING || !isfinite(r->value)) {
        return "the value is missing";
    }
    if (r->time_us == CLOCK_NONE) {
        return "the reading has no time";
    }
    return has_unit(r) ? NULL : "no unit in the message, and no model states one";
}

enum outcome resolve_usable(const struct reading *r, const char **problem)
{
    if (r->ignored) {
        *problem = "the model does not want this field";
        return OUTCOME_IGNORED;
    }
    if (r->entry != NULL && !is_wanted(r->entry)) {
        *problem = "the model names neither parameter nor quantity for this field";
        return OUTCOME_IGNORED;
    }
    *problem = find_fault(r);
    return *problem != NULL ? OUTCOME_REJECTED : OUTCOME_STORED;
}
