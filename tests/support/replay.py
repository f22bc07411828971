#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Publishes what network servers would: uplinks of The Things Stack and of ChirpStack, and
plain numbers, all made here and stamped now.

    replay.py --broker mqtt://127.0.0.1:1883 [--interval 5] [--rounds N]

The devices are those that hub/conf registers for the demonstration. Ends cleanly on
SIGTERM and SIGINT; connects again when the broker was away."""
import argparse
import base64
import hashlib
import json
import math
import signal
import sys
import threading
import time
import urllib.parse
import uuid

from mqtt_send import Publisher

TTN_DEVICE = "70b3d57ed0060001"  # Lübeck: depth, temperature, conductivity
DISTANCE_DEVICE = "70b3d57ed0060002"  # Rostock: ultrasonic distance
PRESSURE_DEVICE = "70b3d57ed0060003"  # Kiel: vented pressure
PLAIN_DEVICE = "wismar-pegel-1"  # Wismar: bare numbers
EPOCH = 1767225600  # 2026-01-01, when the devices are said to have started
GATEWAYS = ("a840411eee000001", "a840411eee000002", "a840411eee000003")


def stamp(at, digits):
    """RFC 3339 with as many decimals as that network server writes."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
    return f"{whole}.{int(at % 1 * 1e6):06d}".ljust(20 + digits, "0")


def level_m(at):
    """Metres about mean water: the seiche of the Baltic and the harbour's own."""
    return 0.12 * math.sin(at / 27.4 / 3600 * 2 * math.pi) + 0.01 * math.sin(at / 900 * 2 * math.pi)


def temperature_c(at):
    year = 10.6 - 7.6 * math.cos((at / 86400 - 45) / 365.2425 * 2 * math.pi)
    return round(year + 0.2 * math.cos((at / 3600 - 15) / 24 * 2 * math.pi), 1)


def made(*words):
    """16 bytes that depend on the words only."""
    return hashlib.sha256(" ".join(map(str, words)).encode()).digest()[:16]


def frame_bytes(counter):
    """What the radio frame would hold: base64; only the decoded values matter here."""
    return base64.b64encode(made("frame", counter)[:12]).decode()


def ttn(counter, at, decoded):
    """Topic and document of an uplink as The Things Stack 3 publishes it, heard by two
    gateways. An f_cnt of 0 is left out there."""
    received = stamp(at, 9) + "Z"
    metadata = [
        {
            "gateway_ids": {"gateway_id": f"eui-{gateway}", "eui": gateway.upper()},
            "timestamp": int(at * 1e6) % 2**32,
            "rssi": -95 - 6 * i,
            "channel_rssi": -95 - 6 * i,
            "snr": 8.5 - 3 * i,
            "location": {"latitude": 53.95, "longitude": 10.86, "source": "SOURCE_REGISTRY"},
            "uplink_token": base64.b64encode(made(gateway, counter)).decode(),
            "received_at": received,
        }
        for i, gateway in enumerate(GATEWAYS[:2])
    ]
    document = {
        "end_device_ids": {
            "device_id": "kogge-demo-probe",
            "application_ids": {"application_id": "kogge-demo"},
            "dev_eui": TTN_DEVICE.upper(),
            "join_eui": "0000000000000000",
            "dev_addr": "260BD001",
        },
        "correlation_ids": [f"gs:uplink:{made(counter, at).hex()[:26].upper()}"],
        "received_at": stamp(at + 0.2, 9) + "Z",
        "uplink_message": {
            "session_key_id": base64.b64encode(made("session", TTN_DEVICE)).decode(),
            "f_port": 1,
            "f_cnt": counter,
            "frm_payload": frame_bytes(counter),
            "decoded_payload": decoded,
            "rx_metadata": metadata,
            "settings": {
                "data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 8}},
                "frequency": "868100000",
            },
            "received_at": received,
            "consumed_airtime": "0.061696s",
            "network_ids": {"net_id": "000013", "tenant_id": "ttn", "cluster_id": "eu1"},
        },
    }
    if counter == 0:
        del document["uplink_message"]["f_cnt"]
    return "v3/kogge-demo@ttn/devices/kogge-demo-probe/up", document


def chirpstack(device, name, counter, at, decoded):
    """Topic and event as ChirpStack 4 publishes it, heard by three gateways."""
    application = str(uuid.UUID(bytes=made("application")))
    received = stamp(at, 6) + "+00:00"
    document = {
        "deduplicationId": str(uuid.UUID(bytes=made(device, counter, at))),
        "time": received,
        "deviceInfo": {
            "tenantId": str(uuid.UUID(bytes=made("tenant"))),
            "tenantName": "Kogge",
            "applicationId": application,
            "applicationName": "kogge-demo",
            "deviceProfileId": str(uuid.UUID(bytes=made("profile", name))),
            "deviceProfileName": name,
            "deviceName": name,
            "devEui": device,
            "deviceClassEnabled": "CLASS_A",
            "tags": {},
        },
        "devAddr": "01d0" + device[-4:],
        "adr": True,
        "dr": 4,
        "fCnt": counter,
        "fPort": 1,
        "confirmed": False,
        "data": frame_bytes(counter),
        "object": decoded,
        "rxInfo": [
            {
                "gatewayId": gateway,
                "uplinkId": counter % 65536 * 3 + i,
                "nsTime": received,
                "rssi": -101 - 4 * i,
                "snr": 7.2 - 2 * i,
                "channel": 2,
                "context": base64.b64encode(made(gateway, counter)[:4]).decode(),
                "crcStatus": "CRC_OK",
            }
            for i, gateway in enumerate(GATEWAYS)
        ],
        "txInfo": {"frequency": 868300000},
        "regionConfigId": "eu868",
    }
    if counter == 0:
        del document["fCnt"]
    return f"application/{application}/device/{device}/event/up", document


def value(number, unit):
    return {"value": number, "unit": unit}


def battery():
    return {"battery_voltage": value(3.61, "V")}


def luebeck(counter, at):
    """Every fourth frame tells the battery alone, as probes do between two readings."""
    if counter % 4 == 3:
        return ttn(counter, at, {"protocol_version": 2, "device_id": 4001, **battery()})
    depth_mm = round((0.10 + level_m(at) + 2.0) * 1000)
    decoded = {
        "protocol_version": 2,
        "device_id": 4001,
        "water_depth": value(depth_mm, "mm"),
        "temperature": value(temperature_c(at), "°C"),
        "electrical_conductivity": value(21300 + counter % 7 * 10, "µS⋅cm⁻¹"),
        "freezing_flag": {"value": 0},
        **battery(),
    }
    return ttn(counter, at, decoded)


def rostock(counter, at):
    distance_mm = float(round((3.1 - 0.09 - level_m(at)) * 1000))
    decoded = {
        "protocol_version": 2.0,
        "device_id": 4002.0,
        "distance": value(distance_mm, "mm"),
        "number_of_valid_samples": {"value": 11.0},
        **battery(),
    }
    return chirpstack(DISTANCE_DEVICE, "kogge-demo-distance", counter, at, decoded)


def kiel(counter, at):
    """Its codec rounds by toFixed, so every number is text. 1011 kg/m3, 9.814 m/s2."""
    pressure_bar = 1011 * 9.814 * (0.06 + level_m(at) + 2.0) / 1e5
    decoded = {
        "protocol_version": 2.0,
        "device_id": 4003.0,
        "pressure": value(f"{pressure_bar:.4f}", "bar"),
        "temperature": value(f"{temperature_c(at):.2f}", "°C"),
        **battery(),
    }
    return chirpstack(PRESSURE_DEVICE, "kogge-demo-pressure", counter, at, decoded)


def wismar(at):
    """Centimetres above the gauge's zero, nothing but the number."""
    return f"pegel/{PLAIN_DEVICE}/W", f"{502 + 100 * level_m(at):.1f}"


def messages(counter, at):
    """Topic and payload of one round."""
    for topic, document in (luebeck(counter, at), rostock(counter, at), kiel(counter, at)):
        yield topic, json.dumps(document, ensure_ascii=False).encode()
    topic, number = wismar(at)
    yield topic, number.encode()


def run(broker, interval_s, rounds, stop):
    """Publishes until stop is set; returns how many rounds the broker took."""
    # Counters rise over restarts of this script too, as those of a running device do.
    counter, sent, publisher = int((time.time() - EPOCH) / interval_s), 0, None
    while not stop.is_set() and (rounds is None or sent < rounds):
        try:
            if publisher is None:
                publisher = Publisher(broker.hostname, broker.port or 1883, "kogge-replay")
            for topic, payload in messages(counter + sent, time.time()):
                publisher.publish(topic, payload)
            sent += 1
        except OSError as fault:
            print(f"replay: {fault}; trying again", file=sys.stderr)
            publisher = None
        if rounds is None or sent < rounds:
            stop.wait(interval_s if publisher else 1)
    if publisher:
        publisher.close()
    return sent


def main():
    parser = argparse.ArgumentParser(description="Publishes uplinks as network servers do.")
    parser.add_argument("--broker", required=True, type=urllib.parse.urlparse)
    parser.add_argument("--interval", type=float, default=5, help="seconds between rounds")
    parser.add_argument("--rounds", type=int, help="ends by itself after so many")
    options = parser.parse_args()
    if options.broker.scheme != "mqtt" or not options.broker.hostname or options.interval <= 0:
        parser.error("expected --broker mqtt://HOST:PORT and an interval above 0")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sent = run(options.broker, options.interval, options.rounds, stop)
    print(f"replay: {sent} rounds sent", file=sys.stderr)


if __name__ == "__main__":
    main()
