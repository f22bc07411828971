/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"
#include "decode/value.h"

#include <math.h>
#include <string.h>

#define LEAST_US (INT64_C(631152000) * CLOCK_US_PER_S) /* 1990-01-01 */
#define AHEAD_US (INT64_C(300) * CLOCK_US_PER_S)

static const char *say_time(struct decode_work *w, int64_t us, const char *what)
{
    char text[CLOCK_TEXT];
    clock_format(us, text);
    return decode_say(w, "its time %s is %s", text, what);
}

struct decode_time decode_judge_time(struct decode_work *w, int64_t us,
                                     enum time_source source)
{
    struct decode_time t = {us, source, NULL};
    bool network = w->out.message_us != CLOCK_NONE;
    int64_t now_us = network ? w->out.message_us : w->m->arrival_us;
    if (us < LEAST_US) {
        t.problem = say_time(w, us, "before 1990");
    } else if (us - AHEAD_US > now_us) {
        t.problem = say_time(w, us,
                             network ? "more than 5 minutes after the network's"
                                     : "more than 5 minutes after the arrival");
    }
    return t;
}

void decode_take_network_time(struct decode_work *w, const struct tree *text)
{
    if (text == NULL || tree_is(text, TREE_NULL)) {
        return;
    }
    int64_t us;
    const char *given = tree_text(text);
    if (given == NULL || clock_parse_rfc3339(given, &us) != ERR_OK) {
        w->time = (struct decode_time){CLOCK_NONE, TIME_SOURCE_MESSAGE,
                                       "the network server's time is not RFC 3339"};
    } else if (us >= LEAST_US) {
        w->out.message_us = us;
        w->time = (struct decode_time){us, TIME_SOURCE_MESSAGE, NULL};
    }
}

static bool read_number(const struct tree *value, double per_second, int64_t *us)
{
    struct decode_value v = decode_value_of(value);
    double number;
    return decode_value_number(&v, &number) && clock_of_seconds(number / per_second, us);
}

/* Microseconds go no way round: as seconds they would lose their last digit. */
static bool read_us(const struct tree *value, int64_t *us)
{
    struct decode_value v = decode_value_of(value);
    double number;
    if (!decode_value_number(&v, &number) || !clock_of_seconds(number / 1e6, us)) {
        return false;
    }
    *us = llround(number);
    return true;
}

static bool read_form(const struct tree *value, const struct time_field *f, int64_t *us)
{
    const char *text = tree_text(value);
    switch (f->form) {
    case TIME_FORM_RFC3339:
        return text != NULL && clock_parse_rfc3339(text, us) == ERR_OK;
    case TIME_FORM_LOCAL:
        return text != NULL && f->zone != NULL &&
               clock_parse_local(text, f->zone, us) == ERR_OK;
    case TIME_FORM_UNIX_S:
        return read_number(value, 1, us);
    case TIME_FORM_UNIX_MS:
        return read_number(value, 1e3, us);
    case TIME_FORM_UNIX_US:
        return read_us(value, us);
    }
    return false;
}

struct decode_time decode_read_time(struct decode_work *w, const struct tree *value,
                                    const struct time_field *f)
{
    static const char *const forms[] = {"an RFC 3339 time with offset", "Unix seconds",
                                        "Unix milliseconds", "Unix microseconds",
                                        "a local time like 2026-11-22 12:00:00"};
    int64_t us;
    if (read_form(value, f, &us)) {
        return decode_judge_time(w, us, TIME_SOURCE_READING);
    }
    struct decode_value v = decode_value_of(value);
    char shown[64];
    if (v.kind == DECODE_NUMBER) {
        number_format(v.number, shown);
    } else {
        text_escape(shown, sizeof shown, v.text, strlen(v.text));
    }
    return (struct decode_time){CLOCK_NONE, TIME_SOURCE_READING,
                                decode_say(w, "its time at %s is %s, expected %s",
                                           f->field, shown, forms[f->form])};
}
