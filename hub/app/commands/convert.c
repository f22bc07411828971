/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/report.h"
#include "base/clock.h"
#include "base/text.h"
#include "decode/decode.h"
#include "normalise/normalise.h"
#include "quality/quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORK_BYTES = 1 << 20, SHOWN = 400, NAMES_MOST = 256 };

/* One value on its way in: what was typed, and what the hub makes of it. */
struct converting {
    const char *value, *unit; /* as typed */
    const struct configuration *configuration;
    const struct parameter *parameter;
    struct normaliser normaliser;
    struct arena *arena;
    struct unit_look look;
    enum outcome outcome;
    const char *problem;
    double canonical; /* NAN: missing, or not stored */
    enum quality flag;
};

/* The message that a sensor would send, and the model of that sensor. */
static const struct sensor_model *find_model(void *arg, const char *device)
{
    (void)device;
    return arg;
}

static enum err decode_value(struct converting *c, const struct sensor_model *model,
                             struct decoded *out, struct diag *d)
{
    json_t *json = json_pack("{s:s, s:s*}", "value", c->value, "unit",
                             c->unit[0] != '\0' ? c->unit : NULL);
    char *payload = json != NULL ? json_dumps(json, 0) : NULL;
    const char *kept = payload != NULL ? arena_text(c->arena, payload) : NULL;
    json_decref(json);
    free(payload);
    if (kept == NULL) {
        diag_set(d, "it can't be written as a message: %s", err_text(ERR_MEMORY));
        return ERR_MEMORY;
    }
    const struct message m = {.id = 1,
                              .source = "",
                              .topic = "convert",
                              .payload = kept,
                              .size = strlen(kept),
                              .full_size = strlen(kept),
                              .arrival_us = clock_now_us()};
    struct sensor_model copy = *model;
    const struct decode_rules rules = {
        .format = "json", .find_model = find_model, .arg = &copy};
    return decode_message(&m, &rules, c->arena, out, d);
}

/* The way of a reading in the pipeline: decode, normalise. */
static enum err convert(struct converting *c, struct diag *d)
{
    const struct sensor_field field = {.field = "/value",
                                       .unit_field = "/unit",
                                       .parameter = c->parameter,
                                       .position = "main",
                                       .origin = "measured"};
    const struct sensor_model model = {
        .model = "convert", .fields = &field, .field_count = 1};
    const struct place nowhere = {.position = "main"};
    struct decoded decoded;
    struct normalised out;
    enum err e = decode_value(c, &model, &decoded, d);
    if (e != ERR_OK) {
        return e;
    }
    size_t k = 0;
    while (k < decoded.count && decoded.readings[k].entry != &field) {
        k++;
    }
    if (k == decoded.count) {
        diag_set(d, "\"%s\" is no value of a sensor", c->value);
        return ERR_SYNTAX;
    }
    struct reading *r = &decoded.readings[k];
    r->field = c->parameter->id; /* which is what the sentences name */
    c->outcome = OUTCOME_REJECTED;
    c->problem = r->problem;
    if (c->problem == NULL) {
        c->outcome = normalise_reading(&c->normaliser, decoded.readings, decoded.count, k,
                                       &nowhere, c->arena, &out, &c->problem);
    }
    c->canonical = c->outcome == OUTCOME_STORED ? out.value : (double)NAN;
    return ERR_OK;
}

/* The range test without a station: by the ranges of the parameter. */
static enum quality judge_range(const struct converting *c)
{
    const struct check_input in = {.parameter = c->parameter, .value = c->canonical};
    return quality_judge_range(&in);
}

/* --- what is shown --- */

/* How the unit's text was found: as received, then by the rule for look-ups in
 * units.json, then by UDUNITS-2. */
static const char *look_text(const struct converting *c, char to[SHOWN])
{
    const struct unit_look *l = &c->look;
    struct diag d = {.text = ""};
    char shown[80];
    text_escape(shown, sizeof shown, c->unit, strlen(c->unit));
    if (c->unit[0] == '\0') {
        snprintf(to, SHOWN, "none given");
    } else if (l->alias != NULL) {
        const struct unit_alias *a = l->alias;
        bool refused = a->canonical == NULL;
        const char *reason = a->reason != NULL ? a->reason : "without a reason";
        snprintf(to, SHOWN, "\"%s\"%s%s%s stands in units.json%s %s", shown,
                 l->as_received ? "" : ", read as \"", l->as_received ? "" : a->raw,
                 l->as_received ? "" : "\",", refused ? ", refused:" : " and means",
                 refused ? reason : a->canonical);
    } else if (l->own) {
        snprintf(to, SHOWN, "\"%s\" stands in units.json as the unit of a method", shown);
    } else if (unit_check(c->normaliser.units, c->unit, &d) == ERR_OK) {
        snprintf(to, SHOWN, "\"%s\" is no alias, UDUNITS-2 reads it", shown);
    } else {
        snprintf(to, SHOWN, "%s", d.text);
    }
    return to;
}

static const char *match_text(const struct converting *c)
{
    const char *to = c->parameter->unit;
    if (c->unit[0] == '\0') {
        return strcmp(to, "1") == 0 ? "the parameter has no unit either"
                                    : "none, the value is missing";
    }
    return unit_same(c->normaliser.units, c->unit, to)
               ? "the same unit, the number stays"
               : "of the same dimension, converted";
}

/* A unit of the alias table may name a height system ("cm PNP"); the parameter says what
 * a level counts from, and the hub takes the number as that. NULL: nothing to say. */
static const char *datum_text(const struct converting *c, char to[SHOWN])
{
    static const struct {
        const char *word, *meaning;
        bool is_nhn;
    } data[] = {{"PNP", "the gauge's zero", false},
                {"NHN", "NHN", true},
                {"NN", "NN, the system before NHN", true}};
    bool nhn = strcmp(c->parameter->id, "water_level") == 0;
    if (c->outcome != OUTCOME_STORED || c->look.alias == NULL ||
        (!nhn && strcmp(c->parameter->id, "gauge_level") != 0)) {
        return NULL;
    }
    for (size_t k = 0; k < sizeof data / sizeof *data; k++) {
        if (strstr(c->look.alias->raw, data[k].word) != NULL) {
            snprintf(to, SHOWN, "the unit says %s; %s counts from %s%s", data[k].meaning,
                     c->parameter->id, nhn ? "NHN" : "the gauge's zero",
                     data[k].is_nhn == nhn ? ""
                     : nhn
                         ? " and takes the number so: a level above the gauge's zero is"
                           " gauge_level, or quantity W in the sensor model"
                         : " and takes the number so: a level above NHN is water_level");
            return to;
        }
    }
    return NULL;
}

static const char *flag_text(const struct converting *c)
{
    switch (c->flag) {
    case QUALITY_GOOD:
        return "1 (good)";
    case QUALITY_NOT_EVALUATED:
        return "2 (not evaluated): it counts from the mean water of the station";
    case QUALITY_SUSPECT:
        return "3 (suspect)";
    case QUALITY_FAIL:
        return "4 (fail)";
    case QUALITY_MISSING:
        return "9 (missing)";
    default:
        return "not run, the parameter has no range";
    }
}

/* Aliases that are read for this parameter, in the order of units.json. */
static size_t aliases_that_fit(const struct converting *c, const char *names[NAMES_MOST])
{
    size_t count = 0;
    for (size_t k = 0; k < c->configuration->alias_count && count < NAMES_MOST; k++) {
        const struct unit_alias *a = &c->configuration->aliases[k];
        if (a->canonical != NULL &&
            unit_fits(c->normaliser.units, a->raw, c->parameter->unit)) {
            names[count++] = a->raw;
        }
    }
    return count;
}

static void print_aliases(const struct converting *c)
{
    const char *names[NAMES_MOST];
    size_t count = aliases_that_fit(c, names);
    if (count == 0) {
        return;
    }
    printf("  aliases       ");
    for (size_t k = 0; k < count; k++) {
        printf("%s%s", k > 0 ? ", " : "", names[k]);
    }
    putchar('\n');
}

static void print_text(const struct converting *c)
{
    char look[SHOWN];
    char text[SHOWN];
    const char *datum = datum_text(c, text);
    bool bare = strcmp(c->parameter->unit, "1") == 0;
    const char *unit = bare ? "" : c->parameter->unit;
    if (c->outcome == OUTCOME_STORED && isnan(c->canonical)) {
        printf("%s is missing\n", c->parameter->id);
    } else if (c->outcome == OUTCOME_STORED) {
        printf("%s = %.12g%s%s\n", c->parameter->id, c->canonical, bare ? "" : " ", unit);
    }
    printf("  look-up       %s\n", look_text(c, look));
    if (c->outcome == OUTCOME_STORED) {
        printf("  conversion    %s\n", match_text(c));
        printf("  range test    %s\n", flag_text(c));
    }
    if (datum != NULL) {
        printf("  datum         %s\n", datum);
    }
    printf("  canonical     %s\n", bare ? "1 (no unit)" : unit);
    print_aliases(c);
}

static void print_json(const struct converting *c)
{
    char look[SHOWN];
    char datum[SHOWN];
    const char *names[NAMES_MOST];
    size_t count = aliases_that_fit(c, names);
    json_t *aliases = json_array();
    for (size_t k = 0; k < count; k++) {
        json_array_append_new(aliases, json_string(names[k]));
    }
    bool stored = c->outcome == OUTCOME_STORED;
    report_json(
        "convert",
        json_pack(
            "{s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s?, s:o, s:s?, s:s?, s:o}", "value",
            c->value, "unit", c->unit, "parameter", c->parameter->id, "outcome",
            outcome_text(c->outcome), "canonical_value", report_number(c->canonical),
            "canonical_unit", c->parameter->unit, "look_up", look_text(c, look),
            "conversion", stored ? match_text(c) : NULL, "range_flag",
            stored && c->flag != QUALITY_NONE ? json_integer((int)c->flag) : json_null(),
            "datum", datum_text(c, datum), "problem", c->problem, "aliases", aliases));
}

static int show(const struct invocation *i, const struct converting *c)
{
    if (i->json) {
        print_json(c);
    } else {
        print_text(c);
    }
    if (c->outcome != OUTCOME_STORED) {
        return command_fail(i, EXIT_FINDINGS, "%s: %s", outcome_text(c->outcome),
                            c->problem);
    }
    return isnan(c->canonical) ? EXIT_FINDINGS : EXIT_DONE;
}

/* --- what it is judged by --- */

/* The accepted configuration; the shipped vocabulary where none was named and none is. */
static enum err read_configuration(const struct invocation *i, struct configuration **out,
                                   struct diag *d)
{
    char data[PATH_LENGTH];
    enum err e = context_data_folder(i, data, d);
    e = e != ERR_OK ? e : context_accepted(data, out, d);
    if (e != ERR_ABSENT || i->config != NULL || i->data != NULL) {
        return e;
    }
    struct config_files *files = NULL;
    struct config_faults faults = {0};
    e = context_read(context_shipped_folder(), &files, out, &faults, d);
    if (e == ERR_CONFIG && faults.count > 0) {
        *d = faults.faults[0].diag;
    }
    config_faults_fini(&faults);
    config_files_close(files);
    command_say(i, "by the parameters and units that ship with the program");
    return e;
}

static int unknown_parameter(const struct invocation *i, const struct configuration *c)
{
    static const char *const quantities[] = {"W", "distance", "depth", "pressure"};
    const char *names[NAMES_MOST];
    const char *given = i->arguments[2];
    char shown[SHOWN];
    size_t count = 0;
    for (size_t k = 0; k < sizeof quantities / sizeof *quantities; k++) {
        if (strcmp(given, quantities[k]) == 0) {
            return command_fail(
                i, EXIT_USAGE,
                "%s becomes a water_level only at a station, by its heights: "
                "see kogge try, and kogge calc list",
                given);
        }
    }
    for (size_t k = 0; k < c->parameter_count && count < NAMES_MOST; k++) {
        names[count++] = c->parameters[k].id;
    }
    text_escape(shown, sizeof shown, given, strlen(given));
    return command_fail_name(i, "parameter", shown, names, count);
}

static int convert_by(const struct invocation *i, const struct configuration *by)
{
    struct diag d = {.text = ""};
    struct converting c = {.value = i->arguments[0],
                           .unit = i->arguments[1],
                           .configuration = by,
                           .canonical = (double)NAN,
                           .parameter = configuration_parameter(by, i->arguments[2])};
    if (c.parameter == NULL) {
        return unknown_parameter(i, by);
    }
    enum err e = normaliser_init(&c.normaliser, by, &d);
    c.arena = e == ERR_OK ? arena_open(WORK_BYTES) : NULL;
    e = e == ERR_OK && c.arena == NULL ? ERR_MEMORY : e;
    e = e == ERR_OK ? convert(&c, &d) : e;
    int code = EXIT_FAILED;
    e = e == ERR_OK && units_ran_out(c.normaliser.units) ? ERR_MEMORY : e;
    if (e == ERR_OK) {
        c.flag = judge_range(&c);
        unit_look_up(c.normaliser.units, c.unit, &c.look);
        code = show(i, &c);
    } else {
        command_fail(i, code, "%s", d.text[0] != '\0' ? d.text : err_text(e));
    }
    arena_close(c.arena);
    normaliser_fini(&c.normaliser);
    return code;
}

static int run_convert(struct invocation *i)
{
    struct diag d = {.text = ""};
    struct configuration *c = NULL;
    for (int k = 0; k < i->argument_count; k++) {
        if (!text_is_utf8(i->arguments[k], strlen(i->arguments[k]))) {
            return command_fail(i, EXIT_USAGE, "an argument is not UTF-8");
        }
    }
    enum err e = read_configuration(i, &c, &d);
    int code =
        e != ERR_OK ? command_fail_diag(i, context_exit_code(e), &d) : convert_by(i, c);
    configuration_free(c);
    return code;
}

static const struct verb verbs[] = {{
    .name = "",
    .arguments = "VALUE UNIT PARAMETER",
    .summary = "Show how a value and its unit get in, or why they do not",
    .examples = {"kogge convert 68 °F water_temperature",
                 "kogge convert 12.4 'mS/cm' ec25", "kogge convert 7.9 '' ph --json"},
    .least = 3,
    .most = 3,
    .json = true,
    .run = run_convert,
}};

const struct command command_convert = {"convert", verbs, 1};
