/* SPDX-License-Identifier: EUPL-1.2 */
#include "ingest/address.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Skips prefix; NULL if text does not begin with it. */
static const char *after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* A port, to the end of the text; 0 if it is none. */
static uint16_t parse_port(const char *text)
{
    uint32_t port = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] < '0' || text[i] > '9' || i > 4) {
            return 0;
        }
        port = port * 10 + (uint32_t)(text[i] - '0');
    }
    return port > UINT16_MAX ? 0 : (uint16_t)port;
}

/* Splits "host", "host:port" or "[host]:port". NULL host: not such a text. */
static const char *split(const char *text, size_t *length, const char **port)
{
    const char *end = NULL;
    if (text[0] == '[') {
        end = strchr(++text, ']');
        if (end == NULL || (end[1] != ':' && end[1] != '\0')) {
            return NULL;
        }
        *port = end[1] == ':' ? end + 2 : NULL;
    } else {
        end = text + strcspn(text, ":");
        *port = *end == ':' ? end + 1 : NULL;
    }
    *length = (size_t)(end - text);
    return text;
}

static bool is_host(const char *host, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (host[i] <= ' ' || host[i] > '~' || strchr("/@?#[]\"\\", host[i]) != NULL) {
            return false;
        }
    }
    return length > 0 && length < sizeof((struct address *)NULL)->host;
}

enum err address_parse(const char *text, struct address *out, struct diag *d)
{
    struct address a = {.port = 1883};
    const char *rest = after(text, "mqtt://");
    if (rest == NULL) {
        rest = after(text, "mqtts://");
        a.tls = true;
        a.port = 8883;
    }
    if (rest == NULL) {
        diag_set(d, "broker \"%s\" must begin with mqtt:// or mqtts://", text);
        return ERR_SYNTAX;
    }
    size_t length = 0;
    const char *port = NULL;
    const char *host = split(rest, &length, &port);
    if (host == NULL || !is_host(host, length)) {
        diag_set(d, "broker \"%s\" needs a host: mqtt://host:port", text);
        return ERR_SYNTAX;
    }
    if (port != NULL && (a.port = parse_port(port)) == 0) {
        diag_set(d, "port of broker \"%s\" must be a number from 1 to 65535", text);
        return ERR_SYNTAX;
    }
    memcpy(a.host, host, length);
    a.host[length] = '\0';
    *out = a;
    return ERR_OK;
}

const char *address_format(const struct address *a, char to[ADDRESS_TEXT])
{
    bool number6 = strchr(a->host, ':') != NULL;
    snprintf(to, ADDRESS_TEXT, "%s%s%s:%u", number6 ? "[" : "", a->host,
             number6 ? "]" : "", (unsigned)a->port);
    return to;
}
