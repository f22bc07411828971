#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""calibrate, maintenance, flag: what is told is what comes of it; nothing is written before,
nothing written over; while the hub runs and while it is down."""
import glob
import json
import os
import re
import unittest

import broker as brokers
from kogge import Folder, Hub, device, kogge, source, station, temporary
from mqtt_wire import Publisher

START_S = 1777680000  # 2026-05-02T00:00:00Z
FROM, TO = "2026-05-02T00:00:00Z", "2026-05-02T02:00:00Z"
MODEL = {"model": "buoy", "time": {"field": "/s", "form": "unix_s"},
         "fields": [{"field": "/t", "parameter": "water_temperature", "unit": "degC"},
                    {"field": "/n", "parameter": "nitrate_n", "unit": "mg/L"}]}
VISIT = ("--from", FROM, "--to", TO, "--site-before", "10", "--site-after", "10.6",
         "--standards", "10:9.8,20:19.8", "--by", "A. Person")


class Entering(unittest.TestCase):
    def setUp(self):
        self.root = temporary(self)
        self.data = self.root + "/data"
        self.broker = brokers.Broker()
        self.addCleanup(self.broker.close)
        self.folder = Folder(self.root + "/conf", [
            source("buoys", self.broker.port, ["buoy/#"], format="json", city="probe",
                   device="/id")])
        self.folder.put_model(MODEL)
        self.folder.put_city("probe", station("kai"), station("pier"))
        self.folder.put_device("probe", device("b1", "buoy", "kai"))

    def start(self):
        hub = Hub(self.folder.path, self.data)
        self.addCleanup(hub.__exit__)
        hub.wait_connected()
        return hub

    def feed(self):
        """Every ten minutes for three hours."""
        hub = self.start()
        with Publisher(self.broker.port) as publisher:
            for k in range(18):
                publisher.publish("buoy/b1", json.dumps(
                    {"id": "b1", "s": START_S + 600 * k, "t": 10 + k % 3, "n": 1}).encode())
            publisher.leave()
        hub.wait_messages(18)
        return hub

    def ask(self, *arguments, code=0):
        done = kogge(*arguments, "--config", self.folder.path, "--data", self.data)
        self.assertEqual(done.code, code, (arguments, done))
        return done

    def files(self):
        return sorted(os.path.basename(p) for p in glob.glob(self.folder.path + "/cities/*/*")
                      if "device-" not in p)

    def told(self, *arguments):
        return json.loads(self.ask(*arguments, "--json", code=3).out)["entry"]

    @staticmethod
    def changes(before, after, until):
        """Times of lines that changed, before and from until on."""
        times = sorted(re.search(r"\t(2026-[^\t]*?)\.000000Z\t", line).group(1) + "Z"
                       for line in set(after.splitlines()) - set(before.splitlines()))
        return [t for t in times if t < until], [t for t in times if t >= until]

    def test_what_is_told_comes_of_it(self):
        self.feed()
        before = self.ask("dump").out
        for verb in (["calibrate", "kai", "water_temperature", *VISIT],
                     ["maintenance", "kai", "--from", FROM, "--to", TO, "--reason", "cleaned"],
                     ["flag", "kai", "nitrate_n", FROM, "-", "4", "acid spilt"]):
            with self.subTest(verb[0]):
                told = self.told(*verb)
                self.assertEqual((told["applied"], self.files()), (False, []))
                self.assertEqual(self.ask("dump").out, before)
                changed = sum(s["changed_value"] + s["changed_flag"] for s in told["series"])
                said = self.ask(*verb, "--apply").out
                self.assertEqual(self.files(), [os.path.basename(told["file"])])
                self.assertIn(told["text"], said)
                after = self.ask("dump").out
                until = TO if verb[0] != "flag" else "2030"
                inside, behind = self.changes(before, after, until)
                self.assertEqual(len(inside), changed)
                # the first values behind have no neighbour before them any more
                self.assertEqual(behind, [TO, TO] if verb[0] == "maintenance" else [])
                self.assertGreater(changed, 10)
                self.ask("audit")
                again = self.ask(*verb, "--apply", code=5)
                self.assertIn("overlaps", again.err)
                os.remove(os.path.join(self.folder.path, told["file"]))
                self.ask("reload")
                self.ask("recompute", "--from", FROM, "--to", "2030-01-01T00:00:00Z",
                         "--station", "kai", "--apply")
                self.assertEqual(self.ask("dump").out, before)

    def test_a_state_changes_no_value(self):
        self.feed()
        before = self.ask("dump").out
        verb = ["flag", "kai", "water_temperature", FROM, TO, "released", "May is done"]
        self.assertEqual(self.told(*verb)["series"][0]["unchanged"], 12)
        said = self.ask(*verb, "--apply").out
        self.assertIn("kai water_temperature main: 12 released", said)
        self.assertEqual(self.ask("dump").out, before)
        traced = json.loads(self.ask("trace", "kai", "water_temperature", FROM, "--json").out)
        self.assertEqual(traced["observations"][0]["by_hand"]["state"]["state"], "released")

    def test_a_hub_that_is_down_takes_it_when_it_starts(self):
        self.feed().stop()
        verb = ["calibrate", "kai", "water_temperature", *VISIT, "--apply"]
        done = self.ask(*verb)
        self.assertIn("no hub runs", done.err)
        self.assertIn("kogge recompute --apply --station kai --from " + FROM + " --to " + TO,
                      done.err)
        self.start()
        self.ask("recompute", "--from", FROM, "--to", TO, "--station", "kai", code=3)
        self.assertIn("overlaps", self.ask(*verb, code=5).err)

    def test_before_the_first_start(self):
        done = self.ask("calibrate", "pier", "ph", "--from", FROM, "--offset", "0.5", "--by", "a")
        self.assertIn("nothing is stored yet", done.out)
        self.ask("calibrate", "pier", "ph", "--from", FROM, "--offset", "0.50", "--by", "a",
                 "--apply")
        with open(self.folder.path + "/cities/probe/" + self.files()[0], encoding="utf-8") as file:
            self.assertEqual(json.load(file), {
                "station": "pier", "parameter": "ph", "position": "main", "from": FROM,
                "offset": 0.5, "by": "a"})
        self.ask("check")

    def test_what_is_wrong_is_said(self):
        for verb, code, said in (
                (["calibrate", "kay", "ph", *VISIT], 2, "did you mean kai?"),
                (["calibrate", "kai", "phh", *VISIT], 5, 'did you mean "ph"?'),
                (["calibrate", "kai", "ph", "--by", "a"], 2, "--from TIME is needed"),
                (["calibrate", "kai", "ph", "--from", "May", "--by", "a"], 2, "is no time like"),
                (["calibrate", "kai", "ph", "--from", FROM, "--by", "a"], 5, '"offset", "slope"'),
                (["calibrate", "kai", "ph", "--from", FROM, "--by", "a", "--offset", "1,5"], 2,
                 "is not a number"),
                (["calibrate", "kai", "ph", "--from", FROM, "--to", TO, "--by", "a",
                  "--standards", "7"], 2, "is not STANDARD:READING"),
                (["calibrate", "kai", "nitrate_n", *VISIT], 5, "correction_limits"),
                (["maintenance", "kai", "--from", FROM], 2, "--reason TEXT is needed"),
                (["maintenance", "kai", "--from", TO, "--to", FROM, "--reason", "x"], 2,
                 "is not after"),
                (["flag", "kai", "ph", FROM, TO, "9", "x"], 5, "9 is none of"),
                (["flag", "kai", "ph", FROM, TO, "release", "x"], 5, 'did you mean "released"?'),
                (["flag", "kai", "ph", FROM, TO, "", "x"], 5, "")):
            with self.subTest(verb):
                self.assertIn(said, self.ask(*verb, "--apply", code=code).err)
                self.assertEqual(self.files(), [])
        self.ask("calibrate", "kai", "nitrate_n", *VISIT, "--correct-above", "0.1",
                 "--publish-to", "2", "--apply")


if __name__ == "__main__":
    unittest.main()
