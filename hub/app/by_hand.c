/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/by_hand.h"

#include "app/report.h"
#include "base/clock.h"
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

json_t *by_hand_calibration(const struct normalised *value)
{
    const struct calibration *c = value->calibration;
    const struct correction *r = &value->correction;
    if (c == NULL) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:b, s:b, s:b, s:f, s:f, s:f, s:f, s:f, s:s, s:s?}",
                     "from", report_time(c->period.from_us), "value_before",
                     report_number(r->before), "corrected", r->applied, "unfit", r->unfit,
                     "check", c->check.set, "share", r->share, "fouling", r->fouling,
                     "drift", r->drift, "offset", c->offset, "slope", c->slope, "by",
                     c->by, "standard", c->standard);
}

static json_t *window_json(const struct window *w)
{
    if (w == NULL) {
        return json_null();
    }
    bool open = w->period.to_us == INT64_MAX;
    return json_pack(
        "{s:o, s:o, s:s, s:s?, s:s, s:s}", "from", report_time(w->period.from_us), "to",
        report_time(open ? CLOCK_NONE : w->period.to_us), "reason", w->reason, "by",
        w->by, "flag", quality_text(w->flag), "state", data_state_text(w->state));
}

static json_t *find_json(const struct windows *w, const struct observation_row *row)
{
    return window_json(
        windows_find(w, row->key.parameter, row->key.position, row->time_us));
}

json_t *by_hand_windows(const struct station *s, const struct observation_row *row)
{
    static const struct station nobody;
    const struct station *of = s != NULL ? s : &nobody;
    return json_pack("{s:o, s:o, s:o}", "maintenance", find_json(&of->maintenance, row),
                     "flag", find_json(&of->flags, row), "state",
                     find_json(&of->states, row));
}

json_t *by_hand_settings(const struct placement *p)
{
    static const char *const laws[] = {NULL, "linear", "iso7888", "pss78"};
    const struct sensor_settings *s = p != NULL ? &p->settings : NULL;
    if (s == NULL || (isnan(s->salinity) && s->ec25_law == EC25_UNSTATED)) {
        return json_null();
    }
    return json_pack("{s:o, s:s?, s:o}", "salinity", report_number(s->salinity),
                     "ec25_law", laws[s->ec25_law], "ec25_percent_per_k",
                     report_number(s->ec25_percent_per_k));
}

static void print_number(const char *before, json_t *o, const char *name)
{
    char number[NUMBER_TEXT] = "missing";
    const json_t *value = json_object_get(o, name);
    if (json_is_number(value)) {
        number_format(json_number_value(value), number);
    }
    printf("%s%s", before, number);
}

static const char *plain(json_t *o, const char *name, char to[REPORT_PLAIN])
{
    const char *text = json_string_value(json_object_get(o, name));
    return report_plain(text != NULL ? text : "", to);
}

void by_hand_print_settings(json_t *told)
{
    char law[REPORT_PLAIN];
    if (!json_is_object(told)) {
        return;
    }
    plain(told, "ec25_law", law);
    printf("  settings   EC25 by %s", law[0] != '\0' ? law : "a law not stated");
    if (json_is_number(json_object_get(told, "ec25_percent_per_k"))) {
        print_number(", % per K: ", told, "ec25_percent_per_k");
    }
    if (json_is_number(json_object_get(told, "salinity"))) {
        print_number("; salinity set: ", told, "salinity");
    }
    putchar('\n');
}

void by_hand_print_calibration(json_t *told)
{
    char from[REPORT_PLAIN], by[REPORT_PLAIN], standard[REPORT_PLAIN];
    if (!json_is_object(told)) {
        return;
    }
    bool unfit = json_is_true(json_object_get(told, "unfit"));
    bool corrected = json_is_true(json_object_get(told, "corrected"));
    plain(told, "standard", standard);
    printf("  calibrate  %s; holds from %s, by %s%s%s\n",
           unfit       ? "not corrected, the error is beyond what is fit to be published"
           : corrected ? "corrected"
                       : "nothing to correct",
           plain(told, "from", from), plain(told, "by", by),
           standard[0] != '\0' ? ", with " : "", standard);
    print_number("             value before ", told, "value_before");
    if (json_is_true(json_object_get(told, "check"))) {
        print_number("; found at the visit: fouling ", told, "fouling");
        print_number(", drift ", told, "drift");
        print_number("; share of it by then ", told, "share");
    }
    print_number("; slope ", told, "slope");
    print_number(", offset ", told, "offset");
    putchar('\n');
}

static void print_window(const char *what, json_t *w)
{
    char from[REPORT_PLAIN], to[REPORT_PLAIN], reason[REPORT_PLAIN], by[REPORT_PLAIN];
    plain(w, "to", to);
    plain(w, "by", by);
    printf("  %s: %s; from %s%s%s%s%s\n", what, plain(w, "reason", reason),
           plain(w, "from", from), to[0] != '\0' ? " to " : " on", to,
           by[0] != '\0' ? ", by " : "", by);
}

void by_hand_print_windows(json_t *told)
{
    json_t *maintenance = json_object_get(told, "maintenance");
    json_t *flag = json_object_get(told, "flag");
    json_t *state = json_object_get(told, "state");
    char what[80], text[REPORT_PLAIN];
    if (json_is_object(maintenance)) {
        print_window("by hand    not judged, maintenance", maintenance);
    }
    if (json_is_object(flag)) {
        snprintf(what, sizeof what, "by hand    flag %.20s", plain(flag, "flag", text));
        print_window(what, flag);
    }
    if (json_is_object(state)) {
        snprintf(what, sizeof what, "state      %.20s", plain(state, "state", text));
        print_window(what, state);
    } else {
        puts("  state      provisional");
    }
}
