/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/shape.h"

#include "base/number.h"

#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {"hub",         "city",  "device",  "model",
                                    "parameters",  "units", "dataset", "calibration",
                                    "maintenance", "flag",  "try"};

const char *const *config_schema_kinds(size_t *count)
{
    *count = sizeof kinds / sizeof kinds[0];
    return kinds;
}

static void put_limits(struct buf *b, const struct option *o, const char *least,
                       const char *most)
{
    char text[NUMBER_TEXT];
    if (o->least > o->most) {
        return;
    }
    number_format(o->least, text);
    buf_put_format(b, ", \"%s\": %s", least, text);
    number_format(o->most, text);
    buf_put_format(b, ", \"%s\": %s", most, text);
}

static void put_names(struct buf *b, const char *const *names, size_t count, bool quoted)
{
    const char *quote = quoted ? "\"" : "";
    buf_put_text(b, "\"enum\": [");
    for (size_t i = 0; i < count; i++) {
        buf_put_format(b, "%s%s%s%s", i > 0 ? ", " : "", quote, names[i], quote);
    }
    buf_put_text(b, "]");
}

static void put_base(struct buf *b, const struct option *o, const struct shape *s)
{
    size_t count;
    const char *const *names = base_type_names(s->base, &count);
    if (names != NULL) {
        put_names(b, names, count, true);
    } else {
        buf_put_text(b, s->base->schema);
    }
    if (s->base->json == JSON_REAL && !s->list && !s->map) {
        put_limits(b, o, "minimum", "maximum");
    }
}

/* Members of the schema of one value. */
static void put_item(struct buf *b, const struct option *o, const struct shape *s)
{
    if (s->nullable) {
        buf_put_text(b, "\"anyOf\": [{\"type\": \"null\"}, {");
    }
    if (s->choices != NULL) {
        char room[256];
        const char *names[SHAPE_CHOICES];
        size_t count = shape_choices(s->choices, room, names);
        put_names(b, names, count, !s->numbers);
    } else if (s->base != NULL) {
        put_base(b, o, s);
    } else {
        buf_put_format(b, "\"$ref\": \"#/$defs/%s\"", s->kind->name);
    }
    if (s->nullable) {
        buf_put_text(b, "}]");
    }
}

static void put_property(struct buf *b, const struct shapes *s, const struct option *o)
{
    const struct shape *shape = shapes_of(s, o);
    buf_put_format(b, "\"%s\": {\"description\": \"%s%s%s%s\", ", o->name, o->help,
                   o->unit != NULL ? " In " : "", o->unit != NULL ? o->unit : "",
                   o->unit != NULL ? "." : "");
    if (shape->list) {
        buf_put_text(b, "\"type\": \"array\"");
        put_limits(b, o, "minItems", "maxItems");
        buf_put_text(b, ", \"items\": {");
    } else if (shape->map) {
        buf_put_text(b, "\"type\": \"object\", \"additionalProperties\": {");
    }
    put_item(b, o, shape);
    buf_put_text(b, shape->list || shape->map ? "}}" : "}");
}

static void put_kind(struct buf *b, const struct shapes *s, const struct kind *k,
                     const char *indent)
{
    buf_put_format(b, "%s\"type\": \"object\",\n%s\"additionalProperties\": false,\n",
                   indent, indent);
    const char *comma = "";
    buf_put_format(b, "%s\"required\": [", indent);
    for (size_t i = 0; i < k->count; i++) {
        if (k->first[i].required) {
            buf_put_format(b, "%s\"%s\"", comma, k->first[i].name);
            comma = ", ";
        }
    }
    buf_put_format(b, "],\n%s\"properties\": {\n", indent);
    for (size_t i = 0; i < k->count; i++) {
        buf_put_format(b, "%s  ", indent);
        put_property(b, s, &k->first[i]);
        buf_put_text(b, i + 1 < k->count ? ",\n" : "\n");
    }
    buf_put_format(b, "%s}", indent);
}

void kinds_below(const struct shapes *s, const struct kind *k, bool seen[SHAPE_KINDS])
{
    for (size_t i = 0; i < k->count; i++) {
        const struct kind *of = shapes_of(s, &k->first[i])->kind;
        if (of != NULL && !seen[of - s->kinds]) {
            seen[of - s->kinds] = true;
            kinds_below(s, of, seen);
        }
    }
}

static void put_definitions(struct buf *b, const struct shapes *s, const struct kind *k)
{
    bool seen[SHAPE_KINDS] = {false};
    const char *comma = "";
    kinds_below(s, k, seen);
    buf_put_text(b, ",\n  \"$defs\": {");
    for (size_t i = 0; i < s->kind_count; i++) {
        if (seen[i]) {
            buf_put_format(b, "%s\n    \"%s\": {\n", comma, s->kinds[i].name);
            put_kind(b, s, &s->kinds[i], "      ");
            buf_put_text(b, "\n    }");
            comma = ",";
        }
    }
    buf_put_text(b, "\n  }");
}

static void put_head(struct buf *b, const char *kind, const char *title)
{
    buf_put_format(b,
                   "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
                   "  \"$id\": \"urn:kogge:schema:%s\",\n"
                   "  \"$comment\": \"SPDX-License-Identifier: EUPL-1.2. Made from the "
                   "table of options; a "
                   "test compares.\",\n"
                   "  \"title\": \"%s\",\n",
                   kind, title);
}

/* One line of `kogge try --json`; it is no configuration, so it has no options. */
static void put_try(struct buf *b)
{
    static const char *const rows[][2] = {
        {"device", "\"type\": [\"string\", \"null\"]"},
        {"field", "\"type\": [\"string\", \"null\"]"},
        {"time",
         "\"type\": [\"string\", \"null\"], \"pattern\": "
         "\"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z$\""},
        {"time_source", "\"enum\": [\"reading\", \"message\", \"arrival\", null]"},
        {"value", "\"type\": [\"number\", \"string\", \"null\"]"},
        {"unit", "\"type\": [\"string\", \"null\"]"},
        {"station", "\"type\": [\"string\", \"null\"]"},
        {"parameter", "\"type\": [\"string\", \"null\"]"},
        {"position", "\"type\": [\"string\", \"null\"]"},
        {"canonical_value", "\"type\": [\"number\", \"null\"]"},
        {"canonical_unit", "\"type\": [\"string\", \"null\"]"},
        {"flag", "\"enum\": [1, 2, 3, 4, 9, null]"},
        {"outcome", "\"enum\": [\"stored\", \"duplicate\", \"conflict-held\", "
                    "\"conflict-kept\", \"rejected\", \"pending\", \"ignored\"]"},
        {"problem", "\"type\": [\"string\", \"null\"]"},
    };
    size_t count = sizeof rows / sizeof rows[0];
    put_head(b, "try", "One reading, as kogge try --json prints it");
    buf_put_text(b, "  \"type\": \"object\",\n  \"required\": [");
    for (size_t i = 0; i < count; i++) {
        buf_put_format(b, "%s\"%s\"", i > 0 ? ", " : "", rows[i][0]);
    }
    buf_put_text(b, "],\n  \"properties\": {\n");
    for (size_t i = 0; i < count; i++) {
        buf_put_format(b, "    \"%s\": {%s}%s\n", rows[i][0], rows[i][1],
                       i + 1 < count ? "," : "");
    }
    buf_put_text(b, "  }\n}\n");
}

enum err config_write_schema(const char *kind, struct buf *b)
{
    if (strcmp(kind, "try") == 0) {
        put_try(b);
        return b->err;
    }
    bool known = false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        known = known || strcmp(kinds[i], kind) == 0;
    }
    if (!known) {
        return ERR_UNKNOWN;
    }
    struct shapes s;
    shapes_init(&s);
    const struct kind *k = shapes_kind(&s, kind);
    char title[80];
    snprintf(title, sizeof title, "Kogge configuration: %s", kind);
    put_head(b, kind, title);
    put_kind(b, &s, k, "  ");
    put_definitions(b, &s, k);
    buf_put_text(b, "\n}\n");
    return b->err;
}
