/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef FUZZ_ACL_FUZZ_H
#define FUZZ_ACL_FUZZ_H

#include "app/acl.h"
#include "config/config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACL_NAMES = 7, ACL_TEXT = 4096 };

static inline void acl_fuzz_skip(void *arg, const struct device *device)
{
    (void)arg;
    (void)device;
}

/* The lines of data; those that are not there are "". */
static inline void acl_fuzz_names(const uint8_t *data, size_t size,
                                  char names[ACL_NAMES][256])
{
    for (int i = 0; i < ACL_NAMES; i++) {
        const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
        size_t length = end != NULL ? (size_t)(end - data) : size;
        snprintf(names[i], 256, "%.*s", (int)(length < 255 ? length : 255),
                 (const char *)data);
        data += length + (end != NULL);
        size -= length + (end != NULL);
    }
}

/* NULL: refused, as most are. */
static inline struct configuration *acl_fuzz_configuration(const uint8_t *data,
                                                           size_t size)
{
    static const char parameters[] =
        "{\"parameters\": [{\"id\": \"p\", \"title\": {\"de\": \"p\", \"en\": \"p\"},"
        " \"unit\": \"m\", \"kind\": \"water\", \"decimals\": 3}]}";
    static const char model[] =
        "{\"model\": \"m\", \"vendor\": \"v\", \"title\": {\"de\": \"m\","
        " \"en\": \"m\"}, \"formats\": [\"senml\"], \"fields\":"
        " [{\"field\": \"/p\", \"parameter\": \"p\", \"unit\": \"m\"}]}";
    char n[ACL_NAMES][256], text[4][ACL_TEXT], name[4][600];
    acl_fuzz_names(data, size, n);
    snprintf(name[0], sizeof name[0], "cities/%s.json", n[0]);
    snprintf(
        text[0], ACL_TEXT,
        "{\"city\": \"%s\", \"title\": {\"de\": \"a\", \"en\": \"a\"}, \"publisher\":"
        " {\"name\": \"a\", \"url\": \"https://a.org\"}, \"contact\": {\"name\": \"a\","
        " \"email\": \"a@a.org\"}, \"licence\": \"cc-zero\", \"stations\":"
        " [{\"station\": \"a-b\", \"title\": {\"de\": \"A\", \"en\": \"A\"},"
        " \"lat\": 54, \"lon\": 11, \"water\": \"W\", \"water_type\": \"river\"}]}",
        n[0]);
    for (int i = 1; i < 3; i++) {
        snprintf(name[i], sizeof name[i], "cities/%s/device-%d.json", n[0], i);
        snprintf(text[i], ACL_TEXT,
                 "{\"device\": \"%s\", \"model\": \"m\", \"at\": [{\"station\": \"a-b\","
                 " \"from\": \"2020-01-01T00:00:00Z\", \"to\": null}]}",
                 n[i]);
    }
    snprintf(name[3], sizeof name[3], "hub.json");
    snprintf(text[3], ACL_TEXT,
             "{\"sources\": [{\"source\": \"%s\", \"city\": \"%s\", \"user\": \"%s\","
             " \"password_file\": \"p\", \"broker\": \"mqtt://a\", \"client_id\": \"a\","
             " \"subscribe\": [\"%s\", \"%s\"], \"format\": \"senml\"},"
             " {\"source\": \"other\", \"city\": \"%s\", \"broker\": \"mqtt://a\","
             " \"client_id\": \"b\", \"subscribe\": [\"%s\"], \"format\": \"senml\"}]}",
             n[3], n[0], n[4], n[5], n[6], n[0], n[6]);
    struct config_file files[6] = {
        {"devices/m.json", model, sizeof model - 1, false},
        {"parameters.json", parameters, sizeof parameters - 1, false}};
    for (int i = 0; i < 4; i++) {
        files[i + 2] = (struct config_file){name[i], text[i], strlen(text[i]), false};
    }
    struct config_files set = {.folder = "/", .files = files, .count = 6};
    struct config_faults faults = {0};
    struct configuration *c = NULL;
    if (config_parse(&set, NULL, &c, &faults) != ERR_OK) {
        c = NULL;
        for (size_t i = 0; getenv("ACL_FUZZ_SAY") != NULL && i < faults.count; i++) {
            char said[640];
            puts(diag_format(&faults.faults[i].diag, said, sizeof said));
        }
    }
    config_faults_fini(&faults);
    return c;
}

static inline bool acl_fuzz_begins(const char *line, const char *start)
{
    return strncmp(line, start, strlen(start)) == 0;
}

/* What the source itself subscribes to, alone in a line. */
static inline bool acl_fuzz_is_filter(const struct source *s, const char *line)
{
    for (size_t k = 0; k < s->subscribe_count; k++) {
        size_t length = strlen(s->subscribe[k]);
        size_t wanted = strcspn(line, "\n");
        if (length >= wanted &&
            memcmp(s->subscribe[k] + length - wanted, line, wanted) == 0) {
            return true;
        }
    }
    return false;
}

/* One line below the user's. */
static inline bool acl_fuzz_is_right(const struct acl_user *u, const char *line,
                                     const char *text)
{
    char own[600];
    const struct city *city = u->device != NULL ? u->device->city : NULL;
    if (u->device != NULL) {
        bool sends = acl_fuzz_begins(line, "topic write ");
        snprintf(own, sizeof own, "topic %s kogge/v1/%s/%s/", sends ? "write" : "read",
                 city->city, u->device->device);
        size_t length = strlen(own);
        const char *end = sends ? "up\n status\n" : "receipt\n config\n";
        char leaf[32];
        snprintf(leaf, sizeof leaf, "%.*s\n", (int)strcspn(line + length, "\n"),
                 line + length);
        return acl_fuzz_begins(line, own) && strstr(end, leaf) != NULL &&
               strpbrk(u->device->device, "+#/\n ") == NULL &&
               strpbrk(city->city, "+#/\n .") == NULL;
    }
    if (u->source != NULL) {
        snprintf(own, sizeof own, "topic write kogge/v1/%s/+/", u->source->city);
        return acl_fuzz_begins(line, own) ||
               (acl_fuzz_begins(line, "topic read ") &&
                (acl_fuzz_is_filter(u->source, line + 11) ||
                 (snprintf(own, sizeof own, "topic read kogge/v1/%s/+/status\n",
                           u->source->city) > 0 &&
                  acl_fuzz_begins(line, own))));
    }
    if (u->feeds != NULL) {
        bool wide = line[12] == '+' || line[12] == '#';
        return acl_fuzz_begins(line, "topic deny kogge/#\n") ||
               (acl_fuzz_begins(line, "topic write ") &&
                acl_fuzz_is_filter(u->feeds, line + 12) &&
                !acl_fuzz_begins(line + 12, "kogge/") &&
                (!wide || strstr(text, "topic deny kogge/#\n") != NULL));
    }
    return acl_fuzz_begins(line, "topic read kogge/v1/+/+/+/observation\n");
}

/* One user, by the name he has, and then only what is his. */
static inline void acl_fuzz_judge(const struct configuration *c, const struct acl_user *u,
                                  const char *text)
{
    char first[ACL_NAME + 16];
    (void)c;
    snprintf(first, sizeof first, "\nuser %s\n", u->name);
    bool right = acl_fuzz_begins(text, first) && strpbrk(u->name, "\r\n #+/:") == NULL;
    for (const char *line = text + strlen(first); right && *line != '\0';
         line += strcspn(line, "\n") + 1) {
        right = line[strcspn(line, "\n")] == '\n' &&
                strcspn(line, "\r") >= strcspn(line, "\n") &&
                acl_fuzz_is_right(u, line, text);
    }
    if (!right) {
        fputs(text, stderr);
        abort();
    }
}

#endif
