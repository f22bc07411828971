/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef MODEL_SOURCE_H
#define MODEL_SOURCE_H

/* Where messages come from. Strings and arrays live as long as the configuration. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A broker connection with its topics, format and city. */
struct source {
    const char *source; /* name */
    const char *city;   /* NULL: any city; device ids are then unique over all */
    const char *broker; /* "mqtt://host:port" or "mqtts://host:port"; NULL: none, it takes
                           files only, and neither client_id nor subscribe are there */
    const char *client_id;
    const char *user;          /* NULL: none */
    const char *password_file; /* absolute; NULL: none */
    const char *ca_file;       /* absolute; NULL: the system's */
    const char *certificate_file, *key_file;
    const char *const *subscribe;
    size_t subscribe_count;
    const char *format; /* name of a decoder, or "auto" */
    const char *topic;  /* pattern, "pegel/{device}/{field}"; NULL: none */
    const char *device; /* JSON Pointer to the device id; NULL: none */
    int64_t max_messages_per_s, max_bytes_per_s; /* read no faster; 0: no ceiling */
    int max_readings; /* a message with more is rejected; 0: the program's own limit */
    int mqtt_version; /* 5 or 3 (3.1.1) */
    int keep_alive_s; /* a silent connection is probed after this; at least 1 */
    bool take_retained;
};

#endif
