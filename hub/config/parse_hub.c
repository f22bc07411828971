/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/parse.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* With the port written out, so that equal brokers are equal texts. */
static const char *read_broker(struct parse *p, const json_t *o)
{
    const char *text = peek_text(o, "broker");
    const char *host = text != NULL ? strstr(text, "://") : NULL;
    if (host == NULL) {
        return keep_text(p, text);
    }
    const char *bracket = strchr(host + 3, ']');
    if (strchr(bracket != NULL ? bracket : host + 3, ':') != NULL) {
        return keep_text(p, text);
    }
    const char *port = strncmp(text, "mqtts:", 6) == 0 ? "8883" : "1883";
    const char *kept = arena_format(p->memory, "%s:%s", text, port);
    p->no_memory = p->no_memory || kept == NULL;
    return kept != NULL ? kept : "";
}

static void check_source_city(struct parse *p, const char *name)
{
    const struct configuration *c = p->c;
    if (name == NULL || configuration_city(c, name) != NULL ||
        find_file(p, "cities/%s.json", name) != NULL) {
        return;
    }
    char text[SHOWN_SIZE], near[SHOWN_SIZE + 24];
    const char *const *names = names_of(p, c->cities, c->city_count, sizeof *c->cities);
    fault(p, "city", "there is no city %s (cities/<city>.json)%s", shown_text(name, text),
          near_name(name, names, c->city_count, near));
}

/* What belongs to a broker comes with it, and not without. */
static void check_broker(struct parse *p, const json_t *o)
{
    static const char *const needed[] = {"client_id", "subscribe", "format"};
    static const char *const others[] = {"user", "password_file", "ca_file", "key_file",
                                         "certificate_file"};
    bool broker = json_object_get(o, "broker") != NULL;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        bool given = json_object_get(o, needed[i]) != NULL;
        if (broker && !given) {
            fault(p, NULL, "\"%s\" is missing; a source with a broker needs it",
                  needed[i]);
        } else if (!broker && given && strcmp(needed[i], "format") != 0) {
            fault(p, needed[i], "is of use only with \"broker\", which is missing");
        }
    }
    for (size_t i = 0; !broker && i < sizeof others / sizeof *others; i++) {
        if (json_object_get(o, others[i]) != NULL) {
            fault(p, others[i], "is of use only with \"broker\", which is missing");
        }
    }
}

static void check_source(struct parse *p, const struct source *s)
{
    char text[SHOWN_SIZE];
    check_source_city(p, s->city);
    if (s->topic != NULL && p->names->topic_is_sound != NULL &&
        !p->names->topic_is_sound(s->topic)) {
        fault(
            p, "topic",
            "%s is no sound pattern: {device} and {field} at most once, no empty level, "
            "no other braces",
            shown_text(s->topic, text));
    }
    if ((s->certificate_file == NULL) != (s->key_file == NULL)) {
        fault(p, s->key_file == NULL ? "certificate_file" : "key_file",
              "\"certificate_file\" and \"key_file\" come together or not at all");
    }
    if (s->broker == NULL) {
        return;
    }
    bool tls = strncmp(s->broker, "mqtts:", 6) == 0;
    if (!tls && (s->ca_file != NULL || s->certificate_file != NULL)) {
        fault(p, "broker", "certificates are of use only with mqtts://, not with %s",
              shown_text(s->broker, text));
    }
}

static void parse_source(struct parse *p, const json_t *o, struct source *s)
{
    *s = (struct source){
        .source = read_text(p, o, "source"),
        .city = read_text(p, o, "city"),
        .broker = read_broker(p, o),
        .client_id = read_text(p, o, "client_id"),
        .user = read_text(p, o, "user"),
        .password_file = keep_path(p, peek_text(o, "password_file")),
        .ca_file = keep_path(p, peek_text(o, "ca_file")),
        .certificate_file = keep_path(p, peek_text(o, "certificate_file")),
        .key_file = keep_path(p, peek_text(o, "key_file")),
        .format = read_text(p, o, "format"),
        .topic = read_text(p, o, "topic"),
        .device = read_text(p, o, "device"),
        .take_retained = read_boolean(o, "take_retained"),
    };
    int64_t version = (int64_t)standard_number("source", "mqtt_version");
    s->format = s->format != NULL ? s->format : "auto";
    s->mqtt_version = (int)read_whole(o, "mqtt_version", version);
    int64_t keep_alive_s = (int64_t)standard_number("source", "keep_alive_s");
    s->keep_alive_s = (int)read_whole(o, "keep_alive_s", keep_alive_s);
    s->max_messages_per_s = read_whole(o, "max_messages_per_s", 0);
    s->max_bytes_per_s = read_whole(o, "max_bytes_per_s", 0);
    s->max_readings = (int)read_whole(o, "max_readings", 0);
    s->subscribe = read_texts(p, o, "subscribe", &s->subscribe_count);
    check_broker(p, o);
    check_source(p, s);
}

/* Names once, client ids once a broker: brokers drop the older of two equal clients. */
static void check_twins(struct parse *p, const struct source *rows, size_t count)
{
    const struct source *s = &rows[count];
    char text[SHOWN_SIZE];
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].source, s->source) == 0) {
            fault(p, "source", "%s stands here a second time",
                  shown_text(s->source, text));
        }
        if (s->client_id != NULL && text_equal(rows[i].client_id, s->client_id) &&
            text_equal(rows[i].broker, s->broker)) {
            fault(p, "client_id", "%s is the client id of %s at this broker already",
                  shown_text(s->client_id, text), rows[i].source);
        }
    }
}

static void parse_sources(struct parse *p, const json_t *root)
{
    enum { MOST_SOURCES = 1000 }; /* more are a fault of shape */
    const json_t *list = read_list(root, "sources");
    size_t room = json_array_size(list), count = 0;
    room = room < MOST_SOURCES ? room : MOST_SOURCES;
    struct source *rows = take(p, room, sizeof *rows);
    size_t mark = place_enter(p, "sources");
    for (size_t i = 0; rows != NULL && i < room; i++) {
        const json_t *item = json_array_get(list, i);
        size_t inner = place_enter_item(p, i);
        if (peek_text(item, "source") != NULL) {
            parse_source(p, item, &rows[count]);
            check_twins(p, rows, count);
            count++;
        }
        place_leave(p, inner);
    }
    place_leave(p, mark);
    p->c->sources = rows;
    p->c->source_count = count;
}

/* --- portals --- */

static void parse_licences(struct parse *p, json_t *map, struct target *t)
{
    size_t known;
    const char *const *names = base_type_names(base_type_find("licence"), &known);
    struct licence_name *rows = take(p, json_object_size(map), sizeof *rows);
    const char *key;
    json_t *item;
    json_object_foreach(map, key, item)
    {
        bool ours = false;
        for (size_t i = 0; i < known; i++) {
            ours = ours || strcmp(names[i], key) == 0;
        }
        if (!ours) {
            char text[SHOWN_SIZE], near[SHOWN_SIZE + 24];
            fault(p, key, "%s is no licence name of ours%s", shown_text(key, text),
                  near_name(key, names, known, near));
        }
        if (rows != NULL && json_is_string(item)) {
            rows[t->licence_count++] =
                (struct licence_name){.ours = keep_text(p, key),
                                      .theirs = keep_text(p, json_string_value(item))};
        }
    }
    t->licences = rows;
}

static void parse_profile(struct parse *p, const json_t *o, struct target *t)
{
    const json_t *profile = read_object(o, "profile");
    const char *csv = read_text(p, json_object_get(profile, "format"), "csv");
    t->format_csv = csv != NULL ? csv : standard_text("portal_format", "csv");
    t->max_file_mb =
        read_number(profile, "max_file_mb", standard_number("profile", "max_file_mb"));
    size_t mark = place_enter(p, "profile");
    size_t inner = place_enter(p, "licences");
    parse_licences(p, read_object(profile, "licences"), t);
    place_leave(p, inner);
    place_leave(p, mark);
}

static void parse_target(struct parse *p, const json_t *o, struct target *t)
{
    const json_t *organisation = json_object_get(o, "organisation");
    *t = (struct target){
        .target = read_text(p, o, "target"),
        .kind = read_text(p, o, "kind"),
        .url = read_text(p, o, "url"),
        .token_file = keep_path(p, peek_text(o, "token_file")),
        .organisation = read_text(p, organisation, "id"),
        .organisation_title = read_text(p, organisation, "title"),
        .demonstration = read_boolean(o, "demonstration"),
    };
    parse_profile(p, o, t);
}

static void parse_targets(struct parse *p, const json_t *root)
{
    enum { MOST_TARGETS = 1000 };
    const json_t *list = read_list(root, "targets");
    size_t room = json_array_size(list), count = 0;
    room = room < MOST_TARGETS ? room : MOST_TARGETS;
    struct target *rows = take(p, room, sizeof *rows);
    size_t mark = place_enter(p, "targets");
    for (size_t i = 0; rows != NULL && i < room; i++) {
        const json_t *item = json_array_get(list, i);
        size_t inner = place_enter_item(p, i);
        if (peek_text(item, "target") != NULL) {
            parse_target(p, item, &rows[count]);
            for (size_t j = 0; j < count; j++) {
                if (strcmp(rows[j].target, rows[count].target) == 0) {
                    char text[SHOWN_SIZE];
                    fault(p, "target", "%s stands here a second time",
                          shown_text(rows[count].target, text));
                }
            }
            count++;
        }
        place_leave(p, inner);
    }
    place_leave(p, mark);
    p->c->targets = rows;
    p->c->target_count = count;
}

void parse_hub(struct parse *p, json_t *root)
{
    struct configuration *c = p->c;
    const char *data = peek_text(root, "data");
    c->data = keep_path(p, data != NULL ? data : standard_text("hub", "data"));
    c->payload_ceiling_bytes =
        1024 * read_whole(root, "payload_ceiling_kib",
                          (int64_t)standard_number("hub", "payload_ceiling_kib"));
    c->keep_days = read_whole(json_object_get(root, "inbox"), "keep_days",
                              (int64_t)standard_number("inbox", "keep_days"));
    c->publish_every_s = read_whole(json_object_get(root, "publish"), "every_s",
                                    (int64_t)standard_number("publish", "every_s"));
    c->publish_base_url =
        keep_text(p, peek_text(json_object_get(root, "publish"), "base_url"));
    parse_sources(p, root);
    parse_targets(p, root);
}
