#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The hub's clock steps by hours, its time zone and locale are others: a message to which a
network server gave a time comes out the same. What stands by its arrival follows the clock;
these tests show how. libfaketime sets the clock of the hub, and of nobody else, while it
runs."""
import glob
import json
import os
import subprocess
import sys
import time

from faults import preload
from fault_world import BASE_S, World, counts, main, seconds_of
from kogge import device, source, station
from mqtt_wire import Publisher

HOUR_S = 3600
STEPS_H = [0, 5, -7, 0, 30, -30]
EACH = 20  # messages between two steps
LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
WATER = [{"field": "/t", "parameter": "water_temperature", "unit": "degC"}]
DATASET = {"dataset": "water", "title": {"de": "W", "en": "W"},
           "notes": {"de": "W", "en": "W"}, "parameters": ["water_temperature"],
           "grid": "raw", "licence": "dl-zero-de/2.0", "frequency": "10MIN", "tags": ["water"],
           "targets": [], "demonstration": False}


def uplink(number):
    """As ChirpStack sends it: with the time at which the network received it."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(BASE_S + number)) + "+00:00"
    return json.dumps({"deduplicationId": str(number), "time": moment,
                       "deviceInfo": {"devEui": "a84041aabb000017"}, "devAddr": "00aa1017",
                       "fCnt": number, "object": {"t": 1 + number / 8}}).encode()


class Clock(World):
    def setUp(self):
        super().setUp()
        self.clock = self.root + "/clock"

    def make_folder(self, port, **others):
        others = {**others, "hub": {"publish": {"every_s": 86400}}}
        super().make_folder(port, **others)
        self.folder.put("hub.json", {**self.folder.hub, "sources": self.folder.hub["sources"] + [
            source("net", port, ["net/#"], format="chirpstack", city="probe")]})
        self.folder.put("datasets/water.json", DATASET)
        self.folder.put_city("probe", *map(station, ("kai", "steg", "mole")))
        for model, name, at in (("net", "a84041aabb000017", "steg"), ("bare", "b0", "mole")):
            self.folder.put_model({"model": model, "fields": WATER})
            self.folder.put_device("probe", device(name, model, at))

    def step(self, hours):
        """The hub's clock goes wrong by so many hours, from now on."""
        with open(self.clock + ".new", "w", encoding="ascii") as file:
            file.write(f"{hours * HOUR_S:+d}\n")
        os.replace(self.clock + ".new", self.clock)

    def start_stepping(self):
        self.step(0)
        return self.start_connected(
            FAKETIME_TIMESTAMP_FILE=self.clock, FAKETIME_NO_CACHE="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1", **preload(LIBRARY))

    def send(self, topic, *payloads):
        with Publisher(self.broker.port) as publisher:
            publisher.publish_many([(topic, payload) for payload in payloads])
            publisher.leave()
        self.sent = getattr(self, "sent", 0) + len(payloads)

    def worked_off(self, hub):
        hub.wait_messages(self.sent)

    def outcome(self, hub, stored=None):
        """The books balance and all is stored: dump and published files, as bytes."""
        status = hub.status()
        self.assertEqual(sum(s["stored"] for s in status["sources"]),
                         self.sent if stored is None else stored)
        self.audit(hub.data)
        self.assertEqual(hub.ask("export", "--quiet").code, 0)
        files = {}
        for path in glob.glob(hub.data + "/export/**/*.csv", recursive=True):
            with open(path, "rb") as file:
                files[os.path.basename(path)] = file.read()
        self.assertTrue(files)
        hub.stop()
        return self.dump(hub.data), files

    def send_uplinks(self, hub, step=lambda hours: None):
        self.sent = 0
        for k, hours in enumerate(STEPS_H):
            step(hours)
            self.send("net/up", *(uplink(n) for n in range(k * EACH, (k + 1) * EACH)))
            self.worked_off(hub)
        return self.outcome(hub)


class Same(Clock):
    """Messages with a time of the network's: nothing differs."""

    def setUp(self):
        super().setUp()
        hub = self.start_connected(data=self.root + "/plain")
        self.expected = self.send_uplinks(hub)
        self.assertEqual(len(self.expected[0]), EACH * len(STEPS_H))

    def assert_same(self, outcome):
        self.assertEqual(outcome[0], self.expected[0])
        self.assertEqual(outcome[1], self.expected[1])
        counts["faults"] += 1

    def test_the_clock_steps_by_hours(self):
        self.assert_same(self.send_uplinks(self.start_stepping(), self.step))

    def test_another_time_zone(self):
        for zone in ("Pacific/Auckland", "America/St_Johns"):
            with self.subTest(zone):
                hub = self.start_connected(data=f"{self.root}/{zone}", TZ=zone)
                self.assert_same(self.send_uplinks(hub))

    def test_another_locale(self):
        """With a comma in its decimals."""
        folder = self.root + "/locales"
        os.mkdir(folder)
        subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", folder + "/de_DE.UTF-8"],
                       check=True, capture_output=True)
        german = {"LOCPATH": folder, "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}
        point = subprocess.run(["locale", "decimal_point"], env={**os.environ, **german},
                               check=True, capture_output=True).stdout
        self.assertEqual(point, b",\n")
        hub = self.start_connected(**german)
        self.assert_same(self.send_uplinks(hub))


class Arrival(Clock):
    """What has no time but that of its arrival, or is judged by it, follows the clock."""

    def test_what_has_no_time_of_its_own_gets_the_clock_s(self):
        hub = self.start_stepping()
        self.sent = 0
        begin = time.time()
        for k, hours in enumerate((0, 3, -3, 0)):
            self.step(hours)
            self.send("buoy/b0", json.dumps({"id": "b0", "t": k + 0.5}).encode())
            self.worked_off(hub)
        end = time.time()
        dump, files = self.outcome(hub)
        times = {float(row[6]): seconds_of(row[5]) for row in dump}
        for k, hours in enumerate((0, 3, -3, 0)):
            moment = times[k + 0.5] - hours * HOUR_S
            self.assertTrue(begin - 1 <= moment <= end + 1, (k, moment, begin, end))
        lines = b"".join(files.values()).decode().splitlines()
        self.assertTrue(all("arrival" in line for line in lines if ",mole," in line), lines)
        counts["faults"] += 1

    def test_an_own_time_is_judged_by_the_clock_at_its_arrival(self):
        """A clock that is behind makes the sensor's time a future one: rejected, kept, shown.
        One that is ahead does no harm."""
        hub = self.start_stepping()
        self.sent = 0
        for k, hours in enumerate((0, 3, -3, 0)):
            self.step(hours)
            self.send("buoy/b1", json.dumps({"id": "b1", "ms": int(time.time() * 1000) + k,
                                             "t": k + 0.5}).encode())
            self.worked_off(hub)
        rejected = json.loads(hub.ask("rejected", "--json").out)["rejected"]
        self.assertEqual(len(rejected), 1, rejected)
        self.assertIn("more than 5 minutes after the arrival", rejected[0]["reason"])
        dump, _ = self.outcome(hub, stored=3)
        self.assertEqual(sorted(float(row[6]) for row in dump), [0.5, 1.5, 3.5])
        counts["faults"] += 1


if __name__ == "__main__":
    if not LIBRARY:
        print("SKIP test_clock: libfaketime is not installed")
        sys.exit(77)
    main("clock")
