#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Ceilings of a source: it is read more slowly, nothing is lost, others go on."""
import json
import time
import unittest

import broker as brokers
from kogge import Folder, Hub, device, source, station, temporary
from mqtt_wire import Publisher

MODEL = {"model": "probe", "time": {"field": "/ms", "form": "unix_ms"},
         "fields": [{"field": "/t", "parameter": "water_temperature", "unit": "degC"}]}
RATE, BYTES = 100, 16384
COUNT, LARGE = 800, 80


class Ceilings(unittest.TestCase):
    def setUp(self):
        self.broker = brokers.Broker()
        self.addCleanup(self.broker.close)
        root = temporary(self)

        def one(name, **others):
            return source(name, self.broker.port, [name + "/#"], format="json", device="/id",
                          city="kiel", **others)
        folder = Folder(root + "/conf", [
            one("slow", max_messages_per_s=RATE), one("thin", max_bytes_per_s=BYTES),
            one("free"), one("few", max_readings=3)])
        folder.put_model(MODEL)
        folder.put_city("kiel", station("kiel-harbour"))
        folder.put_device("kiel", device("p", "probe", "kiel-harbour"))
        self.hub = Hub(folder.path, root + "/data")
        self.addCleanup(self.hub.__exit__)
        self.hub.wait_connected()
        self.now_ms = int(time.time()) * 1000 - 3600000

    def message(self, number, **others):
        return json.dumps({"id": "p", "ms": self.now_ms + number, "t": 9, **others}).encode()

    def rows(self):
        return {r["source"]: r for r in self.hub.status()["sources"]}

    def publish(self, topic, numbers, **others):
        with Publisher(self.broker.port) as publisher:
            publisher.publish_many([(topic, self.message(n, **others)) for n in numbers])
            publisher.leave()

    def test_faster_than_the_ceiling(self):
        begin = time.monotonic()
        self.publish("slow/a", range(COUNT))
        self.publish("thin/a", range(COUNT, COUNT + LARGE), pad="x" * 1500)
        self.publish("free/a", range(2 * COUNT, 3 * COUNT))
        slowed, last = set(), None
        while last is None or last["slow"]["messages"] < COUNT or last["thin"]["messages"] < LARGE:
            self.assertLess(time.monotonic() - begin, 120)
            last = self.rows()
            passed = time.monotonic() - begin
            slowed |= {n for n, r in last.items() if r["slowed_since"]}
            # a second's worth at once, and what one reading from the socket may hold beyond
            self.assertLessEqual(last["slow"]["messages"], RATE * (passed + 2) * 1.3)
            self.assertLessEqual(last["thin"]["messages"] * 1500, BYTES * (passed + 2) * 1.3)
            if last["free"]["messages"] == COUNT and last["slow"]["messages"] < COUNT:
                slowed.add("free was first")
            time.sleep(0.05)
        self.assertEqual(slowed, {"slow", "thin", "free was first"})
        self.hub.wait_messages(2 * COUNT + LARGE)
        rows = self.rows()
        self.assertEqual({n: r["stored"] for n, r in rows.items()},
                         {"slow": COUNT, "thin": LARGE, "free": COUNT, "few": 0})
        self.assertIn("slowed since", self.hub.ask("status").out)
        # nobody lost the connection on the way
        self.assertEqual(len([line for line in self.hub.log if ": connected to" in line]), 4)
        self.assertEqual([line for line in self.hub.log if "source free: more" in line], [])
        self.hub.wait_status(lambda s: not any(r["slowed_since"] for r in s["sources"]), 60)
        self.assertEqual(self.hub.ask("audit").code, 0)

    def test_too_many_readings(self):
        self.publish("few/a", [1])
        self.publish("few/a", [2], u=1, v=2, w=3)
        self.hub.wait_messages(2)
        self.assertEqual(self.rows()["few"]["rejected"], 1)
        self.assertIn("more than 3 readings in one message",
                      self.hub.ask("rejected", "show", 2).out)


if __name__ == "__main__":
    unittest.main()
