/* SPDX-License-Identifier: EUPL-1.2 */
#include "ingest/reason.h"

#include "base/text.h"

#include <string.h>

struct row {
    int code;
    const char *text;
};

static const struct row rows[] = {
    {1, "the broker does not speak this version of MQTT"},
    {2, "the broker refuses this client id"},
    {3, "the broker is not available"},
    {4, "wrong user name or password"},
    {5, "not authorised: user name, password or client id"},
    {0x80, "refused without a reason"},
    {0x81, "malformed packet"},
    {0x82, "protocol error"},
    {0x84, "the broker does not speak this version of MQTT"},
    {0x85, "the broker refuses this client id"},
    {0x86, "wrong user name or password"},
    {0x87, "not authorised"},
    {0x88, "the broker is not available"},
    {0x89, "the broker is busy"},
    {0x8A, "banned by the broker"},
    {0x8B, "the broker shuts down"},
    {0x8C, "wrong method of authentication"},
    {0x8D, "the broker heard nothing for too long"},
    {0x8E, "another client with the same client id took the session over"},
    {0x8F, "the broker does not take this topic filter"},
    {0x93, "too many messages at once for the broker"},
    {0x95, "packet too large for the broker"},
    {0x97, "over a quota of the broker"},
    {0x98, "ended by the broker's administrator"},
    {0x9E, "the broker has no shared subscriptions"},
    {0x9F, "too many connections in too short a time"},
    {0xA2, "the broker takes no wildcards"},
};

const char *reason_text(int code)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].code == code) {
            return rows[i].text;
        }
    }
    return "refused";
}

char *reason_of_openssl(char *to, size_t size, const char *line, size_t length)
{
    const char *end = line + length;
    for (int field = 0; field < 5; field++) {
        const char *colon = memchr(line, ':', (size_t)(end - line));
        if (colon == NULL) {
            break;
        }
        line = colon + 1;
    }
    const char *stop = memchr(line, ':', (size_t)(end - line));
    return text_escape(to, size, line, (size_t)((stop != NULL ? stop : end) - line));
}
