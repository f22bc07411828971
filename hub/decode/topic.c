/* SPDX-License-Identifier: EUPL-1.2 */
#include "decode/decode.h"

#include <string.h>

static const char *const placeholders[] = {"{device}", "{field}"};
enum { DEVICE, FIELD, PLACEHOLDERS };

/* One level of a pattern: text, and up to two placeholders with text between. */
struct level {
    const char *text;
    size_t length;
};

static struct level level_at(const char *p)
{
    return (struct level){p, strcspn(p, "/")};
}

static bool level_is(struct level l, const char *text)
{
    return l.length == strlen(text) && memcmp(l.text, text, l.length) == 0;
}

/* Which placeholder begins at p; -1: none. */
static int placeholder_at(const char *p, size_t left)
{
    for (int i = 0; i < PLACEHOLDERS; i++) {
        size_t length = strlen(placeholders[i]);
        if (length <= left && memcmp(p, placeholders[i], length) == 0) {
            return i;
        }
    }
    return -1;
}

static bool level_is_sound(struct level l, int seen[PLACEHOLDERS])
{
    bool after_placeholder = false;
    for (size_t i = 0; i < l.length;) {
        int p = placeholder_at(l.text + i, l.length - i);
        if (p >= 0) {
            if (after_placeholder || seen[p]++ > 0) {
                return false;
            }
            i += strlen(placeholders[p]);
        } else if (strchr("{}+#", l.text[i]) != NULL) {
            return false;
        } else {
            i++;
        }
        after_placeholder = p >= 0;
    }
    return l.length > 0;
}

bool decode_topic_is_sound(const char *pattern)
{
    int seen[PLACEHOLDERS] = {0};
    for (const char *p = pattern;;) {
        struct level l = level_at(p);
        bool last = p[l.length] == '\0';
        bool wild = level_is(l, "+") || (last && level_is(l, "#"));
        if (!wild && !level_is_sound(l, seen)) {
            return false;
        }
        if (last) {
            return true;
        }
        p += l.length + 1;
    }
}

/* Length of the text of p before the next placeholder, or all of it. */
static size_t text_length(struct level p)
{
    size_t i = 0;
    while (i < p.length && placeholder_at(p.text + i, p.length - i) < 0) {
        i++;
    }
    return i;
}

static struct level rest_of(struct level l, size_t from)
{
    return (struct level){l.text + from, l.length - from};
}

/* Where the text between two placeholders ends the first one; 0: nowhere. */
static size_t first_end(struct level t, struct level between, size_t least_after)
{
    for (size_t i = 1; i + between.length + least_after <= t.length; i++) {
        if (memcmp(t.text + i, between.text, between.length) == 0) {
            return i;
        }
    }
    return 0;
}

/* Matches one level; parts of it go to found. */
static bool match_level(struct level p, struct level t, struct level found[PLACEHOLDERS])
{
    size_t head = text_length(p);
    if (head > t.length || memcmp(p.text, t.text, head) != 0) {
        return false;
    }
    p = rest_of(p, head);
    t = rest_of(t, head);
    if (p.length == 0) {
        return t.length == 0;
    }
    int which = placeholder_at(p.text, p.length);
    if (which < 0) {
        return false;
    }
    p = rest_of(p, strlen(placeholders[which]));
    size_t after = text_length(p);
    if (after == p.length) { /* this placeholder is the last one */
        if (t.length <= after || memcmp(t.text + t.length - after, p.text, after) != 0) {
            return false;
        }
        found[which] = (struct level){t.text, t.length - after};
        return true;
    }
    size_t end = first_end(t, (struct level){p.text, after}, 1);
    if (end == 0) {
        return false;
    }
    found[which] = (struct level){t.text, end};
    return match_level(p, rest_of(t, end), found);
}

static bool match(const char *pattern, const char *topic,
                  struct level found[PLACEHOLDERS])
{
    for (;;) {
        struct level p = level_at(pattern);
        struct level t = level_at(topic);
        bool last = pattern[p.length] == '\0';
        if (last && level_is(p, "#")) {
            return true;
        }
        if (!(level_is(p, "+") && t.length > 0) && !match_level(p, t, found)) {
            return false;
        }
        if (last || topic[t.length] == '\0') {
            return last && topic[t.length] == '\0';
        }
        pattern += p.length + 1;
        topic += t.length + 1;
    }
}

static bool copy_part(struct level found, struct arena *a, const char **out)
{
    *out = NULL;
    if (found.text == NULL) {
        return true;
    }
    *out = arena_text_part(a, found.text, found.length);
    return *out != NULL;
}

bool decode_topic(const char *pattern, const char *topic, struct arena *a,
                  struct topic_parts *out)
{
    struct level found[PLACEHOLDERS] = {{NULL, 0}, {NULL, 0}};
    struct topic_parts parts;
    if (!decode_topic_is_sound(pattern) || !match(pattern, topic, found) ||
        !copy_part(found[DEVICE], a, &parts.device) ||
        !copy_part(found[FIELD], a, &parts.field)) {
        return false;
    }
    *out = parts;
    return true;
}
