/* SPDX-License-Identifier: EUPL-1.2 */
#include "quality/checks/climatology.h"

#include "base/clock.h"
#include "quality/reason.h"

#include <math.h>
#include <stdio.h>

enum { DAYS_OF_WEEK = 7 };

static int64_t day_of(int64_t time_us)
{
    return clock_of_date(clock_date_of(time_us)) / CLOCK_US_PER_DAY;
}

static int64_t first_day(int year)
{
    const struct clock_date d = {year, 1, 1};
    return clock_of_date(d) / CLOCK_US_PER_DAY;
}

/* Monday 0; 1970-01-01 was a Thursday. */
static int day_of_week(int64_t day)
{
    int64_t of_week = (day + 3) % DAYS_OF_WEEK;
    return (int)(of_week < 0 ? of_week + DAYS_OF_WEEK : of_week);
}

/* ISO 8601: the week belongs to the year in which its Thursday lies. */
static int week_of(int64_t day)
{
    int64_t thursday = day - day_of_week(day) + 3;
    int year = clock_date_of(thursday * CLOCK_US_PER_DAY).year;
    return (int)((thursday - first_day(year)) / DAYS_OF_WEEK) + 1;
}

static int number_of(int period, int64_t time_us)
{
    struct clock_date d = clock_date_of(time_us);
    switch (period) {
    case CLIMATOLOGY_MONTH:
        return d.month;
    case CLIMATOLOGY_DAY_OF_YEAR:
        return (int)(day_of(time_us) - first_day(d.year)) + 1;
    case CLIMATOLOGY_WEEK:
    case CLIMATOLOGY_WEEK_OF_YEAR:
        return week_of(day_of(time_us));
    case CLIMATOLOGY_QUARTER:
        return (d.month + 2) / 3;
    case CLIMATOLOGY_DAY_OF_WEEK:
        return day_of_week(day_of(time_us));
    default:
        return d.year;
    }
}

static bool holds(const struct span *s, double value)
{
    return value >= s->low && value <= s->high;
}

static bool is_in(const struct climatology_member *m, const struct stretch *s, size_t i)
{
    int64_t time_us = s->time_us[i];
    bool in_time = m->tspan.dates
                       ? time_us >= m->tspan.from_us && time_us <= m->tspan.to_us
                       : holds(&m->tspan.numbers, number_of(m->period, time_us));
    if (!in_time || !span_is_set(&m->zspan)) {
        return in_time;
    }
    return s->z_m != NULL && isfinite(s->z_m[i]) && holds(&m->zspan, s->z_m[i]);
}

/* The last member that holds for point i; NULL: none. */
static const struct climatology_member *find_member(const struct climatology_settings *c,
                                                    const struct stretch *s, size_t i)
{
    const struct climatology_member *members = c->members.items;
    for (size_t k = c->members.count; k-- > 0;) {
        if (is_in(&members[k], s, i)) {
            return &members[k];
        }
    }
    return NULL;
}

enum quality climatology_judge(const struct climatology_settings *c,
                               enum quality_mode mode, const struct stretch *s, size_t i)
{
    const struct climatology_member *m = find_member(c, s, i);
    (void)mode;
    if (stretch_is_missing(s, i)) {
        return QUALITY_MISSING;
    }
    if (m == NULL) {
        return QUALITY_NOT_EVALUATED;
    }
    if (span_is_set(&m->fspan) && !holds(&m->fspan, s->value[i])) {
        return QUALITY_FAIL;
    }
    return holds(&m->vspan, s->value[i]) ? QUALITY_GOOD : QUALITY_SUSPECT;
}

static enum quality judge(const void *settings, enum quality_mode mode,
                          const struct stretch *s, size_t i)
{
    return climatology_judge(settings, mode, s, i);
}

/* "month 5 to 6". */
static const char *period_text(const struct climatology_member *m, struct reason *r,
                               char to[REASON_PIECE])
{
    static const char *const names[LANGUAGES][7] = {
        [LANGUAGE_DE] = {"Monat", "Tag des Jahres", "Kalenderwoche", "Kalenderwoche",
                         "Quartal", "Wochentag (Montag 0)", "Jahr"},
        [LANGUAGE_EN] = {"month", "day of the year", "week", "week", "quarter",
                         "day of the week (Monday 0)", "year"}};
    const char *until = reason_word(r, "bis", "to");
    if (m->tspan.dates) {
        const int64_t ends[] = {m->tspan.from_us, m->tspan.to_us};
        const struct stretch s = {.time_us = ends, .count = 2};
        snprintf(to, REASON_PIECE, "%s %s %s", reason_time(r, &s, 0), until,
                 reason_time(r, &s, 1));
    } else {
        snprintf(to, REASON_PIECE, "%s %.16s %s %.16s", names[r->language][m->period],
                 reason_number(r, m->tspan.numbers.low), until,
                 reason_number(r, m->tspan.numbers.high));
    }
    return to;
}

static void say(const void *settings, const struct stretch *s, size_t i,
                enum quality flag, struct reason *r)
{
    const struct climatology_member *m = find_member(settings, s, i);
    char period[REASON_PIECE];
    if (m == NULL) {
        reason_put(r, "Für diese Zeit sagt keine Zeile, was zu erwarten ist.",
                   "No member says what is to be expected at this time.");
        return;
    }
    const struct span *span = flag == QUALITY_FAIL ? &m->fspan : &m->vspan;
    const char *what =
        flag == QUALITY_FAIL
            ? reason_word(r, "was dann möglich ist", "what is possible then")
            : reason_word(r, "was dann zu erwarten ist", "what is to be expected then");
    reason_put(r, "%s liegt %s, %s (%s bis %s; %s).", "%s lies %s %s (%s to %s; %s).",
               reason_amount(r, s->value[i]),
               flag == QUALITY_GOOD ? reason_word(r, "in dem", "within")
                                    : reason_word(r, "außerhalb dessen", "outside of"),
               what, reason_number(r, span->low), reason_amount(r, span->high),
               period_text(m, r, period));
}

static enum err check(const void *settings, enum quality_mode mode, struct diag *d)
{
    const struct climatology_settings *c = settings;
    const struct climatology_member *members = c->members.items;
    (void)mode;
    for (size_t k = 0; k < c->members.count; k++) {
        if (members[k].tspan.dates == (members[k].period == CLIMATOLOGY_DATES)) {
            continue;
        }
        diag_set_field(d, "members");
        diag_set(d,
                 members[k].tspan.dates
                     ? "tspan of member %zu is dates, but its period wants numbers"
                     : "tspan of member %zu is numbers: of which period?",
                 k);
        return ERR_RANGE;
    }
    return ERR_OK;
}

static unsigned needs(const void *settings, enum quality_mode mode)
{
    const struct climatology_settings *c = settings;
    const struct climatology_member *members = c->members.items;
    unsigned all = CHECK_VALUES;
    (void)mode;
    for (size_t k = 0; k < c->members.count; k++) {
        all |= span_is_set(&members[k].zspan) ? CHECK_DEPTHS : 0;
    }
    return all;
}

#define FIELD(name) .offset = offsetof(struct climatology_member, name)

static const struct argument member_arguments[] = {
    {"tspan", ARGUMENT_TIMES, FIELD(tspan), .required = true,
     .help = "two dates, or two numbers of the period"},
    {"vspan", ARGUMENT_SPAN, FIELD(vspan), .required = true, .help = "outside: 3"},
    {"fspan", ARGUMENT_SPAN, FIELD(fspan), .help = "outside: 4"},
    {"zspan", ARGUMENT_SPAN, FIELD(zspan), .help = "m, the depths it holds for"},
    {"period", ARGUMENT_CHOICE, FIELD(period), .standard = CLIMATOLOGY_DATES,
     .help = "what tspan counts in",
     .choices = {"month", "dayofyear", "week", "weekofyear", "quarter", "dayofweek",
                 "year"}},
    {0},
};

static const struct argument arguments[] = {
    {"members", ARGUMENT_LIST, .offset = offsetof(struct climatology_settings, members),
     .required = true, .help = "what holds when and at which depth",
     .rows = member_arguments, .size = sizeof(struct climatology_member)},
    {0},
};

const struct check check_climatology = {
    .name = "climatology_test",
    .title = "Is the value one for this season and depth?",
    .arguments = arguments,
    .settings_size = sizeof(struct climatology_settings),
    .check = check,
    .needs = needs,
    .judge = judge,
    .say = say,
};
