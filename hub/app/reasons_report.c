/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/reasons_report.h"

#include "app/command.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 2048 };

bool reasons_language(const struct invocation *i, enum language *out)
{
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    const char *given = invocation_value(i, "--language");
    const char *name = given;
    for (size_t k = 0; k < sizeof variables / sizeof *variables && name == NULL; k++) {
        const char *value = getenv(variables[k]);
        name = value != NULL && value[0] != '\0' ? value : NULL;
    }
    bool german = name != NULL && strncmp(name, "de", 2) == 0;
    *out = german ? LANGUAGE_DE : LANGUAGE_EN;
    return given == NULL || strcmp(given, "de") == 0 || strcmp(given, "en") == 0;
}

void reasons_put_json(void *arg, const struct reasons_test *t)
{
    json_object_set_new(arg, t->test,
                        json_pack("{s:s, s:s, s:s?}", "de", t->text[LANGUAGE_DE], "en",
                                  t->text[LANGUAGE_EN], "source", t->source));
}

static const char *text_of(json_t *reason, const char *name, char to[LINE])
{
    const char *text = json_string_value(json_object_get(reason, name));
    return text_escape(to, LINE, text != NULL ? text : "",
                       text != NULL ? strlen(text) : 0);
}

/* Names of the tests whose limits come from there, and are not said yet. */
static void print_source(json_t *reasons, const char *source, bool german)
{
    char text[LINE];
    const char *name;
    json_t *reason;
    const char *before = "";
    printf("  %-10s ", german ? "Grenzen" : "limits");
    json_object_foreach(reasons, name, reason)
    {
        const char *own = json_string_value(json_object_get(reason, "source"));
        if (own != NULL && strcmp(own, source) == 0) {
            printf("%s%s", before, name);
            before = ", ";
        }
    }
    printf(": %s\n", text_escape(text, sizeof text, source, strlen(source)));
}

/* True: no reason before this one has its source. */
static bool is_first(json_t *reasons, json_t *one)
{
    const char *name;
    json_t *reason;
    json_object_foreach(reasons, name, reason)
    {
        if (json_equal(json_object_get(reason, "source"),
                       json_object_get(one, "source"))) {
            return reason == one;
        }
    }
    return false;
}

void reasons_print(json_t *reasons, enum language language)
{
    const bool german = language == LANGUAGE_DE;
    const char *before = german ? "weil" : "because";
    char text[LINE];
    const char *name;
    json_t *reason;
    json_object_foreach(reasons, name, reason)
    {
        printf("  %-10s %s: %s\n", before, name,
               text_of(reason, german ? "de" : "en", text));
        before = "";
    }
    json_object_foreach(reasons, name, reason)
    {
        const char *source = json_string_value(json_object_get(reason, "source"));
        if (source != NULL && is_first(reasons, reason)) {
            print_source(reasons, source, german);
        }
    }
}
