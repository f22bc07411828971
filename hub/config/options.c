/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/options.h"

#include "base/text.h"

#include <string.h>

#define NO_LIMITS 1, 0
#define ANY_FROM_1 1, 1000
#define HEIGHT_M -100, 4000

static const struct option table[] = {
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
    {"hub", "note", "text", false, NULL, NO_LIMITS, NULL, "For readers of the file."},

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
    {"source", "note", "text", false, NULL, NO_LIMITS, NULL, "For readers of the file."},

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
    {"target", "note", "text", false, NULL, NO_LIMITS, NULL, "For readers of the file."},

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

    {"city", "city", "id", true, NULL, NO_LIMITS, NULL,
     "Id of the city; the file is cities/<id>.json."},
    {"city", "title", "bilingual", true, NULL, NO_LIMITS, NULL, "Name of the city."},
    {"city", "key", "regional key", false, NULL, NO_LIMITS, NULL,
     "Official regional key (ARS), 12 digits."},
    {"city", "state", "one of BB|BE|BW|BY|HB|HE|HH|MV|NI|NW|RP|SH|SL|SN|ST|TH", false,
     NULL, NO_LIMITS, NULL, "Federal state."},
    {"city", "publisher", "publisher", true, NULL, NO_LIMITS, NULL,
     "Who publishes the city's data."},
    {"city", "contact", "contact", false, NULL, NO_LIMITS, NULL,
     "Who answers questions about the data."},
    {"city", "licence", "licence", true, NULL, NO_LIMITS, NULL,
     "Licence of the city's data."},
    {"city", "stations", "list of station", false, NULL, 0, 10000, NULL,
     "Places where water is measured."},
    {"city", "note", "text", false, NULL, NO_LIMITS, NULL, "For readers of the file."},

    {"bilingual", "de", "text", true, NULL, NO_LIMITS, NULL, "In German."},
    {"bilingual", "en", "text", true, NULL, NO_LIMITS, NULL, "In English."},

    {"publisher", "name", "text", true, NULL, NO_LIMITS, NULL, "Name of the office."},
    {"publisher", "url", "web address", false, NULL, NO_LIMITS, NULL, "Its web page."},

    {"contact", "name", "text", true, NULL, NO_LIMITS, NULL, "Name of the office."},
    {"contact", "email", "e-mail", false, NULL, NO_LIMITS, NULL, "Its e-mail address."},

    {"station", "station", "id", true, NULL, NO_LIMITS, NULL,
     "Id of the station, unique over all cities; begins with demo- if and only if "
     "demonstration is true."},
    {"station", "title", "bilingual", true, NULL, NO_LIMITS, NULL,
     "Name of the station."},
    {"station", "lat", "number", false, NULL, -90, 90, "degrees", "Latitude, WGS 84."},
    {"station", "lon", "number", false, NULL, -180, 180, "degrees", "Longitude, WGS 84."},
    {"station", "water", "text", false, NULL, NO_LIMITS, NULL, "The water it stands in."},
    {"station", "water_type", "one of brackish|lake|river", false, NULL, NO_LIMITS, NULL,
     "What kind of water that is."},
    {"station", "demonstration", "boolean", false, "false", NO_LIMITS, NULL,
     "Its data are not real and go only to targets marked so."},
    {"station", "gauge_zero", "list of gauge_zero", false, NULL, 0, 1000, NULL,
     "Height of the gauge's zero, and when it held."},
    {"station", "reference_level", "list of reference_level", false, NULL, 0, 1000, NULL,
     "Mean water, which ranges of levels are relative to, and when it held."},
    {"station", "density_kg_m3", "number", false, NULL, 900, 1300, "kg/m3",
     "Density of the water, for depth from pressure."},
    {"station", "gauge", "gauge", false, NULL, NO_LIMITS, NULL,
     "The official gauge at this place."},
    {"station", "position_source", "text", false, NULL, NO_LIMITS, NULL,
     "Where lat and lon come from."},
    {"station", "position_verified", "boolean", false, NULL, NO_LIMITS, NULL,
     "lat and lon were checked against their source."},
    {"station", "tests", "map of tests", false, NULL, NO_LIMITS, NULL,
     "Quality tests of parameters at this station; each goes before the parameter's "
     "own."},
    {"station", "note", "text", false, NULL, NO_LIMITS, NULL, "For readers of the file."},

    {"gauge_zero", "m_nhn", "number", true, NULL, HEIGHT_M, "m",
     "Height of the zero above NHN."},
    {"gauge_zero", "datum", "text", true, NULL, NO_LIMITS, NULL,
     "Height system: DHHN2016."},
    {"gauge_zero", "from", "time", true, NULL, NO_LIMITS, NULL,
     "Held from this time on."},
    {"gauge_zero", "to", "time or null", false, NULL, NO_LIMITS, NULL,
     "Held until just before this time; null or left out: still holds."},
    {"gauge_zero", "source", "text", false, NULL, NO_LIMITS, NULL,
     "Where the figure comes from."},
    {"gauge_zero", "verified", "boolean", false, "false", NO_LIMITS, NULL,
     "The figure was checked against its source."},
    {"gauge_zero", "note", "text", false, NULL, NO_LIMITS, NULL,
     "For readers of the file."},

    {"reference_level", "value_m", "number", true, NULL, HEIGHT_M, "m",
     "Mean water in the datum named."},
    {"reference_level", "datum", "one of NHN|gauge zero", true, NULL, NO_LIMITS, NULL,
     "What value_m is counted from."},
    {"reference_level", "from", "time", true, NULL, NO_LIMITS, NULL,
     "Held from this time on."},
    {"reference_level", "to", "time or null", false, NULL, NO_LIMITS, NULL,
     "Held until just before this time; null or left out: still holds."},
    {"reference_level", "source", "text", false, NULL, NO_LIMITS, NULL,
     "Where the figure comes from."},
    {"reference_level", "verified", "boolean", false, NULL, NO_LIMITS, NULL,
     "The figure was checked against its source."},
    {"reference_level", "note", "text", false, NULL, NO_LIMITS, NULL,
     "For readers of the file."},

    {"gauge", "number", "text", false, NULL, NO_LIMITS, NULL, "Number of the gauge."},
    {"gauge", "uuid", "text", false, NULL, NO_LIMITS, NULL, "Its UUID in PEGELONLINE."},
    {"gauge", "verified", "boolean", false, NULL, NO_LIMITS, NULL,
     "Number and UUID were checked against their source."},
    {"gauge", "source", "text", false, NULL, NO_LIMITS, NULL, "Where they come from."},

    {"range_test", "fail_span", "span or null", false, NULL, NO_LIMITS, NULL,
     "A value outside [low, high] gets flag 4."},
    {"range_test", "suspect_span", "span or null", false, NULL, NO_LIMITS, NULL,
     "A value outside [low, high] gets flag 3; lies within fail_span."},

    {"device", "device", "name", true, NULL, NO_LIMITS, NULL,
     "Id as messages give it: a DevEUI in lower case, a base name, a part of the topic."},
    {"device", "model", "name", true, NULL, NO_LIMITS, NULL,
     "Sensor model: devices/<model>.json."},
    {"device", "serial", "text", false, NULL, NO_LIMITS, NULL, "Serial number."},
    {"device", "at", "list of placement", false, NULL, 0, 10000, NULL,
     "Where the device stood, and when; periods may not overlap."},
    {"device", "note", "text", false, NULL, NO_LIMITS, NULL, "For readers of the file."},

    {"placement", "station", "id", true, NULL, NO_LIMITS, NULL,
     "Station of the same city."},
    {"placement", "from", "time", true, NULL, NO_LIMITS, NULL,
     "Stood there from this time on."},
    {"placement", "to", "time or null", false, NULL, NO_LIMITS, NULL,
     "Stood there until just before this time; null or left out: still does."},
    {"placement", "mounting", "mounting", false, NULL, NO_LIMITS, NULL,
     "Height of the sensor; needed for a level from distance, depth or pressure."},
    {"placement", "positions", "map of position", false, NULL, NO_LIMITS, NULL,
     "For positions of the model: another name, and the depth."},
    {"placement", "interval_s", "number", false, NULL, 0.001, 31622400, "s",
     "Expected time between two readings."},
    {"placement", "pressure", "one of vented|absolute", false, NULL, NO_LIMITS, NULL,
     "What this device's pressure is measured against, instead of the model's "
     "reference."},
    {"placement", "note", "text", false, NULL, NO_LIMITS, NULL,
     "For readers of the file."},

    {"mounting", "height_m_nhn", "number", false, NULL, HEIGHT_M, "m",
     "Height of the sensor above NHN: gives water_level."},
    {"mounting", "height_m_gauge", "number", false, NULL, HEIGHT_M, "m",
     "Height of the sensor above the gauge's zero: gives gauge_level."},
    {"mounting", "source", "text", false, NULL, NO_LIMITS, NULL,
     "Where the height comes from."},

    {"position", "as", "id", false, NULL, NO_LIMITS, NULL,
     "Name under which it is published, instead of the model's."},
    {"position", "depth_m", "number", false, NULL, 0, 11000, "m",
     "Depth below the surface."},

    {"model", "model", "name", true, NULL, NO_LIMITS, NULL,
     "Name of the sensor model; the file is devices/<model>.json."},
    {"model", "vendor", "text", false, NULL, NO_LIMITS, NULL, "Who makes it."},
    {"model", "title", "bilingual", false, NULL, NO_LIMITS, NULL, "What it is."},
    {"model", "formats", "list of format", false, NULL, 0, 100, NULL,
     "Formats in which its messages come; none: any."},
    {"model", "time", "time_field", false, NULL, NO_LIMITS, NULL,
     "The device's own time of the readings."},
    {"model", "records", "records", false, NULL, NO_LIMITS, NULL,
     "An array of earlier readings; the same fields are looked up in each record."},
    {"model", "pairs", "pairs", false, NULL, NO_LIMITS, NULL,
     "An array of key and value; its fields are /<key>."},
    {"model", "status", "status", false, NULL, NO_LIMITS, NULL,
     "The device's judgement of all its readings."},
    {"model", "fields", "list of field", true, NULL, 0, 1000, NULL,
     "What is taken from a message."},
    {"model", "ignore", "list of pointer", false, NULL, 0, 1000, NULL,
     "Fields, with all below them, that are not readings."},
    {"model", "note", "text", false, NULL, NO_LIMITS, NULL, "For readers of the file."},

    {"time_field", "field", "pointer", true, NULL, NO_LIMITS, NULL,
     "Where the time stands."},
    {"time_field", "form", "one of rfc3339|unix_s|unix_ms|unix_us|local", true, NULL,
     NO_LIMITS, NULL, "How it is written; local has no offset and needs zone."},
    {"time_field", "zone", "time zone", false, NULL, NO_LIMITS, NULL,
     "Zone of a local time: Europe/Berlin, or +01:00."},

    {"records", "field", "pointer", true, NULL, NO_LIMITS, NULL,
     "Where the array stands."},
    {"records", "time", "time_field", false, NULL, NO_LIMITS, NULL,
     "Time of a record; its field is looked up below the record."},

    {"pairs", "field", "pointer", true, NULL, NO_LIMITS, NULL, "Where the array stands."},
    {"pairs", "key", "pointer", true, NULL, NO_LIMITS, NULL,
     "Where the key stands in a pair."},
    {"pairs", "value", "pointer", true, NULL, NO_LIMITS, NULL,
     "Where the value stands in a pair."},
    {"pairs", "unit", "pointer", false, NULL, NO_LIMITS, NULL,
     "Where the unit's text stands in a pair."},

    {"status", "field", "pointer", true, NULL, NO_LIMITS, NULL,
     "Where the status stands."},
    {"status", "good", "list of scalar", true, NULL, ANY_FROM_1, NULL,
     "Values that mean good."},
    {"status", "else", "one number of 2|3|4", false, "3", NO_LIMITS, NULL,
     "Flag of the test device for all other values."},

    {"field", "field", "pointer", true, NULL, NO_LIMITS, NULL,
     "Where the value stands, below what the format calls the values."},
    {"field", "parameter", "parameter name", false, NULL, NO_LIMITS, NULL,
     "What the value is; with neither parameter nor quantity it is shown by try and "
     "ignored."},
    {"field", "quantity", "one of W|distance|depth|pressure", false, NULL, NO_LIMITS,
     NULL,
     "A value that is turned into a level: above the gauge's zero, down to the water, "
     "water above the sensor, its pressure."},
    {"field", "reference", "one of vented|absolute", false, NULL, NO_LIMITS, NULL,
     "What a pressure is measured against."},
    {"field", "unit", "text", false, NULL, NO_LIMITS, NULL,
     "Unit of the value if the message has none; needed unless the parameter's unit is 1 "
     "or unit_field is given."},
    {"field", "unit_field", "pointer", false, NULL, NO_LIMITS, NULL,
     "Where the unit's text stands; inside records below the record."},
    {"field", "position", "id", false, "main", NO_LIMITS, NULL,
     "Position of the sensor: main, surface, bottom, probe2."},
    {"field", "statistic", "one of min|max|mean|median|stddev", false, NULL, NO_LIMITS,
     NULL,
     "The value is this statistic of an interval; gives the origin "
     "measured:<statistic>."},
    {"field", "rank", "integer", false, "0", 0, 1000, NULL,
     "Of several entries for one series the lowest that is present is taken."},
    {"field", "sentinels", "list of sentinel", false, NULL, 0, 100, NULL,
     "Numbers, or ranges [from, to], that mean missing."},
    {"field", "status", "status", false, NULL, NO_LIMITS, NULL,
     "The device's judgement of this value."},
    {"field", "note", "text", false, NULL, NO_LIMITS, NULL, "For readers of the file."},

    {"parameters", "parameters", "list of parameter", true, NULL, ANY_FROM_1, NULL,
     "The vocabulary."},
    {"parameters", "note", "text", false, NULL, NO_LIMITS, NULL,
     "For readers of the file."},

    {"parameter", "id", "parameter id", true, NULL, NO_LIMITS, NULL,
     "Id of the parameter."},
    {"parameter", "title", "bilingual", true, NULL, NO_LIMITS, NULL,
     "Name of the parameter."},
    {"parameter", "unit", "text", true, NULL, NO_LIMITS, NULL,
     "Canonical unit, as UDUNITS-2 reads it."},
    {"parameter", "ucum", "text or null", false, NULL, NO_LIMITS, NULL,
     "The same as UCUM writes it."},
    {"parameter", "kind", "one of water|weather|housekeeping", true, NULL, NO_LIMITS,
     NULL, "Housekeeping is kept under the device and never published."},
    {"parameter", "decimals", "integer", true, NULL, 0, 6, NULL,
     "Values with at most so many decimals are stored exactly."},
    {"parameter", "relative_to", "one of station_reference_level", false, NULL, NO_LIMITS,
     NULL, "Ranges are relative to the station's reference level."},
    {"parameter", "qudt", "object or null", false, NULL, NO_LIMITS, NULL,
     "Code of the unit in QUDT."},
    {"parameter", "cf_standard_name", "object or null", false, NULL, NO_LIMITS, NULL,
     "CF standard name."},
    {"parameter", "nerc_p02", "object or null", false, NULL, NO_LIMITS, NULL,
     "NERC P02 concept."},
    {"parameter", "nerc_p01", "object or null", false, NULL, NO_LIMITS, NULL,
     "NERC P01 concept."},
    {"parameter", "eionet", "object or null", false, NULL, NO_LIMITS, NULL,
     "EIONET determinand."},
    {"parameter", "physical_range", "span or null", false, NULL, NO_LIMITS, NULL,
     "Values outside cannot be."},
    {"parameter", "typical_coast", "span or null", false, NULL, NO_LIMITS, NULL,
     "Usual values at the coast."},
    {"parameter", "typical_lake", "span or null", false, NULL, NO_LIMITS, NULL,
     "Usual values in lakes."},
    {"parameter", "typical_status", "text or null", false, NULL, NO_LIMITS, NULL,
     "Where the usual values come from."},
    {"parameter", "sensor_accuracy", "text or null", false, NULL, NO_LIMITS, NULL,
     "Accuracy of usual sensors."},
    {"parameter", "aggregate", "one of mean|median|direction|log10|sum", false, "mean",
     NO_LIMITS, NULL, "How the value of an hour, day or month is made of samples."},
    {"parameter", "detection_limit", "number", false, NULL, 1e-9, 1e9, NULL,
     "With log10, and needed there: what a zero counts as."},
    {"parameter", "events", "list of event", false, NULL, 0, 20, NULL,
     "What `kogge grids events` looks for."},
    {"parameter", "tests", "tests or null", false, NULL, NO_LIMITS, NULL,
     "Settings of the quality tests."},
    {"parameter", "note", "text or null", false, NULL, NO_LIMITS, NULL,
     "For readers of the file."},

    {"event", "event", "id", true, NULL, NO_LIMITS, NULL, "Name of the event."},
    {"event", "above", "list of number", false, NULL, NO_LIMITS, NULL,
     "Classes, rising; values that reach the first make an event."},
    {"event", "below", "list of number", false, NULL, NO_LIMITS, NULL,
     "The same downwards: classes fall."},
    {"event", "relative_to", "one of station_reference_level", false, NULL, NO_LIMITS,
     NULL, "Classes count from the station's reference level."},
    {"event", "of", "one of samples|days", false, "samples", NO_LIMITS, NULL,
     "Judged by each sample, or by values of UTC days."},
    {"event", "least_h", "number", false, "0", 0, 8784, "h", "A shorter one is none."},
    {"event", "join_h", "number", false, "0", 0, 8784, "h",
     "A pause up to it does not end one."},
    {"event", "source", "text", true, NULL, NO_LIMITS, NULL,
     "Where classes and times come from."},

    {"tests", "gross_range_test", "range_test or null", false, NULL, NO_LIMITS, NULL,
     "Limits in the parameter's unit; of levels relative to the reference level. null: "
     "the test does not run, here and below."},
    {"tests", "climatology_test", "object or null", false, NULL, NO_LIMITS, NULL,
     "Limits by season."},
    {"tests", "spike_test", "object or null", false, NULL, NO_LIMITS, NULL,
     "Whether a value stands out from its neighbours."},
    {"tests", "rate_of_change_test", "object or null", false, NULL, NO_LIMITS, NULL,
     "Whether a value changed too fast."},
    {"tests", "flat_line_test", "object or null", false, NULL, NO_LIMITS, NULL,
     "Whether a value stood still for too long."},
    {"tests", "attenuated_signal_test", "object or null", false, NULL, NO_LIMITS, NULL,
     "Whether a series moves too little."},
    {"tests", "time_gap_test", "object or null", false, NULL, NO_LIMITS, NULL,
     "Whether the series fell silent before a value."},
    {"tests", "running_median_test", "object or null", false, NULL, NO_LIMITS, NULL,
     "Whether a value, or hours of them, lie where this water hardly is."},
    {"tests", "where", "list of tests_where", false, NULL, 0, 100, NULL,
     "Other settings for some waters and months; the last that fits counts."},
    {"tests", "source", "text or null", false, NULL, NO_LIMITS, NULL,
     "Where the settings come from."},
    {"tests", "note", "text", false, NULL, NO_LIMITS, NULL, "For readers of the file."},

    {"tests_where", "water_type", "one of brackish|lake|river", false, NULL, NO_LIMITS,
     NULL, "Stations at such a water only."},
    {"tests_where", "months", "list of one number of 1|2|3|4|5|6|7|8|9|10|11|12", false,
     NULL, ANY_FROM_1, NULL, "Observations of these months only (UTC), 1 to 12."},
    {"tests_where", "gross_range_test", "range_test or null", false, NULL, NO_LIMITS,
     NULL,
     "Limits in the parameter's unit; of levels relative to the reference level. null: "
     "the test does not run, here and below."},
    {"tests_where", "climatology_test", "object or null", false, NULL, NO_LIMITS, NULL,
     "Limits by season."},
    {"tests_where", "spike_test", "object or null", false, NULL, NO_LIMITS, NULL,
     "Whether a value stands out from its neighbours."},
    {"tests_where", "rate_of_change_test", "object or null", false, NULL, NO_LIMITS, NULL,
     "Whether a value changed too fast."},
    {"tests_where", "flat_line_test", "object or null", false, NULL, NO_LIMITS, NULL,
     "Whether a value stood still for too long."},
    {"tests_where", "attenuated_signal_test", "object or null", false, NULL, NO_LIMITS,
     NULL, "Whether a series moves too little."},
    {"tests_where", "time_gap_test", "object or null", false, NULL, NO_LIMITS, NULL,
     "Whether the series fell silent before a value."},
    {"tests_where", "running_median_test", "object or null", false, NULL, NO_LIMITS, NULL,
     "Whether a value, or hours of them, lie where this water hardly is."},
    {"tests_where", "source", "text or null", false, NULL, NO_LIMITS, NULL,
     "Where the settings come from."},

    {"units", "aliases", "list of alias", false, NULL, 0, 5000, NULL,
     "Units as vendors write them."},
    {"units", "own_units", "list of text", false, NULL, 0, 1000, NULL,
     "Units of a method, convertible to nothing: NTU, FNU."},
    {"units", "note", "text", false, NULL, NO_LIMITS, NULL, "For readers of the file."},

    {"alias", "raw", "text", true, NULL, NO_LIMITS, NULL, "The text as received."},
    {"alias", "unit", "text", false, NULL, NO_LIMITS, NULL,
     "What it means, as UDUNITS-2 reads it."},
    {"alias", "refuse", "text", false, NULL, NO_LIMITS, NULL,
     "Why it is refused, instead of unit."},
    {"alias", "note", "text", false, NULL, NO_LIMITS, NULL, "For readers of the file."},

    {"dataset", "dataset", "id", true, NULL, NO_LIMITS, NULL,
     "Id of the dataset and name of its files; the file is datasets/<id>.json."},
    {"dataset", "title", "bilingual", true, NULL, NO_LIMITS, NULL, "Title for portals."},
    {"dataset", "notes", "bilingual", false, NULL, NO_LIMITS, NULL,
     "Description for portals."},
    {"dataset", "parameters", "list of parameter name", true, NULL, ANY_FROM_1, NULL,
     "What is in it; no housekeeping."},
    {"dataset", "cities", "list of id", false, NULL, ANY_FROM_1, NULL,
     "Whose stations are in it; left out: all cities."},
    {"dataset", "grid", "one of raw", false, "raw", NO_LIMITS, NULL,
     "Readings as they came."},
    {"dataset", "licence", "licence", true, NULL, NO_LIMITS, NULL,
     "Licence of the dataset."},
    {"dataset", "frequency", "frequency", false, NULL, NO_LIMITS, NULL,
     "How often it changes, by the EU's frequency table."},
    {"dataset", "tags", "list of text", false, NULL, 0, 1000, NULL,
     "Keywords for portals."},
    {"dataset", "targets", "list of id", false, NULL, 0, 1000, NULL,
     "Portals that it goes to, by their names in hub.json."},
    {"dataset", "demonstration", "boolean", false, "false", NO_LIMITS, NULL,
     "Holds demonstration stations too, and so goes only to targets marked so."},
    {"dataset", "note", "text", false, NULL, NO_LIMITS, NULL, "For readers of the file."},
};

enum { OPTIONS = sizeof table / sizeof table[0] };

const struct option *config_options(size_t *count)
{
    *count = OPTIONS;
    return table;
}

static bool means(const struct option *o, const char *name)
{
    size_t length = strlen(o->kind);
    if (strncmp(name, o->kind, length) == 0 && name[length] == '.') {
        return strcmp(name + length + 1, o->name) == 0;
    }
    return strcmp(name, o->kind) == 0 || strcmp(name, o->name) == 0;
}

/* A name that is a kind means that kind's options, not the options called so. */
static bool is_kind(const char *name)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcmp(table[i].kind, name) == 0) {
            return true;
        }
    }
    return false;
}

const struct option *config_option_find(const char *name, size_t i)
{
    bool kind = is_kind(name);
    for (size_t at = 0; at < OPTIONS; at++) {
        bool match = kind ? strcmp(table[at].kind, name) == 0 : means(&table[at], name);
        if (match && i-- == 0) {
            return &table[at];
        }
    }
    return NULL;
}

const char *config_option_nearest(const char *name)
{
    const char *dot = strchr(name, '.');
    const char *names[2 * OPTIONS];
    size_t count = 0;
    for (size_t i = 0; i < OPTIONS; i++) {
        names[count++] = table[i].name;
        names[count++] = table[i].kind;
    }
    return text_nearest(dot != NULL ? dot + 1 : name, names, count);
}
