/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/checks/attenuated_signal.h"

#include "quality/reason.h"

#include <math.h>

enum { LANES = 8, HUB_LEAST = 2 };

/* Values beside each other. */
struct sample {
    const double *x;
    size_t count;
    size_t valid; /* that are finite */
    double sum;   /* of those */
};

/* --- sums and extremes in lanes: the compiler may not reorder them, so they are written
 * in an order that it can do side by side. What is missing is looked for only in a window
 * whose plain sum is not finite. --- */

static double add_lanes(const double lane[LANES])
{
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

static double plain_sum(const double *x, size_t count)
{
    double lane[LANES] = {0};
    size_t k = 0;
    for (; k + LANES <= count; k += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            lane[l] += x[k + l];
        }
    }
    for (; k < count; k++) {
        lane[k % LANES] += x[k];
    }
    return add_lanes(lane);
}

static double plain_squares(const double *x, size_t count, double mean)
{
    double lane[LANES] = {0};
    size_t k = 0;
    for (; k + LANES <= count; k += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            lane[l] += (x[k + l] - mean) * (x[k + l] - mean);
        }
    }
    for (; k < count; k++) {
        lane[k % LANES] += (x[k] - mean) * (x[k] - mean);
    }
    return add_lanes(lane);
}

static double plain_range(const double *x, size_t count)
{
    double low[LANES], high[LANES];
    size_t k = 0;
    for (size_t l = 0; l < LANES; l++) {
        low[l] = high[l] = x[0];
    }
    for (; k + LANES <= count; k += LANES) {
        for (size_t l = 0; l < LANES; l++) {
            low[l] = x[k + l] < low[l] ? x[k + l] : low[l];
            high[l] = x[k + l] > high[l] ? x[k + l] : high[l];
        }
    }
    for (; k < count; k++) {
        low[0] = x[k] < low[0] ? x[k] : low[0];
        high[0] = x[k] > high[0] ? x[k] : high[0];
    }
    for (size_t l = 1; l < LANES; l++) {
        low[0] = low[l] < low[0] ? low[l] : low[0];
        high[0] = high[l] > high[0] ? high[l] : high[0];
    }
    return high[0] - low[0];
}

static struct sample look(const double *x, size_t count)
{
    struct sample w = {x, count, count, plain_sum(x, count)};
    if (isfinite(w.sum)) {
        return w;
    }
    w.valid = 0;
    w.sum = 0;
    for (size_t k = 0; k < count; k++) {
        if (isfinite(x[k])) {
            w.valid++;
            w.sum += x[k];
        }
    }
    return w;
}

static double deviation(const struct sample *w)
{
    double n = (double)w->valid, mean = w->sum / n, squares = 0;
    if (w->valid == w->count) {
        squares = plain_squares(w->x, w->count, mean);
    } else {
        for (size_t k = 0; k < w->count; k++) {
            double d = isfinite(w->x[k]) ? w->x[k] - mean : 0;
            squares += d * d;
        }
    }
    return sqrt(squares / n);
}

static double range(const struct sample *w)
{
    if (w->valid == w->count) {
        return plain_range(w->x, w->count);
    }
    double low = (double)INFINITY, high = -(double)INFINITY;
    for (size_t k = 0; k < w->count; k++) {
        if (isfinite(w->x[k])) {
            low = w->x[k] < low ? w->x[k] : low;
            high = w->x[k] > high ? w->x[k] : high;
        }
    }
    return high - low;
}

/* NAN: there is no valid value. */
static double spread_of(const struct sample *w, int type)
{
    if (w->valid == 0) {
        return (double)NAN;
    }
    return type == ATTENUATED_SIGNAL_STD ? deviation(w) : range(w);
}

static double spread_of_all(const struct stretch *s, int type)
{
    struct sample all = look(s->value, s->count);
    return spread_of(&all, type);
}

static double least_of(const struct attenuated_signal_settings *a, enum quality_mode mode,
                       int64_t interval_s)
{
    double least = 1;
    if (!isnan(a->min_obs)) {
        least = a->min_obs;
    } else if (!isnan(a->min_periods)) {
        least = a->min_periods;
    } else if (!isnan(a->min_period)) {
        least = trunc(a->min_period / (double)interval_s);
    }
    return mode == QUALITY_HUB ? fmax(least, HUB_LEAST) : least;
}

/* Spread of the window that ends with point i; NAN: not to be had. */
static double spread_at(const struct attenuated_signal_settings *a,
                        enum quality_mode mode, const struct stretch *s, size_t i)
{
    if (isnan(a->test_period)) {
        return a->whole_known ? a->whole_spread : spread_of_all(s, a->check_type);
    }
    size_t first = stretch_first(s, i, a->test_period);
    struct sample w = look(s->value + first, i + 1 - first);
    bool broken = a->check_type == ATTENUATED_SIGNAL_RANGE && w.valid < w.count;
    bool enough = (double)w.valid >= least_of(a, mode, s->interval_s);
    return broken || !enough ? (double)NAN : spread_of(&w, a->check_type);
}

enum quality attenuated_signal_judge(const struct attenuated_signal_settings *a,
                                     enum quality_mode mode, const struct stretch *s,
                                     size_t i)
{
    if (stretch_is_missing(s, i)) {
        return QUALITY_MISSING;
    }
    if (s->open && (isnan(a->test_period) ||
                    s->time_us[0] > s->time_us[i] - stretch_us(a->test_period))) {
        return QUALITY_NONE;
    }
    double spread = spread_at(a, mode, s, i);
    if (isnan(spread)) {
        return QUALITY_NOT_EVALUATED;
    }
    if (spread < a->fail_threshold) {
        return QUALITY_FAIL;
    }
    return spread < a->suspect_threshold ? QUALITY_SUSPECT : QUALITY_GOOD;
}

static enum quality judge(const void *settings, enum quality_mode mode,
                          const struct stretch *s, size_t i)
{
    return attenuated_signal_judge(settings, mode, s, i);
}

static void derive(void *settings, const struct stretch *whole)
{
    struct attenuated_signal_settings *a = settings;
    if (isnan(a->test_period)) {
        a->whole_known = true;
        a->whole_spread = spread_of_all(whole, a->check_type);
    }
}

static void say_what_lacks(const struct sample *w, double least, const char *period,
                           struct reason *r)
{
    if (isinf(least)) {
        reason_put(
            r,
            "Wie viele Werte nötig sind, hängt am Abstand der Messungen, und der ist "
            "nicht bekannt.",
            "How many values it takes hangs on the interval of the device, which is "
            "not known.");
    } else if ((double)w->valid < least) {
        reason_put(r, "Zahl der Werte in den letzten %s: %s; nötig sind %s.",
                   "Values in the last %s: %s; it takes %s.", period,
                   reason_count(r, w->valid), reason_number(r, ceil(least)));
    } else {
        reason_put(
            r, "In den letzten %s fehlt ein Wert; so ist die Spanne nicht bekannt.",
            "In the last %s a value is missing, so the range is not known.", period);
    }
}

static void say(const void *settings, const struct stretch *s, size_t i,
                enum quality flag, struct reason *r)
{
    const struct attenuated_signal_settings *a = settings;
    const struct reason_limits limits = {
        .suspect = a->suspect_threshold, .fail = a->fail_threshold, .below = true};
    size_t first = stretch_first(s, i, a->test_period);
    struct sample w = look(s->value + first, i + 1 - first);
    const char *period = reason_seconds(r, a->test_period);
    if (flag == QUALITY_NOT_EVALUATED) {
        say_what_lacks(&w, least_of(a, QUALITY_HUB, s->interval_s), period, r);
        return;
    }
    reason_put(r, "%s der %s Werte der letzten %s: %s; %s.",
               "%s of the %s values of the last %s: %s; %s.",
               a->check_type == ATTENUATED_SIGNAL_STD
                   ? reason_word(r, "Standardabweichung", "Standard deviation")
                   : reason_word(r, "Spanne", "Range"),
               reason_count(r, w.valid), period,
               reason_computed(r, spread_of(&w, a->check_type), &limits),
               reason_limit(r, flag, &limits));
}

static enum err check(const void *settings, enum quality_mode mode, struct diag *d)
{
    const struct attenuated_signal_settings *a = settings;
    bool hub = mode == QUALITY_HUB;
    if (hub && isnan(a->test_period)) {
        diag_set_field(d, "test_period");
        diag_set(d, "is not there; a hub sees no whole series");
        return ERR_RANGE;
    }
    if (!isnan(a->min_obs) && !isnan(a->min_period)) {
        diag_set_field(d, "min_period");
        diag_set(d, "min_obs is there too, and goes before it");
        return hub ? ERR_RANGE : ERR_OK;
    }
    return check_reversed(a->fail_threshold > a->suspect_threshold, mode, d);
}

static unsigned needs(const void *settings, enum quality_mode mode)
{
    const struct attenuated_signal_settings *a = settings;
    bool by_interval = !isnan(a->test_period) && isnan(a->min_obs) &&
                       isnan(a->min_periods) && !isnan(a->min_period);
    (void)mode;
    return CHECK_VALUES | CHECK_ORDER | (by_interval ? CHECK_INTERVAL : 0);
}

static int64_t reach(const void *settings, enum quality_mode mode, int64_t interval_s)
{
    const struct attenuated_signal_settings *a = settings;
    (void)mode;
    (void)interval_s;
    return isnan(a->test_period) ? CHECK_REACH_ALL : stretch_us(a->test_period);
}

#define FIELD(name) .offset = offsetof(struct attenuated_signal_settings, name)

static const struct argument arguments[] = {
    {"suspect_threshold", ARGUMENT_AMOUNT, FIELD(suspect_threshold), .required = true,
     .standard = ARGUMENT_NO_STANDARD, .help = "moves by less: 3"},
    {"fail_threshold", ARGUMENT_AMOUNT, FIELD(fail_threshold), .required = true,
     .standard = ARGUMENT_NO_STANDARD, .help = "moves by less: 4"},
    {"test_period", ARGUMENT_POSITIVE, FIELD(test_period),
     .standard = ARGUMENT_NO_STANDARD,
     .help = "s, the window; without: the whole series"},
    {"min_obs", ARGUMENT_COUNT, FIELD(min_obs), .standard = ARGUMENT_NO_STANDARD,
     .help = "values that the window must hold"},
    {"min_period", ARGUMENT_AMOUNT, FIELD(min_period), .standard = ARGUMENT_NO_STANDARD,
     .help = "s, the same as a time"},
    {"check_type", ARGUMENT_CHOICE, FIELD(check_type), .standard = ATTENUATED_SIGNAL_STD,
     .help = "standard deviation, or largest less smallest", .choices = {"std", "range"}},
    {"min_periods", ARGUMENT_AMOUNT, FIELD(min_periods), .derived = true,
     .standard = ARGUMENT_NO_STANDARD, .help = "min_period in intervals"},
    {0},
};

const struct check check_attenuated_signal = {
    .name = "attenuated_signal_test",
    .title = "Does the series move less than this water ever does?",
    .arguments = arguments,
    .settings_size = sizeof(struct attenuated_signal_settings),
    .check = check,
    .needs = needs,
    .judge = judge,
    .say = say,
    .reach = reach,
    .derive = derive,
};
