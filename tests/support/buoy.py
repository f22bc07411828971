# SPDX-License-Identifier: EUPL-1.2
"""One broker, one city with one buoy, one dataset; and a hub that is given them.

    class Case(World):
        def test_x(self):
            self.make_folder()
            hub = self.start()
            self.send(1, 2)             # seconds of a minute
            hub.wait_messages(2)
"""
import json
import time
import unittest

import broker as brokers
from kogge import Folder, Hub, device, source, station, temporary
from mqtt_wire import Publisher

MODEL = {"model": "buoy", "time": {"field": "/time", "form": "rfc3339"},
         "fields": [{"field": "/t", "parameter": "water_temperature", "unit": "degC"}]}
DATASET = {"dataset": "water", "title": {"de": "W", "en": "W"}, "notes": {"de": "W", "en": "W"},
           "parameters": ["water_temperature"], "grid": "raw", "licence": "dl-zero-de/2.0",
           "frequency": "10MIN", "tags": ["water"], "demonstration": False}
PATIENCE_S = 60


def message(second):
    return json.dumps({"id": "b1", "time": f"2026-06-01T12:00:{second:02}Z", "t": 9.5}).encode()


def skip(test, reason):
    """Said by name, since what is left out shall be known."""
    print(f"SKIP {test.id().split('.', 1)[1]}: {reason}", flush=True)
    test.skipTest(reason)


def await_true(condition, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(0.02)


class World(unittest.TestCase):
    def setUp(self):
        self.root = temporary(self)
        self.data = self.root + "/data"
        self.broker = self.enterContext(brokers.Broker())

    def make_folder(self, targets=(), **others):
        self.folder = Folder(self.root + "/conf", [
            source("buoys", self.broker.port, ["buoy/#"], format="json", city="probe",
                   device="/id", **others)], list(targets))
        self.folder.put_model(MODEL)
        self.folder.put_city("probe", station("kai"))
        self.folder.put_device("probe", device("b1", "buoy", "kai"))
        self.folder.put("datasets/water.json",
                        {**DATASET, "targets": [t["target"] for t in targets]})

    def start(self, **others):
        hub = Hub(self.folder.path, self.data, **others)
        self.addCleanup(hub.__exit__)
        return hub

    def send(self, *seconds):
        with Publisher(self.broker.port) as publisher:
            publisher.publish_many(("buoy/b1", message(s)) for s in seconds)
            publisher.leave()
