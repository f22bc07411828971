/* SPDX-License-Identifier: EUPL-1.2 */
#include "normalise/correction.h"

#include <math.h>

/* Of a criterion that is met but for the last digit of a difference. */
#define SLACK 1e-9

/* An error, as a figure and in percent of what the sensor said. */
struct error {
    double figure, percent;
};

static struct error error_of(double figure, double said)
{
    double part = figure == 0 ? 0 : fabs(figure / said); /* of 0: no end of percent */
    return (struct error){fabs(figure), 100 * part};
}

static double fouling_of(const struct field_check *f)
{
    double site = f->site_after - f->site_before;
    double water = f->meter_after - f->meter_before;
    return isnan(site) ? 0 : site - (isnan(water) ? 0 : water);
}

static double error_at(const struct standard_reading *s)
{
    return s->standard - s->reading;
}

static double drift_of(const struct field_check *f, double value)
{
    const struct standard_reading *s = f->standards;
    size_t last = f->standard_count;
    if (last == 0) {
        return 0;
    }
    last--;
    if (value <= s[0].reading) {
        return error_at(&s[0]);
    }
    for (size_t i = 0; i < last; i++) {
        if (value < s[i + 1].reading) {
            double part = (value - s[i].reading) / (s[i + 1].reading - s[i].reading);
            return error_at(&s[i]) + part * (error_at(&s[i + 1]) - error_at(&s[i]));
        }
    }
    return error_at(&s[last]);
}

/* True if the error is above the greater of both; NAN: only the other counts. */
static bool is_above(struct error e, double figure, double percent)
{
    bool stated = !isnan(figure) || !isnan(percent);
    return stated && (isnan(figure) || e.figure > figure * (1 + SLACK)) &&
           (isnan(percent) || e.percent > percent * (1 + SLACK));
}

/* Whether share of fouling and drift together is above the limit, in any standard. */
static bool check_is_above(const struct field_check *f, double share, double figure,
                           double percent)
{
    struct error fouling = error_of(fouling_of(f), f->site_before);
    bool above = false;
    for (size_t i = 0; i < f->standard_count || i == 0; i++) {
        struct error drift = {0, 0};
        if (f->standard_count > 0) {
            drift = error_of(error_at(&f->standards[i]), f->standards[i].reading);
        }
        const struct error all = {share * (fouling.figure + drift.figure),
                                  share * (fouling.percent + drift.percent)};
        above = above || is_above(all, figure, percent);
    }
    return above;
}

static void apply_check(const struct calibration *c,
                        const struct correction_limits *limits, int64_t time_us,
                        struct correction *out)
{
    const struct field_check *f = &c->check;
    double length = (double)(c->period.to_us - c->period.from_us);
    out->share = (double)(time_us - c->period.from_us) / length;
    out->fouling = fouling_of(f);
    out->drift = drift_of(f, out->value);
    if (!check_is_above(f, 1, limits->correct_above, limits->correct_above_percent)) {
        return;
    }
    out->unfit =
        check_is_above(f, out->share, limits->publish_to, limits->publish_to_percent);
    if (!out->unfit) {
        out->value += out->share * (out->fouling + out->drift);
    }
}

struct correction correction_apply(const struct calibration *c,
                                   const struct correction_limits *limits, double value,
                                   int64_t time_us)
{
    struct correction out = {.before = value, .value = value};
    if (isnan(value)) {
        return out;
    }
    if (c->check.set) {
        apply_check(c, limits, time_us, &out);
    }
    if (c->slope != 1) {
        out.value *= c->slope;
    }
    if (c->offset != 0) {
        out.value += c->offset;
    }
    if (!isfinite(out.value)) {
        out.value = (double)NAN; /* too large is missing */
    }
    out.applied = out.value != value;
    return out;
}
