/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/acl.h"

#include "app/topic_filter.h"
#include "base/text.h"
#include "ingest/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOPIC_SIZE = 320, LISTENERS_MOST = 16 };

/* Nothing that ends a line, a name or a topic level in the broker's files. */
static bool is_plain(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789._@-";
    size_t length = strlen(name);
    return length > 0 && length < ACL_NAME && strspn(name, plain) == length;
}

static bool is_one_line(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7F) {
            return false;
        }
    }
    return text[0] != '\0' && text[0] != ' ' && text[strlen(text) - 1] != ' ';
}

/* A filter for everything says nothing of our nodes. */
static bool is_ours(const char *filter)
{
    return strncmp(filter, "kogge/", 6) == 0;
}

/* --- users --- */

static bool speaks(const struct device *device, const char *format)
{
    const struct sensor_model *m = device->model;
    for (size_t k = 0; k < m->format_count; k++) {
        if (strcmp(m->formats[k], format) == 0) {
            return true;
        }
    }
    return m->format_count == 0 || strcmp(format, "auto") == 0;
}

static bool is_node(const struct configuration *c, const struct device *device)
{
    char topic[TOPIC_SIZE];
    snprintf(topic, sizeof topic, "kogge/v1/%s/%s/up", device->city->city,
             device->device);
    for (size_t k = 0; k < c->source_count; k++) {
        const struct source *s = &c->sources[k];
        bool city = s->city == NULL || strcmp(s->city, device->city->city) == 0;
        for (size_t n = 0; city && speaks(device, s->format) && n < s->subscribe_count;
             n++) {
            const char *filter = topic_filter_of(s->subscribe[n]);
            if (is_ours(filter) && topic_filter_takes(filter, topic)) {
                return true;
            }
        }
    }
    return false;
}

static enum err check_source(const struct source *s, const struct acl_user *u,
                             struct diag *d)
{
    if (!is_plain(u->name)) {
        diag_set(d, "source %s: its user may have letters, digits and . _ @ - only",
                 s->source);
        return ERR_CONFIG;
    }
    for (size_t k = 0; k < s->subscribe_count; k++) {
        if (!is_one_line(topic_filter_of(s->subscribe[k]))) {
            diag_set(d, "source %s: a topic filter has blanks at an end or control bytes",
                     s->source);
            return ERR_CONFIG;
        }
    }
    return ERR_OK;
}

static enum err add_source(const struct source *s, struct acl_user *users, size_t count,
                           struct diag *d)
{
    struct acl_user *u = &users[count];
    u->source = s;
    int length = s->user != NULL ? snprintf(u->name, sizeof u->name, "%s", s->user)
                                 : snprintf(u->name, sizeof u->name, "hub-%s", s->source);
    if (length >= ACL_NAME) {
        u->name[0] = '\0';
    }
    enum err e = check_source(s, u, d);
    for (size_t k = 0; k < count && e == ERR_OK; k++) {
        if (strcmp(users[k].name, u->name) == 0) {
            diag_set(d, "sources %s and %s share the user %s: give each its own",
                     users[k].source->source, s->source, u->name);
            e = ERR_CONFIG;
        }
    }
    return e;
}

/* A source may be named like a node or the public reader: then it is told to change. */
static bool is_taken(const struct acl_user *users, size_t count, const char *name)
{
    for (size_t k = 0; k < count; k++) {
        if (users[k].source != NULL && strcmp(users[k].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static enum err add_other(struct acl_user *users, size_t *count, const char *name,
                          struct diag *d)
{
    if (is_taken(users, *count, name)) {
        diag_set(d, "the user %s of a source is also that of another client", name);
        return ERR_CONFIG;
    }
    text_copy(users[*count].name, ACL_NAME, name);
    ++*count;
    return ERR_OK;
}

static enum err add_feeder(const struct source *s, struct acl_user *users, size_t *count,
                           struct diag *d)
{
    char name[2 * ACL_NAME];
    for (size_t k = 0; k < s->subscribe_count; k++) {
        if (!is_ours(topic_filter_of(s->subscribe[k]))) {
            snprintf(name, sizeof name, "from-%.*s", ACL_NAME, s->source);
            if (!is_plain(name)) {
                diag_set(d, "source %s: its name can't be part of a user's", s->source);
                return ERR_CONFIG;
            }
            users[*count].feeds = s;
            return add_other(users, count, name, d);
        }
    }
    return ERR_OK;
}

enum err acl_list_users(const struct configuration *c, void *arg,
                        void (*skip)(void *arg, const struct device *device),
                        struct acl_user **out, size_t *count, struct diag *d)
{
    size_t n = 0;
    enum err e = ERR_OK;
    struct acl_user *users =
        calloc(2 * c->source_count + c->device_count + 1, sizeof *users);
    if (users == NULL) {
        return ERR_MEMORY;
    }
    for (size_t k = 0; k < c->source_count && e == ERR_OK; k++) {
        if (c->sources[k].broker != NULL) {
            e = add_source(&c->sources[k], users, n++, d);
        }
    }
    for (size_t k = 0; k < c->source_count && e == ERR_OK; k++) {
        e = add_feeder(&c->sources[k], users, &n, d);
    }
    for (size_t k = 0; k < c->device_count && e == ERR_OK; k++) {
        const struct device *device = &c->devices[k];
        char name[2 * ACL_NAME];
        if (!is_node(c, device)) {
            continue;
        }
        /* ids of cities have no point: the two parts stay told apart */
        snprintf(name, sizeof name, "%s.%.*s", device->city->city, ACL_NAME,
                 device->device);
        if (!is_plain(device->device) || !is_plain(name)) {
            skip(arg, device);
            continue;
        }
        users[n].device = device;
        e = add_other(users, &n, name, d);
    }
    e = e != ERR_OK ? e : add_other(users, &n, "public", d);
    if (e != ERR_OK) {
        free(users);
        return e;
    }
    *out = users;
    *count = n;
    return ERR_OK;
}

/* --- rules --- */

static void put_hub_of_city(const char *city, struct buf *to)
{
    buf_put_format(to, "topic read kogge/v1/%s/+/status\n", city);
    buf_put_format(to, "topic write kogge/v1/%s/+/receipt\n", city);
    buf_put_format(to, "topic write kogge/v1/%s/+/config\n", city);
    buf_put_format(to, "topic write kogge/v1/%s/+/+/observation\n", city);
}

static void put_hub(const struct configuration *c, const struct source *s, struct buf *to)
{
    for (size_t k = 0; k < s->subscribe_count; k++) {
        buf_put_format(to, "topic read %s\n", topic_filter_of(s->subscribe[k]));
    }
    if (s->city != NULL) {
        put_hub_of_city(s->city, to);
        return;
    }
    for (size_t k = 0; k < c->city_count; k++) {
        put_hub_of_city(c->cities[k].city, to);
    }
}

/* A wildcard at the front takes the topics of our nodes too, of all cities: they are not
 * the feeder's to write. The broker looks at what is denied first. */
static void put_feeder(const struct source *s, struct buf *to)
{
    bool wide = false;
    for (size_t k = 0; k < s->subscribe_count; k++) {
        const char *filter = topic_filter_of(s->subscribe[k]);
        if (!is_ours(filter)) {
            buf_put_format(to, "topic write %s\n", filter);
        }
        wide = wide || filter[0] == '+' || filter[0] == '#';
    }
    if (wide) {
        buf_put_text(to, "topic deny kogge/#\n");
    }
}

static void put_node(const struct device *device, struct buf *to)
{
    static const char *const rules[][2] = {
        {"write", "up"}, {"write", "status"}, {"read", "receipt"}, {"read", "config"}};
    for (size_t k = 0; k < sizeof rules / sizeof *rules; k++) {
        buf_put_format(to, "topic %s kogge/v1/%s/%s/%s\n", rules[k][0],
                       device->city->city, device->device, rules[k][1]);
    }
}

void acl_put_rules(const struct configuration *c, const struct acl_user *u,
                   struct buf *to)
{
    buf_put_format(to, "\nuser %s\n", u->name);
    if (u->source != NULL) {
        put_hub(c, u->source, to);
    } else if (u->feeds != NULL) {
        put_feeder(u->feeds, to);
    } else if (u->device != NULL) {
        put_node(u->device, to);
    } else {
        buf_put_text(to, "topic read kogge/v1/+/+/+/observation\n");
    }
}

/* --- settings --- */

static const char settings_head[] =
    "# Settings of mosquitto for Kogge, written by kogge acl from its configuration.\n"
    "# Put them behind \"include_dir\" or name this file by \"mosquitto -c\".\n"
    "allow_anonymous false\n"
    "\n"
    "# What waits for the hub outlives a restart, and a crash but for 10 seconds\n"
    "# (stock: 30 minutes). Where it is kept is said by persistence_location.\n"
    "persistence true\n"
    "autosave_interval 10\n"
    "# Sessions of clients that never come back end after 2 months (2m); the hub's must\n"
    "# outlive its longest pause.\n"
    "persistent_client_expiration 2m\n"
    "# While the hub is away so many messages wait for each source (stock: 1000).\n"
    "max_queued_messages 1000000\n"
    "max_inflight_messages 1000\n"
    "set_tcp_nodelay true\n"
    "# Larger messages are refused at the door; without it the hub keeps the first KiB "
    "of\n"
    "# each message above its payload_ceiling_kib as rejected, so that it is seen.\n"
    "# message_size_limit 1048576\n";

struct listener {
    struct address address;
    bool local;
};

static enum err add_listener(const struct source *s, struct listener *listeners,
                             size_t *count, struct diag *d)
{
    struct listener l = {.local = false};
    if (s->broker == NULL) {
        return ERR_OK;
    }
    if (address_parse(s->broker, &l.address, d) != ERR_OK) {
        return ERR_CONFIG;
    }
    const char *host = l.address.host;
    l.local =
        !l.address.tls && (strcmp(host, "localhost") == 0 ||
                           strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0);
    for (size_t k = 0; k < *count; k++) {
        if (listeners[k].address.port == l.address.port) {
            if (listeners[k].address.tls == l.address.tls) {
                listeners[k].local = listeners[k].local && l.local;
                return ERR_OK;
            }
            diag_set(d, "source %s: port %d is with and without TLS", s->source,
                     (int)l.address.port);
            return ERR_CONFIG;
        }
    }
    if (*count == LISTENERS_MOST) {
        diag_set(d, "sources name more than %d ports of brokers", LISTENERS_MOST);
        return ERR_CONFIG;
    }
    listeners[(*count)++] = l;
    return ERR_OK;
}

static void put_listener(const struct listener *l, const char *folder, bool certificates,
                         struct buf *to)
{
    buf_put_format(to, "\nlistener %d%s\n", (int)l->address.port,
                   l->local ? " 127.0.0.1" : "");
    buf_put_text(to, "# A client id is the user's name: nobody can take over the session "
                     "of another.\n"
                     "use_username_as_clientid true\n");
    if (l->address.tls) {
        buf_put_format(to,
                       "cafile %s/tls/ca.pem\ncertfile %s/tls/server.pem\n"
                       "keyfile %s/tls/server.key\ntls_version tlsv1.2\n",
                       folder, folder, folder);
    }
    if (certificates) {
        buf_put_format(to,
                       "require_certificate true\nuse_identity_as_username true\n"
                       "# Who is on this list is out; read anew at a start.\n"
                       "crlfile %s/tls/crl.pem\n",
                       folder);
    }
}

enum err acl_put_settings(const struct configuration *c, const char *folder,
                          bool certificates, struct buf *to, struct diag *d)
{
    struct listener listeners[LISTENERS_MOST];
    size_t count = 0;
    enum err e = ERR_OK;
    for (size_t k = 0; k < c->source_count && e == ERR_OK; k++) {
        e = add_listener(&c->sources[k], listeners, &count, d);
    }
    buf_put_text(to, settings_head);
    buf_put_format(to, "acl_file %s/acl\n", folder);
    if (!certificates) {
        buf_put_format(to, "password_file %s/passwords\n", folder);
    }
    for (size_t k = 0; k < count && e == ERR_OK; k++) {
        if (certificates && !listeners[k].address.tls) {
            diag_set(d, "a source reaches port %d by mqtt://: certificates need mqtts://",
                     (int)listeners[k].address.port);
            e = ERR_CONFIG;
        } else {
            put_listener(&listeners[k], folder, certificates, to);
        }
    }
    return e != ERR_OK ? e : to->err;
}
