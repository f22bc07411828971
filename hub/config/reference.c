/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/shape.h"

#include "base/number.h"

#include <stdio.h>
#include <string.h>

static const char intro[] =
    "<!-- SPDX-License-Identifier: EUPL-1.2 -->\n"
    "<!-- Made from hub/config/option_table_*.c; a test compares. -->\n"
    "# Configuration\n\n"
    "A configuration is a folder of JSON files. `kogge check` reads it and reports "
    "every\n"
    "fault at once, as `file:line: /pointer: sentence`; `kogge check --explain NAME` "
    "shows\n"
    "the rows below for one option (`source.broker`, `broker`) or kind (`source`).\n\n"
    "| file | holds |\n| --- | --- |\n"
    "| `hub.json` | data folder, brokers, portals |\n"
    "| `cities/<city>.json` | a city and its stations |\n"
    "| `cities/<city>/device-<anything>.json` | one device and where it stood |\n"
    "| `cities/<city>/calibration-<anything>.json` | one calibration or field check |\n"
    "| `cities/<city>/maintenance-<anything>.json` | when somebody worked at a station "
    "|\n"
    "| `cities/<city>/flag-<anything>.json` | a judgement by a person |\n"
    "| `devices/<model>.json` | one sensor model |\n"
    "| `datasets/<id>.json` | one dataset that is published |\n"
    "| `parameters.json` | the vocabulary |\n"
    "| `units.json` | units as vendors write them |\n\n"
    "`parameters.json`, `units.json` and the files of `devices/` ship with the program; "
    "a\n"
    "file of the same name in your folder takes the place of the shipped one. All "
    "others\n"
    "come from your folder only. Files whose names begin with a point or do not end in\n"
    "`.json` are not read, nor are folders below these.\n\n"
    "An option that is not named here is a fault, and so is a key that stands twice. "
    "Numbers\n"
    "are written without quotes, times as RFC 3339 with an offset. Passwords and tokens\n"
    "never stand in these files, only the names of files that hold them. Each kind of "
    "file\n"
    "has a JSON Schema in `schemas/`.\n\n"
    "A *fault* makes the configuration invalid: a running hub keeps the one it has. A\n"
    "*finding* is worth a look: a time in which no gauge zero holds, or two devices "
    "that\n"
    "send one series.\n";

static const struct {
    const char *kind, *title, *text;
} files[] = {
    {"hub", "hub.json",
     "The hub itself: where its data lie, what it reads, where it sends."},
    {"city", "cities/&lt;city&gt;.json", "A city: who publishes, and the stations."},
    {"device", "cities/&lt;city&gt;/device-&lt;anything&gt;.json",
     "One device: its sensor model, and where it stood when. `kogge devices new` writes\n"
     "such a file."},
    {"calibration", "cities/&lt;city&gt;/calibration-&lt;anything&gt;.json",
     "A calibration of a sensor, or what a visit found: [Field "
     "visits](field-visits.md).\n"
     "Figures are in the parameter's unit. `kogge calibrate` writes such a file."},
    {"maintenance", "cities/&lt;city&gt;/maintenance-&lt;anything&gt;.json",
     "When somebody worked at a station: values of that time get the test `maintenance`\n"
     "with flag 2, and no other test judges them. `kogge maintenance` writes such a "
     "file."},
    {"flag", "cities/&lt;city&gt;/flag-&lt;anything&gt;.json",
     "What a person decided about values: a flag above those of the tests, a state, or\n"
     "both. `kogge flag` writes such a file."},
    {"model", "devices/&lt;model&gt;.json",
     "A sensor model: how the messages of all devices of this make are read. Fields are\n"
     "JSON Pointers below what the format calls the values."},
    {"dataset", "datasets/&lt;id&gt;.json", "What is published."},
    {"parameters", "parameters.json",
     "The vocabulary: what can be measured, in which unit."},
    {"units", "units.json", "Units as vendors write them, and what they mean."},
};

static const struct {
    const char *type, *meaning;
} type_notes[] = {
    {"span", "list `[low, high]` of two numbers"},
    {"sentinel", "a number, or a list `[from, to]`"},
    {"scalar", "a text, a number, true or false"},
};

static void put_choices(struct buf *b, const char *choices)
{
    char room[256];
    const char *names[SHAPE_CHOICES];
    size_t count = shape_choices(choices, room, names);
    buf_put_text(b, count > 1 ? "one of " : "");
    for (size_t i = 0; i < count; i++) {
        buf_put_format(b, "%s`%s`", i > 0 ? ", " : "", names[i]);
    }
}

static const char *type_meaning(const char *type)
{
    for (size_t i = 0; i < sizeof type_notes / sizeof type_notes[0]; i++) {
        if (strcmp(type_notes[i].type, type) == 0) {
            return type_notes[i].meaning;
        }
    }
    return type;
}

static void put_type(struct buf *b, const struct option *o, const struct shape *s)
{
    buf_put_text(b, s->list ? "list of " : s->map ? "names, each with " : "");
    if (s->choices != NULL) {
        put_choices(b, s->choices);
    } else if (s->kind != NULL) {
        buf_put_format(b, "[%s](#%s)", s->kind->name, s->kind->name);
    } else {
        buf_put_text(b, type_meaning(s->base->name));
    }
    buf_put_text(b, s->nullable ? " or null" : "");
    if (o->least <= o->most) {
        char least[NUMBER_TEXT], most[NUMBER_TEXT];
        number_format(o->least, least);
        number_format(o->most, most);
        buf_put_format(b, ", %s to %s%s", least, most, s->list ? " entries" : "");
    }
    if (o->unit != NULL) {
        buf_put_format(b, " %s", o->unit);
    }
}

/* "<city>" would be taken for HTML. */
static void put_plain(struct buf *b, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<') {
            buf_put_text(b, "&lt;");
        } else if (*text == '>') {
            buf_put_text(b, "&gt;");
        } else {
            buf_put(b, text, 1);
        }
    }
}

static void put_kind(struct buf *b, const struct shapes *s, const struct kind *k)
{
    buf_put_text(b, "\n| option | type | if left out | what it is |\n"
                    "| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < k->count; i++) {
        const struct option *o = &k->first[i];
        const char *quote = o->standard != NULL ? "`" : "";
        buf_put_format(b, "| `%s` | ", o->name);
        put_type(b, o, shapes_of(s, o));
        buf_put_format(b, " | %s%s%s | ", quote,
                       o->required           ? "a fault"
                       : o->standard != NULL ? o->standard
                                             : "",
                       quote);
        put_plain(b, o->help);
        buf_put_text(b, " |\n");
    }
}

static void put_names(struct buf *b, const char *type, const char *sentence)
{
    size_t count;
    const char *const *names = base_type_names(base_type_find(type), &count);
    buf_put_format(b, "%s ", sentence);
    for (size_t i = 0; i < count; i++) {
        buf_put_format(b, "%s`%s`", i > 0 ? ", " : "", names[i]);
    }
    buf_put_text(b, ".\n\n");
}

/* The types that are texts of a certain form. */
static void put_types(struct buf *b)
{
    static const char *const names[] = {
        "text",           "id",           "name",           "parameter id",
        "parameter name", "pointer",      "time",           "time zone",
        "e-mail",         "web address",  "broker address", "topic filter",
        "topic pattern",  "regional key", "file",           "format",
        "target kind"};
    buf_put_text(b, "\n## Types\n\n| type | is |\n| --- | --- |\n");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        buf_put_format(b, "| %s | %s |\n", names[i], base_type_find(names[i])->expected);
    }
    buf_put_text(b, "\n");
    put_names(b, "licence", "A licence is one of");
    put_names(b, "frequency", "A frequency is a name of the EU's authority table:");
}

void config_write_reference(struct buf *b)
{
    struct shapes s;
    bool shared[SHAPE_KINDS] = {false};
    shapes_init(&s);
    buf_put_text(b, intro);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const struct kind *k = shapes_kind(&s, files[i].kind);
        bool below[SHAPE_KINDS] = {false};
        buf_put_format(b, "\n## %s\n\n%s\n", files[i].title, files[i].text);
        put_kind(b, &s, k);
        kinds_below(&s, k, below);
        for (size_t j = 0; j < s.kind_count; j++) {
            if (below[j] && !shared[j]) {
                shared[j] = true;
                buf_put_format(b, "\n### %s\n", s.kinds[j].name);
                put_kind(b, &s, &s.kinds[j]);
            }
        }
    }
    put_types(b);
}
