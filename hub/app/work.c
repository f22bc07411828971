/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/work.h"

#include "base/clock.h"
#include "decode/decode.h"
#include "resolve/resolve.h"

#include <math.h>
#include <string.h>

static enum err built_in(const struct configuration *c, const char *parameter,
                         struct sensor_field *out, struct diag *d)
{
    const struct parameter *p = configuration_parameter(c, parameter);
    if (p == NULL) {
        diag_set(d, "parameters.json lacks %s, which the program itself needs",
                 parameter);
        return ERR_UNKNOWN;
    }
    *out = (struct sensor_field){.field = "",
                                 .parameter = p,
                                 .unit = p->unit,
                                 .position = "main",
                                 .origin = "measured",
                                 .index = SIZE_MAX};
    return ERR_OK;
}

enum err worker_init(struct worker *w, const struct configuration *c,
                     const int slots[QUALITY_TESTS], struct diag *d)
{
    *w = (struct worker){.configuration = c};
    memcpy(w->plan.slots, slots, sizeof w->plan.slots);
    (void)quality_test_names(&w->plan.count);
    enum err e = built_in(c, "rssi", &w->rssi, d);
    e = e != ERR_OK ? e : built_in(c, "snr", &w->snr, d);
    return e != ERR_OK ? e : normaliser_init(&w->normaliser, c, d);
}

void worker_fini(struct worker *w)
{
    normaliser_fini(&w->normaliser);
}

struct model_search {
    const struct configuration *configuration;
    const struct work_rules *rules;
};

static const struct sensor_model *find_model(void *arg, const char *device)
{
    const struct model_search *search = arg;
    if (search->rules->model != NULL) {
        return search->rules->model;
    }
    const struct device *d = configuration_device(
        search->configuration, search->rules->source->city, device, NULL);
    return d != NULL ? d->model : NULL;
}

static void end_item(struct work *w, struct work_item *item, enum outcome outcome,
                     const char *stage, const char *problem)
{
    item->outcome = outcome;
    item->stage = stage;
    item->problem = problem;
    w->outcomes[outcome]++;
    /* pending goes before rejected, as in the fate of the message */
    bool first_pending = outcome == OUTCOME_PENDING && w->outcomes[outcome] == 1;
    bool bad = outcome == OUTCOME_PENDING || outcome == OUTCOME_REJECTED;
    if (first_pending || (bad && w->reason == NULL)) {
        w->stage = stage;
        w->device = item->reading->device;
        w->reason = problem;
    }
}

/* Whether somebody worked at the sensor then. Housekeeping goes on. */
static bool is_maintained(const struct work_item *item)
{
    const struct station *s = item->place.station;
    return s != NULL &&
           windows_find(&s->maintenance, item->value.parameter->id, item->place.position,
                        item->reading->time_us) != NULL;
}

/* By what the message and the work on it say; no value is looked at. */
static quality_tests judge_message(const struct worker *w, const struct message *m,
                                   const struct work_item *item)
{
    const struct reading *r = item->reading;
    const int *slots = w->plan.slots;
    quality_tests tests = quality_tests_new(r->time_source);
    if (item->value.correction.unfit) {
        tests = quality_tests_set(tests, slots[QUALITY_TEST_CALIBRATION], QUALITY_FAIL);
    }
    if (r->device_flag != QUALITY_NONE) {
        tests = quality_tests_set(tests, slots[QUALITY_TEST_DEVICE], r->device_flag);
    }
    if (r->time_source == TIME_SOURCE_ARRIVAL && m->after_reconnect) {
        tests = quality_tests_set(tests, slots[QUALITY_TEST_TIME], QUALITY_SUSPECT);
    }
    return tests;
}

/* A flag set by hand stands above the others, which stay. */
static quality_tests judge_by_hand(const struct work_item *item, quality_tests tests)
{
    const struct station *s = item->place.station;
    const struct window *flag =
        s == NULL ? NULL
                  : windows_find(&s->flags, item->value.parameter->id,
                                 item->place.position, item->reading->time_us);
    if (item->value.correction.applied) {
        tests = quality_tests_set_corrected(tests);
    }
    if (flag == NULL) {
        return tests;
    }
    return quality_tests_set(tests, QUALITY_SLOT_MANUAL,
                             isnan(item->value.value) ? QUALITY_MISSING : flag->flag);
}

static quality_tests judge(const struct worker *w, const struct message *m,
                           const struct work_item *item)
{
    const struct reading *r = item->reading;
    const struct check_input in = {.parameter = item->value.parameter,
                                   .station = item->place.station,
                                   .time_us = r->time_us,
                                   .value = item->value.value};
    quality_tests tests = quality_tests_new(r->time_source);
    if (is_maintained(item)) {
        tests =
            quality_tests_set(tests, w->plan.slots[QUALITY_TEST_MAINTENANCE],
                              isnan(in.value) ? QUALITY_MISSING : QUALITY_NOT_EVALUATED);
    } else {
        tests = quality_judge(&w->plan, &in, judge_message(w, m, item));
    }
    return judge_by_hand(item, tests);
}

static void work_reading(struct worker *w, const struct message *m,
                         const struct work_rules *rules, size_t i, struct arena *a,
                         struct work *out)
{
    struct work_item *item = &out->items[i];
    const struct reading *r = &out->decoded.readings[i];
    const char *problem = NULL;
    item->reading = r;
    enum outcome o =
        resolve_reading(w->configuration, rules->source, r, a, &item->place, &problem);
    if (o != OUTCOME_STORED) {
        end_item(out, item, o, r->problem != NULL ? "decode" : "resolve", problem);
        return;
    }
    o = normalise_reading(&w->normaliser, out->decoded.readings, out->decoded.count, i,
                          &item->place, a, &item->value, &problem);
    if (o != OUTCOME_STORED) {
        end_item(out, item, o, "normalise", problem);
        return;
    }
    item->tests = judge(w, m, item);
    item->outcome = OUTCOME_STORED;
    item->stage = "";
}

static void refuse(struct work *out, const char *reason)
{
    out->items = NULL;
    out->decoded.count = 0;
    out->outcomes[OUTCOME_REJECTED] = 1;
    out->stage = "decode";
    out->reason = reason;
}

static bool same_unit(void *units, const char *x, const char *y)
{
    return unit_same(units, x, y);
}

static enum err decode_into(struct worker *w, const struct message *m,
                            const struct work_rules *rules, struct arena *a,
                            struct work *out)
{
    struct diag d = {0};
    struct model_search search = {w->configuration, rules};
    const struct decode_rules decode = {.format =
                                            m->imported ? "rows" : rules->source->format,
                                        .topic = rules->source->topic,
                                        .device = rules->source->device,
                                        .take_retained = rules->source->take_retained,
                                        .max_readings = rules->source->max_readings,
                                        .find_model = find_model,
                                        .arg = &search,
                                        .same_unit = same_unit,
                                        .unit_arg = w->normaliser.units,
                                        .rssi = &w->rssi,
                                        .snr = &w->snr};
    enum err e = decode_message(m, &decode, a, &out->decoded, &d);
    if (e == ERR_FULL || err_class(e) == ERR_CLASS_RETRY ||
        err_class(e) == ERR_CLASS_STOP) {
        return e; /* nothing is wrong with the message */
    }
    if (e != ERR_OK) {
        char text[512];
        const char *reason = arena_text(a, diag_format(&d, text, sizeof text));
        if (reason == NULL) {
            return ERR_FULL;
        }
        refuse(out, reason);
    }
    return ERR_OK;
}

enum err work_message(struct worker *w, const struct message *m,
                      const struct work_rules *rules, struct arena *a, struct work *out)
{
    *out = (struct work){.stage = "", .device = ""};
    out->decoded.message_us = CLOCK_NONE;
    if (m->full_size > m->size) {
        const char *reason = arena_format(
            a, "%zu bytes are over the ceiling; only the first %zu were kept",
            m->full_size, m->size);
        refuse(out, reason);
        return reason != NULL ? ERR_OK : ERR_FULL;
    }
    enum err e = decode_into(w, m, rules, a, out);
    if (e != ERR_OK || out->reason != NULL) {
        return e;
    }
    size_t count = out->decoded.count;
    out->items = arena_take_zero(a, count > 0 ? count : 1, sizeof *out->items);
    if (out->items == NULL) {
        return ERR_FULL;
    }
    for (size_t i = 0; i < count; i++) {
        work_reading(w, m, rules, i, a, out);
    }
    return units_ran_out(w->normaliser.units) ? ERR_MEMORY : ERR_OK;
}
