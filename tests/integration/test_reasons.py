#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""kogge trace says why a value has its flags: of values around a spike, a gap, a pause and a
missing one, in both languages, and what it says when the settings are changed later."""
import json
import time
import unittest

import broker as brokers
from kogge import Folder, Hub, device, source, station, temporary
from mqtt_wire import Publisher

START_S = 1777716000  # 2026-05-02T10:00:00Z
STEP_S = 600
MODEL = {"model": "buoy", "time": {"field": "/s", "form": "unix_s"},
         "fields": [{"field": "/t", "parameter": "water_temperature", "unit": "degC",
                     "sentinels": [-127]}]}
PLAIN = {"model": "plain", "status": {"field": "/ok", "good": ["yes"]},
         "fields": [{"field": "/t", "parameter": "water_temperature", "unit": "degC"}]}
TESTS = {"source": "worked out for the quay",
         "gross_range_test": {"fail_span": [-2, 40], "suspect_span": [0, 25]},
         "spike_test": {"suspect_threshold": 1, "fail_threshold": 3},
         "rate_of_change_test": {"threshold": 0.005},
         "flat_line_test": {"suspect_threshold": 1200, "fail_threshold": 3600,
                            "tolerance": 0.01},
         "attenuated_signal_test": {"suspect_threshold": 0.02, "fail_threshold": 0.01,
                                    "test_period": 1800, "min_obs": 3},
         "climatology_test": {"members": [{"tspan": [5, 5], "period": "month",
                                           "vspan": [4, 16]}]},
         "time_gap_test": {"fail_span": 1}}
VALUES = [9, 9.1, 26.2, 9.2, 9.2, 9.2, -127, 9.3]
PAUSE_S = 3 * 86400


def when(step, more_s=0):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START_S + STEP_S * step + more_s))


class Reasons(unittest.TestCase):
    def setUp(self):
        root = temporary(self)
        self.broker = brokers.Broker()
        self.addCleanup(self.broker.close)
        self.folder = Folder(root + "/conf", [
            source("buoys", self.broker.port, ["buoy/#"], format="json", city="probe",
                   device="/id")])
        self.folder.put_model(MODEL)
        self.folder.put_model(PLAIN)
        self.put_tests(TESTS)
        placed = device("b1", "buoy", "kai")
        placed["at"][0]["interval_s"] = STEP_S
        self.folder.put_device("probe", placed)
        self.folder.put_device("probe", device("b2", "plain", "mole"))
        self.data = root + "/data"
        self.start()

    def start(self):
        self.hub = Hub(self.folder.path, self.data)
        self.addCleanup(self.hub.__exit__)
        self.hub.wait_connected()

    def put_tests(self, tests):
        self.folder.put_city("probe", station("kai", tests={"water_temperature": tests}),
                             station("mole"))

    def feed(self):
        points = [(START_S + STEP_S * k, value) for k, value in enumerate(VALUES)]
        points.append((START_S + STEP_S * 7 + PAUSE_S, 9.4))
        with Publisher(self.broker.port) as publisher:
            publisher.publish_many([
                ("buoy/b1", json.dumps({"id": "b1", "s": s, "t": t}).encode())
                for s, t in points])
            publisher.leave()
        self.hub.wait_messages(len(points))

    def told(self, at, where="kai"):
        done = self.hub.ask("trace", where, "water_temperature", at, "--json")
        self.assertEqual(done.code, 0, done)
        observation, = json.loads(done.out)["observations"]
        self.assertEqual(set(observation["reasons"]), set(observation["tests"]))
        for reason in observation["reasons"].values():
            self.assertTrue(reason["de"].endswith(".") and reason["en"].endswith("."), reason)
            self.assertNotEqual(reason["de"], reason["en"])
        return observation

    def said(self, at, test, language="en"):
        observation = self.told(at)
        return observation["tests"][test], observation["reasons"][test][language]

    def test_each_flag_has_its_sentence(self):
        self.feed()
        self.assertEqual(self.said(when(2), "spike_test"), (
            4, "26.2 degC lies 17.05 degC above the mean of its neighbours (9.1 at "
            "2026-05-02T10:10:00Z, 9.2 at 2026-05-02T10:30:00Z); more than 3 degC fails."))
        self.assertEqual(self.said(when(2), "gross_range_test", "de"), (
            3, "26,2 degC liegt außerhalb dessen, was hier zu erwarten ist (0 bis 25 degC)."))
        self.assertEqual(self.said(when(2), "climatology_test"), (
            3, "26.2 degC lies outside of what is to be expected then (4 to 16 degC; month 5 "
            "to 5)."))
        self.assertEqual(self.said(when(2), "rate_of_change_test"), (
            3, "26.2 degC after 9.1 (2026-05-02T10:10:00Z) in 600 s: 0.0285 degC per second; "
            "more than 0.005 degC per second is suspect."))
        self.assertEqual(self.said(when(5), "flat_line_test"), (
            3, "Since 2026-05-02T10:30:00Z, 3 values have moved by 0 degC; less than 0.01 degC "
            "over 1200 s is suspect."))
        self.assertEqual(self.said(when(5), "attenuated_signal_test"), (
            4, "Standard deviation of the 3 values of the last 1800 s: 0 degC; less than "
            "0.01 degC fails."))
        self.assertEqual(self.said(when(5), "spike_test"), (
            2, "Its neighbour at 2026-05-02T11:00:00Z is missing."))
        self.assertEqual(self.said(when(7), "rate_of_change_test")[0], 2)
        self.assertEqual(self.said(when(7), "spike_test"), (
            2, "There is no next value yet: this is the newest one, or the last before a "
            "pause."))
        self.assertEqual(self.said(when(0), "time_gap_test")[0], 1)
        missing = self.told(when(6))
        self.assertEqual({r["en"] for r in missing["reasons"].values()}, {"There is no value."})
        self.assertEqual({r["de"] for r in missing["reasons"].values()}, {"Es gibt keinen Wert."})

    def test_a_pause_is_seen_as_the_judge_sees_it(self):
        self.feed()
        at = when(7, PAUSE_S)
        self.assertEqual(self.said(at, "rate_of_change_test"), (
            1, "No value stands before it (start of the series, or after a pause), which "
            "passes."))
        self.assertEqual(self.said(at, "spike_test", "de"), (
            2, "Davor steht kein Wert: Die Reihe beginnt hier, oder neu nach einer Pause."))
        self.assertEqual(self.said(at, "time_gap_test"), (
            2, "The series has no time before it, nor yet one behind."))

    def test_what_the_device_said_and_how_the_message_came(self):
        self.hub.stop()
        with Publisher(self.broker.port) as publisher:
            publisher.publish_many([
                ("buoy/b2", json.dumps({"id": "b2", "t": 9, "ok": "battery low"}).encode())])
            publisher.leave()
        self.start()
        self.hub.wait_messages(1)
        row, = [line.split("\t") for line in self.hub.ask("dump").out.splitlines()]
        at, = [cell for cell in row if cell.endswith("Z")]
        reasons = self.told(at, "mole")["reasons"]
        self.assertEqual(reasons["device"], {"de": "Das Gerät selbst meldet: verdächtig.",
                                             "en": "The device itself says: suspect.",
                                             "source": None})
        self.assertEqual(reasons["time"]["en"], "The time is that of arrival, and the message "
                         "came just after a reconnect: it may have waited before, so the value "
                         "may be older.")

    def test_people_read_a_line_for_each_test_in_their_language(self):
        self.feed()
        ask = ["trace", "kai", "water_temperature", when(2)]
        plain = {"LC_ALL": "C", "LANG": "C"}
        english = self.hub.ask(*ask, **plain).out
        self.assertIn("\n  because    attenuated_signal_test: Standard deviation of the 3 values",
                      english)
        self.assertIn("\n             spike_test: 26.2 degC lies 17.05 degC above", english)
        self.assertIn("time_gap_test: worked out for the quay\n", english)
        self.assertEqual(english.count("worked out for the quay"), 1)
        german = self.hub.ask(*ask, "--language", "de", **plain).out
        self.assertIn("spike_test: 26,2 degC liegt 17,05 degC über dem Mittel", german)
        self.assertIn("\n  Grenzen    ", german)
        self.assertEqual(self.hub.ask(*ask, LC_ALL="de_DE.UTF-8").out, german)
        self.assertEqual(self.hub.ask(*ask, LC_ALL="", LC_MESSAGES="", LANG="de_DE.UTF-8").out,
                         german)
        self.assertEqual(self.hub.ask(*ask, "--language", "en", LC_ALL="de_DE.UTF-8").out,
                         english)
        done = self.hub.ask(*ask, "--language", "fr")
        self.assertEqual(done.code, 2)
        self.assertIn("fr is no language that is spoken here: de, en", done.err)

    def test_settings_changed_later_are_told_apart_and_put_in_place(self):
        self.feed()
        later = {**TESTS, "climatology_test": None,
                 "spike_test": {"suspect_threshold": 20, "fail_threshold": 30}}
        del later["source"]
        self.put_tests(later)
        self.assertEqual(self.hub.ask("reload").code, 0)
        flag, said = self.said(when(2), "spike_test")
        self.assertEqual(flag, 4)
        self.assertEqual(
            said, "It was 4 when it was judged; by today's configuration it is 1: 26.2 degC lies "
            "17.05 degC above the mean of its neighbours (9.1 at 2026-05-02T10:10:00Z, 9.2 at "
            "2026-05-02T10:30:00Z); up to 20 degC passes. kogge recompute would change it, while "
            "the message is kept.")
        self.assertEqual(self.told(when(2))["reasons"]["spike_test"]["source"], "ours")
        flag, said = self.said(when(2), "climatology_test", "de")
        self.assertEqual(flag, 3)
        self.assertIn("die heutige Konfiguration hat diesen Test hier nicht", said)
        done = self.hub.ask("recompute", "--from", "2020-01-01T00:00:00Z", "--to",
                            "2030-01-01T00:00:00Z", "--apply")
        self.assertEqual(done.code, 0, done)
        observation = self.told(when(2))
        self.assertEqual(observation["tests"]["spike_test"], 1)
        self.assertNotIn("climatology_test", observation["tests"])
        for step in range(8):
            for reason in self.told(when(step))["reasons"].values():
                self.assertNotIn("recompute", reason["en"])


if __name__ == "__main__":
    unittest.main()
