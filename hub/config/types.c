/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/shape.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *const licences[] = {"dl-by-de/2.0", "dl-zero-de/2.0", "cc-by/4.0",
                                       "cc-zero"};

/* EU Publications Office, authority table "frequency". */
static const char *const frequencies[] = {
    "1MIN",         "5MIN",      "10MIN",       "15MIN",     "30MIN",
    "12HRS",        "ANNUAL",    "ANNUAL_2",    "ANNUAL_3",  "AS_NEEDED",
    "BIDECENNIAL",  "BIENNIAL",  "BIHOURLY",    "BIMONTHLY", "BIWEEKLY",
    "CONT",         "DAILY",     "DAILY_2",     "DECENNIAL", "HOURLY",
    "IRREG",        "MONTHLY",   "MONTHLY_2",   "MONTHLY_3", "NEVER",
    "NOT_PLANNED",  "OTHER",     "QUADRENNIAL", "QUARTERLY", "QUINQUENNIAL",
    "TRIDECENNIAL", "TRIENNIAL", "TRIHOURLY",   "UNKNOWN",   "UPDATE_CONT",
    "WEEKLY",       "WEEKLY_2",  "WEEKLY_3"};

static bool is_text(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7F) {
            return false;
        }
    }
    return text[0] != '\0';
}

static bool is_name(const char *text)
{
    size_t characters = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7F) {
            return false;
        }
        characters += ((unsigned char)*p & 0xC0) != 0x80;
    }
    return characters >= 1 && characters <= 128;
}

static bool is_parameter(const char *text)
{
    size_t length = strlen(text);
    return length >= 1 && length <= 64 && text[0] >= 'a' && text[0] <= 'z' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static bool is_pointer(const char *text)
{
    if (text[0] != '\0' && text[0] != '/') {
        return false;
    }
    for (const char *p = strchr(text, '~'); p != NULL; p = strchr(p + 1, '~')) {
        if (p[1] != '0' && p[1] != '1') {
            return false;
        }
    }
    return text[0] == '\0' || is_text(text);
}

static bool is_time(const char *text)
{
    int64_t us;
    return clock_parse_rfc3339(text, &us) == ERR_OK;
}

static bool is_zone(const char *text)
{
    int64_t us;
    return is_name(text) && clock_parse_local("2026-01-01T00:00:00", text, &us) == ERR_OK;
}

static bool is_email(const char *text)
{
    const char *at = strchr(text, '@');
    return is_name(text) && at != NULL && at != text && at[1] != '\0' &&
           strchr(at + 1, '@') == NULL;
}

static bool is_url(const char *text)
{
    size_t scheme = strncmp(text, "https://", 8) == 0  ? 8
                    : strncmp(text, "http://", 7) == 0 ? 7
                                                       : 0;
    return scheme > 0 && text[scheme] != '\0' && text[scheme] != '/' &&
           strpbrk(text, " \t\r\n\"<>\\^`{|}") == NULL && is_text(text);
}

static bool is_host(const char *host, size_t length)
{
    if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
        return strspn(host + 1, "0123456789abcdefABCDEF:.") == length - 2;
    }
    size_t sound = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789.-_");
    return length >= 1 && length <= 253 && sound == length;
}

static bool is_broker(const char *text)
{
    size_t scheme = strncmp(text, "mqtts://", 8) == 0  ? 8
                    : strncmp(text, "mqtt://", 7) == 0 ? 7
                                                       : 0;
    const char *host = text + scheme;
    const char *bracket = host[0] == '[' ? strchr(host, ']') : NULL;
    const char *colon = strchr(bracket != NULL ? bracket : host, ':');
    size_t length = colon != NULL ? (size_t)(colon - host) : strlen(host);
    if (scheme == 0 || !is_host(host, length)) {
        return false;
    }
    if (colon == NULL) {
        return true;
    }
    size_t digits = strspn(colon + 1, "0123456789");
    long port = digits >= 1 && digits <= 5 ? strtol(colon + 1, NULL, 10) : 0;
    return colon[1 + digits] == '\0' && port >= 1 && port <= 65535;
}

/* MQTT 5.0, 4.7 and 4.8.2. */
static bool is_filter(const char *text)
{
    if (strncmp(text, "$share/", 7) == 0) {
        size_t group = strcspn(text + 7, "/+#");
        if (group == 0 || text[7 + group] != '/') {
            return false;
        }
        text += 7 + group + 1;
    }
    if (text[0] == '\0' || strlen(text) > 65535 || !is_text(text)) {
        return false;
    }
    for (const char *level = text;;) {
        size_t length = strcspn(level, "/");
        size_t plain = strcspn(level, "+#/");
        bool wild = length == 1 && plain == 0;
        if (plain < length && !wild) {
            return false;
        }
        if (level[length] == '\0') {
            return true;
        }
        if (wild && level[0] == '#') {
            return false;
        }
        level += length + 1;
    }
}

static bool is_key(const char *text)
{
    return strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

#define TEXT "a text"
#define STRING "\"type\": \"string\""
#define SHORT_TEXT STRING ", \"minLength\": 1"

static const struct base_type types[] = {
    {"text", JSON_STRING, TEXT, is_text,
     "a text of at least one character, no control characters", SHORT_TEXT},
    {"id", JSON_STRING, TEXT, text_is_id,
     "an id: 1 to 64 of a-z, 0-9 and -, not beginning with -",
     STRING ", \"pattern\": \"^[a-z0-9][a-z0-9-]{0,63}$\""},
    {"name", JSON_STRING, TEXT, is_name, "a name: 1 to 128 characters without blanks",
     STRING ", \"maxLength\": 128, \"pattern\": \"^[^\\\\u0000-\\\\u0020\\\\u007f]+$\""},
    {"parameter id", JSON_STRING, TEXT, is_parameter,
     "an id of a parameter: a-z, 0-9 and _, beginning with a letter",
     STRING ", \"pattern\": \"^[a-z][a-z0-9_]{0,63}$\""},
    {"parameter name", JSON_STRING, TEXT, is_text, "an id of parameters.json",
     STRING ", \"pattern\": \"^[a-z][a-z0-9_]{0,63}$\""},
    {"pointer", JSON_STRING, TEXT, is_pointer,
     "a JSON Pointer: it begins with /, and ~ stands only in ~0 and ~1",
     STRING ", \"pattern\": \"^(/([^~/]|~[01])*)*$\""},
    {"time", JSON_STRING, TEXT, is_time,
     "an RFC 3339 time with offset, like 2026-03-01T00:00:00Z",
     STRING ", \"format\": \"date-time\""},
    {"time zone", JSON_STRING, TEXT, is_zone, "a time zone, like Europe/Berlin or +01:00",
     SHORT_TEXT},
    {"e-mail", JSON_STRING, TEXT, is_email, "an e-mail address with one @",
     STRING ", \"pattern\": \"^[^@ ]+@[^@ ]+$\""},
    {"web address", JSON_STRING, TEXT, is_url,
     "an address that begins with https:// or http://",
     STRING ", \"pattern\": \"^https?://[^/ ][^ ]*$\""},
    {"broker address", JSON_STRING, TEXT, is_broker,
     "mqtt://host:port or mqtts://host:port",
     STRING
     ", \"pattern\": "
     "\"^mqtts?://([A-Za-z0-9._-]{1,253}|\\\\[[0-9A-Fa-f:.]+\\\\])(:[0-9]{1,5})?$\""},
    {"topic filter", JSON_STRING, TEXT, is_filter,
     "an MQTT filter: + alone in its level, # alone in the last",
     STRING ", \"pattern\": "
            "\"^(\\\\$share/[^/+#]+/)?(?!\\\\$share/)(?=.)(#|(\\\\+|[^+#/]*)(/"
            "(\\\\+|[^+#/]*))*(/#)?)$\", "
            "\"minLength\": 1"},
    {"topic pattern", JSON_STRING, TEXT, is_text, "a topic with {device} and {field}",
     SHORT_TEXT},
    {"regional key", JSON_STRING, TEXT, is_key, "a regional key of 12 digits",
     STRING ", \"pattern\": \"^[0-9]{12}$\""},
    {"file", JSON_STRING, TEXT, is_text, "the name of a file", SHORT_TEXT},
    {"format", JSON_STRING, TEXT, is_text, "the name of a format", SHORT_TEXT},
    {"target kind", JSON_STRING, TEXT, is_text, "the name of a kind of portal",
     SHORT_TEXT},
    {"licence", JSON_STRING, TEXT, NULL, NULL, NULL},
    {"frequency", JSON_STRING, TEXT, NULL, NULL, NULL},
    {"number", JSON_REAL, "a number", NULL, NULL, "\"type\": \"number\""},
    {"integer", JSON_REAL, "a whole number", NULL, NULL, "\"type\": \"integer\""},
    {"boolean", JSON_TRUE, "true or false", NULL, NULL, "\"type\": \"boolean\""},
    {"object", JSON_OBJECT, "an object", NULL, NULL, "\"type\": \"object\""},
    {"span", JSON_ARRAY, "a list of two numbers", NULL, NULL,
     "\"type\": \"array\", \"items\": {\"type\": \"number\"}, \"minItems\": 2, "
     "\"maxItems\": 2"},
    {"sentinel", JSON_NULL, "a number or a list of two numbers", NULL, NULL,
     "\"type\": [\"number\", \"array\"], \"items\": {\"type\": \"number\"}, "
     "\"minItems\": 2, \"maxItems\": 2"},
    {"scalar", JSON_NULL, "a text, a number, true or false", NULL, NULL,
     "\"type\": [\"string\", \"number\", \"boolean\"]"},
};

const struct base_type *base_type_find(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, name) == 0) {
            return &types[i];
        }
    }
    return NULL;
}

const char *const *base_type_names(const struct base_type *t, size_t *count)
{
    if (strcmp(t->name, "licence") == 0) {
        *count = sizeof licences / sizeof licences[0];
        return licences;
    }
    if (strcmp(t->name, "frequency") == 0) {
        *count = sizeof frequencies / sizeof frequencies[0];
        return frequencies;
    }
    *count = 0;
    return NULL;
}
