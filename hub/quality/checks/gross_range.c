/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/checks/gross_range.h"

#include "quality/reason.h"

#include <math.h>

enum quality gross_range_judge(const struct gross_range_settings *g,
                               enum quality_mode mode, const struct stretch *s, size_t i)
{
    double value = s->value[i];
    if (isnan(value) || (mode == QUALITY_HUB && isinf(value))) {
        return QUALITY_MISSING;
    }
    if (span_excludes(&g->fail_span, value)) {
        return QUALITY_FAIL;
    }
    return span_excludes(&g->suspect_span, value) ? QUALITY_SUSPECT : QUALITY_GOOD;
}

static enum quality judge(const void *settings, enum quality_mode mode,
                          const struct stretch *s, size_t i)
{
    return gross_range_judge(settings, mode, s, i);
}

static void say(const void *settings, const struct stretch *s, size_t i,
                enum quality flag, struct reason *r)
{
    const struct gross_range_settings *g = settings;
    const struct span *span = flag == QUALITY_FAIL || !span_is_set(&g->suspect_span)
                                  ? &g->fail_span
                                  : &g->suspect_span;
    bool possible = span == &g->fail_span;
    const char *what =
        possible
            ? reason_word(r, "was hier möglich ist", "what is possible here")
            : reason_word(r, "was hier zu erwarten ist", "what is to be expected here");
    const char *value = reason_amount(r, s->value[i]);
    const char *low = reason_number(r, span->low), *high = reason_amount(r, span->high);
    reason_put(r, "%s liegt %s, %s (%s bis %s).", "%s lies %s %s (%s to %s).", value,
               span_excludes(span, s->value[i])
                   ? reason_word(r, "außerhalb dessen", "outside of")
                   : reason_word(r, "in dem", "within"),
               what, low, high);
}

static enum err check(const void *settings, enum quality_mode mode, struct diag *d)
{
    const struct gross_range_settings *g = settings;
    (void)mode;
    if (span_is_set(&g->suspect_span) && (g->suspect_span.low < g->fail_span.low ||
                                          g->suspect_span.high > g->fail_span.high)) {
        diag_set_field(d, "suspect_span");
        diag_set(d, "[%g, %g] is not within fail_span [%g, %g]", g->suspect_span.low,
                 g->suspect_span.high, g->fail_span.low, g->fail_span.high);
        return ERR_RANGE;
    }
    return ERR_OK;
}

static unsigned needs(const void *settings, enum quality_mode mode)
{
    (void)settings;
    (void)mode;
    return CHECK_VALUES;
}

#define FIELD(name) .offset = offsetof(struct gross_range_settings, name)

static const struct argument arguments[] = {
    {"fail_span", ARGUMENT_SPAN, FIELD(fail_span), .required = true,
     .help = "what the sensor can give"},
    {"suspect_span", ARGUMENT_SPAN, FIELD(suspect_span),
     .help = "what is to be expected here"},
    {0},
};

const struct check check_gross_range = {
    .name = "gross_range_test",
    .title = "Is the value one that sensor and water can have?",
    .arguments = arguments,
    .settings_size = sizeof(struct gross_range_settings),
    .check = check,
    .needs = needs,
    .judge = judge,
    .say = say,
};
