#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""kogge try: sensor models that nobody has seen. KOGGE_SEED replays a run."""
import json
import math
import os
import random
import unittest

import model_maker
from kogge import Folder, device, kogge, lines, source, station, temporary

KEYS = ["device", "field", "time", "time_source", "value", "unit", "station", "parameter",
        "position", "canonical_value", "canonical_unit", "flag", "outcome", "problem"]
SEED = int(os.environ.get("KOGGE_SEED") or random.SystemRandom().randint(1, 10 ** 9))
CASES = 50
AT = "2026-11-20T12:00:00.250000Z"


def write_folder(path, cases):
    """All cases in one folder; each has its source."""
    sources = [source(c.name, 1883, ["#"], format=c.format, city="probe", **(c.source or {}))
               for c in cases]
    folder = Folder(path, sources)
    folder.put_city("probe", station("probe-station"))
    for c in cases:
        folder.put_model(c.model)
        if c.registered:
            folder.put_device("probe", device(c.device, c.name, "probe-station",
                                              mounting={"height_m_nhn": 1.0}))
    return folder.path


class RandomModels(unittest.TestCase):
    """Every reading of fifty made-up sensors, known by construction."""

    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED} (KOGGE_SEED={SEED} replays it)", flush=True)

    def setUp(self):
        maker = random.Random(SEED)
        self.cases = [model_maker.Case(maker, k) for k in range(CASES)]
        self.folder = write_folder(temporary(self) + "/conf", self.cases)
        check = kogge("check", "--config", self.folder)
        self.assertIn(check.code, (0, 3), check.out)

    def try_case(self, case):
        path = os.path.join(self.folder, "message")
        with open(path, "wb") as file:
            file.write(case.payload)
        options = ["--source", case.name] if case.source or case.registered else \
            ["--model", case.name]
        if case.source and not case.registered:
            options += ["--model", case.name]
        return kogge("try", "--config", self.folder, "--topic", case.topic, "--at", AT, "--json",
                     *options, path)

    def compare(self, line, wanted):
        self.assertEqual(list(line), KEYS)
        exact = {k: line[k] for k in wanted if k != "canonical_value"}
        self.assertEqual(exact, {k: v for k, v in wanted.items() if k != "canonical_value"})
        got, value = line["canonical_value"], wanted["canonical_value"]
        if value is None:
            self.assertIsNone(got, line)
        else:
            self.assertIsNotNone(got, line)
            self.assertTrue(math.isclose(got, value, rel_tol=1e-9, abs_tol=1e-9), (line, value))
        if wanted["outcome"] == "stored":
            self.assertIsNone(line["problem"], line)
        else:
            self.assertIn("not registered", line["problem"])

    def check_case(self, case):
        done = self.try_case(case)
        usable = any(w["value"] is not None for w in case.expected.values())
        self.assertEqual(done.code, 0 if usable else 3, done.err)
        found = {}
        for line in lines(done.out):
            self.assertNotIn(line["field"], found, "a field twice")
            found[line["field"]] = line
        self.assertEqual(set(case.expected) - set(found), set())
        for field, line in found.items():
            if field in case.expected:
                with self.subTest(case.name, field=field):
                    self.compare(line, case.expected[field])
            else:
                self.assertEqual(line["outcome"], "ignored", line)

    def test_every_reading_comes_out_as_it_was_put_in(self):
        for case in self.cases:
            with self.subTest(case.name, seed=SEED, model=json.dumps(case.model),
                              payload=case.payload):
                self.check_case(case)

    def test_the_text_form_names_every_reading(self):
        for case in self.cases[:5]:
            done = kogge("try", "--config", self.folder, "--topic", case.topic, "--at", AT,
                         "--source", case.name, "-", stdin=case.payload)
            for field in case.expected:
                self.assertIn(field, done.out)


class Levels(unittest.TestCase):
    """What is turned into a level, by what held at the reading's time."""

    def setUp(self):
        self.folder = Folder(temporary(self) + "/conf", [
            source("one", 1883, ["#"], format="json", city="probe", device="/id")])
        self.folder.put_city("probe", station(
            "kai", density_kg_m3=1005, reference_level=[
                {"value_m": 0.1, "datum": "NHN", "from": "2020-01-01T00:00:00Z", "source": "test"}],
            gauge_zero=[{"m_nhn": -5.0, "datum": "DHHN2016", "from": "2020-01-01T00:00:00Z",
                         "source": "test", "verified": True}]))

    def level(self, entry, value, mounting, at=AT):
        entry = {"field": "/v", **entry}
        self.folder.put_model({"model": "lot", "fields": [entry]})
        placed = {"mounting": mounting} if mounting else {}
        self.folder.put_device("probe", device("d", "lot", "kai", **placed))
        done = kogge("try", "--config", self.folder.path, "--topic", "x", "--source", "one", "--at",
                     at, "--json", "-", stdin=json.dumps({"id": "d", "v": value}).encode())
        line = next(l for l in lines(done.out) if l["field"] == "/v")
        return line, done

    def check(self, entry, value, mounting, parameter, level_m, within=1e-9):
        line, done = self.level(entry, value, mounting)
        self.assertEqual((done.code, line["outcome"], line["parameter"]), (0, "stored", parameter))
        self.assertAlmostEqual(line["canonical_value"], level_m, delta=within)
        self.assertEqual(line["canonical_unit"], "m")
        self.assertEqual(line["flag"], 1, line)

    def test_height_above_the_zero(self):
        self.check({"quantity": "W", "unit": "cm"}, 512, None, "water_level", 0.12)

    def test_distance_down_to_the_water(self):
        self.check({"quantity": "distance", "unit": "mm"}, 4000, {"height_m_nhn": 4.127},
                   "water_level", 0.127)
        self.check({"quantity": "distance", "unit": "mm"}, 4000, {"height_m_gauge": 9.127},
                   "gauge_level", 5.127)

    def test_water_above_the_sensor(self):
        self.check({"quantity": "depth", "unit": "m"}, 1.5, {"height_m_nhn": -1.25},
                   "water_level", 0.25)

    def test_pressure_of_the_water(self):
        # 1 hPa of this water is 1.014 cm: density 1005, g 9.81 within a thousandth
        self.check({"quantity": "pressure", "reference": "vented", "unit": "hPa"}, 150,
                   {"height_m_nhn": -1.25}, "water_level", 15000 / 1005 / 9.814 - 1.25, 2e-3)

    def test_without_a_height_it_waits(self):
        line, done = self.level({"quantity": "distance", "unit": "mm"}, 4000, None)
        self.assertEqual((done.code, line["outcome"]), (0, "pending"))
        self.assertIn("no mounting height at that time", line["problem"])
        self.assertIsNone(line["canonical_value"])

    def test_before_the_device_stood_there_it_waits(self):
        line, _ = self.level({"quantity": "W", "unit": "cm"}, 512, None, "2019-01-01T00:00:00Z")
        self.assertEqual(line["outcome"], "pending")
        self.assertEqual(line["time"], "2019-01-01T00:00:00.000000Z")


class CommandLine(unittest.TestCase):
    """Options and exit codes."""

    MODEL = {"model": "never-seen", "fields": [
        {"field": "/t", "parameter": "water_temperature", "unit": "degC"}]}

    def setUp(self):
        self.root = temporary(self)
        self.folder = Folder(self.root + "/conf", [
            source("plain", 1883, ["#"], format="number", topic="pegel/{device}/{field}")])
        self.folder.put_city("probe", station("kai"))

    def run_try(self, *options, stdin=b"", topic="d1"):
        return kogge("try", "--config", self.folder.path, "--topic", topic, *options, stdin=stdin)

    def test_a_model_nobody_has_seen_is_one_file_more(self):
        message = b'{"t": 12.5}'
        before = self.run_try("--model", "never-seen", "-", stdin=message)
        self.assertEqual(before.code, 2)
        self.assertIn("no sensor model is named never-seen", before.err)
        self.folder.put_model(self.MODEL)
        line, = lines(self.run_try("--model", "never-seen", "--json", "-", stdin=message).out)
        self.assertEqual((line["parameter"], line["canonical_value"], line["outcome"]),
                         ("water_temperature", 12.5, "pending"))

    def test_a_field_that_the_model_does_not_name_is_told(self):
        self.folder.put_model({**self.MODEL, "ignore": ["/crc"], "fields": [
            {"field": "/temp", "parameter": "water_temperature", "unit": "degC"}]})
        options = ("--model", "never-seen", "-")
        done = self.run_try(*options, stdin=b'{"tmep": 9.5, "x": 1, "crc": 2, "temp": 3}')
        self.assertIn("never-seen does not name /tmep; did you mean /temp?\n", done.out)
        self.assertIn("never-seen does not name /x\n", done.out)
        self.assertEqual(done.out.count("does not name"), 2, done.out)

    def test_a_file_and_stdin_are_the_same(self):
        self.folder.put_model(self.MODEL)
        path = self.root + "/m.json"
        with open(path, "wb") as file:
            file.write(b'{"t": 1}')
        options = ["--model", "never-seen", "--at", AT]
        self.assertEqual(self.run_try(*options, path),
                         self.run_try(*options, "-", stdin=b'{"t": 1}'))

    def test_at_is_the_time_of_arrival(self):
        self.folder.put_model(self.MODEL)
        line, = lines(self.run_try("--model", "never-seen", "--at", "2026-03-01T12:00:00+02:00",
                                   "--json", "-", stdin=b'{"t": 1}').out)
        self.assertEqual((line["time"], line["time_source"]),
                         ("2026-03-01T10:00:00.000000Z", "arrival"))
        self.assertEqual(self.run_try("--at", "yesterday", "-", stdin=b"{}").code, 2)

    def test_a_source_gives_pattern_and_format(self):
        done = self.run_try("--source", "plain", "--json", "-", stdin=b"512",
                            topic="pegel/p1/level")
        line, = lines(done.out)
        self.assertEqual((line["device"], line["field"], line["value"]), ("p1", "/level", 512))
        unknown = self.run_try("--source", "plan", "-", stdin=b"1")
        self.assertEqual(unknown.code, 2)
        self.assertIn("did you mean plain?", unknown.err)

    def test_a_number_without_a_source_is_of_the_whole_topic(self):
        line, = lines(self.run_try("--format", "number", "--json", "-", stdin=b"7.5",
                                   topic="a/b").out)
        self.assertEqual((line["device"], line["value"], line["unit"]), ("a/b", 7.5, None))

    def test_the_name_of_a_format_is_checked(self):
        done = self.run_try("--format", "senmml", "-", stdin=b"1")
        self.assertEqual((done.code, done.out), (2, ""))
        self.assertIn("did you mean senml?", done.err)

    def test_senml_devices_and_fields(self):
        pack = json.dumps([{"bn": "urn:x:1:", "n": "t", "u": "Cel", "v": 1},
                           {"bn": "", "n": "alone", "u": "Cel", "v": 2},
                           {"bn": "only", "u": "Cel", "v": 3, "t": -5}]).encode()
        found = lines(self.run_try("--at", AT, "--json", "-", stdin=pack).out)
        self.assertEqual([(l["device"], l["field"]) for l in found],
                         [("urn:x:1:", "/t"), ("alone", "/alone"), ("only", "/")])
        self.assertEqual((found[2]["time"], found[2]["time_source"]),
                         ("2026-11-20T11:59:55.250000Z", "arrival"))

    def test_nothing_usable_is_3(self):
        self.folder.put_model(self.MODEL)
        for message in (b'{"t": null}', b"{}", b"\xff\xfe", b"", b'{"t": "off"}'):
            done = self.run_try("--model", "never-seen", "--json", "-", stdin=message)
            self.assertEqual(done.code, 3, (message, done))
            self.assertTrue(all(set(line) == set(KEYS) for line in lines(done.out)))
            if not done.out:
                self.assertTrue(done.err)

    def test_usage_is_2(self):
        for options in (["-"], ["--topic", "x"], ["--topic", "x", "-", "y"],
                        ["--topic", "x", "--modell", "m", "-"], ["--topic"]):
            done = kogge("try", "--config", self.folder.path, *options)
            self.assertEqual((done.code, done.out), (2, ""), options)
        self.assertIn("--model", kogge("try", "--modell", "x", "-").err)

    def test_a_faulty_configuration_is_5(self):
        self.folder.put_model({**self.MODEL, "fieldz": []})
        done = self.run_try("-", stdin=b"1")
        self.assertEqual((done.code, done.out), (5, ""))
        self.assertIn("devices/never-seen.json", done.err)

    def test_a_file_that_is_not_there_is_a_failure(self):
        done = self.run_try(self.root + "/nothing")
        self.assertEqual((done.code, done.out), (1, ""))

    def test_nothing_is_written(self):
        before = sorted(os.listdir(self.root))
        self.run_try("-", stdin=b"1")
        self.assertEqual(sorted(os.listdir(self.root)), before)


if __name__ == "__main__":
    unittest.main()
