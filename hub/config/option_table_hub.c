/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/option_table.h"

/* Kinds of hub.json. */
const struct option option_table_hub[] = {
    /* kind, name, type, required, standard, least, most, unit, help */
    {"hub", "data", "text", false, "data", NO_LIMITS, NULL,
     "Folder of the databases and published files; a relative name starts at the folder "
     "of hub.json."},
    {"hub", "payload_ceiling_kib", "integer", false, "256", 1, 262144, "KiB",
     "A larger message is kept as rejected, with its size and its first KiB."},
    {"hub", "inbox", "inbox", false, NULL, NO_LIMITS, NULL,
     "The store of messages as they came."},
    {"hub", "publish", "publish", false, NULL, NO_LIMITS, NULL,
     "When datasets are written and sent."},
    {"hub", "sources", "list of source", false, NULL, 0, 1000, NULL,
     "Brokers that messages are taken from."},
    {"hub", "targets", "list of target", false, NULL, 0, 1000, NULL,
     "Portals that datasets go to."},
    NOTE(hub),

    {"inbox", "keep_days", "integer", false, "400", 1, 36500, "d",
     "Messages older than this may be deleted once they are worked off."},

    {"publish", "every_s", "integer", false, "300", 1, 86400, "s",
     "Time between two rounds of writing and sending."},
    {"publish", "base_url", "web address", false, NULL, NO_LIMITS, NULL,
     "Where the export folder is served to the public: a file too large for a portal is "
     "a "
     "link there."},

    {"source", "source", "id", true, NULL, NO_LIMITS, NULL, "Name of the source."},
    {"source", "city", "id", false, NULL, NO_LIMITS, NULL,
     "City whose devices may speak here; without it any, and device ids must be unique "
     "over all cities."},
    {"source", "broker", "broker address", false, NULL, NO_LIMITS, NULL,
     "mqtt://host:port or, with TLS, mqtts://host:port; the port is 1883 or 8883 if left "
     "out. It needs client_id, subscribe and format. A source without a broker takes "
     "files: kogge import."},
    {"source", "client_id", "name", false, NULL, NO_LIMITS, NULL,
     "MQTT client id; the broker keeps the session under it, so it is unique and stays."},
    {"source", "user", "text", false, NULL, NO_LIMITS, NULL, "User name at the broker."},
    {"source", "password_file", "file", false, NULL, NO_LIMITS, NULL,
     "File whose first line is the password; a relative name starts at the folder of "
     "hub.json."},
    {"source", "ca_file", "file", false, NULL, NO_LIMITS, NULL,
     "PEM file of the authorities that are trusted; without it the system's."},
    {"source", "certificate_file", "file", false, NULL, NO_LIMITS, NULL,
     "PEM file of the client certificate; needs key_file."},
    {"source", "key_file", "file", false, NULL, NO_LIMITS, NULL,
     "PEM file of the key of certificate_file."},
    {"source", "subscribe", "list of topic filter", false, NULL, ANY_FROM_1, NULL,
     "MQTT topic filters; $share/group/filter for a shared subscription."},
    {"source", "format", "format", false, NULL, NO_LIMITS, NULL,
     "How payloads are read: the name of a format, or auto."},
    {"source", "topic", "topic pattern", false, NULL, NO_LIMITS, NULL,
     "Where device and field stand in the topic: pegel/{device}/{field}."},
    {"source", "device", "pointer", false, NULL, NO_LIMITS, NULL,
     "Where the device id stands in a JSON document."},
    {"source", "mqtt_version", "one number of 3|5", false, "5", NO_LIMITS, NULL,
     "MQTT 5, or 3 for 3.1.1."},
    {"source", "keep_alive_s", "integer", false, "30", 1, 3600, "s",
     "MQTT keep alive: how long a connection may be silent before it is probed; one that "
     "is dead is noticed within twice that."},
    {"source", "take_retained", "boolean", false, "false", NO_LIMITS, NULL,
     "Take retained messages that have no time of their own."},
    {"source", "max_messages_per_s", "integer", false, NULL, 1, 1000000, "1/s",
     "Ceiling: if more messages come, they are read more slowly; the rest waits at the "
     "broker."},
    {"source", "max_bytes_per_s", "integer", false, NULL, 16384, 1000000000, "bytes/s",
     "Ceiling for what the broker sends, in the same way."},
    {"source", "max_readings", "integer", false, NULL, 1, 20000, NULL,
     "A message with more readings is rejected; without it the limit is 20000."},
    NOTE(source),

    {"target", "target", "id", true, NULL, NO_LIMITS, NULL,
     "Name of the portal, as datasets call it."},
    {"target", "kind", "target kind", true, NULL, NO_LIMITS, NULL,
     "Software of the portal."},
    {"target", "url", "web address", true, NULL, NO_LIMITS, NULL,
     "Root address of the portal."},
    {"target", "token_file", "file", false, NULL, NO_LIMITS, NULL,
     "File whose first line is the access token; a relative name starts at the folder of "
     "hub.json."},
    {"target", "organisation", "organisation", false, NULL, NO_LIMITS, NULL,
     "Under which organisation the datasets stand there."},
    {"target", "profile", "profile", false, NULL, NO_LIMITS, NULL,
     "What this portal wants otherwise than others."},
    {"target", "demonstration", "boolean", false, "false", NO_LIMITS, NULL,
     "Demonstration stations may go there."},
    NOTE(target),

    {"organisation", "id", "name", true, NULL, NO_LIMITS, NULL, "Its id at the portal."},
    {"organisation", "title", "text", false, NULL, NO_LIMITS, NULL,
     "Its title, if it must be made."},

    {"profile", "format", "portal_format", false, NULL, NO_LIMITS, NULL,
     "What the portal wants to see as format."},
    {"profile", "licences", "map of text", false, NULL, NO_LIMITS, NULL,
     "The portal's licence id for each licence name of ours."},
    {"profile", "max_file_mb", "number", false, "10", 0.001, 1000000, "MB",
     "Largest file that the portal takes; larger ones go up in pieces."},

    {"portal_format", "csv", "text", false, "CSV", NO_LIMITS, NULL,
     "Format of a CSV file."},
};

const size_t option_table_hub_count =
    sizeof option_table_hub / sizeof option_table_hub[0];
