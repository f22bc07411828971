/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/checks/flat_line.h"

#include "quality/reason.h"

#include <math.h>

enum { LEAST_POINTS = 3 };

/* The values of a window so far, which begins with point first. */
struct spread {
    double low, high;
    size_t count, first;
};

static void take(struct spread *w, const struct stretch *s, size_t i)
{
    double x = s->value[i];
    if (stretch_is_missing(s, i)) {
        return;
    }
    w->low = w->count == 0 || x < w->low ? x : w->low;
    w->high = w->count == 0 || x > w->high ? x : w->high;
    w->count++;
}

/* --- reference: by positions --- */

static double count_of(double derived, double threshold_s, int64_t interval_s)
{
    return isnan(derived) ? trunc(trunc(threshold_s) / (double)interval_s) : derived;
}

static bool is_flat_by_count(const struct stretch *s, size_t i, double count,
                             double tolerance)
{
    if (!(count >= 0 && count <= (double)i)) {
        return false;
    }
    struct spread w = {0};
    size_t first = i - (size_t)count;
    for (size_t k = i + 1; k-- > first;) {
        take(&w, s, k);
        if (!(w.high - w.low < tolerance)) {
            return false; /* and it only widens */
        }
    }
    return true;
}

static enum quality judge_by_count(const struct flat_line_settings *f,
                                   const struct stretch *s, size_t i)
{
    if (s->count < LEAST_POINTS) {
        return QUALITY_GOOD;
    }
    if (stretch_is_missing(s, i)) {
        return QUALITY_MISSING;
    }
    double fail = count_of(f->count_fail, f->fail_threshold, s->interval_s);
    double suspect = count_of(f->count_suspect, f->suspect_threshold, s->interval_s);
    if (!isfinite(fail) || !isfinite(suspect)) {
        return QUALITY_NOT_EVALUATED;
    }
    if (is_flat_by_count(s, i, fail, f->tolerance)) {
        return QUALITY_FAIL;
    }
    return is_flat_by_count(s, i, suspect, f->tolerance) ? QUALITY_SUSPECT : QUALITY_GOOD;
}

/* --- hub: by time --- */

static int64_t hole_us(int64_t span_us, int64_t interval_s)
{
    return interval_s > 0 ? FLAT_LINE_HOLE * interval_s * STRETCH_US_PER_S : span_us;
}

static bool is_still(double range, double tolerance)
{
    return range < tolerance || (tolerance == 0 && range == 0);
}

enum flat { FLAT_NO, FLAT_YES, FLAT_UNKNOWN /* what stands before decides */ };

/* *out: what was looked at. */
static enum flat flat_by_time(const struct stretch *s, size_t i, double threshold_s,
                              double tolerance, struct spread *out)
{
    int64_t span_us = stretch_us(trunc(threshold_s));
    int64_t hole = hole_us(span_us, s->interval_s);
    *out = (struct spread){0};
    for (size_t k = i;; k--) {
        take(out, s, k);
        out->first = k;
        if (!is_still(out->high - out->low, tolerance)) {
            return FLAT_NO;
        }
        if (s->time_us[i] - s->time_us[k] >= span_us) {
            return out->count >= LEAST_POINTS ? FLAT_YES : FLAT_NO;
        }
        if (k == 0) {
            return s->open ? FLAT_UNKNOWN : FLAT_NO;
        }
        int64_t step_us = s->time_us[k] - s->time_us[k - 1];
        if (step_us < 0 || step_us > hole) {
            return FLAT_NO;
        }
    }
}

enum quality flat_line_judge(const struct flat_line_settings *f, enum quality_mode mode,
                             const struct stretch *s, size_t i)
{
    if (mode == QUALITY_REFERENCE) {
        return judge_by_count(f, s, i);
    }
    if (stretch_is_missing(s, i)) {
        return QUALITY_MISSING;
    }
    struct spread w;
    enum flat fail = flat_by_time(s, i, f->fail_threshold, f->tolerance, &w);
    enum flat suspect = flat_by_time(s, i, f->suspect_threshold, f->tolerance, &w);
    if (fail == FLAT_UNKNOWN || suspect == FLAT_UNKNOWN) {
        return QUALITY_NONE;
    }
    return fail == FLAT_YES      ? QUALITY_FAIL
           : suspect == FLAT_YES ? QUALITY_SUSPECT
                                 : QUALITY_GOOD;
}

static enum quality judge(const void *settings, enum quality_mode mode,
                          const struct stretch *s, size_t i)
{
    return flat_line_judge(settings, mode, s, i);
}

static void say(const void *settings, const struct stretch *s, size_t i,
                enum quality flag, struct reason *r)
{
    const struct flat_line_settings *f = settings;
    const struct reason_limits limits = {
        .suspect = f->tolerance, .fail = (double)NAN, .below = true};
    struct spread w;
    double span_s = flag == QUALITY_FAIL ? f->fail_threshold : f->suspect_threshold;
    (void)flat_by_time(s, i, span_s, f->tolerance, &w);
    bool passes = flag == QUALITY_GOOD;
    const char *count = reason_count(r, w.count), *since = reason_time(r, s, w.first);
    const char *span = reason_seconds(r, trunc(span_s));
    if (passes && is_still(w.high - w.low, f->tolerance)) {
        reason_put(
            r,
            "Ohne Lücke reichen die Werte hier zurück bis %s (Zahl: %s); es braucht "
            "mindestens "
            "3 über %s.",
            "Without a hole the values here reach back to %s (count: %s); it takes 3 at "
            "least, over %s.",
            since, count, span);
        return;
    }
    reason_put(r, "Seit %s haben sich %s Werte um %s bewegt; %s über %s %s.",
               "Since %s, %s values have moved by %s; %s over %s %s.", since, count,
               reason_computed(r, w.high - w.low, &limits),
               f->tolerance == 0 ? reason_word(r, "Stillstand", "no move")
                                 : reason_below(r, f->tolerance),
               span,
               passes ? reason_word(r, "wäre verdächtig", "would be suspect")
               : flag == QUALITY_FAIL
                   ? reason_word(r, "gilt als falsch", "fails")
                   : reason_word(r, "gilt als verdächtig", "is suspect"));
}

static enum err check(const void *settings, enum quality_mode mode, struct diag *d)
{
    const struct flat_line_settings *f = settings;
    if (mode == QUALITY_REFERENCE && f->tolerance == 0) {
        diag_set_field(d, "tolerance");
        diag_set(d, "of 0 the reference flags nothing, however flat");
    }
    return check_reversed(f->fail_threshold < f->suspect_threshold, mode, d);
}

static unsigned needs(const void *settings, enum quality_mode mode)
{
    const struct flat_line_settings *f = settings;
    bool derived = !isnan(f->count_suspect) && !isnan(f->count_fail);
    bool by_interval = mode == QUALITY_REFERENCE && !derived;
    return CHECK_VALUES | (by_interval ? CHECK_INTERVAL : 0);
}

static int64_t reach(const void *settings, enum quality_mode mode, int64_t interval_s)
{
    const struct flat_line_settings *f = settings;
    if (mode == QUALITY_REFERENCE) {
        return CHECK_REACH_ALL;
    }
    int64_t span_us = stretch_us(trunc(fmax(f->suspect_threshold, f->fail_threshold)));
    return span_us + hole_us(span_us, interval_s);
}

#define FIELD(name) .offset = offsetof(struct flat_line_settings, name)

static const struct argument arguments[] = {
    {"suspect_threshold", ARGUMENT_POSITIVE, FIELD(suspect_threshold), .required = true,
     .standard = ARGUMENT_NO_STANDARD, .help = "s; flat for so long: 3"},
    {"fail_threshold", ARGUMENT_POSITIVE, FIELD(fail_threshold), .required = true,
     .standard = ARGUMENT_NO_STANDARD, .help = "s; flat for so long: 4"},
    {"tolerance", ARGUMENT_AMOUNT, FIELD(tolerance), .standard = 0,
     .help = "values that differ by less are flat"},
    {"count_suspect", ARGUMENT_AMOUNT, FIELD(count_suspect), .derived = true,
     .standard = ARGUMENT_NO_STANDARD, .help = "suspect_threshold in intervals"},
    {"count_fail", ARGUMENT_AMOUNT, FIELD(count_fail), .derived = true,
     .standard = ARGUMENT_NO_STANDARD, .help = "fail_threshold in intervals"},
    {0},
};

const struct check check_flat_line = {
    .name = "flat_line_test",
    .title = "Has the value stood still for longer than water does?",
    .arguments = arguments,
    .settings_size = sizeof(struct flat_line_settings),
    .check = check,
    .needs = needs,
    .judge = judge,
    .say = say,
    .reach = reach,
};
