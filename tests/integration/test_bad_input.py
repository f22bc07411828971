#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Hostile and broken messages through a real broker into a running hub: each ends as
stored, rejected with a sentence, or pending; nothing is dropped unseen, and the next good
message flows."""
import json
import re
import sys
import time
import unittest

import broker as brokers
from kogge import Folder, Hub, device, source, station, temporary
from mqtt_wire import Publisher

NOW_MS = int(time.time() * 1000) - 3600000
MODEL = {"model": "probe", "time": {"field": "/ms", "form": "unix_ms"},
         "fields": [{"field": "/t", "parameter": "water_temperature", "unit": "degC"}]}
MANY = {"model": "many", "records": {"field": "/r", "time": {"field": "/ms", "form": "unix_ms"}},
        "fields": [{"field": "/t", "parameter": "water_temperature", "unit": "degC"}]}
UNKNOWN = 5000
CEILING = 256 * 1024


def nested(depth):
    return b'{"id":"p1","t":' + b"[" * depth + b"1" + b"]" * depth + b"}"


def good(number):
    return json.dumps({"id": "p1", "ms": NOW_MS + number, "t": 10}).encode()


def cbor_text(text):
    return bytes([0x60 + len(text)]) + text.encode()


# name: (topic, payload, fates it may have)
REJECTED, STORED, PENDING, EMPTY = "rejected", "stored", "pending", "empty"
CASES = {
    "deep nesting": ("json/x", nested(100000), {REJECTED}),
    "nesting up to the reader's limit": ("json/x", nested(2000), {REJECTED}),
    "objects in objects": ("json/x", b'{"a":' * 5000 + b"1" + b"}" * 5000, {REJECTED}),
    "1e999": ("json/x", b'{"id":"p1","t":1e999}', {REJECTED}),
    "minus 1e999": ("json/x", b'{"id":"p1","t":-1e999}', {REJECTED}),
    "an integer of 400 digits": ("json/x", b'{"id":"p1","t":' + b"9" * 400 + b"}", {REJECTED}),
    "an integer of 30 digits": ("json/x", b'{"id":"p1","ms":1,"t":' + b"9" * 30 + b"}",
                                {REJECTED, STORED}),
    "NaN": ("json/x", b'{"id":"p1","t":NaN}', {REJECTED}),
    "Infinity": ("json/x", b'{"id":"p1","t":Infinity}', {REJECTED}),
    "invalid UTF-8": ("json/x", b'{"id":"p1","t":"\xff\xfe"}', {REJECTED}),
    "overlong UTF-8": ("json/x", b'{"id":"\xc0\xaf","t":1}', {REJECTED}),
    "a lone surrogate": ("json/x", b'{"id":"\\ud800","t":1}', {REJECTED}),
    "NUL in a string": ("json/x", b'{"id":"p1\\u0000","t":1}', {REJECTED}),
    "NUL in a key": ("json/x", b'{"id":"p1","t\\u0000":1}', {REJECTED}),
    "a NUL byte": ("json/x", b'{"id":"p1"\0,"t":1}', {REJECTED}),
    "duplicate keys": ("json/x", b'{"id":"p1","t":1,"t":2}', {REJECTED}),
    "cut off": ("json/x", b'{"id":"p1","t":', {REJECTED}),
    "text behind the document": ("json/x", b'{"id":"p1","t":1} x', {REJECTED}),
    "a text that begins behind the document": ("json/x", b'{"id":"p1","t":1} "x', {REJECTED}),
    "a vertical tab between values": ("json/x", b'{"id":"p1",\v"t":1}', {REJECTED}),
    "an empty payload": ("json/x", b"", {REJECTED}),
    "blanks": ("json/x", b"   ", {REJECTED}),
    "null": ("json/x", b"null", {REJECTED, PENDING, EMPTY}),
    "a bare number": ("json/x", b"5", {REJECTED, PENDING}),
    "binary where JSON is expected": ("json/x", bytes(range(256)), {REJECTED}),
    "zeros": ("json/x", bytes(1000), {REJECTED}),
    "a word for a number": ("json/x", b'{"id":"p1","t":"No Sensor"}', {REJECTED}),
    "a decimal comma": ("json/x", b'{"id":"p1","t":"12,5"}', {REJECTED}),
    "true for a number": ("json/x", b'{"id":"p1","t":true}', {REJECTED}),
    "an object for a number": ("json/x", b'{"id":"p1","t":{"v":1}}', {REJECTED, EMPTY}),
    "a time in the year 9999": ("json/x", b'{"id":"p1","ms":253402300799000,"t":1}', {REJECTED}),
    "a time of 1e300": ("json/x", b'{"id":"p1","ms":1e300,"t":1}', {REJECTED}),
    "a time before 1990": ("json/x", b'{"id":"p1","ms":0,"t":1}', {REJECTED}),
    "a device id of 60 KiB": ("json/x", b'{"id":"' + b"d" * 60000 + b'","t":1}',
                              {REJECTED, PENDING}),
    "a device with control characters": ("json/x", b'{"id":"a\\u001b[2J\\nb","t":1}', {PENDING}),
    "an unknown device": ("json/x", b'{"id":"nobody","t":1}', {PENDING}),
    "no device at all": ("json/x", b'{"t":1}', {PENDING, REJECTED}),
    "TTN without an uplink": ("ttn/x", b'{"end_device_ids":{"device_id":"x"}}', {REJECTED, EMPTY}),
    "TTN that is a list": ("ttn/x", b"[1,2,3]", {REJECTED}),
    "TTN with text for the payload": (
        "ttn/x", b'{"end_device_ids":{"device_id":"x"},"uplink_message":{"decoded_payload":"x"}}',
        {REJECTED, PENDING, EMPTY}),
    "ChirpStack that is something else": ("cs/x", b'{"hello":1}', {REJECTED, EMPTY}),
    "SenML with an unknown field to be understood": (
        "senml/x", b'[{"n":"a","v":1,"must_":1}]', {REJECTED}),
    "SenML of version 99": ("senml/x", b'[{"bver":99,"n":"a","v":1}]', {REJECTED}),
    "SenML with two values": ("senml/x", b'[{"n":"a","v":1,"vs":"x"}]', {REJECTED}),
    "SenML that is empty": ("senml/x", b"[]", {REJECTED, EMPTY}),
    "CBOR of endless length": ("senml/x", b"\x9f\xbf", {REJECTED}),
    "CBOR that claims 2^60 records": ("senml/x", b"\x9b\x10" + b"\0" * 7, {REJECTED}),
    "CBOR that claims a text of 4 GiB": ("senml/x", b"\x81\xa1\x00\x7a\xff\xff\xff\xff", {REJECTED}),
    "CBOR nested 60,000 deep": ("senml/x", b"\x81" * 60000 + b"\x01", {REJECTED}),
    "CBOR with a name of half a character": (
        "senml/x", b"\x81\xa2\x00\x61\xff" + b"\x02\x01", {REJECTED}),
    "a number that is a word": ("number/p1/t", b"nan nan", {REJECTED, PENDING}),
    "a number of nothing": ("number/p1/t", b"", {REJECTED, PENDING}),
    "300 KiB": ("json/x", b'{"id":"p1","t":1,"x":"' + b"y" * (300 * 1024) + b'"}', {REJECTED}),
}


class BadInput(unittest.TestCase):
    def setUp(self):
        root = temporary(self)
        self.broker = brokers.Broker(settings="message_size_limit 0\n")
        self.addCleanup(self.broker.close)
        port = self.broker.port
        folder = Folder(root + "/conf", [
            source("json", port, ["json/#"], format="json", city="probe", device="/id"),
            source("ttn", port, ["ttn/#"], format="ttn", city="probe"),
            source("cs", port, ["cs/#"], format="chirpstack", city="probe"),
            source("senml", port, ["senml/#"], format="senml", city="probe"),
            source("number", port, ["number/+/+"], format="number", city="probe",
                   topic="number/{device}/{field}"),
            source("auto", port, ["auto/#"], format="auto", city="probe")],
            payload_ceiling_kib=CEILING // 1024)
        folder.put_model(MODEL)
        folder.put_model(MANY)
        folder.put_city("probe", station("kai"))
        folder.put_device("probe", device("p1", "probe", "kai"))
        folder.put_device("probe", device("m1", "many", "kai", positions={"main": {
            "as": "bottom"}}))
        self.folder, self.data = folder, root + "/data"
        self.hub = Hub(folder.path, self.data)
        self.addCleanup(self.hub.__exit__)
        self.hub.wait_connected()
        self.sent = self.goods = 0

    def send(self, topic, payload, **others):
        with Publisher(self.broker.port) as publisher:
            publisher.publish(topic, payload, **others)
            publisher.leave()
        self.sent += 1

    def story(self, number):
        """Fate and reason of a message, as an operator reads them; stored: has no story."""
        done = self.hub.ask("rejected", "show", number)
        self.assertEqual(done.code, 0, done.err)
        fate = re.search(r"^message +\d+, (\S+)$", done.out, re.M)
        reason = re.search(r"^reason +(.+) \((\w*)\)$", done.out, re.M)
        self.assertNotRegex(done.out, "[\x00-\x09\x0b-\x1f\x7f]", "raw bytes on the terminal")
        return fate.group(1) if fate else STORED, reason.group(1) if reason else None

    def check_flow(self):
        """The next good message is stored."""
        self.goods += 1
        self.send("json/x", good(self.goods))
        self.hub.wait_messages(self.sent)
        stored = sum(r["outcomes"]["stored"] for r in self.hub.status()["sources"]
                     if "outcomes" in r)
        return stored

    def check_books(self):
        status = self.hub.status()
        rows = [r for r in status["sources"] if r["messages"]]
        self.assertEqual(sum(r["messages"] for r in rows), self.sent)
        for row in rows:
            fates = ("pending", "rejected", "conflict", "stored", "duplicate", "empty")
            self.assertEqual(sum(row[f] for f in fates), row["messages"], row)
            self.assertEqual(sum(row["outcomes"].values()), row["readings"], row)
        city = next(c for c in status["cities"] if c["city"] == "probe")
        self.assertEqual(city["messages"], self.sent)

    def test_each_message_has_its_fate(self):
        stored = self.check_flow()
        for name, (topic, payload, fates) in CASES.items():
            with self.subTest(name):
                self.send(topic, payload)
                self.hub.wait_messages(self.sent)
                fate, reason = self.story(self.sent)
                self.assertIn(fate, fates, reason)
                if fate in (REJECTED, PENDING):
                    self.assertTrue(reason and len(reason) > 8, reason)
                self.assertGreater(self.check_flow(), stored)
                stored += 1
        self.check_books()
        self.assertEqual(self.hub.stop(), 0)

    def test_every_bad_message_through_every_format(self):
        for _, payload, _ in CASES.values():
            for topic in ("auto/x", "ttn/x", "cs/x", "senml/x", "number/a/b"):
                self.send(topic, payload)
        self.check_flow()
        self.check_books()

    def test_ten_thousand_readings_in_a_message(self):
        records = [{"ms": NOW_MS + k, "t": k % 30} for k in range(10000)]
        payload = json.dumps({"id": "m1", "r": records}, separators=(",", ":")).encode()
        self.assertLessEqual(len(payload), 1 << 20)
        chunks = [records[:5000], records[5000:]] if len(payload) > CEILING else [records]
        for chunk in chunks:
            self.send("json/x", json.dumps({"id": "m1", "r": chunk}, separators=(",", ":")).encode())
        self.hub.wait_messages(self.sent)
        lines = self.hub.ask("dump").out.splitlines()
        self.assertEqual(len(lines), 10000)
        self.check_flow()
        self.check_books()

    def test_ten_thousand_readings_of_senml(self):
        pack = json.dumps([{"bn": "s:"}] + [{"n": "t", "v": 1}] * 10000,
                          separators=(",", ":")).encode()
        self.assertLess(len(pack), CEILING)
        self.send("senml/x", pack)
        self.hub.wait_messages(1)
        self.assertIn(self.story(1)[0], (PENDING, REJECTED))
        row = next(r for r in self.hub.status()["sources"] if r["source"] == "senml")
        self.assertEqual(row["readings"], 10000)
        self.check_flow()
        self.check_books()

    def test_too_large_is_kept_with_size_and_first_kib(self):
        payload = b'{"id":"p1","x":"' + b"y" * (300 * 1024) + b'"}'
        self.send("json/x", payload)
        self.hub.wait_messages(1)
        fate, reason = self.story(1)
        self.assertEqual(fate, REJECTED)
        self.assertIn(str(len(payload)), reason + self.hub.ask("rejected", "show", 1).out)
        self.assertIn('{"id":"p1","x":"yyy', self.hub.ask("rejected", "show", 1).out)
        self.check_flow()

    def test_a_retained_message_without_a_time_is_rejected(self):
        self.hub.stop()
        self.folder.put("hub.json", {**self.folder.hub, "sources": [
            {**s, "client_id": s["client_id"] + "-new"} for s in self.folder.hub["sources"]]})
        with Publisher(self.broker.port) as publisher:
            publisher.publish("json/old", b'{"id":"p1","t":3}', retained=True)
            publisher.publish("json/dated", good(77), retained=True)
            publisher.leave()
        self.hub = Hub(self.folder.path, self.data)
        self.addCleanup(self.hub.__exit__)
        self.hub.wait_messages(2)
        fates = {self.story(k) for k in range(1, 1 + self.inbox_count())}
        self.assertIn((REJECTED, "p1: retained, age unknown"), fates)
        self.assertEqual([line.split("\t")[6] for line in self.hub.ask("dump").out.splitlines()],
                         ["10"])

    def inbox_count(self):
        return sum(r["messages"] for r in self.hub.status()["sources"])

    def test_five_thousand_unknown_devices_wait(self):
        with Publisher(self.broker.port) as publisher:
            publisher.publish_many((("json/x", json.dumps({"id": f"u{k}", "ms": NOW_MS, "t": 1})
                                     .encode()) for k in range(UNKNOWN)), 500)
            publisher.leave()
        self.sent += UNKNOWN
        self.hub.wait_messages(self.sent)
        row = next(r for r in self.hub.status()["sources"] if r["source"] == "json")
        self.assertEqual(row["pending"], UNKNOWN)
        done = self.hub.ask("devices", "pending", "--json")
        self.assertEqual(done.code, 3)
        listed = {p["device"] for p in json.loads(done.out)["pending"]}
        self.assertTrue(listed <= {f"u{k}" for k in range(UNKNOWN)})
        self.assertGreaterEqual(len(listed), 1000)
        self.check_flow()
        self.check_books()


if __name__ == "__main__":
    if not brokers.PROGRAM:
        print("SKIP test_bad_input: no mosquitto")
        sys.exit(77)
    unittest.main()
