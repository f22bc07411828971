# SPDX-License-Identifier: EUPL-1.2
"""A city with one buoy, a publisher that remembers each PUBACK, and the question at the end
of every fault: is the store what the publisher was told?

    class Fault(World):
        def test_something(self):
            hub = self.start()
            with self.load(rate=500):       # publishes until the block ends
                ...the fault...
            self.settle(hub)                # nothing lost, nothing doubled, the books balance

    main("broker")                          # prints: faults: broker 9, lost 0, doubled 0
"""
import calendar
import contextlib
import json
import os
import re
import sys
import threading
import time
import unittest

import broker as brokers
from kogge import Folder, Hub, device, kogge, source, station, temporary
from mqtt_wire import Closed, Publisher

LONG = bool(os.environ.get("KOGGE_LONG"))
MODEL = {"model": "buoy", "time": {"field": "/ms", "form": "unix_ms"},
         "fields": [{"field": "/t", "parameter": "water_temperature", "unit": "degC"}]}
BASE_S = int(time.time()) - 86400  # the first message was measured then, the others each 1 ms later
FAULTS = (OSError, Closed, TimeoutError, ConnectionRefusedError)

counts = {"faults": 0, "lost": 0, "doubled": 0}


def value_of(number):
    return number % 2500 / 100


def payload_of(number, size=0):
    return json.dumps({"id": "b1", "ms": BASE_S * 1000 + number, "t": value_of(number),
                       "x": "y" * size}).encode()


def seconds_of(moment):
    return calendar.timegm(time.strptime(moment[:19], "%Y-%m-%dT%H:%M:%S"))


def number_of(moment):
    """The message that a time of dump's is of."""
    day, fraction = moment.rstrip("Z").split(".") if "." in moment else (moment.rstrip("Z"), "0")
    return (seconds_of(day) - BASE_S) * 1000 + int(fraction.ljust(3, "0")[:3])


class Load:
    """Publishes numbered messages in a thread and begins anew where the broker ends it; what
    has no PUBACK then is sent again. size: bytes more of each payload."""

    def __init__(self, world, rate, size, window=200):
        self.world, self.rate, self.size, self.window = world, rate, size, window
        self.left = []  # sent, not acknowledged, of connections that ended
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _numbers(self):
        while self.left:
            yield self.left.pop()
        while not self.stop.is_set():
            yield self.world.next_number()

    def _messages(self, sent):
        for number in self._numbers():
            sent.append(number)
            yield "buoy/b1", payload_of(number, self.size)

    def _run(self):
        while self.left or not self.stop.is_set():
            sent = []
            publisher = None
            try:
                publisher = Publisher(self.world.broker.port, timeout=5, tls=self.world.tls)
                publisher.publish_many(self._messages(sent), self.window, self.rate)
                publisher.leave()
            except FAULTS:
                time.sleep(0.05)
            acked = publisher.acked if publisher else set()
            self.world.acked.update(sent[k] for k in acked)
            self.left += [n for k, n in enumerate(sent) if k not in acked]
            if publisher:
                publisher.close()


class World(unittest.TestCase):
    SETTINGS = ""  # of mosquitto
    tls = None     # context of publishers

    def setUp(self):
        self.root = temporary(self)
        self.data = self.root + "/data"
        self.acked = set()
        self.numbers = 0
        self.make_broker(self.SETTINGS)

    def make_broker(self, settings="", **others):
        self.broker = brokers.Broker(settings, **others)
        self.addCleanup(self.broker.close)
        self.make_folder(self.broker.port)

    def make_folder(self, port, targets=(), hub=None, **others):
        """others: options of the source; hub: of hub.json."""
        self.folder = Folder(self.root + "/conf", [
            source("buoys", port, ["buoy/#"], format="json", city="probe", device="/id",
                   **others)], targets, **(hub or {}))
        self.folder.put_model(MODEL)
        self.folder.put_city("probe", station("kai"))
        self.folder.put_device("probe", device("b1", "buoy", "kai"))

    def start(self, data=None, **others):
        hub = Hub(self.folder.path, data or self.data, **others)
        self.addCleanup(hub.__exit__)
        return hub

    def start_connected(self, **others):
        hub = self.start(**others)
        hub.wait_connected()
        return hub

    def next_number(self):
        self.numbers += 1
        return self.numbers

    def publish(self, count, size=0):
        """So many messages with their PUBACKs."""
        numbers = [self.next_number() for _ in range(count)]
        with Publisher(self.broker.port, tls=self.tls) as publisher:
            publisher.publish_many([("buoy/b1", payload_of(n, size)) for n in numbers])
            publisher.leave()
        self.acked.update(numbers)

    @contextlib.contextmanager
    def load(self, rate=1000, size=0):
        load = Load(self, rate, size)
        try:
            yield load
        finally:
            load.stop.set()
            load.thread.join()

    def dump(self, data=None):
        done = kogge("dump", "--config", self.folder.path, "--data", data or self.data)
        self.assertEqual(done.code, 0, done.err)
        return [line.split("\t") for line in done.out.splitlines()]

    def stored(self, data=None):
        """Number to value of what the store holds."""
        rows = self.dump(data)
        found = {number_of(row[5]): float(row[6]) for row in rows}
        counts["doubled"] += len(rows) - len(found)
        self.assertEqual(len(found), len(rows), "stored twice")
        return found

    def compare(self, *folders):
        """The stores in folders together hold what was acknowledged, and nothing else."""
        found = {}
        for folder in folders or (self.data,):
            found.update(self.stored(folder))
        lost = self.acked - set(found)
        counts["lost"] += len(lost)
        self.assertEqual(sorted(lost)[:20], [], f"{len(lost)} of {len(self.acked)} are lost")
        for number, value in found.items():
            self.assertTrue(0 <= number <= self.numbers, "never sent")
            if number > 0:  # 0 is a test's own
                self.assertEqual(value, value_of(number))

    def audit(self, data=None):
        done = kogge("audit", "--config", self.folder.path, "--data", data or self.data)
        self.assertEqual(done.code, 0, done.out + done.err)

    def settle(self, hub, seconds=120):
        """Waits until all that was acknowledged came through, and compares."""
        hub.wait_status(lambda s: s["hub"]["waiting"] == 0 and
                        s["sources"][0]["outcomes"]["stored"] >= len(self.acked), seconds)
        self.assertGreater(len(self.acked), 0)
        self.compare()
        self.audit()
        counts["faults"] += 1

    def wait(self, condition, what, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.02)

    def wait_stored(self, hub, count, seconds=60):
        hub.wait_status(lambda s: s["sources"][0]["outcomes"]["stored"] >= count, seconds)

    def wait_error(self, hub, pattern):
        """Until the source's error in status matches; gives its row."""
        status = hub.wait_status(lambda s: s["sources"][0].get("error") is not None and
                                 pattern in s["sources"][0]["error"])
        return status["sources"][0]

    def wait_broker_says(self, pattern, more):
        """Until so many lines more of the broker's log match."""
        def count():
            return len(re.findall(pattern, self.broker.read_log()))
        end = count() + more
        self.wait(lambda: count() >= end, f"the broker does not say {pattern} {more} times")

    def said(self, hub, words):
        return [line for line in hub.log if words in line]


def main(name):
    if not brokers.PROGRAM:
        print(f"SKIP {name} faults: mosquitto is not installed")
        sys.exit(77)
    done = unittest.main(verbosity=2, exit=False)
    sample = "" if LONG else " of a sample"
    print(f"faults{sample}: {name} {counts['faults']}, lost {counts['lost']}, "
          f"doubled {counts['doubled']}")
    sys.exit(0 if done.result.wasSuccessful() else 1)
