/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef INGEST_ADDRESS_H
#define INGEST_ADDRESS_H

/* Where a broker is: "mqtt://host:port", "mqtts://[::1]:8883". Threads: any. */

#include "base/diag.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct address {
    char host[254]; /* name or number, without brackets */
    uint16_t port;  /* 1883, or 8883 with TLS, if the text has none */
    bool tls;
};

/* ERR_SYNTAX: not such a text; d says what is wrong. */
MUST_USE enum err address_parse(const char *text, struct address *out, struct diag *d);

enum { ADDRESS_TEXT = 264 };

/* "host:port", "[::1]:port". Returns to. */
const char *address_format(const struct address *a, char to[ADDRESS_TEXT]);

#endif
