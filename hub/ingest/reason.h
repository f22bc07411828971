/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef INGEST_REASON_H
#define INGEST_REASON_H

/* Sentences for what brokers and OpenSSL say. Threads: any. */

#include <stddef.h>

/* A reason code of MQTT 5 (0x80 and above), or a return code of a 3.1.1 CONNACK (1 to 5).
 * Borrowed for ever. */
const char *reason_text(int code);

/* The reason in a line of ERR_print_errors_cb, "pid:error:code:library:function:reason:
 * file:line": copied to to, of size bytes. Returns to. */
char *reason_of_openssl(char *to, size_t size, const char *line, size_t length);

#endif
