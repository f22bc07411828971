/* SPDX-License-Identifier: EUPL-1.2 */
#include "ingest/source_copy.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Copies text and clears *whole if there is no memory. */
static const char *copy(const char *text, bool *whole)
{
    char *made = text == NULL ? NULL : strdup(text);
    *whole = *whole && (made != NULL || text == NULL);
    return made;
}

static void drop(const char *text)
{
    free((void *)(uintptr_t)text);
}

struct source *source_copy_new(const struct source *s)
{
    bool whole = true;
    struct source *c = calloc(1, sizeof *c);
    const char **filters = calloc(s->subscribe_count + 1, sizeof *filters);
    if (c == NULL || filters == NULL) {
        free(c);
        free(filters);
        return NULL;
    }
    c->source = copy(s->source, &whole);
    c->broker = copy(s->broker, &whole);
    c->client_id = copy(s->client_id, &whole);
    c->user = copy(s->user, &whole);
    c->password_file = copy(s->password_file, &whole);
    c->ca_file = copy(s->ca_file, &whole);
    c->certificate_file = copy(s->certificate_file, &whole);
    c->key_file = copy(s->key_file, &whole);
    c->mqtt_version = s->mqtt_version;
    c->keep_alive_s = s->keep_alive_s;
    c->max_messages_per_s = s->max_messages_per_s;
    c->max_bytes_per_s = s->max_bytes_per_s;
    for (size_t i = 0; i < s->subscribe_count; i++) {
        filters[i] = copy(s->subscribe[i], &whole);
    }
    c->subscribe = filters;
    c->subscribe_count = s->subscribe_count;
    if (!whole) {
        source_copy_free(c);
        return NULL;
    }
    return c;
}

void source_copy_free(struct source *s)
{
    if (s == NULL) {
        return;
    }
    drop(s->source);
    drop(s->broker);
    drop(s->client_id);
    drop(s->user);
    drop(s->password_file);
    drop(s->ca_file);
    drop(s->certificate_file);
    drop(s->key_file);
    for (size_t i = 0; i < s->subscribe_count; i++) {
        drop(s->subscribe[i]);
    }
    free((void *)(uintptr_t)s->subscribe);
    free(s);
}

bool source_copy_same(const struct source *a, const struct source *b)
{
    bool same = text_equal(a->source, b->source) && text_equal(a->broker, b->broker) &&
                text_equal(a->client_id, b->client_id) && text_equal(a->user, b->user) &&
                text_equal(a->password_file, b->password_file) &&
                text_equal(a->ca_file, b->ca_file) &&
                text_equal(a->certificate_file, b->certificate_file) &&
                text_equal(a->key_file, b->key_file) &&
                a->mqtt_version == b->mqtt_version &&
                a->keep_alive_s == b->keep_alive_s &&
                a->max_messages_per_s == b->max_messages_per_s &&
                a->max_bytes_per_s == b->max_bytes_per_s &&
                a->subscribe_count == b->subscribe_count;
    for (size_t i = 0; same && i < a->subscribe_count; i++) {
        same = text_equal(a->subscribe[i], b->subscribe[i]);
    }
    return same;
}

bool source_copy_subscribes(const struct source *s, const char *filter)
{
    for (size_t i = 0; i < s->subscribe_count; i++) {
        if (strcmp(s->subscribe[i], filter) == 0) {
            return true;
        }
    }
    return false;
}
