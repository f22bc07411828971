/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"

#include <string.h>

/* A scan of a text that is known to be JSON, for the place of a pointer. */
struct scan {
    const char *text;
    size_t size, at;
};

static char here(const struct scan *s)
{
    return s->at < s->size ? s->text[s->at] : '\0';
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static void skip_blanks(struct scan *s)
{
    while (s->at < s->size && is_one_of(s->text[s->at], " \t\r\n,:")) {
        s->at++;
    }
}

static void skip_string(struct scan *s)
{
    s->at++;
    while (s->at < s->size && s->text[s->at] != '"') {
        s->at += s->text[s->at] == '\\' ? 2 : 1;
    }
    s->at++;
}

static void skip_scalar(struct scan *s)
{
    do {
        s->at++;
    } while (s->at < s->size && !is_one_of(s->text[s->at], ",:{}[] \t\r\n\""));
}

static void skip_value(struct scan *s)
{
    size_t depth = 0;
    do {
        skip_blanks(s);
        char c = here(s);
        if (c == '"') {
            skip_string(s);
        } else if (c == '{' || c == '[') {
            depth++;
            s->at++;
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
            s->at++;
        } else {
            skip_scalar(s);
        }
    } while (depth > 0 && s->at < s->size);
}

/* True if the string at s is the pointer's token. Escapes of keys are not decoded: such a
 * key is reported at the line of what holds it. */
static bool key_is(const struct scan *s, const char *token, size_t length)
{
    size_t at = s->at + 1;
    for (size_t i = 0; i < length; i++) {
        char c = token[i];
        if (c == '~' && i + 1 < length) {
            c = token[++i] == '0' ? '~' : '/';
        }
        if (at >= s->size || s->text[at++] != c) {
            return false;
        }
    }
    return at < s->size && s->text[at] == '"';
}

/* From the brace to the key that is token. */
static bool enter_object(struct scan *s, const char *token, size_t length, size_t *key)
{
    s->at++;
    for (skip_blanks(s); here(s) == '"'; skip_blanks(s)) {
        *key = s->at;
        bool found = key_is(s, token, length);
        skip_string(s);
        skip_blanks(s);
        if (found) {
            return true;
        }
        skip_value(s);
    }
    return false;
}

static bool enter_list(struct scan *s, const char *token, size_t length, size_t *key)
{
    size_t index = 0;
    for (size_t i = 0; i < length; i++) {
        if (token[i] < '0' || token[i] > '9' || index > 100000000) {
            return false;
        }
        index = index * 10 + (size_t)(token[i] - '0');
    }
    s->at++;
    for (skip_blanks(s); s->at < s->size && here(s) != ']'; skip_blanks(s)) {
        if (index-- == 0) {
            *key = s->at;
            return true;
        }
        skip_value(s);
    }
    return false;
}

int place_line(const char *text, size_t size, const char *pointer)
{
    struct scan s = {.text = text, .size = size};
    skip_blanks(&s);
    size_t found = s.at;
    while (*pointer == '/') {
        const char *token = pointer + 1;
        size_t length = strcspn(token, "/");
        size_t key = 0;
        bool entered = here(&s) == '{'   ? enter_object(&s, token, length, &key)
                       : here(&s) == '[' ? enter_list(&s, token, length, &key)
                                         : false;
        if (!entered) {
            break;
        }
        found = key;
        pointer = token + length;
    }
    int line = 1;
    for (size_t i = 0; i < found && i < size; i++) {
        line += text[i] == '\n';
    }
    return line;
}
