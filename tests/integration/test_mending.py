#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What is stored is mended: a period is recomputed and conflicts are settled by hand, while
the hub runs and while it is down, also when it is killed on the way."""
import json
import os
import shutil
import threading
import time
import unittest

import broker as brokers
import killing
from faults import faults, read_counts
from kogge import Folder, Hub, device, kogge, source, station, temporary
from mqtt_wire import Publisher

START_S = 1790000000  # in September 2026
RECORDS = 100  # in a message, a minute apart
ALL = ("--from", "2020-01-01T00:00:00Z", "--to", "2030-01-01T00:00:00Z")
MODEL = {"model": "buoy", "time": {"field": "/s", "form": "unix_s"},
         "records": {"field": "/history", "time": {"field": "/s", "form": "unix_s"}},
         "fields": [{"field": "/t", "parameter": "water_temperature", "unit": "degC"},
                    {"field": "/bat", "parameter": "battery_voltage", "unit": "V"}]}


def clock(second):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


def message(number):
    """A minute, and the hundred before the start of the hundred that it belongs to."""
    at = START_S + 60 * RECORDS * number
    history = [{"s": at - 60 * (k + 1), "t": 280 + k % 7, "bat": 3 + k % 2}
               for k in range(RECORDS - 1)]
    return "buoy/b1", json.dumps({"id": "b1", "s": at, "t": 281, "history": history}).encode()


class World(unittest.TestCase):
    def setUp(self):
        self.root = temporary(self)
        self.data = self.root + "/data"
        self.broker = brokers.Broker()
        self.addCleanup(self.broker.close)
        self.folder = Folder(self.root + "/conf", [
            source("buoys", self.broker.port, ["buoy/#"], format="json", city="probe",
                   device="/id")])
        self.folder.put_model(MODEL)
        self.folder.put_city("probe", station("kai"))
        self.folder.put_device("probe", device("b1", "buoy", "kai"))

    def start(self, data=None):
        hub = Hub(self.folder.path, data or self.data)
        self.addCleanup(hub.__exit__)
        hub.wait_connected()
        return hub

    def send(self, *messages):
        with Publisher(self.broker.port) as publisher:
            publisher.publish_many(messages)
            publisher.leave()

    def put_unit(self, unit):
        fields = [dict(MODEL["fields"][0], unit=unit), MODEL["fields"][1]]
        self.folder.put_model({**MODEL, "fields": fields})

    def ask(self, *arguments, data=None, code=0, **others):
        done = kogge(*arguments, "--config", self.folder.path, "--data", data or self.data,
                     **others)
        self.assertEqual(done.code, code, (arguments, done))
        return done

    def recompute(self, *arguments, **others):
        return self.ask("recompute", *ALL, *arguments, **others)

    def check(self, data=None, wanted=None):
        self.ask("audit", data=data)
        if wanted is not None:
            self.assertEqual(self.ask("dump", data=data).out, wanted)


class Recompute(World):
    def feed(self, count=10):
        """Stored as degrees; the model then says that they are kelvin."""
        hub = self.start()
        self.send(*(message(k) for k in range(count)))
        hub.wait_messages(count)
        before = self.ask("dump").out
        self.put_unit("K")
        self.ask("reload")
        self.assertEqual(self.ask("dump").out, before)
        return hub, before

    def wanted(self, count=10):
        """The dump of a hub that had today's configuration from the beginning."""
        data = self.root + "/other"
        hub = Hub(self.folder.path, data)
        self.addCleanup(hub.__exit__)
        hub.wait_connected()
        self.send(*(message(k) for k in range(count)))
        hub.wait_messages(count)
        dump = self.ask("dump", data=data).out
        hub.stop()
        return dump

    def test_a_unit_is_mended_while_the_hub_runs(self):
        hub, before = self.feed()
        told = self.recompute(code=3)
        self.assertIn("kai water_temperature main: 1000 of another value, 0 unchanged", told.out)
        self.assertIn("280 (flag 4) -> 6.850000000000023 (flag 1)", told.out)
        self.assertIn("messages worked on: 10; observations: 1000 of another value, 990 "
                      "unchanged", told.out)
        self.assertIn("nothing was changed; --apply puts it in place", told.err)
        self.check(wanted=before)
        sums = json.loads(self.recompute("--json", code=3).out)["recompute"]
        self.assertEqual((sums["changed_value"], sums["unchanged"], sums["applied"]),
                         (1000, 990, False))
        self.assertEqual({s["parameter"]: (s["changed_value"], s["unchanged"])
                          for s in sums["series"]},
                         {"water_temperature": (1000, 0), "battery_voltage": (0, 990)})
        self.assertEqual(len(sums["examples"]), 3)
        example = sums["examples"][0]
        self.assertEqual((example["change"], example["after"]["raw_value"],
                          example["after"]["raw_unit"]), ("changed_value", 280, "K"))
        self.assertIn("by today's configuration; see kogge recompute",
                      self.ask("trace", "kai", "water_temperature", example["time"]).out)
        self.assertIn("did you mean kai?", self.recompute("--station", "kei", code=2).err)
        self.recompute("--station", "b1", code=0)  # housekeeping: nothing differs
        self.assertIn("all of it is in place", self.recompute("--apply").err)
        self.assertIn("nothing to do", self.recompute("--apply").err)
        self.recompute()
        after = self.ask("dump").out
        hub.stop()
        self.check(wanted=after)
        self.assertEqual(after, self.wanted())

    def test_what_was_withdrawn_can_be_traced(self):
        hub, _ = self.feed(1)
        self.put_unit("degC")
        self.folder.put_city("probe", station("kai"), station("mole"))
        moved = device("b1", "buoy", "mole")
        self.folder.put_device("probe", moved)
        self.ask("reload")
        told = self.recompute(code=3).out
        self.assertIn("mole water_temperature main: 100 new, 0 unchanged", told)
        for change in ("-> nothing", "nothing ->"):  # examples of each
            self.assertEqual(told.count(change), 3, told)
        self.recompute("--apply")
        traced = self.ask("trace", "kai", "water_temperature", clock(START_S), code=1).err
        self.assertIn("any more: 281 of message 1 was withdrawn", traced)
        hub.stop()
        self.check()

    def test_what_was_received_otherwise_says_how(self):
        hub, _ = self.feed(1)
        self.recompute("--apply")
        self.folder.put_model({**MODEL, "fields": [
            {"field": "/t", "parameter": "water_temperature", "unit": "kelvin"}, MODEL["fields"][1]]})
        self.ask("reload")
        told = self.recompute(code=3).out
        self.assertIn("kai water_temperature main: 100 received otherwise, 0 unchanged", told)
        self.assertIn("(flag 1, received as 280 K in message 1) -> 6.850000000000023 (flag 1, "
                      "received as 280 kelvin in message 1)", told)
        hub.stop()

    def test_a_period_without_anything_says_so(self):
        for more in ((), ("--apply",)):
            hub, _ = self.feed(1)
            done = self.ask("recompute", "--from", "2020-01-01T00:00:00Z", "--to",
                            "2021-01-01T00:00:00Z", *more)
            self.assertIn("there is no observation in that period", done.err)
            hub.stop()

    def test_many_series_are_named_by_json_only(self):
        hub = self.start()
        names = [f"b{n:02}" for n in range(60)]
        self.folder.put_city("probe", *(station("kai-" + name) for name in names))
        for name in names:
            self.folder.put_device("probe", device(name, "buoy", "kai-" + name))
        os.remove(self.folder.path + "/cities/probe/device-b1.json")
        self.ask("reload")
        self.send(*(("buoy/x", json.dumps({"id": name, "s": START_S, "t": 281,
                                           "history": []}).encode()) for name in names))
        hub.wait_messages(60)
        self.put_unit("K")
        self.ask("reload")
        told = self.recompute(code=3).out
        self.assertEqual(told.count("1 of another value"), 50)
        self.assertIn("and 10 series more; --json names all", told)
        sums = json.loads(self.recompute("--json", code=3).out)["recompute"]
        self.assertEqual(len(sums["series"]), 60)
        hub.stop()

    def test_a_second_request_says_that_it_waits(self):
        hub, _ = self.feed(200)
        first = threading.Thread(target=lambda: self.recompute("--apply"))
        second = threading.Event()
        first.start()
        while first.is_alive() and not second.is_set():
            if "this one waits for it" in self.ask("reload").err:
                second.set()
        first.join()
        self.assertTrue(second.is_set())
        hub.stop()

    def test_live_messages_flow_meanwhile(self):
        hub, _ = self.feed(60)
        sender = threading.Thread(target=lambda: self.send(*(message(k) for k in range(60, 90))))
        sender.start()
        self.recompute("--apply")
        sender.join()
        hub.wait_messages(90)
        self.recompute()
        after = self.ask("dump").out
        hub.stop()
        self.check(wanted=after)
        self.assertEqual(after, self.wanted(90))

    def test_wrong_words(self):
        for words in (("--to", "2026-01-01T00:00:00Z"), ("--from", "2026-01-01T00:00:00Z"),
                      ("--from", "today", "--to", "2026-01-01T00:00:00Z"),
                      ("--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T00:00:00Z"),
                      (*ALL, "--station", ""), (*ALL, "--station", "kai,"),
                      (*ALL, "--station", ",".join(["kai"] * 65)),
                      (*ALL, "--station", "k" * 3000)):
            self.ask("recompute", *words, code=2)
        self.assertIn("empty name", self.recompute("--station", "kai, ,b1", code=2).err)
        hub = self.start()
        self.recompute("--station", "kai, b1")
        hub.stop()

    def count_points(self, copy, code, *arguments):
        """Of a run over a copy that nobody kills."""
        counts = self.root + "/counts"
        shutil.rmtree(copy, True)
        shutil.copytree(self.data, copy)
        self.recompute(*arguments, data=copy, code=code,
                       **faults(count=counts, only="sync+rename"))
        return read_counts(counts)["points"]

    def test_killed_at_each_commit_the_same_again_completes_it(self):
        hub, before = self.feed(330)
        hub.stop()
        wanted = self.wanted(330)
        copy = self.root + "/copy"
        only_told = self.count_points(copy, 3)
        points = self.count_points(copy, 0, "--apply")
        self.check(copy, wanted)
        self.assertGreaterEqual(points - only_told, 6)  # several commits, two points each
        part = 0
        # the last points of telling come after the last commit: those of a clean stop
        sample = range(only_told - 32, only_told - 12, 2)
        for point in range(only_told - 32, points + 1) if killing.LONG else sample:
            shutil.rmtree(copy)
            shutil.copytree(self.data, copy)
            self.recompute("--apply", data=copy, code=-9,
                           **faults(kill=point, only="sync+rename"))
            self.check(copy)
            part += self.ask("dump", data=copy).out not in (before, wanted)
            self.recompute("--apply", data=copy)
            self.check(copy, wanted)
            self.assertFalse(os.path.exists(copy + "/recompute"))
        self.assertGreater(part, 0, "no kill left a part of it in place")


class Choose(World):
    def one(self, counter, value):
        return "buoy/b1", json.dumps({"id": "b1", "s": START_S, "t": value,
                                      "x": counter}).encode()

    def held(self):
        row, = (line.split("\t") for line in self.ask("dump").out.splitlines())
        return float(row[6])

    def rows(self):
        return json.loads(self.ask("conflicts", "--json", code=3).out)["conflicts"]

    def test_what_conflicts_list_prints_can_be_chosen(self):
        hub = self.start()
        self.send(self.one(1, 11.5), self.one(2, -12.25))
        hub.wait_messages(2)
        by_rule = self.held()
        other = ({11.5, -12.25} - {by_rule}).pop()
        line = self.ask("conflicts", code=3).out
        where = line.split()[:2] + [line.split()[3].rstrip(":")]
        self.assertFalse(self.rows()[0]["chosen"])
        said = self.ask("conflicts", "choose", *where, other).out
        self.assertIn("is held now, by hand", said)
        self.assertEqual(self.held(), other)
        row, = self.rows()
        self.assertEqual((row["chosen"], row["held"], row["kept"]), (True, other, by_rule))
        self.assertIn("by hand, kept aside", self.ask("conflicts", code=3).out)
        self.assertIn("before", self.ask("trace", *where).out)
        self.assertIn(f"chosen     by hand, as message {row['held_message']} has it",
                      self.ask("trace", *where).out)
        traced, = json.loads(self.ask("trace", *where, "--json").out)["observations"]
        self.assertEqual(traced["chosen_message_id"], row["held_message"])
        self.recompute("--apply")
        self.send(self.one(3, 1.5))
        hub.wait_messages(3)
        self.assertEqual(self.held(), other)
        self.check()
        self.ask("conflicts", "choose", *where, 99, code=2)
        self.ask("conflicts", "choose", *where, code=2)
        hub.stop()
        self.ask("conflicts", "choose", *where, "--message", row["kept_message"])
        self.assertEqual(self.held(), by_rule)
        self.ask("conflicts", "choose", *where, "--rule")
        self.assertFalse(any(row["chosen"] for row in self.rows()))
        self.assertNotIn("by hand", self.ask("trace", *where).out)
        self.check()


if __name__ == "__main__":
    unittest.main()
