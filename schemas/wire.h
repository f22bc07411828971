/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SCHEMAS_WIRE_H
#define SCHEMAS_WIRE_H

/* Names that our nodes and the hub share on the wire; nothing else stands here.
 *
 * Topics: kogge/v1/<city>/<device>/<end>
 *   up       node to hub, QoS 1            one SenML pack (RFC 8428)
 *   receipt  hub to node, QoS 1, retained  log, durable up to, hub time, epoch
 *   status   node to hub, QoS 1, retained  {"state": "online" | "offline", ...}; the last
 *                                          will says offline
 *   config   hub to node, QoS 1, retained  intervals, thresholds
 *
 * An up pack: bn is the device's id as written ("luebeck-node-1"), bt the time of its
 * first sample (UTC, seconds). Four records of it are no measurements:
 *   log    vs  16 hexadecimal digits, made once with the node's log; together with a
 *              sequence number the identity of a sample, never reset
 *   held   v   oldest sequence number that the node still holds
 *   first  v   sequence number of the first sample in this pack
 *   seq    v   sequence number of its last sample
 * A measured record is named ':' and what is measured (":water_temperature"); with the
 * base name that makes "luebeck-node-1:water_temperature". Sensor models name the field
 * "/:water_temperature". */

#define WIRE_TOPIC_ROOT "kogge/v1"
#define WIRE_TOPIC_UP "up"
#define WIRE_TOPIC_RECEIPT "receipt"
#define WIRE_TOPIC_STATUS "status"
#define WIRE_TOPIC_CONFIG "config"

#define WIRE_RECORD_LOG "log"
#define WIRE_RECORD_HELD "held"
#define WIRE_RECORD_FIRST "first"
#define WIRE_RECORD_SEQ "seq"

#define WIRE_MEASURED_DISTANCE ":distance"
#define WIRE_MEASURED_WATER_TEMPERATURE ":water_temperature"
#define WIRE_MEASURED_OXYGEN ":oxygen"
#define WIRE_MEASURED_CONDUCTIVITY ":conductivity"
#define WIRE_MEASURED_BATTERY_VOLTAGE ":battery_voltage"

#define WIRE_STATUS_STATE "state"
#define WIRE_STATUS_ONLINE "online"
#define WIRE_STATUS_OFFLINE "offline"
#define WIRE_STATUS_FIRMWARE "firmware"
#define WIRE_STATUS_LOG "log"
#define WIRE_STATUS_HELD "held"
#define WIRE_STATUS_NEXT "next"
#define WIRE_STATUS_DROPPED "dropped"

#endif
