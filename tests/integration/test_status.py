#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What an operator is told: books by city, who waits and why, the last reading of a device,
messages that will soon be given up, names that are nearly right."""
import json
import os
import sqlite3
import time
import unittest

import broker as brokers
from kogge import Folder, Hub, device, source, station, temporary
from mqtt_wire import Publisher

DAY_US = 86400 * 1000000
MODEL = {"model": "probe", "time": {"field": "/ms", "form": "unix_ms"},
         "fields": [{"field": "/t", "parameter": "water_temperature", "unit": "degC"},
                    {"field": "/bat", "parameter": "battery_voltage", "unit": "V"}]}
LEVEL = {"model": "level", "time": {"field": "/ms", "form": "unix_ms"},
         "fields": [{"field": "/d", "quantity": "distance", "unit": "mm"}]}


def stamp(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ms // 1000))


class Status(unittest.TestCase):
    def setUp(self):
        self.broker = brokers.Broker()
        self.addCleanup(self.broker.close)
        root = temporary(self)
        self.data = root + "/data"
        self.folder = Folder(root + "/conf", [
            source("open", self.broker.port, ["open/+"], format="json", device="/id"),
            source("kiel-only", self.broker.port, ["kiel/a"], format="json", device="/id",
                   city="kiel"),
            source("kiel-ttn", self.broker.port, ["kiel/ttn"], format="ttn", city="kiel")])
        self.folder.put_model(MODEL)
        self.folder.put_model(LEVEL)
        for city in ("luebeck", "kiel"):
            self.folder.put_city(city, station(city + "-harbour"))
            self.folder.put_device(city, device("p-" + city, "probe", city + "-harbour"))
        self.folder.put_device("kiel", device("bare", "level", "kiel-harbour"))
        for name in ("ttn-1", "ttn-2"):
            self.folder.put_device("kiel", device(name, "probe", "kiel-harbour"))
        late = device("late", "probe", "kiel-harbour")
        late["at"][0]["from"] = "2100-01-01T00:00:00Z"
        self.folder.put_device("kiel", late)
        self.hub = self.start()
        self.hub.wait_connected()
        self.sent = 0
        self.now_ms = int(time.time()) * 1000 - 60000

    def start(self):
        hub = Hub(self.folder.path, self.data)
        self.addCleanup(hub.__exit__)
        return hub

    def send(self, topic, *documents):
        with Publisher(self.broker.port) as publisher:
            for document in documents:
                payload = document if isinstance(document, bytes) else json.dumps(document).encode()
                publisher.publish(topic, payload)
                self.sent += 1
            publisher.leave()
        self.hub.wait_messages(self.sent)

    def reading(self, name, number=0, **values):
        return {"id": name, "ms": self.now_ms + 1000 * number, **values}

    def ask_json(self, name, *arguments):
        return json.loads(self.hub.ask(*arguments, "--json").out)[name]

    def test_books_by_city(self):
        self.send("open/a", self.reading("p-luebeck", t=9), self.reading("p-luebeck", 1, t=9),
                  self.reading("p-kiel", t=8), self.reading("stranger", t=1), b"no JSON")
        self.send("kiel/a", self.reading("p-kiel", 1, t=8), self.reading("p-luebeck", 2, t=1))
        rows = {r["city"]: r for r in self.hub.status()["cities"]}
        counted = ("messages", "stored", "pending", "rejected")
        self.assertEqual({c: tuple(r[n] for n in counted) for c, r in rows.items()
                          if r["messages"]},
                         {"luebeck": (2, 2, 0, 0), "kiel": (3, 2, 0, 1), None: (2, 0, 1, 1)})
        self.assertEqual(rows["luebeck"]["outcomes"]["stored"], 2)
        self.assertRegex(self.hub.ask("status").out, r"\ncity not known +never +0 +2 +3 +1 +1 ")
        # registered, what waited goes from one line to the other
        self.folder.put_device("luebeck", device("stranger", "probe", "luebeck-harbour"))
        self.assertEqual(self.hub.ask("reload").code, 0)
        self.hub.wait_status(lambda s: all(r["pending"] == 0 for r in s["cities"]))
        rows = {r["city"]: r for r in self.hub.status()["cities"]}
        self.assertEqual((rows["luebeck"]["messages"], rows[None]["messages"]), (3, 1))
        self.assertEqual(self.hub.ask("audit").code, 0)

    def test_a_registered_device_that_waits_says_why(self):
        self.send("open/a", self.reading("bare", d=1200), self.reading("late", t=5),
                  self.reading("stranger", t=5))
        rows = {r["device"]: r for r in self.ask_json("pending", "devices", "pending")}
        self.assertEqual({n: r["registered"] for n, r in rows.items()},
                         {"bare": "kiel", "late": "kiel", "stranger": None})
        self.assertIn("mounting height", rows["bare"]["reasons"]["/d"])
        self.assertIn("stood at no station at " + stamp(self.now_ms)[:16],
                      rows["late"]["reasons"]["/t"])
        self.assertIn("not registered", rows["stranger"]["reason"])
        done = self.hub.ask("devices", "pending")
        self.assertEqual(done.code, 3)
        self.assertRegex(done.out, r"registered in kiel, but:\n    /d: .*mounting height")
        self.assertRegex(done.out, r"stranger .*\n    not registered; it sends:\n    /ms\n    /t\n")
        self.assertIn("devices new", done.err)
        self.assertIn("reload", done.err)

    def test_the_last_reading_of_a_device(self):
        self.send("open/a", self.reading("p-luebeck", 5, t=9, bat=3.6),
                  self.reading("p-kiel", 3, t=9), self.reading("p-kiel", 2, bat=3.3))
        rows = {r["device"]: r for r in self.ask_json("devices", "devices")}
        self.assertEqual(rows["p-luebeck"]["last_reading"], stamp(self.now_ms + 5000))
        self.assertEqual(rows["p-kiel"]["last_reading"], stamp(self.now_ms + 3000))
        self.assertIsNone(rows["bare"]["last_reading"])
        self.assertEqual(rows["p-kiel"]["housekeeping"]["battery_voltage"]["value"], 3.3)
        self.assertRegex(self.hub.ask("devices").out, r"bare +level +kiel-harbour +never\n")

    def set_arrivals(self, days):
        """As if all messages had come so long ago."""
        self.assertEqual(self.hub.stop(), 0)
        database = sqlite3.connect(os.path.join(self.data, "inbox.db"))
        database.execute("UPDATE messages SET arrival = ?",
                         (int(time.time() * 1e6) - days * DAY_US,))
        database.commit()
        database.close()

    def test_what_is_about_to_expire_is_said_before(self):
        self.send("open/a", self.reading("p-kiel", t=9), self.reading("stranger", t=1),
                  self.reading("stranger", 1, t=1), b"no JSON")
        self.assertEqual(self.hub.status()["expiring"], [])
        self.set_arrivals(369)
        self.assertEqual(json.loads(self.hub.ask("status", "--json").out)["expiring"], [])
        self.set_arrivals(371)
        rows = json.loads(self.hub.ask("status", "--json").out)["expiring"]
        self.assertEqual([(r["fate"], r["messages"]) for r in rows],
                         [("pending", 2), ("rejected", 1)])
        until = time.time() + 29 * 86400
        self.assertEqual(rows[0]["from"][:10], time.strftime("%Y-%m-%d", time.gmtime(until)))
        self.assertIn(f"warning  2 pending messages will be given up from {rows[0]['from'][:10]} on",
                      self.hub.ask("status").out)
        self.set_arrivals(401)
        self.hub = self.start()
        self.hub.wait_status(lambda s: s["expiring"] == [])
        done = self.hub.ask("trace", "kiel-harbour", "water_temperature", stamp(self.now_ms))
        self.assertEqual(done.code, 0, done.err)
        self.assertIn("was given up: it was older than what the inbox keeps", done.out)
        self.assertEqual(self.hub.ask("audit").code, 0)

    def uplink(self, counter, ago_min, session="key-1", name="ttn-1"):
        """Of The Things Stack; an f_cnt of 0 is left out there."""
        at = stamp(self.now_ms - 60000 * ago_min)
        message = {"session_key_id": session, "received_at": at,
                   "decoded_payload": {"t": 9.5, "ms": self.now_ms - 60000 * ago_min}}
        return {"end_device_ids": {"device_id": name, "dev_eui": name.upper()},
                "uplink_message": {**message, **({"f_cnt": counter} if counter else {})}}

    def test_what_did_not_come(self):
        """0 to 9 without 3, 4 and 7, and 5 twice; then a new session, of which 1 is missing;
        another device loses nothing. At last 7 comes late."""
        frames = [self.uplink(c, 120 - 2 * c) for c in (0, 1, 2, 6, 5, 5, 8, 9)]
        frames += [self.uplink(c, 60 - 2 * c, "key-2") for c in (0, 2)]
        self.send("kiel/ttn", *frames, *(self.uplink(c, 50 - c, name="ttn-2") for c in range(4)))
        status = self.hub.status()
        row = next(r for r in status["sources"] if r["source"] == "kiel-ttn")
        self.assertEqual(row["frames"], {"received": 13, "expected": 17, "missing": 4,
                                         "repeated": 1, "restarts": 1})
        city = next(r for r in status["cities"] if r["city"] == "kiel")
        self.assertEqual(city["frames"], row["frames"])
        self.assertEqual([(g["device"], g["missing"]) for g in status["gaps"]], [("ttn-1", 4)])
        self.assertRegex(self.hub.ask("status").out, r"\nkiel-ttn .* 13 of 17\n")
        done = self.hub.ask("devices", "gaps")
        self.assertEqual(done.code, 3)
        self.assertRegex(done.out, r"kiel-ttn +ttn-1 +9 +13 +4 +1 +1\n")
        self.assertNotIn("ttn-2", done.out)
        self.send("kiel/ttn", self.uplink(7, 106))
        row, = self.ask_json("devices", "devices", "gaps", "ttn-1")
        self.assertEqual([(g["missing"], g["first"], g["restart"]) for g in row["gaps"]],
                         [(2, 3, False), (0, 0, True), (1, 1, False)])
        self.assertEqual((row["gaps"][0]["from"], row["gaps"][0]["to"]),
                         (stamp(self.now_ms - 116 * 60000), stamp(self.now_ms - 110 * 60000)))
        for name in ("received", "expected", "missing", "repeated"):
            self.assertEqual(sum(h[name] for h in row["hours"]), row[name])
        out = self.hub.ask("devices", "gaps", "ttn-1").out
        self.assertIn("ttn-1  from kiel-ttn: 10 of 13 frames received, 3 missing, 1 repeated\n", out)
        self.assertRegex(out, r" 2  3 to 4\n")
        self.assertIn("the counter began again with 0\n", out)
        self.assertEqual(self.hub.ask("devices", "gaps", "ttn-2").code, 0)
        self.assertIn("did you mean ttn-2?", self.hub.ask("devices", "gaps", "tttn-2").err)
        # worked on once more, nothing is counted twice
        self.assertEqual(self.hub.ask("rejected", "replay").code, 0)
        self.assertEqual(self.hub.ask("reload").code, 0)
        self.assertEqual(self.ask_json("devices", "devices", "gaps", "ttn-1"), [row])
        self.assertEqual(self.hub.ask("audit").code, 0)

    def test_names_that_are_nearly_right(self):
        at = stamp(self.now_ms)
        done = self.hub.ask("trace", "kiel-habour", "water_temperature", at)
        self.assertEqual(done.code, 2)
        self.assertIn("did you mean kiel-harbour?", done.err)
        done = self.hub.ask("trace", "kiel-harbour", "water_temprature", at)
        self.assertEqual(done.code, 2)
        self.assertIn("did you mean water_temperature?", done.err)
        done = self.hub.ask("trace", "p-kiel", "battery_voltage", at)
        self.assertEqual(done.code, 1)
        self.assertIn("no battery_voltage at p-kiel", done.err)

    def test_a_topic_that_the_source_does_not_take(self):
        message = json.dumps(self.reading("p-kiel", t=9)).encode()
        for topic, said in (("open/a", False), ("open/a/b", True), ("kiel/a", True)):
            done = self.hub.ask("try", "--source", "open", "--topic", topic, "-", stdin=message)
            self.assertEqual(done.code, 0, done.err)
            self.assertEqual("source open does not subscribe to " + topic in done.err, said)
        done = self.hub.ask("try", "--topic", "anything", "-", stdin=message)
        self.assertNotIn("does not subscribe", done.err)


if __name__ == "__main__":
    unittest.main()
